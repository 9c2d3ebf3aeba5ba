#include "queries/shared_answers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <stdexcept>
#include <thread>

namespace weir {
namespace {

using std::chrono::milliseconds;

class SharedAnswersTest : public testing::Test {
 protected:
  /// What somebody who asks now is given; `cost` is how long an answer takes to make.
  std::string ask(SharedAnswers& answers, const std::string& question, milliseconds max_age, milliseconds cost) {
    std::string given;
    answers.ask(
        question, max_age,
        [&]() -> Result<std::string> {
          clock_.advance(cost);
          return question + std::to_string(++made_);
        },
        [&](const SharedAnswers::Answer& answer) { given = **answer; });
    return given;
  }

  ManualClock clock_{UnixMillis(1'790'000'000'000)};
  SharedAnswers answers_{clock_};
  int made_ = 0;
};

TEST_F(SharedAnswersTest, AnAnswerThatWasDearIsGivenAgainForAMoment) {
  EXPECT_EQ(ask(answers_, "a", milliseconds(5000), milliseconds(50)), "a1");
  EXPECT_EQ(ask(answers_, "a", milliseconds(5000), milliseconds(50)), "a1");
  EXPECT_EQ(ask(answers_, "b", milliseconds(5000), milliseconds(50)), "b2");
  clock_.advance(milliseconds(449));
  EXPECT_EQ(ask(answers_, "a", milliseconds(5000), milliseconds(50)), "a1");
  clock_.advance(milliseconds(1));
  EXPECT_EQ(ask(answers_, "a", milliseconds(5000), milliseconds(50)), "a3");
  EXPECT_EQ(answers_.counts().made, 3U);
  EXPECT_EQ(answers_.counts().kept, 2U);
}

TEST_F(SharedAnswersTest, NoAnswerIsOlderThanWhoAsksAllows) {
  EXPECT_EQ(ask(answers_, "a", milliseconds(1000), milliseconds(900)), "a1");
  clock_.advance(milliseconds(99));
  EXPECT_EQ(ask(answers_, "a", milliseconds(1000), milliseconds(900)), "a1");
  clock_.advance(milliseconds(1));
  EXPECT_EQ(ask(answers_, "a", milliseconds(1000), milliseconds(900)), "a2");
  EXPECT_EQ(ask(answers_, "a", milliseconds(0), milliseconds(900)), "a3");
  EXPECT_EQ(ask(answers_, "a", milliseconds(0), milliseconds(900)), "a4");
  EXPECT_EQ(answers_.counts().bytes, 0U);
}

TEST_F(SharedAnswersTest, WhatCostsNothingIsAlwaysMadeAnew) {
  EXPECT_EQ(ask(answers_, "a", milliseconds(5000), milliseconds(0)), "a1");
  EXPECT_EQ(ask(answers_, "a", milliseconds(5000), milliseconds(0)), "a2");
}

TEST_F(SharedAnswersTest, ErrorsAreNotKept) {
  Code code{};
  const auto deliver = [&](const SharedAnswers::Answer& answer) { code = answer->error().code; };
  const auto asks = [&](const SharedAnswers::Make& make) {
    answers_.ask("a", milliseconds(5000), make, deliver);
    return code;
  };
  EXPECT_EQ(asks([&]() -> Result<std::string> {
              clock_.advance(milliseconds(100));
              return fail(Code::kDeadline, "slow");
            }),
            Code::kDeadline);
  EXPECT_EQ(asks([]() -> Result<std::string> { throw std::bad_alloc(); }), Code::kOverloaded);
  EXPECT_EQ(asks([]() -> Result<std::string> { throw std::runtime_error("broken"); }), Code::kInternal);
  EXPECT_EQ(ask(answers_, "a", milliseconds(5000), milliseconds(100)), "a1");
  // Nor does one who cannot take an answer spoil it for others.
  answers_.ask(
      "b", milliseconds(5000), [] { return Result<std::string>("x"); },
      [](const SharedAnswers::Answer&) { throw std::runtime_error("gone"); });
  EXPECT_EQ(ask(answers_, "b", milliseconds(5000), milliseconds(100)), "b2");
}

TEST_F(SharedAnswersTest, KeepsNoMoreThanItsBytes) {
  SharedAnswers answers(clock_, {.bytes = 4000});
  const std::string long_one(300, 'x');
  for (int i = 0; i < 100; ++i) {
    ask(answers, long_one.substr(static_cast<std::size_t>(i) % 10) + "?", milliseconds(60'000), milliseconds(100));
    EXPECT_LE(answers.counts().bytes, 4000U);
  }
  // The newest are the ones that are kept, and one that is too large is not.
  EXPECT_GT(answers.counts().bytes, 0U);
  const std::string newest = long_one.substr(9) + "?";
  const int made = made_;
  EXPECT_EQ(ask(answers, newest, milliseconds(60'000), milliseconds(100)), newest + std::to_string(made));
  ask(answers, std::string(2000, 'y'), milliseconds(60'000), milliseconds(100));
  ask(answers, std::string(2000, 'y'), milliseconds(60'000), milliseconds(100));
  EXPECT_EQ(made_, made + 2);
  // What is over is let go, so that nothing is kept for questions that nobody asks any more.
  clock_.advance(std::chrono::minutes(10));
  ask(answers, "z", milliseconds(0), milliseconds(1));
  EXPECT_EQ(answers.counts().bytes, 0U);
}

TEST_F(SharedAnswersTest, WhoAsksMeanwhileIsAnsweredByTheSame) {
  std::mutex mutex;
  std::condition_variable changed;
  bool begun = false, go_on = false;
  int calls = 0;
  std::vector<std::string> given;
  const SharedAnswers::Make make = [&]() -> Result<std::string> {
    std::unique_lock lock(mutex);
    ++calls;
    begun = true;
    changed.notify_all();
    changed.wait(lock, [&] { return go_on; });
    return "answer " + std::to_string(calls);
  };
  const auto deliver = [&](const SharedAnswers::Answer& answer) {
    std::lock_guard lock(mutex);
    given.push_back(**answer);
  };
  std::thread first([&] { answers_.ask("q", milliseconds(1000), make, deliver); });
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return begun; });
  }
  // Neither call waits. Who takes an answer that has begun joins it; who does not is given the next one.
  answers_.ask("q", milliseconds(1000), make, deliver);
  answers_.ask("q", milliseconds(0), make, deliver);
  answers_.ask("q", milliseconds(0), make, deliver);
  EXPECT_TRUE(given.empty());
  {
    std::lock_guard lock(mutex);
    go_on = true;
    changed.notify_all();
  }
  first.join();
  EXPECT_THAT(given, testing::ElementsAre("answer 1", "answer 1", "answer 2", "answer 2"));
  EXPECT_EQ(answers_.counts().made, 2U);
  EXPECT_EQ(answers_.counts().joined, 3U);
}

TEST_F(SharedAnswersTest, ManyThreadsAllGetAnAnswer) {
  const SystemClock clock;
  SharedAnswers answers(clock, {.bytes = 2000});
  std::atomic<int> given = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 500; ++i) {
          answers.ask(
              std::to_string(i % 3), milliseconds(i % 2), [] { return Result<std::string>(std::string(300, 'x')); },
              [&](const SharedAnswers::Answer& answer) { given += answer->has_value() ? 1 : 0; });
          if (t == 0) std::this_thread::yield();
        }
      });
    }
  }
  EXPECT_EQ(given, 8 * 500);
}

}  // namespace
}  // namespace weir

#include "app/replayer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace weir {
namespace {

/// Keeps what it gets; can be told to fail or to be full until stopped.
class FakeSink final : public EventSink {
 public:
  Status send(RawBatch&& events, std::stop_token) override {
    if (fail_at && batches == *fail_at) return fail(fail_with, "the other side is gone.");
    ++batches;
    for (std::size_t i = 0; i < events.size(); ++i) got.emplace_back(events[i]);
    return {};
  }
  Status finish() override {
    finished = true;
    return {};
  }
  std::vector<std::string> got;
  std::size_t batches = 0;
  std::optional<std::size_t> fail_at;
  Code fail_with = Code::kUnavailable;
  bool finished = false;
};

/// 2,500 events of a web log, `millis_apart`.
class Replayer : public testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::temp_directory_path() / ("weir-replayer-" + std::to_string(::getpid()) + ".ndjson");
  }
  void TearDown() override { std::filesystem::remove(path_); }

  std::unique_ptr<ReplayPlan> plan(std::size_t events, std::int64_t millis_apart, std::optional<double> speed) {
    std::ofstream out(path_);
    for (std::size_t i = 0; i < events; ++i) {
      out << "{\"id\":\"" << i << "\",\"time\":\""
          << format_rfc3339(UnixMillis(1'700'000'000'000 + static_cast<std::int64_t>(i) * millis_apart)) << "\"}\n";
    }
    out.close();
    return ReplayPlan::create({.files = {path_}, .speed = speed}, clock_, {}, nullptr).value();
  }

  std::filesystem::path path_;
  const SystemClock clock_;
  FakeSink sink_;
};

TEST_F(Replayer, SendsEverythingInOrderAndThenWaitsUntilItIsDurable) {
  const auto all = plan(2'500, 1'000, std::nullopt);
  std::vector<std::uint64_t> told;
  const auto sent = replay(*all, false, sink_, clock_, {}, [&](std::uint64_t n) { told.push_back(n); });
  EXPECT_EQ(sent.value(), 2'500U);
  ASSERT_EQ(sink_.got.size(), 2'500U);
  for (std::size_t i = 0; i < 2'500; ++i) EXPECT_TRUE(sink_.got[i].starts_with("{\"id\":\"" + std::to_string(i) + '"'));
  EXPECT_EQ(told, (std::vector<std::uint64_t>{1'000, 2'000, 2'500}));
  EXPECT_TRUE(sink_.finished);
}

TEST_F(Replayer, PacedEventsHappenWhenTheyAreSent) {
  const auto all = plan(5, 1'000, 10.0);
  const UnixMillis start = clock_.now();
  EXPECT_EQ(replay(*all, true, sink_, clock_, {}, [](std::uint64_t) {}).value(), 5U);
  const UnixMillis end = clock_.now();
  EXPECT_GE(end - start, 400);
  ASSERT_EQ(sink_.got.size(), 5U);
  EXPECT_GE(sink_.batches, 2U);
  const auto time_of = [](const std::string& event) {
    return parse_rfc3339(event.substr(event.find("\"time\":\"") + 8, 24)).value();
  };
  EXPECT_EQ(time_of(sink_.got[4]) - time_of(sink_.got[0]), 400);
  EXPECT_GE(time_of(sink_.got[0]), start);
  EXPECT_LE(time_of(sink_.got[4]), end);
}

TEST_F(Replayer, AnErrorSaysHowFarItGot) {
  const auto all = plan(2'500, 1, std::nullopt);
  sink_.fail_at = 2;
  const auto sent = replay(*all, false, sink_, clock_, {}, [](std::uint64_t) {});
  ASSERT_FALSE(sent.has_value());
  EXPECT_EQ(sent.error().code, Code::kUnavailable);
  EXPECT_EQ(sent.error().message, "After 2000 events: the other side is gone.");
}

TEST_F(Replayer, StoppingIsNoErrorAndKeepsWhatWasSent) {
  const auto waiting = plan(2, 3'600'000, 1.0);
  std::stop_source stop;
  const auto sent =
      replay(*waiting, true, sink_, clock_, stop.get_token(), [&](std::uint64_t) { stop.request_stop(); });
  EXPECT_EQ(sent.value(), 1U);
  EXPECT_TRUE(sink_.finished);

  const auto turned_away = plan(10, 1, std::nullopt);
  sink_.fail_at = sink_.batches;
  sink_.fail_with = Code::kCancelled;
  EXPECT_EQ(replay(*turned_away, false, sink_, clock_, {}, [](std::uint64_t) {}).value(), 0U);
}

}  // namespace
}  // namespace weir

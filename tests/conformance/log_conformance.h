// What every log must do, whatever engine it runs on. A backend joins with a LogHarness and
// INSTANTIATE_TEST_SUITE_P(Name, LogConformance, testing::Values(factory)).
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "ports/log.h"

namespace weir::conformance {

struct LogSettings {
  std::uint32_t partitions = 2;
  std::uint64_t max_bytes = 0;
  std::size_t queue_bytes = 64 * 1024 * 1024;
};

/// One log under test, and the storage that it stands on.
class LogHarness {
 public:
  struct Opened {
    LogAppender& appender;
    LogReader& reader;
    Progress& progress;
    StateStore& state;
  };
  virtual ~LogHarness() = default;
  /// Opens the log, the same storage each time. One that is open is dropped first, as if its process had ended.
  virtual Result<Opened> open(const LogSettings& settings) = 0;
  virtual void drop() = 0;
  /// Takes no more appends.
  virtual void close() = 0;
  /// The clock that stamps arrivals.
  virtual ManualClock& clock() = 0;

  /// Makes appends wait, so that a queue fills; a backend with a real disk needs nothing.
  virtual void hold() {}
  virtual void release() {}

  // What a backend may be unable to do, each with the reason why.
  virtual std::optional<std::uint64_t> groups() { return std::nullopt; }  // durable writes so far
  virtual std::string why_no_groups() { return ""; }
  /// Flips one stored byte of an event that holds `needle`; the log is dropped.
  virtual bool damage(std::string_view) { return false; }
  virtual std::string why_no_damage() { return ""; }
  /// A program that appends to this storage until it is killed (see log_crash_child.cc); empty: none. The log is dropped.
  virtual std::vector<std::string> crash_child() { return {}; }
  virtual std::string why_no_crash_child() { return ""; }
};

using LogFactory = std::function<std::unique_ptr<LogHarness>()>;

/// The oracle of the crash test; implemented in log_conformance_test.cc, as it needs processes.
void kill_and_check(LogHarness& harness, const LogSettings& settings, std::chrono::milliseconds after,
                    std::uint64_t& next, std::set<std::uint64_t>& acknowledged);

class LogConformance : public testing::TestWithParam<LogFactory> {
 protected:
  LogConformance() : harness_(GetParam()()) {}

  LogHarness::Opened open(const LogSettings& settings = {}) {
    settings_ = settings;
    Result<LogHarness::Opened> opened = harness_->open(settings);
    if (!opened) throw std::runtime_error(opened.error().message);  // fails the test, as nothing can follow
    return *opened;
  }

  static RawBatch batch(std::initializer_list<std::string_view> events) {
    RawBatch b;
    for (const std::string_view e : events) b.add(e);
    return b;
  }
  static Status append(LogAppender& log, std::vector<PartitionBatch> batches) {
    std::promise<Status> done;
    log.append(std::move(batches), [&](Status s) { done.set_value(std::move(s)); });
    return done.get_future().get();
  }
  static Status append(LogAppender& log, std::uint32_t partition, std::initializer_list<std::string_view> events) {
    return append(log, {{PartitionId(partition), batch(events)}});
  }
  /// All events of a partition from `from` on, read in steps.
  static std::vector<std::string> all(LogReader& log, std::uint32_t partition, Offset from = Offset(0),
                                      std::size_t max_events = 1000, std::size_t max_bytes = 1 << 20) {
    std::vector<std::string> events;
    while (true) {
      const Result<LogSlice> slice = log.read(PartitionId(partition), from, max_events, max_bytes);
      EXPECT_TRUE(slice) << slice.error().message;
      if (!slice || slice->empty()) return events;
      EXPECT_EQ(slice->first, from);
      for (std::size_t i = 0; i < slice->size(); ++i) events.emplace_back(slice->event(i));
      from = slice->end();
    }
  }
  static Offset offset(std::uint64_t o) { return Offset(o); }
  static Cut cut(std::uint32_t partition, std::uint64_t first, std::uint64_t end) {
    return {{{PartitionId(partition), Offset(first), Offset(end)}}};
  }
  static void work_off(LogHarness::Opened& log, std::uint32_t partition, std::uint64_t first, std::uint64_t end) {
    ASSERT_TRUE(log.progress.begin(cut(partition, first, end)));
    ASSERT_TRUE(log.progress.commit(cut(partition, first, end), {end - first, 0, 0}, "", UnixMillis(1)));
  }

  std::unique_ptr<LogHarness> harness_;
  LogSettings settings_;
};

using testing::ElementsAre;
using testing::HasSubstr;

TEST_P(LogConformance, ANewLogIsEmpty) {
  auto log = open();
  EXPECT_EQ(log.appender.partitions(), 2U);
  EXPECT_FALSE(log.reader.id().empty());
  for (std::uint32_t p = 0; p < 2; ++p) {
    EXPECT_EQ(log.reader.begin(PartitionId(p)), offset(0));
    EXPECT_EQ(log.reader.end(PartitionId(p)), offset(0));
    EXPECT_TRUE(all(log.reader, p).empty());
  }
  const Result<ProgressState> progress = log.progress.load();
  ASSERT_TRUE(progress);
  EXPECT_THAT(progress->positions, ElementsAre(offset(0), offset(0)));
  EXPECT_EQ(progress->tally, Tally{});
  EXPECT_FALSE(progress->pending);
}

TEST_P(LogConformance, EventsComeBackInTheirOrder) {
  auto log = open();
  const std::string binary("\0\xff\n\"{", 5);
  ASSERT_TRUE(append(log.appender, {{PartitionId(0), batch({"a", "", binary})}, {PartitionId(1), batch({"other"})}}));
  ASSERT_TRUE(append(log.appender, 0, {"b"}));
  EXPECT_THAT(all(log.reader, 0), ElementsAre("a", "", binary, "b"));
  EXPECT_THAT(all(log.reader, 1), ElementsAre("other"));
  EXPECT_EQ(log.reader.end(PartitionId(0)), offset(4));
}

TEST_P(LogConformance, AnAppendWithoutEventsSucceeds) {
  auto log = open();
  EXPECT_TRUE(append(log.appender, std::vector<PartitionBatch>()));
  EXPECT_TRUE(append(log.appender, {{PartitionId(1), RawBatch()}}));
  EXPECT_EQ(log.reader.end(PartitionId(1)), offset(0));
}

TEST_P(LogConformance, OnePartitionTwiceInACallKeepsTheOrder) {
  auto log = open();
  ASSERT_TRUE(
      append(log.appender,
             {{PartitionId(1), batch({"a", "b"})}, {PartitionId(0), batch({"x"})}, {PartitionId(1), batch({"c"})}}));
  EXPECT_THAT(all(log.reader, 1), ElementsAre("a", "b", "c"));
}

TEST_P(LogConformance, ReadingKeepsItsLimits) {
  auto log = open();
  ASSERT_TRUE(append(log.appender, 0, {"1234", "5678", "90", "a long one of 25 bytes...", "z"}));
  const auto read = [&](std::uint64_t from, std::size_t events, std::size_t bytes) {
    const Result<LogSlice> slice = log.reader.read(PartitionId(0), Offset(from), events, bytes);
    EXPECT_TRUE(slice);
    std::vector<std::string> found;
    found.reserve(slice->size());
    for (std::size_t i = 0; i < slice->size(); ++i) found.emplace_back(slice->event(i));
    EXPECT_EQ(slice->first, offset(from));
    EXPECT_EQ(slice->end(), offset(from + found.size()));
    return found;
  };
  EXPECT_THAT(read(0, 2, 1000), ElementsAre("1234", "5678"));
  EXPECT_THAT(read(1, 2, 1000), ElementsAre("5678", "90"));
  EXPECT_THAT(read(0, 100, 10), ElementsAre("1234", "5678", "90"));
  EXPECT_THAT(read(0, 100, 9), ElementsAre("1234", "5678"));
  EXPECT_THAT(read(3, 100, 5), ElementsAre("a long one of 25 bytes..."));  // one is always given
  EXPECT_THAT(read(0, 100, 0), ElementsAre("1234"));
  EXPECT_THAT(read(4, 1, 1000), ElementsAre("z"));
  EXPECT_THAT(read(5, 1, 1000), ElementsAre());
  EXPECT_THAT(read(77, 1, 1000), ElementsAre());
}

TEST_P(LogConformance, APaddedTailMayBeRead) {
  auto log = open();
  ASSERT_TRUE(append(log.appender, 0, {"a", "bc"}));
  const Result<LogSlice> slice = log.reader.read(PartitionId(0), Offset(0), 10, 1000);
  ASSERT_TRUE(slice);
  for (std::size_t i = 0; i < slice->size(); ++i) {
    const std::string_view event = slice->event(i);
    // An address sanitizer would say if these bytes were not ours.
    std::string padded(event.data(), event.size() + LogSlice::kPadding);
    EXPECT_EQ(padded.substr(0, event.size()), event);
  }
}

// Appends of many sizes, read with many limits, against a model.
TEST_P(LogConformance, WhateverTheSizesReadingGivesWhatWasAppended) {
  std::mt19937 random(7);
  std::vector<std::vector<std::string>> model(3);
  std::atomic<int> waiting = 0;
  const auto size = [&]() -> std::size_t {
    switch (random() % 4) {
      case 0: return random() % 8;
      case 1: return 400;
      case 2: return random() % 5000;
      default: return random() % 100 == 0 ? 400'000 : 60;
    }
  };
  {
    auto log = open({.partitions = 3});
    for (int call = 0; call < 60; ++call) {
      std::vector<PartitionBatch> batches;
      for (std::uint32_t p = 0; p < 3; ++p) {
        PartitionBatch b{PartitionId(p), {}};
        for (auto n = random() % 300; n > 0; --n) {
          model[p].push_back(std::string(size(), static_cast<char>('a' + random() % 26)));
          b.events.add(model[p].back());
        }
        batches.push_back(std::move(b));
      }
      ++waiting;
      log.appender.append(std::move(batches), [&](const Status& s) {
        EXPECT_TRUE(s) << s.error().message;
        --waiting;
      });
    }
    log.appender.flush();
    EXPECT_EQ(waiting, 0);
  }
  for (int round = 0; round < 2; ++round) {
    auto log = open(settings_);
    for (std::uint32_t p = 0; p < 3; ++p) {
      EXPECT_TRUE(all(log.reader, p) == model[p]);
      EXPECT_TRUE(all(log.reader, p, Offset(0), 37) == model[p]);
      EXPECT_TRUE(all(log.reader, p, Offset(0), 100'000, 3'000) == model[p]);
      EXPECT_TRUE(all(log.reader, p, Offset(0), 100'000, 64 << 20) == model[p]);
      const std::uint64_t middle = random() % model[p].size();
      EXPECT_TRUE(all(log.reader, p, Offset(middle)) ==
                  std::vector<std::string>(model[p].begin() + static_cast<std::ptrdiff_t>(middle), model[p].end()));
    }
  }
}

TEST_P(LogConformance, ArrivalIsTheClocksAndNeverGoesBack) {
  auto log = open();
  const UnixMillis start = harness_->clock().now();
  const auto arrival = [&](LogReader& reader, std::uint64_t o) {
    return reader.read(PartitionId(0), Offset(o), 1, 100)->received_at(0);
  };
  ASSERT_TRUE(append(log.appender, 0, {"a"}));
  harness_->clock().advance(std::chrono::seconds(5));
  ASSERT_TRUE(append(log.appender, 0, {"b", "c"}));
  harness_->clock().jump_to(start - 60'000);
  ASSERT_TRUE(append(log.appender, 0, {"d"}));
  EXPECT_EQ(arrival(log.reader, 0), start);
  EXPECT_EQ(arrival(log.reader, 1), start + 5000);
  EXPECT_EQ(arrival(log.reader, 2), start + 5000);
  EXPECT_EQ(arrival(log.reader, 3), start + 5000);
  auto again = open();
  ASSERT_TRUE(append(again.appender, 0, {"e"}));
  EXPECT_EQ(arrival(again.reader, 4), start + 5000);
}

TEST_P(LogConformance, EverythingSurvivesReopening) {
  std::string id;
  {
    auto log = open();
    id = log.reader.id();
    ASSERT_TRUE(append(log.appender, 0, {"a", "b"}));
    ASSERT_TRUE(append(log.appender, 1, {"c"}));
  }
  for (int i = 0; i < 3; ++i) {
    auto log = open();
    EXPECT_EQ(log.reader.id(), id);
    EXPECT_EQ(all(log.reader, 0).size(), 2U + static_cast<unsigned>(i));
    EXPECT_THAT(all(log.reader, 1), ElementsAre("c"));
    ASSERT_TRUE(append(log.appender, 0, {"more"}));
  }
}

TEST_P(LogConformance, ALogKeepsItsNumberOfPartitions) {
  open({.partitions = 2});
  const auto other = harness_->open({.partitions = 3});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::kConflict);
  EXPECT_THAT(other.error().message, HasSubstr("2 partitions"));
  EXPECT_EQ(open({.partitions = 2}).appender.partitions(), 2U);
}

TEST_P(LogConformance, WaitingEndsWhenSomethingComes) {
  auto log = open();
  const std::vector<Offset> start{Offset(0), Offset(0)};
  EXPECT_FALSE(log.reader.wait(start, std::chrono::milliseconds(10), {}));
  std::jthread producer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    EXPECT_TRUE(append(log.appender, 1, {"a"}));
  });
  EXPECT_TRUE(log.reader.wait(start, std::chrono::seconds(30), {}));
  EXPECT_EQ(log.reader.end(PartitionId(1)), offset(1));
  EXPECT_TRUE(log.reader.wait(start, std::chrono::milliseconds(0), {}));  // it is still there
  EXPECT_FALSE(log.reader.wait(std::vector{Offset(0), Offset(1)}, std::chrono::milliseconds(10), {}));
}

TEST_P(LogConformance, WaitingEndsWhenItIsStopped) {
  auto log = open();
  const auto begun = std::chrono::steady_clock::now();
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    stop.request_stop();
  });
  EXPECT_FALSE(log.reader.wait(std::vector{Offset(0), Offset(0)}, std::chrono::seconds(30), stop.get_token()));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
}

TEST_P(LogConformance, WhatIsTrimmedIsNotFound) {
  auto log = open();
  ASSERT_TRUE(append(log.appender, 0, {"a", "b", "c", "d"}));
  ASSERT_TRUE(append(log.appender, 1, {"x"}));
  work_off(log, 0, 0, 3);
  ASSERT_TRUE(log.reader.trim(PartitionId(0), Offset(2)));
  const auto check = [&](LogReader& reader) {
    const Offset begin = *reader.begin(PartitionId(0));
    EXPECT_LE(begin, offset(2));
    if (begin > offset(0)) {
      EXPECT_EQ(reader.read(PartitionId(0), begin - 1, 10, 1000).error().code, Code::kNotFound);
    }
    EXPECT_THAT(all(reader, 0, Offset(2)), ElementsAre("c", "d"));
    EXPECT_EQ(all(reader, 0, begin).size(), 4 - begin.value);
    EXPECT_THAT(all(reader, 1), ElementsAre("x"));
  };
  check(log.reader);
  auto again = open();
  check(again.reader);
  EXPECT_EQ(again.reader.end(PartitionId(0)), offset(4));
}

TEST_P(LogConformance, AWhollyTrimmedLogGoesOnCounting) {
  {
    auto log = open();
    ASSERT_TRUE(append(log.appender, 0, {"a", "b", "c"}));
    work_off(log, 0, 0, 3);
    ASSERT_TRUE(log.reader.trim(PartitionId(0), Offset(3)));
    EXPECT_EQ(log.reader.end(PartitionId(0)), offset(3));
  }
  auto log = open();
  EXPECT_EQ(log.reader.end(PartitionId(0)), offset(3));
  ASSERT_TRUE(append(log.appender, 0, {"d"}));
  EXPECT_THAT(all(log.reader, 0, Offset(3)), ElementsAre("d"));
}

TEST_P(LogConformance, ProgressSurvivesAtEveryStep) {
  const Cut first{{{PartitionId(0), Offset(0), Offset(2)}, {PartitionId(1), Offset(0), Offset(1)}},
                  VerdictLimits{86'400'000, 600'000}};
  const Cut second = cut(0, 2, 3);
  {
    auto log = open();
    ASSERT_TRUE(append(log.appender, {{PartitionId(0), batch({"a", "b", "c"})}, {PartitionId(1), batch({"x"})}}));
    ASSERT_TRUE(log.progress.begin(first));
  }
  {
    auto log = open();
    const ProgressState state = *log.progress.load();
    EXPECT_EQ(state.pending, first);
    EXPECT_THAT(state.positions, ElementsAre(offset(0), offset(0)));
    ASSERT_TRUE(log.progress.begin(first));  // again is no error
    ASSERT_TRUE(log.progress.commit(first, {1, 1, 1}, "ids", UnixMillis(5)));
    EXPECT_FALSE(log.progress.load()->pending);
  }
  {
    auto log = open();
    const ProgressState state = *log.progress.load();
    EXPECT_FALSE(state.pending);
    EXPECT_THAT(state.positions, ElementsAre(offset(2), offset(1)));
    EXPECT_EQ(state.tally, (Tally{1, 1, 1}));
    ASSERT_TRUE(log.progress.begin(second));
    ASSERT_TRUE(log.progress.commit(second, {1, 0, 0}, "", UnixMillis(6)));
  }
  auto log = open();
  const ProgressState state = *log.progress.load();
  EXPECT_THAT(state.positions, ElementsAre(offset(3), offset(1)));
  EXPECT_EQ(state.tally, (Tally{2, 1, 1}));
}

TEST_P(LogConformance, IdentitiesAreHandedOutFromATimeOn) {
  const auto since = [](Progress& progress, std::int64_t from) {
    std::vector<std::string> found;
    EXPECT_TRUE(progress.identities(UnixMillis(from), [&](std::string_view blob) {
      found.emplace_back(blob);
      return true;
    }));
    return found;
  };
  const std::string binary("\0\x01\xff", 3);
  {
    auto log = open();
    ASSERT_TRUE(append(log.appender, 0, {"a", "b", "c", "d"}));
    const std::vector<std::pair<std::string, std::int64_t>> commits{
        {"one", 100}, {binary, 300}, {"three", 200}, {"four", 400}};
    for (std::uint64_t i = 0; i < commits.size(); ++i) {
      ASSERT_TRUE(log.progress.begin(cut(0, i, i + 1)));
      ASSERT_TRUE(log.progress.commit(cut(0, i, i + 1), {1, 0, 0}, commits[i].first, UnixMillis(commits[i].second)));
    }
    EXPECT_THAT(since(log.progress, 200), ElementsAre(binary, "three", "four"));
    EXPECT_THAT(since(log.progress, 201), ElementsAre(binary, "four"));
    EXPECT_THAT(since(log.progress, 401), ElementsAre());
    int calls = 0;
    EXPECT_TRUE(log.progress.identities(UnixMillis(0), [&](std::string_view) { return ++calls < 2; }));
    EXPECT_EQ(calls, 2);
  }
  {
    auto log = open();
    EXPECT_THAT(since(log.progress, 0), ElementsAre("one", binary, "three", "four"));
    ASSERT_TRUE(log.progress.trim_identities(UnixMillis(200)));
    EXPECT_THAT(since(log.progress, 200), ElementsAre(binary, "three", "four"));
  }
  auto log = open();
  EXPECT_THAT(since(log.progress, 200), ElementsAre(binary, "three", "four"));
  ASSERT_TRUE(append(log.appender, 0, {"e"}));
  ASSERT_TRUE(log.progress.begin(cut(0, 4, 5)));
  ASSERT_TRUE(log.progress.commit(cut(0, 4, 5), {1, 0, 0}, "five", UnixMillis(500)));
  EXPECT_THAT(since(log.progress, 400), ElementsAre("four", "five"));
}

TEST_P(LogConformance, StateIsKeptByName) {
  {
    auto log = open();
    EXPECT_EQ(*log.state.get("a"), std::optional<std::string>());
    ASSERT_TRUE(log.state.put({{"a", "1"}, {"b", std::string("\0x", 2)}}));
    ASSERT_TRUE(log.state.put({{"a", "2"}, {"c", "3"}}));
  }
  {
    auto log = open();
    EXPECT_EQ(*log.state.get("a"), std::optional<std::string>("2"));
    EXPECT_EQ(*log.state.get("b"), std::optional(std::string("\0x", 2)));
    ASSERT_TRUE(log.state.put({{"a", ""}, {"never", ""}}));
  }
  auto log = open();
  EXPECT_EQ(*log.state.get("a"), std::optional<std::string>());
  EXPECT_EQ(*log.state.get("c"), std::optional<std::string>("3"));
}

TEST_P(LogConformance, AFullLogIsOverloadedUntilThereIsRoom) {
  auto log = open({.max_bytes = 10'000});
  const std::string event(1'000, 'e');
  std::uint64_t taken = 0;
  Status status;
  while ((status = append(log.appender, 0, {event}))) ASSERT_LT(++taken, 100U);
  EXPECT_EQ(status.error().code, Code::kOverloaded) << status.error().message;
  EXPECT_EQ(taken, 10U);
  EXPECT_EQ(log.reader.end(PartitionId(0)), offset(taken));  // what was refused is not there
  work_off(log, 0, 0, taken);
  ASSERT_TRUE(log.reader.trim(PartitionId(0), Offset(5)));
  EXPECT_TRUE(append(log.appender, 0, {event}));
}

TEST_P(LogConformance, AFullQueueIsOverloadedUntilItHasDrained) {
  auto log = open({.queue_bytes = 64 * 1024});
  harness_->hold();
  std::mutex mutex;
  std::uint64_t written = 0, refused = 0;
  const std::string event(1'000, 'e');
  for (int i = 0; i < 5'000; ++i) {
    RawBatch b;
    b.add(event);
    log.appender.append({{PartitionId(0), std::move(b)}}, [&](const Status& s) {
      std::lock_guard lock(mutex);
      ++(s ? written : refused);
      if (!s) {
        EXPECT_EQ(s.error().code, Code::kOverloaded) << s.error().message;
      }
    });
  }
  harness_->release();
  log.appender.flush();
  std::lock_guard lock(mutex);
  EXPECT_GT(refused, 0U);
  EXPECT_GE(written, 60U);
  EXPECT_EQ(written + refused, 5'000U);
  EXPECT_EQ(log.reader.end(PartitionId(0)), offset(written));
  EXPECT_TRUE(append(log.appender, 0, {event}));
}

TEST_P(LogConformance, AnAppendLargerThanTheQueueIsTakenAlone) {
  auto log = open({.queue_bytes = 64 * 1024});
  const std::string large(1'000'000, 'l');
  ASSERT_TRUE(append(log.appender, 0, {large, "small"}));
  EXPECT_THAT(all(log.reader, 0), ElementsAre(large, "small"));
}

TEST_P(LogConformance, AnAppendOverTheLimitIsInvalid) {
  auto log = open({.queue_bytes = 1 << 30});
  RawBatch b;
  b.add(std::string(LogAppender::kMaxAppendBytes, 'x'));
  b.add("y");
  const Status status = append(log.appender, {{PartitionId(0), std::move(b)}});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::kInvalid);
  EXPECT_TRUE(append(log.appender, 0, {"small"}));
  EXPECT_THAT(all(log.reader, 0), ElementsAre("small"));
}

TEST_P(LogConformance, ManyAppendersShareWrites) {
  auto log = open();
  constexpr int kThreads = 8, kAppends = 40;
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kAppends; ++i) {
          const std::string a = "t" + std::to_string(t) + "-" + std::to_string(i), b = a + "+";
          EXPECT_TRUE(append(log.appender, static_cast<std::uint32_t>(t % 2), {a, b}));
        }
      });
    }
  }
  std::map<std::string, int> next;
  std::size_t total = 0;
  for (std::uint32_t p = 0; p < 2; ++p) {
    const std::vector<std::string> events = all(log.reader, p);
    total += events.size();
    for (std::size_t i = 0; i + 1 < events.size(); i += 2) {
      const std::size_t dash = events[i].find('-');
      EXPECT_EQ(events[i + 1], events[i] + "+");  // one call's are neighbours
      EXPECT_EQ(std::stoi(events[i].substr(dash + 1)), next[events[i].substr(0, dash)]++) << "in order within a thread";
    }
  }
  EXPECT_EQ(total, kThreads * kAppends * 2U);
  if (!harness_->groups()) GTEST_SKIP() << "how many appends share a write: " << harness_->why_no_groups();
  const double shared = kThreads * kAppends / static_cast<double>(*harness_->groups());
  RecordProperty("appends_per_write", std::to_string(shared));
  EXPECT_GT(shared, 1.5);
}

TEST_P(LogConformance, AClosedLogTakesNothingAndCanBeRead) {
  auto log = open();
  ASSERT_TRUE(append(log.appender, 0, {"a"}));
  harness_->close();
  const Status late = append(log.appender, 0, {"b"});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kCancelled);
  EXPECT_THAT(all(log.reader, 0), ElementsAre("a"));
  work_off(log, 0, 0, 1);
  log.appender.flush();
}

TEST_P(LogConformance, ADamagedByteIsFoundAndNamed) {
  std::string needle = "the needle in the log";
  {
    auto log = open();
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(append(log.appender, 1, {"before"}));
    ASSERT_TRUE(append(log.appender, 1, {needle}));
    ASSERT_TRUE(append(log.appender, 1, {"after"}));
  }
  if (!harness_->damage(needle)) GTEST_SKIP() << harness_->why_no_damage();
  auto opened = harness_->open(settings_);
  if (!opened) {  // found even earlier
    EXPECT_EQ(opened.error().code, Code::kCorrupt) << opened.error().message;
    return;
  }
  Offset from(0);
  Result<LogSlice> slice;
  while ((slice = opened->reader.read(PartitionId(1), from, 1, 1 << 20)) && !slice->empty()) from = slice->end();
  ASSERT_FALSE(slice);
  EXPECT_EQ(slice.error().code, Code::kCorrupt);
  EXPECT_LE(from, offset(20));
  EXPECT_THAT(slice.error().message, HasSubstr("partition 1"));
  EXPECT_THAT(slice.error().message, HasSubstr("offset "));
}

TEST_P(LogConformance, AKilledProcessLosesNothingItAcknowledged) {
  const LogSettings settings{.partitions = 3};
  if (harness_->crash_child().empty()) GTEST_SKIP() << harness_->why_no_crash_child();
  std::mt19937 random(std::random_device{}());
  std::uint64_t next = 0;
  std::set<std::uint64_t> acknowledged;
  for (int round = 0; round < 6; ++round) {
    SCOPED_TRACE(round);
    kill_and_check(*harness_, settings, std::chrono::milliseconds(150 + random() % 400), next, acknowledged);
    if (HasFailure()) return;
  }
  EXPECT_GT(acknowledged.size(), 0U);
}

}  // namespace weir::conformance

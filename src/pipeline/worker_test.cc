// The worker on a log and a store in memory, with the process killed at every place that matters.
#include "pipeline/worker.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>

#include "backends/memory/memory_live_feed.h"
#include "backends/memory/memory_log.h"
#include "backends/memory/memory_store.h"
#include "backends/memory/native_reader.h"
#include "pipeline/ledger.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

std::string login(std::string_view id, std::string_view outcome = "success") {
  const std::string time = format_rfc3339(SystemClock().now());
  return fmt::format(
      R"({{"specversion":"1.0","type":"account.login","source":"/t","id":"{}","time":"{}","data":{{"user_id":"u","ip":"192.0.2.1","outcome":"{}"}}}})",
      id, time, outcome);
}

std::string login_at(std::string_view id, UnixMillis time) {
  return fmt::format(
      R"({{"specversion":"1.0","type":"account.login","source":"/t","id":"{}","time":"{}","data":{{"user_id":"u","ip":"192.0.2.1","outcome":"success"}}}})",
      id, format_rfc3339(time));
}

/// Goes with the machine's clock until its wall time is set, which then stands still.
class SettableClock final : public Clock {
 public:
  UnixMillis now() const override {
    const std::int64_t set = set_.load();
    return set == 0 ? SystemClock().now() : UnixMillis(set);
  }
  std::chrono::steady_clock::time_point steady() const override { return std::chrono::steady_clock::now(); }
  void set(UnixMillis wall) { set_ = wall.value; }

 private:
  std::atomic<std::int64_t> set_{0};
};

/// What survives a crash is in `disk` and `store`; everything else is made anew by begin().
class WorkerTest : public testing::Test {
 protected:
  void SetUp() override { begin(); }

  void begin() {
    worker_.reset();
    books_.reset();
    log_.reset();
    gate_ = std::make_unique<CommitGate>();
    auto log = MemoryLog::create({.partitions = 2}, disk_, clock_);
    ASSERT_TRUE(log) << log.error().message;
    log_ = std::move(*log);
    books_ = std::make_unique<Bookkeeper>(*log_, *log_, *log_, store_, *gate_, 2);
    options_.interval = milliseconds(1);
    auto worker =
        Worker::create(options_, {*log_, *log_, store_, feed_, *gate_, freshness_, nullptr, metrics_, clock_}, 2);
    ASSERT_TRUE(worker) << worker.error().message;
    worker_ = std::move(*worker);
  }

  void post(std::vector<std::string> events) {
    IdentityReader reader;
    std::vector<PartitionBatch> batches(2);
    batches[1].partition = PartitionId(1);
    for (const std::string& e : events) batches[reader.partition(e, 2, false)].events.add(e);
    Status done = fail(Code::kInternal, "not called");
    log_->append(std::move(batches), [&](Status s) { done = std::move(s); });
    log_->flush();
    ASSERT_TRUE(done);
  }

  void catch_up() {
    for (int i = 0; i < 2000 && worker_->status().lag_events > 0; ++i) std::this_thread::sleep_for(milliseconds(1));
    ASSERT_EQ(worker_->status().lag_events, 0U) << worker_->status().message;
  }

  Ledger ledger() {
    auto l = books_->ledger();
    EXPECT_TRUE(l) << l.error().message;
    return l ? *l : Ledger{};
  }

  /// Posts, and lets the process end with the batch begun and `tables` of its tables written.
  void die_within_a_batch(std::size_t tables, std::vector<std::string> events) {
    worker_->start();
    store_.break_after(tables, {Code::kUnavailable, "corked"});
    post(std::move(events));
    for (int i = 0; i < 1000 && worker_->status().healthy; ++i) std::this_thread::sleep_for(milliseconds(1));
    ASSERT_FALSE(worker_->status().healthy);
    worker_->stop(milliseconds(0));
    store_.heal();
  }

  WorkerOptions options_;
  SettableClock clock_;
  Metrics metrics_;
  std::shared_ptr<MemoryLogDisk> disk_ = make_memory_log_disk();
  MemoryStore store_;
  MemoryLiveFeed feed_;
  Freshness freshness_;
  std::unique_ptr<CommitGate> gate_;
  std::unique_ptr<MemoryLog> log_;
  std::unique_ptr<Bookkeeper> books_;
  std::unique_ptr<Worker> worker_;
};

TEST_F(WorkerTest, EveryEventEndsInOneOfThreePlaces) {
  worker_->start();
  post({login("1"), login("2"), login("1"), "no JSON", login("3", "maybe")});
  catch_up();
  post({login("2"), login("3")});
  catch_up();
  const Ledger l = ledger();
  EXPECT_EQ(l.received, 7U);
  EXPECT_EQ(l.admitted, 3U);
  EXPECT_EQ(l.duplicate, 2U);
  EXPECT_EQ(l.rejected, 2U);
  EXPECT_TRUE(l.balanced());
  EXPECT_EQ(store_.rows("events"), 3U);
  EXPECT_EQ(store_.rows("rejects"), 2U);
  EXPECT_TRUE(freshness_.summary(clock_.now()).p99.has_value());
}

// The store fails after 0, 1, 2 … tables of the batch are written, and the process ends there. After the restart every table
// has the batch once.
TEST_F(WorkerTest, ACrashBetweenTwoTablesCountsNothingTwice) {
  for (std::size_t tables = 0; tables < 4; ++tables) {
    const std::uint64_t before = ledger().admitted;
    worker_->start();
    store_.break_after(tables, {Code::kUnavailable, "corked"});
    post({login(fmt::format("a{}", tables)), login(fmt::format("b{}", tables)), fmt::format("no JSON {}", tables)});
    for (int i = 0; i < 1000 && worker_->status().healthy && worker_->status().lag_events > 0; ++i)
      std::this_thread::sleep_for(milliseconds(1));
    worker_->stop(milliseconds(0));
    store_.heal();
    begin();
    worker_->start();
    post({login(fmt::format("a{}", tables))});  // a duplicate, whatever happened
    catch_up();
    const Ledger l = ledger();
    EXPECT_TRUE(l.balanced()) << tables;
    EXPECT_EQ(l.admitted, before + 2) << tables;
    EXPECT_EQ(store_.rows("rejects"), tables + 1) << tables;
    worker_->stop(milliseconds(0));
    begin();
  }
}

// A store drops the tokens of a day together with the day, so retention that ran before the batch is done again would have its
// rows inserted a second time.
TEST_F(WorkerTest, NobodyLooksAtTheTablesWhileABatchIsHalfDone) {
  die_within_a_batch(1, {login("1"), login("2")});
  begin();
  {
    const CommitGate::Look look(*gate_, milliseconds(20));
    EXPECT_FALSE(look.holds());
  }
  worker_->start();
  catch_up();
  const CommitGate::Look look(*gate_, milliseconds(2'000));
  EXPECT_TRUE(look.holds());
}

// The tables that were written before the crash have the verdicts of then; those that follow must not have others.
TEST_F(WorkerTest, ABatchThatWasBegunIsJudgedByTheSettingsItWasBegunWith) {
  for (std::size_t tables = 0; tables < 2; ++tables) {
    SCOPED_TRACE(tables);
    options_ = {};
    const std::string old = fmt::format(
        R"({{"specversion":"1.0","type":"account.login","source":"/t","id":"old{}","time":"{}","data":{{"user_id":"u","ip":"192.0.2.1","outcome":"success"}}}})",
        tables, format_rfc3339(clock_.now() - 3 * 86'400'000));
    begin();
    const Ledger before = ledger();
    die_within_a_batch(tables, {old, login(fmt::format("new{}", tables))});
    options_.limits.retention_millis = 86'400'000;
    begin();
    worker_->start();
    catch_up();
    const Ledger after = ledger();
    EXPECT_EQ(after.admitted, before.admitted + 2);
    EXPECT_EQ(after.rejected, before.rejected);
    EXPECT_TRUE(after.balanced());
    // From then on the new settings count.
    std::string late = old;
    late.replace(late.find("old"), 3, "far");
    post({late});
    catch_up();
    EXPECT_EQ(ledger().rejected, before.rejected + 1);
    worker_->stop(milliseconds(0));
  }
}

TEST_F(WorkerTest, AStoreThatComesBackIsWrittenToWithoutARestart) {
  worker_->start();
  store_.break_after(0, {Code::kUnavailable, "away"});
  post({login("1")});
  for (int i = 0; i < 1000 && worker_->status().healthy; ++i) std::this_thread::sleep_for(milliseconds(1));
  EXPECT_FALSE(worker_->status().healthy);
  EXPECT_NE(worker_->status().message.find("away"), std::string::npos);
  store_.heal();
  catch_up();
  EXPECT_TRUE(worker_->status().healthy);
  EXPECT_TRUE(ledger().balanced());
}

TEST_F(WorkerTest, ABrokenLogCommitIsTriedAgainUnderTheSameToken) {
  worker_->start();
  post({login("1")});
  catch_up();
  log_->break_with({Code::kDiskFull, "no space"});
  std::this_thread::sleep_for(milliseconds(20));
  log_->heal();
  post({login("2"), login("1")});
  catch_up();
  const Ledger l = ledger();
  EXPECT_EQ(l.admitted, 2U);
  EXPECT_EQ(l.duplicate, 1U);
  EXPECT_TRUE(l.balanced());
}

TEST_F(WorkerTest, IdentitiesSurviveRestartsAlsoAcrossPartitions) {
  std::vector<std::string> events;
  for (int i = 0; i < 5000; ++i) events.push_back(login(std::to_string(i)));
  worker_->start();
  post(events);
  catch_up();
  worker_->stop(milliseconds(0));
  begin();
  worker_->start();
  post(events);
  catch_up();
  const Ledger l = ledger();
  EXPECT_EQ(l.admitted, 5000U);
  EXPECT_EQ(l.duplicate, 5000U);
  EXPECT_TRUE(l.balanced());
}

TEST_F(WorkerTest, RetentionKeepsTheBooks) {
  worker_->start();
  post({login("1"), login("2")});
  catch_up();
  for (const std::int64_t days : {20'000, 1'000'000, 100'000'000}) {
    const auto kept = books_->expire(clock_.now() - days * 86'400'000);
    ASSERT_TRUE(kept) << kept.error().message;
    EXPECT_EQ(*kept, 0U) << "a retention of " << days << " days reaches back beyond 1970";
  }
  const auto removed = books_->expire(clock_.now() + 2 * 86'400'000);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(*removed, 2U);
  const Ledger l = ledger();
  EXPECT_EQ(l.stored, 0U);
  EXPECT_EQ(l.expired, 2U);
  EXPECT_TRUE(l.balanced());
  EXPECT_TRUE(books_->recover());
  EXPECT_EQ(ledger().expired, 2U);
}

// The crash is after the note and before the removal is in the books: whether the rows are gone already or not.
TEST_F(WorkerTest, RetentionThatACrashInterruptedIsFinishedOnce) {
  worker_->start();
  post({login("1"), login("2")});
  catch_up();
  worker_->stop(milliseconds(0));
  const auto days = store_.partitions();
  ASSERT_EQ(days->size(), 1U);
  for (const bool gone : {false, true}) {
    if (gone) {
      ASSERT_TRUE(store_.drop_partition((*days)[0].id));
      ASSERT_TRUE(log_->put({{"retention.expired", ""}}));
    }
    ASSERT_TRUE(log_->put({{"retention.removing", (*days)[0].id + " 2"}}));
    begin();
    ASSERT_TRUE(books_->recover());
    const Ledger l = ledger();
    EXPECT_EQ(l.expired, 2U);
    EXPECT_EQ(l.stored, 0U);
    EXPECT_TRUE(l.balanced());
  }
}

constexpr std::int64_t kSecond = 1'000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr UnixMillis kNoon(1'795'003'200'000);  // 2026-11-18T12:00:00Z

/// The wall clock jumps; what is posted and how it ends is counted.
class WorkerClockTest : public WorkerTest {
 protected:
  void SetUp() override {
    clock_.set(kNoon);
    begin();
    worker_->start();
  }
  void restart() {
    worker_->stop(milliseconds(0));
    begin();
    worker_->start();
  }
  /// Posts one event and says what became of it.
  std::string fate(std::string_view id, UnixMillis time) {
    const Ledger before = ledger();
    post({login_at(id, time)});
    catch_up();
    const Ledger after = ledger();
    EXPECT_EQ(after.received, before.received + 1);
    EXPECT_TRUE(after.balanced());
    return after.admitted > before.admitted     ? "admitted"
           : after.duplicate > before.duplicate ? "duplicate"
           : after.rejected > before.rejected   ? "rejected"
                                                : "lost";
  }
};

using Totals = std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t>;

/// step and begin of each bucket of the rollups' totals, with a column of it where that is not 0.
Totals totals(const MemoryStore& store, std::string_view column) {
  Totals out;
  for (const TableBlock& block : store.blocks("rollups")) {
    const auto read = read_native(block.native);
    EXPECT_TRUE(read);
    for (const NativeBlock& b : *read) {
      const NativeColumn *step = b.find("step"), *time = b.find("time"), *dimension = b.find("dimension"),
                         *value = b.find(column);
      for (std::size_t i = 0; i < b.rows; ++i) {
        if (dimension->texts[i].empty() && value->numbers[i] != 0)
          out[{step->numbers[i], time->numbers[i]}] += value->numbers[i];
      }
    }
  }
  return out;
}

TEST_F(WorkerClockTest, LateEventsCountWhereTheyHappenedAndThatTheyWereLateWhereTheyArrived) {
  clock_.set(kNoon + 123);
  for (const std::int64_t lateness : {std::int64_t{0}, kMinute, kMinute + 1, 2 * kHour})
    EXPECT_EQ(fate(std::to_string(lateness), clock_.now() - lateness), "admitted");
  const auto at = [](std::int64_t seconds) { return static_cast<std::uint64_t>(kNoon.value / kSecond - seconds); };
  // 60 s and 1 ms before 12:00:00.123 is in the second 11:59:00, and 11:59 is in the hour of 11.
  EXPECT_EQ(totals(store_, "events"), (Totals{{{1, at(0)}, 1},
                                              {{1, at(60)}, 2},
                                              {{1, at(7200)}, 1},
                                              {{60, at(0)}, 1},
                                              {{60, at(60)}, 2},
                                              {{60, at(7200)}, 1},
                                              {{3600, at(0)}, 1},
                                              {{3600, at(3600)}, 2},
                                              {{3600, at(7200)}, 1}}));
  EXPECT_EQ(totals(store_, "events_late"), (Totals{{{1, at(60)}, 1},
                                                   {{1, at(7200)}, 1},
                                                   {{60, at(60)}, 1},
                                                   {{60, at(7200)}, 1},
                                                   {{3600, at(3600)}, 1},
                                                   {{3600, at(7200)}, 1}}));
  EXPECT_EQ(totals(store_, "late"), (Totals{{{1, at(0)}, 2}, {{60, at(0)}, 2}, {{3600, at(0)}, 2}}));
}

TEST_F(WorkerClockTest, AWindowIsOverWhenTheClockGoesForwardADay) {
  EXPECT_EQ(fate("1", kNoon), "admitted");
  EXPECT_EQ(fate("1", kNoon), "duplicate");
  const UnixMillis month_ago = kNoon - 30 * kDay + kHour;
  EXPECT_EQ(fate("old", month_ago), "admitted");
  clock_.set(kNoon + kDay);
  EXPECT_EQ(fate("1", kNoon), "admitted") << "beyond the window of 10 minutes nobody is remembered";
  EXPECT_EQ(fate("1", kNoon), "duplicate");
  EXPECT_EQ(fate("old2", month_ago), "rejected") << "a day later it is too old";
  EXPECT_EQ(fate("2", kNoon + kDay + 5 * kMinute), "admitted");
  EXPECT_EQ(fate("3", kNoon + kDay + 5 * kMinute + 1), "rejected") << "ahead of its arrival";
}

TEST_F(WorkerClockTest, ArrivalsDoNotGoBackWithTheClock) {
  EXPECT_EQ(fate("1", kNoon), "admitted");
  clock_.set(kNoon - kHour);
  // What is an hour ahead of the clock is not ahead of its arrival, which is that of the event before it in the log.
  EXPECT_EQ(fate("1", kNoon), "duplicate");
  post({login_at("2", kNoon), login_at("3", kNoon - kHour)});
  catch_up();
  EXPECT_EQ(ledger().admitted + ledger().rejected, 3U);
  restart();
  EXPECT_EQ(fate("1", kNoon), "duplicate") << "the memory is restored as it was";
  clock_.set(kNoon + 10 * kMinute);
  EXPECT_EQ(fate("1", kNoon), "duplicate") << "the last millisecond of the window";
  clock_.set(kNoon + 10 * kMinute + 1);
  EXPECT_EQ(fate("1", kNoon), "admitted");
  EXPECT_TRUE(worker_->status().healthy);
}

TEST_F(WorkerClockTest, AClockThatWasADayAheadLosesNothingAndCountsNothingTwice) {
  EXPECT_EQ(fate("1", kNoon), "admitted");
  clock_.set(kNoon + kDay);
  EXPECT_EQ(fate("2", kNoon), "admitted");
  clock_.set(kNoon + kMinute);
  // Until the clock has caught up, everything arrives at the last arrival: events of now look a day late, and are kept.
  EXPECT_EQ(fate("2", kNoon), "duplicate");
  EXPECT_EQ(fate("4", kNoon + kMinute), fate("5", kNoon + kMinute));
  restart();
  EXPECT_EQ(fate("2", kNoon), "duplicate");
  const Ledger l = ledger();
  EXPECT_EQ(l.admitted, 4U);
  EXPECT_EQ(l.stored, 4U);
}

// The machine comes up with a clock that is a day ahead, and it is set right before anything arrives.
TEST_F(WorkerClockTest, ARestartUnderAWrongClockForgetsNoIdentity) {
  EXPECT_EQ(fate("1", kNoon), "admitted");
  clock_.set(kNoon + kDay);
  restart();
  clock_.set(kNoon + kMinute);
  EXPECT_EQ(fate("1", kNoon), "duplicate");
}

TEST_F(WorkerClockTest, RetentionTakesWholeDaysAcrossALeapDay) {
  const UnixMillis leap_day(1'835'395'200'000);  // 2028-02-29T00:00:00Z
  ASSERT_EQ(format_rfc3339(leap_day), "2028-02-29T00:00:00.000Z");
  clock_.set(leap_day - 1);
  EXPECT_EQ(fate("1", leap_day - 1), "admitted");
  clock_.set(leap_day);
  EXPECT_EQ(fate("1", leap_day - 1), "duplicate") << "midnight is no end of the window";
  EXPECT_EQ(fate("2", leap_day), "admitted");
  clock_.set(leap_day + kDay - 1);
  EXPECT_EQ(fate("3", leap_day + kDay - 1), "admitted");
  clock_.set(leap_day + kDay);
  EXPECT_EQ(fate("3", leap_day + kDay - 1), "duplicate");
  EXPECT_EQ(fate("4", leap_day + kDay), "admitted");

  const auto days = store_.partitions();
  ASSERT_TRUE(days);
  std::vector<std::pair<std::string, std::uint64_t>> rows;
  for (const StorePartition& day : *days) rows.emplace_back(day.id, day.rows);
  EXPECT_EQ(rows,
            (std::vector<std::pair<std::string, std::uint64_t>>{{"20280228", 1}, {"20280229", 2}, {"20280301", 1}}));
  EXPECT_EQ(books_->expire(clock_.now() - kDay).value_or(99), 1U) << "the day of 00:00 on the leap day stays";
  EXPECT_EQ(books_->expire(clock_.now()).value_or(99), 2U);
  const Ledger l = ledger();
  EXPECT_EQ(l.expired, 3U);
  EXPECT_EQ(l.stored, 1U);
  EXPECT_TRUE(l.balanced());
}

TEST_F(WorkerClockTest, WhatRetentionTookInAWrongTomorrowIsInTheBooks) {
  EXPECT_EQ(fate("1", kNoon), "admitted");
  clock_.set(kNoon + 2 * kDay);
  EXPECT_EQ(books_->expire(clock_.now() - kDay).value_or(99), 1U);
  clock_.set(kNoon + kMinute);
  EXPECT_EQ(fate("1", kNoon), "duplicate") << "the identity is remembered although its row is gone";
  EXPECT_EQ(fate("2", kNoon), "admitted") << "and the day can have rows again";
  const Ledger l = ledger();
  EXPECT_EQ(l.expired, 1U);
  EXPECT_EQ(l.stored, 1U);
  EXPECT_TRUE(l.balanced());
}

// Cut off anywhere but between two partitions, or with a partition that there is not, the memory is refused, not half restored.
TEST_F(WorkerTest, ADamagedMemoryOfIdentitiesIsRefused) {
  worker_->start();
  post({login("1"), login("2"), login("3"), login("4")});
  catch_up();
  worker_->stop(milliseconds(0));
  std::string whole;
  ASSERT_TRUE(log_->identities(UnixMillis(0), [&](std::string_view bytes) {
    whole += bytes;
    return true;
  }));
  ASSERT_GE(whole.size(), 4U * 16 + 2 * 8);
  std::size_t taken = 0;
  const auto opens_with = [&](const std::string& memory) {
    worker_.reset();
    books_.reset();
    disk_ = make_memory_log_disk();
    log_ = std::move(*MemoryLog::create({.partitions = 2}, disk_, clock_));
    post({login("1")});
    Cut cut;
    for (std::uint32_t p = 0; p < 2; ++p) {
      if (const Offset end = *log_->end(PartitionId(p)); end.value > 0)
        cut.ranges.push_back({PartitionId(p), Offset(0), end});
    }
    EXPECT_TRUE(log_->begin(cut));
    EXPECT_TRUE(log_->commit(cut, {1, 0, 0}, memory, clock_.now()));
    auto worker =
        Worker::create(options_, {*log_, *log_, store_, feed_, *gate_, freshness_, nullptr, metrics_, clock_}, 2);
    if (!worker) {
      EXPECT_EQ(worker.error().code, Code::kCorrupt);
      EXPECT_NE(worker.error().message.find("memory of identities is damaged"), std::string::npos);
    }
    return worker.has_value();
  };
  EXPECT_TRUE(opens_with(whole));
  for (std::size_t n = 1; n < whole.size(); ++n) taken += opens_with(whole.substr(0, n)) ? 1 : 0;
  EXPECT_LE(taken, 1U) << "only the end of the first partition's part is an end";
  std::string elsewhere = whole;
  elsewhere[0] = 7;
  EXPECT_FALSE(opens_with(elsewhere));
  log_.reset();
}

TEST(FreshnessTest, PercentilesWithinFivePercent) {
  Freshness f;
  const UnixMillis now(1'795'012'000'000);
  EXPECT_FALSE(f.summary(now).p50);
  for (int i = 1; i <= 1000; ++i) f.add(now, i, 1);
  const FreshnessSummary s = f.summary(now);
  EXPECT_NEAR(*s.p50, 500, 30);
  EXPECT_NEAR(*s.p99, 990, 60);
  EXPECT_FALSE(f.summary(now + 25 * 3'600'000).p50);
}

}  // namespace
}  // namespace weir

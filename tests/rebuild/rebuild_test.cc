// Rollups made anew from rows, against those that the worker has made, on the real engine.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <sstream>
#include <thread>

#include "app/core.h"
#include "app/event_sink.h"
#include "simulate/simulation.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
namespace fs = std::filesystem;

// The row behind an exchange counts nothing, and is left out.
constexpr std::string_view kCounters =
    "SELECT step, time, dimension, key, sum(events), sum(late), sum(events_late), sum(logins), sum(login_failures), "
    "sum(signups), "
    "sum(password_changes), sum(password_resets), sum(mfa_failures), sum(api_requests), sum(api_errors), sum(emails), "
    "sum(emails_arrived), sum(email_deferrals), sum(email_bounces), sum(email_complaints), sum(rejects), "
    "sum(duplicates) "
    "FROM rollups GROUP BY step, time, dimension, key HAVING sum(events) + sum(late) + sum(rejects) + sum(duplicates) "
    "> 0 "
    "ORDER BY step, time, dimension, key";
// Most frequent addresses where they are so few that they are exact; of the many seconds some.
constexpr std::string_view kStates =
    "SELECT step, time, uniqCombinedMerge(12)(unique_ips) AS addresses, uniqCombinedMerge(12)(unique_users), "
    "if(addresses < 250, arraySort(arrayMap(x -> x.2, approx_top_sumMerge(10, 300)(top_ips))), []), "
    "quantilesBFloat16WeightedMerge(0.5, 0.95, 0.99)(latency) FROM rollups WHERE dimension = '' AND "
    "(step > 1 OR toUnixTimestamp(time) % 20 = 0) GROUP BY step, time HAVING sum(events) > 0 ORDER BY step, time";

/// libchdb opens one data path a process, so the tests share it and what is in it.
class RebuildTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    path_ = fs::temp_directory_path() / fmt::format("weir-rebuild-test-{}", getpid());
    auto core = Core::open({.data_dir = path_, .check_interval = std::chrono::hours(1)}, clock_, metrics_);
    ASSERT_TRUE(core) << core.error().message;
    core_ = std::move(*core);
    core_->start();
    sink_ = std::make_unique<LogSink>(*core_->log, metrics_);
    // Two days, so that one is over; late events among them, as all arrive now.
    const UnixMillis now = clock_.now();
    Simulation simulation({.seed = 5, .run = "r"});
    for (int hour = 26; hour > 0; hour -= 2) {
      RawBatch events;
      simulation.generate(1'500, now - hour * 3'600'000, now - hour * 3'600'000 + 3'000'000, events);
      send(std::move(events));
    }
    RawBatch current, bad;
    simulation.generate(3'000, now - 40'000, now, current);
    send(std::move(current));
    for (const char* text : {"{", "no JSON", R"({"specversion":"1.0"})"}) bad.add(text);
    send(std::move(bad));
    catch_up();
  }
  static void TearDownTestSuite() {
    sink_.reset();
    core_->stop(milliseconds(0));
    core_.reset();
    fs::remove_all(path_);
  }

  static void send(RawBatch events) {
    const Status sent = sink_->send(std::move(events), {});
    ASSERT_TRUE(sent) << sent.error().message;
    ASSERT_TRUE(sink_->finish());
  }
  static void catch_up() {
    for (int i = 0; i < 3'000 && core_->worker->status().lag_events > 0; ++i)
      std::this_thread::sleep_for(milliseconds(5));
    ASSERT_EQ(core_->worker->status().lag_events, 0U) << core_->worker->status().message;
  }
  static std::string ask(std::string_view sql) {
    auto answer = core_->store->select({.sql = std::string(sql), .params = {}, .format = "TabSeparated", .limits = {}});
    return answer ? *answer : answer.error().message;
  }
  /// All that rollups say.
  static std::string dump() { return ask(kCounters) + ask(kStates); }
  static void tell(const std::string& sql) {
    auto connection = core_->store->engine().connect({"USE weir", "SET mutations_sync = 2"});
    ASSERT_TRUE(connection) << connection.error().message;
    const auto done = (*connection)->query(sql);
    ASSERT_TRUE(done) << done.error().message;
  }
  static RebuildSummary rebuild(const RebuildDays& days = {}) {
    auto done = core_->rebuild(days, {}, {});
    EXPECT_TRUE(done) << done.error().message;
    return done.value_or(RebuildSummary{});
  }
  static void expect_balance() {
    const auto l = core_->books->ledger();
    ASSERT_TRUE(l) << l.error().message;
    EXPECT_TRUE(l->balanced()) << l->admitted << " admitted, " << l->stored << " stored, " << l->rolled_up
                               << " rolled up";
  }
  /// A day that is over, and has rows.
  static std::string yesterday() {
    const auto days = core_->store->partitions();
    return days && !days->empty() ? days->front().id : "";
  }
  static std::string dashed(const std::string& day) {
    return day.substr(0, 4) + "-" + day.substr(4, 2) + "-" + day.substr(6);
  }

  static inline SystemClock clock_;
  static inline Metrics metrics_;
  static inline fs::path path_;
  static inline std::unique_ptr<Core> core_;
  static inline std::unique_ptr<LogSink> sink_;
};

TEST_F(RebuildTest, SaysWhatTheWorkerHasSaid) {
  const std::string before = dump();
  ASSERT_GT(std::ranges::count(before, '\n'), 5'000) << before.substr(0, 500);
  for (const char* dimension :
       {"type", "country", "asn", "outcome", "status", "method", "delivery", "email_domain", "source", "field"})
    EXPECT_NE(before.find(fmt::format("\t{}\t", dimension)), std::string::npos) << dimension << " is compared too";
  const RebuildSummary summary = rebuild();
  EXPECT_GE(summary.days.size(), 2U);
  EXPECT_EQ(summary.wrong_days, 0U);
  const std::string after = dump();
  EXPECT_TRUE(before == after) << "rollups made anew differ from the worker's";
  if (before != after) {
    std::istringstream a(before), b(after);
    int shown = 0;
    for (std::string x, y; shown < 5 && std::getline(a, x) && std::getline(b, y);) {
      if (x != y) ++shown, std::cerr << "worker:  " << x << "\nrebuilt: " << y << '\n';
    }
  }
  expect_balance();
}

TEST_F(RebuildTest, MendsRollupsThatAreWrongOneDayAlone) {
  const std::string before = dump(), day = yesterday();
  tell("ALTER TABLE rollups DELETE WHERE toYYYYMMDD(time) = " + day + " AND dimension = 'type'");
  tell("INSERT INTO rollups (step, time, dimension, key, events) VALUES (3600, '" + dashed(day) +
       " 23:00:00', '', '', 77)");
  ASSERT_NE(dump(), before);
  EXPECT_FALSE(core_->books->ledger()->balanced());
  const RebuildSummary summary = rebuild({day, day});
  EXPECT_EQ(summary.days, std::vector<std::string>{day});
  EXPECT_EQ(summary.wrong_days, 1U);
  EXPECT_TRUE(dump() == before);
  expect_balance();
  EXPECT_EQ(ask("EXISTS TABLE rollups_rebuilt") + ask("EXISTS TABLE rollups_exchange"), "0\n0\n")
      << "the stage goes when it is done";
}

TEST_F(RebuildTest, GoesOnWhileEventsComeAndQuestionsAreAsked) {
  std::atomic<bool> done{false};
  std::atomic<int> unbalanced{0}, fewer{0}, looks{0};
  std::jthread producer([&] {
    Simulation simulation({.seed = 6, .run = "busy"});
    while (!done) {
      RawBatch events;
      const UnixMillis now = clock_.now();
      simulation.generate(200, now - 100, now, events);
      // And into a day that is over.
      simulation.generate(50, now - 25 * 3'600'000, now - 25 * 3'600'000 + 100, events);
      if (!sink_->send(std::move(events), {})) return;
      std::this_thread::sleep_for(milliseconds(20));
    }
  });
  std::jthread reader([&] {
    std::uint64_t last = 0;
    while (!done) {
      const auto l = core_->books->ledger();
      if (l && !l->balanced()) ++unbalanced;
      const std::uint64_t now =
          std::stoull("0" + ask("SELECT sum(events) FROM rollups WHERE step = 3600 AND dimension = ''"));
      if (now < last) ++fewer;
      last = now;
      ++looks;
    }
  });
  rebuild();
  done = true;
  producer.join();
  reader.join();
  catch_up();
  EXPECT_GT(looks, 3);
  EXPECT_EQ(unbalanced, 0) << "the ledger balances at any moment";
  EXPECT_EQ(fewer, 0) << "nobody sees a day that is missing";
  expect_balance();
  const std::string before = dump();
  rebuild();
  EXPECT_TRUE(dump() == before) << "nothing that came meanwhile is missing";
}

TEST_F(RebuildTest, StoppedItGoesOnBehindTheLastDayThatWasDone) {
  std::stop_source stop;
  int days = 0;
  const auto stopped = core_->rebuild(
      {},
      [&](const RebuildProgress& p) {
        days = static_cast<int>(p.days);
        if (p.days_done == 1) stop.request_stop();
      },
      stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::kCancelled);
  const RebuildSummary rest = rebuild();
  EXPECT_EQ(rest.after, yesterday());
  EXPECT_EQ(static_cast<int>(rest.days.size()), days - 1);
  EXPECT_TRUE(rebuild().after.empty()) << "what is done is done";
  expect_balance();
}

TEST_F(RebuildTest, DaysThatRetentionHasTouchedStayAsTheyAre) {
  const std::string day = yesterday();
  ASSERT_TRUE(core_->log->put({{"retention.removed_through", day}}));
  const std::string before = dump();
  const RebuildSummary summary = rebuild({"", day});
  EXPECT_TRUE(summary.days.empty());
  EXPECT_EQ(summary.left_out, std::vector<std::string>{day});
  EXPECT_TRUE(dump() == before);
  ASSERT_TRUE(core_->log->put({{"retention.removed_through", ""}}));
}

TEST_F(RebuildTest, AnHourThatDiffersIsSaidUntilItIsMadeAnew) {
  const std::string day = yesterday();
  const std::int64_t first = *first_second_of_day(day);
  RollupCheck check(*core_->store, *core_->rollups, *core_->books, metrics_, clock_, 30LL * 86'400'000);
  const auto round = [&] {
    for (std::int64_t hours = (clock_.now().value / 1000 - first) / 3600 + 2; hours > 0; --hours) {
      const Status looked = check.next();
      ASSERT_TRUE(looked) << looked.error().message;
    }
  };
  round();
  EXPECT_EQ(check.warnings(), std::vector<std::string>{});
  tell("INSERT INTO rollups (step, time, dimension, key, events) VALUES (3600, '" + dashed(day) +
       " 23:00:00', 'type', 'api.request', 5)");
  round();
  ASSERT_EQ(check.warnings().size(), 1U);
  EXPECT_NE(check.warnings()[0].find(dashed(day) + " 23:00 UTC"), std::string::npos) << check.warnings()[0];
  EXPECT_NE(check.warnings()[0].find("api.request count"), std::string::npos) << check.warnings()[0];
  EXPECT_NE(check.warnings()[0].find("weir store rebuild --from " + dashed(day)), std::string::npos)
      << check.warnings()[0];
  EXPECT_NE(metrics_.text().find("weir_rollup_differences 1\n"), std::string::npos);
  rebuild({day, day});
  round();
  EXPECT_EQ(check.warnings(), std::vector<std::string>{});
  EXPECT_NE(metrics_.text().find("weir_rollup_differences 0\n"), std::string::npos);

  // The day in which the edge of retention lies goes next: nobody cares.
  RollupCheck short_lived(*core_->store, *core_->rollups, *core_->books, metrics_, clock_,
                          clock_.now().value - first * 1000 - 1'000);
  tell("INSERT INTO rollups (step, time, dimension, key, events) VALUES (3600, '" + dashed(day) +
       " 23:00:00', 'type', 'api.request', 5)");
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(short_lived.next());
  EXPECT_EQ(short_lived.warnings(), std::vector<std::string>{});
  rebuild({day, day});
}

}  // namespace
}  // namespace weir

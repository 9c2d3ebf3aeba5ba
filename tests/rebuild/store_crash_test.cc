// Migrations and exchanges of rollups with the process killed at every place that matters.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <chrono>
#include <thread>

#include "program.h"

namespace weir::testing {
namespace {

std::string time_text(std::chrono::seconds ago) {
  const auto s = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() - ago);
  std::tm utc{};
  gmtime_r(&s, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string login(const std::string& id, std::chrono::seconds ago) {
  return fmt::format(
      R"({{"specversion":"1.0","type":"account.login","source":"/store","id":"{}","time":"{}","data":{{"user_id":"u","ip":"192.0.2.1","outcome":"success"}}}})",
      id, time_text(ago));
}

std::string sql(const Program& p, const std::string& statement) {
  return request(p.sql_port, "POST", "/", statement).body;
}

/// Logins of today and of yesterday, twice the same one, and what is no event.
void post_some(const Program& p, const std::string& name) {
  std::vector<std::string> events{"no JSON " + name};
  for (int i = 0; i < 20; ++i) {
    events.push_back(login(fmt::format("{}-{}", name, i), std::chrono::hours(i % 2 == 0 ? 0 : 25)));
    if (i % 5 == 0) events.push_back(events.back());
  }
  EXPECT_EQ(p.post(events).status, 202);
}

constexpr const char* kTotals =
    "SELECT step, toDate(time), dimension, key, sum(events), sum(late), sum(logins), sum(rejects), sum(duplicates), "
    "uniqCombinedMerge(12)(unique_ips) FROM weir.rollups GROUP BY 1, 2, 3, 4 HAVING sum(events) + sum(rejects) + "
    "sum(duplicates) > 0 "
    "ORDER BY 1, 2, 3, 4";

/// Starts and waits for the end that was asked for.
void expect_death(Program& p, const std::string& fail) {
  p.set_fail(fail);
  p.launch();
  for (int i = 0; i < 3'000 && p.runs(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_FALSE(p.runs()) << fail << ": it was to end there";
  p.end(SIGKILL);
  p.set_fail("");
}

void expect_balance(Program& p, const std::string& after) {
  const auto l = p.settled_ledger();
  ASSERT_FALSE(l.empty()) << after;
  EXPECT_TRUE(l.at("balanced").as_bool()) << after;
}

/// No migration has been done, by the tables' own record.
void take_back(const Program& p) {
  EXPECT_EQ(sql(p, "TRUNCATE TABLE weir.schema_migrations"), "");
  EXPECT_EQ(sql(p, "SELECT max(version) FROM weir.schema_migrations"), "0\n");
}

struct File {
  const char* name;
  int statements;
};
constexpr std::array kFiles{File{"0001_tables.sql", 7}, File{"0002_cheaper_parts.sql", 3},
                            File{"0003_power_cuts.sql", 3}};

TEST(Migrations, KilledAtAnyStatementTheNextStartFinishesThem) {
  Program p({"--rate", "0", "--sql-access", "write"});
  for (const File& file : kFiles) {
    for (int n = 1; n <= file.statements; ++n) expect_death(p, fmt::format("store.migrate/{}=die@{}", file.name, n));
    expect_death(p, fmt::format("store.migrated/{}=die", file.name));
  }
  ASSERT_TRUE(p.start());
  EXPECT_EQ(sql(p, "SELECT groupArray(version) FROM (SELECT version FROM weir.schema_migrations ORDER BY version)"),
            "[1,2,3]\n");
  post_some(p, "a");
  expect_balance(p, "all migrations were interrupted");
  EXPECT_EQ(sql(p, "SELECT count() FROM weir.events"), "20\n");
  EXPECT_EQ(p.end(SIGINT), 0);
}

// The newest file once more, with rows in the tables.
TEST(Migrations, KilledAndDoneAgainTheyLeaveRowsAsTheyAre) {
  Program p({"--rate", "0", "--sql-access", "write"});
  ASSERT_TRUE(p.start());
  post_some(p, "a");
  expect_balance(p, "before");
  const std::string before = sql(p, kTotals);
  for (const File& file : kFiles) {
    for (int n = 1; n <= file.statements; n += 2) {
      take_back(p);
      EXPECT_EQ(p.end(SIGINT), 0);
      const std::string fail = fmt::format("store.migrate/{}=die@{}", file.name, n);
      expect_death(p, fail);
      ASSERT_TRUE(p.start()) << fail;
      EXPECT_EQ(sql(p, kTotals), before) << fail;
      expect_balance(p, fail);
    }
  }
  post_some(p, "b");
  expect_balance(p, "after");
  EXPECT_EQ(p.end(SIGINT), 0);
}

TEST(Rebuild, KilledAtAnyPlaceRollupsAreOldOrNewAndItIsDoneLater) {
  Program p({"--rate", "0", "--dedupe-window", "1h"});
  const std::string folder = p.data / "weir";
  int posted = 0;
  for (const char* place :
       {"rebuild.begin=die", "rollups.stage/top=die", "rollups.stage/dimensions=die@2", "rebuild.staged=die",
        "rollups.prepare/arrivals=die", "rollups.prepare/mask=die", "rollups.prepare/add=die@2", "rebuild.noted=die",
        "rollups.exchange=die", "rollups.exchanged=die", "rebuild.exchanged=die", "rebuild.exchanged=die@2",
        "rebuild.day_done=die", "rebuild.day_done=die@2"}) {
    SCOPED_TRACE(place);
    ASSERT_TRUE(p.start());
    post_some(p, fmt::format("x{}", posted++));
    expect_balance(p, place);
    const std::string before = sql(p, kTotals);
    EXPECT_EQ(p.end(posted % 2 == 0 ? SIGINT : SIGKILL), posted % 2 == 0 ? 0 : -1);
    p.set_fail(place);
    ASSERT_TRUE(p.start());
    const Finished cut = run({"store", "rebuild", "--data-dir", folder});
    EXPECT_EQ(cut.status, 1) << cut.out;
    EXPECT_NE(cut.err.find("went away"), std::string::npos) << cut.err;
    for (int i = 0; i < 500 && p.runs(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    EXPECT_FALSE(p.runs());
    p.end(SIGKILL);
    p.set_fail("");
    ASSERT_TRUE(p.start());
    EXPECT_EQ(sql(p, kTotals), before);
    post_some(p, fmt::format("x{}", posted++));
    expect_balance(p, place);
    const std::string more = sql(p, kTotals);
    const Finished done = run({"store", "rebuild", "--data-dir", folder});
    EXPECT_EQ(done.status, 0) << done.err;
    EXPECT_EQ(sql(p, kTotals), more);
    expect_balance(p, place);
    EXPECT_EQ(p.end(SIGINT), 0);
  }
}

TEST(Rebuild, WorksBesideARunningWeirAndWithoutOne) {
  Program p({"--rate", "500"});
  const std::string folder = p.data / "weir";
  ASSERT_TRUE(p.start());
  std::this_thread::sleep_for(std::chrono::seconds(2));
  const Finished beside = run({"store", "rebuild", "--data-dir", folder});
  EXPECT_EQ(beside.status, 0) << beside.err;
  EXPECT_NE(beside.out.find("Made the rollups of 1 day anew"), std::string::npos) << beside.out;
  EXPECT_TRUE(p.ledger().at("balanced").as_bool());
  const Finished nothing = run({"store", "rebuild", "--data-dir", folder, "--to", "2001-01-01"});
  EXPECT_EQ(nothing.status, 0) << nothing.err;
  EXPECT_NE(nothing.out.find("no day"), std::string::npos) << nothing.out;
  EXPECT_EQ(p.end(SIGINT), 0);
  const Finished alone = run({"store", "rebuild", "--data-dir", folder});
  EXPECT_EQ(alone.status, 0) << alone.err;
  ASSERT_TRUE(p.start());
  EXPECT_TRUE(p.ledger().at("balanced").as_bool());
  EXPECT_EQ(p.end(SIGINT), 0);

  EXPECT_EQ(run({"store", "rebuild", "--data-dir", folder, "--from", "2026-02-30"}).status, 2);
  EXPECT_EQ(run({"store", "rebuild", "--data-dir", folder, "--from", "2026-02-02", "--to", "2026-02-01"}).status, 2);
  EXPECT_EQ(run({"store", "rebuilt", "--data-dir", folder}).status, 2);
  EXPECT_EQ(run({"store", "rebuild", "--data-dir", p.data / "nothing"}).status, 1);
  EXPECT_FALSE(std::filesystem::exists(p.data / "nothing"));
}

}  // namespace
}  // namespace weir::testing

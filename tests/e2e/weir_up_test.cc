// `weir up` as its users meet it.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <thread>

#include "program.h"

namespace weir::testing {
namespace {

std::string now() {
  const auto t = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto s = std::chrono::system_clock::to_time_t(t);
  std::tm utc{};
  gmtime_r(&s, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

std::string login(const std::string& id) {
  return fmt::format(
      R"({{"specversion":"1.0","type":"account.login","source":"/e2e","id":"{}","time":"{}","data":{{"user_id":"u","ip":"192.0.2.1","outcome":"success"}}}})",
      id, now());
}

std::uint64_t number(const boost::json::object& l, const char* key) { return l.at(key).to_number<std::uint64_t>(); }

std::string sql(const Program& p, const std::string& statement) {
  return request(p.sql_port, "POST", "/", statement).body;
}

TEST(WeirUp, ShowsTrafficAtOnceAndStopsCleanly) {
  Program p;
  ASSERT_TRUE(p.start());
  std::this_thread::sleep_for(std::chrono::seconds(2));
  const auto before = p.ledger();
  ASSERT_FALSE(before.empty());
  EXPECT_GT(number(before, "admitted"), 1000U);
  EXPECT_TRUE(before.at("balanced").as_bool());
  EXPECT_EQ(p.get("/").content_type.substr(0, 9), "text/html");
  const std::string metrics = p.get("/metrics").body;
  EXPECT_EQ(metrics.find("weir_events_received_total 0\n"), std::string::npos) << "simulated events are received too";
  EXPECT_NE(metrics.find("weir_worker_lag_events{partition=\"3\"}"), std::string::npos)
      << "though nobody asked for health";
  EXPECT_EQ(p.end(SIGTERM), 0);
  ASSERT_TRUE(p.start());
  EXPECT_GE(number(p.ledger(), "received"), number(before, "received"));
  EXPECT_EQ(p.end(SIGINT), 0);
}

TEST(WeirUp, KilledAtAnyMomentLosesNothingAndCountsNothingTwice) {
  Program p({"--rate", "0", "--dedupe-window", "1h"});
  std::uint64_t acknowledged = 0, sent = 0;
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(p.start());
    std::jthread producer([&](std::stop_token stop) {
      for (int batch = 0; !stop.stop_requested(); ++batch) {
        std::vector<std::string> events;
        for (int i = 0; i < 50; ++i) events.push_back(login(fmt::format("{}-{}-{}", round, batch, i)));
        events.push_back(events.front());
        sent += 50;
        if (p.post(events).status != 202) return;
        acknowledged += 50;
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(100 + 130 * round));
    kill(p.pid, SIGKILL);
    producer.request_stop();
    producer.join();
    p.end(SIGKILL);
  }
  ASSERT_TRUE(p.start());
  const auto l = p.settled_ledger();
  EXPECT_TRUE(l.at("balanced").as_bool()) << boost::json::serialize(l);
  EXPECT_GT(acknowledged, 0U);
  EXPECT_GE(number(l, "admitted"), acknowledged);
  EXPECT_LE(number(l, "admitted"), sent);
  EXPECT_EQ(sql(p, "SELECT count() = uniqExact(source, id) FROM weir.events"), "1\n");
  EXPECT_EQ(
      sql(p,
          "SELECT (SELECT count() FROM weir.events) = (SELECT sum(events) FROM weir.events_1m WHERE dimension = '')"),
      "1\n");
  EXPECT_EQ(p.end(SIGTERM), 0);
}

// A signal that comes before everything runs stops it all the same; a second one does not wait.
TEST(WeirUp, CanBeStoppedWhileItStarts) {
  for (int delay : {0, 20, 60, 120, 250}) {
    Program p({"--rate", "500"});
    p.launch();
    while (!p.blocks_signals()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(delay));
    EXPECT_EQ(p.end(SIGINT), 0) << delay;
    EXPECT_EQ(p.log().find("<Fatal>"), std::string::npos) << p.log();
  }
}

TEST(WeirUp, ASecondProcessIsTurnedAwayByName) {
  Program p({"--rate", "0"});
  ASSERT_TRUE(p.start());
  const Finished second = run({"up", "--data-dir", p.data / "weir", "--listen",
                               fmt::format("127.0.0.1:{}", free_port()), "--sql-listen", "off"});
  EXPECT_EQ(second.status, 1);
  EXPECT_NE(second.err.find(std::to_string(p.pid)), std::string::npos) << second.err;
  EXPECT_EQ(p.get("/readyz").status, 200);
}

TEST(WeirUp, OtherCommandsLeaveTheLogAsItIs) {
  Program p({"--rate", "0", "--partitions", "2"});
  ASSERT_TRUE(p.start());
  EXPECT_EQ(p.end(SIGTERM), 0);
  const Finished sent = run({"simulate", "--to", "embedded", "--data-dir", p.data / "weir", "--count", "500"});
  EXPECT_EQ(sent.status, 0) << sent.err;
  EXPECT_NE(sent.err.find("Sent 500 events"), std::string::npos) << sent.err;
  const Finished other = run({"simulate", "--to", "embedded", "--data-dir", p.data / "weir", "--partitions", "3"});
  EXPECT_EQ(other.status, 1) << "the log has two: " << other.err;
  const Finished up = run({"up", "--data-dir", p.data / "weir", "--partitions", "3", "--listen",
                           fmt::format("127.0.0.1:{}", free_port()), "--sql-listen", "off"});
  EXPECT_EQ(up.status, 1);
  EXPECT_NE(up.err.find("has 2 partitions and cannot get 3"), std::string::npos) << up.err;
  EXPECT_EQ(std::ranges::count(up.err, '\n'), 1) << "one sentence: " << up.err;
  ASSERT_TRUE(p.start());
  const auto l = p.settled_ledger();
  EXPECT_EQ(number(l, "admitted"), 500U);
  EXPECT_TRUE(l.at("balanced").as_bool());
  EXPECT_EQ(p.end(SIGTERM), 0);
}

// Half of a data directory is worse than none: it would go on, and never balance again.
TEST(WeirUp, HalfADataDirectoryIsTurnedAway) {
  Program p({"--rate", "0"});
  ASSERT_TRUE(p.start());
  EXPECT_EQ(p.post({login("1"), login("2")}).status, 202);
  p.settled_ledger();
  EXPECT_EQ(p.end(SIGTERM), 0);
  const auto whole = p.data / "weir", half = p.data / "half";
  for (const auto& [gone, expected] :
       {std::pair("log", "hold 2 events"), std::pair("store", "has admitted 2 events")}) {
    std::filesystem::remove_all(half);
    std::filesystem::copy(whole, half,
                          std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
    std::filesystem::remove_all(half / gone);
    const Finished f = run({"up", "--data-dir", half, "--rate", "0", "--listen",
                            fmt::format("127.0.0.1:{}", free_port()), "--sql-listen", "off"});
    EXPECT_EQ(f.status, 1) << gone;
    EXPECT_NE(f.err.find(expected), std::string::npos) << f.err;
    EXPECT_NE(f.err.find("--data-dir"), std::string::npos) << "says what to do: " << f.err;
  }
  std::filesystem::remove_all(half);
  std::filesystem::copy(whole, half,
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
  std::filesystem::resize_file(half / "store/metadata/weir.sql", 0);
  const Finished damaged = run({"up", "--data-dir", half, "--rate", "0", "--listen",
                                fmt::format("127.0.0.1:{}", free_port()), "--sql-listen", "off"});
  EXPECT_EQ(damaged.status, 1);
  EXPECT_EQ(damaged.err.substr(0, 6), "weir: ") << damaged.err;
  EXPECT_EQ(std::ranges::count(damaged.err, '\n'), 1) << "one message: " << damaged.err;
  EXPECT_NE(damaged.err.find("Empty query"), std::string::npos) << damaged.err;
  const Finished other = run({"up", "--data-dir", whole, "--database", "other", "--listen",
                              fmt::format("127.0.0.1:{}", free_port()), "--sql-listen", "off"});
  EXPECT_EQ(other.status, 1);
  EXPECT_NE(other.err.find("--database"), std::string::npos) << other.err;
  ASSERT_TRUE(p.start());
  EXPECT_TRUE(p.ledger().at("balanced").as_bool());
  EXPECT_EQ(p.end(SIGTERM), 0);
}

TEST(WeirUp, WhatCannotStartSaysWhyInOneSentence) {
  Program p({"--rate", "0"});
  ASSERT_TRUE(p.start());
  const auto here = fmt::format("127.0.0.1:{}", p.port);
  const Finished port = run({"up", "--data-dir", p.data / "other", "--listen", here, "--sql-listen", "off"});
  EXPECT_EQ(port.status, 1);
  EXPECT_NE(port.err.find(here), std::string::npos) << port.err;
  EXPECT_EQ(run({"up", "--listen", "0.0.0.0:18000", "--data-dir", p.data / "other"}).status, 1);
  EXPECT_EQ(run({"up", "--data-dir", "/proc/nowhere"}).status, 1);
  const Finished foreign =
      run({"up", "--data-dir", p.data / "other", "--listen", "192.0.2.1:18000", "--sql-listen", "off", "--insecure"});
  EXPECT_EQ(foreign.status, 1) << "the words are right, but this machine has no such address: " << foreign.err;
  for (const std::vector<std::string>& wrong :
       std::vector<std::vector<std::string>>{{"simulate", "--run", std::string(201, 'x')},
                                             {"simulate", "--run", "\xff"},
                                             {},
                                             {"teleport"},
                                             {"up", "--teleport"},
                                             {"up", "--rate", "fast"},
                                             {"up", "--attack", "ddos"}}) {
    const Finished f = run(wrong);
    EXPECT_EQ(f.status, 2) << fmt::format("{}", fmt::join(wrong, " "));
    EXPECT_FALSE(f.err.empty());
  }
  EXPECT_EQ(run({"--help"}).status, 0);
}

}  // namespace
}  // namespace weir::testing

#include "formats/replay_plan.h"

#include <nlohmann/json.hpp>

#include "formats/testing.h"

namespace weir {
namespace {

const UnixMillis kNow = at("2026-11-24T12:00:00Z");

std::string access(std::string_view time, std::string_view path) {
  return "192.0.2.1 - - [" + std::string(time) + "] \"GET " + std::string(path) + " HTTP/1.1\" 200 1\n";
}

std::unique_ptr<ReplayPlan> plan_of(ReplayOptions options, const Clock& clock) {
  auto plan = ReplayPlan::create(std::move(options), clock, {}, nullptr);
  EXPECT_TRUE(plan.has_value()) << (plan ? "" : plan.error().message);
  return plan ? std::move(*plan) : nullptr;
}

/// `source id time path` of each event.
std::vector<std::string> briefly(const std::vector<std::string>& events) {
  std::vector<std::string> out;
  for (const auto& event : events) {
    const auto json = nlohmann::json::parse(event);
    out.push_back(json["source"].get<std::string>() + ' ' + json["id"].get<std::string>() + ' ' +
                  json["time"].get<std::string>() + ' ' +
                  json["data"].value("path", json["data"].value("user_id", "")));
  }
  return out;
}

using Lines = std::vector<std::string>;

TEST(ReplayPlan, MovesAllFilesAsOneAndMergesThemByTime) {
  const TestFolder folder;
  const ManualClock clock(kNow);
  const auto a = folder.write(
      "a.log", access("17/May/2015:10:00:00 +0000", "/1") + access("17/May/2015:10:00:20 +0000", "/3") + "x\n");
  const auto b = folder.write("b.log", access("17/May/2015:10:00:10 +0000", "/2") +
                                           access("17/May/2015:10:00:05 +0000", "/2late") +
                                           access("17/May/2015:10:00:30 +0000", "/4"));
  const auto plan = plan_of({.files = {b, a}, .format = LogFormat::kCombined}, clock);
  EXPECT_EQ(plan->events_total(), 5U);
  EXPECT_EQ(plan->oldest_sent(), kNow - 30'000);
  EXPECT_EQ(briefly(all_events(*plan)),
            (Lines{"file:a.log 1 2026-11-24T11:59:30.000Z /1", "file:b.log 1 2026-11-24T11:59:40.000Z /2",
                   "file:b.log 2 2026-11-24T11:59:35.000Z /2late", "file:a.log 2 2026-11-24T11:59:50.000Z /3",
                   "file:b.log 3 2026-11-24T12:00:00.000Z /4"}));
  EXPECT_EQ(plan->counts(), (LogCounts{.lines = 6, .events = 5, .skipped = 0, .malformed = 1}));
  EXPECT_EQ(plan->bytes_read(), plan->bytes_total());
  EXPECT_EQ(plan->bytes_total(), std::filesystem::file_size(a) + std::filesystem::file_size(b));
}

TEST(ReplayPlan, KeepsTimesWhenAsked) {
  const TestFolder folder;
  const ManualClock clock(kNow);
  const auto plan = plan_of({.files = {folder.write("a", access("17/May/2015:10:00:00 +0200", "/1"))},
                             .format = LogFormat::kCombined,
                             .time = ReplayTime::kKeep},
                            clock);
  EXPECT_EQ(plan->oldest_sent(), at("2015-05-17T08:00:00Z"));
  EXPECT_EQ(briefly(all_events(*plan)), Lines{"file:a 1 2015-05-17T08:00:00.000Z /1"});
}

TEST(ReplayPlan, PacesByTheTimesInTheFiles) {
  const TestFolder folder;
  ManualClock clock(kNow);
  const auto path =
      folder.write("a", access("17/May/2015:10:00:00 +0000", "/1") + access("17/May/2015:10:00:10 +0000", "/2") +
                            access("17/May/2015:10:00:08 +0000", "/3") + access("17/May/2015:10:00:30 +0000", "/4"));
  for (const ReplayTime time : {ReplayTime::kNow, ReplayTime::kKeep}) {
    const auto plan = plan_of({.files = {path}, .format = LogFormat::kCombined, .time = time, .speed = 2}, clock);
    const UnixMillis start = clock.now();
    RawBatch batch;
    EXPECT_EQ(plan->next_due().value(), start);
    ASSERT_TRUE(plan->next_batch({}, start, batch));
    EXPECT_EQ(batch.size(), 1U);
    EXPECT_EQ(plan->next_due().value(), start + 5'000);
    ASSERT_TRUE(plan->next_batch({}, start + 4'999, batch));
    EXPECT_TRUE(batch.empty());
    EXPECT_EQ(plan->counts().events, 1U);
    ASSERT_TRUE(plan->next_batch({}, start + 5'000, batch));
    ASSERT_EQ(batch.size(), 2U);  // the line that is out of order goes with the one before it
    const auto second = nlohmann::json::parse(batch[1]);
    EXPECT_EQ(second["time"], time == ReplayTime::kKeep ? "2015-05-17T10:00:08.000Z" : format_rfc3339(start + 5'000));
    EXPECT_EQ(plan->next_due().value(), start + 15'000);
    ASSERT_TRUE(plan->next_batch({}, start + 100'000, batch));
    ASSERT_EQ(batch.size(), 1U);
    EXPECT_EQ(nlohmann::json::parse(batch[0])["time"],
              time == ReplayTime::kKeep ? "2015-05-17T10:00:30.000Z" : format_rfc3339(start + 15'000));
    EXPECT_EQ(plan->next_due().value(), std::nullopt);
    ASSERT_TRUE(plan->next_batch({}, start + 100'000, batch));
    EXPECT_TRUE(batch.empty());
    clock.advance(std::chrono::minutes(1));
  }
}

TEST(ReplayPlan, RepeatedLinesAreEventsOfTheirOwnAcrossBatches) {
  const TestFolder folder;
  const ManualClock clock(kNow);
  const auto path = folder.write(
      "auth.log",
      "Mar 27 13:00:00 a sshd[1]: Accepted password for u from 192.0.2.1\n"
      "Mar 27 13:00:05 a sshd[1]: message repeated 3 times: [ Failed password for r from 192.0.2.1 port 1 ssh2]\n"
      "Mar 27 13:00:06 a sshd[1]: message repeated 1 times: [ Failed password for s from 192.0.2.1 port 1 ssh2]\n");
  const auto plan = plan_of({.files = {path}, .format = LogFormat::kSshd}, clock);
  RawBatch batch;
  ASSERT_TRUE(plan->next_batch({.events = 2}, kNow, batch));
  EXPECT_EQ(batch.size(), 2U);
  EXPECT_EQ(plan->counts().events, 2U);
  EXPECT_EQ(briefly(all_events(*plan, {.events = 2})),
            (Lines{"file:auth.log 2.2 2026-11-24T11:59:59.000Z r", "file:auth.log 2.3 2026-11-24T11:59:59.000Z r",
                   "file:auth.log 3.1 2026-11-24T12:00:00.000Z s"}));
  EXPECT_EQ(plan->counts(), (LogCounts{.lines = 3, .events = 5, .skipped = 0, .malformed = 0}));
}

TEST(ReplayPlan, BatchesAreBoundedInBytes) {
  const TestFolder folder;
  const ManualClock clock(kNow);
  std::string text;
  for (int i = 0; i < 100; ++i) text += access("17/May/2015:10:00:00 +0000", "/" + std::string(1'000, 'x'));
  const auto plan = plan_of({.files = {folder.write("a", text)}, .format = LogFormat::kCombined}, clock);
  RawBatch batch;
  std::size_t events = 0;
  do {
    ASSERT_TRUE(plan->next_batch({.events = 1'000, .bytes = 10'000}, kNow, batch));
    EXPECT_LE(batch.bytes(), 10'000U);
    events += batch.size();
  } while (!batch.empty());
  EXPECT_EQ(events, 100U);
  const auto again = plan_of({.files = {folder.path() / "a"}, .format = LogFormat::kCombined}, clock);
  ASSERT_TRUE(again->next_batch({.events = 1'000, .bytes = 1}, kNow, batch));
  EXPECT_EQ(batch.size(), 1U);
}

TEST(ReplayPlan, CloudEventsMoveAndStayTheSameOtherwise) {
  const TestFolder folder;
  const ManualClock clock(kNow);
  const std::string text = R"({"id":"1", "time" : "2020-01-01T00:00:00Z","data":{"time":"2020-01-01T00:00:00Z"}})"
                           "\n\nnot JSON\n"
                           R"({"id":"2","time":"2020-01-01T01:00:10.5+01:00"})"
                           "\n"
                           R"({"id":"3","time":"never"})"
                           "\n"
                           R"({"time":"2020-01-01T00:00:00Z","id":"4","time":"2020-01-01T00:00:01Z"})";
  const auto path = folder.write("events", text);
  const Lines moved{R"({"id":"1", "time" : "2026-11-24T11:59:49.500Z","data":{"time":"2020-01-01T00:00:00Z"}})",
                    "not JSON", R"({"id":"2","time":"2026-11-24T12:00:00.000Z"})", R"({"id":"3","time":"never"})",
                    R"({"time":"2026-11-24T11:59:50.500Z","id":"4","time":"2026-11-24T11:59:50.500Z"})"};
  const auto plan = plan_of({.files = {path}}, clock);
  EXPECT_EQ(all_events(*plan), moved);
  EXPECT_EQ(plan->counts(), (LogCounts{.lines = 6, .events = 5, .skipped = 1, .malformed = 0}));
  const auto kept = plan_of({.files = {path}, .time = ReplayTime::kKeep}, clock);
  EXPECT_EQ(all_events(*kept)[3], R"({"id":"3","time":"never"})");
  EXPECT_EQ(all_events(*plan_of({.files = {path}, .time = ReplayTime::kKeep}, clock))[0],
            R"({"id":"1", "time" : "2020-01-01T00:00:00Z","data":{"time":"2020-01-01T00:00:00Z"}})");
}

TEST(ReplayPlan, FilesWithoutAnythingToSend) {
  const TestFolder folder;
  const ManualClock clock(kNow);
  const auto plan = plan_of(
      {.files = {folder.write("empty", ""), folder.write("junk", "x\n\ny")}, .format = LogFormat::kPostfix}, clock);
  EXPECT_TRUE(all_events(*plan).empty());
  EXPECT_EQ(plan->counts(), (LogCounts{.lines = 3, .events = 0, .skipped = 1, .malformed = 2}));
  const auto untimed = plan_of({.files = {folder.write("n", "1\n2\n")}, .speed = 1}, clock);
  EXPECT_EQ(all_events(*untimed), (Lines{"1", "2"}));
}

TEST(ReplayPlan, TimesThatNoTextCanSayAreHeldAtTheEdge) {
  const TestFolder folder;
  const ManualClock clock(kNow);
  const auto path = folder.write("a", "{\"time\":\"0001-01-01T00:00:00Z\"}\n{\"time\":\"9999-12-31T23:59:59Z\"}\n");
  EXPECT_EQ(all_events(*plan_of({.files = {path}}, clock)),
            (Lines{R"({"time":"0000-01-01T00:00:00.000Z"})", R"({"time":"2026-11-24T12:00:00.000Z"})"}));
  // Sent at a crawl, the second would be due long after the end of time.
  EXPECT_EQ(all_events(*plan_of({.files = {path}, .speed = 1e-9}, clock)).back(),
            R"({"time":"9999-12-31T23:59:59.999Z"})");
}

TEST(ReplayPlan, OptionsThatMakeNoSense) {
  const TestFolder folder;
  const ManualClock clock(kNow);
  const auto a = folder.write("x/auth.log", ""), b = folder.write("y/auth.log", "");
  const auto error = [&](ReplayOptions options) {
    const auto plan = ReplayPlan::create(std::move(options), clock, {}, nullptr);
    EXPECT_FALSE(plan.has_value());
    return plan ? Error{} : plan.error();
  };
  EXPECT_EQ(error({}).code, Code::kInvalid);
  EXPECT_EQ(error({.files = {a}, .speed = 0}).code, Code::kInvalid);
  EXPECT_EQ(error({.files = {a}, .speed = -1}).code, Code::kInvalid);
  EXPECT_EQ(error({.files = {a}, .speed = std::numeric_limits<double>::quiet_NaN()}).code, Code::kInvalid);
  EXPECT_NE(error({.files = {a, b}, .format = LogFormat::kSshd}).message.find("the same name"), std::string::npos);
  EXPECT_NE(error({.files = {folder.write(std::string(252, 'n'), "")}, .format = LogFormat::kSshd}).message.find("251"),
            std::string::npos);
  EXPECT_EQ(error({.files = {a, folder.path() / "none"}}).code, Code::kNotFound);
  EXPECT_TRUE(plan_of({.files = {a, b}}, clock) != nullptr);  // CloudEvents bring their own source
}

TEST(ReplayPlan, SaysHowFarTheSurveyIs) {
  const TestFolder folder;
  const ManualClock clock(kNow);
  std::string text;
  while (text.size() < (3U << 20U)) text += access("17/May/2015:10:00:00 +0000", "/");
  const auto a = folder.write("a", text), b = folder.write("b", text);
  std::vector<std::uint64_t> told;
  const auto plan = ReplayPlan::create({.files = {a, b}, .format = LogFormat::kCombined}, clock, {},
                                       [&](std::uint64_t bytes) { told.push_back(bytes); });
  ASSERT_TRUE(plan.has_value());
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_GE(told.size(), 6U);
  EXPECT_EQ(told.back(), 2 * text.size());
}

}  // namespace
}  // namespace weir

// Real logs, and facts about them that were counted with another parser. The logs are not part of the repository: WEIR_REAL_LOGS
// names the folder that holds them, ../shared/data beside the repository when it is not set.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "formats/testing.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

fs::path data_folder() {
  const char* set = std::getenv("WEIR_REAL_LOGS");
  return set != nullptr ? fs::path(set) : fs::path("../shared/data");
}

struct Row {
  std::string source, id;
  EventType type;
  UnixMillis time;
  std::map<std::string, std::string> data;  // by column; absent ones are not there
  std::string get(const std::string& column) const {
    const auto it = data.find(column);
    return it == data.end() ? "" : it->second;
  }
};

struct Replayed {
  LogCounts counts;
  std::vector<Row> rows;
};

const UnixMillis kNow = at("2026-11-24T02:23:57Z");

/// All events of a file, each admitted by the decoder that a worker uses.
Replayed replay(const std::string& name, LogFormat format, ReplayTime time = ReplayTime::kNow) {
  Replayed out;
  const ManualClock clock(kNow);
  auto plan = ReplayPlan::create({.files = {data_folder() / name}, .format = format, .time = time}, clock, {}, nullptr);
  if (!plan) {
    ADD_FAILURE() << plan.error().message;
    return out;
  }
  Decoder decoder(DecodeLimits{.retention_millis = 0});
  for (const std::string& raw : all_events(**plan)) {
    EventView event;
    Reject reject;
    if (!decoder.decode(raw, kNow, false, event, reject)) {
      ADD_FAILURE() << reject.message << ": " << raw;
      continue;
    }
    Row& row = out.rows.emplace_back();
    row.source = event.source;
    row.id = event.id;
    row.type = event.type;
    row.time = event.time;
    for (std::size_t i = 0; i < kFields; ++i) {
      const auto field = static_cast<Field>(i);
      if (!event.has(field)) continue;
      row.data[std::string(info(field).column)] = info(field).kind == FieldKind::kStatus  ? std::to_string(event.status)
                                                  : info(field).kind == FieldKind::kBytes ? std::to_string(event.bytes)
                                                                                          : std::string(event[field]);
    }
    if (!event.email_domain.empty()) row.data["email_domain"] = event.email_domain;
  }
  out.counts = (*plan)->counts();
  EXPECT_EQ((*plan)->events_total(), out.counts.events);
  return out;
}

#define SKIP_WITHOUT(name)                                                               \
  if (!fs::exists(data_folder() / (name))) {                                             \
    GTEST_SKIP() << (data_folder() / (name)).string()                                    \
                 << " is not here (WEIR_REAL_LOGS names the folder that has real logs)"; \
  }                                                                                      \
  static_assert(true, "a semicolon follows")

using Counts = std::map<std::string, int>;

/// How often each value is there; what is absent counts as empty.
Counts count_by(const std::vector<Row>& rows, const std::string& column) {
  Counts counts;
  for (const Row& row : rows) ++counts[row.get(column)];
  return counts;
}

/// The `n` most frequent, as `value count`.
std::vector<std::string> top(const std::vector<Row>& rows, const std::string& column, std::size_t n) {
  std::vector<std::pair<int, std::string>> sorted;
  for (const auto& [value, count] : count_by(rows, column)) sorted.emplace_back(-count, value);
  std::ranges::sort(sorted);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(n, sorted.size()); ++i)
    out.push_back(sorted[i].second + ' ' + std::to_string(-sorted[i].first));
  return out;
}

std::vector<Row> where(const std::vector<Row>& rows, const auto& test) {
  std::vector<Row> out;
  std::ranges::copy_if(rows, std::back_inserter(out), test);
  return out;
}

std::int64_t seconds_from_first_to_last(const std::vector<Row>& rows) {
  const auto [first, last] = std::ranges::minmax_element(rows, {}, &Row::time);
  return (last->time - first->time) / 1'000;
}

void expect_one_source_and_an_id_each(const Replayed& log, const std::string& source) {
  std::set<std::string> ids;
  for (const Row& row : log.rows) {
    EXPECT_EQ(row.source, source);
    ids.insert(row.id);
  }
  EXPECT_EQ(ids.size(), log.rows.size());
  EXPECT_EQ(std::ranges::max_element(log.rows, {}, &Row::time)->time, kNow);
}

TEST(RealLogs, Sshd) {
  SKIP_WITHOUT("sshd/elastic_auth.log");
  const Replayed log = replay("sshd/elastic_auth.log", LogFormat::kSshd);
  EXPECT_EQ(log.counts, (LogCounts{.lines = 7121, .events = 1353, .skipped = 7121 - 1028, .malformed = 0}));
  EXPECT_EQ(count_by(log.rows, "outcome"), (Counts{{"failure", 1127}, {"success", 226}}));
  EXPECT_EQ(count_by(log.rows, "reason"), (Counts{{"", 937}, {"invalid_user", 416}}));
  const auto failures = where(log.rows, [](const Row& row) { return row.get("outcome") == "failure"; });
  const auto successes = where(log.rows, [](const Row& row) { return row.get("outcome") == "success"; });
  EXPECT_EQ(count_by(failures, "ip")["49.4.143.105"], 120);
  EXPECT_EQ(count_by(failures, "user_id")["root"], 532);
  EXPECT_EQ(count_by(failures, "auth_method"), (Counts{{"", 85}, {"password", 1038}, {"publickey", 4}}));
  EXPECT_EQ(count_by(successes, "auth_method"), (Counts{{"password", 190}, {"publickey", 36}}));
  EXPECT_EQ(count_by(log.rows, "ip").size(), 131U);
  EXPECT_EQ(count_by(log.rows, "user_id").size(), 54U);
  EXPECT_EQ(count_by(failures, "ip").size(), 130U);
  EXPECT_EQ(count_by(failures, "user_id").size(), 53U);
  EXPECT_EQ(count_by(log.rows, "user_id")["(none)"], 43);
  EXPECT_EQ(top(failures, "ip", 4), (std::vector<std::string>{"24.151.103.17 157", "49.4.143.105 120",
                                                              "91.197.232.109 58", "34.204.227.175 43"}));
  const auto guesser = where(log.rows, [](const Row& row) { return row.get("ip") == "24.151.103.17"; });
  EXPECT_EQ(top(where(guesser, [](const Row& row) { return row.get("outcome") == "failure"; }), "user_id", 1)
                .at(0)
                .substr(0, 15),
            "elastic_user_0 ");
  EXPECT_EQ(std::ranges::max_element(guesser, {}, &Row::time)->get("outcome"), "success");
  EXPECT_EQ(seconds_from_first_to_last(log.rows), 2'077'580);
  EXPECT_EQ(std::ranges::count_if(log.rows, [](const Row& row) { return row.id.find('.') != std::string::npos; }), 410);
  expect_one_source_and_an_id_each(log, "file:elastic_auth.log");
}

TEST(RealLogs, SshdSpacingDoesNotDependOnToday) {
  SKIP_WITHOUT("sshd/elastic_auth.log");
  for (const char* now : {"2027-03-26T00:00:00Z", "2027-04-10T00:00:00Z", "2027-04-20T14:14:28Z",
                          "2027-12-31T23:59:59Z", "2028-02-29T00:00:00Z"}) {
    const auto survey =
        survey_log(data_folder() / "sshd/elastic_auth.log", LogFormat::kSshd, Zone(), at(now), {}, nullptr);
    ASSERT_TRUE(survey.has_value());
    EXPECT_EQ((*survey->newest - *survey->oldest) / 1'000, 2'077'580) << now;
    EXPECT_LE(*survey->newest, at(now));
    EXPECT_GT(*survey->newest + 366LL * 86'400'000, at(now));
  }
}

TEST(RealLogs, Combined) {
  SKIP_WITHOUT("http/elastic_apache_logs");
  const Replayed log = replay("http/elastic_apache_logs", LogFormat::kCombined);
  EXPECT_EQ(log.counts, (LogCounts{.lines = 10000, .events = 9999, .skipped = 0, .malformed = 1}));
  EXPECT_EQ(
      count_by(log.rows, "status"),
      (Counts{
          {"200", 9125}, {"206", 45}, {"301", 164}, {"304", 445}, {"403", 2}, {"404", 213}, {"416", 2}, {"500", 3}}));
  EXPECT_EQ(count_by(log.rows, "method"), (Counts{{"GET", 9951}, {"HEAD", 42}, {"POST", 5}, {"OPTIONS", 1}}));
  EXPECT_EQ(count_by(log.rows, "ip").size(), 1753U);
  EXPECT_EQ(count_by(log.rows, "path").size(), 1498U);
  std::int64_t bytes = 0;
  for (const Row& row : log.rows) bytes += row.get("bytes").empty() ? 0 : std::stoll(row.get("bytes"));
  EXPECT_EQ(bytes, 2'747'282'505);
  EXPECT_EQ(top(log.rows, "ip", 4), (std::vector<std::string>{"66.249.73.135 482", "46.105.14.53 364",
                                                              "130.237.218.86 357", "75.97.9.59 273"}));
  EXPECT_EQ(top(where(log.rows, [](const Row& row) { return row.get("status")[0] == '4'; }), "ip", 1),
            std::vector<std::string>{"208.91.156.11 60"});
  EXPECT_EQ(count_by(log.rows, "user_id"), (Counts{{"", 9999}}));
  EXPECT_TRUE(std::ranges::any_of(
      log.rows, [](const Row& row) { return row.get("user_agent").find("Firefox") != std::string::npos; }));
  EXPECT_EQ(seconds_from_first_to_last(log.rows), 298'859);
  expect_one_source_and_an_id_each(log, "file:elastic_apache_logs");
  const Replayed kept = replay("http/elastic_apache_logs", LogFormat::kCombined, ReplayTime::kKeep);
  const auto [first, last] = std::ranges::minmax_element(kept.rows, {}, &Row::time);
  EXPECT_EQ(format_rfc3339(first->time), "2015-05-17T10:05:00.000Z");
  EXPECT_EQ(format_rfc3339(last->time), "2015-05-20T21:05:59.000Z");
}

TEST(RealLogs, Postfix) {
  SKIP_WITHOUT("mail/infohtreasure_maillog");
  const Replayed log = replay("mail/infohtreasure_maillog", LogFormat::kPostfix);
  EXPECT_EQ(log.counts.lines, 13888U);
  EXPECT_EQ(log.counts.events, 39U);
  EXPECT_EQ(log.counts.skipped + log.counts.malformed, 13888U - 39U);
  EXPECT_EQ(count_by(log.rows, "delivery"), (Counts{{"deferred", 26}, {"sent", 12}, {"bounced", 1}}));
  EXPECT_EQ(count_by(log.rows, "dsn"),
            (Counts{{"4.4.1", 17}, {"2.0.0", 12}, {"4.3.0", 6}, {"4.4.3", 3}, {"5.0.0", 1}}));
  EXPECT_EQ(count_by(log.rows, "recipient").size(), 4U);
  EXPECT_EQ(count_by(log.rows, "email_domain").size(), 4U);
  expect_one_source_and_an_id_each(log, "file:infohtreasure_maillog");
}

}  // namespace
}  // namespace weir

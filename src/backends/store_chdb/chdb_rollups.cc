#include "backends/store_chdb/chdb_rollups.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <random>
#include <sstream>

#include "base/check.h"
#include "base/fail_point.h"
#include "event/event_type.h"

namespace weir {
namespace {

constexpr std::chrono::seconds kConnectionWait{30};
// How long the table keeps these steps (sql/0001_tables.sql).
constexpr std::int64_t kSecondsKept = 2LL * 86'400, kMinutesKept = 400LL * 86'400;

/// What an event counts for, as a number: events are grouped by it first, so that the many counters are made of few rows.
constexpr std::string_view kKind =
    "multiIf(type = 'account.signup', 1, type = 'account.login', if(outcome = 'failure', 3, 2), "
    "type = 'account.password_change', 4, type = 'account.password_reset', 5, "
    "type = 'account.mfa', if(outcome = 'failure', 6, 0), type = 'api.request', if(status >= 400, 8, 7), "
    "type = 'email.send', multiIf(delivery IN ('sent', 'delivered'), 9, delivery = 'deferred', 10, "
    "delivery = 'bounced', 11, 12), 0)";
constexpr std::string_view kCounterColumns =
    "events, logins, login_failures, signups, password_changes, password_resets, mfa_failures, api_requests, "
    "api_errors, emails, "
    "emails_arrived, email_deferrals, email_bounces, email_complaints";
constexpr std::string_view kCounters =
    "sum(n), sumIf(n, kind IN (2, 3)), sumIf(n, kind = 3), sumIf(n, kind = 1), sumIf(n, kind = 4), sumIf(n, kind = 5), "
    "sumIf(n, kind = 6), sumIf(n, kind IN (7, 8)), sumIf(n, kind = 8), sumIf(n, kind BETWEEN 9 AND 12), sumIf(n, kind "
    "= 9), "
    "sumIf(n, kind = 10), sumIf(n, kind = 11), sumIf(n, kind = 12)";

// As many as kCounters has behind the first one.
constexpr std::string_view kNoCounters = "0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0";

/// A dimension, and the key that an event has in it; empty: none.
struct KeyOf {
  std::string_view dimension;
  std::string key;
};
const std::vector<KeyOf>& keys() {
  static const std::vector<KeyOf> all{
      {"type", "type"},
      {"country", "country"},
      {"asn", fmt::format("if(bitTest(present, {}), toString(asn), '')", static_cast<unsigned>(Field::kAsn))},
      {"outcome", "outcome"},
      {"status", "if(status = 0, '', toString(status))"},
      {"method", "method"},
      {"delivery", "delivery"},
      {"email_domain", "email_domain"},
      {"source", "source"}};
  return all;
}

std::string numbers(const std::vector<Offset>& offsets) {
  std::string out;
  for (const Offset offset : offsets) out += fmt::format("{}toUInt64({})", out.empty() ? "" : ", ", offset.value);
  return "[" + out + "]";
}

std::string rows_in(const SecondsRange& range, const std::vector<Offset>& since, const std::vector<Offset>& until) {
  return fmt::format(
      "FROM events WHERE time >= toDateTime64({}, 3, 'UTC') AND time < toDateTime64({}, 3, 'UTC') AND "
      "offset >= {}[partition + 1] AND offset < {}[partition + 1]",
      range.from, range.to, numbers(since), numbers(until));
}

void check_day(const std::string& day) {
  WEIR_CHECK(day.size() == 8 && day.find_first_not_of("0123456789") == std::string::npos, "no day: {}", day);
}

/// The partition of rollups that the day is in, in quotes.
std::string month_of(const std::string& day) {
  check_day(day);
  return "'" + day.substr(0, 6) + "'";
}

/// That a row of rollups is of the day.
std::string of_day(const std::string& day) {
  check_day(day);
  return fmt::format(
      "time >= toDateTime('{0}-{1}-{2} 00:00:00', 'UTC') AND time < toDateTime('{0}-{1}-{2} 00:00:00', 'UTC') + 86400",
      day.substr(0, 4), day.substr(4, 2), day.substr(6));
}

}  // namespace

ChdbRollups::ChdbRollups(ChdbStore& store)
    : store_(store),
      // One thread, and no more memory than a question has: the worker and its readers come first.
      connections_(
          store.engine(), 2,
          {"USE `" + store.database() + "`", "SET max_threads = 1", "SET max_insert_threads = 1",
           "SET max_partitions_per_insert_block = 0", "SET insert_deduplicate = 0", "SET max_memory_usage = 2000000000",
           "SET max_bytes_before_external_group_by = 300000000", "SET max_bytes_before_external_sort = 300000000"}) {}

Result<std::string> ChdbRollups::run(const std::string& sql, const char* doing) {
  WEIR_TRY_ASSIGN(auto connection, connections_.take(kConnectionWait));
  auto answer = connection->query(sql);
  if (!answer) return fail(answer.error(), doing);
  return std::string(answer->bytes());
}

Status ChdbRollups::begin_stage() {
  for (const char* table : {"rollups_rebuilt", "rollups_exchange"}) {
    WEIR_TRY(run(fmt::format("CREATE TABLE IF NOT EXISTS {} AS rollups", table), "making a place for new rollups"));
    WEIR_TRY(run(fmt::format("TRUNCATE TABLE {}", table), "emptying the place for new rollups"));
  }
  return {};
}

Result<SecondsRange> ChdbRollups::spread(const SecondsRange& range, const std::vector<Offset>& since,
                                         const std::vector<Offset>& until) {
  WEIR_TRY_ASSIGN(const std::string text, run("SELECT count(), intDiv(toUnixTimestamp64Milli(min(time)), 1000), "
                                              "intDiv(toUnixTimestamp64Milli(max(time)), 1000) + 1 " +
                                                  rows_in(range, since, until),
                                              "looking for events that came since"));
  std::istringstream in(text);
  std::uint64_t count = 0;
  SecondsRange found;
  if (!(in >> count >> found.from >> found.to))
    return fail(Code::kInternal, "looking for events that came since answered \"" + text + "\"");
  return count == 0 ? SecondsRange{range.from, range.from} : found;
}

Status ChdbRollups::stage(const SecondsRange& range, const std::vector<Offset>& since, const std::vector<Offset>& until,
                          UnixMillis now) {
  const std::string rows = rows_in(range, since, until);
  std::vector<int> steps{3600};
  if (range.to + kMinutesKept > now.value / 1000) steps.insert(steps.begin(), 60);
  const std::string minutes_up = fmt::format("[{}]", fmt::join(steps, ", "));
  if (range.to + kSecondsKept > now.value / 1000) steps.insert(steps.begin(), 1);
  const std::string all_steps = fmt::format("[{}]", fmt::join(steps, ", "));
  constexpr std::string_view kBucket = "toDateTime(intDiv(second, step) * step, 'UTC') AS bucket";
  constexpr std::string_view kSecond = "toUInt32(intDiv(toUnixTimestamp64Milli(time), 1000)) AS second";

  WEIR_TRY(fail_point("rollups.stage", "total"));
  WEIR_TRY(
      run(fmt::format("INSERT INTO rollups_rebuilt (step, time, dimension, key, {}, events_late, unique_ips, "
                      "unique_users, latency) "
                      "SELECT step, {}, '', '', {}, sum(n_late), uniqCombinedMergeState(12)(ips), "
                      "uniqCombinedMergeState(12)(users), "
                      "quantilesBFloat16WeightedMergeState(0.5, 0.95, 0.99)(latencies) "
                      "FROM (SELECT {}, {} AS kind, count() AS n, "
                      "countIf(toUnixTimestamp64Milli(received_at) - toUnixTimestamp64Milli(time) > {}) AS n_late, "
                      "uniqCombinedStateIf(12)(xxh3(ip), ip != '') AS ips, uniqCombinedStateIf(12)(xxh3(user_id), "
                      "user_id != '') AS users, "
                      "quantilesBFloat16WeightedStateIf(0.5, 0.95, 0.99)(toFloat32(latency_ms), toUInt64(1), "
                      "bitTest(present, {})) AS latencies "
                      "{} GROUP BY second, kind) ARRAY JOIN {} AS step GROUP BY step, bucket",
                      kCounterColumns, kBucket, kCounters, kSecond, kKind, kLateMillis,
                      static_cast<unsigned>(Field::kLatencyMs), rows, all_steps),
          "counting events in total"));
  // Most frequent addresses: of counts that are whole, the largest first, as the states keep a few hundred each.
  std::string tops;
  for (const int step : steps) {
    tops += fmt::format(
        "{0}SELECT {1} AS step, toDateTime(bucket, 'UTC'), '', '', approx_top_sumState(10, 300)(hash, n) FROM "
        "(SELECT toUInt32(intDiv(toUnixTimestamp64Milli(time), {1}000) * {1}) AS bucket, xxh3(ip) AS hash, "
        "count() AS n {2} AND ip != '' GROUP BY bucket, hash ORDER BY n DESC) GROUP BY bucket",
        tops.empty() ? "" : " UNION ALL ", step, rows);
  }
  WEIR_TRY(fail_point("rollups.stage", "top"));
  WEIR_TRY(run("INSERT INTO rollups_rebuilt (step, time, dimension, key, top_ips) " + tops,
               "counting the most frequent addresses"));

  // Each insert costs syncs, however few rows it has: one for all dimensions.
  std::string fields;
  for (std::size_t i = 0; i < kFields; ++i)
    fields += fmt::format("{}'{}'", i == 0 ? "" : ", ", info(static_cast<Field>(i)).json);
  std::string dimensions = fmt::format(
      "SELECT step, {}, 'field', concat(type, '.', [{}][place + 1]) AS word, sum(n) AS all, {} FROM "
      "(SELECT second, type, n, arrayJoin(arrayFilter(i -> bitTest(present, i), range({}))) AS place FROM "
      "(SELECT toUInt32(intDiv(toUnixTimestamp64Milli(time), 60000) * 60) AS second, type, present, "
      "count() AS n {} GROUP BY second, type, present)) ARRAY JOIN {} AS step GROUP BY step, bucket, word",
      kBucket, fields, kNoCounters, kFields, rows, minutes_up);
  for (const KeyOf& by : keys()) {
    dimensions += fmt::format(
        " UNION ALL SELECT step, {}, '{}', toString(word), {} FROM (SELECT {}, {} AS word, {} AS kind, "
        "count() AS n {} AND word != '' GROUP BY second, word, kind) ARRAY JOIN {} AS step "
        "GROUP BY step, bucket, word",
        kBucket, by.dimension, kCounters, kSecond, by.key, kKind, rows, all_steps);
  }
  WEIR_TRY(fail_point("rollups.stage", "dimensions"));
  WEIR_TRY(
      run(fmt::format("INSERT INTO rollups_rebuilt (step, time, dimension, key, {}) {}", kCounterColumns, dimensions),
          "counting events by dimension"));
  return {};
}

Result<std::uint64_t> ChdbRollups::rolled_up(const std::string& day, bool staged) {
  WEIR_TRY_ASSIGN(const std::string text,
                  run(fmt::format("SELECT sum(events) FROM {} WHERE {} AND step = 3600 AND dimension = ''",
                                  staged ? "rollups_rebuilt" : "rollups", of_day(day)),
                      "counting what rollups count"));
  std::istringstream in(text);
  std::uint64_t events = 0;
  if (!(in >> events)) return fail(Code::kInternal, "counting what rollups count answered \"" + text + "\"");
  return events;
}

Status ChdbRollups::prepare_exchange(const std::string& day) {
  const std::string month = month_of(day);
  WEIR_TRY(fail_point("rollups.prepare", "arrivals"));
  WEIR_TRY(
      run("INSERT INTO rollups_rebuilt (step, time, dimension, key, late, rejects, duplicates) "
          "SELECT step, time, '', '', sum(late) AS l, sum(rejects) AS r, sum(duplicates) AS d FROM rollups "
          "WHERE " +
              of_day(day) + " AND dimension = '' GROUP BY step, time HAVING l + r + d > 0",
          "copying what was counted by arrival"));
  WEIR_TRY(run("TRUNCATE TABLE rollups_exchange", "emptying the place for new rollups"));
  WEIR_TRY(
      run("ALTER TABLE rollups_exchange ATTACH PARTITION ID " + month + " FROM rollups", "taking over the other days"));
  WEIR_TRY(fail_point("rollups.prepare", "mask"));
  WEIR_TRY(
      run(fmt::format("DELETE FROM rollups_exchange IN PARTITION ID {} WHERE {} SETTINGS lightweight_deletes_sync = 2",
                      month, of_day(day)),
          "leaving out the old rollups of the day"));
  WEIR_TRY(fail_point("rollups.prepare", "add"));
  WEIR_TRY(run("ALTER TABLE rollups_exchange ATTACH PARTITION ID " + month + " FROM rollups_rebuilt",
               "adding the new rollups"));
  return sync_parts("rollups_exchange", month);
}

Status ChdbRollups::exchange(const std::string& day) {
  const std::string month = month_of(day);
  WEIR_TRY_ASSIGN(const std::string there, run("EXISTS TABLE rollups_exchange", "looking for new rollups"));
  if (there != "1\n") return fail(Code::kNotFound, "no new rollups of " + day + " are there");
  WEIR_TRY_ASSIGN(const auto folders, part_folders("rollups_exchange", month));
  if (folders.empty()) return fail(Code::kNotFound, "no new rollups of " + day + " are there");
  WEIR_TRY(fail_point("rollups.exchange"));
  WEIR_TRY(run("ALTER TABLE rollups REPLACE PARTITION ID " + month + " FROM rollups_exchange", "exchanging rollups"));
  WEIR_TRY(fail_point("rollups.exchanged"));
  // Parts that came with no token would be set aside after a power cut when they are the newest (deduplication_log.h): a row that counts
  // nothing is written behind them, with a token. It is new each time: the one before may be known still, and its part be gone.
  const auto marked =
      run(fmt::format("INSERT INTO rollups (step, time, dimension, key) SETTINGS insert_deduplicate = 1, "
                      "insert_deduplication_token = 'rebuilt:{0}:{1}' "
                      "VALUES (3600, parseDateTimeBestEffort('{0}', 'UTC'), '', '')",
                      day, std::random_device()()),
          "marking new rollups");
  if (!marked) return fail(Code::kUnavailable, marked.error().message);
  WEIR_TRY(sync_parts("rollups", month));
  return store_.sync_tokens("rollups");
}

Status ChdbRollups::end_stage() {
  for (const char* table : {"rollups_exchange", "rollups_rebuilt"})
    WEIR_TRY(run(fmt::format("DROP TABLE IF EXISTS {} SYNC", table), "removing the place for new rollups"));
  return {};
}

Result<std::vector<RollupDifference>> ChdbRollups::differences(std::int64_t hour) {
  WEIR_TRY_ASSIGN(
      const std::string text,
      run(fmt::format(
              "SELECT word, sum(rows), sum(rolled) FROM ("
              "SELECT arrayJoin(['(all)', word1]) AS word, n AS rows, toUInt64(0) AS rolled FROM "
              "(SELECT toString(type) AS word1, count() AS n FROM events WHERE time >= toDateTime64({0}, 3, 'UTC') AND "
              "time < toDateTime64({1}, 3, 'UTC') GROUP BY type) "
              "UNION ALL SELECT if(dimension = '', '(all)', key), toUInt64(0), sum(events) FROM rollups WHERE step = "
              "3600 AND "
              "dimension IN ('', 'type') AND time = toDateTime({0}, 'UTC') GROUP BY dimension, key) "
              "GROUP BY word HAVING sum(rows) != sum(rolled) ORDER BY word",
              hour, hour + 3600),
          "comparing rollups with rows"));
  std::vector<RollupDifference> out;
  std::istringstream in(text);
  for (RollupDifference d; in >> d.type >> d.rows >> d.rolled_up;) {
    if (d.type == "(all)") d.type.clear();
    out.push_back(d);
  }
  return out;
}

Result<std::vector<std::string>> ChdbRollups::part_folders(const std::string& table, const std::string& partition) {
  WEIR_TRY_ASSIGN(const std::string text,
                  run("SELECT path FROM system.parts WHERE active AND database = currentDatabase() AND table = '" +
                          table + "' AND partition_id = " + partition,
                      "looking at parts"));
  std::istringstream lines(text);
  std::vector<std::string> folders;
  for (std::string line; std::getline(lines, line);) {
    while (line.ends_with('/')) line.pop_back();
    folders.push_back(line);
  }
  return folders;
}

Status ChdbRollups::sync_parts(const std::string& table, const std::string& partition) {
  // What ATTACH and REPLACE make are new names of files that are on the disk already.
  WEIR_TRY_ASSIGN(auto folders, part_folders(table, partition));
  if (!folders.empty()) folders.push_back(std::filesystem::path(folders.front()).parent_path());
  for (const auto& folder : folders) {
    const int fd = ::open(folder.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
    if (fd < 0 && errno == ENOENT) continue;  // merged away meanwhile, and a merge is synced
    const bool synced = fd >= 0 && ::fsync(fd) == 0;
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (!synced) {
      return fail(error == ENOSPC ? Code::kDiskFull : Code::kUnavailable,
                  fmt::format("{} could not be made durable: {}", folder, std::strerror(error)));
    }
  }
  return {};
}

}  // namespace weir

#include "oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace weir::testing {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02X}", static_cast<unsigned char>(c));
  return out;
}

/// The first few of a list that may be long.
class Complaint {
 public:
  explicit Complaint(std::string what) : what_(std::move(what)) {}
  void add(const std::string& example) {
    if (++count_ <= 3) examples_ += (count_ == 1 ? "" : ", ") + example;
  }
  void file(std::vector<std::string>& wrong) const {
    if (count_ != 0) wrong.push_back(fmt::format("{}: {} ({}{})", what_, count_, examples_, count_ > 3 ? " …" : ""));
  }

 private:
  const std::string what_;
  std::size_t count_ = 0;
  std::string examples_;
};

}  // namespace

Millis now_millis() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::vector<std::vector<std::string>> query(const Program& program, const std::string& sql) {
  const Answer answer = request(program.sql_port, "POST", "/", sql);
  if (answer.status != 200) return {{fmt::format("ERROR {} {}", answer.status, answer.body)}};
  std::vector<std::vector<std::string>> rows;
  for (std::size_t at = 0; at < answer.body.size();) {
    const std::size_t end = answer.body.find('\n', at);
    std::vector<std::string>& row = rows.emplace_back();
    for (std::size_t from = at; from <= end;) {
      const std::size_t tab = std::min(answer.body.find('\t', from), end);
      row.push_back(answer.body.substr(from, tab - from));
      from = tab + 1;
    }
    at = end + 1;
  }
  return rows;
}

void Oracle::sent(const std::vector<Sent>& request, bool acknowledged) {
  std::lock_guard lock(mutex_);
  for (const Sent& s : request) {
    if (s.fate == Sent::Fate::kReject) {
      auto [at, fresh] = rejects_.try_emplace(s.raw, acknowledged);
      at->second = at->second || acknowledged;
      continue;
    }
    auto [at, fresh] = events_.try_emplace(
        s.source + '\t' + s.id,
        Expected{s.fate, acknowledged, s.time, s.fate == Sent::Fate::kEither ? s.raw : std::string()});
    at->second.acknowledged = at->second.acknowledged || acknowledged;
  }
}

std::size_t Oracle::acknowledged() const {
  std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::ranges::count_if(events_, [](const auto& e) { return e.second.acknowledged; }));
}

void Oracle::compare_events(const Program& program, Millis kept_from, std::vector<std::string>& wrong) {
  std::unordered_map<std::string, int> rejected;
  for (const auto& row :
       query(program, "SELECT hex(raw), count() FROM weir.rejects WHERE reason = 'time_too_old' GROUP BY raw"))
    rejected[row[0]] = row.size() > 1 ? std::stoi(row[1]) : -1;
  std::unordered_map<std::string, int> stored;
  for (const auto& row :
       query(program,
             "SELECT source, id, count() FROM weir.events WHERE startsWith(source, '/crash') GROUP BY source, id")) {
    if (row.size() != 3) {
      wrong.push_back("events cannot be read: " + row[0]);
      return;
    }
    stored[row[0] + '\t' + row[1]] = std::stoi(row[2]);
  }
  Complaint missing("acknowledged events are in no table"), twice("events are there more than once"),
      both("old events are both an event and a reject, or a reject twice"), invented("events that nobody sent");
  for (auto at = events_.begin(); at != events_.end();) {
    const auto& [key, expected] = *at;
    const auto found = stored.find(key);
    const int rows = found == stored.end() ? 0 : found->second;
    int total = rows;
    if (expected.fate == Sent::Fate::kEither) {
      const auto reject = rejected.find(hex(expected.raw));
      total += reject == rejected.end() ? 0 : reject->second;
    }
    if (rows > 1) twice.add(key);
    if (rows <= 1 && total > 1) both.add(key);
    if (expected.acknowledged && total == 0 && expected.time >= kept_from) missing.add(key);
    if (found != stored.end()) stored.erase(found);
    // What might have arrived and did not is never to come.
    if (!expected.acknowledged && total == 0) {
      at = events_.erase(at);
    } else {
      at->second.acknowledged = true;
      ++at;
    }
  }
  for (const auto& [key, rows] : stored) invented.add(key);
  for (const Complaint* c : {&missing, &twice, &both, &invented}) c->file(wrong);

  const auto others =
      query(program, "SELECT count() FROM (SELECT source, id FROM weir.events GROUP BY source, id HAVING count() > 1)");
  if (others != std::vector<std::vector<std::string>>{{"0"}})
    wrong.push_back("identities with more than one event, the simulator's included: " + others.at(0).at(0));
}

void Oracle::compare_rejects(const Program& program, std::vector<std::string>& wrong) {
  std::unordered_map<std::string, int> stored;
  for (const auto& row :
       query(program, "SELECT hex(raw), count() FROM weir.rejects WHERE reason != 'time_too_old' GROUP BY raw")) {
    if (row.size() != 2) {
      wrong.push_back("rejects cannot be read: " + row[0]);
      return;
    }
    stored[row[0]] = std::stoi(row[1]);
  }
  Complaint missing("acknowledged rejects are missing"), twice("rejects are there more than once"),
      invented("rejects that nobody sent");
  for (auto at = rejects_.begin(); at != rejects_.end();) {
    const auto found = stored.find(hex(at->first));
    const int rows = found == stored.end() ? 0 : found->second;
    if (rows > 1) twice.add(at->first);
    if (at->second && rows == 0) missing.add(at->first);
    if (found != stored.end()) stored.erase(found);
    if (!at->second && rows == 0) {
      at = rejects_.erase(at);
    } else {
      at->second = true;
      ++at;
    }
  }
  // The simulator sends bad events too; those of the load have its mark in them.
  for (const auto& [raw, rows] : stored) {
    if (raw.find(hex("crash-")) != std::string::npos) invented.add(raw.substr(0, 80));
  }
  for (const Complaint* c : {&missing, &twice, &invented}) c->file(wrong);
}

void Oracle::compare_rollups(const Program& program, Millis kept_from, std::vector<std::string>& wrong) {
  struct Step {
    const char *view, *bucket;
    Millis kept;  // the rollups of seconds go after two days
  };
  constexpr Millis kHour = 3'600'000;
  for (const Step& step : {Step{"events_1s", "toStartOfSecond(time)", 47 * kHour},
                           Step{"events_1m", "toStartOfMinute(time)", 300 * 24 * kHour},
                           Step{"events_1h", "toStartOfHour(time)", 300 * 24 * kHour}}) {
    const std::string where =
        fmt::format("time >= fromUnixTimestamp64Milli({}) AND time >= fromUnixTimestamp64Milli({})", kept_from,
                    now_millis() - step.kept);
    const auto rows =
        query(program,
              fmt::format(
                  "SELECT t, dimension, key, sum(n) AS rows, sum(m) AS counted FROM ("
                  "SELECT toDateTime({0}, 'UTC') AS t, '' AS dimension, '' AS key, count() AS n, 0 AS m FROM "
                  "weir.events WHERE {2} GROUP BY t "
                  "UNION ALL SELECT toDateTime({0}, 'UTC') AS t, 'type', type, count(), 0 FROM weir.events WHERE {2} "
                  "GROUP BY t, type "
                  "UNION ALL SELECT time AS t, dimension, key, 0, sum(events) FROM weir.{1} WHERE dimension IN ('', "
                  "'type') AND {2} "
                  "GROUP BY t, dimension, key) GROUP BY t, dimension, key HAVING rows != counted ORDER BY t LIMIT 1000",
                  step.bucket, step.view, where));
    if (!rows.empty()) {
      std::string first;
      for (const std::string& field : rows[0]) first += field + " ";
      wrong.push_back(fmt::format("{} and the rows differ in {} places, the first: {}", step.view, rows.size(), first));
    }
  }
}

std::vector<std::string> Oracle::compare(const Program& program, Millis kept_from) {
  std::vector<std::string> wrong;
  const boost::json::object ledger = program.settled_ledger();
  if (ledger.empty()) return {"the ledger does not answer"};
  if (ledger.at("in_flight").to_number<std::uint64_t>() != 0)
    wrong.push_back("events stay in flight: " + boost::json::serialize(ledger));
  if (!ledger.at("balanced").as_bool())
    wrong.push_back("the ledger does not balance: " + boost::json::serialize(ledger));
  std::lock_guard lock(mutex_);
  compare_events(program, kept_from, wrong);
  compare_rejects(program, wrong);
  compare_rollups(program, kept_from, wrong);
  const auto counted = query(program, "SELECT sum(rejects), sum(duplicates) FROM weir.events_1h WHERE dimension = ''");
  const std::vector<std::string> booked{fmt::to_string(ledger.at("rejected").to_number<std::uint64_t>()),
                                        fmt::to_string(ledger.at("duplicate").to_number<std::uint64_t>())};
  if (counted.size() != 1 || counted[0] != booked) {
    wrong.push_back(fmt::format("rejects and duplicates: {} and {} in the books, {} in the rollups", booked[0],
                                booked[1], counted.empty() ? "nothing" : counted[0][0] + " and " + counted[0].back()));
  }
  return wrong;
}

}  // namespace weir::testing

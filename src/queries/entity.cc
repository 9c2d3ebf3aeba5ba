#include "queries/entity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "base/json_text.h"
#include "event/decoder.h"
#include "queries/entity_kinds.h"
#include "queries/row_reader.h"
#include "queries/stretches.h"

namespace weir {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kHour = 3'600'000;
constexpr std::uint64_t kLinkedEvents = 20'000;
// How long it looks back: when it was seen, and when it was not yet.
constexpr milliseconds kSeenPatience{1500}, kUnseenPatience{6000}, kGrace{500};

/// The value as it is stored; nothing when no event can have it.
std::optional<std::string> stored_value(const EntityKind& kind, const std::string& id) {
  if (id.empty()) return std::nullopt;
  if (kind.name == "asn") {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc() || end != id.data() + id.size() || number == 0) return std::nullopt;
    return std::to_string(number);
  }
  if (kind.name == "ip") {
    std::array<char, 48> buffer;
    const auto canonical = canonical_ip(id, buffer);
    if (!canonical) return std::nullopt;
    return std::string(*canonical);
  }
  return id;
}

std::string condition(Statement& ask, const EntityKind& kind, const std::string& value) {
  return fmt::format("{} = {}", kind.column, kind.name == "asn" ? value : ask.text(value));
}

struct OfType {
  std::uint64_t events = 0;
  UnixMillis first{INT64_MAX}, last{INT64_MIN};
};

struct Seen {
  std::map<std::string, OfType> types;
  std::map<std::int64_t, std::uint64_t> hours;  // since 1970
  std::optional<UnixMillis> back_to;            // nothing: all of the table was looked at
};

/// Counts from the newest event backwards, by type and hour, while there is time.
Result<Seen> look_back(const QueryContext& context, const EntityKind& kind, const std::string& value,
                       std::uint64_t first_stretch) {
  const auto began = context.clock.steady();
  const auto spent = [&] { return std::chrono::duration_cast<milliseconds>(context.clock.steady() - began); };
  WEIR_TRY_ASSIGN(Stretches stretches, Stretches::read(context, {}));
  Seen seen;
  Pace pace(first_stretch);
  bool first = true;
  while (true) {
    const auto left = (seen.types.empty() ? kUnseenPatience : kSeenPatience) - spent();
    const auto size = first ? std::optional(pace.first()) : pace.next(left);
    if (!size) break;
    const auto stretch = stretches.next(*size);
    if (!stretch) break;
    const auto before = context.clock.steady();
    Statement ask;
    ask += fmt::format(
        "SELECT type, toUInt32(intDiv(toUnixTimestamp64Milli(time), {})) AS hour, count(), min(time), max(time) FROM "
        "events WHERE {}",
        kHour, condition(ask, kind, value));
    if (stretch->time.from) ask += " AND time >= " + ask.millis(*stretch->time.from);
    if (stretch->time.to) ask += " AND time < " + ask.millis(*stretch->time.to);
    ask += " GROUP BY type, hour";
    const auto answer = ask.ask(context, {.time = first ? kUnseenPatience : left + kGrace});
    if (!answer) {
      // What was counted until here is an answer.
      if (!first && answer.error().code == Code::kDeadline) break;
      return std::unexpected(answer.error());
    }
    RowReader reader(*answer);
    while (reader.more()) {
      OfType& of_type = seen.types[std::string(reader.text())];
      std::uint64_t& of_hour = seen.hours[reader.u32()];
      const std::uint64_t n = reader.u64();
      of_type.events += n;
      of_hour += n;
      of_type.first = std::min(of_type.first, UnixMillis(reader.i64()));
      of_type.last = std::max(of_type.last, UnixMillis(reader.i64()));
    }
    if (reader.broken()) return fail(Code::kInternal, "The store's answer for an entity could not be read.");
    seen.back_to = stretch->last ? std::nullopt : stretch->time.from;
    if (stretch->last) break;
    pace.read(stretch->events, std::chrono::duration_cast<std::chrono::microseconds>(context.clock.steady() - before));
    first = false;
  }
  return seen;
}

}  // namespace

Result<std::string> entity_json(const QueryContext& context, const std::string& kind_name, const std::string& id,
                                std::uint64_t first_stretch) {
  const EntityKind* kind = entity_kind_named(kind_name);
  if (kind == nullptr) {
    return fail(Code::kNotFound, "There is no kind of entity \"" + kind_name.substr(0, 40) +
                                     "\"; there are user, ip, asn, country, email_domain and device.");
  }
  const auto never = [&] {
    return fail(Code::kNotFound,
                fmt::format("No event with {} \"{}\" was ever seen.", kind->column, id.substr(0, 200)));
  };
  const auto value = stored_value(*kind, id);
  if (!value) return never();

  WEIR_TRY_ASSIGN(const Seen seen, look_back(context, *kind, *value, first_stretch));
  if (seen.types.empty()) {
    if (!seen.back_to) return never();
    return fail(Code::kNotFound,
                fmt::format("No event with {} \"{}\" was found back to {}; there are too many to look further.",
                            kind->column, id.substr(0, 200), format_rfc3339(*seen.back_to)));
  }
  UnixMillis first_seen(INT64_MAX), last_seen(INT64_MIN);
  std::string types;
  for (const auto& [type, of_type] : seen.types) {
    first_seen = std::min(first_seen, of_type.first);
    last_seen = std::max(last_seen, of_type.last);
    if (!types.empty()) types += ',';
    append_json_string(types, type);
    fmt::format_to(std::back_inserter(types), ":{}", of_type.events);
  }
  const UnixMillis now = context.clock.now();
  const UnixMillis end = now - last_seen > 24 * kHour ? last_seen : std::max(now, last_seen);
  const std::int64_t first_hour = end.value / kHour - 23;

  Statement ask_linked;
  std::string columns, pairs;
  // Not further back than its newest 20,000 events reach.
  std::int64_t since_hour = last_seen.value / kHour;
  std::uint64_t since_then = 0;
  for (auto hour = seen.hours.rbegin(); hour != seen.hours.rend() && since_then < kLinkedEvents; ++hour) {
    since_hour = hour->first;
    since_then += hour->second;
  }
  for (const EntityKind& other : kEntityKinds) {
    if (!columns.empty()) columns += ", ", pairs += ", ";
    columns += other.column;
    pairs += fmt::format("('{}', {})", other.name, other.key);
  }
  const std::string since =
      ask_linked.millis(std::max({first_seen, UnixMillis(since_hour * kHour), last_seen - 7 * 24 * kHour}));
  ask_linked += fmt::format(
      "SELECT pair.1 AS kind, pair.2 AS id, count() AS n FROM (SELECT {0} FROM events WHERE {1} AND time >= {2} AND "
      "time "
      "<= {5} ORDER BY time DESC LIMIT {6}) "
      "ARRAY JOIN [{3}] AS pair WHERE id != '' AND kind != '{4}' GROUP BY kind, id ORDER BY n DESC, kind, id LIMIT 5 "
      "BY kind",
      columns, condition(ask_linked, *kind, *value), since, pairs, kind->name, ask_linked.millis(last_seen),
      kLinkedEvents);
  WEIR_TRY_ASSIGN(const std::string linked, ask_linked.ask(context));

  std::string out = R"({"kind":)";
  append_json_string(out, kind->name);
  out += R"(,"id":)";
  append_json_string(out, *value);
  fmt::format_to(
      std::back_inserter(out),
      R"(,"risk":{{"score":0,"reasons":[]}},"first_seen":"{}","last_seen":"{}","counts":{{{}}},"timeline":[)",
      format_rfc3339(first_seen), format_rfc3339(last_seen), types);
  for (std::int64_t hour = first_hour; hour < first_hour + 24; ++hour) {
    const auto counted = seen.hours.find(hour);
    fmt::format_to(std::back_inserter(out), R"({}["{}",{}])", hour == first_hour ? "" : ",",
                   format_rfc3339(UnixMillis(hour * kHour)), counted == seen.hours.end() ? 0 : counted->second);
  }
  out += R"(],"linked":[)";
  RowReader linked_reader(linked);
  while (linked_reader.more()) {
    if (out.back() != '[') out += ',';
    out += R"({"kind":)";
    append_json_string(out, linked_reader.text());
    out += R"(,"id":)";
    append_json_string(out, linked_reader.text());
    fmt::format_to(std::back_inserter(out), R"(,"events":{}}})", linked_reader.u64());
  }
  if (linked_reader.broken()) return fail(Code::kInternal, "The store's answer for an entity could not be read.");
  out += R"(],"findings":[],"counted_back_to":)";
  if (seen.back_to) {
    fmt::format_to(std::back_inserter(out), R"("{}"}})", format_rfc3339(*seen.back_to));
  } else {
    out += "null}";
  }
  return out;
}

}  // namespace weir

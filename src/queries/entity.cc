#include "queries/entity.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

#include "base/json_text.h"
#include "event/decoder.h"
#include "queries/entity_kinds.h"
#include "queries/row_reader.h"

namespace weir {

namespace {

constexpr std::int64_t kHour = 3'600'000;

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

}  // namespace

Result<std::string> entity_json(const QueryContext& context, const std::string& kind_name, const std::string& id) {
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

  const UnixMillis now = context.clock.now();
  const auto ask_counts = [&](std::optional<UnixMillis> since, std::chrono::milliseconds time) {
    Statement ask;
    ask += "SELECT type, count(), min(time), max(time) FROM events WHERE " + condition(ask, *kind, *value);
    if (since) ask += " AND time >= " + ask.millis(*since);
    ask += " GROUP BY type ORDER BY type";
    return ask.ask(context, {.time = time});
  };
  Result<std::string> counts = ask_counts(std::nullopt, std::chrono::seconds(3));
  if (!counts && counts.error().code == Code::kDeadline) counts = ask_counts(now - 24 * kHour, std::chrono::seconds(7));
  if (!counts) return counts;

  std::string types;
  UnixMillis first_seen(INT64_MAX), last_seen(INT64_MIN);
  RowReader reader(*counts);
  while (reader.more()) {
    const std::string_view type = reader.text();
    const std::uint64_t n = reader.u64();
    first_seen = std::min(first_seen, UnixMillis(reader.i64()));
    last_seen = std::max(last_seen, UnixMillis(reader.i64()));
    if (!types.empty()) types += ',';
    append_json_string(types, type);
    fmt::format_to(std::back_inserter(types), ":{}", n);
  }
  if (reader.broken()) return fail(Code::kInternal, "The store's answer for an entity could not be read.");
  if (types.empty()) return never();

  const UnixMillis end = now - last_seen > 24 * kHour ? last_seen : std::max(now, last_seen);
  const std::int64_t first_hour = end.value / kHour - 23;
  Statement ask_timeline;
  ask_timeline += fmt::format(
      "SELECT toUInt32(toUnixTimestamp64Milli(time) / {0}) AS hour, count() FROM events WHERE {1} AND time >= {2} AND "
      "time < {3} GROUP BY hour",
      kHour, condition(ask_timeline, *kind, *value), ask_timeline.millis(UnixMillis(first_hour * kHour)),
      ask_timeline.millis(UnixMillis((first_hour + 24) * kHour)));
  WEIR_TRY_ASSIGN(const std::string timeline, ask_timeline.ask(context));
  std::array<std::uint64_t, 24> hours{};
  RowReader hour_reader(timeline);
  while (hour_reader.more()) {
    const std::int64_t at = hour_reader.u32() - first_hour;
    const std::uint64_t n = hour_reader.u64();
    if (at >= 0 && at < 24) hours[static_cast<std::size_t>(at)] = n;
  }

  Statement ask_linked;
  std::string columns, pairs;
  for (const EntityKind& other : kEntityKinds) {
    if (!columns.empty()) columns += ", ", pairs += ", ";
    columns += other.column;
    pairs += fmt::format("('{}', {})", other.name, other.key);
  }
  const std::string since = ask_linked.millis(last_seen - 7 * 24 * kHour);
  ask_linked += fmt::format(
      "SELECT pair.1 AS kind, pair.2 AS id, count() AS n FROM (SELECT {0} FROM events WHERE {1} AND time >= {2} ORDER "
      "BY time DESC LIMIT 100000) "
      "ARRAY JOIN [{3}] AS pair WHERE id != '' AND kind != '{4}' GROUP BY kind, id ORDER BY n DESC, kind, id LIMIT 5 "
      "BY kind",
      columns, condition(ask_linked, *kind, *value), since, pairs, kind->name);
  WEIR_TRY_ASSIGN(const std::string linked, ask_linked.ask(context));

  std::string out = R"({"kind":)";
  append_json_string(out, kind->name);
  out += R"(,"id":)";
  append_json_string(out, *value);
  fmt::format_to(
      std::back_inserter(out),
      R"(,"risk":{{"score":0,"reasons":[]}},"first_seen":"{}","last_seen":"{}","counts":{{{}}},"timeline":[)",
      format_rfc3339(first_seen), format_rfc3339(last_seen), types);
  for (std::size_t i = 0; i < hours.size(); ++i) {
    fmt::format_to(std::back_inserter(out), R"({}["{}",{}])", i == 0 ? "" : ",",
                   format_rfc3339(UnixMillis((first_hour + static_cast<std::int64_t>(i)) * kHour)), hours[i]);
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
  if (hour_reader.broken() || linked_reader.broken())
    return fail(Code::kInternal, "The store's answer for an entity could not be read.");
  out += R"(],"findings":[]})";
  return out;
}

}  // namespace weir

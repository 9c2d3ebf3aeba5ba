#include "queries/quality.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "base/json_text.h"
#include "event/decoder.h"
#include "event/event_type.h"
#include "queries/metrics_table.h"
#include "queries/row_reader.h"
#include "queries/time_range.h"

namespace weir {

namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::size_t kMostRejectKinds = 500;

std::string milliseconds(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{:.1f}", *value) : "null";
}

double ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
}

struct RejectKind {
  std::string_view reason, field, source;
  std::uint64_t count;
  UnixMillis last_seen;
};

struct TypeSeen {
  std::uint64_t last_minute = 0;
  std::int64_t last_second = 0;
};

Result<std::string> ask_rejects(const QueryContext& context, UnixMillis from) {
  Statement ask;
  const std::string other = ask.text(kOther);
  ask += fmt::format(
      "SELECT reason, if(place <= {0}, field, '') AS shown_field, if(place <= {0}, source, {1}) AS shown_source, "
      "sum(n) AS total, max(last) AS newest "
      "FROM (SELECT reason, field, source, count() AS n, max(received_at) AS last, "
      "row_number() OVER (ORDER BY n DESC, reason, field, source) AS place FROM rejects WHERE received_at >= {2} "
      "GROUP BY reason, field, source) GROUP BY reason, shown_field, shown_source ORDER BY total DESC, reason, "
      "shown_field, shown_source",
      kMostRejectKinds, other, ask.millis(from));
  return ask.ask(context);
}

}  // namespace

int quality_score(const QualityRatios& ratios, const QualityFreshness& freshness, std::size_t warnings) {
  const auto part = [](double ratio, double all_of_it) { return std::clamp(ratio / all_of_it, 0.0, 1.0); };
  double score = 100 - 40 * part(ratios.rejected, 0.1) - 20 * part(ratios.late, 0.2) - 10 * part(ratios.duplicate, 0.2);
  if (freshness.p95_ms && *freshness.p95_ms > 250)
    score -= 20 * part(std::log(*freshness.p95_ms / 250), std::log(10'000. / 250));
  score -= std::min(10.0, 5.0 * static_cast<double>(warnings));
  return static_cast<int>(std::lround(std::clamp(score, 0.0, 100.0)));
}

Result<std::string> quality_json(const QueryContext& context, const QualityInputs& inputs) {
  const UnixMillis now = context.clock.now();
  const std::int64_t second = now.value / 1000;
  // Whole minutes, as the presence of fields is rolled up by minute and hour alone.
  const std::int64_t from = second / 60 * 60 - kDay, to = second / 60 * 60 + 60;

  Statement ask;
  std::string range;
  for (const Segment& segment : cover(from, to, 3600, now)) {
    range += fmt::format("{}(step = {} AND time >= {} AND time < {})", range.empty() ? "" : " OR ", segment.stored,
                         ask.seconds(segment.from), ask.seconds(segment.to));
  }
  ask += fmt::format(
      "SELECT dimension, key, sum(events), sum(late), sum(duplicates), sum(rejects) FROM rollups "
      "WHERE dimension IN ('', 'type', 'field') AND ({}) GROUP BY dimension, key",
      range);
  WEIR_TRY_ASSIGN(const std::string totals, ask.ask(context));

  // When each type was last seen: to the second within the last hour, else to the minute.
  Statement ask_seen;
  ask_seen += fmt::format(
      "SELECT key, sumIf(events, step = 1 AND time >= {}), toUInt32(maxIf(time, events > 0)) FROM rollups WHERE "
      "dimension = 'type' AND "
      "((step = 1 AND time >= {} AND time <= {}) OR (step = 60 AND time >= {} AND time <= {})) GROUP BY key",
      ask_seen.seconds(second - 60), ask_seen.seconds(second - 3600), ask_seen.seconds(second), ask_seen.seconds(from),
      ask_seen.seconds(second));
  WEIR_TRY_ASSIGN(const std::string seen, ask_seen.ask(context));
  WEIR_TRY_ASSIGN(const std::string rejected, ask_rejects(context, UnixMillis(from * 1000)));

  std::uint64_t events = 0, late = 0, duplicates = 0, rejects = 0;
  std::map<std::string_view, std::uint64_t> types, fields;
  RowReader reader(totals);
  while (reader.more()) {
    const std::string_view dimension = reader.text(), key = reader.text();
    const std::uint64_t n = reader.u64(), n_late = reader.u64(), n_duplicates = reader.u64(), n_rejects = reader.u64();
    if (dimension == "type") {
      types[key] = n;
    } else if (dimension == "field") {
      fields[key] = n;
    } else {
      events = n, late = n_late, duplicates = n_duplicates, rejects = n_rejects;
    }
  }
  std::map<std::string_view, TypeSeen> seen_of;
  RowReader seen_reader(seen);
  while (seen_reader.more()) {
    const std::string_view key = seen_reader.text();
    const std::uint64_t n = seen_reader.u64();
    seen_of[key] = {n, seen_reader.u32()};
  }
  std::vector<RejectKind> kinds;
  RowReader reject_reader(rejected);
  while (reject_reader.more()) {
    RejectKind kind;
    kind.reason = reject_reader.text();
    kind.field = reject_reader.text();
    kind.source = reject_reader.text();
    kind.count = reject_reader.u64();
    kind.last_seen = UnixMillis(reject_reader.i64());
    kinds.push_back(kind);
  }
  if (reader.broken() || seen_reader.broken() || reject_reader.broken()) {
    return fail(Code::kInternal, "The store's answer for the quality of data could not be read.");
  }

  const std::uint64_t received = events + duplicates + rejects;
  const QualityRatios ratios{ratio(rejects, received), ratio(duplicates, received),
                             ratio(late, std::max(events, late))};
  std::string out;
  const auto at = std::back_inserter(out);
  fmt::format_to(at, R"({{"score":{},"freshness_ms":{{"p50":{},"p95":{},"p99":{}}})",
                 quality_score(ratios, inputs.freshness, inputs.warnings.size()), milliseconds(inputs.freshness.p50_ms),
                 milliseconds(inputs.freshness.p95_ms), milliseconds(inputs.freshness.p99_ms));
  fmt::format_to(at, R"(,"duplicates":{{"count":{},"ratio":{:.6g}}},"rejects":[)", duplicates, ratios.duplicate);
  for (const RejectKind& kind : kinds) {
    if (out.back() != '[') out += ',';
    out += R"({"reason":)";
    append_json_string(out, kind.reason);
    out += R"(,"field":)";
    append_json_string(out, kind.field);
    out += R"(,"source":)";
    append_json_string(out, kind.source);
    fmt::format_to(at, R"(,"count":{},"last_seen":"{}"}})", kind.count, format_rfc3339(kind.last_seen));
  }
  fmt::format_to(at, R"(],"late":{{"count":{},"ratio":{:.6g}}},"missing_optional":[)", late, ratios.late);

  struct Missing {
    std::string_view type, field;
    double ratio;
  };
  std::vector<Missing> missing;
  for (const TypeInfo& type : event_types()) {
    const auto count = types.find(type.name);
    if (count == types.end() || count->second == 0) continue;
    for (std::size_t i = 0; i < kFields; ++i) {
      const FieldInfo& field = info(static_cast<Field>(i));
      const bool optional = (type.allowed & bit(field.field)) != 0 &&
                            std::ranges::find(type.required, field.field) == type.required.end();
      if (!optional) continue;
      const auto present = fields.find(fmt::format("{}.{}", type.name, field.json));
      const double there = present == fields.end() ? 0 : ratio(present->second, count->second);
      if (there < 1) missing.push_back({type.name, field.json, 1 - there});
    }
  }
  std::ranges::sort(missing, [](const Missing& a, const Missing& b) {
    if (a.ratio != b.ratio) return a.ratio > b.ratio;
    return std::tie(a.type, a.field) < std::tie(b.type, b.field);
  });
  for (const Missing& one : missing) {
    fmt::format_to(at, R"({}{{"type":"{}","field":"{}","ratio":{:.6g}}})", out.back() == '[' ? "" : ",", one.type,
                   one.field, one.ratio);
  }
  out += R"(],"types":[)";
  for (const TypeInfo& type : event_types()) {
    const auto count = types.find(type.name);
    if (count == types.end() || count->second == 0) continue;
    const TypeSeen last = seen_of[type.name];
    fmt::format_to(at, R"({}{{"type":"{}","count":{},"per_second":{:.6g},"last_seen":{}}})",
                   out.back() == '[' ? "" : ",", type.name, count->second, static_cast<double>(last.last_minute) / 60,
                   last.last_second == 0 ? "null" : '"' + format_rfc3339(UnixMillis(last.last_second * 1000)) + '"');
  }
  out += R"(],"warnings":[)";
  for (const std::string& warning : inputs.warnings) {
    if (out.back() != '[') out += ',';
    append_json_string(out, warning);
  }
  out += "]}";
  return out;
}

}  // namespace weir

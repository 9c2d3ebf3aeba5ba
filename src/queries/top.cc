#include "queries/top.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "base/json_text.h"
#include "queries/metrics_table.h"
#include "queries/row_reader.h"
#include "queries/time_range.h"

namespace weir {

namespace {

constexpr std::int64_t kSlices = 64;              // a part of the events is that many slices of time, evenly spread
constexpr std::int64_t kSurelyFew = 10 * 60'000;  // milliseconds; a shorter range is always counted whole

bool has_share(const MetricInfo& metric) { return metric.kind == MetricKind::kCount; }

/// SQL: one of the segments of the rollups; `0` when there are none.
std::string within(Statement& ask, std::int64_t from, std::int64_t to, UnixMillis now) {
  std::string text;
  for (const Segment& segment : cover(from, to, 3600, now)) {
    text += fmt::format("{}(step = {} AND time >= {} AND time < {})", text.empty() ? "" : " OR ", segment.stored,
                        ask.seconds(segment.from), ask.seconds(segment.to));
  }
  return text.empty() ? "0" : text;
}

std::int64_t floor_second(UnixMillis time) { return time.value >= 0 ? time.value / 1000 : 0; }
std::int64_t ceil_second(UnixMillis time) { return time.value >= 0 ? (time.value + 999) / 1000 : 0; }

/// The part of a range that is counted: 1 is all of it. Metrics that cannot be told from a part are counted whole.
Result<double> part_to_count(const QueryContext& context, const MetricInfo& metric, const TimeRange& range,
                             std::uint64_t most) {
  if (range.to.value - range.from.value <= kSurelyFew) return 1.;
  if (metric.kind != MetricKind::kCount && metric.kind != MetricKind::kRatio) return 1.;
  Statement ask;
  ask += fmt::format("SELECT sum(events) FROM rollups WHERE dimension = '' AND ({})",
                     within(ask, floor_second(range.from), ceil_second(range.to), context.clock.now()));
  WEIR_TRY_ASSIGN(const std::string answer, ask.ask(context, {.time = std::chrono::seconds(2), .threads = 1}));
  RowReader reader(answer);
  const std::uint64_t events = reader.more() ? reader.u64() : 0;
  if (reader.broken()) return fail(Code::kInternal, "The store's answer for a top list could not be read.");
  return events <= most ? 1. : static_cast<double>(most) / static_cast<double>(events);
}

/// SQL: the time is in the range, or in evenly spread slices that are `part` of it.
std::string in_time(Statement& ask, const TimeRange& range, double part) {
  const auto between = [&](std::int64_t from, std::int64_t to) {
    return fmt::format("time >= {} AND time < {}", ask.millis(UnixMillis(from)), ask.millis(UnixMillis(to)));
  };
  std::string text = between(range.from.value, range.to.value);
  if (part >= 1) return text;
  const std::int64_t length = range.to.value - range.from.value;
  const auto width = std::max<std::int64_t>(static_cast<std::int64_t>(static_cast<double>(length) / kSlices * part), 1);
  text += " AND (";
  for (std::int64_t slice = 0; slice < kSlices; ++slice) {
    // Each at the end of its stratum, so that the newest events are among them.
    const std::int64_t end = range.from.value + length * (slice + 1) / kSlices;
    if (slice > 0) text += " OR ";
    text += '(' + between(end - width, end) + ')';
  }
  return text + ')';
}

/// From rollups. The row of dimension '' is the total; it comes first, when there is one.
Statement from_rollups(const QueryContext& context, const MetricInfo& metric, const DimensionInfo& dimension,
                       const TimeRange& range, std::size_t limit) {
  Statement ask;
  const std::string name = ask.text(dimension.name);
  const std::string other = ask.text(kOther);
  const bool count = metric.kind == MetricKind::kCount;
  ask += fmt::format(
      "SELECT key, toFloat64({}) AS value, toUInt8(dimension = '') AS total FROM rollups WHERE dimension IN ('', {}) "
      "AND ({})",
      count ? fmt::format("sum({})", metric.rollup_part)
            : fmt::format("sum({}) / sum({})", metric.rollup_part, metric.rollup_whole),
      name, within(ask, floor_second(range.from), ceil_second(range.to), context.clock.now()));
  // A ratio of nothing is no number, and is no answer either; a key without a single one is no answer to a count.
  ask += fmt::format(" GROUP BY dimension, key HAVING {} AND key != {} ORDER BY total DESC, value DESC, key LIMIT {}",
                     count ? "value > 0" : "isFinite(value)", other, limit + 1);
  return ask;
}

/// From raw events.
Statement from_events(const MetricInfo& metric, const DimensionInfo& dimension, const TimeRange& range, double part,
                      std::size_t limit) {
  Statement ask;
  std::string value;
  switch (metric.kind) {
    case MetricKind::kCount: value = "toFloat64(count())"; break;
    case MetricKind::kRatio: value = fmt::format("countIf({}) / count()", metric.raw_part); break;
    case MetricKind::kQuantile:
      value = fmt::format("toFloat64(quantileBFloat16({})(latency_ms))", metric.raw_part);
      break;
    case MetricKind::kUnique: value = fmt::format("toFloat64(uniqCombined(12)({}))", metric.raw_part); break;
    case MetricKind::kTopShare: value = "arraySum(t -> t.2 - t.3, approx_top_count(10, 300)(ip)) / count()"; break;
  }
  const std::string where = fmt::format("FROM events WHERE {} AND ({})", in_time(ask, range, part), metric.raw_where);
  const std::string total = has_share(metric) ? fmt::format("ifNull((SELECT toFloat64(count()) {}), 0.)", where) : "0.";
  ask += fmt::format(
      "SELECT {} AS key, {} AS value, {} AS total {} AND key != '' GROUP BY key ORDER BY value DESC, key LIMIT {}",
      dimension.raw_key, value, total, where, limit);
  return ask;
}

/// `part` of the events was counted.
void append_item(std::string& out, const MetricInfo& metric, std::string_view key, double value,
                 std::optional<double> total, double part) {
  if (out.back() != '[') out += ',';
  out += R"({"key":)";
  append_json_string(out, key);
  if (metric.kind == MetricKind::kCount || metric.kind == MetricKind::kUnique) {
    fmt::format_to(std::back_inserter(out), R"(,"value":{:.0f})",
                   metric.kind == MetricKind::kCount ? value / part : value);
  } else {
    fmt::format_to(std::back_inserter(out), R"(,"value":{:.6g})", value);
  }
  if (has_share(metric) && total && *total > 0) {
    fmt::format_to(std::back_inserter(out), R"(,"share":{:.6g}}})", value / *total);
  } else {
    out += R"(,"share":null})";
  }
}

}  // namespace

Result<std::string> top_json(const QueryContext& context, const TopRequest& request) {
  const DimensionInfo* dimension = dimension_named(request.dimension);
  if (dimension == nullptr) {
    std::string known;
    for (const DimensionInfo& one : dimensions()) {
      if (!known.empty()) known += ' ';
      known += one.name;
    }
    return bad_parameter("dimension", "expected one of " + known + "; got \"" + request.dimension.substr(0, 80) + '"');
  }
  const MetricInfo* metric = metric_named(request.metric);
  if (metric == nullptr)
    return bad_parameter("metric",
                         "there is none named \"" + request.metric.substr(0, 80) + "\"; /api/v1/metrics lists them");
  if (metric->by_arrival)
    return bad_parameter("metric", fmt::format("{} are counted as a whole, not by {}", metric->name, dimension->name));
  WEIR_TRY_ASSIGN(const TimeRange range, parse_range(request.from, request.to, context.clock.now()));

  const bool rolled_up =
      dimension->rolled_up && (metric->kind == MetricKind::kCount || metric->kind == MetricKind::kRatio);
  double part = 1;
  if (!rolled_up) {
    WEIR_TRY_ASSIGN(part, part_to_count(context, *metric, range, request.most_counted));
  }
  const Statement ask = rolled_up ? from_rollups(context, *metric, *dimension, range, request.limit)
                                  : from_events(*metric, *dimension, range, part, request.limit);
  WEIR_TRY_ASSIGN(const std::string answer, ask.ask(context));

  std::string out = R"({"items":[)";
  RowReader reader(answer);
  std::optional<double> total;
  std::size_t items = 0;
  while (reader.more()) {
    const std::string_view key = reader.text();
    const double value = reader.f64();
    if (rolled_up) {
      if (reader.u8() != 0) {
        total = value;
        continue;
      }
    } else {
      total = reader.f64();
    }
    // The total has a row of its own, so there may be one row more than asked for.
    if (!reader.broken() && items++ < request.limit) append_item(out, *metric, key, value, total, part);
  }
  if (reader.broken()) return fail(Code::kInternal, "The store's answer for a top list could not be read.");
  out += ']';
  if (part < 1) fmt::format_to(std::back_inserter(out), R"(,"sampled":{:.3g})", part);
  out += '}';
  return out;
}

}  // namespace weir

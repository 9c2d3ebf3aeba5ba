#include "queries/series.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "base/json_text.h"
#include "event/decoder.h"
#include "queries/metrics_table.h"
#include "queries/row_reader.h"
#include "queries/time_range.h"

namespace weir {

namespace {

struct Grid {
  const Step* step;
  std::int64_t first;  // seconds, start of the first bucket
  std::int64_t end;    // seconds, `to` rounded up
  std::int64_t points;
};

std::int64_t floor_to(std::int64_t value, std::int64_t width) {
  const std::int64_t rest = value % width;
  return value - (rest < 0 ? rest + width : rest);
}

Grid grid(const Step& step, const TimeRange& range) {
  const std::int64_t first = floor_to(floor_to(range.from.value, 1000) / 1000, step.seconds);
  const std::int64_t end = -floor_to(-range.to.value, 1000) / 1000;
  return {&step, first, end, (end - first + step.seconds - 1) / step.seconds};
}

Result<Grid> choose_step(const std::optional<std::string>& wanted, const TimeRange& range, UnixMillis now) {
  if (wanted) {
    const Step* step = step_named(*wanted);
    if (step == nullptr)
      return bad_parameter("step", "expected one of 1s, 10s, 1m, 5m, 1h, 1d; got \"" + wanted->substr(0, 40) + '"');
    if (!is_kept(step->stored, range.from, now)) {
      return bad_parameter(
          "step", fmt::format("buckets of {} are kept for {} days, and `from` is before that; take a coarser step",
                              step->name, (step->stored == 1 ? kSecondsKept : kMinutesKept) / 86'400));
    }
    const Grid made = grid(*step, range);
    if (made.points > kMostPoints) {
      return bad_parameter(
          "step", fmt::format("{} points from `from` to `to`, and at most {} are given; take a coarser step or a "
                              "shorter range",
                              made.points, kMostPoints));
    }
    return made;
  }
  for (const Step& step : steps()) {
    const Grid made = grid(step, range);
    if (made.points <= kDefaultPoints && is_kept(step.stored, range.from, now)) return made;
  }
  const Grid coarsest = grid(steps().back(), range);
  if (coarsest.points > kMostPoints) {
    return bad_parameter("from", fmt::format("even days are {} points up to `to`, and at most {} are given",
                                             coarsest.points, kMostPoints));
  }
  return coarsest;
}

std::string join(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::string_view name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

/// One number a bucket, as JSON text would have it.
struct Cell {
  double part = 0, whole = 0;
  std::uint64_t count = 0;
  bool set = false;
};

void append_value(std::string& out, const MetricInfo& metric, const Cell& cell) {
  switch (metric.kind) {
    case MetricKind::kCount: fmt::format_to(std::back_inserter(out), "{}", cell.count); return;
    case MetricKind::kUnique:
      if (cell.count == 0) break;
      fmt::format_to(std::back_inserter(out), "{}", cell.count);
      return;
    case MetricKind::kQuantile:
      if (!cell.set || !std::isfinite(cell.part)) break;
      fmt::format_to(std::back_inserter(out), "{}", cell.part);
      return;
    case MetricKind::kRatio:
    case MetricKind::kTopShare:
      if (cell.whole <= 0) break;
      fmt::format_to(std::back_inserter(out), "{:.6g}", std::min(1.0, cell.part / cell.whole));
      return;
  }
  out += "null";
}

struct Line {
  std::optional<std::string> key;  // none: the total
  double weight = 0;
  std::vector<Cell> cells;
};

/// The columns that answer a metric: always three (part, whole, count), so that one reader fits all.
std::string columns(const MetricInfo& metric) {
  switch (metric.kind) {
    case MetricKind::kCount: return fmt::format("0., 0., sum({})", metric.rollup_part);
    case MetricKind::kRatio:
      return fmt::format("toFloat64(sum({})), toFloat64(sum({})), toUInt64(0)", metric.rollup_part,
                         metric.rollup_whole);
    case MetricKind::kTopShare:
      return fmt::format("toFloat64({}), toFloat64(sum({})), toUInt64(0)", metric.rollup_part, metric.rollup_whole);
    case MetricKind::kQuantile:
      return fmt::format("toFloat64({}[{}]), 0., toUInt64(0)", metric.rollup_part, metric.rollup_whole);
    case MetricKind::kUnique: return fmt::format("0., 0., toUInt64({})", metric.rollup_part);
  }
  return {};
}

}  // namespace

std::string metrics_json() {
  std::string out = R"({"items":[)";
  for (const MetricInfo& metric : metrics()) {
    if (out.back() != '[') out += ',';
    out += R"({"name":)";
    append_json_string(out, metric.name);
    out += R"(,"label":)";
    append_json_string(out, metric.label);
    out += R"(,"unit":)";
    append_json_string(out, metric.unit);
    out += R"(,"by":[)";
    bool first = true;
    for (std::string_view name : series_dimensions(metric)) {
      if (!first) out += ',';
      first = false;
      append_json_string(out, name);
    }
    out += "]}";
  }
  out += R"(],"next_cursor":null})";
  return out;
}

Result<std::string> series_json(const QueryContext& context, const SeriesRequest& request) {
  const MetricInfo* metric = metric_named(request.metric);
  if (metric == nullptr)
    return bad_parameter("metric",
                         "there is none named \"" + request.metric.substr(0, 80) + "\"; /api/v1/metrics lists them");
  if (request.by) {
    const auto allowed = series_dimensions(*metric);
    if (std::ranges::find(allowed, *request.by) == allowed.end()) {
      return bad_parameter(
          "by", fmt::format("\"{}\" cannot be told apart for {}; {}", request.by->substr(0, 80), metric->name,
                            allowed.empty() ? "it has no dimensions" : "it has " + join(allowed)));
    }
  }
  const UnixMillis now = context.clock.now();
  WEIR_TRY_ASSIGN(const TimeRange range, parse_range(request.from, request.to, now));
  WEIR_TRY_ASSIGN(const Grid grid, choose_step(request.step, range, now));

  Statement ask;
  const std::string dimension = ask.text(request.by.value_or(""));
  std::string rows = fmt::format("FROM rollups WHERE dimension = {} AND (", dimension);
  bool first = true;
  for (const Segment& segment : cover(grid.first, std::max(grid.end, grid.first + 1), grid.step->stored, now)) {
    if (!first) rows += " OR ";
    first = false;
    rows += fmt::format("(step = {} AND time >= {} AND time < {})", segment.stored, ask.seconds(segment.from),
                        ask.seconds(segment.to));
  }
  rows += ')';
  const std::string bucket = fmt::format("toUInt32(intDiv(toUInt32(time), {0}) * {0}) AS bucket", grid.step->seconds);
  if (request.by) {
    // Which keys are named is decided over the whole range; the rest is summed within the store, so that however many keys
    // there are the answer stays small.
    const std::string_view weight = metric->kind == MetricKind::kRatio ? metric->rollup_whole : metric->rollup_part;
    const std::string other = ask.text(kOther);
    ask += fmt::format(
        "WITH (SELECT groupArray(key) FROM (SELECT key, sum({0}) AS weight {1} AND key != {2} GROUP BY key HAVING "
        "weight > 0 "
        "ORDER BY weight DESC, key LIMIT {3})) AS named "
        "SELECT {4}, if(has(named, key), key, {2}) AS name, {5} {1} AND ({0}) > 0 GROUP BY bucket, name ORDER BY "
        "bucket",
        weight, rows, other, kSeriesKeys, bucket, columns(*metric));
  } else {
    ask += fmt::format("SELECT {}, '' AS name, {} {} GROUP BY bucket ORDER BY bucket", bucket, columns(*metric), rows);
  }
  WEIR_TRY_ASSIGN(const std::string answer, ask.ask(context));

  std::map<std::string, Line, std::less<>> lines;
  const auto line = [&](std::string_view key) -> Line& {
    auto found = lines.find(key);
    if (found == lines.end()) {
      found = lines.emplace(std::string(key), Line{}).first;
      if (request.by) found->second.key = std::string(key);
      found->second.cells.resize(static_cast<std::size_t>(grid.points));
    }
    return found->second;
  };
  if (!request.by) line("");
  RowReader reader(answer);
  while (reader.more()) {
    const std::int64_t bucket_start = reader.u32();
    Line& to = line(reader.text());
    const Cell cell{reader.f64(), reader.f64(), reader.u64(), true};
    const std::int64_t at = (bucket_start - grid.first) / grid.step->seconds;
    if (bucket_start < grid.first || at >= grid.points) continue;
    to.cells[static_cast<std::size_t>(at)] = cell;
    to.weight += metric->kind == MetricKind::kCount ? static_cast<double>(cell.count) : cell.whole;
  }
  if (reader.broken()) return fail(Code::kInternal, "The store's answer for a series could not be read.");

  std::vector<const Line*> ordered;
  ordered.reserve(lines.size());
  for (const auto& [key, one] : lines) ordered.push_back(&one);
  std::ranges::sort(ordered, [](const Line* a, const Line* b) {
    const bool other_a = a->key == kOther, other_b = b->key == kOther;
    if (other_a != other_b) return other_b;
    return a->weight != b->weight ? a->weight > b->weight : a->key < b->key;
  });

  std::vector<std::string> times;
  times.reserve(static_cast<std::size_t>(grid.points));
  for (std::int64_t i = 0; i < grid.points; ++i)
    times.push_back(format_rfc3339(UnixMillis((grid.first + i * grid.step->seconds) * 1000)));
  std::string out;
  out.reserve(256 + ordered.size() * times.size() * 36);
  out += R"({"metric":)";
  append_json_string(out, metric->name);
  out += R"(,"unit":)";
  append_json_string(out, metric->unit);
  fmt::format_to(std::back_inserter(out), R"(,"step":"{}","from":"{}","to":"{}","series":[)", grid.step->name,
                 format_rfc3339(UnixMillis(grid.first * 1000)), format_rfc3339(range.to));
  for (const Line* one : ordered) {
    if (one != ordered.front()) out += ',';
    out += R"({"key":)";
    if (one->key) {
      append_json_string(out, *one->key);
    } else {
      out += "null";
    }
    out += R"(,"points":[)";
    for (std::size_t i = 0; i < times.size(); ++i) {
      if (i != 0) out += ',';
      out += "[\"";
      out += times[i];
      out += "\",";
      append_value(out, *metric, one->cells[i]);
      out += ']';
    }
    out += "]}";
  }
  out += "]}";
  return out;
}

}  // namespace weir

#include "queries/overview.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/json_text.h"
#include "queries/row_reader.h"

namespace weir {

namespace {

void append_number(std::string& out, const std::optional<double>& value) {
  if (value && std::isfinite(*value)) {
    fmt::format_to(std::back_inserter(out), "{:.6g}", *value);
  } else {
    out += "null";
  }
}

}  // namespace

std::string overview_json(const OverviewView& view, std::string_view findings) {
  std::string out;
  out.reserve(8192 + findings.size());
  fmt::format_to(std::back_inserter(out), R"({{"state":"{}","sentence":)", name_of(view.state));
  append_json_string(out, view.sentence);
  out += R"(,"tiles":[)";
  for (const OverviewTile& tile : view.tiles) {
    if (out.back() != '[') out += ',';
    fmt::format_to(std::back_inserter(out), R"({{"metric":"{}","label":)", tile.metric);
    append_json_string(out, tile.label);
    out += R"(,"value":)";
    append_number(out, tile.value);
    fmt::format_to(std::back_inserter(out), R"(,"unit":"{}","baseline":)", tile.unit);
    append_number(out, tile.baseline);
    out += R"(,"change":)";
    append_number(out, tile.change);
    out += R"(,"sparkline":[)";
    for (const auto& value : tile.sparkline) {
      if (out.back() != '[') out += ',';
      append_number(out, value);
    }
    out += "]}";
  }
  out += R"(],"findings":)";
  out += findings;
  out += '}';
  return out;
}

OverviewSource::OverviewSource(const QueryContext& context, std::function<std::string()> findings)
    : context_(context), findings_(std::move(findings)) {}

Status OverviewSource::refresh(UnixMillis now) {
  const std::int64_t running = now.value / 1000;
  std::int64_t from = running - OverviewModel::kMemory - OverviewModel::kRevise;
  if (read_up_to_) from = std::clamp(*read_up_to_ - OverviewModel::kRevise, from, running);

  Statement ask("SELECT toUInt32(time)");
  for (std::string_view column : kCountColumns) {
    ask += ", sum(";
    ask += column;
    ask += ")";
  }
  // A second in which nothing came in time was not lived through: Weir was not running, and only stragglers tell of it. It must
  // not teach what is usual.
  ask += fmt::format(
      " FROM rollups WHERE step = 1 AND dimension = '' AND time >= {} AND time < {} GROUP BY time HAVING sum(events) > "
      "sum(events_late)",
      ask.seconds(from), ask.seconds(running + 1));
  // One thread: the few rows are read faster than threads are started.
  WEIR_TRY_ASSIGN(const std::string answer, ask.ask(context_, {.time = std::chrono::seconds(5), .threads = 1}));
  RowReader reader(answer);
  std::vector<SecondCounts> seconds;
  while (reader.more()) {
    SecondCounts one{.second = reader.u32()};
    for (std::uint64_t& count : one.counts) count = reader.u64();
    seconds.push_back(one);
  }
  if (reader.broken()) return fail(Code::kInternal, "The store's answer for the overview could not be read.");
  for (const SecondCounts& one : seconds) model_.put(one);
  model_.advance(now);
  read_up_to_ = running;
  return {};
}

Result<std::string> OverviewSource::json(std::chrono::milliseconds max_age) {
  std::lock_guard lock(mutex_);
  const auto steady = context_.clock.steady();
  if (json_ && steady - made_ <= max_age) return *json_;
  const UnixMillis now = context_.clock.now();
  WEIR_TRY(refresh(now));
  json_ = overview_json(model_.view(now), findings_());
  made_ = steady;
  return *json_;
}

}  // namespace weir

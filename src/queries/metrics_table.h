// What can be measured, said once: each metric's name, words, unit, and how it follows from the rollups and from raw events.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/event_type.h"

namespace weir {

enum class MetricKind {
  kCount,     // events in a bucket; 0 where there are none
  kRatio,     // part ÷ whole, 0–1; null where there is no whole
  kQuantile,  // of latency_ms; null where none was measured
  kUnique,    // distinct values, estimated (uniqCombined(12), standard error 1.6 %); null where there are none
  kTopShare,  // events of the ten busiest addresses ÷ events with an address; null where there are none
};

/// Two SQL expressions for each source of numbers. A count has only a part.
/// On rollups the texts stand inside an aggregate of their kind: sums for counts and ratios (`part` and `whole` are sums of
/// columns), a merge of states for the others. On raw events `where` picks the events that matter (the whole of a ratio),
/// `part` is a condition on them.
struct MetricInfo {
  std::string_view name, label, unit;  // unit: `events`, `ratio`, `ms`, `addresses`, `accounts`
  MetricKind kind;
  std::string_view rollup_part, rollup_whole;
  std::string_view raw_where, raw_part;
  std::optional<EventType> only;  // the one type of event that it counts
  bool by_arrival = false;        // counted when it arrived, and by no dimension
};

std::span<const MetricInfo> metrics();
const MetricInfo* metric_named(std::string_view name);

/// Something that events can be grouped by.
struct DimensionInfo {
  std::string_view name;       // also the column of `events`
  bool rolled_up;              // the rollups have it; the others are answered from raw events
  std::optional<Field> field;  // none: an attribute that every event has (`type`, `source`)
  std::string_view raw_key;    // SQL: its value as text, '' where an event has none
};

std::span<const DimensionInfo> dimensions();
const DimensionInfo* dimension_named(std::string_view name);

/// The dimensions that `by` of a series takes for this metric: those which the rollups keep and which its events can have.
std::vector<std::string_view> series_dimensions(const MetricInfo& metric);

/// The key under which the worker and the answers put what is too much to be told apart.
inline constexpr std::string_view kOther = "(other)";

}  // namespace weir

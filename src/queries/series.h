// Numbers over time: GET /api/v1/series, and the list of what can be asked: GET /api/v1/metrics.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "queries/ask.h"

namespace weir {

/// {"items":[{"name","label","unit","by":[…]}],"next_cursor":null}
std::string metrics_json();

/// As given in the URL; left out stays empty.
struct SeriesRequest {
  std::string metric;
  std::optional<std::string> from, to, step, by;
};

inline constexpr std::int64_t kMostPoints = 11'000;
inline constexpr std::int64_t kDefaultPoints = 500;
inline constexpr std::size_t kSeriesKeys = 20;

/// Contract 4, `series`. Always from rollups: buckets of 1 s, 1 min and 1 h are stored, the other steps are sums of those.
/// The last bucket holds what lies before `to`, as finely as seconds are kept.
/// `by`: the 20 keys with the most over the range (for a ratio: of its whole, so that a key with one event is none of them),
/// then "(other)" when there are more. Keys with nothing are left out.
/// Errors: kInvalid names the parameter; else those of Statement::ask.
Result<std::string> series_json(const QueryContext& context, const SeriesRequest& request);

}  // namespace weir

// Who and what stands out: GET /api/v1/top.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "queries/ask.h"

namespace weir {

struct TopRequest {
  std::string dimension, metric;
  std::optional<std::string> from, to;
  std::size_t limit = 10;                   // 1–1000, checked by the caller
  std::uint64_t most_counted = 20'000'000;  // raw events, which takes a second or so; tests make it small
};

/// Contract 4, `top`: by value, then key; absent keys and keys with nothing are left out; `share` of all events that the metric
/// counts in the range, with or without a key, null for ratios, quantiles and uniques.
/// Counts and ratios by a dimension that the rollups keep are answered from those, to the second (`from` is rounded down, `to`
/// up); everything else from raw events, to the millisecond.
/// Counts and ratios of more than `most_counted` raw events are taken from a part of them, 64 evenly spread slices of time, and
/// scaled up; `sampled` then says how large a part that was.
/// Errors: kInvalid names the parameter; else those of Statement::ask.
Result<std::string> top_json(const QueryContext& context, const TopRequest& request);

}  // namespace weir

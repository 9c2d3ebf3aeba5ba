// Can these numbers be trusted?: GET /api/v1/quality.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "queries/ask.h"

namespace weir {

/// From arrival to queryable, of the last 24 h, as the worker has measured it; nothing where nothing was.
struct QualityFreshness {
  std::optional<double> p50_ms, p95_ms, p99_ms;
};

struct QualityInputs {
  QualityFreshness freshness;
  std::vector<std::string> warnings;  // sentences for people
};

/// What the score is made of, all 0–1.
struct QualityRatios {
  double rejected = 0, duplicate = 0, late = 0;
};

/// 0 (nothing can be trusted) to 100. Starts at 100, less:
///   up to 40 for rejects, all of it when a tenth of what was received is rejected;
///   up to 20 for events that come more than a minute late, all of it at a fifth;
///   up to 20 for freshness: none at a p95 of 250 ms or less, all of it at 10 s, by its logarithm;
///   up to 10 for duplicates, all of it at a fifth;
///   5 a warning, 10 at most.
/// A field that is optional may be missing: that costs nothing.
int quality_score(const QualityRatios& ratios, const QualityFreshness& freshness, std::size_t warnings);

/// Contract 4, `quality`: of the last 24 h, to the minute. Rejects, duplicates and late events are counted by arrival. Types, and with them
/// what ratios are ratios of, are counted by event time, as the rollups are; the two differ by what was more than a day late.
/// `per_second` is that of the last 60 s. Beyond 500 kinds of rejects (reason, field, source), the rarer ones show
/// with the source "(other)".
Result<std::string> quality_json(const QueryContext& context, const QualityInputs& inputs);

}  // namespace weir

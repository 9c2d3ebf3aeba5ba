// One user, address, network, country, email domain or device: GET /api/v1/entities/{kind}/{id}.
#pragma once

#include <string>

#include "base/status.h"
#include "queries/ask.h"

namespace weir {

/// Contract 4, `entities`. `timeline` is 24 hours by the hour, up to now, or up to when it was last seen when that is longer
/// ago; `linked` are the five other things of each kind that share most of its newest 100,000 events. Risk and findings are empty
/// until there is detection.
/// Reads raw events: all of them when that takes less than three seconds, else those of the last 24 hours (first_seen and
/// counts are then of those).
/// kNotFound: no such kind, or never seen. Else the errors of Statement::ask.
Result<std::string> entity_json(const QueryContext& context, const std::string& kind, const std::string& id);

}  // namespace weir

// One user, address, network, country, email domain or device: GET /api/v1/entities/{kind}/{id}.
#pragma once

#include <string>

#include "base/status.h"
#include "queries/ask.h"
#include "queries/stretches.h"

namespace weir {

/// Contract 4, `entities`. `timeline` is 24 hours by the hour, up to now, or up to when it was last seen when that is longer
/// ago; `linked` are the five other things of each kind that share most of its newest 20,000 events. Risk and findings are empty
/// until there is detection.
/// Counts raw events from the newest backwards, as far as it gets in a second and a half (six when it was not seen yet).
/// `counted_back_to` says how far that was, and that first_seen and counts are of the events since then; null: of all.
/// `first_stretch`: events that are looked at first; tests make it small.
/// kNotFound: no such kind, or never seen. Else the errors of Statement::ask.
Result<std::string> entity_json(const QueryContext& context, const std::string& kind, const std::string& id,
                                std::uint64_t first_stretch = Pace::kFirst);

}  // namespace weir

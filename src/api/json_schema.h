// JSON Schemas (draft 2020-12) of the events, made from the table in event/event_type.h.
#pragma once

#include <string>
#include <vector>

#include "api/routes.h"
#include "event/event_type.h"

namespace weir {

/// Indented, with a line break at the end: what stands in schemas/ and is served below /schemas.
std::string event_schema(EventType type);

/// GET /schemas/{type}.json
std::vector<Route> schema_routes();

}  // namespace weir

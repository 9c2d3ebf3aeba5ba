// POST /api/v1/events and /api/v1/events/validate.
#pragma once

#include <vector>

#include "api/routes.h"
#include "event/decoder.h"
#include "ports/log.h"

namespace weir {

/// Everything must outlive the routes. Large and compressed bodies are taken apart on `work`.
std::vector<Route> ingest_routes(LogAppender& log, TaskPool& work, Metrics& metrics, DecodeLimits limits);

}  // namespace weir

// Routes that ask the tables: metrics, series, top, events, rejects, quality, overview, search, entities.
#pragma once

#include <functional>
#include <vector>

#include "api/routes.h"
#include "queries/overview.h"
#include "queries/quality.h"

namespace weir {

struct QueryRoutes {
  QueryContext context;
  /// Shared with the live stream, which sends what it makes.
  OverviewSource& overview;
  /// What the worker knows about the quality of data; called at each request.
  std::function<QualityInputs()> quality;
};

/// Everything that `from` refers to must outlive the routes.
std::vector<Route> query_routes(const QueryRoutes& from);

}  // namespace weir

// What describes the API: OpenAPI 3.1 and a page for people, both made from the table of routes.
#pragma once

#include <string>
#include <vector>

#include "api/routes.h"

namespace weir {

/// The table as OpenAPI 3.1, JSON.
std::string openapi_document(const RouteTable& table);

/// GET /openapi.json, /docs and its style sheet. `table` must outlive the routes; it may still grow when they are added to it.
std::vector<Route> openapi_routes(const RouteTable& table);

}  // namespace weir

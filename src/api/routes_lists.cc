#include "api/routes_lists.h"

#include "api/problem.h"

namespace weir {
namespace {

HttpResponse empty_list(const RouteRequest& request) {
  // No answer has ever given a cursor, so none can be right.
  if (request.query.has("cursor")) {
    return problem({.status = 400,
                    .detail = "The parameter 'cursor' is not one that an answer gave as next_cursor.",
                    .parameter = "cursor"});
  }
  return json_response(R"({"items":[],"next_cursor":null})");
}

HttpResponse no_such_finding(const RouteRequest&) {
  return problem({.status = 404, .detail = "There is no finding with this id."});
}

}  // namespace

std::vector<Route> empty_list_routes() {
  std::vector<Route> routes;
  routes.push_back({.method = "GET",
                    .path = "/api/v1/findings",
                    .summary = "Findings: attack episodes, newest first.",
                    .query = {{.name = "status",
                               .type = ParamType::kChoice,
                               .repeated = true,
                               .choices = {"new", "in_progress", "resolved", "suppressed"}},
                              {.name = "level",
                               .type = ParamType::kChoice,
                               .repeated = true,
                               .choices = {"informational", "low", "medium", "high", "critical"}},
                              {.name = "rule", .description = "Id of a rule.", .repeated = true},
                              {.name = "entity", .description = "kind:id", .repeated = true},
                              {.name = "from", .type = ParamType::kTime},
                              {.name = "to", .type = ParamType::kTime},
                              limit_param(),
                              cursor_param()},
                    .answer = empty_list});
  routes.push_back(
      {.method = "GET", .path = "/api/v1/findings/{id}", .summary = "One finding.", .answer = no_such_finding});
  routes.push_back({.method = "PATCH",
                    .path = "/api/v1/findings/{id}",
                    .summary = "People's work on a finding.",
                    .scope = Scope::kWrite,
                    .answer = no_such_finding,
                    .consumes = {"application/json"}});
  routes.push_back({.method = "GET",
                    .path = "/api/v1/findings/{id}/events",
                    .summary = "The evidence of a finding, as events.",
                    .query = {limit_param(), cursor_param()},
                    .answer = no_such_finding});
  routes.push_back({.method = "GET",
                    .path = "/api/v1/rules",
                    .summary = "The rules in force.",
                    .query = {limit_param(), cursor_param()},
                    .answer = empty_list});
  return routes;
}

}  // namespace weir

#include "api/routes_queries.h"

#include "api/problem.h"
#include "queries/entity.h"
#include "queries/lists.h"
#include "queries/metrics_table.h"
#include "queries/search.h"
#include "queries/series.h"
#include "queries/time_range.h"
#include "queries/top.h"

namespace weir {

namespace {

HttpResponse respond(Result<std::string> answer) {
  if (!answer) return problem(answer.error());
  return json_response(*std::move(answer));
}

std::optional<std::string> given(const Params& query, std::string_view name) {
  if (!query.has(name)) return std::nullopt;
  return query.text(name);
}

std::vector<Param> bounds() {
  return {{.name = "from",
           .type = ParamType::kTime,
           .description = "Begin, inclusive: RFC 3339, `now`, or `now-15m`, `now-2h`, `now-7d`."},
          {.name = "to", .type = ParamType::kTime, .description = "End, exclusive; written as `from`."}};
}

ListRequest list_request(const Params& query, std::span<const std::string_view> filters) {
  ListRequest request{.from = given(query, "from"),
                      .to = given(query, "to"),
                      .cursor = given(query, "cursor"),
                      .limit = static_cast<std::size_t>(query.integer("limit").value_or(100))};
  for (const std::string_view name : filters) {
    for (const std::string& value : query.all(name)) request.filters.emplace_back(name, value);
  }
  return request;
}

std::vector<Param> list_params(std::span<const std::string_view> filters) {
  std::vector<Param> params = bounds();
  params.push_back(limit_param());
  params.push_back(cursor_param());
  for (const std::string_view name : filters) {
    params.push_back(
        {.name = std::string(name), .description = "Exact; given several times, one of them.", .repeated = true});
  }
  return params;
}

constexpr const char* kListSchema =
    R"({"type":"object","required":["items","next_cursor"],"properties":{"items":{"type":"array","items":{"type":"object"}},"next_cursor":{"type":["string","null"]}}})";

Route metrics_route() {
  return {
      .method = "GET",
      .path = "/api/v1/metrics",
      .summary = "What can be measured, and by which dimensions.",
      .answer = [](const RouteRequest&) { return json_response(metrics_json()); },
      .schema =
          R"({"type":"object","required":["items","next_cursor"],"properties":{"items":{"type":"array","items":{"type":"object","required":["name","label","unit","by"],"properties":{"name":{"type":"string"},"label":{"type":"string"},"unit":{"type":"string"},"by":{"type":"array","items":{"type":"string"}}}}},"next_cursor":{"type":"null"}}})"};
}

Route series_route(const QueryContext& context) {
  std::vector<std::string> names;
  for (const Step& step : steps()) names.emplace_back(step.name);
  std::vector<Param> params = bounds();
  params.push_back({.name = "metric", .description = "One of /api/v1/metrics.", .required = true});
  params.push_back({.name = "step",
                    .type = ParamType::kChoice,
                    .description = "Width of a bucket; the finest that gives at most 500 points when left out.",
                    .choices = names});
  params.push_back(
      {.name = "by", .description = "A dimension of the metric: one series for each of its 20 largest keys."});
  return {
      .method = "GET",
      .path = "/api/v1/series",
      .summary = "A metric over time, the last hour when nothing else is asked for.",
      .query = std::move(params),
      .run = Run::kQuery,
      .answer =
          [context](const RouteRequest& request) {
            const Params& query = request.query;
            return respond(series_json(context, {.metric = query.text("metric"),
                                                 .from = given(query, "from"),
                                                 .to = given(query, "to"),
                                                 .step = given(query, "step"),
                                                 .by = given(query, "by")}));
          },
      .schema =
          R"({"type":"object","required":["metric","unit","step","from","to","series"],"properties":{"metric":{"type":"string"},"unit":{"type":"string"},"step":{"type":"string"},"from":{"type":"string","format":"date-time"},"to":{"type":"string","format":"date-time"},"series":{"type":"array","items":{"type":"object","required":["key","points"],"properties":{"key":{"type":["string","null"]},"points":{"type":"array","items":{"type":"array","prefixItems":[{"type":"string","format":"date-time"},{"type":["number","null"]}]}}}}}}})"};
}

Route top_route(const QueryContext& context) {
  std::vector<std::string> names;
  for (const DimensionInfo& dimension : dimensions()) names.emplace_back(dimension.name);
  std::vector<Param> params = bounds();
  params.push_back({.name = "dimension",
                    .type = ParamType::kChoice,
                    .description = "What to group by.",
                    .required = true,
                    .choices = names});
  params.push_back({.name = "metric", .description = "One of /api/v1/metrics.", .required = true});
  params.push_back(limit_param(10));
  return {
      .method = "GET",
      .path = "/api/v1/top",
      .summary = "The keys of a dimension with the most of a metric, in the last hour when nothing else is asked for.",
      .query = std::move(params),
      .run = Run::kQuery,
      .answer =
          [context](const RouteRequest& request) {
            const Params& query = request.query;
            return respond(top_json(context, {.dimension = query.text("dimension"),
                                              .metric = query.text("metric"),
                                              .from = given(query, "from"),
                                              .to = given(query, "to"),
                                              .limit = static_cast<std::size_t>(query.integer("limit").value_or(10))}));
          },
      .schema =
          R"({"type":"object","required":["items"],"properties":{"items":{"type":"array","items":{"type":"object","required":["key","value","share"],"properties":{"key":{"type":"string"},"value":{"type":"number"},"share":{"type":["number","null"]}}}}}})"};
}

Route search_route(const QueryContext& context) {
  std::vector<Param> params = bounds();
  params.push_back({.name = "q",
                    .description = "Words, and `field:value` to narrow; the last word may be unfinished.",
                    .required = true});
  params.push_back({.name = "kind",
                    .type = ParamType::kChoice,
                    .description = "Only things of this kind.",
                    .choices = {"event", "finding", "rule", "user", "ip", "asn", "country", "email_domain", "device"}});
  params.push_back(limit_param(20));
  return {
      .method = "GET",
      .path = "/api/v1/search",
      .summary = "Users, addresses, networks, countries, email domains, devices and events, by words.",
      .query = std::move(params),
      .run = Run::kQuery,
      .answer =
          [context](const RouteRequest& request) {
            const Params& query = request.query;
            return respond(
                search_json(context, {.text = query.text("q"),
                                      .kind = given(query, "kind"),
                                      .from = given(query, "from"),
                                      .to = given(query, "to"),
                                      .limit = static_cast<std::size_t>(query.integer("limit").value_or(20))}));
          },
      .schema =
          R"({"type":"object","required":["query","hits","facets","took_ms"],"properties":{"query":{"type":"string"},"hits":{"type":"array","items":{"type":"object","required":["kind","id","title","snippet","highlights","score","time"],"properties":{"kind":{"type":"string"},"id":{"type":"string"},"title":{"type":"string"},"snippet":{"type":"string"},"highlights":{"type":"array"},"score":{"type":"number"},"time":{"type":"string","format":"date-time"}}}},"facets":{"type":"object"},"took_ms":{"type":"integer"}}})"};
}

Route entity_route(const QueryContext& context) {
  return {
      .method = "GET",
      .path = "/api/v1/entities/{kind}/{id}",
      .summary =
          "One user, ip, asn, country, email_domain or device: when it was seen, what it did, what it is linked with.",
      .run = Run::kQuery,
      .answer =
          [context](const RouteRequest& request) {
            return respond(entity_json(context, request.path.at(0), request.path.at(1)));
          },
      .schema =
          R"({"type":"object","required":["kind","id","risk","first_seen","last_seen","counts","timeline","linked","findings"],"properties":{"kind":{"type":"string"},"id":{"type":"string"},"risk":{"type":"object"},"first_seen":{"type":"string","format":"date-time"},"last_seen":{"type":"string","format":"date-time"},"counts":{"type":"object"},"timeline":{"type":"array"},"linked":{"type":"array"},"findings":{"type":"array"}}})"};
}

}  // namespace

std::vector<Route> query_routes(const QueryRoutes& from) {
  const QueryContext context = from.context;
  std::vector<Route> routes;
  routes.push_back(metrics_route());
  routes.push_back(series_route(context));
  routes.push_back(top_route(context));
  routes.push_back({.method = "GET",
                    .path = "/api/v1/events",
                    .summary = "Events, newest first, as CloudEvents.",
                    .query = list_params(event_filters()),
                    .run = Run::kQuery,
                    .answer =
                        [context](const RouteRequest& request) {
                          return respond(events_json(context, list_request(request.query, event_filters())));
                        },
                    .schema = kListSchema});
  routes.push_back({.method = "GET",
                    .path = "/api/v1/rejects",
                    .summary = "Rejected events, newest arrival first, with their raw bytes and the reason.",
                    .query = list_params(reject_filters()),
                    .run = Run::kQuery,
                    .answer =
                        [context](const RouteRequest& request) {
                          return respond(rejects_json(context, list_request(request.query, reject_filters())));
                        },
                    .schema = kListSchema});
  routes.push_back(
      {.method = "GET",
       .path = "/api/v1/quality",
       .summary = "How far the data of the last 24 hours can be trusted.",
       .run = Run::kQuery,
       .answer = [context,
                  inputs = from.quality](const RouteRequest&) { return respond(quality_json(context, inputs())); },
       .schema =
           R"({"type":"object","required":["score","freshness_ms","duplicates","rejects","late","missing_optional","types","warnings"],"properties":{"score":{"type":"integer","minimum":0,"maximum":100},"freshness_ms":{"type":"object"},"duplicates":{"type":"object"},"rejects":{"type":"array"},"late":{"type":"object"},"missing_optional":{"type":"array"},"types":{"type":"array"},"warnings":{"type":"array","items":{"type":"string"}}}})"});
  routes.push_back(
      {.method = "GET",
       .path = "/api/v1/overview",
       .summary = "Is something wrong? State, one sentence, tiles and open findings.",
       .run = Run::kQuery,
       .answer = [&overview = from.overview](const RouteRequest&) { return respond(overview.json()); },
       .schema =
           R"({"type":"object","required":["state","sentence","tiles","findings"],"properties":{"state":{"enum":["normal","elevated","attack"]},"sentence":{"type":"string"},"tiles":{"type":"array","items":{"type":"object","required":["metric","label","value","unit","baseline","change","sparkline"],"properties":{"metric":{"type":"string"},"label":{"type":"string"},"value":{"type":["number","null"]},"unit":{"type":"string"},"baseline":{"type":["number","null"]},"change":{"type":["number","null"]},"sparkline":{"type":"array","minItems":60,"maxItems":60,"items":{"type":["number","null"]}}}}},"findings":{"type":"array"}}})"});
  routes.push_back(search_route(context));
  routes.push_back(entity_route(context));
  return routes;
}

}  // namespace weir

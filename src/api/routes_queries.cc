#include "api/routes_queries.h"

#include "api/problem.h"
#include "queries/entity.h"
#include "queries/lists.h"
#include "queries/metrics_table.h"
#include "queries/reject_groups.h"
#include "queries/search.h"
#include "queries/series.h"
#include "queries/shared_answers.h"
#include "queries/time_range.h"
#include "queries/top.h"

namespace weir {

namespace {

using std::chrono::milliseconds;

HttpResponse respond(const Result<std::string>& answer) {
  if (!answer) return problem(answer.error());
  return json_response(*answer);
}

// How old an answer may be that is given to the next who asks the same. Lists are never old: who has just sent an event
// must find it there. A stretch of time that is over changes by late events alone.
constexpr milliseconds kLists{0}, kFound{1000}, kCounts{2000}, kPast{60'000};
constexpr std::int64_t kOverFor = 30'000;

using Answers = std::shared_ptr<SharedAnswers>;
using MaxAge = std::function<milliseconds(const RouteRequest&)>;

MaxAge always(milliseconds age) {
  return [age](const RouteRequest&) { return age; };
}

milliseconds age_of_range(const RouteRequest& request) {
  if (!request.query.has("to")) return kCounts;
  const auto to = request.query.time("to");
  return to && request.now - *to > kOverFor ? kPast : kCounts;
}

/// Answers all who ask the same at the same time by one computation.
Route::Later shared(const Answers& answers, MaxAge max_age,
                    std::function<Result<std::string>(const RouteRequest&)> make) {
  return [answers, max_age = std::move(max_age), make = std::move(make)](const std::shared_ptr<RouteRequest>& request,
                                                                         const HttpReply& reply) {
    answers->ask(
        request->http->path + '?' + request->http->query, max_age(*request), [&] { return make(*request); },
        [reply](const SharedAnswers::Answer& answer) { reply.send(respond(*answer)); });
  };
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

constexpr const char* kRejectsSchema =
    R"({"type":"object","required":["items","next_cursor"],"properties":{"items":{"type":"array","items":{"type":"object","required":["received_at","reason","field","message","source","id","type","raw","cut","partition","offset"],"properties":{"received_at":{"type":"string","format":"date-time"},"reason":{"type":"string"},"field":{"type":"string"},"message":{"type":"string"},"source":{"type":"string"},"id":{"type":"string"},"type":{"type":"string"},"raw":{"type":"string","description":"The event as it came, its first 64 KiB; bytes that are no UTF-8 show as U+FFFD."},"raw_base64":{"type":"string","contentEncoding":"base64","description":"The exact bytes; only there when they are no UTF-8."},"cut":{"type":"boolean","description":"Bytes may be missing at the end."},"partition":{"type":"integer"},"offset":{"type":"integer"}}}},"next_cursor":{"type":["string","null"]}}})";

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

Route series_route(const QueryContext& context, const Answers& answers) {
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
      .later = shared(answers, age_of_range,
                      [context](const RouteRequest& request) {
                        const Params& query = request.query;
                        return series_json(context, {.metric = query.text("metric"),
                                                     .from = given(query, "from"),
                                                     .to = given(query, "to"),
                                                     .step = given(query, "step"),
                                                     .by = given(query, "by")});
                      }),
      .schema =
          R"({"type":"object","required":["metric","unit","step","from","to","series"],"properties":{"metric":{"type":"string"},"unit":{"type":"string"},"step":{"type":"string"},"from":{"type":"string","format":"date-time"},"to":{"type":"string","format":"date-time"},"series":{"type":"array","items":{"type":"object","required":["key","points"],"properties":{"key":{"type":["string","null"]},"points":{"type":"array","items":{"type":"array","prefixItems":[{"type":"string","format":"date-time"},{"type":["number","null"]}]}}}}}}})"};
}

Route top_route(const QueryContext& context, const Answers& answers) {
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
      .later = shared(answers, age_of_range,
                      [context](const RouteRequest& request) {
                        const Params& query = request.query;
                        return top_json(context,
                                        {.dimension = query.text("dimension"),
                                         .metric = query.text("metric"),
                                         .from = given(query, "from"),
                                         .to = given(query, "to"),
                                         .limit = static_cast<std::size_t>(query.integer("limit").value_or(10))});
                      }),
      .schema =
          R"({"type":"object","required":["items"],"properties":{"items":{"type":"array","items":{"type":"object","required":["key","value","share"],"properties":{"key":{"type":"string"},"value":{"type":"number"},"share":{"type":["number","null"]}}}}}})"};
}

Route rejects_route(const QueryContext& context, const Answers& answers) {
  return {.method = "GET",
          .path = "/api/v1/rejects",
          .summary = "Rejected events, newest arrival first, with their raw bytes and the reason.",
          .query = list_params(reject_filters()),
          .run = Run::kQuery,
          .later = shared(answers, always(kLists),
                          [context](const RouteRequest& request) {
                            return rejects_json(context, list_request(request.query, reject_filters()));
                          }),
          .schema = kRejectsSchema};
}

Route reject_groups_route(const QueryContext& context, const Answers& answers) {
  std::vector<Param> params = bounds();
  params.push_back(limit_param());
  return {
      .method = "GET",
      .path = "/api/v1/rejects/groups",
      .summary =
          "What was rejected by reason, field and source, the largest groups first; of the last 24 hours when nothing "
          "else is asked for.",
      .query = std::move(params),
      .run = Run::kQuery,
      .later = shared(answers, always(kFound),
                      [context](const RouteRequest& request) {
                        const Params& query = request.query;
                        return reject_groups_json(
                            context, {.from = given(query, "from"),
                                      .to = given(query, "to"),
                                      .limit = static_cast<std::size_t>(query.integer("limit").value_or(100))});
                      }),
      .schema =
          R"({"type":"object","required":["items","groups","rejects","from"],"properties":{"items":{"type":"array","items":{"type":"object","required":["reason","field","source","count","first_seen","last_seen","message"],"properties":{"reason":{"type":"string"},"field":{"type":"string"},"source":{"type":"string"},"count":{"type":"integer"},"first_seen":{"type":"string","format":"date-time"},"last_seen":{"type":"string","format":"date-time"},"message":{"type":"string","description":"The sentence of the newest one."}}}},"groups":{"type":"integer","description":"All there are, also those that limit leaves out."},"rejects":{"type":"integer","description":"In all groups."},"from":{"type":"string","format":"date-time"}}})"};
}

Route search_route(const QueryContext& context, const Answers& answers) {
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
      .later = shared(answers, always(kFound),
                      [context](const RouteRequest& request) {
                        const Params& query = request.query;
                        return search_json(context,
                                           {.text = query.text("q"),
                                            .kind = given(query, "kind"),
                                            .from = given(query, "from"),
                                            .to = given(query, "to"),
                                            .limit = static_cast<std::size_t>(query.integer("limit").value_or(20))});
                      }),
      .schema =
          R"({"type":"object","required":["query","hits","facets","took_ms","searched_back_to"],"properties":{"query":{"type":"string"},"hits":{"type":"array","items":{"type":"object","required":["kind","id","title","snippet","highlights","score","time"],"properties":{"kind":{"type":"string"},"id":{"type":"string"},"title":{"type":"string"},"snippet":{"type":"string"},"highlights":{"type":"array"},"score":{"type":"number"},"time":{"type":"string","format":"date-time"}}}},"facets":{"type":"object"},"took_ms":{"type":"integer"},"searched_back_to":{"type":["string","null"],"format":"date-time"}}})"};
}

Route entity_route(const QueryContext& context, const Answers& answers) {
  return {
      .method = "GET",
      .path = "/api/v1/entities/{kind}/{id}",
      .summary =
          "One user, ip, asn, country, email_domain or device: when it was seen, what it did, what it is linked with.",
      .run = Run::kQuery,
      .later = shared(answers, always(kFound),
                      [context](const RouteRequest& request) {
                        return entity_json(context, request.path.at(0), request.path.at(1));
                      }),
      .schema =
          R"({"type":"object","required":["kind","id","risk","first_seen","last_seen","counts","timeline","linked","findings","counted_back_to"],"properties":{"kind":{"type":"string"},"id":{"type":"string"},"risk":{"type":"object"},"first_seen":{"type":"string","format":"date-time"},"last_seen":{"type":"string","format":"date-time"},"counts":{"type":"object"},"timeline":{"type":"array"},"linked":{"type":"array"},"findings":{"type":"array"},"counted_back_to":{"type":["string","null"],"format":"date-time"}}})"};
}

}  // namespace

std::vector<Route> query_routes(const QueryRoutes& from) {
  const QueryContext context = from.context;
  const auto answers = std::make_shared<SharedAnswers>(context.clock);
  std::vector<Route> routes;
  routes.push_back(metrics_route());
  routes.push_back(series_route(context, answers));
  routes.push_back(top_route(context, answers));
  routes.push_back({.method = "GET",
                    .path = "/api/v1/events",
                    .summary = "Events, newest first, as CloudEvents.",
                    .query = list_params(event_filters()),
                    .run = Run::kQuery,
                    .later = shared(answers, always(kLists),
                                    [context](const RouteRequest& request) {
                                      return events_json(context, list_request(request.query, event_filters()));
                                    }),
                    .schema = kListSchema});
  routes.push_back(rejects_route(context, answers));
  routes.push_back(reject_groups_route(context, answers));
  routes.push_back(
      {.method = "GET",
       .path = "/api/v1/quality",
       .summary = "How far the data of the last 24 hours can be trusted. Among the warnings are hours, of any age, "
                  "whose rollups "
                  "differ from the rows of events.",
       .run = Run::kQuery,
       .later =
           shared(answers, always(kFound),
                  [context, inputs = from.quality](const RouteRequest&) { return quality_json(context, inputs()); }),
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
  routes.push_back(search_route(context, answers));
  routes.push_back(entity_route(context, answers));
  return routes;
}

}  // namespace weir

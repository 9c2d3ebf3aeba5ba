#include "api/routes_system.h"

#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "api/problem.h"
#include "base/json_text.h"
#include "base/version.h"

namespace weir {
namespace {

namespace json = boost::json;

constexpr double kMostRate = 10'000'000;

std::string_view name_of(Health health) {
  switch (health) {
    case Health::kOk: return "ok";
    case Health::kDegraded: return "degraded";
    case Health::kDown: return "down";
  }
  return "down";
}

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

HttpResponse ledger_response(LedgerSource& source) {
  const auto ledger = source.ledger();
  if (!ledger) return problem(ledger.error());
  return json_response(fmt::format(
      R"({{"received":{},"admitted":{},"duplicate":{},"rejected":{},"in_flight":{},"stored":{},"expired":{},"rolled_up":{},"balanced":{}}})",
      ledger->received, ledger->admitted, ledger->duplicate, ledger->rejected, ledger->in_flight, ledger->stored,
      ledger->expired, ledger->rolled_up, ledger->balanced()));
}

HttpResponse health_response(HealthSource& source) {
  Health worst = Health::kOk;
  std::string items;
  for (const ComponentHealth& one : source.components()) {
    worst = std::max(worst, one.health);
    items += fmt::format(R"({}{{"name":{},"engine":{},"status":"{}","latency_ms":{},"message":{}}})",
                         items.empty() ? "" : ",", quoted(one.name), quoted(one.engine), name_of(one.health),
                         one.latency_ms ? fmt::format("{:.3f}", *one.latency_ms) : "null", quoted(one.message));
  }
  return json_response(fmt::format(R"({{"status":"{}","version":"{}","uptime_s":{:.1f},"components":[{}]}})",
                                   name_of(worst), kVersion, source.uptime_seconds(), items));
}

HttpResponse simulation_response(const SimulationState& state, const std::vector<ScenarioText>& scenarios) {
  std::string items;
  for (const ScenarioText& one : scenarios) {
    items += fmt::format(R"({}{{"name":{},"label":{},"description":{}}})", items.empty() ? "" : ",", quoted(one.name),
                         quoted(one.label), quoted(one.description));
  }
  return json_response(fmt::format(R"({{"running":{},"rate":{},"attack":{},"scenarios":[{}]}})", state.running,
                                   state.rate, state.attack ? quoted(*state.attack) : "null", items));
}

HttpResponse unprocessable(std::string field, std::string detail) {
  return problem({.status = 422, .detail = std::move(detail), .field = std::move(field)});
}

HttpResponse change_simulation(SimulationControl& control, const RouteRequest& request) {
  json::error_code error;
  const std::string_view body = request.http->body.view();
  if (body.empty())
    return problem({.status = 400, .detail = "The body is empty. Send a JSON object such as {\"running\":true}."});
  const json::value value = json::parse(json::string_view(body.data(), body.size()), error);
  if (error) return problem({.status = 400, .detail = "The body is not JSON: " + error.message() + "."});
  if (!value.is_object()) return unprocessable("", "The body is to be a JSON object, such as {\"running\":true}.");
  const std::vector<ScenarioText> scenarios = control.scenarios();
  SimulationChange change;
  for (const auto& [key_text, part] : value.get_object()) {
    const std::string key(key_text.data(), key_text.size());
    if (key == "running") {
      if (!part.is_bool()) return unprocessable(key, "'running' is true or false.");
      change.running = part.get_bool();
    } else if (key == "rate") {
      double rate = -1;
      if (part.is_double()) rate = part.get_double();
      if (part.is_int64()) rate = static_cast<double>(part.get_int64());
      if (part.is_uint64()) rate = static_cast<double>(part.get_uint64());
      if (!(rate >= 0 && rate <= kMostRate)) {
        return unprocessable(key, fmt::format("'rate' is a number of events a second from 0 to {}.", kMostRate));
      }
      change.rate = rate;
    } else if (key == "attack") {
      if (part.is_null()) {
        change.attack.emplace(std::nullopt);
        continue;
      }
      std::string known;
      bool found = false;
      const std::string name = part.is_string() ? std::string(part.get_string().data(), part.get_string().size()) : "";
      for (const ScenarioText& one : scenarios) {
        known += ", " + one.name;
        found = found || (part.is_string() && one.name == name);
      }
      if (!found)
        return unprocessable(
            key, "'attack' is null or one of: " + known.substr(std::min<std::size_t>(2, known.size())) + ".");
      change.attack.emplace(name);
    } else {
      return unprocessable(key.substr(0, 200), "The body may have 'running', 'rate' and 'attack', and nothing else.");
    }
  }
  const auto state = control.change(change);
  if (!state) return problem(state.error());
  return simulation_response(*state, scenarios);
}

constexpr const char* kSimulationSchema =
    R"({"type":"object","required":["running","rate","attack","scenarios"],"properties":{"running":{"type":"boolean"},"rate":{"type":"number"},"attack":{"type":["string","null"]},"scenarios":{"type":"array","items":{"type":"object","required":["name","label","description"],"properties":{"name":{"type":"string"},"label":{"type":"string"},"description":{"type":"string"}}}}}})";

}  // namespace

std::vector<Route> system_routes(LedgerSource& ledger, HealthSource& health, SimulationControl& simulation,
                                 Metrics& metrics) {
  std::vector<Route> routes;
  routes.push_back(
      {.method = "GET",
       .path = "/api/v1/ledger",
       .summary = "The count that proves that nothing was lost, since the data directory began.",
       .run = Run::kQuery,
       .answer = [&ledger](const RouteRequest&) { return ledger_response(ledger); },
       .schema =
           R"({"type":"object","required":["received","admitted","duplicate","rejected","in_flight","stored","expired","rolled_up","balanced"],"properties":{"received":{"type":"integer"},"admitted":{"type":"integer"},"duplicate":{"type":"integer"},"rejected":{"type":"integer"},"in_flight":{"type":"integer"},"stored":{"type":"integer"},"expired":{"type":"integer"},"rolled_up":{"type":"integer"},"balanced":{"type":"boolean"}}})"});
  routes.push_back(
      {.method = "GET",
       .path = "/api/v1/health",
       .summary = "Each part of Weir, and how well it is.",
       .run = Run::kWork,
       .answer = [&health](const RouteRequest&) { return health_response(health); },
       .schema =
           R"({"type":"object","required":["status","version","uptime_s","components"],"properties":{"status":{"enum":["ok","degraded","down"]},"version":{"type":"string"},"uptime_s":{"type":"number"},"components":{"type":"array","items":{"type":"object","required":["name","engine","status","latency_ms","message"],"properties":{"name":{"type":"string"},"engine":{"type":"string"},"status":{"enum":["ok","degraded","down"]},"latency_ms":{"type":["number","null"]},"message":{"type":"string"}}}}}})"});
  routes.push_back({.method = "GET",
                    .path = "/healthz",
                    .summary = "200 while the process lives.",
                    .scope = Scope::kOpen,
                    .answer = [](const RouteRequest&) { return json_response(R"({"status":"ok"})"); }});
  routes.push_back({.method = "GET",
                    .path = "/readyz",
                    .summary = "200 when Weir can read and append, else 503 with the reason.",
                    .scope = Scope::kOpen,
                    .run = Run::kWork,
                    .answer = [&health](const RouteRequest&) {
                      const Status ready = health.ready();
                      if (!ready)
                        return problem({.status = 503, .detail = ready.error().message, .title = "Not ready"});
                      return json_response(R"({"status":"ready"})");
                    }});
  routes.push_back({.method = "GET",
                    .path = "/metrics",
                    .summary = "Metrics in the Prometheus text format.",
                    .run = Run::kWork,
                    .answer =
                        [&metrics, &health](const RouteRequest&) {
                          health.refresh_metrics();
                          HttpResponse response = json_response(metrics.text());
                          response.content_type = "text/plain; version=0.0.4; charset=utf-8";
                          return response;
                        },
                    .produces = "text/plain"});
  routes.push_back(
      {.method = "GET",
       .path = "/api/v1/simulation",
       .summary = "What the simulator does, and the attacks that it can play.",
       .answer = [&simulation](
                     const RouteRequest&) { return simulation_response(simulation.state(), simulation.scenarios()); },
       .schema = kSimulationSchema});
  routes.push_back(
      {.method = "PUT",
       .path = "/api/v1/simulation",
       .summary = "Changes what the simulator does: any part of running, rate and attack.",
       .scope = Scope::kAdmin,
       .run = Run::kWork,
       .answer = [&simulation](const RouteRequest& request) { return change_simulation(simulation, request); },
       .consumes = {"application/json"},
       .schema = kSimulationSchema});
  return routes;
}

}  // namespace weir

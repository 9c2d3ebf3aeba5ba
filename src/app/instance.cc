#include "app/instance.h"

#include <fmt/format.h>

#include "api/access.h"
#include "api/http_server.h"
#include "api/json_schema.h"
#include "api/listen_address.h"
#include "api/live_hub.h"
#include "api/openapi.h"
#include "api/page.h"
#include "api/routes.h"
#include "api/routes_ingest.h"
#include "api/routes_lists.h"
#include "api/routes_queries.h"
#include "api/routes_system.h"
#include "api/sql_http.h"
#include "api/task_pool.h"
#include "app/control.h"
#include "app/services.h"
#include "backends/store_chdb/chdb_sql_gateway.h"
#include "base/log.h"

namespace weir {
namespace {

constexpr std::chrono::seconds kAnswersInFlight{2};
constexpr std::chrono::seconds kDrain{4};
constexpr int kIoThreads = 2;

QualityInputs quality_inputs(const Core& core, std::int64_t window_wanted) {
  QualityInputs in;
  const FreshnessSummary f = core.freshness.summary(core.clock.now());
  in.freshness = {.p50_ms = f.p50, .p95_ms = f.p95, .p99_ms = f.p99};
  in.warnings = core.check->warnings();
  const WorkerStatus worker = core.worker->status();
  if (!worker.healthy) in.warnings.push_back("The worker is held up: " + worker.message);
  if (worker.dedupe_window_millis != 0 && worker.dedupe_window_millis < window_wanted) {
    in.warnings.push_back(
        fmt::format("Memory for identities is full: duplicates are known for {} s after their arrival, not for {} s.",
                    worker.dedupe_window_millis / 1000, window_wanted / 1000));
  }
  return in;
}

/// `rebuild FROM TO`, where - is no bound.
ControlServer::Command rebuild_command(Core& core) {
  return [&core](const std::vector<std::string>& words, const ControlSay& say,
                 const std::stop_token& stop) -> Result<std::string> {
    if (words.size() != 2) return fail(Code::kInvalid, "rebuild takes a first and a last day");
    const auto bound = [](const std::string& word) { return word == "-" ? std::string() : word; };
    WEIR_TRY_ASSIGN(
        const RebuildSummary summary,
        core.rebuild({bound(words[0]), bound(words[1])}, [&](const RebuildProgress& p) { say(in_words(p)); }, stop));
    return in_words(summary);
  };
}

}  // namespace

/// In the order of dependence: what stands lower is torn down first.
struct Instance::Parts {
  SystemClock clock;
  Metrics metrics;
  std::string listen;
  std::unique_ptr<Core> core;
  std::unique_ptr<LogSink> sink;
  std::unique_ptr<Simulator> simulator;
  std::unique_ptr<CoreLedger> ledger;
  std::unique_ptr<CoreHealth> health;
  std::unique_ptr<CoreSimulation> simulation;
  OpenAuthorizer authorizer;
  std::unique_ptr<AccessGuard> guard;
  std::unique_ptr<OverviewSource> overview;
  std::unique_ptr<TaskPool> work, queries;
  std::unique_ptr<LiveHub> live;
  std::unique_ptr<RouteTable> routes;
  std::unique_ptr<ChdbSqlGateway> gateway;
  std::unique_ptr<AccessGuard> sql_guard;
  std::unique_ptr<SqlHttp> sql;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<ControlServer> control;
};

Status Instance::check(const InstanceOptions& options) {
  WEIR_TRY(check_listen_address(options.listen, "--listen", false, options.insecure));
  if (options.sql_listen != "off")
    WEIR_TRY(check_listen_address(options.sql_listen, "--sql-listen", false, options.insecure));
  return {};
}

Result<std::unique_ptr<Instance>> Instance::start(const InstanceOptions& options) {
  WEIR_TRY(check(options));
  WEIR_TRY_ASSIGN(const ListenAddress address, parse_listen_address(options.listen));

  auto parts = std::make_unique<Parts>();
  Parts& p = *parts;
  p.listen = options.listen;
  WEIR_TRY_ASSIGN(p.core, Core::open(options.core, p.clock, p.metrics));
  p.sink = std::make_unique<LogSink>(*p.core->log, p.metrics);
  Simulator::Settings settings =
      CoreSimulation::remembered(*p.core->log, {.running = true, .rate = options.default_rate, .attack = {}});
  if (options.rate) {
    settings.rate = *options.rate;
    settings.running = true;
  }
  if (options.attack) settings.attack = *options.attack;
  p.simulator =
      std::make_unique<Simulator>(SimulationOptions{.seed = options.seed, .run = new_run_name(), .rate = settings.rate},
                                  settings, *p.sink, p.clock);
  p.ledger = std::make_unique<CoreLedger>(*p.core);
  p.health = std::make_unique<CoreHealth>(*p.core, *p.simulator);
  p.simulation = std::make_unique<CoreSimulation>(*p.core, *p.simulator);

  p.guard = std::make_unique<AccessGuard>(address.loopback, p.authorizer);
  p.work = std::make_unique<TaskPool>("work", 2, 64);
  p.queries = std::make_unique<TaskPool>("query", 4, 64);
  p.routes = std::make_unique<RouteTable>(RouteTable::Context{*p.guard, *p.work, *p.queries, p.clock, p.metrics});
  p.routes->add(ingest_routes(*p.core->log, *p.work, p.metrics, {.retention_millis = options.core.retention_millis}));
  p.routes->add(system_routes(*p.ledger, *p.health, *p.simulation, p.metrics));
  const QueryContext context{*p.core->store, p.clock};
  p.overview = std::make_unique<OverviewSource>(context, [] { return std::string("[]"); });
  p.live = std::make_unique<LiveHub>([overview = p.overview.get()] { return overview->json(); }, p.metrics);
  p.routes->add(query_routes({context, *p.overview, [core = p.core.get(), window = options.core.dedupe_window_millis] {
                                return quality_inputs(*core, window);
                              }}));
  p.routes->add(p.live->route());
  p.routes->add(empty_list_routes());
  p.routes->add(schema_routes());
  p.routes->add(openapi_routes(*p.routes));
  p.routes->set_fallback(page_route(web_assets()));
  std::vector<HttpListener> listeners{{options.listen, "API and web page", p.routes.get()}};
  if (options.sql_listen != "off") {
    WEIR_TRY_ASSIGN(const ListenAddress sql_address, parse_listen_address(options.sql_listen));
    WEIR_TRY_ASSIGN(p.gateway, ChdbSqlGateway::create(p.core->store->engine(), {.database = options.core.database}));
    p.sql_guard = std::make_unique<AccessGuard>(sql_address.loopback, p.authorizer);
    p.sql = std::make_unique<SqlHttp>(
        *p.gateway, *p.sql_guard, SqlHttp::Options{.access = options.sql_write ? SqlAccess::kWrite : SqlAccess::kRead});
    listeners.push_back({options.sql_listen, "SQL", p.sql.get(), sql_http_limits()});
  }
  WEIR_TRY_ASSIGN(p.server, HttpServer::create(listeners, kIoThreads, p.metrics));

  p.core->start();
  WEIR_TRY_ASSIGN(p.control, ControlServer::create(p.core->data_dir->path(), {{"rebuild", rebuild_command(*p.core)}}));
  p.simulator->start();
  return std::unique_ptr<Instance>(new Instance(std::move(parts)));
}

Instance::Instance(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Instance::~Instance() { stop(); }

void Instance::stop() {
  Parts& p = *parts_;
  p.control.reset();
  p.simulator->stop();
  p.live->stop();
  if (p.sql) p.sql->stop();
  p.server->stop(kAnswersInFlight);
  p.core->stop(kDrain);
}

std::string Instance::page_url() const {
  // The port that was opened: 0 asks for any.
  const std::string host = parts_->listen.substr(0, parts_->listen.rfind(':'));
  return fmt::format("http://{}:{}", host == "127.0.0.1" ? "localhost" : host, port());
}
std::uint16_t Instance::port() const { return parts_->server->ports()[0]; }
std::uint16_t Instance::sql_port() const { return parts_->server->ports().size() > 1 ? parts_->server->ports()[1] : 0; }
Core& Instance::core() { return *parts_->core; }

}  // namespace weir

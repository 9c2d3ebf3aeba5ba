#include "app/services.h"

#include <fmt/format.h>

#include <charconv>

namespace weir {
namespace {

// StateStore keys of the simulator's switch.
constexpr std::string_view kRunning = "simulation.running";
constexpr std::string_view kRate = "simulation.rate";
constexpr std::string_view kAttack = "simulation.attack";
constexpr std::string_view kProbe = "health.probe";

/// Runs `ask`, which answers what runs there, and times it.
template <class Ask>
ComponentHealth timed(std::string name, std::string engine, Ask&& ask) {
  ComponentHealth out{.name = std::move(name), .engine = std::move(engine)};
  const auto start = std::chrono::steady_clock::now();
  const Status status = ask(out);
  out.latency_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  if (!status) {
    out.health = Health::kDown;
    out.message = status.error().message;
  }
  return out;
}

}  // namespace

CoreHealth::CoreHealth(Core& core, const Simulator& simulator)
    : core_(core), simulator_(simulator), started_(core.clock.steady()) {}

Status CoreHealth::probe_log() {
  const std::string now = std::to_string(core_.clock.now().value);
  WEIR_TRY(core_.log->put({{std::string(kProbe), now}}));
  WEIR_TRY_ASSIGN(const auto back, core_.log->get(kProbe));
  if (back != now) return fail(Code::kCorrupt, "the log gives back something else than was written to it");
  return core_.can_append();
}

std::vector<ComponentHealth> CoreHealth::components() {
  std::vector<ComponentHealth> out;
  out.push_back(timed("log", "RocksDB", [&](ComponentHealth&) { return probe_log(); }));
  out.push_back(timed("store", "libchdb", [&](ComponentHealth& c) -> Status {
    WEIR_TRY_ASSIGN(c.engine, core_.store->check());
    return {};
  }));
  out.push_back(
      {.name = "index", .engine = "SQL", .health = Health::kOk, .latency_ms = {}, .message = "search asks the tables"});
  const WorkerStatus worker = core_.worker->status();
  ComponentHealth w{
      .name = "worker", .engine = "weir", .latency_ms = worker.last_insert_seconds * 1000, .message = worker.message};
  if (!worker.healthy) {
    w.health = Health::kDown;
  } else if (worker.lag_events > 500'000) {
    w.health = Health::kDegraded;
    w.message = fmt::format("{} events wait in the log", worker.lag_events);
  }
  out.push_back(std::move(w));
  const Simulator::Settings simulation = simulator_.settings();
  ComponentHealth s{.name = "simulator", .engine = "weir", .latency_ms = {}, .message = simulator_.problem()};
  if (!s.message.empty()) {
    s.health = Health::kDegraded;
  } else if (!simulation.running || simulation.rate == 0) {
    s.message = "off";
  }
  out.push_back(std::move(s));
  return out;
}

Status CoreHealth::ready() {
  if (Status log = probe_log(); !log) return fail(log.error(), "events cannot be appended to the log");
  if (auto store = core_.store->check(); !store) return fail(store.error(), "the store cannot be read");
  return {};
}

double CoreHealth::uptime_seconds() const {
  return std::chrono::duration<double>(core_.clock.steady() - started_).count();
}

void CoreHealth::refresh_metrics() {
  (void)core_.worker->status();  // sets the lag of each partition
}

SimulationState CoreSimulation::state() const {
  const Simulator::Settings s = simulator_.settings();
  SimulationState out{.running = s.running, .rate = s.rate, .attack = {}};
  if (s.attack) out.attack = std::string(info(*s.attack).name);
  return out;
}

std::vector<ScenarioText> CoreSimulation::scenarios() const {
  std::vector<ScenarioText> out;
  for (const ScenarioInfo& s : weir::scenarios())
    out.push_back({std::string(s.name), std::string(s.label), std::string(s.description)});
  return out;
}

Result<SimulationState> CoreSimulation::change(const SimulationChange& change) {
  Simulator::Settings s = simulator_.settings();
  if (change.running) s.running = *change.running;
  if (change.rate) s.rate = *change.rate;
  if (change.attack) s.attack = *change.attack ? scenario_named(**change.attack) : std::nullopt;
  WEIR_TRY(core_.log->put({{std::string(kRunning), s.running ? "1" : "0"},
                           {std::string(kRate), fmt::format("{}", s.rate)},
                           {std::string(kAttack), s.attack ? std::string(info(*s.attack).name) : "none"}}));
  simulator_.change(s);
  return state();
}

Simulator::Settings CoreSimulation::remembered(StateStore& state, Simulator::Settings fallback) {
  auto read = [&](std::string_view key) -> std::optional<std::string> {
    auto value = state.get(key);
    return value ? *value : std::nullopt;
  };
  if (const auto running = read(kRunning)) fallback.running = *running == "1";
  if (const auto rate = read(kRate)) std::from_chars(rate->data(), rate->data() + rate->size(), fallback.rate);
  if (const auto attack = read(kAttack)) fallback.attack = scenario_named(*attack);
  return fallback;
}

}  // namespace weir

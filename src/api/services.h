// What the API asks of the rest of the program. `app` implements these; tests have their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "event/ledger.h"

namespace weir {

/// Thread-safe.
class LedgerSource {
 public:
  virtual ~LedgerSource() = default;
  /// `stored` and `rolled_up` counted in the tables, `received` at the end of the log. May take a while.
  virtual Result<Ledger> ledger() = 0;
};

enum class Health : std::uint8_t { kOk, kDegraded, kDown };

struct ComponentHealth {
  std::string name;    // log store index worker simulator
  std::string engine;  // RocksDB 7.8.3
  Health health = Health::kOk;
  std::optional<double> latency_ms;  // of a real question; nothing where there is none to ask
  std::string message;               // one sentence; empty when there is nothing to say
};

/// Thread-safe.
class HealthSource {
 public:
  virtual ~HealthSource() = default;
  /// Asks each part by really using it, within a second or so.
  virtual std::vector<ComponentHealth> components() = 0;
  /// Success when Weir can read and append (not: has caught up). The message says what it cannot.
  virtual Status ready() = 0;
  virtual double uptime_seconds() const = 0;
  /// Brings those gauges up to date that change without anybody setting them; asked before metrics are shown.
  virtual void refresh_metrics() = 0;
};

struct ScenarioText {
  std::string name, label, description;
};

struct SimulationState {
  bool running = false;
  double rate = 0;  // events a second
  std::optional<std::string> attack;
};

/// The parts that a PUT names; absent ones stay.
struct SimulationChange {
  std::optional<bool> running;
  std::optional<double> rate;
  std::optional<std::optional<std::string>> attack;  // set to nothing: no attack
};

/// Thread-safe.
class SimulationControl {
 public:
  virtual ~SimulationControl() = default;
  virtual SimulationState state() const = 0;
  virtual std::vector<ScenarioText> scenarios() const = 0;
  /// Takes effect within a second. Scenario names have been checked. kUnavailable: there is no simulator in this process.
  virtual Result<SimulationState> change(const SimulationChange& change) = 0;
};

}  // namespace weir

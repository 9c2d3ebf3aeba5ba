// What the API asks for, answered by the parts of this process.
#pragma once

#include <chrono>
#include <vector>

#include "api/services.h"
#include "app/core.h"
#include "app/simulator.h"

namespace weir {

class CoreLedger final : public LedgerSource {
 public:
  explicit CoreLedger(Core& core) : core_(core) {}
  Result<Ledger> ledger() override { return core_.books->ledger(); }

 private:
  Core& core_;
};

/// Asks each part by really using it.
class CoreHealth final : public HealthSource {
 public:
  CoreHealth(Core& core, const Simulator& simulator);
  std::vector<ComponentHealth> components() override;
  Status ready() override;
  double uptime_seconds() const override;
  void refresh_metrics() override;

 private:
  /// Writes a small value to the log's store and reads it back; and asks whether events would be taken, which need more room.
  Status probe_log();

  Core& core_;
  const Simulator& simulator_;
  const std::chrono::steady_clock::time_point started_;
};

/// The simulator's switch; its state survives a restart.
class CoreSimulation final : public SimulationControl {
 public:
  CoreSimulation(Core& core, Simulator& simulator) : core_(core), simulator_(simulator) {}
  SimulationState state() const override;
  std::vector<ScenarioText> scenarios() const override;
  Result<SimulationState> change(const SimulationChange& change) override;

  /// What an earlier process left; `fallback` where it left nothing.
  static Simulator::Settings remembered(StateStore& state, Simulator::Settings fallback);

 private:
  Core& core_;
  Simulator& simulator_;
};

}  // namespace weir

// How fast the simulator makes events in memory, on one core.
#include <benchmark/benchmark.h>

#include <array>
#include <string>

#include "simulate/simulation.h"

namespace {

using weir::RawBatch;
using weir::Scenario;
using weir::Simulation;
using weir::UnixMillis;

constexpr std::size_t kBatch = 10'000;

void run(benchmark::State& state, Simulation& simulation) {
  RawBatch batch;
  UnixMillis at(1'760'000'000'000);
  std::size_t bytes = 0;
  for (auto _ : state) {
    batch.clear();
    simulation.generate(kBatch, at, at + 10, batch);
    at = at + 10;
    bytes += batch.bytes();
    benchmark::DoNotOptimize(batch);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void BM_calm(benchmark::State& state) {
  Simulation simulation({.run = "bench"});
  run(state, simulation);
}
BENCHMARK(BM_calm);

/// As `weir simulate --to embedded` wants them.
void BM_calm_by_partition(benchmark::State& state) {
  Simulation simulation({.run = "bench"});
  std::array<RawBatch, 4> partitions;
  UnixMillis at(1'760'000'000'000);
  for (auto _ : state) {
    for (RawBatch& partition : partitions) partition.clear();
    simulation.generate(kBatch, at, at + 10, partitions);
    at = at + 10;
    benchmark::DoNotOptimize(partitions);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(BM_calm_by_partition);

void BM_attack(benchmark::State& state) {
  const auto scenario = static_cast<Scenario>(state.range(0));
  Simulation simulation({.run = "bench", .rate = 1'000'000});
  simulation.set_attack(scenario);
  state.SetLabel(std::string(weir::info(scenario).name));
  run(state, simulation);
}
BENCHMARK(BM_attack)->DenseRange(0, weir::kScenarios - 1);

void BM_start(benchmark::State& state) {
  for (auto _ : state) {
    Simulation simulation({.run = "bench"});
    benchmark::DoNotOptimize(simulation);
  }
}
BENCHMARK(BM_start)->Unit(benchmark::kMillisecond);

}  // namespace

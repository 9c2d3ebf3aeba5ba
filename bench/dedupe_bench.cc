// The memory of identities: what an identity costs, and how fast it is looked for. 10 million identities in one partition must take at most
// 400 MB and give 3 million look-ups a second on one core.
#include <benchmark/benchmark.h>

#include <cstdint>

#include "stages/dedupe.h"

namespace {

using namespace weir;

constexpr UnixMillis kStart{1'795'012'000'000};
constexpr std::int64_t kWindow = 10 * 60 * 1000;

/// The identity of event n: hashes are as good as random, so SplitMix64 makes them (Steele, Lea, Flood 2014).
IdentityHash identity(std::uint64_t n) {
  const auto mixed = [](std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  };
  return {mixed(n * 2 + 1), mixed(n * 2 + 2)};
}

/// Numbers of events in an order that no cache foresees.
class Order {
 public:
  explicit Order(std::uint64_t below) : below_(below) {}
  std::uint64_t next() {
    at_ = at_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(at_) * below_ >> 64);
  }

 private:
  const std::uint64_t below_;
  std::uint64_t at_ = 1;
};

/// A memory with `identities` within the window, the newest half of a minute ago. Room as the worker would have it for one partition, or as much
/// as is needed.
Deduplicator filled(std::uint64_t identities) {
  Deduplicator memory({.window_millis = kWindow, .max_bytes = std::size_t{400'000'000}});
  for (std::uint64_t n = 0; n < identities; ++n) {
    memory.first(identity(n), kStart + static_cast<std::int64_t>(n * 500'000 / identities));
    if (n % 100'000 == 0) memory.take_delta();
  }
  memory.take_delta();
  return memory;
}

void report(benchmark::State& state, const Deduplicator& memory) {
  state.SetItemsProcessed(state.iterations());
  state.counters["identities"] = static_cast<double>(memory.size());
  state.counters["MB"] = static_cast<double>(memory.bytes()) / 1e6;
  state.counters["window_s"] = static_cast<double>(memory.window_millis()) / 1e3;
}

// Every event was seen before. With `ahead` the place of the next one is fetched while this one is looked at, as the worker does.
void duplicates(benchmark::State& state) {
  const auto identities = static_cast<std::uint64_t>(state.range(0));
  const bool ahead = state.range(1) != 0;
  Deduplicator memory = filled(identities);
  if (memory.size() != identities || memory.window_millis() != kWindow)
    state.SkipWithError("identities were forgotten");
  Order order(identities);
  IdentityHash next = identity(order.next());
  const UnixMillis now = kStart + 510'000;
  std::uint64_t unknown = 0;
  for (auto _ : state) {
    const IdentityHash at_hand = next;
    next = identity(order.next());
    if (ahead) memory.prefetch(next);
    unknown += memory.first(at_hand, now) ? 1 : 0;
  }
  if (unknown != 0) state.SkipWithError("an identity within the window was not known");
  report(state, memory);
}
BENCHMARK(duplicates)
    ->ArgNames({"identities", "ahead"})
    ->Args({1'000'000, 1})
    ->Args({10'000'000, 0})
    ->Args({10'000'000, 1})
    ->MeasureProcessCPUTime()
    ->MinTime(2);

// Nearly every event is new, as in life: each is remembered, and old ones are forgotten as time goes on; the work of rebuilding the table is in it.
void new_ones(benchmark::State& state) {
  const auto identities = static_cast<std::uint64_t>(state.range(0));
  Deduplicator memory = filled(identities);
  std::uint64_t n = identities;
  IdentityHash next = identity(n);
  for (auto _ : state) {
    const IdentityHash at_hand = next;
    next = identity(n + 1);
    memory.prefetch(next);
    memory.first(at_hand, kStart + static_cast<std::int64_t>(n * 500'000 / identities));
    if (++n % 100'000 == 0) memory.take_delta();
  }
  report(state, memory);
}
BENCHMARK(new_ones)
    ->ArgNames({"identities"})
    ->Args({1'000'000})
    ->Args({10'000'000})
    ->MeasureProcessCPUTime()
    ->MinTime(2);

}  // namespace

// The simulator: events of a believable service, with attacks on demand. Pure: no clock, thread or I/O of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/types.h"
#include "event/raw_batch.h"
#include "simulate/scenario.h"

namespace weir {

/// Ids begin with the name of the run.
inline constexpr std::size_t kMaxRunNameBytes = 200;

struct SimulationOptions {
  std::uint64_t seed = 1;
  /// Ids are RUN-1, RUN-2, …; give each start another name, or the events are duplicates. UTF-8, at most kMaxRunNameBytes.
  std::string run;
  /// Calm events a second: how attacks count their seconds (ramp, turns of `mixed`). Content of calm traffic does not depend
  /// on it. For a run at full speed give a fixed figure, never a measured one, or the same seed gives other attacks.
  double rate = 2000;
};

/// The same seed gives the same events in the same order on every machine, however the calls are cut; only the run's name
/// (in ids and names of episodes) and the times differ. It begins in the middle of life: the mix is the same from the first
/// event on. Day and week go on with the count of events, not with the wall clock, and always begin on a Wednesday
/// afternoon; see simulate/calm.h.
/// Not thread-safe. Holds some 3 MB; making one takes 25 ms of core time.
class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options);
  ~Simulation();
  Simulation(Simulation&&) noexcept;
  Simulation& operator=(Simulation&&) noexcept;

  /// Starts or ends an attack; takes effect from the next event on. A start makes a new episode, also when the same attack
  /// is running. An attack that ends leaves nothing behind: no event of it comes any more.
  void set_attack(std::optional<Scenario> attack);
  std::optional<Scenario> attack() const;

  /// A rate that is not above 0 counts as 1.
  void set_rate(double events_per_second);

  /// How many events now come for each calm one: 1 without an attack, 2.8 in a full flood. An attack adds to calm traffic:
  /// who wants to see that too asks generate() for rate · seconds · load() events. Who asks for rate · seconds gets the same
  /// mix, and calm traffic thins out under the attack.
  double load() const;

  /// Appends exactly `n` events to `out`, CloudEvents in JSON (structured mode), with times spread evenly over [from, to).
  /// A few have other times: apps that send minutes late, exact duplicates (a producer that sends again), and some of the
  /// one in 2,000 that must be rejected.
  void generate(std::size_t n, UnixMillis from, UnixMillis to, RawBatch& out);

  /// The same events, each in the batch of its partition (of as many as there are batches, at least one) as IdentityReader
  /// finds it, without reading the event again. Events that cannot be read are in any of them.
  void generate(std::size_t n, UnixMillis from, UnixMillis to, std::span<RawBatch> partitions);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir

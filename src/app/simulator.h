// Runs the simulation in time: so many events a second, into a sink.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "app/event_sink.h"
#include "base/clock.h"
#include "base/status.h"
#include "simulate/simulation.h"

namespace weir {

/// What `attack` in flags and variables means: a scenario; nothing for none, 0 and the empty text; 1 is mixed.
/// kInvalid: an unknown scenario; the message lists those that there are.
Result<std::optional<Scenario>> attack_named(const std::string& text);

/// A name for a run that no other start has: time and chance, in letters and digits.
std::string new_run_name();

/// Generates at a steady rate on a thread of its own. Thread-safe.
class Simulator {
 public:
  struct Settings {
    bool running = true;
    double rate = 2000;  // calm events a second; an attack comes on top
    std::optional<Scenario> attack;
    bool operator==(const Settings&) const = default;
  };

  /// `sink` and `clock` must outlive it.
  Simulator(SimulationOptions options, Settings settings, EventSink& sink, const Clock& clock);
  ~Simulator();

  void start();
  void stop();
  Settings settings() const;
  void change(const Settings& settings);
  /// What keeps it from sending; empty when nothing does.
  std::string problem() const;

 private:
  void loop(std::stop_token stop);

  EventSink& sink_;
  const Clock& clock_;
  Simulation simulation_;  // the thread's
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  Settings settings_;    // guarded by mutex_
  std::string problem_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace weir

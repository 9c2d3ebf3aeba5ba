// The running count that proves that nothing was lost, and the one step that makes events vanish (retention), which is in its books.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "event/ledger.h"
#include "pipeline/commit_gate.h"
#include "ports/log.h"
#include "ports/store.h"

namespace weir {

/// Thread-safe. Everything borrowed must outlive it.
class Bookkeeper {
 public:
  Bookkeeper(LogReader& log, Progress& progress, StateStore& state, StoreAdmin& store, CommitGate& gate,
             std::uint32_t partitions)
      : log_(log), progress_(progress), state_(state), store_(store), gate_(gate), partitions_(partitions) {}

  /// Finishes a removal that a crash interrupted. Call before the worker starts.
  Status recover();

  /// Counts log and tables at one committed point. kUnavailable when the worker does not come to one within 5 s.
  Result<Ledger> ledger();

  /// Removes the days that are wholly before `before`, each in one recorded step: its rows are counted and written down, then
  /// it is removed, then it is in `expired`. Answers the rows removed.
  Result<std::uint64_t> expire(UnixMillis before);
  /// The newest day (YYYYMMDD) that retention has removed; empty: none. What the tables hold of it and of days before is not whole.
  Result<std::string> removed_through();

  /// Runs `step` between two batches, while nobody counts and nothing is removed; batches wait meanwhile. kUnavailable when the worker does
  /// not come to an end of its batch within 5 s; else what `step` answers.
  Status alone(const std::function<Status()>& step);

 private:
  Result<std::uint64_t> expired();
  Status finish(std::string_view note);

  LogReader& log_;
  Progress& progress_;
  StateStore& state_;
  StoreAdmin& store_;
  CommitGate& gate_;
  const std::uint32_t partitions_;
  std::mutex counting_;  // held while books and tables may differ: by retention and other steps, and by who counts
};

}  // namespace weir

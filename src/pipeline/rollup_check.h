// Holds rollups against the rows of events, in the background: one hour at a time, round after round.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "pipeline/ledger.h"
#include "ports/store.h"

namespace weir {

/// Everything borrowed must outlive it. Thread-safe.
class RollupCheck {
 public:
  /// Looked at are hours that are settled, over for two hours. (Events that come later than that are no difference: rows and rollups
  /// get them in one step.) Days that retention has touched, or touches next, are left out; `retention_millis` 0: none.
  RollupCheck(StoreAdmin& store, StoreRollups& rollups, Bookkeeper& books, Metrics& metrics, const Clock& clock,
              std::int64_t retention_millis)
      : store_(store),
        rollups_(rollups),
        books_(books),
        metrics_(metrics),
        clock_(clock),
        retention_millis_(retention_millis) {}

  /// Looks at an hour: the newest one when it was never looked at, else the one before that of the last call; past the oldest one it begins
  /// anew. A difference is looked at twice, the second time
  /// between two batches, and logged when it is new.
  Status next();
  /// A day's rollups were made anew: its hours are right until they are looked at again.
  void forget_day(std::int64_t first_second);

  /// A sentence for each of the newest hours that differ, and one for the others.
  std::vector<std::string> warnings() const;

  static constexpr std::int64_t kSettledSeconds = 7200;

 private:
  Result<std::int64_t> oldest();
  void remember(std::int64_t hour, const std::vector<RollupDifference>& found);

  StoreAdmin& store_;
  StoreRollups& rollups_;
  Bookkeeper& books_;
  Metrics& metrics_;
  const Clock& clock_;
  const std::int64_t retention_millis_;

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::int64_t hour_ = 0;                       // of the round, looked at last; 0: none
  std::int64_t newest_ = 0;                     // ever looked at
  std::map<std::int64_t, std::string> differ_;  // by hour, in words
};

}  // namespace weir

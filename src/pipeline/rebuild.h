// Rollups made anew from the rows of events, day by day, while everything else goes on.
//
// A day is counted beside the table, up to a committed point. Then, between two batches: what came since is added, what rows do not
// say (rejects, duplicates, late arrivals) is copied from the old rollups, the sum is held against the rows, and the day is exchanged.
// The exchange is noted in the books before it is done, and done again by recover() when the note is still there; as no batch
// can come in between, rollups are the old ones or the new ones.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "pipeline/ledger.h"
#include "ports/log.h"
#include "ports/store.h"

namespace weir {

/// Days of event time, both included, as YYYYMMDD; empty: from the first one, to the last one.
struct RebuildDays {
  std::string from, to;
};

struct RebuildProgress {
  std::string day;  // at hand
  std::size_t days_done = 0, days = 0;
  int percent = 0;  // of the day at hand
};

struct RebuildSummary {
  std::vector<std::string> days;              // made anew
  std::uint64_t events = 0;                   // that their rollups count now
  std::uint64_t wrong_days = 0;               // of these: counted another number before
  std::chrono::milliseconds longest_wait{0};  // of batches, for an exchange
  std::string after;  // a run that was interrupted had come as far as this day; empty: begun at the beginning
  std::vector<std::string> left_out;  // days, because retention has removed events of theirs
};

/// Everything borrowed must outlive it. Thread-safe.
class RollupRebuilder {
 public:
  struct Parts {
    Progress& progress;
    StateStore& state;
    StoreAdmin& store;
    StoreRollups& rollups;
    Bookkeeper& books;
    const Clock& clock;
  };
  explicit RollupRebuilder(Parts parts) : parts_(parts) {}

  /// Finishes an exchange that a crash interrupted. Call before the worker starts.
  Status recover();

  /// Makes the days anew. Interrupted, by `stop` or a crash, and called again for the same days within a day, it goes on behind the last
  /// day that was done.
  ///   kConflict: another one runs, or the tables cannot do it yet.  kCancelled: `stop`.  kInvalid: no such days.
  Result<RebuildSummary> run(const RebuildDays& days, const std::function<void(const RebuildProgress&)>& progress,
                             const std::stop_token& stop);

 private:
  Status one_day(const StorePartition& day, RebuildProgress at,
                 const std::function<void(const RebuildProgress&)>& progress, const std::stop_token& stop,
                 RebuildSummary& summary);
  Status finish(const std::string& day);
  Status insist(const std::string& day);

  const Parts parts_;
  std::mutex running_;
};

/// For people: how far it is, and what was done.
std::string in_words(const RebuildProgress& progress);
std::string in_words(const RebuildSummary& summary);

/// The first second of the day YYYYMMDD; nothing when it is none.
std::optional<std::int64_t> first_second_of_day(const std::string& day);

}  // namespace weir

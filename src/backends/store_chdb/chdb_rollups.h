// Rollups made anew from the rows of events, in SQL.
//
// What the worker counts in its pass (stages/rollup.cc) is said a second time here, over columns; tests/rebuild holds the two
// against each other. Two things cannot be the same: keys of a dimension are not bounded to those of a batch, so that
// "(other)" becomes its keys again; and most frequent addresses are estimates, which are better when they are made of whole counts.
#pragma once

#include <string>
#include <vector>

#include "backends/store_chdb/chdb_store.h"
#include "ports/store.h"

namespace weir {

/// The stage is `rollups_rebuilt`, which holds the day, and `rollups_exchange`, which is to become the partition (a month) of `rollups` that the
/// day is in: its parts as they are, by hard links, the day's rows masked, and those of `rollups_rebuilt`. Thread-safe.
class ChdbRollups final : public StoreRollups {
 public:
  /// `store` must outlive it.
  explicit ChdbRollups(ChdbStore& store);

  Status begin_stage() override;
  Result<SecondsRange> spread(const SecondsRange& range, const std::vector<Offset>& since,
                              const std::vector<Offset>& until) override;
  Status stage(const SecondsRange& range, const std::vector<Offset>& since, const std::vector<Offset>& until,
               UnixMillis now) override;
  Result<std::uint64_t> rolled_up(const std::string& day, bool staged) override;
  Status prepare_exchange(const std::string& day) override;
  Status exchange(const std::string& day) override;
  Status end_stage() override;
  Result<std::vector<RollupDifference>> differences(std::int64_t hour) override;

 private:
  Result<std::string> run(const std::string& sql, const char* doing);
  Result<std::vector<std::string>> part_folders(const std::string& table, const std::string& partition);
  Status sync_parts(const std::string& table, const std::string& partition);

  ChdbStore& store_;
  ConnectionPool connections_;
};

}  // namespace weir

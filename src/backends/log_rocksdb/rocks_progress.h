// The worker's place in the log: positions, tally, the pending cut, and the deduplicator's memory of each batch.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>

#include "backends/log_rocksdb/rocks_database.h"
#include "backends/log_rocksdb/rocks_partitions.h"
#include "ports/log.h"

namespace weir::rocks {

/// Thread-safe. Calls are those of Progress (ports/log.h), and as durable.
class ProgressRecord {
 public:
  /// Reads the record. kCorrupt: it is damaged, or speaks of events that are not there. Both must outlive this.
  static Result<std::unique_ptr<ProgressRecord>> open(Database& database, const Partitions& partitions);

  ProgressState state() const;
  Status begin(const Cut& cut);
  Status commit(const Cut& cut, const Tally& delta, std::string_view identities, UnixMillis newest_arrival);
  Status identities(UnixMillis since, const std::function<bool(std::string_view)>& each);
  Status trim_identities(UnixMillis before);

 private:
  ProgressRecord(Database& database, const Partitions& partitions) : database_(database), partitions_(partitions) {}
  Status load();

  Database& database_;
  const Partitions& partitions_;

  mutable std::mutex mutex_;
  // guarded by mutex_
  ProgressState state_;
  struct IdentityRow {
    std::uint64_t number;
    UnixMillis newest_arrival;
  };
  std::deque<IdentityRow> identity_rows_;
  std::uint64_t next_identity_ = 0;
};

}  // namespace weir::rocks

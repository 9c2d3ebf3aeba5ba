// Retention: what is committed and too old or too much is forgotten, by a thread that also gives a failed disk another try.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <thread>

#include "backends/log_rocksdb/rocks_database.h"
#include "backends/log_rocksdb/rocks_partitions.h"
#include "backends/log_rocksdb/rocks_progress.h"
#include "base/clock.h"

namespace weir::rocks {

/// Thread-safe. Everything that is given to the constructor must outlive it.
class Retention {
 public:
  struct Limits {
    std::chrono::milliseconds time;   // by arrival; 0: kept whatever the age
    std::uint64_t bytes;              // of events to keep; 0: however many
    std::chrono::milliseconds pause;  // between two looks
  };
  Retention(const Limits& limits, Database& database, Partitions& partitions, const ProgressRecord& progress,
            const Clock& clock);
  /// Ends the thread.
  ~Retention();

  /// Looks now. An error when something that is to go could not be forgotten; the next look tries again.
  Status retain();
  /// Lets the thread look soon.
  void hurry();

 private:
  void run(const std::stop_token& stop);
  Status retain_partition(PartitionId p, Offset committed, std::uint64_t kept, UnixMillis oldest);

  const Limits limits_;
  Database& database_;
  Partitions& partitions_;
  const ProgressRecord& progress_;
  const Clock& clock_;

  std::mutex mutex_;
  std::condition_variable_any due_;
  bool soon_ = false;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace weir::rocks

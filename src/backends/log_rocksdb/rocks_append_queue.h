// Appends that wait, and the thread that makes them durable: many in one write, with one fsync.
#pragma once

#include <rocksdb/write_batch.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "backends/log_rocksdb/rocks_database.h"
#include "backends/log_rocksdb/rocks_partitions.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "ports/log.h"

namespace weir::rocks {

/// Thread-safe. Everything that is given to the constructor must outlive it.
class AppendQueue {
 public:
  struct Limits {
    std::size_t queue_bytes;      // that wait
    std::uint64_t max_bytes;      // of events in the log; 0: none
    std::uint64_t reserve_bytes;  // of the disk that stay free
  };
  AppendQueue(const Limits& limits, Database& database, Partitions& partitions, const Clock& clock, Metrics& metrics);
  /// As close().
  ~AppendQueue();

  /// Takes both arguments, and calls `done` as LogAppender says; or takes neither, and answers why (kOverloaded, kCancelled,
  /// kInvalid): then the caller tells its producer.
  Status take(std::vector<PartitionBatch>& batches, LogAppender::Done& done);
  /// Waits until everything that was taken before is durable or has failed.
  void flush();
  /// Takes nothing more, and returns when what was taken is durable or has failed.
  void close();

  std::uint64_t appends() const { return appends_.load(); }  // that became durable
  std::uint64_t groups() const { return groups_.load(); }    // writes that made them so

 private:
  struct Waiting {
    std::vector<PartitionBatch> batches;
    std::vector<UnixMillis> received_at;  // one a batch
    std::size_t bytes, cost;
    std::chrono::steady_clock::time_point since;
    LogAppender::Done done;
  };

  void write_loop();
  Status write_group(const std::vector<Waiting>& group, std::size_t bytes);
  Status check_space(std::size_t bytes);
  Partitions::End put_blocks(PartitionId p, const std::vector<Waiting>& group);

  const Limits limits_;
  Database& database_;
  Partitions& partitions_;
  const Clock& clock_;
  prometheus::Histogram& append_seconds_;
  prometheus::Gauge& queue_gauge_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // guarded by mutex_
  std::deque<Waiting> queue_;
  std::size_t queued_cost_ = 0;             // of queue_ and of the group being written
  std::uint64_t accepted_bytes_ = 0;        // of all events that are durable or wait, since the log began
  std::vector<UnixMillis> newest_;          // stamp of the last append, by partition
  std::uint64_t taken_ = 0, finished_ = 0;  // appends
  bool closing_ = false;

  // Only the writer's thread.
  rocksdb::WriteBatch batch_;
  bool disk_full_ = false;  // as the last look at the reserve said

  std::atomic<std::uint64_t> appends_{0}, groups_{0};

  std::mutex close_mutex_;
  std::thread writer_;  // joined under close_mutex_
};

}  // namespace weir::rocks

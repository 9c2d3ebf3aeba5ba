// The partitions: which offsets are durable, reading them, and forgetting the oldest.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string_view>

#include "backends/log_rocksdb/layout.h"
#include "backends/log_rocksdb/rocks_database.h"
#include "ports/log.h"

namespace weir::rocks {

/// What is known of a partition, beside its events.
struct Partition {
  std::atomic<std::uint64_t> begin{0}, end{0};  // durable events are [begin, end)
  // Bytes of all events before `begin` and before `end`.
  std::atomic<std::uint64_t> begin_position{0}, end_position{0};
  UnixMillis newest_at_open;  // stamp of the last event when the log was opened
};

/// Thread-safe.
class Partitions {
 public:
  /// Finds the ends of what is stored, and checks the last block. kCorrupt: it is damaged. `database` must outlive this.
  static Result<std::unique_ptr<Partitions>> open(Database& database);

  std::uint32_t count() const { return database_.partitions(); }
  /// REQUIRES here and below: a partition of the log.
  const Partition& at(PartitionId p) const;
  Offset begin(PartitionId p) const { return Offset(at(p).begin.load()); }
  Offset end(PartitionId p) const { return Offset(at(p).end.load()); }
  /// Of events between begin and end of all partitions.
  std::uint64_t kept_bytes() const;

  /// As LogReader.
  Result<LogSlice> read(PartitionId p, Offset from, std::size_t max_events, std::size_t max_bytes) const;
  bool wait(std::span<const Offset> positions, std::chrono::milliseconds timeout, std::stop_token stop);

  /// Calls `use` with the block that holds `offset`; what it sees dies with the call. REQUIRES: begin <= offset < end.
  Status with_block(PartitionId p, Offset offset, const std::function<void(const layout::BlockView&)>& use) const;

  /// For the writer: events up to there are durable from now on (one for each partition); wakes who waits.
  struct End {
    std::uint64_t offset, position;
  };
  void advance(std::span<const End> ends);

  /// Forgets the events before `before`, and removes the files that held nothing else. REQUIRES: before <= end(p).
  /// After an error they may be forgotten or not.
  Status forget(PartitionId p, Offset before);

  /// That what is stored is damaged there, in words.
  Error corrupt(PartitionId p, Offset at, std::string_view what) const;

 private:
  explicit Partitions(Database& database)
      : database_(database), partitions_(std::make_unique<Partition[]>(database.partitions())) {}
  Status load(PartitionId p);

  Database& database_;
  const std::unique_ptr<Partition[]> partitions_;

  // The condition is about Partition::end, which is written under it.
  std::mutex wait_mutex_;
  std::condition_variable_any came_;

  std::mutex forget_mutex_;  // one at a time
};

}  // namespace weir::rocks

// The embedded log, on RocksDB: all four roles of ports/log.h in one directory. Byte layout: FORMAT.md beside this file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/metrics.h"
#include "ports/log.h"

namespace weir {

struct RocksLogOptions {
  std::filesystem::path directory;  // made when it is not there; its parent must be
  /// Of a new log; nothing: 4. A log keeps its number: asking an existing one for another is kConflict.
  std::optional<std::uint32_t> partitions;

  /// Events that are committed and older (by arrival) are forgotten. 0: kept whatever their age.
  std::chrono::milliseconds retention_time{0};
  /// Bytes of events to keep; of what is committed, the oldest is forgotten beyond it. 0: half of max_bytes.
  std::uint64_t retention_bytes = 0;
  /// Bytes of events at which append answers kOverloaded. 0: no limit. On disk the log may be larger by the write-ahead log
  /// and by files that are not forgotten as a whole yet: about 600 MiB, and less with compression.
  std::uint64_t max_bytes = 0;

  /// Bound of appends that wait to be durable, in bytes of events.
  std::size_t queue_bytes = 64 * 1024 * 1024;
  /// Space of the disk that appends leave free, so that what was accepted can still be worked off: with less, they are
  /// kDiskFull. Commits and state may use it.
  std::uint64_t reserve_bytes = 256 * 1024 * 1024;
  /// LZ4 in files (never in the write-ahead log).
  bool compress = false;
  /// How often retention looks, and how often a log with a failed disk tries to go on by itself.
  std::chrono::milliseconds housekeeping{2'000};
};

/// Thread-safe. Reads and progress may be used until the object is destroyed; destroy it after their last use.
class RocksLog final : public LogAppender, public LogReader, public Progress, public StateStore {
 public:
  /// Opens the log of a directory, or makes a new one. `clock` and `metrics` must outlive it.
  ///   kConflict  another process, or another object of this one, has the directory open; or the number of partitions differs;
  ///   kCorrupt   files are damaged, in a way that acknowledged events may be missing: restore the directory, or begin anew;
  ///   kInvalid   the options contradict each other, or a newer Weir wrote the directory;
  ///   kDiskFull, kUnavailable, kDenied  the directory cannot be written.
  static Result<std::unique_ptr<RocksLog>> create(RocksLogOptions options, const Clock& clock, Metrics& metrics);
  /// As close(), and then closes the directory.
  ~RocksLog() override;

  /// Takes no more appends (kCancelled) and returns when those that were taken are durable or have failed. All else goes on.
  void close();

  std::uint32_t partitions() const override;
  void append(std::vector<PartitionBatch> batches, Done done) override;
  void flush() override;

  std::string id() const override;
  Result<LogSlice> read(PartitionId partition, Offset from, std::size_t max_events, std::size_t max_bytes) override;
  Result<Offset> begin(PartitionId partition) override;
  Result<Offset> end(PartitionId partition) override;
  bool wait(std::span<const Offset> positions, std::chrono::milliseconds timeout, std::stop_token stop) override;
  Status trim(PartitionId partition, Offset before) override;
  std::uint64_t disk_bytes() override;

  Result<ProgressState> load() override;
  Status begin(const Cut& cut) override;
  Status commit(const Cut& cut, const Tally& delta, std::string_view identities, UnixMillis newest_arrival) override;
  Status identities(UnixMillis since, const std::function<bool(std::string_view)>& each) override;
  Status trim_identities(UnixMillis before) override;

  Result<std::optional<std::string>> get(std::string_view key) override;
  Status put(const std::vector<std::pair<std::string, std::string>>& pairs) override;

  /// Applies retention now, instead of at the next round of housekeeping.
  Status retain();
  /// Writes what is only in memory and in the write-ahead log into files. For tests and benchmarks; never needed.
  Status write_out();

  struct Stats {
    std::uint64_t appends = 0;          // calls that became durable
    std::uint64_t groups = 0;           // writes, one fsync each, that made them so
    std::uint64_t kept_bytes = 0;       // of events between begin and end of all partitions
    std::uint64_t rewritten_bytes = 0;  // written again by compaction of events: 0 as the layout intends
  };
  Stats stats() const;

 private:
  struct Parts;
  explicit RocksLog(std::unique_ptr<Parts> parts);
  const std::unique_ptr<Parts> parts_;
};

}  // namespace weir

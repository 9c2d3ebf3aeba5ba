// The log in memory, for tests. What is durable lives in a MemoryLogDisk: drop the log, open another on the same disk, and it
// is as if the process had been killed and started again.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ports/log.h"

namespace weir {

/// What survives a MemoryLog. Hand it to one log at a time; not to be looked into.
struct MemoryLogDisk;
std::shared_ptr<MemoryLogDisk> make_memory_log_disk();

struct MemoryLogOptions {
  std::uint32_t partitions = 4;   // of a new disk; another number for a disk that has one is kConflict
  std::uint64_t max_bytes = 0;    // bytes of events kept; reached: append answers kOverloaded. 0: no limit
  std::size_t queue_bytes = 0;    // bound of what waits while the log is held; 0: no limit
  std::string id = "memory-log";  // of a new disk
};

/// Thread-safe. Appends are durable, and their callbacks are called, within append(), unless the log is held.
class MemoryLog final : public LogAppender, public LogReader, public Progress, public StateStore {
 public:
  /// `clock` must outlive the log.
  static Result<std::unique_ptr<MemoryLog>> create(MemoryLogOptions options, std::shared_ptr<MemoryLogDisk> disk,
                                                   const Clock& clock);
  ~MemoryLog() override;

  /// For tests of callers: every call that touches the disk fails with `error` until heal().
  void break_with(Error error);
  void heal();
  /// Appends wait in the queue from now on, until release().
  void hold();
  void release();
  /// Held appends are cancelled, later ones too. All else goes on.
  void close();

  std::uint32_t partitions() const override;
  void append(std::vector<PartitionBatch> batches, Done done) override;
  /// Waits for release() while the log is held.
  void flush() override;

  std::string id() const override;
  Result<LogSlice> read(PartitionId partition, Offset from, std::size_t max_events, std::size_t max_bytes) override;
  Result<Offset> begin(PartitionId partition) override;
  Result<Offset> end(PartitionId partition) override;
  bool wait(std::span<const Offset> positions, std::chrono::milliseconds timeout, std::stop_token stop) override;
  Status trim(PartitionId partition, Offset before) override;
  /// Bytes of the events and identities kept.
  std::uint64_t disk_bytes() override;

  Result<ProgressState> load() override;
  Status begin(const Cut& cut) override;
  Status commit(const Cut& cut, const Tally& delta, std::string_view identities, UnixMillis newest_arrival) override;
  Status identities(UnixMillis since, const std::function<bool(std::string_view)>& each) override;
  Status trim_identities(UnixMillis before) override;

  Result<std::optional<std::string>> get(std::string_view key) override;
  Status put(const std::vector<std::pair<std::string, std::string>>& pairs) override;

 private:
  struct Waiting {
    std::vector<PartitionBatch> batches;
    std::size_t bytes;
    Done done;
  };
  MemoryLog(MemoryLogOptions options, std::shared_ptr<MemoryLogDisk> disk, const Clock& clock);
  Status write(const std::vector<PartitionBatch>& batches, std::size_t bytes);

  const MemoryLogOptions options_;
  const Clock& clock_;
  const std::shared_ptr<MemoryLogDisk> disk_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  // guarded by mutex_, as is what disk_ points to
  std::optional<Error> broken_;
  bool held_ = false, closed_ = false;
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
};

}  // namespace weir

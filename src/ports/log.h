// The log: a durable, partitioned queue of raw events, and the record of how far they have been worked off.
// Four roles, four classes: who appends (ingest), who reads (the worker), who keeps the place (the worker's commit), and a
// few small values beside it. One engine object implements them all; conformance suite: tests/conformance/log_conformance.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "event/raw_batch.h"

namespace weir {

/// Events for one partition. An event may be empty, and may hold any bytes.
struct PartitionBatch {
  PartitionId partition;
  RawBatch events;
};

/// Thread-safe.
class LogAppender {
 public:
  virtual ~LogAppender() = default;

  /// Number of partitions, fixed for the life of the log.
  virtual std::uint32_t partitions() const = 0;

  /// Largest append: bytes of the events of one call.
  static constexpr std::size_t kMaxAppendBytes = 64 * 1024 * 1024;

  /// Called once, from a thread of the log's or from within append(): success when all events of the call are durable, and
  /// then in the log in their order, next to each other within a partition; else
  ///   kOverloaded  the queue of waiting appends is full, or the log's size limit is reached: tell the producer to wait;
  ///   kDiskFull    the same, and an operator must act; the log goes on by itself once there is space;
  ///   kUnavailable the engine is away;  kCancelled the log is closing;
  ///   kInvalid     more than kMaxAppendBytes: the producer must send less at once.
  /// After kOverloaded and kInvalid none of the events is in the log. After the others they may be there all the same, all
  /// of them or none (a producer then sends again, and deduplication takes care). Must not block and must not throw.
  using Done = std::function<void(Status)>;

  /// Queues events to be made durable; returns at once. All batches of one call become durable together. The log stamps
  /// them with their arrival (received_at), which never goes back within a partition. The queue is bounded in bytes; an
  /// append larger than the bound is taken when nothing else waits. A call without events succeeds.
  /// REQUIRES: each partition < partitions().
  virtual void append(std::vector<PartitionBatch> batches, Done done) = 0;

  /// Waits until everything appended before is durable or has failed.
  virtual void flush() = 0;
};

/// A run of neighbouring events of one partition. Owns its bytes; at least kPadding readable bytes follow the last event,
/// so that a SIMD parser may read past an event's end.
class LogSlice {
 public:
  static constexpr std::size_t kPadding = 64;

  PartitionId partition;
  Offset first;  // of event 0; event i has offset first + i

  std::size_t size() const { return events_.size(); }
  bool empty() const { return events_.empty(); }
  Offset end() const { return first + size(); }
  std::size_t bytes() const { return bytes_used_; }
  std::string_view event(std::size_t i) const { return {bytes_.data() + events_[i].begin, events_[i].size}; }
  UnixMillis received_at(std::size_t i) const { return events_[i].received_at; }

  /// For engines: makes room first, then adds in order of offset.
  void reserve(std::size_t events, std::size_t bytes) {
    events_.reserve(events);
    bytes_.reserve(bytes + kPadding);
  }
  void add(std::string_view event, UnixMillis received_at) {
    events_.push_back({bytes_used_, event.size(), received_at});
    add_bytes(event);
  }
  /// The same for `n` neighbours that arrived together: `bytes` holds them back to back, and event i ends at end_of(i) in it.
  template <class EndOf>
  void add_run(std::string_view bytes, std::size_t n, EndOf&& end_of, UnixMillis received_at) {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t end = end_of(i);
      events_.push_back({bytes_used_ + begin, end - begin, received_at});
      begin = end;
    }
    add_bytes(bytes);
  }
  /// Keeps the first `n` events.
  void truncate(std::size_t n) {
    if (n < events_.size()) {
      bytes_used_ = events_[n].begin;
      events_.resize(n);
    }
  }

 private:
  struct Entry {
    std::size_t begin, size;
    UnixMillis received_at;
  };
  void add_bytes(std::string_view bytes) {
    bytes_.resize(bytes_used_);
    bytes_.append(bytes);
    bytes_used_ = bytes_.size();
    bytes_.append(kPadding, '\0');
  }
  std::string bytes_;
  std::size_t bytes_used_ = 0;
  std::vector<Entry> events_;
};

/// Thread-safe; reading several partitions at once is expected.
class LogReader {
 public:
  virtual ~LogReader() = default;

  /// Name of this log, made when it was created and the same ever since: part of deduplication tokens.
  virtual std::string id() const = 0;

  /// The events from `from` on that are durable now: at most `max_events`, and at most `max_bytes` except that one event is
  /// always given. Empty when there is nothing yet (also when `from` is past the end). Never waits for more to come.
  /// REQUIRES here and below: partition < partitions(); max_events > 0.
  ///   kNotFound: `from` is before the first event kept (retention): go on at begin().
  ///   kCorrupt: stored bytes are damaged; the message names partition and offset. kUnavailable: try again.
  virtual Result<LogSlice> read(PartitionId partition, Offset from, std::size_t max_events, std::size_t max_bytes) = 0;

  /// First offset kept, and the offset after the last durable event.
  virtual Result<Offset> begin(PartitionId partition) = 0;
  virtual Result<Offset> end(PartitionId partition) = 0;

  /// Waits until a partition has an event at or after its place in `positions` (indexed by partition), until `timeout`, or
  /// until `stop`. True when there is something to read.
  virtual bool wait(std::span<const Offset> positions, std::chrono::milliseconds timeout, std::stop_token stop) = 0;

  /// Forgets events before `before` as far as the engine can do so cheaply (it may keep more). For retention.
  /// REQUIRES: `before` is at most the committed position.
  virtual Status trim(PartitionId partition, Offset before) = 0;

  /// Bytes on disk.
  virtual std::uint64_t disk_bytes() = 0;
};

/// Offsets [first, end) of a partition.
struct Range {
  PartitionId partition;
  Offset first, end;
  bool operator==(const Range&) const = default;
};

/// The settings on which the verdict about an event hangs. A batch that was begun is judged by those it was begun with, also
/// when the program comes back with others: some of its tables may hold it already.
struct VerdictLimits {
  std::int64_t retention_millis = 0;  // older events are rejected; 0: none is
  std::int64_t dedupe_window_millis = 0;
  bool operator==(const VerdictLimits&) const = default;
};

/// What one batch of the worker consists of. Durable before anything of the batch is written anywhere, so that after a
/// crash the same events are cut into the same batch, with the same verdicts and the same deduplication token.
struct Cut {
  std::vector<Range> ranges;                 // at most one a partition, ordered by partition, none empty
  std::optional<VerdictLimits> limits = {};  // nothing: begun by a Weir that did not write them down
  bool operator==(const Cut&) const = default;
};

/// Where events ended, counted since the log began.
struct Tally {
  std::uint64_t admitted = 0, duplicate = 0, rejected = 0;
  std::uint64_t total() const { return admitted + duplicate + rejected; }
  Tally& operator+=(const Tally& o) {
    admitted += o.admitted;
    duplicate += o.duplicate;
    rejected += o.rejected;
    return *this;
  }
  bool operator==(const Tally&) const = default;
};

struct ProgressState {
  std::vector<Offset> positions;  // indexed by partition: the first offset not committed
  Tally tally;                    // of everything before the positions
  std::optional<Cut> pending;     // begun, not committed: to be done again exactly so, before anything else
};

/// Keeps the worker's place. One writer; every call is durable when it returns. Thread-safe for load().
class Progress {
 public:
  virtual ~Progress() = default;

  virtual Result<ProgressState> load() = 0;

  /// Records the next batch. REQUIRES: no other cut is pending (the same one may be), ranges begin at the committed positions.
  /// After an error, here and in commit(): call again with the same arguments, or load() after a restart.
  virtual Status begin(const Cut& cut) = 0;

  /// The pending cut is in every output: moves the positions to its ends, adds `delta` to the tally, keeps
  /// `identities` (opaque; the deduplicator's memory of this batch, stamped `newest_arrival`), all in one step.
  /// REQUIRES: `cut` is the pending one.
  virtual Status commit(const Cut& cut, const Tally& delta, std::string_view identities, UnixMillis newest_arrival) = 0;

  /// Hands out the `identities` of committed batches whose newest arrival is at or after `since`, oldest commit first.
  /// Stops early when `each` returns false.
  virtual Status identities(UnixMillis since, const std::function<bool(std::string_view)>& each) = 0;

  /// Forgets identities older than `before`.
  virtual Status trim_identities(UnixMillis before) = 0;
};

/// A few small named values that must survive (retention's books, tokens, the simulator's switch). Thread-safe; durable when
/// a call returns.
class StateStore {
 public:
  virtual ~StateStore() = default;
  virtual Result<std::optional<std::string>> get(std::string_view key) = 0;
  /// All or none of the pairs; an empty value removes the key.
  virtual Status put(const std::vector<std::pair<std::string, std::string>>& pairs) = 0;
};

}  // namespace weir

// The worker: takes events from the log through decode ▸ admit ▸ enrich ▸ roll up ▸ encode into the store.
//
// Exactly once, seen from the tables. A batch is a run of neighbouring offsets of each partition. Its cut is durable in
// Progress before anything of it is written; every table gets its rows under the token that follows from the cut; then
// the positions, the tally and the identities are committed in one step. After a crash the same cut is read again, decoded
// with the same memory of identities (those committed before it), and written under the same token: tables that have it
// keep it once, tables that lack it get it.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/status.h"
#include "event/decoder.h"
#include "pipeline/commit_gate.h"
#include "pipeline/freshness.h"
#include "ports/live_feed.h"
#include "ports/log.h"
#include "ports/store.h"

namespace weir {

class Enricher;

struct WorkerOptions {
  DecodeLimits limits;
  std::int64_t dedupe_window_millis = 10 * 60 * 1000;
  std::size_t dedupe_max_bytes = 400 << 20;  // of all partitions together
  std::size_t batch_events = 100'000;        // of all partitions together
  std::size_t batch_bytes = 64 << 20;
  /// Batches begin at least this far apart while the log is not behind: each costs about 15 ms of core time, however small.
  std::chrono::milliseconds interval{40};
  unsigned threads = 2;  // that decode
};

struct WorkerStatus {
  bool healthy = true;
  std::string message;           // what is wrong; empty when healthy
  std::uint64_t lag_events = 0;  // in the log, not committed
  std::uint64_t batches = 0;
  double last_insert_seconds = 0;
  /// Since the start: how long batches were made, and how long they were written. Both go on side by side.
  double prepare_seconds = 0, write_seconds = 0;
  std::int64_t dedupe_window_millis = 0;  // in force
  std::size_t dedupe_identities = 0;
};

/// Everything borrowed must outlive it. status() from any thread; start and stop from one.
class Worker {
 public:
  struct Parts {
    LogReader& log;
    Progress& progress;
    StoreWriter& store;
    LiveFeed& feed;
    CommitGate& gate;
    Freshness& freshness;
    const Enricher* enricher;  // may be null: nothing is filled in
    Metrics& metrics;
    const Clock& clock;
  };

  /// Restores the memory of identities: those committed within a window before the first event that is not committed. When a
  /// batch was begun before the last stop, the gate stays closed from here on until that batch is done: tables may hold a
  /// part of it. (Retention must not look at such tables, as the engine forgets the tokens of a day that is dropped.)
  static Result<std::unique_ptr<Worker>> create(const WorkerOptions& options, Parts parts, std::uint32_t partitions);
  ~Worker();

  void start();
  /// Goes on until it has caught up, at most for `drain`; then finishes the batch at hand and ends.
  void stop(std::chrono::milliseconds drain);

  WorkerStatus status() const;

 private:
  struct Lane;
  struct Prepared;

  Worker(const WorkerOptions& options, Parts parts);
  Status restore(std::uint32_t partitions);
  VerdictLimits settings() const { return {options_.limits.retention_millis, options_.dedupe_window_millis}; }
  void judge_by(const VerdictLimits& limits);
  void prepare_loop(std::stop_token stop);
  void write_loop();
  Result<std::optional<Prepared>> prepare(const Cut* again);
  void finish_lanes(Prepared& batch);
  bool write(Prepared& batch);
  void account(const Prepared& batch, double insert_seconds);
  void set_problem(std::string message);
  std::string token_of(const Cut& cut) const;

  const WorkerOptions options_;
  const Parts parts_;
  std::string log_id_;
  std::vector<std::unique_ptr<Lane>> lanes_;  // one a partition; the preparing thread's

  std::vector<Offset> next_;  // the preparing thread's: first offset not yet in a batch
  std::optional<Cut> redo_;   // begun before the start, to be done first
  bool gate_closed_ = false;  // since the restore, as a batch is half done; the writing thread's after start()
  bool backlog_ = false;      // the preparing thread's: the last batch was full

  BoundedQueue<std::shared_ptr<Prepared>> ready_{
      1};  // counts batches: one waits while one is written; shared only as Prepared is unknown here
  std::atomic<bool> draining_{false}, aborting_{false};
  std::jthread preparer_, writer_;

  mutable std::mutex status_mutex_;
  WorkerStatus status_;            // guarded by status_mutex_
  std::vector<Offset> committed_;  // guarded by status_mutex_
};

}  // namespace weir

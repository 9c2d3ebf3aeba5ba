// The parts that work on events, wired: log, store, worker, retention. Without HTTP; `weir up` and the benchmarks stand on it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "app/data_dir.h"
#include "backends/log_rocksdb/rocks_log.h"
#include "backends/memory/memory_live_feed.h"
#include "backends/store_chdb/chdb_rollups.h"
#include "backends/store_chdb/chdb_store.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "pipeline/ledger.h"
#include "pipeline/rebuild.h"
#include "pipeline/rollup_check.h"
#include "pipeline/worker.h"
#include "stages/enrich.h"

namespace weir {

struct CoreOptions {
  std::string data_dir;
  std::string database = "weir";
  std::optional<std::uint32_t> partitions;  // of a new log
  std::int64_t retention_millis = 30LL * 86'400'000;
  std::int64_t dedupe_window_millis = 600'000;
  std::vector<std::string> geo;
  std::chrono::milliseconds check_interval{30'000};  // between two hours of rollups that are held against rows
};

/// Members are public: this is a set of parts, in the order in which they depend on each other.
class Core {
 public:
  /// Opens everything and finishes what a crash interrupted. Nothing runs yet.
  static Result<std::unique_ptr<Core>> open(const CoreOptions& options, const Clock& clock, Metrics& metrics);
  ~Core();

  /// Whether the log takes events just now: kDiskFull, kOverloaded.
  Status can_append() const;
  /// Starts worker and housekeeping.
  void start();
  /// Lets the worker catch up for at most `drain`, ends it, and closes the log.
  void stop(std::chrono::milliseconds drain);
  /// RollupRebuilder::run, and what goes before and after it. REQUIRES: the worker runs.
  Result<RebuildSummary> rebuild(const RebuildDays& days, const std::function<void(const RebuildProgress&)>& progress,
                                 const std::stop_token& stop);

  const Clock& clock;
  Metrics& metrics;
  std::unique_ptr<DataDir> data_dir;
  std::unique_ptr<Enricher> enricher;  // null: no --geo
  std::unique_ptr<RocksLog> log;
  std::unique_ptr<ChdbStore> store;
  std::unique_ptr<ChdbRollups> rollups;
  CommitGate gate;
  Freshness freshness;
  MemoryLiveFeed feed;
  std::unique_ptr<Bookkeeper> books;
  std::unique_ptr<RollupRebuilder> rebuilder;
  std::unique_ptr<RollupCheck> check;
  std::unique_ptr<Worker> worker;

 private:
  Core(const CoreOptions& options, const Clock& c, Metrics& m) : clock(c), metrics(m), options_(options) {}
  /// Log and tables are two halves of one whole. kCorrupt: one of them is not the other's.
  Status check_halves();
  void keep_house(std::stop_token stop);

  const CoreOptions options_;
  std::jthread housekeeping_;
};

}  // namespace weir

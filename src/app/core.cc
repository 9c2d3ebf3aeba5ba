#include "app/core.h"

#include <condition_variable>
#include <mutex>

#include "base/fail_point.h"
#include "base/log.h"

namespace weir {
namespace {

constexpr std::chrono::minutes kRetentionRound{1};
/// What the log keeps of events that are in the tables already: for live streams that resume, and for a look at what came in.
constexpr std::uint64_t kKeptLogBytes = 2ULL << 30;
constexpr std::uint64_t kMaxLogBytes = 16ULL << 30;

}  // namespace

Result<std::unique_ptr<Core>> Core::open(const CoreOptions& options, const Clock& clock, Metrics& metrics) {
  std::unique_ptr<Core> core(new Core(options, clock, metrics));
  WEIR_TRY_ASSIGN(core->data_dir, DataDir::hold(options.data_dir));
  if (!options.geo.empty()) {
    WEIR_TRY_ASSIGN(core->enricher, Enricher::open(options.geo));
  }
  WEIR_TRY(fail_point("start.log"));
  WEIR_TRY_ASSIGN(core->log, RocksLog::create({.directory = core->data_dir->log(),
                                               .partitions = options.partitions,
                                               .retention_bytes = kKeptLogBytes,
                                               .max_bytes = kMaxLogBytes},
                                              clock, metrics));
  WEIR_TRY(fail_point("start.store"));
  WEIR_TRY_ASSIGN(core->store, ChdbStore::create({.path = core->data_dir->store(), .database = options.database}));
  core->books = std::make_unique<Bookkeeper>(*core->log, *core->log, *core->log, *core->store, core->gate,
                                             core->log->partitions());
  WEIR_TRY(core->books->recover());
  WEIR_TRY(fail_point("start.worker"));
  WorkerOptions worker;
  worker.limits.retention_millis = options.retention_millis;
  worker.dedupe_window_millis = options.dedupe_window_millis;
  WEIR_TRY_ASSIGN(core->worker, Worker::create(worker,
                                               {*core->log, *core->log, *core->store, core->feed, core->gate,
                                                core->freshness, core->enricher.get(), metrics, clock},
                                               core->log->partitions()));
  return core;
}

Core::~Core() { stop(std::chrono::milliseconds(0)); }

void Core::start() {
  worker->start();
  if (options_.retention_millis != 0) housekeeping_ = std::jthread([this](std::stop_token stop) { keep_house(stop); });
}

void Core::stop(std::chrono::milliseconds drain) {
  if (housekeeping_.joinable()) {
    housekeeping_.request_stop();
    housekeeping_.join();
  }
  if (log) log->close();
  if (worker) worker->stop(drain);
}

void Core::keep_house(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  while (!stop.stop_requested()) {
    const auto removed = books->expire(clock.now() - options_.retention_millis);
    if (!removed) {
      log::warn("Retention could not remove old events and tries again in a minute: {}", removed.error().message);
    } else if (*removed > 0) {
      log::info("Retention removed {} events older than {} days", *removed, options_.retention_millis / 86'400'000);
    }
    std::unique_lock lock(mutex);
    woken.wait_for(lock, stop, kRetentionRound, [] { return false; });
  }
}

}  // namespace weir

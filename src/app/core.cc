#include "app/core.h"

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "base/duration_text.h"
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
  core->rollups = std::make_unique<ChdbRollups>(*core->store);
  core->books = std::make_unique<Bookkeeper>(*core->log, *core->log, *core->log, *core->store, core->gate,
                                             core->log->partitions());
  core->rebuilder = std::make_unique<RollupRebuilder>(
      RollupRebuilder::Parts{*core->log, *core->log, *core->store, *core->rollups, *core->books, clock});
  core->check = std::make_unique<RollupCheck>(*core->store, *core->rollups, *core->books, metrics, clock,
                                              options.retention_millis);
  WEIR_TRY(core->books->recover());
  WEIR_TRY(core->rebuilder->recover());
  WEIR_TRY(fail_point("start.worker"));
  WEIR_TRY(core->check_halves());
  WorkerOptions worker;
  worker.limits.retention_millis = options.retention_millis;
  worker.dedupe_window_millis = options.dedupe_window_millis;
  WEIR_TRY_ASSIGN(core->worker, Worker::create(worker,
                                               {*core->log, *core->log, *core->store, core->feed, core->gate,
                                                core->freshness, core->enricher.get(), metrics, clock},
                                               core->log->partitions()));
  return core;
}

Status Core::check_halves() {
  WEIR_TRY_ASSIGN(const ProgressState progress, log->load());
  WEIR_TRY_ASSIGN(const Ledger l, books->ledger());
  if (progress.pending) return {};  // some of its rows may be in some of the tables: the worker does it again
  constexpr std::string_view kNext =
      "Restore the whole data directory from a copy, or begin anew with another --data-dir.";
  if (l.admitted == 0 && l.stored + l.rolled_up > 0) {
    return fail(
        Code::kCorrupt,
        fmt::format("The tables in {} hold {} events that the log in {} knows nothing about: the log was removed or is "
                    "damaged. {}",
                    data_dir->store(), l.stored, data_dir->log(), kNext));
  }
  if (l.admitted > l.expired && l.stored + l.rolled_up == 0) {
    return fail(
        Code::kCorrupt,
        fmt::format("The log in {} has admitted {} events, and the tables of database {} in {} hold none: they were "
                    "removed or are damaged, or --database names another one. {}",
                    data_dir->log(), l.admitted, options_.database, data_dir->store(), kNext));
  }
  if (!l.balanced()) {
    log::error(
        "The books do not balance: {} events were admitted, {} are in the tables, {} were removed by retention, {} are "
        "in the rollups. Files in {} were damaged or changed; what is missing there cannot be made again. {}",
        l.admitted, l.stored, l.expired, l.rolled_up, data_dir->store(), kNext);
  }
  return {};
}

Status Core::can_append() const {
  const std::uint64_t reserve = RocksLogOptions{}.reserve_bytes;
  std::error_code error;
  const auto disk = std::filesystem::space(data_dir->log(), error);
  if (!error && disk.available < reserve) {
    return fail(Code::kDiskFull,
                fmt::format("the disk of {} has {} MiB left, and {} MiB stay free for what was accepted: free "
                            "space there",
                            data_dir->log(), disk.available >> 20, reserve >> 20));
  }
  if (log->stats().kept_bytes >= kMaxLogBytes) {
    return fail(Code::kOverloaded,
                fmt::format("the log holds {} GiB that the worker has not worked off: see the worker's state",
                            kMaxLogBytes >> 30));
  }
  return {};
}

Core::~Core() { stop(std::chrono::milliseconds(0)); }

void Core::start() {
  worker->start();
  housekeeping_ = std::jthread([this](std::stop_token stop) { keep_house(stop); });
}

void Core::stop(std::chrono::milliseconds drain) {
  if (housekeeping_.joinable()) {
    housekeeping_.request_stop();
    housekeeping_.join();
  }
  if (log) log->close();
  if (worker) worker->stop(drain);
}

Result<RebuildSummary> Core::rebuild(const RebuildDays& days,
                                     const std::function<void(const RebuildProgress&)>& progress,
                                     const std::stop_token& stop) {
  auto summary = rebuilder->run(days, progress, stop);
  if (summary) {
    for (const std::string& day : summary->days) check->forget_day(*first_second_of_day(day));
  }
  return summary;
}

void Core::keep_house(std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::optional<std::chrono::steady_clock::time_point> last_retention;
  while (!stop.stop_requested()) {
    if (options_.retention_millis != 0 && (!last_retention || clock.steady() - *last_retention >= kRetentionRound)) {
      last_retention = clock.steady();
      const auto removed = books->expire(clock.now() - options_.retention_millis);
      if (!removed) {
        log::warn("Retention could not remove old events and tries again in a minute: {}", removed.error().message);
      } else if (*removed > 0) {
        log::info("Retention removed {} events older than {}", *removed, duration_text(options_.retention_millis));
      }
    }
    if (Status checked = check->next(); !checked)
      log::debug("An hour of rollups could not be held against its rows; its turn comes again: {}",
                 checked.error().message);
    std::unique_lock lock(mutex);
    woken.wait_for(lock, stop, options_.check_interval, [] { return false; });
  }
}

}  // namespace weir

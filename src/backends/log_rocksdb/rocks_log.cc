#include "backends/log_rocksdb/rocks_log.h"

#include <fmt/format.h>
#include <rocksdb/write_batch.h>

#include <string>
#include <utility>

#include "backends/log_rocksdb/rocks_append_queue.h"
#include "backends/log_rocksdb/rocks_database.h"
#include "backends/log_rocksdb/rocks_partitions.h"
#include "backends/log_rocksdb/rocks_progress.h"
#include "backends/log_rocksdb/rocks_retention.h"
#include "base/check.h"
#include "base/log.h"

namespace weir {

/// The parts, each of which uses those above it.
struct RocksLog::Parts {
  bool bounded = false;  // the log has a limit that forgetting helps against
  std::unique_ptr<rocks::Database> database;
  std::unique_ptr<rocks::Partitions> partitions;
  std::unique_ptr<rocks::ProgressRecord> progress;
  std::unique_ptr<rocks::AppendQueue> queue;
  std::unique_ptr<rocks::Retention> retention;
};

Result<std::unique_ptr<RocksLog>> RocksLog::create(RocksLogOptions options, const Clock& clock, Metrics& metrics) {
  if (options.max_bytes != 0 && options.retention_bytes > options.max_bytes) {
    return fail(Code::kInvalid,
                fmt::format("the log shall keep {} bytes and be limited to {}; keep less, or allow more",
                            options.retention_bytes, options.max_bytes));
  }
  auto parts = std::make_unique<Parts>();
  Parts& p = *parts;
  p.bounded = options.max_bytes != 0;
  WEIR_TRY_ASSIGN(p.database, rocks::Database::open({.directory = std::move(options.directory),
                                                     .partitions = options.partitions,
                                                     .compress = options.compress}));
  WEIR_TRY_ASSIGN(p.partitions, rocks::Partitions::open(*p.database));
  WEIR_TRY_ASSIGN(p.progress, rocks::ProgressRecord::open(*p.database, *p.partitions));
  const rocks::AppendQueue::Limits append{
      .queue_bytes = options.queue_bytes, .max_bytes = options.max_bytes, .reserve_bytes = options.reserve_bytes};
  p.queue = std::make_unique<rocks::AppendQueue>(append, *p.database, *p.partitions, clock, metrics);
  const rocks::Retention::Limits keep{
      .time = options.retention_time,
      .bytes = options.retention_bytes != 0 ? options.retention_bytes : options.max_bytes / 2,
      .pause = options.housekeeping};
  p.retention = std::make_unique<rocks::Retention>(keep, *p.database, *p.partitions, *p.progress, clock);
  return std::unique_ptr<RocksLog>(new RocksLog(std::move(parts)));
}

RocksLog::RocksLog(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

RocksLog::~RocksLog() {
  close();
  parts_->retention.reset();
  // So that the next start has no write-ahead log to read; not needed for anything to be durable.
  if (const Status written = write_out(); !written) log::warn("log: {}", written.error().message);
}

void RocksLog::close() { parts_->queue->close(); }

std::uint32_t RocksLog::partitions() const { return parts_->partitions->count(); }

void RocksLog::append(std::vector<PartitionBatch> batches, Done done) {
  const Status taken = parts_->queue->take(batches, done);
  if (taken) return;
  if (taken.error().code == Code::kOverloaded && parts_->bounded) parts_->retention->hurry();
  done(taken);
}

void RocksLog::flush() { parts_->queue->flush(); }

std::string RocksLog::id() const { return parts_->database->id(); }

Result<LogSlice> RocksLog::read(PartitionId partition, Offset from, std::size_t max_events, std::size_t max_bytes) {
  return parts_->partitions->read(partition, from, max_events, max_bytes);
}

Result<Offset> RocksLog::begin(PartitionId partition) { return parts_->partitions->begin(partition); }
Result<Offset> RocksLog::end(PartitionId partition) { return parts_->partitions->end(partition); }

bool RocksLog::wait(std::span<const Offset> positions, std::chrono::milliseconds timeout, std::stop_token stop) {
  return parts_->partitions->wait(positions, timeout, std::move(stop));
}

Status RocksLog::trim(PartitionId partition, Offset before) {
  const Offset committed = parts_->progress->state().positions.at(partition.value);
  WEIR_CHECK(before <= committed, "trim of partition {} to {}, which is not committed", partition.value, before.value);
  return parts_->partitions->forget(partition, before);
}

std::uint64_t RocksLog::disk_bytes() { return parts_->database->disk_bytes(); }

Result<ProgressState> RocksLog::load() { return parts_->progress->state(); }
Status RocksLog::begin(const Cut& cut) { return parts_->progress->begin(cut); }

Status RocksLog::commit(const Cut& cut, const Tally& delta, std::string_view identities, UnixMillis newest_arrival) {
  return parts_->progress->commit(cut, delta, identities, newest_arrival);
}

Status RocksLog::identities(UnixMillis since, const std::function<bool(std::string_view)>& each) {
  return parts_->progress->identities(since, each);
}

Status RocksLog::trim_identities(UnixMillis before) { return parts_->progress->trim_identities(before); }

Result<std::optional<std::string>> RocksLog::get(std::string_view key) {
  return parts_->database->get(parts_->database->meta(), std::string(rocks::kStatePrefix) + std::string(key));
}

Status RocksLog::put(const std::vector<std::pair<std::string, std::string>>& pairs) {
  rocksdb::WriteBatch batch;
  for (const auto& [key, value] : pairs) {
    const std::string stored = std::string(rocks::kStatePrefix) + key;
    if (value.empty()) {
      batch.Delete(parts_->database->meta(), stored);
    } else {
      batch.Put(parts_->database->meta(), stored, value);
    }
  }
  return parts_->database->write(batch, "saving state");
}

Status RocksLog::retain() { return parts_->retention->retain(); }
Status RocksLog::write_out() { return parts_->database->write_out(); }

RocksLog::Stats RocksLog::stats() const {
  Stats stats;
  stats.appends = parts_->queue->appends();
  stats.groups = parts_->queue->groups();
  stats.kept_bytes = parts_->partitions->kept_bytes();
  stats.rewritten_bytes = parts_->database->rewritten_bytes();
  return stats;
}

}  // namespace weir

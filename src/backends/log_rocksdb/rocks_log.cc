#include "backends/log_rocksdb/rocks_log.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <sys/statvfs.h>

#include <condition_variable>
#include <cstdarg>
#include <cstdio>
#include <deque>
#include <random>
#include <shared_mutex>
#include <thread>

#include "backends/log_rocksdb/layout.h"
#include "base/check.h"
#include "base/log.h"

namespace weir {
namespace {

using layout::BlockBuilder;
using layout::BlockView;

constexpr std::uint32_t kDefaultPartitions = 4;
constexpr std::uint32_t kMaxPartitions = 256;
// What one fsync makes durable at most, unless one append alone is larger.
constexpr std::size_t kGroupBytes = 8 * 1024 * 1024;
constexpr std::size_t kBatchReserve = kGroupBytes + 1024 * 1024;
constexpr std::size_t kMaxBlockEvents = 64 * 1024;
// What an event costs in the queue besides its bytes: its place in a RawBatch and in the block.
constexpr std::size_t kEventOverhead = 16;
constexpr std::chrono::milliseconds kRecoveryPause{200};

constexpr std::string_view kFormatKey = "format", kIdKey = "id", kPartitionsKey = "partitions",
                           kProgressKey = "progress", kRecoveredKey = "recovered";
constexpr std::string_view kBeginPrefix = "begin/", kIdentityPrefix = "identity/", kStatePrefix = "state/";
constexpr std::string_view kIdentitiesFamily = "identities", kEventsFamily = "events-";

rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }
std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

Error error_of(const rocksdb::Status& status, std::string_view doing) {
  const std::string text = status.ToString();
  const auto make = [&](Code code, std::string_view advice) {
    return Error{code, fmt::format("{}: {}{}", doing, text, advice)};
  };
  if (status.IsNoSpace()) return make(Code::kDiskFull, "; free space on the disk of the data directory");
  if (status.IsCorruption()) {
    return make(Code::kCorrupt, "; the files are not what was written: restore the data directory from a copy");
  }
  if (status.IsShutdownInProgress()) return make(Code::kCancelled, "");
  if (text.find("Permission denied") != std::string::npos || text.find("Read-only file system") != std::string::npos) {
    return make(Code::kDenied, "; let this user write there");
  }
  if (text.find("lock") != std::string::npos && (status.IsIOError() || status.IsBusy())) {
    return make(Code::kConflict, "; another process has the log open: end it, or use another data directory");
  }
  if (status.IsIOError() || status.IsBusy() || status.IsTryAgain() || status.IsTimedOut() || status.IsIncomplete()) {
    return make(Code::kUnavailable, "");
  }
  return make(Code::kInternal, "");
}

Status status_of(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return {};
  return std::unexpected(error_of(status, doing));
}

std::string random_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", device());
  return id;
}

// RocksDB's own messages, in ours. It would write a file of its own into the directory; and where a write to that file
// fails, as on a full disk, Debian's build (which has assertions on) ends the process.
class Messages final : public rocksdb::Logger {
 public:
  Messages() : Logger(rocksdb::WARN_LEVEL) {}
  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override { write(log::Level::kDebug, format, arguments); }
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < GetInfoLogLevel() || level == rocksdb::HEADER_LEVEL) return;
    write(level >= rocksdb::ERROR_LEVEL ? log::Level::kWarn : log::Level::kDebug, format, arguments);
  }

 private:
  static void write(log::Level level, const char* format, va_list arguments) {
    if (!log::enabled(level)) return;
    char text[1024];
    std::vsnprintf(text, sizeof text, format, arguments);
    std::string_view line(text);
    while (line.ends_with('\n')) line.remove_suffix(1);
    log::write(level, fmt::format("log: RocksDB: {}", line));
  }
};

// Of families whose keys only ever grow: files leave level 0 by being moved, as they overlap nothing, and nothing is written
// twice. Forgetting removes whole files.
rocksdb::ColumnFamilyOptions growing_family(std::size_t memtable_bytes, bool compress) {
  rocksdb::ColumnFamilyOptions o;
  o.write_buffer_size = memtable_bytes;
  o.max_write_buffer_number = 3;
  o.num_levels = 2;
  o.level0_file_num_compaction_trigger = 1;
  o.ttl = 0;
  o.periodic_compaction_seconds = 0;
  o.compression = compress ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  table.no_block_cache = true;  // read once, in order; the page cache is enough
  table.block_size = 64 * 1024;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return o;
}

rocksdb::ColumnFamilyOptions small_family() {
  rocksdb::ColumnFamilyOptions o;
  o.write_buffer_size = 4 * 1024 * 1024;
  o.compression = rocksdb::kNoCompression;
  return o;
}

rocksdb::DBOptions database_options() {
  rocksdb::DBOptions o;
  o.create_if_missing = true;
  o.create_missing_column_families = true;
  // A record that is cut off at the end was never acknowledged and is dropped. Anything else that is wrong in the write-ahead
  // log refuses to open: going on at an earlier point would give offsets, and with them deduplication tokens, a second time.
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  o.track_and_verify_wals_in_manifest = true;
  o.max_total_wal_size = 256 * 1024 * 1024;
  o.db_write_buffer_size = 128 * 1024 * 1024;
  o.max_background_jobs = 2;
  o.bytes_per_sync = 1024 * 1024;
  o.max_open_files = 256;
  o.max_manifest_file_size = 16 * 1024 * 1024;
  o.info_log = std::make_shared<Messages>();
  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  o.skip_stats_update_on_db_open = true;
  return o;
}

// Counts what compaction writes again; a file that is only moved to another level is not.
class Rewritten final : public rocksdb::EventListener {
 public:
  void OnCompactionCompleted(rocksdb::DB*, const rocksdb::CompactionJobInfo& job) override {
    if (job.cf_name.starts_with(kEventsFamily)) bytes += job.stats.total_output_bytes;
  }
  std::atomic<std::uint64_t> bytes{0};
};

// Writes that come together are put into one by RocksDB: the first thread reads the batches of the others. Debian's library is
// not instrumented, so ThreadSanitizer does not see that they wait for it; under it they come one after the other.
#ifdef __SANITIZE_THREAD__
using WriterLock = std::unique_lock<std::shared_mutex>;
#else
using WriterLock = std::shared_lock<std::shared_mutex>;
#endif

struct Waiting {
  std::vector<PartitionBatch> batches;
  std::vector<UnixMillis> received_at;  // one a batch
  std::size_t bytes, cost;
  std::chrono::steady_clock::time_point since;
  LogAppender::Done done;
};

// What is known of a partition, beside its events.
struct Partition {
  rocksdb::ColumnFamilyHandle* family = nullptr;  // owned by the Impl's handles_
  std::atomic<std::uint64_t> begin{0}, end{0};    // durable events are [begin, end)
  // Bytes of all events before `begin` and before `end`.
  std::atomic<std::uint64_t> begin_position{0}, end_position{0};
};

}  // namespace

class RocksLog::Impl {
 public:
  Impl(RocksLogOptions options, const Clock& clock, Metrics& metrics)
      : options_(std::move(options)),
        clock_(clock),
        append_seconds_(metrics.log_append_seconds),
        queue_gauge_(metrics.queue_bytes("append")) {
    metrics.queue_limit_bytes("append").Set(static_cast<double>(options_.queue_bytes));
    sync_.sync = true;
    scan_.fill_cache = false;
  }
  ~Impl();

  Status open();
  void close();

  std::uint32_t partitions() const { return count_; }
  void append(std::vector<PartitionBatch> batches, Done done);
  void flush();
  const std::string& id() const { return id_; }
  Result<LogSlice> read(PartitionId partition, Offset from, std::size_t max_events, std::size_t max_bytes);
  Offset begin(PartitionId partition) const { return Offset(at(partition).begin.load()); }
  Offset end(PartitionId partition) const { return Offset(at(partition).end.load()); }
  bool wait(std::span<const Offset> positions, std::chrono::milliseconds timeout, std::stop_token stop);
  Status trim(PartitionId partition, Offset before);
  std::uint64_t disk_bytes() const;

  ProgressState load();
  Status begin(const Cut& cut);
  Status commit(const Cut& cut, const Tally& delta, std::string_view identities, UnixMillis newest_arrival);
  Status identities(UnixMillis since, const std::function<bool(std::string_view)>& each);
  Status trim_identities(UnixMillis before);

  Result<std::optional<std::string>> get(std::string_view key);
  Status put(const std::vector<std::pair<std::string, std::string>>& pairs);

  Status retain();
  Status write_out();
  Stats stats() const;

 private:
  Partition& at(PartitionId p) const {
    WEIR_CHECK(p.value < count_, "partition {} of {}", p.value, count_);
    return partitions_[p.value];
  }
  Status open_database();
  Status load_or_make_identity();
  Status load_partition(PartitionId p);
  Status load_progress();
  Result<std::optional<std::string>> get_raw(rocksdb::ColumnFamilyHandle* family, std::string_view key) const;
  Status write(rocksdb::WriteBatch& batch, std::string_view doing);
  Status recover();

  void write_loop();
  Status write_group(std::vector<Waiting>& group, std::size_t bytes);
  Status check_space(std::size_t bytes) const;
  void housekeep();

  // Calls `use` with the block that holds `offset`. REQUIRES: begin <= offset < end.
  template <class Use>
  Status with_block(PartitionId p, Offset offset, Use&& use) const;
  std::uint64_t kept_bytes() const;
  Error corrupt(PartitionId p, Offset at, std::string_view what) const;

  const RocksLogOptions options_;
  const Clock& clock_;
  prometheus::Histogram& append_seconds_;
  prometheus::Gauge& queue_gauge_;
  rocksdb::WriteOptions sync_;
  rocksdb::ReadOptions scan_;

  // Constant after open().
  const std::shared_ptr<Rewritten> rewritten_ = std::make_shared<Rewritten>();  // shared with the database
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<std::unique_ptr<rocksdb::ColumnFamilyHandle>> handles_;
  rocksdb::ColumnFamilyHandle *meta_ = nullptr, *identities_ = nullptr;
  std::string id_;
  std::uint32_t count_ = 0;
  bool opened_ = false;
  std::unique_ptr<Partition[]> partitions_;

  std::mutex queue_mutex_;
  std::condition_variable queue_changed_;
  // guarded by queue_mutex_
  std::deque<Waiting> queue_;
  std::size_t queued_cost_ = 0;             // of queue_ and of the group being written
  std::uint64_t accepted_bytes_ = 0;        // of all events that are durable or wait, since the log began
  std::vector<UnixMillis> newest_;          // stamp of the last append, by partition
  std::uint64_t taken_ = 0, finished_ = 0;  // appends
  bool closing_ = false;

  // Only the writer's thread.
  rocksdb::WriteBatch batch_{kBatchReserve};
  bool disk_full_ = false;  // as the last look at the reserve said

  // The condition is about Partition::end, which is written under it.
  std::mutex wait_mutex_;
  std::condition_variable_any came_;

  std::mutex trim_mutex_;  // one trim at a time

  std::mutex progress_mutex_;
  // guarded by progress_mutex_
  ProgressState progress_;
  struct IdentityRow {
    std::uint64_t number;
    UnixMillis newest_arrival;
  };
  std::deque<IdentityRow> identity_rows_;
  std::uint64_t next_identity_ = 0;

  std::atomic<bool> unwell_{false};  // a write failed, and nothing has been written since
  // Shared by writers; recovery has it alone, so that nothing is written between its steps.
  std::shared_mutex write_gate_;
  // guarded by write_gate_, held alone
  std::chrono::steady_clock::time_point recovery_tried_{};
  Error recovery_error_{Code::kUnavailable, "the log waits for its disk"};

  std::atomic<std::uint64_t> appends_{0}, append_groups_{0};

  std::mutex housekeeping_mutex_;
  std::condition_variable_any housekeeping_due_;
  bool retain_soon_ = false;  // guarded by housekeeping_mutex_

  std::mutex close_mutex_;
  std::thread writer_;  // joined under close_mutex_
  std::jthread housekeeper_;
};

// ---------------------------------------------------------------------------------------------------------- opening

Status RocksLog::Impl::open() {
  if (options_.max_bytes != 0 && options_.retention_bytes > options_.max_bytes) {
    return fail(Code::kInvalid,
                fmt::format("the log shall keep {} bytes and be limited to {}; keep less, or allow more",
                            options_.retention_bytes, options_.max_bytes));
  }
  if (options_.partitions && (*options_.partitions == 0 || *options_.partitions > kMaxPartitions)) {
    return fail(Code::kInvalid,
                fmt::format("a log has 1 to {} partitions, not {}", kMaxPartitions, *options_.partitions));
  }
  WEIR_TRY(open_database());
  WEIR_TRY(load_or_make_identity());
  partitions_ = std::make_unique<Partition[]>(count_);
  newest_.resize(count_);
  for (std::uint32_t p = 0; p < count_; ++p) WEIR_TRY(load_partition(PartitionId(p)));
  WEIR_TRY(load_progress());
  for (std::uint32_t p = 0; p < count_; ++p) accepted_bytes_ += partitions_[p].end_position.load();
  opened_ = true;
  writer_ = std::thread([this] { write_loop(); });
  housekeeper_ = std::jthread([this](const std::stop_token& stop) {
    std::unique_lock lock(housekeeping_mutex_);
    while (!stop.stop_requested()) {
      housekeeping_due_.wait_for(lock, stop, options_.housekeeping, [this] { return retain_soon_; });
      retain_soon_ = false;
      if (stop.stop_requested()) return;
      lock.unlock();
      housekeep();
      lock.lock();
    }
  });
  return {};
}

Status RocksLog::Impl::open_database() {
  const std::string path = options_.directory.string();
  std::error_code made;
  std::filesystem::create_directory(options_.directory, made);
  if (made) return fail(Code::kDenied, fmt::format("cannot make the directory {}: {}", path, made.message()));

  rocksdb::DBOptions database = database_options();
  database.listeners.push_back(rewritten_);
  // A log that was begun and not finished has families too; which ones it should have is known only from its own record. So all
  // that are there are opened, and the missing ones are made afterwards.
  std::vector<std::string> names;
  if (std::filesystem::exists(options_.directory / "CURRENT")) {
    WEIR_TRY(status_of(rocksdb::DB::ListColumnFamilies(database, path, &names),
                       fmt::format("cannot open the log in {}", path)));
  } else {
    names.push_back(rocksdb::kDefaultColumnFamilyName);
  }
  const std::size_t event_families = options_.partitions.value_or(kDefaultPartitions);
  const std::size_t memtable =
      std::clamp<std::size_t>(128 * 1024 * 1024 / event_families, 4 * 1024 * 1024, 32 * 1024 * 1024);
  const auto family_options = [&](const std::string& name) {
    if (name.starts_with(kEventsFamily)) return growing_family(memtable, options_.compress);
    if (name == kIdentitiesFamily) return growing_family(8 * 1024 * 1024, false);
    return small_family();
  };
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.reserve(names.size());
  for (const std::string& name : names) families.emplace_back(name, family_options(name));
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  WEIR_TRY(status_of(rocksdb::DB::Open(database, path, families, &handles, &db),
                     fmt::format("cannot open the log in {}", path)));
  db_.reset(db);
  for (rocksdb::ColumnFamilyHandle* h : handles) handles_.emplace_back(h);
  meta_ = db_->DefaultColumnFamily();
  return {};
}

Status RocksLog::Impl::load_or_make_identity() {
  const auto family = [&](const std::string& name, std::size_t memtable,
                          bool compress) -> Result<rocksdb::ColumnFamilyHandle*> {
    for (const auto& handle : handles_) {
      if (handle->GetName() == name) return handle.get();
    }
    rocksdb::ColumnFamilyHandle* made = nullptr;
    WEIR_TRY(status_of(db_->CreateColumnFamily(growing_family(memtable, compress), name, &made), "cannot begin a log"));
    handles_.emplace_back(made);
    return made;
  };
  WEIR_TRY_ASSIGN(const std::optional<std::string> format, get_raw(meta_, kFormatKey));
  if (format) {
    if (const unsigned long found = std::strtoul(format->c_str(), nullptr, 10); found != layout::kFormat) {
      return fail(
          Code::kInvalid,
          fmt::format("the log in {} has format {}, written by a newer Weir; this one reads format {}: use the newer "
                      "program, or another data directory",
                      options_.directory.string(), *format, layout::kFormat));
    }
    WEIR_TRY_ASSIGN(const std::optional<std::string> id, get_raw(meta_, kIdKey));
    WEIR_TRY_ASSIGN(const std::optional<std::string> partitions, get_raw(meta_, kPartitionsKey));
    if (!id || !partitions) {
      return fail(Code::kCorrupt, fmt::format("the log in {} has lost its name or its number of partitions",
                                              options_.directory.string()));
    }
    id_ = *id;
    count_ = static_cast<std::uint32_t>(std::strtoul(partitions->c_str(), nullptr, 10));
    if (options_.partitions && *options_.partitions != count_) {
      return fail(
          Code::kConflict,
          fmt::format(
              "the log in {} has {} partitions and cannot get {}: a log keeps its number; leave the setting out, "
              "or begin a new data directory",
              options_.directory.string(), count_, *options_.partitions));
    }
  } else {
    id_ = random_id();
    count_ = options_.partitions.value_or(kDefaultPartitions);
  }
  const std::size_t memtable = std::clamp<std::size_t>(128 * 1024 * 1024 / count_, 4 * 1024 * 1024, 32 * 1024 * 1024);
  WEIR_TRY_ASSIGN(identities_, family(std::string(kIdentitiesFamily), 8 * 1024 * 1024, false));
  for (std::uint32_t p = 0; p < count_; ++p) {
    WEIR_TRY(family(fmt::format("{}{}", kEventsFamily, p), memtable, options_.compress));
  }
  if (!format) {
    // Last, and in one step: a log without this record is one that was never begun.
    rocksdb::WriteBatch batch;
    batch.Put(meta_, slice(kFormatKey), std::to_string(layout::kFormat));
    batch.Put(meta_, slice(kIdKey), id_);
    batch.Put(meta_, slice(kPartitionsKey), std::to_string(count_));
    ProgressState progress;
    progress.positions.resize(count_);
    batch.Put(meta_, slice(kProgressKey), layout::encode_progress(progress));
    WEIR_TRY(
        status_of(db_->Write(sync_, &batch), fmt::format("cannot begin a log in {}", options_.directory.string())));
  }
  return {};
}

Status RocksLog::Impl::load_partition(PartitionId p) {
  Partition& partition = partitions_[p.value];
  const std::string name = fmt::format("{}{}", kEventsFamily, p.value);
  for (const auto& handle : handles_) {
    if (handle->GetName() == name) partition.family = handle.get();
  }
  WEIR_TRY_ASSIGN(const std::optional<std::string> begin,
                  get_raw(meta_, std::string(kBeginPrefix) + layout::big_endian32(p.value)));
  if (begin) {
    if (begin->size() != 16) return std::unexpected(corrupt(p, Offset(0), "the record of its first offset is damaged"));
    partition.begin = layout::from_big_endian(std::string_view(*begin).substr(0, 8));
    partition.begin_position = layout::from_big_endian(std::string_view(*begin).substr(8));
  }
  partition.end = partition.begin.load();
  partition.end_position = partition.begin_position.load();
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_, partition.family));
  it->SeekToLast();
  if (it->Valid() && it->key().size() == 8) {
    const Offset last(layout::from_big_endian(view(it->key())));
    const Result<BlockView> block = BlockView::parse(p, last, view(it->value()));
    if (!block) return std::unexpected(corrupt(p, last, block.error().message));
    if (!block->verify()) return std::unexpected(corrupt(p, block->first(), "the checksum of the last block is wrong"));
    if (last.value + 1 > partition.end) {
      partition.end = last.value + 1;
      partition.end_position = block->end_position();
    }
    newest_[p.value] = block->run_received_at(block->runs() - 1);
  }
  return status_of(it->status(), fmt::format("cannot read the end of partition {} of the log", p.value));
}

Status RocksLog::Impl::load_progress() {
  WEIR_TRY_ASSIGN(const std::optional<std::string> stored, get_raw(meta_, kProgressKey));
  if (!stored) return fail(Code::kCorrupt, "the log has lost the record of the worker's progress");
  WEIR_TRY_ASSIGN(progress_, layout::decode_progress(*stored, count_));
  for (std::uint32_t p = 0; p < count_; ++p) {
    if (progress_.positions[p].value > partitions_[p].end) {
      return std::unexpected(
          corrupt(PartitionId(p), end(PartitionId(p)),
                  fmt::format("events up to offset {} were worked off, and are gone", progress_.positions[p].value)));
    }
  }
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_, meta_));
  for (it->Seek(slice(kIdentityPrefix)); it->Valid() && it->key().starts_with(slice(kIdentityPrefix)); it->Next()) {
    const std::string_view key = view(it->key()), value = view(it->value());
    if (key.size() != kIdentityPrefix.size() + 8 || value.size() != 8) {
      return fail(Code::kCorrupt, "the list of the deduplicator's memory is damaged");
    }
    const std::uint64_t number = layout::from_big_endian(key.substr(kIdentityPrefix.size()));
    identity_rows_.push_back({number, UnixMillis(static_cast<std::int64_t>(layout::from_big_endian(value)))});
    next_identity_ = number + 1;
  }
  return status_of(it->status(), "cannot read the list of the deduplicator's memory");
}

Result<std::optional<std::string>> RocksLog::Impl::get_raw(rocksdb::ColumnFamilyHandle* family,
                                                           std::string_view key) const {
  std::string value;
  const rocksdb::Status status = db_->Get(scan_, family, slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  WEIR_TRY(status_of(status, "cannot read from the log"));
  return std::optional(std::move(value));
}

RocksLog::Impl::~Impl() {
  close();
  if (housekeeper_.joinable()) {
    housekeeper_.request_stop();
    housekeeper_.join();
  }
  if (!db_) return;
  // So that the next start has no write-ahead log to read; not needed for anything to be durable.
  if (opened_) {
    if (const Status written = write_out(); !written) log::warn("log: {}", written.error().message);
  }
  handles_.clear();
  if (const rocksdb::Status closed = db_->Close(); !closed.ok()) log::warn("log: closing: {}", closed.ToString());
}

void RocksLog::Impl::close() {
  {
    std::lock_guard lock(queue_mutex_);
    closing_ = true;
    queue_changed_.notify_all();
  }
  std::lock_guard lock(close_mutex_);
  if (writer_.joinable()) writer_.join();
}

// ---------------------------------------------------------------------------------------------------------- writing

Status RocksLog::Impl::write(rocksdb::WriteBatch& batch, std::string_view doing) {
  if (unwell_.load()) {
    if (const Status recovered = recover(); !recovered) return fail(recovered.error(), doing);
  }
  WriterLock gate(write_gate_);
  if (unwell_.load())
    return fail(Code::kUnavailable, fmt::format("{}: a write beside this one has just failed", doing));
  const rocksdb::Status status = db_->Write(sync_, &batch);
  if (status.ok()) return {};
  unwell_ = true;
  Error error = error_of(status, doing);
  log::warn("log: {}", error.message);
  return std::unexpected(std::move(error));
}

Status RocksLog::Impl::recover() {
  std::unique_lock gate(write_gate_);
  if (!unwell_.load()) return {};
  // Real time: the pause spares the disk, and a test's clock stands still.
  const auto now = std::chrono::steady_clock::now();
  if (now - recovery_tried_ < kRecoveryPause) return std::unexpected(recovery_error_);
  recovery_tried_ = now;
  const auto failed = [&](const rocksdb::Status& status) -> Status {
    recovery_error_ = error_of(status, "the log waits for its disk");
    return std::unexpected(recovery_error_);
  };
  if (const rocksdb::Status resumed = db_->Resume(); !resumed.ok()) return failed(resumed);
  // The write-ahead log may end in half a record: whatever came after that could not be read back. This makes it begin a new one,
  // also when there is nothing in memory that would have been written out.
  rocksdb::WriteOptions unlogged;
  unlogged.disableWAL = true;
  if (const rocksdb::Status put = db_->Put(unlogged, meta_, slice(kRecoveredKey), ""); !put.ok()) return failed(put);
  if (const rocksdb::Status flushed = db_->Flush(rocksdb::FlushOptions(), meta_); !flushed.ok()) return failed(flushed);
  unwell_ = false;
  log::info("log: writing goes on");
  return {};
}

void RocksLog::Impl::append(std::vector<PartitionBatch> batches, Done done) {
  std::size_t bytes = 0, events = 0;
  for (const PartitionBatch& b : batches) {
    at(b.partition);
    bytes += b.events.bytes();
    events += b.events.size();
  }
  if (events == 0) return done({});
  if (bytes > kMaxAppendBytes) {
    return done(fail(Code::kInvalid, fmt::format("an append of {} bytes is over the limit of {}: send less at once",
                                                 bytes, kMaxAppendBytes)));
  }
  const std::size_t cost = bytes + events * kEventOverhead;
  const Status refused = [&]() -> Status {
    std::lock_guard lock(queue_mutex_);
    if (closing_) return fail(Code::kCancelled, "the log is closing");
    std::uint64_t kept = accepted_bytes_;
    for (std::uint32_t p = 0; p < count_; ++p) kept -= partitions_[p].begin_position.load();
    if (options_.max_bytes != 0 && kept + bytes > options_.max_bytes) {
      return fail(
          Code::kOverloaded,
          fmt::format("the log holds {} bytes of events and its limit is {}: wait until the worker has caught up, or "
                      "allow a larger log",
                      kept, options_.max_bytes));
    }
    if (queued_cost_ != 0 && queued_cost_ + cost > options_.queue_bytes) {
      return fail(Code::kOverloaded,
                  fmt::format("{} bytes wait to be written to the log and the limit is {}: try again later",
                              queued_cost_, options_.queue_bytes));
    }
    const UnixMillis now = clock_.now();
    std::vector<UnixMillis> stamps;
    stamps.reserve(batches.size());
    for (const PartitionBatch& b : batches) {
      UnixMillis& newest = newest_[b.partition.value];
      newest = std::max(newest, now);
      stamps.push_back(newest);
    }
    accepted_bytes_ += bytes;
    queued_cost_ += cost;
    ++taken_;
    queue_gauge_.Set(static_cast<double>(queued_cost_));
    queue_.push_back({std::move(batches), std::move(stamps), bytes, cost, clock_.steady(), std::move(done)});
    queue_changed_.notify_all();
    return {};
  }();
  if (refused) return;
  if (refused.error().code == Code::kOverloaded && options_.max_bytes != 0) {
    std::lock_guard lock(housekeeping_mutex_);
    retain_soon_ = true;
    housekeeping_due_.notify_one();
  }
  done(refused);
}

void RocksLog::Impl::flush() {
  std::unique_lock lock(queue_mutex_);
  queue_changed_.wait(lock, [this, target = taken_] { return finished_ >= target; });
}

void RocksLog::Impl::write_loop() {
  std::vector<Waiting> group;
  while (true) {
    std::size_t bytes = 0, cost = 0;
    {
      std::unique_lock lock(queue_mutex_);
      queue_changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      while (!queue_.empty() && (group.empty() || bytes + queue_.front().bytes <= kGroupBytes)) {
        bytes += queue_.front().bytes;
        cost += queue_.front().cost;
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
    }
    const Status status = write_group(group, bytes);
    const auto now = clock_.steady();
    for (Waiting& w : group) {
      if (status) append_seconds_.Observe(std::chrono::duration<double>(now - w.since).count());
      w.done(status);
    }
    std::lock_guard lock(queue_mutex_);
    if (!status) accepted_bytes_ -= bytes;
    queued_cost_ -= cost;
    finished_ += group.size();
    queue_gauge_.Set(static_cast<double>(queued_cost_));
    queue_changed_.notify_all();
    group.clear();
  }
}

Status RocksLog::Impl::write_group(std::vector<Waiting>& group, std::size_t bytes) {
  const Status space = check_space(bytes);
  if (const bool full = !space; full != std::exchange(disk_full_, full)) {
    if (full) {
      log::warn("log: no more events are taken: {}", space.error().message);
    } else {
      log::info("log: there is space again, events are taken");
    }
  }
  WEIR_TRY(space);
  struct End {
    std::uint64_t offset, position;
  };
  std::vector<End> ends(count_);
  BlockBuilder block;
  std::vector<rocksdb::Slice> parts;
  batch_.Clear();
  for (std::uint32_t p = 0; p < count_; ++p) {
    Partition& partition = partitions_[p];
    End& end = ends[p];
    end = {partition.end.load(), partition.end_position.load()};
    const auto put = [&] {
      if (block.events() == 0) return;
      block.finish(PartitionId(p), Offset(end.offset), end.position);
      parts.clear();
      parts.push_back(slice(block.head()));
      for (const std::string_view piece : block.pieces()) parts.push_back(slice(piece));
      end.offset += block.events();
      end.position += block.bytes();
      const std::string key = layout::big_endian(end.offset - 1);
      const rocksdb::Slice key_part(key);
      batch_.Put(partition.family, rocksdb::SliceParts(&key_part, 1),
                 rocksdb::SliceParts(parts.data(), static_cast<int>(parts.size())));
      block.clear();
    };
    for (const Waiting& w : group) {
      for (std::size_t b = 0; b < w.batches.size(); ++b) {
        if (w.batches[b].partition.value != p) continue;
        const RawBatch& events = w.batches[b].events;
        for (std::size_t from = 0; from < events.size();) {
          std::size_t to = from, size = block.bytes();
          while (to < events.size() && (to == from || size < layout::kBlockBytes) &&
                 to - from + block.events() < kMaxBlockEvents) {
            size += events[to++].size();
          }
          block.add(events, from, to, w.received_at[b]);
          if (block.bytes() >= layout::kBlockBytes || block.events() >= kMaxBlockEvents) put();
          from = to;
        }
      }
    }
    put();
  }
  const Status written = write(batch_, "appending to the log");
  if (batch_.GetDataSize() > 2 * kGroupBytes) batch_ = rocksdb::WriteBatch(kBatchReserve);
  WEIR_TRY(written);
  {
    std::lock_guard lock(wait_mutex_);
    for (std::uint32_t p = 0; p < count_; ++p) {
      partitions_[p].end_position = ends[p].position;
      partitions_[p].end = ends[p].offset;
    }
    came_.notify_all();
  }
  appends_.fetch_add(group.size(), std::memory_order_relaxed);
  append_groups_.fetch_add(1, std::memory_order_relaxed);
  return {};
}

Status RocksLog::Impl::check_space(std::size_t bytes) const {
  struct statvfs disk{};
  if (options_.reserve_bytes == 0 || ::statvfs(options_.directory.c_str(), &disk) != 0) return {};
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free >= options_.reserve_bytes + bytes) return {};
  return fail(Code::kDiskFull,
              fmt::format("the disk of {} has {} MiB left and the log keeps {} MiB free: free space there",
                          options_.directory.string(), free >> 20, options_.reserve_bytes >> 20));
}

// ---------------------------------------------------------------------------------------------------------- reading

Error RocksLog::Impl::corrupt(PartitionId p, Offset at, std::string_view what) const {
  return {
      Code::kCorrupt,
      fmt::format("the log in {} is damaged in partition {} at offset {}: {}; restore the data directory from a copy",
                  options_.directory.string(), p.value, at.value, what)};
}

Result<LogSlice> RocksLog::Impl::read(PartitionId p, Offset from, std::size_t max_events, std::size_t max_bytes) {
  WEIR_CHECK(max_events > 0);
  const Partition& partition = at(p);
  LogSlice out;
  out.partition = p;
  out.first = from;
  const Offset end(partition.end.load());
  const auto forgotten = [&] { return from.value < partition.begin.load(); };
  const auto not_found = [&] {
    return fail(Code::kNotFound,
                fmt::format("partition {} begins at offset {}; offset {} has been forgotten by retention", p.value,
                            partition.begin.load(), from.value));
  };
  if (forgotten()) return not_found();
  if (from >= end) return out;

  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_, partition.family));
  Offset next = from;
  for (it->Seek(layout::big_endian(from.value)); next < end; it->Next()) {
    if (!it->Valid() || it->key().size() != 8) {
      if (forgotten()) return not_found();
      if (!it->status().ok() && !it->status().IsCorruption())
        return std::unexpected(error_of(it->status(), "reading the log"));
      return std::unexpected(
          corrupt(p, next, it->status().ok() ? "the events from there on are missing" : it->status().ToString()));
    }
    const Result<BlockView> parsed =
        BlockView::parse(p, Offset(layout::from_big_endian(view(it->key()))), view(it->value()));
    if (!parsed) return std::unexpected(corrupt(p, next, parsed.error().message));
    const BlockView& block = *parsed;
    if (block.first() > next) {
      if (forgotten()) return not_found();
      return std::unexpected(
          corrupt(p, next, fmt::format("the events up to offset {} are missing", block.first().value)));
    }
    if (!block.verify()) return std::unexpected(corrupt(p, block.first(), "a checksum is wrong"));

    const std::size_t skip = next - block.first();
    if (out.empty()) {
      // Sized after the first block: what follows is usually like it.
      const std::size_t blocks = 1 + std::min<std::size_t>(max_events, end - next) / block.events();
      const std::size_t guess = std::min({blocks * block.bytes().size(), max_bytes, std::size_t{64} * 1024 * 1024});
      out.reserve(std::min<std::size_t>(max_events, end - next), std::max(guess, block.bytes().size()));
    }
    // How much of the block fits.
    std::size_t until = std::min<std::size_t>(block.events(), skip + max_events - out.size());
    const std::uint32_t base = block.begin_of(skip);
    if (out.bytes() + (block.end_of(until - 1) - base) > max_bytes) {
      std::size_t low = skip, high = until;  // events [skip, low) fit
      while (low < high) {
        const std::size_t middle = (low + high) / 2;
        if (out.bytes() + (block.end_of(middle) - base) <= max_bytes) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      until = low;
      if (until == skip && out.empty()) until = skip + 1;
    }
    std::size_t i = skip;
    for (std::size_t run = 0; run < block.runs() && i < until; ++run) {
      const std::size_t stop = std::min<std::size_t>(until, block.run_end(run));
      if (stop <= i) continue;
      const std::uint32_t begin = block.begin_of(i);
      out.add_run(
          block.bytes().substr(begin, block.end_of(stop - 1) - begin), stop - i,
          [&, i](std::size_t n) { return block.end_of(i + n) - begin; }, block.run_received_at(run));
      i = stop;
    }
    next = block.first() + until;
    if (until < block.events() || out.size() >= max_events || out.bytes() >= max_bytes) break;
  }
  return out;
}

template <class Use>
Status RocksLog::Impl::with_block(PartitionId p, Offset offset, Use&& use) const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_, at(p).family));
  it->Seek(layout::big_endian(offset.value));
  if (!it->Valid() || it->key().size() != 8) {
    return std::unexpected(corrupt(p, offset, it->status().ok() ? "the event is missing" : it->status().ToString()));
  }
  const Result<BlockView> block =
      BlockView::parse(p, Offset(layout::from_big_endian(view(it->key()))), view(it->value()));
  if (!block) return std::unexpected(corrupt(p, offset, block.error().message));
  if (block->first() > offset || !block->verify())
    return std::unexpected(corrupt(p, offset, "its block is not what was written"));
  use(*block);
  return {};
}

bool RocksLog::Impl::wait(std::span<const Offset> positions, std::chrono::milliseconds timeout, std::stop_token stop) {
  WEIR_CHECK(positions.size() == count_, "{} positions for {} partitions", positions.size(), count_);
  std::unique_lock lock(wait_mutex_);
  return came_.wait_for(lock, std::move(stop), timeout, [&] {
    for (std::uint32_t p = 0; p < count_; ++p) {
      if (partitions_[p].end.load() > positions[p].value) return true;
    }
    return false;
  });
}

// ---------------------------------------------------------------------------------------------------------- retention

Status RocksLog::Impl::trim(PartitionId p, Offset before) {
  Partition& partition = at(p);
  std::lock_guard lock(trim_mutex_);
  if (before.value <= partition.begin.load()) return {};
  WEIR_CHECK(before <= load().positions[p.value], "trim of partition {} to {}, which is not committed", p.value,
             before.value);
  std::uint64_t position = partition.end_position.load();
  if (before.value < partition.end.load()) {
    WEIR_TRY(with_block(p, before, [&](const BlockView& block) {
      position = block.position() + block.begin_of(before - block.first());
    }));
  }
  // First the record, then the files: the other way round a crash between them would look like damage.
  rocksdb::WriteBatch batch;
  batch.Put(meta_, std::string(kBeginPrefix) + layout::big_endian32(p.value),
            layout::big_endian(before.value) + layout::big_endian(position));
  WEIR_TRY(write(batch, "forgetting old events"));
  partition.begin_position = position;
  partition.begin = before.value;
  const std::string last = layout::big_endian(before.value - 1);
  const rocksdb::Slice upto(last);
  return status_of(rocksdb::DeleteFilesInRange(db_.get(), partition.family, nullptr, &upto),
                   "removing files of old events");
}

Status RocksLog::Impl::retain() {
  const ProgressState progress = load();
  const std::uint64_t keep = options_.retention_bytes != 0 ? options_.retention_bytes : options_.max_bytes / 2;
  const std::uint64_t kept = kept_bytes();
  const UnixMillis oldest = clock_.now() - options_.retention_time.count();
  for (std::uint32_t n = 0; n < count_; ++n) {
    const PartitionId p(n);
    const Partition& partition = partitions_[n];
    // The committed events of which all are to go, found by halving: both arrival and position grow with the offset.
    std::uint64_t surplus_until = 0;  // bytes of the partition before this position are to go
    const std::uint64_t begin_position = partition.begin_position.load();
    if (keep != 0 && kept > keep) {
      const double share =
          static_cast<double>(partition.end_position.load() - begin_position) / static_cast<double>(kept);
      surplus_until = begin_position + static_cast<std::uint64_t>(share * static_cast<double>(kept - keep));
    }
    Offset low(partition.begin.load());
    Offset high = progress.positions[n];
    while (low < high) {
      const Offset middle = low + (high - low) / 2;
      Offset gone_until;  // of the block's events
      Offset first, end;
      WEIR_TRY(with_block(p, middle, [&](const BlockView& block) {
        first = gone_until = block.first();
        end = block.last() + 1;
        for (std::size_t run = 0; run < block.runs(); ++run) {
          if (options_.retention_time.count() != 0 && block.run_received_at(run) < oldest)
            gone_until = first + block.run_end(run);
        }
        if (block.end_position() <= surplus_until) gone_until = end;
      }));
      if (gone_until == end) {
        low = end;
      } else if (gone_until > first) {
        low = gone_until;
        break;
      } else {
        high = std::max(first, low);
      }
    }
    WEIR_TRY(trim(p, std::min(low, progress.positions[n])));
  }
  return {};
}

void RocksLog::Impl::housekeep() {
  if (unwell_.load()) (void)recover();  // says so itself when it succeeds; until then every write says what is wrong
  if (const Status done = retain(); !done && done.error().code != Code::kDiskFull) {
    log::warn("log: retention has to wait: {}", done.error().message);
  }
}

std::uint64_t RocksLog::Impl::kept_bytes() const {
  std::uint64_t kept = 0;
  for (std::uint32_t p = 0; p < count_; ++p) {
    const std::uint64_t before = partitions_[p].begin_position.load();
    kept += partitions_[p].end_position.load() - before;
  }
  return kept;
}

std::uint64_t RocksLog::Impl::disk_bytes() const {
  std::uint64_t bytes = 0;
  std::error_code gone;  // files come and go meanwhile
  for (std::filesystem::directory_iterator it(options_.directory, gone), end; !gone && it != end; it.increment(gone)) {
    std::error_code unknown;
    const std::uintmax_t size = it->file_size(unknown);
    if (!unknown) bytes += size;
  }
  return bytes;
}

Status RocksLog::Impl::write_out() {
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  families.reserve(handles_.size());
  for (const auto& handle : handles_) families.push_back(handle.get());
  return status_of(db_->Flush(rocksdb::FlushOptions(), families), "writing the log's memory into files");
}

RocksLog::Stats RocksLog::Impl::stats() const {
  Stats stats;
  stats.appends = appends_.load();
  stats.groups = append_groups_.load();
  stats.kept_bytes = kept_bytes();
  stats.rewritten_bytes = rewritten_->bytes.load();
  return stats;
}

// ---------------------------------------------------------------------------------------------------------- progress

ProgressState RocksLog::Impl::load() {
  std::lock_guard lock(progress_mutex_);
  return progress_;
}

Status RocksLog::Impl::begin(const Cut& cut) {
  std::lock_guard lock(progress_mutex_);
  WEIR_CHECK(!progress_.pending || *progress_.pending == cut, "another cut is pending");
  WEIR_CHECK(!cut.ranges.empty());
  for (const Range& r : cut.ranges) {
    WEIR_CHECK(r.first == progress_.positions.at(r.partition.value) && r.first < r.end && r.end <= end(r.partition),
               "range {}-{} of partition {}", r.first.value, r.end.value, r.partition.value);
  }
  if (progress_.pending) return {};
  ProgressState next = progress_;
  next.pending = cut;
  rocksdb::WriteBatch batch;
  batch.Put(meta_, slice(kProgressKey), layout::encode_progress(next));
  WEIR_TRY(write(batch, "recording the next batch"));
  progress_ = std::move(next);
  return {};
}

Status RocksLog::Impl::commit(const Cut& cut, const Tally& delta, std::string_view identities,
                              UnixMillis newest_arrival) {
  std::lock_guard lock(progress_mutex_);
  WEIR_CHECK(progress_.pending == cut, "the cut that is committed is not the pending one");
  ProgressState next = progress_;
  for (const Range& r : cut.ranges) next.positions[r.partition.value] = r.end;
  next.tally += delta;
  next.pending.reset();
  rocksdb::WriteBatch batch;
  batch.Put(meta_, slice(kProgressKey), layout::encode_progress(next));
  const std::string number = layout::big_endian(next_identity_);
  if (!identities.empty()) {
    batch.Put(meta_, std::string(kIdentityPrefix) + number,
              layout::big_endian(static_cast<std::uint64_t>(newest_arrival.value)));
    const std::string sum = layout::big_endian(layout::checksum(identities));
    const rocksdb::Slice key(number);
    const std::array<rocksdb::Slice, 2> parts{rocksdb::Slice(sum), slice(identities)};
    batch.Put(identities_, rocksdb::SliceParts(&key, 1), rocksdb::SliceParts(parts.data(), 2));
  }
  WEIR_TRY(write(batch, "committing a batch"));
  progress_ = std::move(next);
  if (!identities.empty()) identity_rows_.push_back({next_identity_++, newest_arrival});
  return {};
}

Status RocksLog::Impl::identities(UnixMillis since, const std::function<bool(std::string_view)>& each) {
  std::vector<std::uint64_t> wanted;
  {
    std::lock_guard lock(progress_mutex_);
    for (const IdentityRow& row : identity_rows_) {
      if (row.newest_arrival >= since) wanted.push_back(row.number);
    }
  }
  for (const std::uint64_t number : wanted) {
    rocksdb::PinnableSlice stored;
    const rocksdb::Status status = db_->Get(scan_, identities_, layout::big_endian(number), &stored);
    WEIR_TRY(status_of(status, "reading the deduplicator's memory"));
    const std::string_view value = view(stored);
    if (value.size() < 8 || layout::from_big_endian(value.substr(0, 8)) != layout::checksum(value.substr(8))) {
      return fail(Code::kCorrupt, fmt::format("the deduplicator's memory of batch {} is damaged", number));
    }
    if (!each(value.substr(8))) break;
  }
  return {};
}

Status RocksLog::Impl::trim_identities(UnixMillis before) {
  std::lock_guard lock(progress_mutex_);
  rocksdb::WriteBatch batch;
  std::size_t count = 0;
  while (count < identity_rows_.size() && identity_rows_[count].newest_arrival < before) {
    batch.Delete(meta_, std::string(kIdentityPrefix) + layout::big_endian(identity_rows_[count].number));
    ++count;
  }
  if (count == 0) return {};
  const std::string last = layout::big_endian(identity_rows_[count - 1].number);
  WEIR_TRY(write(batch, "forgetting old identities"));
  identity_rows_.erase(identity_rows_.begin(), identity_rows_.begin() + static_cast<std::ptrdiff_t>(count));
  const rocksdb::Slice upto(last);
  return status_of(rocksdb::DeleteFilesInRange(db_.get(), identities_, nullptr, &upto),
                   "removing files of old identities");
}

// ---------------------------------------------------------------------------------------------------------- state

Result<std::optional<std::string>> RocksLog::Impl::get(std::string_view key) {
  return get_raw(meta_, std::string(kStatePrefix) + std::string(key));
}

Status RocksLog::Impl::put(const std::vector<std::pair<std::string, std::string>>& pairs) {
  rocksdb::WriteBatch batch;
  for (const auto& [key, value] : pairs) {
    const std::string stored = std::string(kStatePrefix) + key;
    if (value.empty()) {
      batch.Delete(meta_, stored);
    } else {
      batch.Put(meta_, stored, value);
    }
  }
  return write(batch, "saving state");
}

// ---------------------------------------------------------------------------------------------------------- facade

Result<std::unique_ptr<RocksLog>> RocksLog::create(RocksLogOptions options, const Clock& clock, Metrics& metrics) {
  auto impl = std::make_unique<Impl>(std::move(options), clock, metrics);
  WEIR_TRY(impl->open());
  return std::unique_ptr<RocksLog>(new RocksLog(std::move(impl)));
}

RocksLog::RocksLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RocksLog::~RocksLog() = default;
void RocksLog::close() { impl_->close(); }
std::uint32_t RocksLog::partitions() const { return impl_->partitions(); }
void RocksLog::append(std::vector<PartitionBatch> batches, Done done) {
  impl_->append(std::move(batches), std::move(done));
}
void RocksLog::flush() { impl_->flush(); }
std::string RocksLog::id() const { return impl_->id(); }
Result<LogSlice> RocksLog::read(PartitionId partition, Offset from, std::size_t max_events, std::size_t max_bytes) {
  return impl_->read(partition, from, max_events, max_bytes);
}
Result<Offset> RocksLog::begin(PartitionId partition) { return impl_->begin(partition); }
Result<Offset> RocksLog::end(PartitionId partition) { return impl_->end(partition); }
bool RocksLog::wait(std::span<const Offset> positions, std::chrono::milliseconds timeout, std::stop_token stop) {
  return impl_->wait(positions, timeout, std::move(stop));
}
Status RocksLog::trim(PartitionId partition, Offset before) { return impl_->trim(partition, before); }
std::uint64_t RocksLog::disk_bytes() { return impl_->disk_bytes(); }
Result<ProgressState> RocksLog::load() { return impl_->load(); }
Status RocksLog::begin(const Cut& cut) { return impl_->begin(cut); }
Status RocksLog::commit(const Cut& cut, const Tally& delta, std::string_view identities, UnixMillis newest_arrival) {
  return impl_->commit(cut, delta, identities, newest_arrival);
}
Status RocksLog::identities(UnixMillis since, const std::function<bool(std::string_view)>& each) {
  return impl_->identities(since, each);
}
Status RocksLog::trim_identities(UnixMillis before) { return impl_->trim_identities(before); }
Result<std::optional<std::string>> RocksLog::get(std::string_view key) { return impl_->get(key); }
Status RocksLog::put(const std::vector<std::pair<std::string, std::string>>& pairs) { return impl_->put(pairs); }
Status RocksLog::retain() { return impl_->retain(); }
Status RocksLog::write_out() { return impl_->write_out(); }
RocksLog::Stats RocksLog::stats() const { return impl_->stats(); }

}  // namespace weir

#include "backends/log_rocksdb/rocks_database.h"

#include <fmt/format.h>
#include <rocksdb/convenience.h>

#include <cstdlib>
#include <mutex>
#include <random>
#include <system_error>
#include <utility>

#include "backends/log_rocksdb/layout.h"
#include "backends/log_rocksdb/rocks_status.h"
#include "base/log.h"
#include "ports/log.h"

namespace weir::rocks {
namespace {

constexpr std::uint32_t kDefaultPartitions = 4;
constexpr std::uint32_t kMaxPartitions = 256;
constexpr std::chrono::milliseconds kRecoveryPause{200};

constexpr std::string_view kFormatKey = "format", kIdKey = "id", kPartitionsKey = "partitions",
                           kRecoveredKey = "recovered";

// Writes that come together are put into one by RocksDB: the first thread reads the batches of the others. Debian's library is
// not instrumented, so ThreadSanitizer does not see that they wait for it; under it they come one after the other.
#ifdef __SANITIZE_THREAD__
using WriterLock = std::unique_lock<std::shared_mutex>;
#else
using WriterLock = std::shared_lock<std::shared_mutex>;
#endif

std::string random_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 4; ++i) id += fmt::format("{:08x}", device());
  return id;
}

}  // namespace

Database::Database(Options options) : options_(std::move(options)) {
  sync_.sync = true;
  scan_.fill_cache = false;
}

Result<std::unique_ptr<Database>> Database::open(Options options) {
  if (options.partitions && (*options.partitions == 0 || *options.partitions > kMaxPartitions)) {
    return fail(Code::kInvalid,
                fmt::format("a log has 1 to {} partitions, not {}", kMaxPartitions, *options.partitions));
  }
  std::unique_ptr<Database> database(new Database(std::move(options)));
  WEIR_TRY(database->open_files());
  WEIR_TRY(database->load_or_make_identity());
  return database;
}

Database::~Database() {
  if (!db_) return;
  handles_.clear();
  if (const rocksdb::Status closed = db_->Close(); !closed.ok()) log::warn("log: closing: {}", closed.ToString());
}

Status Database::open_files() {
  const std::string path = options_.directory.string();
  std::error_code made;
  std::filesystem::create_directory(options_.directory, made);
  if (made) return fail(Code::kDenied, fmt::format("cannot make the directory {}: {}", path, made.message()));

  const rocksdb::DBOptions database = database_options(rewritten_);
  // A log that was begun and not finished has families too; which ones it should have is known only from its own record. So all
  // that are there are opened, and the missing ones are made afterwards.
  std::vector<std::string> names;
  if (std::filesystem::exists(options_.directory / "CURRENT")) {
    WEIR_TRY(status_of(rocksdb::DB::ListColumnFamilies(database, path, &names),
                       fmt::format("cannot open the log in {}", path)));
  } else {
    names.push_back(rocksdb::kDefaultColumnFamilyName);
  }
  const std::size_t partitions = options_.partitions.value_or(kDefaultPartitions);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.reserve(names.size());
  for (const std::string& name : names) {
    families.emplace_back(name, family_options(name, partitions, options_.compress));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  WEIR_TRY(status_of(rocksdb::DB::Open(database, path, families, &handles, &db),
                     fmt::format("cannot open the log in {}", path)));
  db_.reset(db);
  for (rocksdb::ColumnFamilyHandle* h : handles) handles_.emplace_back(h);
  meta_ = db_->DefaultColumnFamily();
  return {};
}

Result<rocksdb::ColumnFamilyHandle*> Database::family(const std::string& name) {
  for (const auto& handle : handles_) {
    if (handle->GetName() == name) return handle.get();
  }
  rocksdb::ColumnFamilyHandle* made = nullptr;
  WEIR_TRY(status_of(db_->CreateColumnFamily(family_options(name, count_, options_.compress), name, &made),
                     "cannot begin a log"));
  handles_.emplace_back(made);
  return made;
}

Status Database::load_or_make_identity() {
  const std::string path = options_.directory.string();
  WEIR_TRY_ASSIGN(const std::optional<std::string> format, get(meta_, kFormatKey));
  if (format) {
    if (const unsigned long found = std::strtoul(format->c_str(), nullptr, 10); found != layout::kFormat) {
      return fail(
          Code::kInvalid,
          fmt::format("the log in {} has format {}, written by a newer Weir; this one reads format {}: use the newer "
                      "program, or another data directory",
                      path, *format, layout::kFormat));
    }
    WEIR_TRY_ASSIGN(const std::optional<std::string> id, get(meta_, kIdKey));
    WEIR_TRY_ASSIGN(const std::optional<std::string> partitions, get(meta_, kPartitionsKey));
    if (!id || !partitions) {
      return fail(Code::kCorrupt, fmt::format("the log in {} has lost its name or its number of partitions", path));
    }
    id_ = *id;
    count_ = static_cast<std::uint32_t>(std::strtoul(partitions->c_str(), nullptr, 10));
    if (options_.partitions && *options_.partitions != count_) {
      return fail(
          Code::kConflict,
          fmt::format(
              "the log in {} has {} partitions and cannot get {}: a log keeps its number; leave the setting out, "
              "or begin a new data directory",
              path, count_, *options_.partitions));
    }
  } else {
    id_ = random_id();
    count_ = options_.partitions.value_or(kDefaultPartitions);
  }
  WEIR_TRY_ASSIGN(identities_, family(std::string(kIdentitiesFamily)));
  for (std::uint32_t p = 0; p < count_; ++p) {
    WEIR_TRY_ASSIGN(rocksdb::ColumnFamilyHandle* const events, family(fmt::format("{}{}", kEventsFamily, p)));
    events_.push_back(events);
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
    WEIR_TRY(status_of(db_->Write(sync_, &batch), fmt::format("cannot begin a log in {}", path)));
  }
  return {};
}

Result<std::optional<std::string>> Database::get(rocksdb::ColumnFamilyHandle* family, std::string_view key) const {
  std::string value;
  const rocksdb::Status status = db_->Get(scan_, family, slice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  WEIR_TRY(status_of(status, "cannot read from the log"));
  return std::optional(std::move(value));
}

Status Database::get(rocksdb::ColumnFamilyHandle* family, std::string_view key, std::string_view doing,
                     rocksdb::PinnableSlice& value) const {
  return status_of(db_->Get(scan_, family, slice(key), &value), doing);
}

std::unique_ptr<rocksdb::Iterator> Database::scan(rocksdb::ColumnFamilyHandle* family) const {
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(scan_, family));
}

Status Database::write(rocksdb::WriteBatch& batch, std::string_view doing) {
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

Status Database::recover() {
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

Status Database::remove_files_up_to(rocksdb::ColumnFamilyHandle* family, std::string_view last,
                                    std::string_view doing) {
  const rocksdb::Slice upto = slice(last);
  return status_of(rocksdb::DeleteFilesInRange(db_.get(), family, nullptr, &upto), doing);
}

Status Database::write_out() {
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  families.reserve(handles_.size());
  for (const auto& handle : handles_) families.push_back(handle.get());
  return status_of(db_->Flush(rocksdb::FlushOptions(), families), "writing the log's memory into files");
}

std::uint64_t Database::disk_bytes() const {
  std::uint64_t bytes = 0;
  std::error_code gone;  // files come and go meanwhile
  for (std::filesystem::directory_iterator it(options_.directory, gone), end; !gone && it != end; it.increment(gone)) {
    std::error_code unknown;
    const std::uintmax_t size = it->file_size(unknown);
    if (!unknown) bytes += size;
  }
  return bytes;
}

}  // namespace weir::rocks

// The log's RocksDB: one directory with its column families, opened, written with one fsync a write, and healed after a failure.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "backends/log_rocksdb/rocks_options.h"
#include "base/status.h"
#include "base/types.h"

namespace weir::rocks {

/// Keys of the family meta(), as FORMAT.md lays them down.
inline constexpr std::string_view kProgressKey = "progress", kBeginPrefix = "begin/", kIdentityPrefix = "identity/",
                                  kStatePrefix = "state/";

/// Thread-safe. Iterators and what is read from families must be gone before it is destroyed.
class Database {
 public:
  struct Options {
    std::filesystem::path directory;
    std::optional<std::uint32_t> partitions;
    bool compress = false;
  };
  /// Opens the log of a directory, or makes a new one; its errors are those of RocksLog::create().
  static Result<std::unique_ptr<Database>> open(Options options);
  /// Closes the directory. What is only in the write-ahead log stays there.
  ~Database();

  const std::filesystem::path& directory() const { return options_.directory; }
  const std::string& id() const { return id_; }
  std::uint32_t partitions() const { return count_; }

  rocksdb::ColumnFamilyHandle* meta() const { return meta_; }
  rocksdb::ColumnFamilyHandle* identities() const { return identities_; }
  rocksdb::ColumnFamilyHandle* events(PartitionId partition) const { return events_.at(partition.value); }

  /// Nothing when the key is not there.
  Result<std::optional<std::string>> get(rocksdb::ColumnFamilyHandle* family, std::string_view key) const;
  /// A large value, without copying it. That the key is not there is an error. `doing` stands in front of the error.
  Status get(rocksdb::ColumnFamilyHandle* family, std::string_view key, std::string_view doing,
             rocksdb::PinnableSlice& value) const;
  std::unique_ptr<rocksdb::Iterator> scan(rocksdb::ColumnFamilyHandle* family) const;

  /// All of the batch or nothing, durable when it returns. `doing` stands in front of the error. After a failure nothing is
  /// written any more until recover() has succeeded; each write tries that first, at most five times a second.
  Status write(rocksdb::WriteBatch& batch, std::string_view doing);
  /// Whether a write failed, and nothing has been written since.
  bool unwell() const { return unwell_.load(); }
  Status recover();

  /// Removes files of which all keys are at most `last`.
  Status remove_files_up_to(rocksdb::ColumnFamilyHandle* family, std::string_view last, std::string_view doing);
  /// Writes what is only in memory and in the write-ahead log into files.
  Status write_out();
  std::uint64_t disk_bytes() const;
  std::uint64_t rewritten_bytes() const { return rewritten_->bytes(); }

 private:
  explicit Database(Options options);
  Status open_files();
  Status load_or_make_identity();
  Result<rocksdb::ColumnFamilyHandle*> family(const std::string& name);

  const Options options_;
  rocksdb::WriteOptions sync_;
  rocksdb::ReadOptions scan_;

  // Constant after open().
  const std::shared_ptr<Rewritten> rewritten_ = std::make_shared<Rewritten>();  // shared with the database
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<std::unique_ptr<rocksdb::ColumnFamilyHandle>> handles_;
  rocksdb::ColumnFamilyHandle *meta_ = nullptr, *identities_ = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> events_;
  std::string id_;
  std::uint32_t count_ = 0;

  std::atomic<bool> unwell_{false};
  // Shared by writers; recovery has it alone, so that nothing is written between its steps.
  std::shared_mutex write_gate_;
  // guarded by write_gate_, held alone
  std::chrono::steady_clock::time_point recovery_tried_{};
  Error recovery_error_{Code::kUnavailable, "the log waits for its disk"};
};

}  // namespace weir::rocks

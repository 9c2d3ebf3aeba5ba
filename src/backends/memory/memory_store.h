// The store in memory, for tests: keeps the blocks that were inserted and counts their rows. It has no SQL.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ports/store.h"

namespace weir {

/// Thread-safe.
class MemoryStore final : public StoreWriter, public StoreReader, public StoreAdmin {
 public:
  /// A table takes a token once; a block whose bytes are not Native, or whose rows are not as many as it says, is kInvalid.
  Status insert(const std::vector<TableBlock>& blocks, std::string_view token) override;

  /// kInvalid: there is no SQL here.
  Result<std::string> select(const Select& select) override;
  Result<std::string> check() override;

  Status migrate() override { return {}; }
  /// stored: rows of `events`; rejected: rows of `rejects`; rolled_up: sum of the column `events` in the hourly totals of
  /// `rollups` (step 3600, dimension ''): those are kept for ever.
  Result<TableCounts> counts() override;
  /// By the column `time` of `events`.
  Result<std::vector<StorePartition>> partitions() override;
  Status drop_partition(const std::string& id) override;
  Result<std::uint64_t> disk_bytes() override;

  /// For tests of callers. After `tables` further tables have been written, every insert fails with `error` until heal().
  void break_after(std::size_t tables, Error error);
  void heal();
  /// What was inserted into a table, in order, without what deduplication dropped.
  std::vector<TableBlock> blocks(const std::string& table) const;
  std::uint64_t rows(const std::string& table) const;

 private:
  struct Table {
    std::vector<TableBlock> blocks;
    std::set<std::string, std::less<>> tokens;
    std::uint64_t rows = 0;
  };
  Status broken() const;

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::map<std::string, Table> tables_;
  std::map<std::string, std::uint64_t> days_;  // day of events to rows
  std::uint64_t stored_ = 0, rolled_up_ = 0;
  std::optional<Error> broken_;
  std::size_t tables_left_ = 0;  // until broken_ shows
};

}  // namespace weir

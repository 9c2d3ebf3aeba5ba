// The store on the embedded ClickHouse engine.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "backends/store_chdb/deduplication_log.h"
#include "backends/store_chdb/engine.h"
#include "ports/store.h"

namespace weir {

/// Thread-safe.
class ChdbStore final : public StoreWriter, public StoreReader, public StoreAdmin {
 public:
  struct Options {
    std::string path;  // of the engine's data
    std::string database = "weir";
    std::size_t readers = 4;  // questions that may run at the same time
  };
  /// Opens, or begins, a store and brings its tables to the newest version.
  static Result<std::unique_ptr<ChdbStore>> create(const Options& options);
  ~ChdbStore() override;

  Status insert(const std::vector<TableBlock>& blocks, std::string_view token) override;
  /// The text has no SETTINGS and no FORMAT clause; tables without a database are those of Weir's.
  Result<std::string> select(const Select& select) override;
  Result<std::string> check() override;
  Status migrate() override;
  Result<TableCounts> counts() override;
  Result<std::vector<StorePartition>> partitions() override;
  Status drop_partition(const std::string& id) override;
  Result<std::uint64_t> disk_bytes() override;

  /// A store of its own in another database of the same engine.
  Result<std::unique_ptr<ChdbStore>> sibling(const std::string& database);

  /// Every token written to the table until now survives a power cut when it returns.
  Status sync_tokens(const std::string& table);

  /// For the SQL port, which makes connections of its own.
  Engine& engine() { return *engine_; }
  const std::string& database() const { return options_.database; }

 private:
  static Result<std::unique_ptr<ChdbStore>> create_in(const Options& options, std::shared_ptr<Engine> engine);
  ChdbStore(Options options, std::shared_ptr<Engine> engine);
  Status insert_one(const TableBlock& block, std::string_view token);
  /// One number or row of text.
  Result<std::string> ask(std::string_view sql);

  const Options options_;
  const std::shared_ptr<Engine> engine_;  // shared with siblings
  ConnectionPool writers_, readers_;

  std::mutex token_syncs_mutex_;
  std::map<std::string, std::unique_ptr<TokenSync>> token_syncs_;  // by table; guarded by token_syncs_mutex_
};

}  // namespace weir

// The store: tables that hold what was admitted, rejected and rolled up, and answer questions in SQL.
// Roles: who writes batches (the worker), who asks (the API), who keeps house (app, retention).
// Conformance suite: tests/conformance/store_conformance.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weir {

/// Rows of one table, encoded as one or more blocks of ClickHouse's Native format (column names and types are in there).
struct TableBlock {
  std::string table;    // without database
  std::string columns;  // comma-separated, as in INSERT INTO t (columns)
  std::size_t rows = 0;
  std::string native;
};

/// Thread-safe; one batch after the other is expected.
class StoreWriter {
 public:
  virtual ~StoreWriter() = default;

  /// Writes every block into its table. When it returns success, every row is selectable. Called again with the same token
  /// (after an error, or after a crash) it writes what is missing and nothing twice, table by table, as long as the rows
  /// are the same and fewer than 100,000 other batches came in between.
  ///   kUnavailable, kOverloaded, kDiskFull, kDeadline: some tables may have the batch; call again with the same token.
  ///   kInvalid, kInternal: the engine refuses the rows; trying again will not help.
  virtual Status insert(const std::vector<TableBlock>& blocks, std::string_view token) = 0;
};

/// Limits of one question. Every read has them.
struct ReadLimits {
  std::chrono::milliseconds time{10'000};
  std::uint64_t memory_bytes = 1ULL << 30;
  int threads = 2;
};

/// A SELECT. Values go in as parameters (`{name:Type}` in the text), never by gluing text.
struct Select {
  std::string sql;
  /// Name to value, as ClickHouse reads the values of parameters: a field of TabSeparated, in which the caller has escaped
  /// backslash (\\), tab (\t), newline (\n), carriage return (\r) and zero (\0). Quotes stand as they are.
  std::map<std::string, std::string> params;
  std::string format = "JSONCompactEachRow";
  ReadLimits limits;
};

/// Thread-safe; questions run beside each other and beside writes.
class StoreReader {
 public:
  virtual ~StoreReader() = default;

  /// The answer in the format asked for.
  ///   kDeadline, kOverloaded: a limit was reached: ask for less.  kUnavailable: try again later.
  ///   kInvalid: the statement is wrong (a bug of the caller's, or a value that does not fit its type).
  virtual Result<std::string> select(const Select& select) = 0;

  /// Checks by really asking. Answers the engine's name and version.
  virtual Result<std::string> check() = 0;
};

/// Rows in the tables, read from the tables.
struct TableCounts {
  std::uint64_t stored = 0;     // rows of events
  std::uint64_t rejected = 0;   // rows of rejects
  std::uint64_t rolled_up = 0;  // events counted by the rollups
};

/// A day of events, the unit of retention.
struct StorePartition {
  std::string id;          // YYYYMMDD, of the event's time; of a reject, of its arrival
  std::uint64_t rows = 0;  // of events; 0 for a day that has rejects alone
};

class StoreAdmin {
 public:
  virtual ~StoreAdmin() = default;
  /// Brings the database to the newest version of the tables: creates, or runs the numbered migrations that are missing. Can be
  /// called again after a crash in the middle.
  virtual Status migrate() = 0;
  virtual Result<TableCounts> counts() = 0;
  virtual Result<std::vector<StorePartition>> partitions() = 0;
  /// Removes a day of events and of rejects. A day that is not there is no error.
  virtual Status drop_partition(const std::string& id) = 0;
  /// Bytes on disk.
  virtual Result<std::uint64_t> disk_bytes() = 0;
};

}  // namespace weir

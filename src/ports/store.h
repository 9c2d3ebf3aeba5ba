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
#include "base/types.h"

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

/// Seconds [from, to) of event time.
struct SecondsRange {
  std::int64_t from = 0, to = 0;
};

/// An hour in which rows of events and rollups do not say the same.
struct RollupDifference {
  std::string type;  // empty: all types together
  std::uint64_t rows = 0, rolled_up = 0;
  bool operator==(const RollupDifference&) const = default;
};

/// Makes rollups anew from the rows of events, a day at a time: beside the table, in a place of its own (staged), then exchanged in one
/// step. Days are YYYYMMDD. One rebuild at a time; reads and writes of others go on. Errors are those of StoreWriter.
class StoreRollups {
 public:
  virtual ~StoreRollups() = default;

  /// An empty stage.
  virtual Status begin_stage() = 0;
  /// The seconds, within `range`, that have events whose offset is in [since, until) of their partition; from == to: there are none.
  virtual Result<SecondsRange> spread(const SecondsRange& range, const std::vector<Offset>& since,
                                      const std::vector<Offset>& until) = 0;
  /// Counts the events of `range`, within one day, whose offset is in [since, until) of their partition (both indexed by
  /// partition), as the worker has counted them. What ages out of the table anyway at `now` is left out.
  virtual Status stage(const SecondsRange& range, const std::vector<Offset>& since, const std::vector<Offset>& until,
                       UnixMillis now) = 0;
  /// Events counted by the day's rollups, those in use or those staged.
  virtual Result<std::uint64_t> rolled_up(const std::string& day, bool staged) = 0;
  /// Adds to the stage what rows of events do not say (rejects, duplicates and late arrivals, from the rollups in use), and makes
  /// durable what is to take the place of the rollups in use. May be done again.
  /// REQUIRES, here and in exchange(): nobody writes rollups from here on until exchange() has succeeded or is given up.
  virtual Status prepare_exchange(const std::string& day) = 0;
  /// The day's rollups become those staged, durably, and nobody reads a mix. Done again after a crash it ends in the same.
  /// kNotFound: nothing was prepared; kInvalid, kInternal: the engine refuses; nothing was changed. After other errors: again.
  virtual Status exchange(const std::string& day) = 0;
  /// Removes the stage.
  virtual Status end_stage() = 0;

  /// What differs in the hour that begins at that second: rows of events against the hourly rollups, in total and by type. Empty: nothing.
  virtual Result<std::vector<RollupDifference>> differences(std::int64_t hour) = 0;
};

}  // namespace weir

// The SQL gateway: statements of people and programs that are not Weir, run on the store under guard.
// It answers as ClickHouse does: same formats, same error numbers and words. What it lets through is written in
// docs/sql-port.md; in short, a reader cannot change anything, and nobody reaches files or the network.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// What a statement may do. Write adds CREATE, INSERT, ALTER, DROP, TRUNCATE, DELETE and OPTIMIZE to what a reader may.
enum class SqlAccess { kRead, kWrite };

struct SqlRequest {
  /// The statement, or its beginning: `body` goes on where it ends, after a line break (that is how ClickHouse joins a query in
  /// the URL with a body). Of an INSERT, what follows VALUES or FORMAT name is the data, in `statement` or in `body`.
  std::string statement;
  std::string_view body;  // borrowed until run() returns
  std::string database;   // where unqualified tables are; empty: Weir's own. An unknown one is UNKNOWN_DATABASE (81).
  std::string default_format;                                 // when the statement names none; empty: TabSeparated
  std::vector<std::pair<std::string, std::string>> settings;  // in order; the last of one name wins
  std::vector<std::pair<std::string, std::string>> params;    // {name:Type} in the statement; values as in a TSV field
  SqlAccess access = SqlAccess::kRead;
};

/// What a statement has done so far.
struct SqlSummary {
  std::uint64_t read_rows = 0;
  std::uint64_t read_bytes = 0;
  std::uint64_t written_rows = 0;
  std::uint64_t written_bytes = 0;
  std::uint64_t result_rows = 0;
  std::uint64_t result_bytes = 0;
  std::chrono::nanoseconds elapsed{0};
};

/// A refusal or a failure, worded and numbered as ClickHouse does.
struct SqlFault {
  int code = 0;      // ClickHouse's error number
  std::string text;  // the whole sentence: "Code: 62. DB::Exception: Syntax error: … (SYNTAX_ERROR) (version …)"
};

/// Takes an answer as it comes. Called from the thread that called run().
class SqlSink {
 public:
  virtual ~SqlSink() = default;

  /// Once, before any chunk, when the statement has been accepted and began to run.
  virtual void begin(const std::string& format) = 0;

  /// The next bytes. May block: then the statement waits (back-pressure). False: the reader is gone, and the statement is cancelled.
  virtual bool write(std::string_view chunk, const SqlSummary& so_far) = 0;
};

/// Thread-safe: every run() has a session of its own, with nothing left over from others.
class SqlGateway {
 public:
  virtual ~SqlGateway() = default;

  /// Vets the statement, runs it and hands the answer to `sink` in pieces. Answers of row formats (TabSeparated, CSV,
  /// JSONEachRow, RowBinary, Native, ArrowStream …) are never held whole; formats that are one document (JSON, Parquet …) are,
  /// up to a limit. A fault after a chunk was written means that the answer is broken off. kDeadline and memory limits are
  /// faults too (159, 241); when `stop` is requested, the statement ends with 394 (QUERY_WAS_CANCELLED).
  virtual std::expected<SqlSummary, SqlFault> run(const SqlRequest& request, SqlSink& sink, std::stop_token stop) = 0;

  /// The engine's version, as `SELECT version()` says it.
  virtual std::string version() const = 0;
};

}  // namespace weir

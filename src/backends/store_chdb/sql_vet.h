// Decides whether a foreign statement may run. Pure: no engine, no disk.
//
// The engine parses a text and prints it again in its own spelling (formatQuerySingleLine): one statement, no comments, no
// heredocs, every odd name in backticks, INTO OUTFILE and FORMAT as clauses. That spelling is what is vetted here, token by token,
// and it, not the text that came in, is what runs afterwards. So nothing can hide between two ways of reading a text.
// Everything is an allow-list (sql_names.h); what is not understood is refused.
//
// Why tokens and not EXPLAIN AST: the tree leaves out what it does not count as children (SETTINGS, the function of APPLY, the
// commands of ALTER), and prints names with line breaks and parentheses as they are. The spelling leaves out nothing.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ports/sql_gateway.h"

namespace weir {

using SqlPairs = std::vector<std::pair<std::string, std::string>>;

/// ClickHouse's error numbers that Weir itself gives.
namespace sql_code {
inline constexpr int kBadArguments = 36;
inline constexpr int kUnknownFunction = 46;
inline constexpr int kUnknownTable = 60;
inline constexpr int kSyntaxError = 62;
inline constexpr int kUnknownFormat = 73;
inline constexpr int kUnknownDatabase = 81;
inline constexpr int kUnknownSetting = 115;
inline constexpr int kReadonly = 164;
inline constexpr int kTooManyQueries = 202;
inline constexpr int kCancelled = 394;
inline constexpr int kUnknownParameter = 456;
inline constexpr int kBadParameter = 457;
inline constexpr int kAccessDenied = 497;
}  // namespace sql_code

/// "SYNTAX_ERROR" for 62; empty when Weir does not give that number itself.
std::string_view sql_code_name(int code);

/// A fault in ClickHouse's words; `message` without number and name.
SqlFault make_sql_fault(int code, std::string_view message);

enum class StatementKind {
  kSelect,      // its answer can be streamed
  kShow,        // SHOW, DESCRIBE, EXISTS, EXPLAIN
  kInsertData,  // INSERT … FORMAT name: rows follow
  kChange,      // INSERT … SELECT, CREATE, ALTER, DROP …
};

struct VettedStatement {
  StatementKind kind = StatementKind::kSelect;
  std::string text;            // what to run, without its FORMAT clause
  std::string format;          // of FORMAT name; empty when there is none
  bool settings_only = false;  // reads system.settings and nothing else
  bool totals = false;         // WITH TOTALS: its answer is one document
  SqlPairs settings;           // of the SETTINGS clauses; they must hold for the session before the statement runs
};

/// `normal` is one statement in the engine's spelling; `database` is the one that it runs in (never `default`).
std::expected<VettedStatement, SqlFault> vet_statement(std::string_view normal, SqlAccess access,
                                                       std::string_view database);

enum class SettingUse { kRefuse, kIgnore, kApply };
struct SqlCaps {
  std::uint64_t seconds = 300;
  std::uint64_t memory_bytes = 2ULL << 30;
  std::uint64_t threads = 8;
};
/// What to do with a setting from the URL or from SETTINGS; a fault when it is refused. `value` is brought inside the caps
/// when `clamp` (URL), refused otherwise (SETTINGS).
std::expected<SettingUse, SqlFault> vet_setting(std::string_view name, std::string& value, SqlAccess access,
                                                const SqlCaps& caps, bool clamp);

bool is_output_format(std::string_view name);

/// Where the rows of an INSERT begin in a text as it came in: just behind VALUES or FORMAT name. Nothing for other statements,
/// INSERT … SELECT, and texts that cannot be told apart; those are vetted whole. A wrong guess is harmless: what stands before the
/// place is vetted and runs as a statement, what stands behind it is only ever read as rows.
struct InsertParts {
  std::string_view head;  // up to and including VALUES or FORMAT name
  std::string_view rows;
};
std::optional<InsertParts> split_insert(std::string_view text);

/// True when rows of VALUES hold no expression that a statement might not hold: every call is of an allowed function.
bool are_plain_values(std::string_view rows);

/// Puts the values of {name:Identifier} parameters into a statement in the engine's spelling, quoted, so that they are
/// vetted like any name. A value of plain words with dots (`weir.events`) is a compound name. A parameter without a
/// value is UNKNOWN_QUERY_PARAMETER (456).
std::expected<std::string, SqlFault> put_identifiers(std::string_view normal, const SqlPairs& params);

}  // namespace weir

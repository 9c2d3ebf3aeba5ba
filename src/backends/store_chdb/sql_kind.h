// What a statement does: reads, shows, inserts or changes; and whether that is allowed, by its first words and its target.
#pragma once

#include <cstddef>
#include <expected>
#include <string_view>
#include <unordered_set>

#include "backends/store_chdb/sql_tokens.h"
#include "ports/sql_gateway.h"

namespace weir {

enum class StatementKind {
  kSelect,      // its answer can be streamed
  kShow,        // SHOW, DESCRIBE, EXISTS, EXPLAIN
  kInsertData,  // INSERT … FORMAT name: rows follow
  kChange,      // INSERT … SELECT, CREATE, ALTER, DROP …
};

namespace sql {

struct Shape {
  StatementKind kind = StatementKind::kSelect;
  bool insert = false;  // kind is kChange until a FORMAT clause says that rows follow
  bool create = false;
  /// The word SETTINGS that is no clause (SHOW SETTINGS); npos: none.
  std::size_t show_settings_at = static_cast<std::size_t>(-1);
  /// Names before a parenthesis that call nothing: INSERT INTO t (a, b).
  std::unordered_set<std::size_t> not_calls;
};

/// The shape of a statement, if these rights allow it. Names, calls and clauses inside are not looked at (sql_vet.h).
/// `database` is the one that it runs in.
std::expected<Shape, SqlFault> judge_kind(const Tokens& tokens, SqlAccess access, std::string_view database);

/// That a statement does what these rights do not allow.
std::unexpected<SqlFault> no_right(SqlAccess access, std::string_view what);

}  // namespace sql
}  // namespace weir

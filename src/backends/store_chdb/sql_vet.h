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

#include <expected>
#include <string>
#include <string_view>

#include "backends/store_chdb/sql_kind.h"
#include "backends/store_chdb/sql_parameters.h"
#include "ports/sql_gateway.h"

namespace weir {

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

/// Whether an answer may be asked for in this format.
bool is_output_format(std::string_view name);

}  // namespace weir

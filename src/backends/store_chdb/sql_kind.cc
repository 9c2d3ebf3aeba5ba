#include "backends/store_chdb/sql_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "backends/store_chdb/sql_fault.h"
#include "backends/store_chdb/sql_lists.h"

namespace weir::sql {
namespace {

using Check = std::expected<void, SqlFault>;

/// What may stand in a parenthesis of ALTER TABLE, besides UPDATE.
constexpr std::array<std::pair<std::string_view, std::string_view>, 28> kAlterCommands{{
    {"ADD", "COLUMN"},         {"DROP", "COLUMN"},       {"MODIFY", "COLUMN"},
    {"RENAME", "COLUMN"},      {"CLEAR", "COLUMN"},      {"COMMENT", "COLUMN"},
    {"MATERIALIZE", "COLUMN"}, {"ADD", "INDEX"},         {"DROP", "INDEX"},
    {"CLEAR", "INDEX"},        {"MATERIALIZE", "INDEX"}, {"ADD", "PROJECTION"},
    {"DROP", "PROJECTION"},    {"CLEAR", "PROJECTION"},  {"MATERIALIZE", "PROJECTION"},
    {"ADD", "CONSTRAINT"},     {"DROP", "CONSTRAINT"},   {"DROP", "PARTITION"},
    {"DROP", "PART"},          {"MODIFY", "SETTING"},    {"RESET", "SETTING"},
    {"MODIFY", "TTL"},         {"REMOVE", "TTL"},        {"MODIFY", "ORDER"},
    {"MODIFY", "COMMENT"},     {"MODIFY", "QUERY"},      {"DELETE", "WHERE"},
    {"MATERIALIZE", "TTL"},
}};

class KindJudge {
 public:
  KindJudge(const Tokens& tokens, SqlAccess access, std::string_view database)
      : tokens_(tokens), access_(access), database_(database) {}

  std::expected<Shape, SqlFault> run() {
    if (auto ok = judge_kind(); !ok) return std::unexpected(ok.error());
    return std::move(out_);
  }

 private:
  // The thing that a statement changes, at i.
  Check judge_target(std::size_t i) {
    const std::size_t end = tokens_.skip_name(i);
    if (end == i) return no_right(access_, "it does not name what it changes");
    const bool qualified = end - i > 1;
    if (qualified ? is_reserved_database(tokens_[i].value) : is_reserved_database(database_)) {
      return no_right(access_, fmt::format("database {} is not to be changed",
                                           qualified ? tokens_[i].value : std::string(database_)));
    }
    out_.not_calls.insert(end - 1);  // INSERT INTO t (a, b) calls nothing
    return {};
  }

  Check judge_kind() {
    if (tokens_.empty()) return refuse(sql_code::kSyntaxError, "Syntax error: empty query");
    if (tokens_.is_one_of(0, {"SELECT", "WITH"}) || tokens_.is_punct(0, "(")) {
      out_.kind = StatementKind::kSelect;
      return {};
    }
    out_.kind = StatementKind::kShow;
    if (tokens_.is_word(0, "EXPLAIN")) return judge_explain();
    if (tokens_.is_word(0, "DESCRIBE") && tokens_.is_word(1, "TABLE")) return {};
    if (tokens_.is_word(0, "EXISTS")) return {};
    if (tokens_.is_word(0, "SHOW")) return judge_show();
    if (access_ == SqlAccess::kRead) {
      return no_right(access_, fmt::format("it begins with {}", tokens_.shown(0)));
    }
    return judge_change();
  }

  Check judge_explain() {
    // EXPLAIN [AST | SYNTAX | …] [name = value, …] SELECT …
    std::size_t i = 1;
    while (i < tokens_.size() && !tokens_.is_one_of(i, {"SELECT", "WITH"}) && !tokens_.is_punct(i, "(")) {
      const bool kind =
          tokens_.is_one_of(i, {"AST", "SYNTAX", "QUERY", "TREE", "PLAN", "PIPELINE", "ESTIMATE", "ANALYZE"});
      const bool setting =
          tokens_.is_name(i) && tokens_.is_punct(i + 1, "=") && tokens_.is(i + 2, Token::Kind::kNumber);
      if (setting) {
        i += 3;
        if (tokens_.is_punct(i, ",")) ++i;
      } else if (kind) {
        ++i;
      } else {
        return no_right(access_, "only a SELECT can be explained here");
      }
    }
    if (i >= tokens_.size()) return no_right(access_, "only a SELECT can be explained here");
    return {};
  }

  Check judge_show() {
    std::size_t i = 1;
    while (tokens_.is_one_of(i, {"FULL", "EXTENDED", "CHANGED", "TEMPORARY"})) ++i;
    if (tokens_.is_one_of(i, {"TABLES", "DATABASES", "COLUMNS", "INDEXES", "FUNCTIONS", "SETTINGS", "ENGINES"})) {
      // SHOW SETTINGS and the word before LIKE are no clause of settings.
      if (tokens_.is_word(i, "SETTINGS")) out_.show_settings_at = i;
      return {};
    }
    if (tokens_.is_word(i, "CREATE") && tokens_.is_one_of(i + 1, {"TABLE", "VIEW", "DATABASE"})) return {};
    return no_right(
        access_,
        "of SHOW, this port knows TABLES, DATABASES, COLUMNS, INDEXES, FUNCTIONS, SETTINGS, ENGINES and CREATE");
  }

  Check judge_change() {
    out_.kind = StatementKind::kChange;
    if (tokens_.is_word(0, "INSERT") && tokens_.is_word(1, "INTO")) {
      const std::size_t i = tokens_.is_word(2, "TABLE") ? 3 : 2;
      if (tokens_.is_word(i, "FUNCTION") && !tokens_.is_punct(i + 1, "."))
        return no_right(access_, "INSERT INTO FUNCTION writes outside of the tables");
      out_.insert = true;
      return judge_target(i);
    }
    if (tokens_.is_word(0, "CREATE")) return judge_create();
    if (tokens_.is_one_of(0, {"DROP", "TRUNCATE"})) return judge_drop();
    if (tokens_.is_word(0, "OPTIMIZE") && tokens_.is_word(1, "TABLE")) return judge_target(2);
    if (tokens_.is_word(0, "DELETE") && tokens_.is_word(1, "FROM")) return judge_target(2);
    if (tokens_.is_word(0, "ALTER") && tokens_.is_word(1, "TABLE")) {
      if (auto ok = judge_target(2); !ok) return ok;
      return judge_commands(tokens_.skip_name(2));
    }
    return no_right(access_, fmt::format("it begins with {}", tokens_.shown(0)));
  }

  Check judge_create() {
    std::size_t i = 1;
    if (tokens_.is_word(i, "OR") && tokens_.is_word(i + 1, "REPLACE")) i += 2;
    if (tokens_.is_word(i, "MATERIALIZED")) ++i;
    if (!tokens_.is_one_of(i, {"TABLE", "VIEW", "DATABASE"})) {
      return no_right(access_, fmt::format("CREATE {}", tokens_.shown(i)));
    }
    const bool database = tokens_.is_word(i, "DATABASE");
    ++i;
    if (tokens_.is_word(i, "IF") && tokens_.is_word(i + 1, "NOT") && tokens_.is_word(i + 2, "EXISTS")) i += 3;
    out_.create = true;
    if (database) return judge_database(i);
    if (auto ok = judge_target(i); !ok) return ok;
    i = tokens_.skip_name(i);
    if (tokens_.is_word(i, "UUID")) i += 2;
    if (tokens_.is_word(i, "TO")) return judge_target(i + 1);
    return {};
  }

  Check judge_drop() {
    std::size_t i = 1;
    if (!tokens_.is_one_of(i, {"TABLE", "VIEW", "DATABASE"})) {
      return no_right(access_, fmt::format("{} {}", tokens_[0].source, tokens_.shown(i)));
    }
    const bool database = tokens_.is_word(i, "DATABASE");
    ++i;
    if (tokens_.is_word(i, "IF") && tokens_.is_word(i + 1, "EXISTS")) i += 2;
    if (tokens_.is_word(i, "IF") && tokens_.is_word(i + 1, "EMPTY")) i += 2;
    if (database) return judge_database(i);
    for (;;) {  // DROP TABLE a, b
      if (auto ok = judge_target(i); !ok) return ok;
      i = tokens_.skip_name(i);
      if (!tokens_.is_punct(i, ",")) return {};
      ++i;
    }
  }

  Check judge_database(std::size_t i) {
    if (!tokens_.is_name(i) || tokens_.is_punct(i + 1, ".")) return no_right(access_, "it does not name a database");
    if (is_reserved_database(tokens_[i].value))
      return no_right(access_, fmt::format("database {} is not to be changed", tokens_[i].value));
    return {};
  }

  // ALTER TABLE t (ADD COLUMN …), (DELETE WHERE …): one parenthesis a command.
  Check judge_commands(std::size_t i) {
    for (;;) {
      if (!tokens_.is_punct(i, "(")) return not_understood("a command of ALTER");
      const bool known = std::ranges::any_of(kAlterCommands, [&](const auto& command) {
        return tokens_.is_word(i + 1, command.first) && tokens_.is_word(i + 2, command.second);
      });
      if (!known && !tokens_.is_word(i + 1, "UPDATE")) {
        return no_right(access_, fmt::format("ALTER TABLE … {}", tokens_.shown(i + 1)));
      }
      if (tokens_.is_word(i + 2, "SETTING")) {
        std::size_t j = i + 3;
        while (tokens_.is_name(j)) {
          if (!names().table_settings.has(tokens_[j].value)) {
            return refuse(sql_code::kReadonly,
                          fmt::format("Cannot modify '{}' setting of a table through this port", tokens_[j].value));
          }
          if (tokens_.is_punct(j + 1, "=")) j += 2;
          if (tokens_.is_punct(j, "-")) ++j;
          if (!tokens_.is_punct(j + 1, ",")) break;
          j += 2;
        }
      }
      if (tokens_.is_word(i + 2, "PROJECTION") || tokens_.is_word(i + 2, "INDEX") ||
          tokens_.is_word(i + 2, "CONSTRAINT")) {
        std::size_t j = i + 3;
        if (tokens_.is_word(j, "IF")) j += tokens_.is_word(j + 1, "NOT") ? 3 : 2;
        out_.not_calls.insert(j);
      }
      i = tokens_.closing(i);
      if (++i >= tokens_.size()) return {};
      if (!tokens_.is_punct(i, ",")) {
        return tokens_.is_word(i, "SETTINGS") ? Check{} : not_understood("a command of ALTER");
      }
      ++i;
    }
  }

  const Tokens& tokens_;
  const SqlAccess access_;
  const std::string_view database_;
  Shape out_;
};

}  // namespace

std::expected<Shape, SqlFault> judge_kind(const Tokens& tokens, SqlAccess access, std::string_view database) {
  return KindJudge(tokens, access, database).run();
}

std::unexpected<SqlFault> no_right(SqlAccess access, std::string_view what) {
  if (access == SqlAccess::kRead) {
    return refuse(
        sql_code::kReadonly,
        fmt::format("Cannot execute query in readonly mode: {}. This port lets its clients read; start Weir with "
                    "--sql-access write to let them write",
                    what));
  }
  return refuse(sql_code::kAccessDenied,
                fmt::format("Not enough privileges: {}. Nobody may do that through this port", what));
}

}  // namespace weir::sql

#include "backends/store_chdb/sql_vet.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "backends/store_chdb/sql_fault.h"
#include "backends/store_chdb/sql_lists.h"
#include "backends/store_chdb/sql_settings.h"
#include "backends/store_chdb/sql_text.h"
#include "backends/store_chdb/sql_tokens.h"

namespace weir {
namespace {

using sql::Call;
using sql::is_blank;
using sql::judge_call;
using sql::lowered;
using sql::names;
using sql::not_understood;
using sql::refuse;
using sql::takes_format;
using sql::Token;
using Check = std::expected<void, SqlFault>;

class Vetter {
 public:
  Vetter(std::string_view text, sql::Tokens tokens, SqlAccess access, std::string_view database)
      : text_(text), tokens_(std::move(tokens)), access_(access), database_(database) {}

  std::expected<VettedStatement, SqlFault> run() {
    auto shape = sql::judge_kind(tokens_, access_, database_);
    if (!shape) return std::unexpected(shape.error());
    shape_ = *std::move(shape);
    out_.kind = shape_.kind;
    if (auto ok = judge_tokens(); !ok) return std::unexpected(ok.error());
    if (indirect_) {
      if (auto ok = judge_bare_names(); !ok) return std::unexpected(ok.error());
    }
    out_.settings_only = reads_settings_only();
    out_.text = text_;
    if (format_at_) {
      const Token& name = tokens_[*format_at_ + 1];
      out_.text = text_.substr(0, tokens_[*format_at_].at);
      out_.text += text_.substr(name.at + name.source.size());
      while (!out_.text.empty() && is_blank(out_.text.back())) out_.text.pop_back();
    }
    return std::move(out_);
  }

 private:
  Check judge_tokens() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const Token& token = tokens_[i];
      if (token.kind == Token::Kind::kParam && lowered(token.type) == "identifier")
        return not_understood("an identifier as parameter");
      if (token.kind == Token::Kind::kWord) {
        if (auto ok = judge_clause(i); !ok) return ok;
      }
      if (tokens_.is_name(i)) {
        if (auto ok = judge_name(i); !ok) return ok;
        if (tokens_.is_punct(i + 1, "(")) {
          if (auto ok = judge_parenthesis(i); !ok) return ok;
        }
      }
    }
    if (shape_.insert) {
      if (format_at_) {
        if (!names().input_formats.has(out_.format)) {
          return refuse(sql_code::kUnknownFormat,
                        fmt::format("Unknown format {}, or one that is not taken here", out_.format));
        }
        out_.kind = StatementKind::kInsertData;
      }
    } else if (format_at_ && !names().output_formats.has(out_.format)) {
      return refuse(sql_code::kUnknownFormat,
                    fmt::format("Unknown format {}, or one that is not given here", out_.format));
    }
    return {};
  }

  // Clauses that matter, by their bare word.
  Check judge_clause(std::size_t i) {
    const std::string& word = tokens_[i].value;
    if (word == "INTO" && tokens_.is_word(i + 1, "OUTFILE"))
      return sql::no_right(access_, "INTO OUTFILE writes a file");
    if (word == "FROM" && tokens_.is_word(i + 1, "INFILE")) return sql::no_right(access_, "FROM INFILE reads a file");
    if (word == "PARALLEL" && tokens_.is_word(i + 1, "WITH")) {
      return refuse(sql_code::kSyntaxError, "Syntax error (Multi-statements are not allowed): PARALLEL WITH");
    }
    if (word == "ON" && tokens_.is_word(i + 1, "CLUSTER"))
      return sql::no_right(access_, "ON CLUSTER reaches other machines");
    if (word == "APPLY") {
      const std::size_t f = tokens_.is_punct(i + 1, "(") ? i + 2 : i + 1;
      indirect_ = true;
      if (tokens_.is_name(f) && !tokens_.is_punct(f + 1, "->")) return judge_call_of(tokens_[f].value);
      return {};
    }
    if (word == "SETTINGS" && i != shape_.show_settings_at) {
      if (tokens_.is_name(i + 1) && tokens_.is_punct(i + 2, "=")) return judge_settings(i + 1);
      if (tokens_.is_punct(i + 1, "(")) return not_understood("settings of a column");
    }
    if (word == "TOTALS" && i > 0 && tokens_.is_word(i - 1, "WITH")) out_.totals = true;
    if (word == "FORMAT" && tokens_.is_name(i + 1) &&
        !(i > 0 && (tokens_.is_punct(i - 1, ".") || tokens_.is_word(i - 1, "AS")))) {
      if (format_at_ || tokens_[i].depth != 0) return not_understood("a second FORMAT");
      format_at_ = i;
      out_.format = tokens_[i + 1].value;
    }
    if (shape_.create) {
      if ((word == "ENGINE") && tokens_.is_punct(i + 1, "=")) {
        if (!tokens_.is_name(i + 2) || !names().engines.has(tokens_[i + 2].value)) {
          return sql::no_right(access_, fmt::format("the engine {}", tokens_.shown(i + 2, 60)));
        }
      }
      if (word == "REFRESH" || word == "DICTIONARY") return sql::no_right(access_, word);
      if (word == "TO" && tokens_.is_one_of(i + 1, {"DISK", "VOLUME"})) return sql::no_right(access_, "TTL … TO DISK");
      if (word == "INDEX" || word == "PROJECTION" || word == "CONSTRAINT") shape_.not_calls.insert(i + 1);
    }
    return {};
  }

  Check judge_settings(std::size_t i) {
    for (;;) {
      const std::string name = tokens_[i].value;
      std::size_t v = i + 2;
      const bool negative = tokens_.is_punct(v, "-");
      if (negative) ++v;
      if (v >= tokens_.size()) return not_understood("a setting without a value");
      std::string value;
      if (tokens_[v].kind == Token::Kind::kString && !negative) {
        value = tokens_[v].value;
      } else if (tokens_[v].kind == Token::Kind::kNumber) {
        value = (negative ? "-" : "") + std::string(tokens_[v].source);
        if (value.back() == '.') value.pop_back();
      } else if (!negative && tokens_.is_one_of(v, {"true", "false"})) {
        value = tokens_.is_word(v, "true") ? "1" : "0";
      } else {
        return not_understood(fmt::format("the value of setting {}", name));
      }
      if (!(shape_.create && names().table_settings.has(name))) {
        auto use = vet_setting(name, value, access_, SqlCaps{}, false);
        if (!use) return std::unexpected(use.error());
        out_.settings.emplace_back(name, std::move(value));
      }
      i = v + 1;
      if (!tokens_.is_punct(i, ",")) break;
      ++i;
      if (!tokens_.is_name(i) || !tokens_.is_punct(i + 1, "=")) return not_understood("a list of settings");
    }
    if (i < tokens_.size() && !tokens_.is_punct(i, ")") && tokens_[i].kind != Token::Kind::kWord)
      return not_understood("a list of settings");
    return {};
  }

  // The first part of a compound name may be a database.
  Check judge_name(std::size_t i) {
    const bool first = i == 0 || !tokens_.is_punct(i - 1, ".");
    const std::string& value = tokens_[i].value;
    if (first && tokens_.is_punct(i + 1, ".") && tokens_.is_name(i + 2)) {
      if (value == "default") {
        return refuse(sql_code::kAccessDenied,
                      "Not enough privileges: the database default of the embedded engine shows files of the disk");
      }
      if (value == "system") return judge_system_table(tokens_[i + 2].value);
    }
    if (first && database_ == "system" && !tokens_.is_punct(i + 1, ".") && names().refused_system_tables.has(value)) {
      return judge_system_table(value);
    }
    return {};
  }

  Check judge_system_table(const std::string& table) const {
    if (names().system_tables.has(table)) return {};
    if (names().refused_system_tables.has(table)) {
      return refuse(sql_code::kAccessDenied,
                    fmt::format("Not enough privileges: table system.{} is not shown through this port", table));
    }
    return refuse(sql_code::kUnknownTable, fmt::format("Unknown table expression identifier 'system.{}'", table));
  }

  Check judge_call_of(const std::string& name) {
    switch (judge_call(name)) {
      case Call::kAllowed:
        if (names().higher_order.has(name)) indirect_ = true;
        return {};
      case Call::kRefused:
        return refuse(
            sql_code::kAccessDenied,
            fmt::format(
                "Not enough privileges: {} is not among the functions that this port lets through, as it reaches "
                "files, the network or the machine",
                name));
      case Call::kUnknown: break;
    }
    return refuse(sql_code::kUnknownFunction, fmt::format("Function with name `{}` does not exist", name));
  }

  Check judge_parenthesis(std::size_t i) {
    const Token& token = tokens_[i];
    // Its format may be one that writes a schema file on its way (Protobuf), so it must stand there to be looked at.
    if (takes_format(token.value)) {
      const bool plain = tokens_.is(i + 2, Token::Kind::kString) && names().output_formats.has(tokens_[i + 2].value);
      if (!plain)
        return refuse(sql_code::kUnknownFormat,
                      fmt::format("Unknown format in {}, or one that is not given here", token.value));
    }
    if (token.kind == Token::Kind::kWord && names().keywords.has(token.value)) return {};
    if (shape_.not_calls.contains(i)) return {};
    if (judge_call(token.value) == Call::kUnknown) {
      if (is_common_table(i)) return {};
      // WITH x -> x + 1 AS f SELECT f(2)
      for (std::size_t j = 1; j < tokens_.size(); ++j) {
        if (j != i && tokens_.is_name(j) && tokens_[j].value == token.value && tokens_.is_word(j - 1, "AS") &&
            !tokens_.is_punct(j + 1, "(")) {
          indirect_ = true;
          return {};
        }
      }
    }
    return judge_call_of(token.value);
  }

  // SELECT … FROM system.settings [WHERE …]: no other table, no table function, no subquery.
  bool reads_settings_only() const {
    bool found = false;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_.is_one_of(i, {"JOIN", "UNION", "EXCEPT", "INTERSECT", "WITH"})) return false;
      if (tokens_.is_word(i, "SELECT") && i != 0) return false;
      if (tokens_.is_word(i, "IN") && !tokens_.is_punct(i + 1, "(")) return false;
      if (!tokens_.is_word(i, "FROM")) continue;
      if (found || !tokens_.is_word(i + 1, "system") || !tokens_.is_punct(i + 2, ".") ||
          !tokens_.is_word(i + 3, "settings"))
        return false;
      if (i + 4 < tokens_.size() && !tokens_.is_one_of(i + 4, {"WHERE", "ORDER", "LIMIT", "FORMAT"})) return false;
      found = true;
    }
    return found && tokens_.is_word(0, "SELECT");
  }

  // WITH t (a, b) AS (SELECT …)
  bool is_common_table(std::size_t i) const {
    if (i == 0 || !(tokens_.is_one_of(i - 1, {"WITH", "RECURSIVE"}) || tokens_.is_punct(i - 1, ","))) return false;
    const std::size_t j = tokens_.closing(i + 1);
    return tokens_.is_word(j + 1, "AS") && tokens_.is_punct(j + 2, "(");
  }

  // arrayMap(file, …) and APPLY file call a function that is named without a parenthesis. A column may have that name too, so
  // this is looked at only where a statement can call in that way.
  Check judge_bare_names() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (!tokens_.is_name(i) || tokens_.is_punct(i + 1, "(") || tokens_.is_punct(i + 1, ".") ||
          (i > 0 && tokens_.is_punct(i - 1, ".")))
        continue;
      if (names().refused_functions.resembles(tokens_[i].value) || takes_format(tokens_[i].value)) {
        return refuse(
            sql_code::kAccessDenied,
            fmt::format(
                "Not enough privileges: `{}` is the name of a function that this port does not let through, and "
                "this statement can call functions by name",
                tokens_[i].value));
      }
    }
    return {};
  }

  const std::string_view text_;
  const sql::Tokens tokens_;
  const SqlAccess access_;
  const std::string_view database_;
  sql::Shape shape_;
  VettedStatement out_;
  std::optional<std::size_t> format_at_;
  bool indirect_ = false;  // it can call a function that is named without a parenthesis
};

}  // namespace

std::expected<VettedStatement, SqlFault> vet_statement(std::string_view normal, SqlAccess access,
                                                       std::string_view database) {
  auto tokens = sql::Tokens::of(normal);
  if (!tokens) return std::unexpected(tokens.error());
  return Vetter(normal, *std::move(tokens), access, database).run();
}

bool is_output_format(std::string_view name) { return names().output_formats.has(name); }

}  // namespace weir

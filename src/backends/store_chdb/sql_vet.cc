#include "backends/store_chdb/sql_vet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <unordered_set>

#include "backends/store_chdb/sql_names.h"

namespace weir {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_word_char(char c) { return is_word_start(c) || is_digit(c); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

// A list of sql_names.h as a set.
class NameSet {
 public:
  explicit NameSet(std::string_view list) {
    std::size_t at = 0;
    while (at < list.size()) {
      while (at < list.size() && is_blank(list[at])) ++at;
      std::size_t end = at;
      while (end < list.size() && !is_blank(list[end])) ++end;
      if (end == at) break;
      std::string_view name = list.substr(at, end - at);
      const bool any_case = name.front() == '~';
      if (any_case) name.remove_prefix(1);
      if (name.back() == '*') {
        patterns_.push_back(name.substr(0, name.size() - 1));
      } else {
        names_.emplace(name);
        all_lowered_.insert(lowered(name));
        if (any_case) any_case_.insert(lowered(name));
      }
      at = end;
    }
  }

  /// As the engine compares: exactly, or ignoring case where it does.
  bool has(std::string_view name) const {
    return names_.contains(std::string(name)) || any_case_.contains(lowered(name)) ||
           std::ranges::any_of(patterns_, [&](std::string_view p) { return name.starts_with(p); });
  }
  /// Ignoring case always: for lists of what is refused.
  bool resembles(std::string_view name) const { return all_lowered_.contains(lowered(name)); }

 private:
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> any_case_;
  std::unordered_set<std::string> all_lowered_;
  std::vector<std::string_view> patterns_;
};

struct Names {
  NameSet functions{sql_names::kFunctions};
  NameSet special_functions{sql_names::kSpecialFunctions};
  NameSet aggregates{sql_names::kAggregates};
  NameSet refused_functions{sql_names::kRefusedFunctions};
  NameSet higher_order{sql_names::kHigherOrder};
  NameSet table_functions{sql_names::kTableFunctions};
  NameSet refused_table_functions{sql_names::kRefusedTableFunctions};
  NameSet system_tables{sql_names::kSystemTables};
  NameSet refused_system_tables{sql_names::kRefusedSystemTables};
  NameSet keywords{sql_names::kKeywords};
  NameSet types{sql_names::kTypes};
  NameSet engines{sql_names::kEngines};
  NameSet output_formats{sql_names::kOutputFormats};
  NameSet input_formats{sql_names::kInputFormats};
  NameSet settings{sql_names::kSettings};
  NameSet write_settings{sql_names::kWriteSettings};
  NameSet refused_settings{sql_names::kRefusedSettings};
  NameSet ignored_settings{sql_names::kIgnoredSettings};
  NameSet table_settings{sql_names::kTableSettings};
  std::vector<std::string_view> combinators = split(sql_names::kCombinators);

  static std::vector<std::string_view> split(std::string_view list) {
    std::vector<std::string_view> out;
    for (std::size_t at = 0; at < list.size();) {
      while (at < list.size() && is_blank(list[at])) ++at;
      std::size_t end = at;
      while (end < list.size() && !is_blank(list[end])) ++end;
      if (end > at) out.push_back(list.substr(at, end - at));
      at = end;
    }
    return out;
  }
};

const Names& names() {
  static const Names all;
  return all;
}

struct Token {
  enum class Kind { kWord, kQuoted, kString, kNumber, kParam, kPunct };
  Kind kind;
  std::string_view source;
  std::string value;   // of a name or a string, without quotes; of a parameter, its name
  std::string type;    // of a parameter
  std::size_t at = 0;  // where it begins in the text
  int depth = 0;       // of parentheses and brackets around it
};

std::unexpected<SqlFault> refuse(int code, std::string_view message) {
  return std::unexpected(make_sql_fault(code, message));
}

std::unexpected<SqlFault> not_understood(std::string_view what) {
  return refuse(
      sql_code::kAccessDenied,
      fmt::format("Not enough privileges: the SQL port of Weir does not let through what it does not understand: {}",
                  what));
}

// Reads a quoted string or name that begins at `at`; `at` is behind it afterwards. False when it does not end.
bool read_quoted(std::string_view text, std::size_t& at, std::string& value) {
  const char quote = text[at++];
  while (at < text.size()) {
    const char c = text[at++];
    if (c == '\\') {
      if (at == text.size()) return false;
      const char escaped = text[at++];
      switch (escaped) {
        case 'n': value += '\n'; break;
        case 't': value += '\t'; break;
        case 'r': value += '\r'; break;
        case '0': value += '\0'; break;
        case 'b': value += '\b'; break;
        case 'f': value += '\f'; break;
        case 'a': value += '\a'; break;
        case 'v': value += '\v'; break;
        case 'e': value += '\x1b'; break;
        case 'x': {
          unsigned code = 0;
          if (at + 2 > text.size()) return false;
          const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 2, code, 16);
          if (error != std::errc{} || end != text.data() + at + 2) return false;
          value += static_cast<char>(code);
          at += 2;
          break;
        }
        default: value += escaped;
      }
    } else if (c == quote) {
      if (at < text.size() && text[at] == quote) {
        value += quote;
        ++at;
      } else {
        return true;
      }
    } else {
      value += c;
    }
  }
  return false;
}

// The engine's own spelling: no comments, no heredocs, no double quotes, no semicolons. Anything else is refused.
std::expected<std::vector<Token>, SqlFault> lex(std::string_view text) {
  std::vector<Token> tokens;
  std::vector<char> open;
  std::size_t at = 0;
  const auto add = [&](Token::Kind kind, std::size_t begin, std::string value = {}, std::string type = {}) {
    tokens.push_back({kind, text.substr(begin, at - begin), std::move(value), std::move(type), begin,
                      static_cast<int>(open.size())});
  };
  while (at < text.size()) {
    const char c = text[at];
    const std::size_t begin = at;
    if (is_blank(c)) {
      ++at;
    } else if (is_word_start(c)) {
      while (at < text.size() && is_word_char(text[at])) ++at;
      add(Token::Kind::kWord, begin, std::string(text.substr(begin, at - begin)));
    } else if (is_digit(c)) {
      while (at < text.size() &&
             (is_word_char(text[at]) || text[at] == '.' ||
              ((text[at] == '-' || text[at] == '+') && lower(text[at - 1]) == 'e' && text.substr(begin, 2) != "0x"))) {
        ++at;
      }
      add(Token::Kind::kNumber, begin);
    } else if (c == '\'' || c == '`') {
      std::string value;
      if (!read_quoted(text, at, value)) return not_understood("a quote that does not end");
      add(c == '`' ? Token::Kind::kQuoted : Token::Kind::kString, begin, std::move(value));
    } else if (c == '{') {
      const std::size_t end = text.find('}', at);
      const std::size_t colon = text.find(':', at);
      if (end == std::string_view::npos || colon == std::string_view::npos || colon > end)
        return not_understood("a brace");
      std::string_view name = text.substr(at + 1, colon - at - 1);
      std::string_view type = text.substr(colon + 1, end - colon - 1);
      if (name.size() > 1 && name.front() == '`' && name.back() == '`') name = name.substr(1, name.size() - 2);
      if (name.empty() || !std::ranges::all_of(name, is_word_char) || type.empty()) return not_understood("a brace");
      at = end + 1;
      add(Token::Kind::kParam, begin, std::string(name), std::string(type));
    } else if (c == '-' && text.substr(at, 2) == "--") {
      return not_understood("a comment");
    } else if (c == '/' && (text.substr(at, 2) == "/*" || text.substr(at, 2) == "//")) {
      return not_understood("a comment");
    } else if (std::string_view("+-*/%=<>!()[],.:?|&^@").find(c) != std::string_view::npos) {
      ++at;
      if (c == '-' && at < text.size() && text[at] == '>') ++at;
      if (c == ')' || c == ']') {
        if (open.empty() || open.back() != (c == ')' ? '(' : '[')) return not_understood("a parenthesis");
        open.pop_back();
      }
      add(Token::Kind::kPunct, begin);
      if (c == '(' || c == '[') open.push_back(c);
    } else {
      return not_understood(fmt::format("the character {:?}", text.substr(at, 1)));
    }
  }
  if (!open.empty()) return not_understood("a parenthesis");
  return tokens;
}

enum class Call { kAllowed, kRefused, kUnknown };

// May a name stand before a parenthesis?
Call judge_call(std::string_view name) {
  const Names& n = names();
  if (n.functions.has(name) || n.special_functions.has(name) || n.aggregates.has(name) || n.table_functions.has(name) ||
      n.types.has(name) || n.engines.has(name)) {
    return Call::kAllowed;
  }
  if (n.refused_functions.resembles(name) || n.refused_table_functions.resembles(name)) return Call::kRefused;
  // Suffixes of aggregates, from the outside in: countIf, uniqStateOrNull, quantilesTDigestIfMerge …
  std::string_view rest = name;
  for (bool cut = true; cut;) {
    cut = false;
    for (const std::string_view suffix : n.combinators) {
      if (rest.size() <= suffix.size() || !rest.ends_with(suffix)) continue;
      rest.remove_suffix(suffix.size());
      if (n.aggregates.has(rest)) return Call::kAllowed;
      cut = true;
      break;
    }
  }
  return Call::kUnknown;
}

bool takes_format(std::string_view function) { return function == "formatRow" || function == "formatRowNoNewline"; }

bool is_reserved_database(std::string_view name) {
  return name == "default" || name == "system" || name == "information_schema" || name == "INFORMATION_SCHEMA" ||
         name == "_temporary_and_external_tables";
}

class Vetter {
 public:
  Vetter(std::string_view text, std::vector<Token> tokens, SqlAccess access, std::string_view database)
      : text_(text), tokens_(std::move(tokens)), access_(access), database_(database) {}

  std::expected<VettedStatement, SqlFault> run() {
    if (auto ok = judge_kind(); !ok) return std::unexpected(ok.error());
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
  using Check = std::expected<void, SqlFault>;

  bool is_word(std::size_t i, std::string_view word) const {
    return i < tokens_.size() && tokens_[i].kind == Token::Kind::kWord && tokens_[i].value == word;
  }
  bool is_one_of(std::size_t i, std::initializer_list<std::string_view> words) const {
    return std::ranges::any_of(words, [&](std::string_view w) { return is_word(i, w); });
  }
  bool is_punct(std::size_t i, std::string_view punct) const {
    return i < tokens_.size() && tokens_[i].kind == Token::Kind::kPunct && tokens_[i].source == punct;
  }
  bool is_name(std::size_t i) const {
    return i < tokens_.size() && (tokens_[i].kind == Token::Kind::kWord || tokens_[i].kind == Token::Kind::kQuoted);
  }

  std::unexpected<SqlFault> read_only(std::string_view what) const {
    if (access_ == SqlAccess::kRead) {
      return refuse(
          sql_code::kReadonly,
          fmt::format("Cannot execute query in readonly mode: {}. This port lets its clients read; start Weir with "
                      "--sql-access write to let them write",
                      what));
    }
    return refuse(sql_code::kAccessDenied,
                  fmt::format("Not enough privileges: {}. Nobody may do that through this port", what));
  }

  // Name of a table or database at i, perhaps with the database in front; the index behind it.
  std::size_t skip_name(std::size_t i) const {
    if (!is_name(i)) return i;
    while (is_punct(i + 1, ".") && is_name(i + 2)) i += 2;
    return i + 1;
  }

  // The thing that a statement changes, at i.
  Check judge_target(std::size_t i) {
    const std::size_t end = skip_name(i);
    if (end == i) return read_only("it does not name what it changes");
    const bool qualified = end - i > 1;
    if (qualified ? is_reserved_database(tokens_[i].value) : is_reserved_database(database_)) {
      return read_only(
          fmt::format("database {} is not to be changed", qualified ? tokens_[i].value : std::string(database_)));
    }
    not_calls_.insert(end - 1);  // INSERT INTO t (a, b) calls nothing
    return {};
  }

  Check judge_kind() {
    if (tokens_.empty()) return refuse(sql_code::kSyntaxError, "Syntax error: empty query");
    if (is_one_of(0, {"SELECT", "WITH"}) || is_punct(0, "(")) {
      out_.kind = StatementKind::kSelect;
      return {};
    }
    out_.kind = StatementKind::kShow;
    if (is_word(0, "EXPLAIN")) {
      // EXPLAIN [AST | SYNTAX | …] [name = value, …] SELECT …
      std::size_t i = 1;
      while (i < tokens_.size() && !is_one_of(i, {"SELECT", "WITH"}) && !is_punct(i, "(")) {
        const bool kind = is_one_of(i, {"AST", "SYNTAX", "QUERY", "TREE", "PLAN", "PIPELINE", "ESTIMATE", "ANALYZE"});
        const bool setting =
            is_name(i) && is_punct(i + 1, "=") && i + 2 < tokens_.size() && tokens_[i + 2].kind == Token::Kind::kNumber;
        if (setting) {
          i += 3;
          if (is_punct(i, ",")) ++i;
        } else if (kind) {
          ++i;
        } else {
          return read_only("only a SELECT can be explained here");
        }
      }
      if (i >= tokens_.size()) return read_only("only a SELECT can be explained here");
      return {};
    }
    if (is_word(0, "DESCRIBE") && is_word(1, "TABLE")) return {};
    if (is_word(0, "EXISTS")) return {};
    if (is_word(0, "SHOW")) {
      std::size_t i = 1;
      while (is_one_of(i, {"FULL", "EXTENDED", "CHANGED", "TEMPORARY"})) ++i;
      if (is_one_of(i, {"TABLES", "DATABASES", "COLUMNS", "INDEXES", "FUNCTIONS", "SETTINGS", "ENGINES"})) {
        // SHOW SETTINGS and the word before LIKE are no clause of settings.
        if (is_word(i, "SETTINGS")) show_settings_at_ = i;
        return {};
      }
      if (is_word(i, "CREATE") && is_one_of(i + 1, {"TABLE", "VIEW", "DATABASE"})) return {};
      return read_only(
          "of SHOW, this port knows TABLES, DATABASES, COLUMNS, INDEXES, FUNCTIONS, SETTINGS, ENGINES and CREATE");
    }
    if (access_ == SqlAccess::kRead) {
      return read_only(fmt::format("it begins with {}", tokens_[0].source.substr(0, 40)));
    }
    return judge_change();
  }

  Check judge_change() {
    out_.kind = StatementKind::kChange;
    std::size_t i = 1;
    if (is_word(0, "INSERT") && is_word(1, "INTO")) {
      i = is_word(2, "TABLE") ? 3 : 2;
      if (is_word(i, "FUNCTION") && !is_punct(i + 1, "."))
        return read_only("INSERT INTO FUNCTION writes outside of the tables");
      insert_ = true;
      return judge_target(i);
    }
    if (is_word(0, "CREATE")) {
      if (is_word(i, "OR") && is_word(i + 1, "REPLACE")) i += 2;
      if (is_word(i, "MATERIALIZED")) ++i;
      if (!is_one_of(i, {"TABLE", "VIEW", "DATABASE"})) {
        return read_only(fmt::format("CREATE {}", i < tokens_.size() ? tokens_[i].source.substr(0, 40) : ""));
      }
      const bool database = is_word(i, "DATABASE");
      ++i;
      if (is_word(i, "IF") && is_word(i + 1, "NOT") && is_word(i + 2, "EXISTS")) i += 3;
      create_ = true;
      if (database) return judge_database(i);
      if (auto ok = judge_target(i); !ok) return ok;
      i = skip_name(i);
      if (is_word(i, "UUID")) i += 2;
      if (is_word(i, "TO")) return judge_target(i + 1);
      return {};
    }
    if (is_word(0, "DROP") || is_word(0, "TRUNCATE")) {
      if (!is_one_of(i, {"TABLE", "VIEW", "DATABASE"})) {
        return read_only(
            fmt::format("{} {}", tokens_[0].source, i < tokens_.size() ? tokens_[i].source.substr(0, 40) : ""));
      }
      const bool database = is_word(i, "DATABASE");
      ++i;
      if (is_word(i, "IF") && is_word(i + 1, "EXISTS")) i += 2;
      if (is_word(i, "IF") && is_word(i + 1, "EMPTY")) i += 2;
      if (database) return judge_database(i);
      for (;;) {  // DROP TABLE a, b
        if (auto ok = judge_target(i); !ok) return ok;
        i = skip_name(i);
        if (!is_punct(i, ",")) return {};
        ++i;
      }
    }
    if (is_word(0, "OPTIMIZE") && is_word(1, "TABLE")) return judge_target(2);
    if (is_word(0, "DELETE") && is_word(1, "FROM")) return judge_target(2);
    if (is_word(0, "ALTER") && is_word(1, "TABLE")) {
      if (auto ok = judge_target(2); !ok) return ok;
      return judge_commands(skip_name(2));
    }
    return read_only(fmt::format("it begins with {}", tokens_[0].source.substr(0, 40)));
  }

  Check judge_database(std::size_t i) {
    if (!is_name(i) || is_punct(i + 1, ".")) return read_only("it does not name a database");
    if (is_reserved_database(tokens_[i].value))
      return read_only(fmt::format("database {} is not to be changed", tokens_[i].value));
    return {};
  }

  // ALTER TABLE t (ADD COLUMN …), (DELETE WHERE …): one parenthesis a command.
  Check judge_commands(std::size_t i) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 28> kCommands{{
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
    for (;;) {
      if (!is_punct(i, "(")) return not_understood("a command of ALTER");
      const bool known = std::ranges::any_of(kCommands, [&](const auto& command) {
        return is_word(i + 1, command.first) && is_word(i + 2, command.second);
      });
      if (!known && !is_word(i + 1, "UPDATE")) {
        return read_only(
            fmt::format("ALTER TABLE … {}", i + 1 < tokens_.size() ? tokens_[i + 1].source.substr(0, 40) : ""));
      }
      if (is_word(i + 2, "SETTING")) {
        std::size_t j = i + 3;
        while (is_name(j)) {
          if (!names().table_settings.has(tokens_[j].value)) return refuse_table_setting(tokens_[j].value);
          if (is_punct(j + 1, "=")) j += 2;
          if (is_punct(j, "-")) ++j;
          if (!is_punct(j + 1, ",")) break;
          j += 2;
        }
      }
      if (is_word(i + 2, "PROJECTION") || is_word(i + 2, "INDEX") || is_word(i + 2, "CONSTRAINT")) {
        std::size_t j = i + 3;
        if (is_word(j, "IF")) j += is_word(j + 1, "NOT") ? 3 : 2;
        not_calls_.insert(j);
      }
      const int depth = tokens_[i].depth;
      while (++i < tokens_.size() && !(is_punct(i, ")") && tokens_[i].depth == depth)) {
      }
      if (++i == tokens_.size()) return {};
      if (!is_punct(i, ",")) {
        return is_word(i, "SETTINGS") ? Check{} : not_understood("a command of ALTER");
      }
      ++i;
    }
  }

  std::unexpected<SqlFault> refuse_table_setting(std::string_view name) const {
    return refuse(sql_code::kReadonly, fmt::format("Cannot modify '{}' setting of a table through this port", name));
  }

  Check judge_tokens() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const Token& token = tokens_[i];
      if (token.kind == Token::Kind::kParam && lowered(token.type) == "identifier")
        return not_understood("an identifier as parameter");
      if (token.kind == Token::Kind::kWord) {
        if (auto ok = judge_clause(i); !ok) return ok;
      }
      if (is_name(i)) {
        if (auto ok = judge_name(i); !ok) return ok;
        if (is_punct(i + 1, "(")) {
          if (auto ok = judge_parenthesis(i); !ok) return ok;
        }
      }
    }
    if (insert_) {
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
    if (word == "INTO" && is_word(i + 1, "OUTFILE")) return read_only("INTO OUTFILE writes a file");
    if (word == "FROM" && is_word(i + 1, "INFILE")) return read_only("FROM INFILE reads a file");
    if (word == "PARALLEL" && is_word(i + 1, "WITH")) {
      return refuse(sql_code::kSyntaxError, "Syntax error (Multi-statements are not allowed): PARALLEL WITH");
    }
    if (word == "ON" && is_word(i + 1, "CLUSTER")) return read_only("ON CLUSTER reaches other machines");
    if (word == "APPLY") {
      const std::size_t f = is_punct(i + 1, "(") ? i + 2 : i + 1;
      indirect_ = true;
      if (is_name(f) && !is_punct(f + 1, "->")) return judge_call_of(tokens_[f].value);
      return {};
    }
    if (word == "SETTINGS" && i != show_settings_at_) {
      if (is_name(i + 1) && is_punct(i + 2, "=")) return judge_settings(i + 1);
      if (is_punct(i + 1, "(")) return not_understood("settings of a column");
    }
    if (word == "TOTALS" && i > 0 && is_word(i - 1, "WITH")) out_.totals = true;
    if (word == "FORMAT" && is_name(i + 1) && !(i > 0 && (is_punct(i - 1, ".") || is_word(i - 1, "AS")))) {
      if (format_at_ || tokens_[i].depth != 0) return not_understood("a second FORMAT");
      format_at_ = i;
      out_.format = tokens_[i + 1].value;
    }
    if (create_) {
      if ((word == "ENGINE") && is_punct(i + 1, "=")) {
        if (!is_name(i + 2) || !names().engines.has(tokens_[i + 2].value)) {
          return read_only(
              fmt::format("the engine {}", i + 2 < tokens_.size() ? tokens_[i + 2].source.substr(0, 60) : ""));
        }
      }
      if (word == "REFRESH" || word == "DICTIONARY") return read_only(word);
      if (word == "TO" && is_one_of(i + 1, {"DISK", "VOLUME"})) return read_only("TTL … TO DISK");
      if (word == "INDEX" || word == "PROJECTION" || word == "CONSTRAINT") not_calls_.insert(i + 1);
    }
    return {};
  }

  Check judge_settings(std::size_t i) {
    for (;;) {
      const std::string name = tokens_[i].value;
      std::size_t v = i + 2;
      const bool negative = is_punct(v, "-");
      if (negative) ++v;
      if (v >= tokens_.size()) return not_understood("a setting without a value");
      std::string value;
      if (tokens_[v].kind == Token::Kind::kString && !negative) {
        value = tokens_[v].value;
      } else if (tokens_[v].kind == Token::Kind::kNumber) {
        value = (negative ? "-" : "") + std::string(tokens_[v].source);
        if (value.back() == '.') value.pop_back();
      } else if (!negative && is_one_of(v, {"true", "false"})) {
        value = is_word(v, "true") ? "1" : "0";
      } else {
        return not_understood(fmt::format("the value of setting {}", name));
      }
      if (!(create_ && names().table_settings.has(name))) {
        auto use = vet_setting(name, value, access_, SqlCaps{}, false);
        if (!use) return std::unexpected(use.error());
        out_.settings.emplace_back(name, std::move(value));
      }
      i = v + 1;
      if (!is_punct(i, ",")) break;
      ++i;
      if (!is_name(i) || !is_punct(i + 1, "=")) return not_understood("a list of settings");
    }
    if (i < tokens_.size() && !is_punct(i, ")") && tokens_[i].kind != Token::Kind::kWord)
      return not_understood("a list of settings");
    return {};
  }

  // The first part of a compound name may be a database.
  Check judge_name(std::size_t i) {
    const bool first = i == 0 || !is_punct(i - 1, ".");
    const std::string& value = tokens_[i].value;
    if (first && is_punct(i + 1, ".") && is_name(i + 2)) {
      if (value == "default") {
        return refuse(sql_code::kAccessDenied,
                      "Not enough privileges: the database default of the embedded engine shows files of the disk");
      }
      if (value == "system") return judge_system_table(tokens_[i + 2].value);
    }
    if (first && database_ == "system" && !is_punct(i + 1, ".") && names().refused_system_tables.has(value)) {
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
      const bool plain = i + 2 < tokens_.size() && tokens_[i + 2].kind == Token::Kind::kString &&
                         names().output_formats.has(tokens_[i + 2].value);
      if (!plain)
        return refuse(sql_code::kUnknownFormat,
                      fmt::format("Unknown format in {}, or one that is not given here", token.value));
    }
    if (token.kind == Token::Kind::kWord && names().keywords.has(token.value)) return {};
    if (not_calls_.contains(i)) return {};
    if (judge_call(token.value) == Call::kUnknown) {
      if (is_common_table(i)) return {};
      // WITH x -> x + 1 AS f SELECT f(2)
      for (std::size_t j = 1; j < tokens_.size(); ++j) {
        if (j != i && is_name(j) && tokens_[j].value == token.value && is_word(j - 1, "AS") && !is_punct(j + 1, "(")) {
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
      if (is_one_of(i, {"JOIN", "UNION", "EXCEPT", "INTERSECT", "WITH"})) return false;
      if (is_word(i, "SELECT") && i != 0) return false;
      if (is_word(i, "IN") && !is_punct(i + 1, "(")) return false;
      if (!is_word(i, "FROM")) continue;
      if (found || !is_word(i + 1, "system") || !is_punct(i + 2, ".") || !is_word(i + 3, "settings")) return false;
      if (i + 4 < tokens_.size() && !is_one_of(i + 4, {"WHERE", "ORDER", "LIMIT", "FORMAT"})) return false;
      found = true;
    }
    return found && is_word(0, "SELECT");
  }

  // WITH t (a, b) AS (SELECT …)
  bool is_common_table(std::size_t i) const {
    if (i == 0 || !(is_one_of(i - 1, {"WITH", "RECURSIVE"}) || is_punct(i - 1, ","))) return false;
    std::size_t j = i + 1;
    const int depth = tokens_[j].depth;
    while (++j < tokens_.size() && !(is_punct(j, ")") && tokens_[j].depth == depth)) {
    }
    return is_word(j + 1, "AS") && is_punct(j + 2, "(");
  }

  // arrayMap(file, …) and APPLY file call a function that is named without a parenthesis. A column may have that name too, so
  // this is looked at only where a statement can call in that way.
  Check judge_bare_names() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (!is_name(i) || is_punct(i + 1, "(") || is_punct(i + 1, ".") || (i > 0 && is_punct(i - 1, "."))) continue;
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

  std::string_view text_;
  std::vector<Token> tokens_;
  SqlAccess access_;
  std::string_view database_;
  VettedStatement out_;
  std::unordered_set<std::size_t> not_calls_;
  std::optional<std::size_t> format_at_;
  std::size_t show_settings_at_ = static_cast<std::size_t>(-1);
  bool indirect_ = false;
  bool insert_ = false;
  bool create_ = false;
};

std::optional<std::uint64_t> as_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A loose reader of a text as it came in, for finding where rows begin. Knows comments, heredocs and all quotes.
class RawLexer {
 public:
  explicit RawLexer(std::string_view text) : text_(text) {}

  struct Item {
    enum class Kind { kWord, kQuoted, kString, kOther, kEnd } kind = Kind::kEnd;
    std::string_view source;
    std::size_t end = 0;
  };

  Item next() {
    skip();
    const std::size_t begin = at_;
    if (at_ >= text_.size()) return {};
    const char c = text_[at_];
    Item::Kind kind = Item::Kind::kOther;
    if (is_word_start(c)) {
      while (at_ < text_.size() && is_word_char(text_[at_])) ++at_;
      kind = Item::Kind::kWord;
    } else if (is_digit(c)) {
      while (at_ < text_.size() && (is_word_char(text_[at_]) || text_[at_] == '.')) ++at_;
    } else if (c == '\'' || c == '`' || c == '"') {
      std::string value;
      if (!read_quoted(text_, at_, value)) {
        broken_ = true;
        at_ = text_.size();
      }
      kind = c == '\'' ? Item::Kind::kString : Item::Kind::kQuoted;
    } else if (c == '$') {
      const std::size_t close = text_.find('$', at_ + 1);
      const std::string_view tag = close == std::string_view::npos ? "" : text_.substr(at_, close - at_ + 1);
      const std::size_t last = tag.empty() || !std::ranges::all_of(tag.substr(1, tag.size() - 2), is_word_char)
                                   ? std::string_view::npos
                                   : text_.find(tag, close + 1);
      if (last == std::string_view::npos) {
        ++at_;
        broken_ = true;
      } else {
        at_ = last + tag.size();
        kind = Item::Kind::kString;
      }
    } else {
      ++at_;
    }
    return {kind, text_.substr(begin, at_ - begin), at_};
  }

  bool broken() const { return broken_; }
  bool saw_comment() const { return saw_comment_; }

 private:
  void skip() {
    for (;;) {
      if (at_ >= text_.size()) return;
      const std::string_view rest = text_.substr(at_);
      if (is_blank(rest[0])) {
        ++at_;
      } else if (rest.starts_with("--") || rest.starts_with("#!") || rest.starts_with("# ")) {
        saw_comment_ = true;
        const std::size_t line = rest.find('\n');
        at_ = line == std::string_view::npos ? text_.size() : at_ + line + 1;
      } else if (rest.starts_with("/*")) {
        saw_comment_ = true;
        std::size_t i = 2;
        for (int depth = 1; depth > 0 && i < rest.size();) {  // they nest
          const std::string_view two = rest.substr(i, 2);
          if (two == "/*") ++depth;
          if (two == "*/") --depth;
          i += two == "/*" || two == "*/" ? 2 : 1;
        }
        at_ += i;
      } else {
        return;
      }
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool broken_ = false;
  bool saw_comment_ = false;
};

}  // namespace

std::string_view sql_code_name(int code) {
  switch (code) {
    case sql_code::kBadArguments: return "BAD_ARGUMENTS";
    case sql_code::kUnknownFunction: return "UNKNOWN_FUNCTION";
    case sql_code::kUnknownTable: return "UNKNOWN_TABLE";
    case sql_code::kSyntaxError: return "SYNTAX_ERROR";
    case sql_code::kUnknownFormat: return "UNKNOWN_FORMAT";
    case sql_code::kUnknownDatabase: return "UNKNOWN_DATABASE";
    case sql_code::kUnknownSetting: return "UNKNOWN_SETTING";
    case sql_code::kReadonly: return "READONLY";
    case sql_code::kTooManyQueries: return "TOO_MANY_SIMULTANEOUS_QUERIES";
    case sql_code::kCancelled: return "QUERY_WAS_CANCELLED";
    case sql_code::kUnknownParameter: return "UNKNOWN_QUERY_PARAMETER";
    case sql_code::kBadParameter: return "BAD_QUERY_PARAMETER";
    case sql_code::kAccessDenied: return "ACCESS_DENIED";
    default: return "";
  }
}

SqlFault make_sql_fault(int code, std::string_view message) {
  return {code, fmt::format("Code: {}. DB::Exception: {}. ({})", code, message, sql_code_name(code))};
}

std::expected<VettedStatement, SqlFault> vet_statement(std::string_view normal, SqlAccess access,
                                                       std::string_view database) {
  auto tokens = lex(normal);
  if (!tokens) return std::unexpected(tokens.error());
  return Vetter(normal, *std::move(tokens), access, database).run();
}

std::expected<SettingUse, SqlFault> vet_setting(std::string_view name, std::string& value, SqlAccess access,
                                                const SqlCaps& caps, bool clamp) {
  const Names& n = names();
  const auto no = [&](std::string_view why) {
    return refuse(sql_code::kReadonly, fmt::format("Cannot modify '{}' setting in readonly mode{}", name, why));
  };
  if (n.ignored_settings.has(name)) return SettingUse::kIgnore;
  const bool writer = access == SqlAccess::kWrite && n.write_settings.has(name);
  if (n.refused_settings.has(name) || !(n.settings.has(name) || writer)) {
    return no(": this port takes settings that shape or limit an answer, from a list");
  }
  if (name == "readonly") {
    // The port decides what may be written; a wish to read only changes nothing.
    const auto wish = as_number(value);
    if (!wish || (*wish == 0 && access == SqlAccess::kRead)) return no("");
    return SettingUse::kIgnore;
  }
  if (name == "allow_experimental_analyzer" || name == "enable_analyzer") {
    if (value != "1" && value != "true") return no(": statements are judged as the analyzer reads them");
    return SettingUse::kIgnore;
  }
  const auto cap = [&](std::uint64_t most, bool zero_is_endless) -> std::expected<SettingUse, SqlFault> {
    auto wish = as_number(value);
    if (!wish) {
      // A fraction of a second, or words: let the engine say what is wrong with it, within the cap.
      double number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc{} || end != value.data() + value.size() || number < 0) {
        return refuse(sql_code::kBadArguments,
                      fmt::format("Setting {} has the value '{}', which is no count", name, value));
      }
      if (number > 0 && number <= static_cast<double>(most)) return SettingUse::kApply;
      wish = most + 1;
    }
    if (*wish > most || (*wish == 0 && zero_is_endless)) {
      if (!clamp) return no(fmt::format(": the most that this port allows is {}", most));
      value = std::to_string(most);
    }
    return SettingUse::kApply;
  };
  if (name == "max_execution_time") return cap(caps.seconds, true);
  if (name == "max_memory_usage") return cap(caps.memory_bytes, true);
  if (name == "max_threads" || name == "max_insert_threads" || name == "max_final_threads")
    return cap(caps.threads, true);
  if (name == "session_timezone") {
    const bool plain =
        std::ranges::all_of(value, [](char c) { return is_word_char(c) || c == '/' || c == '+' || c == '-'; });
    if (!plain || value.starts_with('/')) {
      return refuse(sql_code::kBadArguments, fmt::format("Invalid time zone: {}", value));
    }
  }
  return SettingUse::kApply;
}

bool is_output_format(std::string_view name) { return names().output_formats.has(name); }

std::optional<InsertParts> split_insert(std::string_view text) {
  using Kind = RawLexer::Item::Kind;
  RawLexer lexer(text);
  if (!equal_ignoring_case(lexer.next().source, "INSERT") || !equal_ignoring_case(lexer.next().source, "INTO"))
    return std::nullopt;
  auto item = lexer.next();
  if (equal_ignoring_case(item.source, "TABLE")) item = lexer.next();
  if (item.kind != Kind::kWord && item.kind != Kind::kQuoted) return std::nullopt;
  item = lexer.next();
  while (item.source == ".") {
    lexer.next();
    item = lexer.next();
  }
  for (int depth = 0; item.kind != Kind::kEnd && !lexer.broken(); item = lexer.next()) {
    if (item.source == "(") ++depth;
    if (item.source == ")") --depth;
    if (depth != 0 || item.kind != Kind::kWord) continue;
    if (equal_ignoring_case(item.source, "SELECT") || takes_format(item.source) ||
        equal_ignoring_case(item.source, "WITH"))
      return std::nullopt;
    std::size_t end = item.end;
    if (equal_ignoring_case(item.source, "VALUES")) return InsertParts{text.substr(0, end), text.substr(end)};
    if (equal_ignoring_case(item.source, "FORMAT")) {
      const auto name = lexer.next();
      if (name.kind != Kind::kWord) return std::nullopt;
      if (equal_ignoring_case(name.source, "VALUES"))
        return InsertParts{text.substr(0, name.end), text.substr(name.end)};
      end = name.end;
      // Blanks up to the end of the line, and the line's end, belong to the statement, not to the rows.
      std::size_t at = end;
      while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\f')) ++at;
      if (at < text.size() && text[at] == ';') ++at;
      if (at < text.size() && text[at] == '\r') ++at;
      if (at < text.size() && text[at] == '\n') ++at;
      return InsertParts{text.substr(0, end), text.substr(at)};
    }
  }
  return std::nullopt;
}

bool are_plain_values(std::string_view rows) {
  using Kind = RawLexer::Item::Kind;
  RawLexer lexer(rows);
  for (auto item = lexer.next(), previous = item; item.kind != Kind::kEnd; previous = item, item = lexer.next()) {
    if (lexer.broken() || lexer.saw_comment()) return false;
    if (item.source == "{" || item.source == "->") return false;
    if (item.kind == Kind::kQuoted) return false;
    if (item.kind != Kind::kWord) continue;
    // A bare word is true, NULL, a keyword of an expression, or the name of a call; SELECT would be a subquery.
    if (equal_ignoring_case(item.source, "SELECT") || takes_format(item.source) ||
        names().refused_functions.resembles(item.source) || names().refused_table_functions.resembles(item.source)) {
      return false;
    }
  }
  return !lexer.broken() && !lexer.saw_comment();
}

std::expected<std::string, SqlFault> put_identifiers(std::string_view normal, const SqlPairs& params) {
  auto tokens = lex(normal);
  if (!tokens) return std::unexpected(tokens.error());
  std::string out;
  std::size_t from = 0;
  for (const Token& token : *tokens) {
    if (token.kind != Token::Kind::kParam || lowered(token.type) != "identifier") continue;
    const auto found =
        std::ranges::find(params.rbegin(), params.rend(), token.value, &std::pair<std::string, std::string>::first);
    if (found == params.rend())
      return refuse(sql_code::kUnknownParameter, fmt::format("Substitution `{}` is not set", token.value));
    const std::string& value = found->second;
    out += normal.substr(from, token.at - from);
    from = token.at + token.source.size();
    const bool compound = !value.empty() && !value.starts_with('.') && !value.ends_with('.') &&
                          value.find("..") == std::string::npos &&
                          std::ranges::all_of(value, [](char c) { return is_word_char(c) || c == '.'; });
    out += '`';
    for (const char c : value) {
      if (c == '`' || c == '\\') out += '\\';
      if (c == '.' && compound) {
        out += "`.`";
      } else {
        out += c;
      }
    }
    out += '`';
  }
  out += normal.substr(from);
  return out;
}

}  // namespace weir

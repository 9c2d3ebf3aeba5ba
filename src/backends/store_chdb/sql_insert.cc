#include "backends/store_chdb/sql_insert.h"

#include <algorithm>
#include <string>

#include "backends/store_chdb/sql_lists.h"
#include "backends/store_chdb/sql_text.h"

namespace weir {
namespace {

using sql::equal_ignoring_case;
using sql::is_blank;
using sql::is_digit;
using sql::is_word_char;
using sql::is_word_start;
using sql::names;
using sql::read_quoted;
using sql::takes_format;

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

}  // namespace weir

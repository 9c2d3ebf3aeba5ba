#include "backends/store_chdb/sql_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "backends/store_chdb/sql_fault.h"
#include "backends/store_chdb/sql_text.h"

namespace weir::sql {

std::expected<Tokens, SqlFault> Tokens::of(std::string_view text) {
  Tokens out;
  std::vector<Token>& tokens = out.tokens_;
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
      return not_understood(fmt::format("the byte 0x{:02x}", static_cast<unsigned char>(c)));
    }
  }
  if (!open.empty()) return not_understood("a parenthesis");
  return out;
}

bool Tokens::is_word(std::size_t i, std::string_view word) const {
  return is(i, Token::Kind::kWord) && tokens_[i].value == word;
}

bool Tokens::is_one_of(std::size_t i, std::initializer_list<std::string_view> words) const {
  return std::ranges::any_of(words, [&](std::string_view w) { return is_word(i, w); });
}

bool Tokens::is_punct(std::size_t i, std::string_view punct) const {
  return is(i, Token::Kind::kPunct) && tokens_[i].source == punct;
}

std::size_t Tokens::skip_name(std::size_t i) const {
  if (!is_name(i)) return i;
  while (is_punct(i + 1, ".") && is_name(i + 2)) i += 2;
  return i + 1;
}

std::size_t Tokens::closing(std::size_t i) const {
  const int depth = tokens_[i].depth;
  while (++i < size() && !(is_punct(i, ")") && tokens_[i].depth == depth)) {
  }
  return i;
}

std::string_view Tokens::shown(std::size_t i, std::size_t most) const {
  return i < size() ? tokens_[i].source.substr(0, most) : std::string_view();
}

}  // namespace weir::sql

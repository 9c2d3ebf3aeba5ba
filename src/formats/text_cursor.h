// Reading a text from its front, never past its end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace weir {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_alnum(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// What is left of a text. A failed take leaves it as it was.
struct TextCursor {
  std::string_view rest;

  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool take(std::string_view text) {
    if (!rest.starts_with(text)) return false;
    rest.remove_prefix(text.size());
    return true;
  }
  /// Between `least` and `most` digits, at most 9; as many as there are. False when there are fewer.
  bool take_number(std::size_t least, std::size_t most, int& value) {
    std::size_t n = 0;
    int sum = 0;
    while (n < most && n < rest.size() && is_digit(rest[n])) sum = sum * 10 + (rest[n++] - '0');
    if (n < least) return false;
    rest.remove_prefix(n);
    value = sum;
    return true;
  }
  /// What stands before `end`, which is taken too. False when there is none.
  bool take_until(char end, std::string_view& text) {
    const std::size_t at = rest.find(end);
    if (at == std::string_view::npos) return false;
    text = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    return true;
  }
  bool take_until(std::string_view end, std::string_view& text) {
    const std::size_t at = rest.find(end);
    if (at == std::string_view::npos) return false;
    text = rest.substr(0, at);
    rest.remove_prefix(at + end.size());
    return true;
  }
};

}  // namespace weir

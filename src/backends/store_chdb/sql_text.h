// Characters, words and quotes of SQL, as the engine reads them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir::sql {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_word_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr bool is_word_char(char c) { return is_word_start(c) || is_digit(c); }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'; }
constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Reads a quoted string or name that begins at `at`, and adds what it says to `value`; `at` is behind it afterwards. False
/// when it does not end. REQUIRES: `at` is the place of a quote.
bool read_quoted(std::string_view text, std::size_t& at, std::string& value);

}  // namespace weir::sql

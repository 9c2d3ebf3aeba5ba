#include "backends/store_chdb/sql_text.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace weir::sql {

std::string lowered(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

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

}  // namespace weir::sql

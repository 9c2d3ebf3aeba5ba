#include "base/json_text.h"

#include <cstdint>

namespace weir {
namespace {

/// Length of the well-formed UTF-8 sequence at the start of `s` (RFC 3629, table 3-7 of Unicode), 0 when there is none.
std::size_t sequence_length(std::string_view s) {
  auto at = [&](std::size_t i) { return i < s.size() ? static_cast<std::uint8_t>(s[i]) : std::uint8_t{0}; };
  auto tail = [&](std::size_t i) { return (at(i) & 0xC0U) == 0x80U; };
  const std::uint8_t b = at(0);
  if (b < 0x80) return 1;
  if (b >= 0xC2 && b <= 0xDF) return tail(1) ? 2 : 0;
  if (b >= 0xE0 && b <= 0xEF) {
    const bool first = b == 0xE0   ? at(1) >= 0xA0 && at(1) <= 0xBF
                       : b == 0xED ? at(1) >= 0x80 && at(1) <= 0x9F
                                   : tail(1);
    return first && tail(2) ? 3 : 0;
  }
  if (b >= 0xF0 && b <= 0xF4) {
    const bool first = b == 0xF0   ? at(1) >= 0x90 && at(1) <= 0xBF
                       : b == 0xF4 ? at(1) >= 0x80 && at(1) <= 0x8F
                                   : tail(1);
    return first && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t n = sequence_length(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\') {
      ++i;
      continue;
    }
    if (byte >= 0x80) {
      if (const std::size_t n = sequence_length(text.substr(i))) {
        i += n;
        continue;
      }
    }
    out.append(text.substr(done, i - done));
    switch (byte) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        if (byte < 0x20) {
          out += "\\u00";
          out.push_back(kHex[byte >> 4]);
          out.push_back(kHex[byte & 15]);
        } else {
          out += "\xEF\xBF\xBD";
        }
    }
    done = ++i;
  }
  out.append(text.substr(done));
  out.push_back('"');
}

}  // namespace weir

#include "formats/cloud_event_time.h"

namespace weir {
namespace {

constexpr std::size_t kEnd = std::string_view::npos;

/// Behind the string that begins at `at`; kEnd when it does not end.
std::size_t skip_string(std::string_view s, std::size_t at) {
  for (std::size_t i = at + 1; (i = s.find_first_of("\"\\", i)) != kEnd;) {
    if (s[i] == '"') return i + 1;
    i += 2;
  }
  return kEnd;
}

std::size_t skip_blanks(std::string_view s, std::size_t at) {
  const std::size_t i = s.find_first_not_of(" \t\r\n", at);
  return i == kEnd ? s.size() : i;
}

/// Behind the value that begins at `at`, whatever it is.
std::size_t skip_value(std::string_view s, std::size_t at) {
  std::size_t depth = 0;
  for (std::size_t i = at; i < s.size();) {
    switch (s[i]) {
      case '"':
        i = skip_string(s, i);
        if (i == kEnd) return kEnd;
        continue;
      case '{':
      case '[': ++depth; break;
      case '}':
      case ']':
        if (depth == 0) return i;  // the end of the object around
        --depth;
        break;
      case ',':
        if (depth == 0) return i;
        break;
      default: break;
    }
    ++i;
  }
  return kEnd;
}

}  // namespace

void find_time_values(std::string_view s, std::vector<Span>& out) {
  std::size_t i = skip_blanks(s, 0);
  if (i >= s.size() || s[i] != '{') return;
  do {
    i = skip_blanks(s, i + 1);
    if (i >= s.size() || s[i] != '"') return;
    const std::size_t key_end = skip_string(s, i);
    if (key_end == kEnd) return;
    const bool is_time = s.substr(i, key_end - i) == "\"time\"";
    i = skip_blanks(s, key_end);
    if (i >= s.size() || s[i] != ':') return;
    i = skip_blanks(s, i + 1);
    const std::size_t value = i;
    i = skip_value(s, i);
    if (i == kEnd) return;
    if (is_time && value < s.size() && s[value] == '"') out.push_back({value, skip_string(s, value) - value});
  } while (s[i] == ',');
}

}  // namespace weir

#include "event/text_scan.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>

namespace weir {
namespace {

/// The four hex digits at `at`.
std::optional<unsigned> hex4(std::string_view s, std::size_t at) {
  if (at + 4 > s.size()) return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(s.data() + at, s.data() + at + 4, value, 16);
  if (error != std::errc() || end != s.data() + at + 4) return std::nullopt;
  return value;
}

bool number_char(char c) { return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'; }

/// -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? of RFC 8259.
bool is_json_number(std::string_view t) {
  std::size_t i = 0;
  auto digits = [&] {
    const std::size_t from = i;
    while (i < t.size() && t[i] >= '0' && t[i] <= '9') ++i;
    return i > from;
  };
  if (i < t.size() && t[i] == '-') ++i;
  if (i < t.size() && t[i] == '0')
    ++i;
  else if (!digits())
    return false;
  if (i < t.size() && t[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < t.size() && (t[i] == 'e' || t[i] == 'E')) {
    ++i;
    if (i < t.size() && (t[i] == '+' || t[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == t.size();
}

/// Whether a JSON number, sign aside, is 1 or more; by its digits, as it may be too large or too small for a double.
bool is_one_or_more(std::string_view token) {
  const std::size_t e = std::min(token.find_first_of("eE"), token.size());
  std::int64_t power = 0;  // the first digit that is not 0 stands for that power of ten, and one less
  bool found = false, fraction = false;
  for (const char c : token.substr(0, e)) {
    if (c == '.') fraction = true;
    if (c < '0' || c > '9') continue;
    found = found || c != '0';
    if (found && !fraction) ++power;
    if (!found && fraction) --power;
  }
  std::string_view exponent = token.substr(std::min(e + 1, token.size()));
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  std::int64_t shift = 0;
  if (std::from_chars(exponent.data(), exponent.data() + exponent.size(), shift).ec == std::errc::result_out_of_range)
    return found && !exponent.starts_with('-');
  constexpr std::int64_t kFar = 1'000'000'000;  // no token is that long
  return found && power - 1 + std::clamp(shift, -kFar, kFar) >= 0;
}

bool machine_holds(std::string_view token) {
  const bool fraction = token.find_first_of(".eE") != std::string_view::npos;
  if (!fraction) {
    std::int64_t s = 0;
    std::uint64_t u = 0;
    return std::from_chars(token.data(), token.data() + token.size(), s).ec == std::errc() ||
           std::from_chars(token.data(), token.data() + token.size(), u).ec == std::errc();
  }
  // One that is too small is held as 0.
  double d = 0;
  return std::from_chars(token.data(), token.data() + token.size(), d).ec == std::errc() || !is_one_or_more(token);
}

}  // namespace

bool has_lone_surrogate(std::string_view json) {
  // Nearly no event has a backslash, so this one look is all that most of them cost.
  const std::size_t first = json.find('\\');
  if (first == std::string_view::npos) return false;
  json.remove_prefix(first);
  for (std::size_t i = 0; i + 1 < json.size();) {
    if (json[i] != '\\') {
      ++i;
      continue;
    }
    if (json[i + 1] != 'u') {
      i += 2;
      continue;
    }
    const auto unit = hex4(json, i + 2);
    if (!unit) return true;
    i += 6;
    if (*unit < 0xD800 || *unit > 0xDFFF) continue;
    if (*unit >= 0xDC00 || json.substr(i, 2) != "\\u") return true;
    const auto low = hex4(json, i + 2);
    if (!low || *low < 0xDC00 || *low > 0xDFFF) return true;
    i += 6;
  }
  return false;
}

bool replace_huge_numbers(std::string_view json, std::string& out) {
  out.clear();
  bool replaced = false, in_string = false;
  for (std::size_t i = 0; i < json.size();) {
    const char c = json[i];
    if (in_string) {
      const std::size_t n = c == '\\' && i + 1 < json.size() ? 2 : 1;
      in_string = c != '"';
      out.append(json.substr(i, n));
      i += n;
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      std::size_t end = i + 1;
      while (end < json.size() && number_char(json[end])) ++end;
      const std::string_view token = json.substr(i, end - i);
      if (is_json_number(token) && !machine_holds(token)) {
        out += "-1";
        replaced = true;
      } else {
        out.append(token);
      }
      i = end;
    } else {
      in_string = c == '"';
      out.push_back(c);
      ++i;
    }
  }
  return replaced;
}

}  // namespace weir

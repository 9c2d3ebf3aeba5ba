#include <arpa/inet.h>

#include <cstring>

#include "event/decoder.h"

namespace weir {
namespace {

/// True for four decimal numbers 0–255 without leading zeros: canonical as it stands.
bool is_ipv4(std::string_view s) {
  int parts = 0;
  std::size_t i = 0;
  while (true) {
    int value = 0;
    const std::size_t from = i;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9' && i - from < 3) value = value * 10 + (s[i++] - '0');
    if (i == from || value > 255 || (i - from > 1 && s[from] == '0')) return false;
    if (++parts == 4) return i == s.size();
    if (i >= s.size() || s[i++] != '.') return false;
  }
}

std::size_t put_hex(char* out, unsigned value) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::size_t n = 0;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const unsigned digit = value >> shift & 15U;
    if (digit != 0 || n != 0 || shift == 0) out[n++] = kHex[digit];
  }
  return n;
}

/// RFC 5952, section 4: lower case, no leading zeros, the longest run of two or more zero groups (the first of equals) as "::".
std::size_t put_ipv6(char* out, const std::array<unsigned char, 16>& bytes) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < 8; ++i) groups[i] = static_cast<unsigned>(bytes[2 * i]) << 8 | bytes[2 * i + 1];
  std::size_t best = 8, best_length = 1;
  for (std::size_t i = 0; i < 8;) {
    std::size_t end = i;
    while (end < 8 && groups[end] == 0) ++end;
    if (end - i > best_length) {
      best = i;
      best_length = end - i;
    }
    i = end == i ? i + 1 : end;
  }
  std::size_t n = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == best) {
      out[n++] = ':';
      out[n++] = ':';
      i += best_length - 1;
      continue;
    }
    if (n != 0 && out[n - 1] != ':') out[n++] = ':';
    n += put_hex(out + n, groups[i]);
  }
  return n;
}

}  // namespace

std::optional<std::string_view> canonical_ip(std::string_view text, std::array<char, 48>& buffer) {
  if (is_ipv4(text)) return text;
  if (text.size() >= 46 || text.find(':') == std::string_view::npos || text.find('\0') != std::string_view::npos)
    return std::nullopt;
  std::array<char, 48> zero_ended{};
  std::memcpy(zero_ended.data(), text.data(), text.size());
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, zero_ended.data(), bytes.data()) != 1) return std::nullopt;
  std::size_t n = 0;
  static constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::memcmp(bytes.data(), kMapped.data(), kMapped.size()) == 0) {
    for (std::size_t i = 12; i < 16; ++i) {
      if (i != 12) buffer[n++] = '.';
      const unsigned v = bytes[i];
      if (v >= 100) buffer[n++] = static_cast<char>('0' + v / 100);
      if (v >= 10) buffer[n++] = static_cast<char>('0' + v / 10 % 10);
      buffer[n++] = static_cast<char>('0' + v % 10);
    }
  } else {
    n = put_ipv6(buffer.data(), bytes);
  }
  return std::string_view(buffer.data(), n);
}

}  // namespace weir

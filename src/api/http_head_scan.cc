#include "api/http_head_scan.h"

#include <array>

namespace weir::http {
namespace {

/// What a header's name consists of (RFC 9110, 5.6.2).
constexpr std::array<bool, 256> kNameBytes = [] {
  std::array<bool, 256> all{};
  for (unsigned c = '0'; c <= '9'; ++c) all[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) all[c] = all[c - 'a' + 'A'] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) all[static_cast<unsigned char>(c)] = true;
  return all;
}();

}  // namespace

HeadScan::Found HeadScan::look(std::string_view bytes) {
  for (; at_ < bytes.size(); ++at_) {
    if (at_ >= most_bytes_) return Found::kTooManyBytes;
    const char c = bytes[at_];
    if (after_return_) {
      if (c != '\n') return faulty("a carriage return without a line feed");
      after_return_ = false;
      const bool empty = at_ == line_begin_ + 1;
      if (empty && line_ > 1) return Found::kEnd;
      if (line_ > 1 && !colon_) return faulty("a header without a colon");
      if (line_ > 1 && line_ - 1 > most_headers_) return Found::kTooManyHeaders;
      ++line_;
      line_begin_ = at_ + 1;
      colon_ = false;
      continue;
    }
    if (c == '\r') {
      after_return_ = true;
      continue;
    }
    if (c == '\n') return faulty("a line feed without a carriage return");
    if (c == '\0') return faulty("a zero byte");
    if (line_ == 1 || colon_) continue;
    if (c == ':') {
      if (at_ == line_begin_) return faulty("a header without a name");
      colon_ = true;
    } else if (c == ' ' || c == '\t') {
      return faulty(at_ == line_begin_ ? "a line that continues the one before"
                                       : "a blank before the colon of a header");
    } else if (!kNameBytes[static_cast<unsigned char>(c)]) {
      return faulty("a byte in the name of a header that none may have");
    }
  }
  return Found::kMore;
}

}  // namespace weir::http

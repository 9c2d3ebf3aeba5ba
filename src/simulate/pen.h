// Writes text into memory that is known to be large enough.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace weir::simulate {

/// The caller sees to it that there is room. No end mark is written.
class Pen {
 public:
  explicit Pen(char* at) : at_(at) {}
  char* at() const { return at_; }

  template <std::size_t N>
  Pen& put(const char (&text)[N]) {
    std::memcpy(at_, text, N - 1);
    at_ += N - 1;
    return *this;
  }
  Pen& put(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  Pen& put(char c) {
    *at_++ = c;
    return *this;
  }
  Pen& dec(std::uint64_t n) {
    char digits[20];
    char* from = digits + sizeof digits;
    do {
      *--from = static_cast<char>('0' + n % 10);
      n /= 10;
    } while (n != 0);
    return put(std::string_view(from, static_cast<std::size_t>(digits + sizeof digits - from)));
  }
  /// Exactly `width` digits, the lowest of `n`.
  Pen& dec_padded(std::uint64_t n, int width) {
    for (int i = width - 1; i >= 0; --i) {
      at_[i] = static_cast<char>('0' + n % 10);
      n /= 10;
    }
    at_ += width;
    return *this;
  }
  Pen& hex_padded(std::uint64_t n, int width) {
    for (int i = width - 1; i >= 0; --i) {
      at_[i] = "0123456789abcdef"[n & 15];
      n >>= 4;
    }
    at_ += width;
    return *this;
  }
  /// Without leading zeros.
  Pen& hex(std::uint64_t n) {
    int width = 1;
    for (std::uint64_t rest = n >> 4; rest != 0; rest >>= 4) ++width;
    return hex_padded(n, width);
  }

 private:
  char* at_;
};

}  // namespace weir::simulate

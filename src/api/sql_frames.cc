#include "api/sql_frames.h"

#include <fmt/format.h>
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace weir {
namespace {

constexpr std::uint64_t k0 = 0xc3a5c85c97cb3127, k1 = 0xb492b66fbe98f273, k2 = 0x9ae16a3b2f90404f,
                        k3 = 0xc949d7c7509e6557;

template <class T>
T load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}
std::uint64_t load64(const char* at) { return load<std::uint64_t>(at); }
std::uint64_t turn(std::uint64_t value, int by) { return std::rotr(value, by); }
std::uint64_t mix(std::uint64_t value) { return value ^ (value >> 47); }

std::uint64_t fold(std::uint64_t low, std::uint64_t high) {
  constexpr std::uint64_t kMultiplier = 0x9ddfea08eb382d69;
  const std::uint64_t a = mix((low ^ high) * kMultiplier);
  return mix((high ^ a) * kMultiplier) * kMultiplier;
}

std::uint64_t hash_short(std::string_view s) {
  const std::size_t n = s.size();
  const char* bytes = s.data();
  if (n > 8) {
    const std::uint64_t last = load64(bytes + n - 8);
    return fold(load64(bytes), turn(last + n, static_cast<int>(n))) ^ last;
  }
  if (n >= 4) {
    return fold(n + (static_cast<std::uint64_t>(load<std::uint32_t>(bytes)) << 3), load<std::uint32_t>(bytes + n - 4));
  }
  if (n > 0) {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint64_t>(static_cast<unsigned char>(s[i])); };
    return mix(((byte(0) + (byte(n / 2) << 8)) * k2) ^ ((n + (byte(n - 1) << 2)) * k3)) * k2;
  }
  return k2;
}

using Pair = std::pair<std::uint64_t, std::uint64_t>;

Pair weak(const char* s, std::uint64_t a, std::uint64_t b) {
  a += load64(s);
  b = turn(b + a + load64(s + 24), 21);
  const std::uint64_t c = a;
  a += load64(s + 8) + load64(s + 16);
  b += turn(a, 44);
  return {a + load64(s + 24), b + c};
}

std::array<std::uint64_t, 2> hash_medium(std::string_view s, std::uint64_t a, std::uint64_t b) {
  const std::size_t n = s.size();
  const char* bytes = s.data();
  std::uint64_t c = 0, d = 0;
  if (n <= 16) {
    a = mix(a * k1) * k1;
    c = b * k1 + hash_short(s);
    d = mix(a + (n >= 8 ? load64(bytes) : c));
  } else {
    c = fold(load64(bytes + n - 8) + k1, a);
    d = fold(b + n, c + load64(bytes + n - 16));
    a += d;
    for (std::size_t at = 0; at + 16 < n; at += 16) {
      a = (a ^ (mix(load64(bytes + at) * k1) * k1)) * k1;
      b ^= a;
      c = (c ^ (mix(load64(bytes + at + 8) * k1) * k1)) * k1;
      d ^= c;
    }
  }
  a = fold(a, c);
  b = fold(d, b);
  return {a ^ b, fold(b, a)};
}

std::array<std::uint64_t, 2> hash_seeded(std::string_view text, std::uint64_t x, std::uint64_t y) {
  if (text.size() < 128) return hash_medium(text, x, y);
  const char* s = text.data();
  std::size_t n = text.size();
  std::uint64_t z = n * k1;
  Pair v, w;
  v.first = turn(y ^ k1, 49) * k1 + load64(s);
  v.second = turn(v.first, 42) * k1 + load64(s + 8);
  w.first = turn(y + z, 35) * k1 + x;
  w.second = turn(x + load64(s + 88), 53) * k1;
  for (; n >= 128; n -= 128) {
    for (int half = 0; half < 2; ++half) {
      x = turn(x + y + v.first + load64(s + 16), 37) * k1;
      y = turn(y + v.second + load64(s + 48), 42) * k1;
      x ^= w.second;
      y ^= v.first;
      z = turn(z ^ w.first, 33);
      v = weak(s, v.second * k1, x + w.first);
      w = weak(s + 32, z + w.second, y);
      std::swap(z, x);
      s += 64;
    }
  }
  y += turn(w.first, 37) * k0 + z;
  x += turn(v.first + z, 49) * k0;
  // The last pieces reach back into what has been read.
  for (std::size_t done = 0; done < n;) {
    done += 32;
    y = turn(y - x, 42) * k0 + v.second;
    w.first += load64(s + n - done + 16);
    x = turn(x, 49) * k0 + w.first;
    w.first += v.first;
    v = weak(s + n - done, v.first, v.second);
  }
  x = fold(x, v.first);
  y = fold(y, w.first);
  return {fold(x + v.second, w.second) + y, fold(x + w.second, y + v.second)};
}

constexpr std::size_t kChecksum = 16, kHead = 9, kFrame = 1 << 20;
constexpr unsigned char kLz4 = 0x82, kZstd = 0x90, kPlain = 0x02;

template <class T>
void append_number(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

}  // namespace

std::array<std::uint64_t, 2> city_hash128(std::string_view s) {
  const char* bytes = s.data();
  if (s.size() >= 16) return hash_seeded(s.substr(16), load64(bytes) ^ k3, load64(bytes + 8));
  if (s.size() >= 8) return hash_seeded({}, load64(bytes) ^ (s.size() * k0), load64(bytes + s.size() - 8) ^ k1);
  return hash_seeded(s, k0, k1);
}

void append_frames(std::string& out, std::string_view bytes) {
  static_assert(std::endian::native == std::endian::little, "numbers of a frame are written as they lie in memory");
  std::string frame;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, kFrame);
    bytes.remove_prefix(piece.size());
    const int most = LZ4_compressBound(static_cast<int>(piece.size()));
    frame.assign(kHead + static_cast<std::size_t>(most), '\0');
    const int packed = LZ4_compress_default(piece.data(), frame.data() + kHead, static_cast<int>(piece.size()), most);
    frame.resize(kHead + static_cast<std::size_t>(packed));
    std::string head(1, static_cast<char>(kLz4));
    append_number(head, static_cast<std::uint32_t>(frame.size()));
    append_number(head, static_cast<std::uint32_t>(piece.size()));
    frame.replace(0, kHead, head);
    for (const std::uint64_t half : city_hash128(frame)) append_number(out, half);
    out += frame;
  }
}

Status unpack_frames(std::string_view frames, std::size_t limit, HttpBody& out) {
  const auto damaged = [](std::string_view what) {
    return fail(Code::kInvalid, fmt::format("a compressed frame is damaged: {}", what));
  };
  while (!frames.empty()) {
    if (frames.size() < kChecksum + kHead) return damaged("it ends early");
    const char* head = frames.data();
    const auto method = static_cast<unsigned char>(frames[kChecksum]);
    const std::size_t packed = load<std::uint32_t>(head + kChecksum + 1);
    const std::size_t size = load<std::uint32_t>(head + kChecksum + 5);
    if (packed < kHead || packed > frames.size() - kChecksum) return damaged("its length is wrong");
    if (size > limit - out.size()) return fail(Code::kDenied, fmt::format("more than {} bytes once unpacked", limit));
    const std::string_view frame = frames.substr(kChecksum, packed);
    const auto checksum = city_hash128(frame);
    if (std::memcmp(checksum.data(), frames.data(), kChecksum) != 0) return damaged("its checksum is wrong");
    const std::string_view data = frame.substr(kHead);
    if (!out.reserve_more(size)) {
      return fail(Code::kOverloaded, "too many bodies are being worked on at the moment; try again shortly");
    }
    std::size_t got = 0;
    if (method == kPlain) {
      got = std::min(size, data.size());
      std::memcpy(out.spare(), data.data(), got);
    } else if (method == kLz4) {
      const int n =
          LZ4_decompress_safe(data.data(), out.spare(), static_cast<int>(data.size()), static_cast<int>(size));
      got = n < 0 ? SIZE_MAX : static_cast<std::size_t>(n);
    } else if (method == kZstd) {
      const std::size_t n = ZSTD_decompress(out.spare(), size, data.data(), data.size());
      got = ZSTD_isError(n) != 0 ? SIZE_MAX : n;
    } else {
      return fail(Code::kInvalid,
                  fmt::format("a frame is compressed by method {:#x}; LZ4 and Zstandard are known", method));
    }
    if (got != size) return damaged("it does not unpack");
    out.grow(size);
    frames.remove_prefix(kChecksum + packed);
  }
  out.seal();
  return {};
}

}  // namespace weir

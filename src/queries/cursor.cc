#include "queries/cursor.h"

#include <array>
#include <cstring>

namespace weir {

namespace {

constexpr std::uint8_t kVersion1 = 1;
constexpr std::size_t kBytes = 50, kChecked = kBytes - sizeof(std::uint32_t);
constexpr std::size_t kCharacters = (kBytes * 4 + 2) / 3;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string to_base64url(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (char c : bytes) {
    bits = (bits << 8U) | static_cast<std::uint8_t>(c);
    for (held += 8; held >= 6; held -= 6) out += kAlphabet[(bits >> (held - 6)) & 63U];
  }
  if (held > 0) out += kAlphabet[(bits << (6 - held)) & 63U];
  return out;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (char c : text) {
    const std::size_t digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>((bits >> held) & 0xFFU);
    }
  }
  return out;
}

std::uint32_t check(std::string_view bytes) {
  StableHash hash;
  hash.add(bytes);
  return static_cast<std::uint32_t>(hash.value() ^ (hash.value() >> 32U));
}

template <class T>
void put(std::string& out, T value) {
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  out.append(bytes.data(), bytes.size());
}

template <class T>
T take(std::string_view& from) {
  T value{};
  from.copy(reinterpret_cast<char*>(&value), sizeof(T));
  from.remove_prefix(sizeof(T));
  return value;
}

}  // namespace

void StableHash::add(std::string_view text) {
  const auto mix = [&](std::uint8_t byte) {
    value_ ^= byte;
    value_ *= 0x100000001b3ULL;
  };
  for (char c : text) mix(static_cast<std::uint8_t>(c));
  for (std::size_t rest = text.size(), i = 0; i < 8; ++i, rest >>= 8U) mix(static_cast<std::uint8_t>(rest & 0xFFU));
}

std::string Cursor::encode() const {
  std::string bytes;
  put(bytes, kVersion1);
  put(bytes, static_cast<std::uint8_t>((bounds.from ? 1U : 0U) | (bounds.to ? 2U : 0U)));
  put(bytes, filters);
  put(bytes, bounds.from.value_or(UnixMillis(0)).value);
  put(bytes, bounds.to.value_or(UnixMillis(0)).value);
  put(bytes, place.time.value);
  put(bytes, place.partition.value);
  put(bytes, place.offset.value);
  put(bytes, check(bytes));
  return to_base64url(bytes);
}

std::optional<Cursor> Cursor::decode(std::string_view text) {
  if (text.size() != kCharacters) return std::nullopt;
  const auto bytes = from_base64url(text);
  if (!bytes || bytes->size() != kBytes) return std::nullopt;
  std::string_view rest = *bytes;
  const std::uint32_t expected = check(rest.substr(0, kChecked));
  if (take<std::uint8_t>(rest) != kVersion1) return std::nullopt;
  const auto flags = take<std::uint8_t>(rest);
  Cursor cursor;
  cursor.filters = take<std::uint64_t>(rest);
  const UnixMillis from(take<std::int64_t>(rest)), to(take<std::int64_t>(rest));
  if ((flags & 1U) != 0) cursor.bounds.from = from;
  if ((flags & 2U) != 0) cursor.bounds.to = to;
  cursor.place.time = UnixMillis(take<std::int64_t>(rest));
  cursor.place.partition = PartitionId(take<std::uint32_t>(rest));
  cursor.place.offset = Offset(take<std::uint64_t>(rest));
  if (take<std::uint32_t>(rest) != expected) return std::nullopt;
  // Unknown flags, a bound without its flag, and the two bits that 67 characters have beyond 50 bytes: not ours.
  if (cursor.encode() != text) return std::nullopt;
  return cursor;
}

}  // namespace weir

// Columns in ClickHouse's Native format: per block the number of columns and of rows (LEB128), then for each column name, type
// and values back to back; a String is its length (LEB128) and bytes, an Array column is the UInt64 end offsets of its rows and
// then all elements. A LowCardinality column is UInt64 1 (its version), UInt64 with the width of its indices (0 to 2: 1, 2, 4
// bytes) and bit 9 (the keys come with it), the number of keys (UInt64) and the keys, the number of rows (UInt64) and an index
// for each. Source: ClickHouse's documentation of the format, checked against the engine in the conformance suite.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace weir::native {

inline void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

inline void append_string(std::string& out, std::string_view value) {
  append_varint(out, value.size());
  out.append(value);
}

/// Little endian, as everywhere that Weir runs (x86-64, arm64).
template <class T>
void append_fixed(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

/// One column of a block in the making.
struct Column {
  std::string_view name, type;
  std::string data;
};

/// Appends the data of a LowCardinality(String) column. `keys`: `key_count` values of a String column; indices count them from 0.
inline void append_low_cardinality(std::string& out, std::string_view keys, std::size_t key_count,
                                   std::span<const std::uint32_t> indices) {
  constexpr std::uint64_t kVersion = 1, kKeysFollow = 1ULL << 9;
  const std::uint64_t width = key_count <= 0x100 ? 0 : key_count <= 0x10000 ? 1 : 2;
  append_fixed(out, kVersion);
  append_fixed(out, kKeysFollow | width);
  append_fixed(out, std::uint64_t{key_count});
  out.append(keys);
  append_fixed(out, std::uint64_t{indices.size()});
  const std::size_t from = out.size();
  out.resize(from + (indices.size() << width));
  char* to = out.data() + from;
  const auto copy_as = [&]<class T>(T) {
    for (const std::uint32_t index : indices) {
      const T narrow = static_cast<T>(index);
      std::memcpy(to, &narrow, sizeof(T));
      to += sizeof(T);
    }
  };
  switch (width) {
    case 0: copy_as(std::uint8_t{}); break;
    case 1: copy_as(std::uint16_t{}); break;
    default: copy_as(std::uint32_t{}); break;
  }
}

/// What a column may cost besides its data.
inline constexpr std::size_t kColumnOverhead = 128;

inline void make_room(std::string& out, std::size_t bytes) {
  if (out.capacity() < out.size() + bytes) out.reserve(out.size() + bytes);
}
/// A block begins with this; `columns` columns of `rows` rows follow.
inline void append_header(std::string& out, std::size_t columns, std::size_t rows) {
  append_varint(out, columns);
  append_varint(out, rows);
}
inline void append_column(std::string& out, const Column& c) {
  append_string(out, c.name);
  append_string(out, c.type);
  out += c.data;
}

/// Appends the block of `columns`, `rows` rows each, to `out`.
template <class Columns>
void append_block(std::string& out, const Columns& columns, std::size_t rows) {
  std::size_t bytes = 20;
  for (const Column& c : columns) bytes += kColumnOverhead + c.data.size();
  make_room(out, bytes);
  append_header(out, columns.size(), rows);
  for (const Column& c : columns) append_column(out, c);
}

/// "(a, b, c)" without the parentheses: the names of the columns.
template <class Columns>
std::string names(const Columns& columns) {
  std::string out;
  for (const Column& c : columns) {
    if (!out.empty()) out += ", ";
    out += c.name;
  }
  return out;
}

}  // namespace weir::native

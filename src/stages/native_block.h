// Columns in ClickHouse's Native format: per block the number of columns and of rows (LEB128), then for each column name, type
// and values back to back; a String is its length (LEB128) and bytes, an Array column is the UInt64 end offsets of its rows and
// then all elements. Source: ClickHouse's documentation of the format, checked against the engine in the conformance suite.
#pragma once

#include <cstdint>
#include <cstring>
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

/// Appends the block of `columns`, `rows` rows each, to `out`.
template <class Columns>
void append_block(std::string& out, const Columns& columns, std::size_t rows) {
  std::size_t bytes = 20;
  for (const Column& c : columns) bytes += c.name.size() + c.type.size() + c.data.size() + 20;
  if (out.capacity() < out.size() + bytes) out.reserve(out.size() + bytes);
  append_varint(out, columns.size());
  append_varint(out, rows);
  for (const Column& c : columns) {
    append_string(out, c.name);
    append_string(out, c.type);
    out += c.data;
  }
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

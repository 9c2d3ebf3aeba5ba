// Reads ClickHouse's Native format (as files and HTTP have it: protocol revision 0), as far as tests need it.
// Format: https://clickhouse.com/docs/interfaces/formats/Native
//   block   := varuint columns, varuint rows, column*
//   column  := string name, string type, data        string := varuint length, bytes
//   data, numbers: little endian, one after the other; String: string each; Nullable: a byte each, then data;
//   Array: UInt64 end of each, then data of all; Tuple: data of each; LowCardinality: UInt64 version (1) before the rest of
//   the column, then UInt64 flags (low byte: width of an index, 2^n bytes), UInt64 keys, keys, UInt64 rows, indexes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weir {

/// A column of a block. Views point into the bytes that were read.
struct NativeColumn {
  std::string_view name, type;
  std::vector<std::string_view> texts;  // of String and LowCardinality(String), one a row; else empty
  std::vector<std::uint64_t> numbers;  // of numbers of up to 8 bytes (signed ones sign-extended), one a row; else empty
};

struct NativeBlock {
  std::size_t rows = 0;
  std::vector<NativeColumn> columns;
  const NativeColumn* find(std::string_view name) const;
};

/// kInvalid: the bytes are not Native, end too early, or have a type that cannot be walked (aggregate states, maps).
Result<std::vector<NativeBlock>> read_native(std::string_view bytes);

}  // namespace weir

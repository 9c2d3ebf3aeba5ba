// Reads answers of the store in ClickHouse's RowBinary format: rows back to back, no header. Integers are little-endian,
// a String is a LEB128 length and its bytes, a Nullable is a byte (1: null, nothing follows) before the value.
// Chosen before JSON because text comes exactly as it is stored (any bytes), and because nothing has to be parsed twice.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

/// Reads in the order of the columns. An answer that ends early or does not fit sets broken(), and every further read gives 0
/// or empty: check once, after the last row. Views point into the answer.
class RowReader {
 public:
  explicit RowReader(std::string_view answer) : rest_(answer) {}

  /// True while there are rows left to read.
  bool more() const { return !broken_ && !rest_.empty(); }
  bool broken() const { return broken_; }

  std::uint8_t u8() { return fixed<std::uint8_t>(); }
  std::uint16_t u16() { return fixed<std::uint16_t>(); }
  std::uint32_t u32() { return fixed<std::uint32_t>(); }
  std::uint64_t u64() { return fixed<std::uint64_t>(); }
  std::int64_t i64() { return fixed<std::int64_t>(); }
  double f64() { return fixed<double>(); }
  std::string_view text();
  /// Of the elements of an Array, which follow.
  std::uint64_t count();

 private:
  template <class T>
  T fixed();

  std::string_view rest_;
  bool broken_ = false;
};

}  // namespace weir

#include "queries/row_reader.h"

#include <bit>

namespace weir {

static_assert(std::endian::native == std::endian::little);

template <class T>
T RowReader::fixed() {
  if (broken_ || rest_.size() < sizeof(T)) {
    broken_ = true;
    return T{};
  }
  T value;
  rest_.copy(reinterpret_cast<char*>(&value), sizeof(T));
  rest_.remove_prefix(sizeof(T));
  return value;
}

template std::uint8_t RowReader::fixed();
template std::uint16_t RowReader::fixed();
template std::uint32_t RowReader::fixed();
template std::uint64_t RowReader::fixed();
template std::int64_t RowReader::fixed();
template double RowReader::fixed();

std::uint64_t RowReader::count() {
  std::uint64_t size = 0;
  for (unsigned shift = 0;; shift += 7) {
    const std::uint8_t byte = u8();
    if (broken_ || shift > 56) {
      broken_ = true;
      return 0;
    }
    size |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if ((byte & 0x80U) == 0) break;
  }
  return size;
}

std::string_view RowReader::text() {
  const std::uint64_t size = count();
  if (broken_ || size > rest_.size()) {
    broken_ = true;
    return {};
  }
  const std::string_view value = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return value;
}

}  // namespace weir

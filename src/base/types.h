// Numbers that must not be swapped.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace weir {

/// A number with a meaning. Explicit both ways; ordered; `+ n` where stepping makes sense.
template <class Tag, class Rep>
struct Strong {
  using rep = Rep;
  Rep value{};

  constexpr Strong() = default;
  constexpr explicit Strong(Rep v) : value(v) {}
  constexpr auto operator<=>(const Strong&) const = default;
  constexpr Strong operator+(Rep n) const { return Strong(static_cast<Rep>(value + n)); }
  constexpr Strong operator-(Rep n) const { return Strong(static_cast<Rep>(value - n)); }
  constexpr Rep operator-(Strong other) const { return static_cast<Rep>(value - other.value); }
  constexpr Strong& operator+=(Rep n) {
    value = static_cast<Rep>(value + n);
    return *this;
  }
};

/// Place of an event in its partition; the first is 0.
using Offset = Strong<struct OffsetTag, std::uint64_t>;
/// Number of a partition of the log; the first is 0.
using PartitionId = Strong<struct PartitionTag, std::uint32_t>;
/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
using UnixMillis = Strong<struct UnixMillisTag, std::int64_t>;

}  // namespace weir

template <class Tag, class Rep>
struct std::hash<weir::Strong<Tag, Rep>> {
  std::size_t operator()(const weir::Strong<Tag, Rep>& v) const noexcept { return std::hash<Rep>{}(v.value); }
};

// Lengths of time in words for people.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// "30 days", "36 hours", "90 seconds": the largest unit of which there are two, or one exactly; cut, not rounded.
inline std::string duration_text(std::int64_t millis) {
  constexpr std::array<std::pair<std::int64_t, std::string_view>, 4> kUnits{
      {{86'400'000, "day"}, {3'600'000, "hour"}, {60'000, "minute"}, {1'000, "second"}}};
  for (const auto& [size, name] : kUnits) {
    if (millis >= 2 * size) return std::to_string(millis / size) + " " + std::string(name) + "s";
    if (millis == size) return "1 " + std::string(name);
  }
  return std::to_string(millis) + " ms";
}

}  // namespace weir

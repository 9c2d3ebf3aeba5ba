// Finding the attribute `time` in the text of a CloudEvent, so that it can be replaced and every other byte stays.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace weir {

/// Place of a text in a line.
struct Span {
  std::size_t from = 0, size = 0;
};

/// Appends the places of the values of members `time` of the object `json` itself (not of objects in it) that are strings,
/// quotes included. Stops at the first thing that is no JSON; what was found until then stays. Does not validate.
void find_time_values(std::string_view json, std::vector<Span>& out);

}  // namespace weir

// Two looks at raw JSON text that the parser does not take.
#pragma once

#include <string>
#include <string_view>

namespace weir {

/// True when a \u escape names half of a surrogate pair without its other half. REQUIRES: valid JSON otherwise.
bool has_lone_surrogate(std::string_view json);

/// Copies `json` to `out` with every number that a double or a 64-bit integer cannot hold replaced by -1, which is outside of
/// every range that Weir knows. False when there was none.
bool replace_huge_numbers(std::string_view json, std::string& out);

}  // namespace weir

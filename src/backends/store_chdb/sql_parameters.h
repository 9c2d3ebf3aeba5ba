// Parameters of a statement that are names: {table:Identifier}.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ports/sql_gateway.h"

namespace weir {

using SqlPairs = std::vector<std::pair<std::string, std::string>>;

/// Puts the values of {name:Identifier} parameters into a statement in the engine's spelling, quoted, so that they are
/// vetted like any name. A value of plain words with dots (`weir.events`) is a compound name. A parameter without a
/// value is UNKNOWN_QUERY_PARAMETER (456).
std::expected<std::string, SqlFault> put_identifiers(std::string_view normal, const SqlPairs& params);

}  // namespace weir

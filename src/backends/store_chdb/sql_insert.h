// INSERT as it came in: where its rows begin, and whether they are plain.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace weir {

/// Where the rows of an INSERT begin in a text as it came in: just behind VALUES or FORMAT name. Nothing for other statements,
/// INSERT … SELECT, and texts that cannot be told apart; those are vetted whole. A wrong guess is harmless: what stands before the
/// place is vetted and runs as a statement, what stands behind it is only ever read as rows.
struct InsertParts {
  std::string_view head;  // up to and including VALUES or FORMAT name
  std::string_view rows;
};
std::optional<InsertParts> split_insert(std::string_view text);

/// True when rows of VALUES hold no expression that a statement might not hold: every call is of an allowed function.
bool are_plain_values(std::string_view rows);

}  // namespace weir

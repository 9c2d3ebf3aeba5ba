// Finding things by words: GET /api/v1/search, in a first version that asks the tables. An index replaces it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "queries/ask.h"

namespace weir {

struct SearchRequest {
  std::string text;  // as typed; the last word may be unfinished
  std::optional<std::string> kind, from, to;
  std::size_t limit = 20;  // 1–1000, checked by the caller
};

/// What was typed, taken apart: `user:jonson "two words" failed`.
struct SearchText {
  std::vector<std::pair<std::string_view, std::string>> filters;  // column of `events`, value
  std::vector<std::string> words;                                 // lower case
};
/// A `name:value` whose name is no field is a word.
SearchText parse_search(std::string_view text);

/// Byte ranges of `words` in `text`, whatever their case (ASCII), as [start, end) in UTF-16 units; in order, not overlapping.
std::vector<std::pair<std::size_t, std::size_t>> highlight(std::string_view text,
                                                           const std::vector<std::string>& words);

/// Contract 4, `search`. Entities whose id has every word, and events with every word in one of their texts. When nothing
/// has the words, entities are taken that are a letter or two away (words of four letters or more, the first one right).
/// Without `from` it looks at the last 15 minutes first and further back (2 hours, a day, everything) while little was found and there
/// is time left: about a second. `facets` count what was found in the time it looked at; events only up to `limit`.
/// kInvalid names the parameter; else the errors of Statement::ask.
Result<std::string> search_json(const QueryContext& context, const SearchRequest& request);

}  // namespace weir

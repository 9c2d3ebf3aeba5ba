// Finding things by words: GET /api/v1/search, in a first version that asks the tables. An index replaces it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "queries/ask.h"
#include "queries/stretches.h"

namespace weir {

struct SearchRequest {
  std::string text;  // as typed; the last word may be unfinished
  std::optional<std::string> kind, from, to;
  std::size_t limit = 20;                      // 1–1000, checked by the caller
  std::uint64_t first_stretch = Pace::kFirst;  // events that are looked at first; tests make it small
};

/// What was typed, taken apart: `user:jonson "two words" failed`.
struct SearchText {
  std::vector<std::pair<std::string_view, std::string>> filters;  // column of `events`, value
  std::vector<std::string> words;                                 // lower case
  std::vector<std::string> exact;                                 // the same words as they were typed
};
/// A `name:value` whose name is no field is a word.
SearchText parse_search(std::string_view text);

/// Byte ranges of `words` in `text`, whatever their case (ASCII), as [start, end) in UTF-16 units; in order, not overlapping.
std::vector<std::pair<std::size_t, std::size_t>> highlight(std::string_view text,
                                                           const std::vector<std::string>& words);

/// Contract 4, `search`. Entities whose id has every word, and events with every word in one of their texts. When nothing
/// has the words, entities are taken that are a letter or two away (words of four letters or more, the first one right).
/// Looks at the newest events first and further back, stretch by stretch, while little was found and there is time: 0.1 s when it
/// has what was typed, 0.6 s when it has nothing (and 0.35 s more for near names), 3 s when `from` says how far back to look.
/// A single word is also looked for in all of the table, as a whole name or, from four letters, the beginning of one. `facets` count what was found in the time it looked
/// at; events only up to `limit`. `searched_back_to` says how far that was: null when it was all.
/// kInvalid names the parameter; else the errors of Statement::ask.
Result<std::string> search_json(const QueryContext& context, const SearchRequest& request);

}  // namespace weir

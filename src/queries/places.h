// Reading in two steps: first where the rows are (three narrow columns), then the rows themselves, for those that are shown.
// A row of `events` has 33 columns; what matches is seldom side by side, and each match costs the 8192 rows around it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "queries/ask.h"
#include "queries/cursor.h"

namespace weir {

/// SQL: these times, without repeats, for `IN (…)`. Literals, as they are ours, and a thousand parameters would be slower to
/// read than the rows.
std::string time_list(std::span<const UnixMillis> times);

/// Reads an answer to `SELECT time, partition, offset …`. kInternal: it is none.
Result<std::vector<CursorPlace>> read_places(std::string_view answer);

/// The events at these places, at most a thousand of them, newest first, as event_columns() has them. Errors are those of
/// Statement::ask.
Result<std::string> ask_events_at(const QueryContext& context, std::span<const CursorPlace> places,
                                  const ReadLimits& limits);

}  // namespace weir

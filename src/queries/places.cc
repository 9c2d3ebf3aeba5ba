#include "queries/places.h"

#include <fmt/format.h>

#include <algorithm>

#include "event/decoder.h"
#include "queries/event_row.h"
#include "queries/row_reader.h"

namespace weir {

std::string time_list(std::span<const UnixMillis> times) {
  std::vector<UnixMillis> sorted(times.begin(), times.end());
  std::ranges::sort(sorted);
  sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());
  std::string list;
  for (const UnixMillis time : sorted) {
    std::string text = format_rfc3339(time);  // 2026-11-24T14:02:30.250Z
    text[10] = ' ';
    text.pop_back();
    fmt::format_to(std::back_inserter(list), "{}'{}'", list.empty() ? "" : ",", text);
  }
  return list;
}

Result<std::vector<CursorPlace>> read_places(std::string_view answer) {
  std::vector<CursorPlace> places;
  RowReader reader(answer);
  while (reader.more()) {
    CursorPlace place{UnixMillis(reader.i64()), PartitionId(reader.u32()), Offset(reader.u64())};
    if (!reader.broken()) places.push_back(place);
  }
  if (reader.broken()) return fail(Code::kInternal, "The store's answer for places of events could not be read.");
  return places;
}

Result<std::string> ask_events_at(const QueryContext& context, std::span<const CursorPlace> places,
                                  const ReadLimits& limits) {
  if (places.empty()) return std::string();
  // The times come first, as they are what the table is sorted by; partition and offset are what an event is found by.
  std::vector<UnixMillis> times;
  std::string offsets;
  for (const CursorPlace& place : places) {
    times.push_back(place.time);
    fmt::format_to(std::back_inserter(offsets), "{}({},{})", offsets.empty() ? "" : ",", place.partition.value,
                   place.offset.value);
  }
  const Statement ask(fmt::format(
      "SELECT {} FROM events WHERE time IN ({}) AND (partition, offset) IN ({}) ORDER BY time DESC, partition DESC, "
      "offset DESC LIMIT {}",
      event_columns(), time_list(times), offsets, places.size()));
  return ask.ask(context, limits);
}

}  // namespace weir

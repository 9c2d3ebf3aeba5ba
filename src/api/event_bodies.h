// Bodies of POST /api/v1/events, taken apart into the events' own bytes (CloudEvents HTTP binding 1.0 and NDJSON).
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "api/http.h"

namespace weir {

enum class BodyMode : std::uint8_t {
  kOne,     // application/cloudevents+json: the body is one event
  kBatch,   // application/cloudevents-batch+json: an array
  kLines,   // application/x-ndjson: one a line, blank lines are none
  kBinary,  // attributes in ce-* headers, the body is `data`
};

/// How the body of this request is to be read; nothing when its Content-Type is not one that is taken.
std::optional<BodyMode> body_mode(const HttpRequest& head);

/// The event of a request in binary mode as JSON. A body that is not one JSON value by its brackets and quotes stands alone
/// as the event, and is rejected as what it is: glued into the object it could pass for something else.
std::string binary_event(const HttpRequest& head, std::string_view body);

namespace event_bodies {

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Without JSON's white space around: an event's own bytes.
inline std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

/// From the inside of an array or the start of a value: the first comma or closing bracket that belongs to nothing opened
/// since, or `end`; null when a string or a bracket is still open there. Knows strings and counts brackets; everything else is
/// taken as it is.
const char* end_of_value(const char* at, const char* end);

}  // namespace event_bodies

/// Calls `emit(bytes)` for each event of the body, in order. The bytes point into `body`. False: an array that cannot be
/// taken apart; then what has been emitted does not count, and the whole body is one event.
template <class Emit>
bool split_events(BodyMode mode, std::string_view body, Emit emit) {
  using namespace event_bodies;
  const char* at = body.data();
  const char* const end = at + body.size();
  if (mode == BodyMode::kLines) {
    while (at < end) {
      const auto* line_end = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
      if (line_end == nullptr) line_end = end;
      const std::string_view line = trimmed({at, static_cast<std::size_t>(line_end - at)});
      if (!line.empty()) emit(line);
      at = line_end + 1;
    }
    return true;
  }
  if (mode != BodyMode::kBatch) {
    const std::string_view one = trimmed(body);
    emit(one.empty() ? body : one);
    return true;
  }
  const std::string_view array = trimmed(body);
  if (array.size() < 2 || array.front() != '[' || array.back() != ']') return false;
  at = array.data() + 1;
  const char* const last = array.data() + array.size() - 1;  // the closing bracket, if all is well
  if (trimmed({at, static_cast<std::size_t>(last - at)}).empty()) return true;
  while (true) {
    const char* stop = end_of_value(at, last + 1);
    if (stop == nullptr || stop > last) return false;
    const std::string_view element = trimmed({at, static_cast<std::size_t>(stop - at)});
    if (element.empty()) return false;
    if (stop == last) {
      emit(element);
      return true;
    }
    if (*stop != ',') return false;
    emit(element);
    at = stop + 1;
  }
}

}  // namespace weir

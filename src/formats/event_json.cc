#include "formats/event_json.h"

#include <fmt/format.h>

#include <iterator>

#include "base/json_text.h"

namespace weir {

void append_cloud_event(std::string& out, const EventView& event, std::string_view source_json, std::string_view id,
                        UnixMillis time) {
  out += R"({"specversion":"1.0","type":")";
  out += info(event.type).name;
  out += R"(","source":)";
  out += source_json;
  out += R"(,"id":")";
  out += id;
  out += R"(","time":")";
  append_rfc3339(out, time);
  out += R"(","data":{)";
  bool first = true;
  for (std::size_t i = 0; i < kFields; ++i) {
    const auto field = static_cast<Field>(i);
    if (!event.has(field)) continue;
    if (!first) out += ',';
    first = false;
    out += '"';
    out += info(field).json;
    out += "\":";
    switch (info(field).kind) {
      case FieldKind::kStatus: fmt::format_to(std::back_inserter(out), "{}", event.status); break;
      case FieldKind::kBytes: fmt::format_to(std::back_inserter(out), "{}", event.bytes); break;
      default: append_json_string(out, event[field]);  // no format has a field of another kind of number
    }
  }
  out += "}}";
}

}  // namespace weir

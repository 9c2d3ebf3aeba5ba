// A line's event as a CloudEvent in JSON.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/types.h"
#include "formats/line_parser.h"

namespace weir {

/// Appends the CloudEvent of `event`: id `id` (needs no escape), `source` as a JSON string with its quotes. Bytes that are no
/// UTF-8 become U+FFFD.
void append_cloud_event(std::string& out, const EventView& event, std::string_view source_json, std::string_view id,
                        UnixMillis time);

}  // namespace weir

// Bodies that came compressed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "api/http.h"
#include "base/status.h"

namespace weir {

enum class ContentCoding : std::uint8_t { kNone, kGzip, kZstd };

/// The coding that a Content-Encoding header names; nothing when it is not understood here (more than one counts as that).
std::optional<ContentCoding> content_coding(std::string_view header_value);

/// Appends what `packed` unpacks to, at most `limit` bytes; never holds more than that and the window of the coding.
///   kInvalid: it is not whole, or not of this coding.  kOverloaded: `out`'s budget has no room.
///   kDenied: it unpacks to more than `limit` bytes.
Status decompress(ContentCoding coding, std::string_view packed, std::size_t limit, HttpBody& out);

}  // namespace weir

// Bytes as text that survives everywhere (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// Appends `bytes` in base64, with padding.
void append_base64(std::string& out, std::string_view bytes);

/// The bytes behind `text`; padding may be missing. Nothing when a character is none of the alphabet.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace weir

// Writing JSON text without a document in between.
#pragma once

#include <string>
#include <string_view>

namespace weir {

/// Appends `text` as a JSON string (RFC 8259), quotes included. `text` is UTF-8; bytes that are none become U+FFFD, so that
/// the output is always valid JSON.
void append_json_string(std::string& out, std::string_view text);

/// Well-formed UTF-8 (no surrogates, no overlong forms): text that append_json_string() changes nothing of.
bool is_utf8(std::string_view text);

}  // namespace weir

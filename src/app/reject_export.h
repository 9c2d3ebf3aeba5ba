// Rejects as a file.
#pragma once

#include <string>

#include "api/answers.h"

namespace weir {

/// Appends one line: a JSON object with reason, field, message, source, id, type, received_at, partition, offset, cut, and the bytes as `raw`
/// where they are UTF-8, else as `raw_base64`.
void append_reject_line(std::string& out, const RejectItem& item);

}  // namespace weir

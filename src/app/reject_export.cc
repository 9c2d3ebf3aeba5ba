#include "app/reject_export.h"

#include <fmt/format.h>

#include "base/base64.h"
#include "base/json_text.h"
#include "event/decoder.h"

namespace weir {

void append_reject_line(std::string& out, const RejectItem& item) {
  const auto add = [&](std::string_view before, std::string_view text) {
    out += before;
    append_json_string(out, text);
  };
  add(R"({"reason":)", item.reason);
  add(R"(,"field":)", item.field);
  add(R"(,"message":)", item.message);
  add(R"(,"source":)", item.source);
  add(R"(,"id":)", item.id);
  add(R"(,"type":)", item.type);
  fmt::format_to(std::back_inserter(out), R"(,"received_at":"{}","partition":{},"offset":{},"cut":{})",
                 format_rfc3339(item.received_at), item.partition.value, item.offset.value, item.cut);
  if (is_utf8(item.raw)) {
    add(R"(,"raw":)", item.raw);
  } else {
    out += R"(,"raw_base64":")";
    append_base64(out, item.raw);
    out += '"';
  }
  out += "}\n";
}

}  // namespace weir

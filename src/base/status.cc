#include "base/status.h"

namespace weir {

std::string_view code_name(Code code) {
  switch (code) {
    case Code::kInvalid: return "invalid";
    case Code::kNotFound: return "not_found";
    case Code::kConflict: return "conflict";
    case Code::kDenied: return "denied";
    case Code::kUnavailable: return "unavailable";
    case Code::kOverloaded: return "overloaded";
    case Code::kDiskFull: return "disk_full";
    case Code::kDeadline: return "deadline";
    case Code::kCancelled: return "cancelled";
    case Code::kCorrupt: return "corrupt";
    case Code::kInternal: return "internal";
  }
  return "unknown";
}

bool is_transient(Code code) {
  return code == Code::kUnavailable || code == Code::kOverloaded || code == Code::kDiskFull || code == Code::kDeadline;
}

}  // namespace weir

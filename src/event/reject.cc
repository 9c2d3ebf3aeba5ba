#include "event/reject.h"

#include <array>

namespace weir {

std::string_view reason_name(Reason reason) {
  static constexpr std::array<std::string_view, kReasons> kNames{"malformed_json", "not_cloudevent", "too_large",
                                                                 "missing_field",  "wrong_type",     "out_of_range",
                                                                 "unknown_type",   "time_in_future", "time_too_old"};
  return kNames[static_cast<std::size_t>(reason)];
}

}  // namespace weir

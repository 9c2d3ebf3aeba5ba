// A bad event is data: why it was not admitted.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

/// The closed list of contract 3. Checks run in this order; the first that fails wins.
enum class Reason : std::uint8_t {
  kMalformedJson,
  kNotCloudEvent,
  kTooLarge,
  kMissingField,
  kWrongType,
  kOutOfRange,
  kUnknownType,
  kTimeInFuture,
  kTimeTooOld,
};
inline constexpr std::size_t kReasons = 9;

std::string_view reason_name(Reason reason);

struct Reject {
  Reason reason = Reason::kMalformedJson;
  std::string field;    // `data.ip`, `time`; empty when the event as a whole is meant
  std::string message;  // one sentence for people
  // What could be read of the event's identity; empty where it could not.
  std::string source, id, type;
};

}  // namespace weir

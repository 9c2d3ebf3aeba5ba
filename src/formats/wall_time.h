// Times as log lines write them, and what moment they stand for.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/types.h"

namespace weir {

/// Either a moment, or what a clock on a wall showed: syslog of the old kind says neither zone nor year.
struct LogTime {
  bool absolute = false;
  UnixMillis moment;  // absolute only
  // Otherwise. A valid date (29 February when there is no year), 0 ≤ millis_of_day < a day and a leap second.
  int year = 0;  // 0: not said
  unsigned month = 1, day = 1;
  std::int32_t millis_of_day = 0;
};

/// A time zone. A value; thread-safe.
class Zone {
 public:
  /// UTC.
  Zone() = default;
  /// `UTC`, `Z`, a fixed offset (`+02:00`, `-0330`, `+01`, less than a day), or a name of the system's tzdata
  /// (`Europe/Berlin`). kInvalid with words for people when it is none of these, or when tzdata does not have it.
  static Result<Zone> named(std::string_view name);

  /// The moment at which clocks of this zone show that time. One that they show twice (clocks put back) is the first of the
  /// two; one that they leave out (clocks put forward) is read as if they had not been put forward yet.
  UnixMillis moment(int year, unsigned month, unsigned day, std::int32_t millis_of_day) const;

 private:
  struct Rules;
  std::shared_ptr<const Rules> rules_;  // none: fixed offset. Shared because zones are copied about and never change.
  std::int32_t offset_seconds_ = 0;
};

/// The moment that `time` stands for: the newest one that is not after `limit` when it names no year, else the one it says.
/// Nothing when there is none in the nine years before (29 February comes at least that often).
std::optional<UnixMillis> moment_of(const LogTime& time, const Zone& zone, UnixMillis limit);

/// RFC 3339, also with an offset that lacks its colon (`+0200`, as journalctl writes it).
std::optional<UnixMillis> parse_iso_time(std::string_view text);

/// `17/May/2015:10:05:03 +0000`, the time of access logs: exactly 26 characters.
std::optional<UnixMillis> parse_access_time(std::string_view text);
inline constexpr std::size_t kAccessTimeLength = 26;

/// 1–12 for `Jan`–`Dec`, else 0.
unsigned month_named(std::string_view name);

}  // namespace weir

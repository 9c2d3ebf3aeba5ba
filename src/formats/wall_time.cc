#include "formats/wall_time.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "event/decoder.h"
#include "formats/text_cursor.h"

namespace weir {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;

std::chrono::year_month_day date_of(int year, unsigned month, unsigned day) {
  return {std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
}

/// Seconds since 1970 as if the clock on the wall stood in UTC. REQUIRES: a valid date.
std::int64_t wall_seconds(const std::chrono::year_month_day& date, std::int64_t second_of_day) {
  return std::int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * kDaySeconds + second_of_day;
}

/// `+02:00`, `-0330`, `+01`: seconds east of Greenwich.
std::optional<std::int32_t> parse_offset(std::string_view text) {
  TextCursor c{text};
  const bool west = c.take('-');
  int hours = 0, minutes = 0;
  if ((!west && !c.take('+')) || !c.take_number(2, 2, hours)) return std::nullopt;
  if (!c.rest.empty()) {
    c.take(':');
    if (!c.take_number(2, 2, minutes) || !c.rest.empty()) return std::nullopt;
  }
  if (hours > 23 || minutes > 59) return std::nullopt;
  return (west ? -1 : 1) * (hours * 3'600 + minutes * 60);
}

bool looks_like_zone_name(std::string_view name) {
  // tzdata is a folder of files: a name must not lead out of it.
  return !name.empty() && name.size() <= 64 && is_alnum(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '/' || c == '_' || c == '-' || c == '+'; });
}

}  // namespace

struct Zone::Rules {
  absl::TimeZone zone;
};

Result<Zone> Zone::named(std::string_view name) {
  Zone zone;
  if (name == "UTC" || name == "utc" || name == "Z" || name == "z") return zone;
  if (const auto offset = parse_offset(name)) {
    zone.offset_seconds_ = *offset;
    return zone;
  }
  // `localtime` would be this machine's zone by the environment, which is not what a name should depend on.
  Rules rules;
  if (!looks_like_zone_name(name) || name == "localtime" ||
      !absl::LoadTimeZone(absl::string_view(name.data(), name.size()), &rules.zone)) {
    return fail(Code::kInvalid,
                "Time zone \"" + std::string(name) +
                    "\" is not known. Give UTC, an offset such as +02:00, or a name of the system's tzdata "
                    "such as Europe/Berlin (on a machine without tzdata: install the package tzdata).");
  }
  zone.rules_ = std::make_shared<const Rules>(rules);
  return zone;
}

UnixMillis Zone::moment(int year, unsigned month, unsigned day, std::int32_t millis_of_day) const {
  const std::int64_t second = millis_of_day / 1'000;
  const std::int64_t wall = wall_seconds(date_of(year, month, day), second);
  std::int64_t seconds = wall - offset_seconds_;
  if (rules_ != nullptr) {
    const absl::CivilSecond civil(year, static_cast<int>(month), static_cast<int>(day), second / 3'600,
                                  second / 60 % 60, second % 60);
    seconds = absl::ToUnixSeconds(rules_->zone.At(civil).pre);
  }
  return UnixMillis(seconds * 1'000 + millis_of_day % 1'000);
}

std::optional<UnixMillis> moment_of(const LogTime& time, const Zone& zone, UnixMillis limit) {
  if (time.absolute) return time.moment;
  if (time.year != 0) return zone.moment(time.year, time.month, time.day, time.millis_of_day);
  using namespace std::chrono;
  // One year more than that of the limit in UTC: in the zone it may be a year on.
  const int newest =
      static_cast<int>(year_month_day(floor<days>(sys_time<milliseconds>(milliseconds(limit.value)))).year()) + 1;
  for (int year = newest; year > newest - 10; --year) {
    if (!date_of(year, time.month, time.day).ok()) continue;
    if (const UnixMillis moment = zone.moment(year, time.month, time.day, time.millis_of_day); moment <= limit)
      return moment;
  }
  return std::nullopt;
}

std::optional<UnixMillis> parse_iso_time(std::string_view text) {
  if (const auto moment = parse_rfc3339(text)) return moment;
  const std::size_t n = text.size();
  if (n < 6 || n > 64 || (text[n - 5] != '+' && text[n - 5] != '-')) return std::nullopt;
  std::array<char, 65> with_colon{};
  std::ranges::copy(text.substr(0, n - 2), with_colon.begin());
  with_colon[n - 2] = ':';
  std::ranges::copy(text.substr(n - 2), with_colon.begin() + static_cast<std::ptrdiff_t>(n) - 1);
  return parse_rfc3339(std::string_view(with_colon.data(), n + 1));
}

std::optional<UnixMillis> parse_access_time(std::string_view text) {
  if (text.size() != kAccessTimeLength) return std::nullopt;
  TextCursor c{text};
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  if (!c.take_number(2, 2, day) || !c.take('/')) return std::nullopt;
  const unsigned month = month_named(c.rest.substr(0, 3));
  if (month == 0) return std::nullopt;
  c.rest.remove_prefix(3);
  if (!c.take('/') || !c.take_number(4, 4, year) || !c.take(':') || !c.take_number(2, 2, hour) || !c.take(':') ||
      !c.take_number(2, 2, minute) || !c.take(':') || !c.take_number(2, 2, second) || !c.take(' ')) {
    return std::nullopt;
  }
  const auto offset = parse_offset(c.rest);
  const auto date = date_of(year, month, static_cast<unsigned>(day));
  if (!offset || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return UnixMillis((wall_seconds(date, hour * 3'600 + minute * 60 + second) - *offset) * 1'000);
}

unsigned month_named(std::string_view name) {
  static constexpr std::string_view kNames = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (name.size() != 3) return 0;
  for (unsigned i = 0; i < 12; ++i) {
    if (kNames.substr(std::size_t{3} * i, 3) == name) return i + 1;
  }
  return 0;
}

}  // namespace weir

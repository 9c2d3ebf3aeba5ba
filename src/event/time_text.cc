// RFC 3339 in both directions. Calendar arithmetic after Howard Hinnant's "chrono-compatible low-level date algorithms", by way
// of std::chrono.
#include <chrono>

#include "event/decoder.h"

namespace weir {
namespace {

/// `n` digits at `at`, -1 when one is missing.
int digits(std::string_view s, std::size_t at, std::size_t n) {
  if (at + n > s.size()) return -1;
  int value = 0;
  for (std::size_t i = at; i < at + n; ++i) {
    if (s[i] < '0' || s[i] > '9') return -1;
    value = value * 10 + (s[i] - '0');
  }
  return value;
}

}  // namespace

std::optional<UnixMillis> parse_rfc3339(std::string_view s) {
  if (s.size() < 20 || s[4] != '-' || s[7] != '-' || (s[10] != 'T' && s[10] != 't') || s[13] != ':' || s[16] != ':')
    return std::nullopt;
  const int year = digits(s, 0, 4), month = digits(s, 5, 2), day = digits(s, 8, 2);
  const int hour = digits(s, 11, 2), minute = digits(s, 14, 2), second = digits(s, 17, 2);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (year < 0 || month < 1 || day < 1 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 60) {
    return std::nullopt;
  }
  std::size_t i = 19;
  std::int64_t millis = 0;
  if (s[i] == '.') {
    const std::size_t from = ++i;
    int scale = 100;
    while (i < s.size() && s[i] >= '0' && s[i] <= '9') {
      millis += (s[i] - '0') * scale;
      scale /= 10;
      ++i;
    }
    if (i == from) return std::nullopt;
  }
  std::int64_t offset_minutes = 0;
  if (i + 1 == s.size() && (s[i] == 'Z' || s[i] == 'z')) {
    offset_minutes = 0;
  } else if (i + 6 == s.size() && (s[i] == '+' || s[i] == '-') && s[i + 3] == ':') {
    const int h = digits(s, i + 1, 2), m = digits(s, i + 4, 2);
    if (h < 0 || h > 23 || m < 0 || m > 59) return std::nullopt;
    offset_minutes = (s[i] == '-' ? -1 : 1) * (h * 60 + m);
  } else {
    return std::nullopt;
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t seconds = days * 86'400 + hour * 3'600 + minute * 60 + second - offset_minutes * 60;
  return UnixMillis(seconds * 1000 + millis);
}

void append_rfc3339(std::string& out, UnixMillis time) {
  using namespace std::chrono;
  const sys_time<milliseconds> t{milliseconds(time.value)};
  const auto day_start = floor<days>(t);
  const year_month_day date(day_start);
  const auto ms = static_cast<unsigned>((t - day_start).count());
  const unsigned year = static_cast<unsigned>(static_cast<int>(date.year()));
  std::array<char, 24> text{};
  auto put = [&](std::size_t at, unsigned value, std::size_t n) {
    for (std::size_t i = at + n; i-- > at; value /= 10) text[i] = static_cast<char>('0' + value % 10);
  };
  put(0, year, 4);
  text[4] = '-';
  put(5, static_cast<unsigned>(date.month()), 2);
  text[7] = '-';
  put(8, static_cast<unsigned>(date.day()), 2);
  text[10] = 'T';
  put(11, ms / 3'600'000, 2);
  text[13] = ':';
  put(14, ms / 60'000 % 60, 2);
  text[16] = ':';
  put(17, ms / 1'000 % 60, 2);
  text[19] = '.';
  put(20, ms % 1'000, 3);
  text[23] = 'Z';
  out.append(text.data(), text.size());
}

std::string format_rfc3339(UnixMillis time) {
  std::string out;
  append_rfc3339(out, time);
  return out;
}

}  // namespace weir

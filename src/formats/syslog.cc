#include "formats/syslog.h"

#include <chrono>

#include "formats/text_cursor.h"

namespace weir {
namespace {

/// `Mar 27 13:06:56`, `Mar  7 …`, `Mar 7 …`, `Mar 27 2017 …`, `… 13:06:56.123`.
bool take_old_time(TextCursor& c, LogTime& time) {
  time.month = month_named(c.rest.substr(0, 3));
  if (time.month == 0) return false;
  c.rest.remove_prefix(3);
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  if (!c.take(' ')) return false;
  c.take(' ');
  if (!c.take_number(1, 2, day) || !c.take(' ')) return false;
  if (TextCursor ahead = c; ahead.take_number(4, 4, year) && ahead.take(' ')) {
    c = ahead;
  } else {
    year = 0;
  }
  if (!c.take_number(2, 2, hour) || !c.take(':') || !c.take_number(2, 2, minute) || !c.take(':') ||
      !c.take_number(2, 2, second)) {
    return false;
  }
  int millis = 0;
  if (c.take('.')) {
    int scale = 100;
    bool any = false;
    for (; !c.rest.empty() && is_digit(c.rest.front()); c.rest.remove_prefix(1), scale /= 10, any = true) {
      millis += (c.rest.front() - '0') * scale;
    }
    if (!any) return false;
  }
  // 2000 had a 29 February: without a year the date may be one.
  const std::chrono::year_month_day date{std::chrono::year(year == 0 ? 2000 : year), std::chrono::month(time.month),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return false;
  time.absolute = false;
  time.year = year;
  time.day = static_cast<unsigned>(day);
  time.millis_of_day = ((hour * 60 + minute) * 60 + second) * 1'000 + millis;
  return c.rest.empty() || c.take(' ');
}

bool take_iso_time(TextCursor& c, LogTime& time) {
  const std::size_t end = c.rest.find(' ');
  const auto moment = parse_iso_time(c.rest.substr(0, end));
  if (!moment) return false;
  time.absolute = true;
  time.moment = *moment;
  c.rest.remove_prefix(end == std::string_view::npos ? c.rest.size() : end + 1);
  return true;
}

/// `program[pid]: ` or `program: `.
bool take_tag(TextCursor& c, SyslogLine& out) {
  const std::size_t end = c.rest.find_first_of("[: ");
  if (end == std::string_view::npos || end == 0 || c.rest[end] == ' ') return false;
  TextCursor ahead{c.rest.substr(end)};
  std::string_view pid;
  if (ahead.take('[') && !ahead.take_until(']', pid)) return false;
  if (!ahead.take(':')) return false;
  ahead.take(' ');
  out.program = c.rest.substr(0, end);
  out.pid = pid;
  c = ahead;
  return true;
}

}  // namespace

bool parse_syslog(std::string_view line, SyslogLine& out) {
  out = SyslogLine{};
  TextCursor c{line};
  if (c.take('<')) {
    int priority = 0;
    if (!c.take_number(1, 3, priority) || !c.take('>')) return false;
  }
  const bool iso = !c.rest.empty() && is_digit(c.rest.front());
  if (iso ? !take_iso_time(c, out.time) : !take_old_time(c, out.time)) return false;
  // Some senders leave the host out; then the program comes at once. A host has no colon at its end.
  if (const std::size_t end = c.rest.find(' '); end != std::string_view::npos && end > 0 && c.rest[end - 1] != ':') {
    out.host = c.rest.substr(0, end);
    c.rest.remove_prefix(end + 1);
  }
  take_tag(c, out);
  out.message = c.rest;
  return true;
}

}  // namespace weir

#include "formats/log_file.h"

#include <algorithm>

#include "formats/syslog.h"

namespace weir {
namespace {

constexpr std::int64_t kDayMillis = 86'400'000;

/// What the dates of a file without years say about its year.
struct DatesSeen {
  std::optional<LogTime> last;  // of the last line that has a time without a year
  bool leap_day = false;        // some line is of a 29 February
};

/// Times without a year are the newest ones that are not in the future. Line by line that would tear a file apart that reaches
/// over today's date of an earlier year, and would hold December for younger than January in a file that crosses New Year a
/// year ago. So the rule is for the file: its last line is the newest that is not in the future, and the others are the newest
/// that are not after the last one (but for a day, in which lines may be out of order). A file longer than a year is folded
/// into one. When there is a 29 February in it, the last line is the newest for which that day exists in the year before it.
UnixMillis year_limit(const DatesSeen& seen, const Zone& zone, UnixMillis now) {
  if (!seen.last) return now;
  UnixMillis limit = now;
  LogTime leap_day;
  leap_day.month = 2;
  leap_day.day = 29;
  for (int back = 0; back < 9; ++back) {
    const auto last = moment_of(*seen.last, zone, limit);
    if (!last) break;
    const auto leap = moment_of(leap_day, zone, *last);
    if (!seen.leap_day || (leap && *last - *leap < 366 * kDayMillis)) return std::min(now, *last + kDayMillis);
    limit = *last - 1;
  }
  return now;
}

Result<DatesSeen> see_dates(LineReader& reader, const std::stop_token& stop) {
  DatesSeen seen;
  SyslogLine syslog;
  while (true) {
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while reading the log");
    WEIR_TRY_ASSIGN(const auto line, reader.next());
    if (!line) return seen;
    if (!parse_syslog(line->text, syslog) || syslog.time.absolute || syslog.time.year != 0) continue;
    seen.last = syslog.time;
    seen.leap_day |= syslog.time.month == 2 && syslog.time.day == 29;
  }
}

bool may_lack_years(LogFormat format) { return format == LogFormat::kSshd || format == LogFormat::kPostfix; }

/// One line: what it is for the counts, and when it happened. `event_time` is set for kEvents, and there is always one but for
/// CloudEvents.
LineKind read_line(LineParser& parser, const LineReader::Line& line, const LogSurvey& survey,
                   std::optional<UnixMillis>& event_time) {
  event_time.reset();
  if (line.too_long) return LineKind::kMalformed;
  const LineKind kind = parser.parse(line.text);
  if (kind != LineKind::kEvents) return kind;
  if (parser.time()) event_time = moment_of(*parser.time(), survey.zone, survey.year_limit);
  if (survey.format == LogFormat::kCloudEvents) return kind;
  // Weir keeps no times before 1970, and no log is that old.
  return event_time && event_time->value >= 0 ? kind : LineKind::kMalformed;
}

void count(LogCounts& counts, LineKind kind, std::uint32_t events) {
  ++counts.lines;
  switch (kind) {
    case LineKind::kEvents: counts.events += events; break;
    case LineKind::kSkipped: ++counts.skipped; break;
    case LineKind::kMalformed: ++counts.malformed; break;
  }
}

/// Lines `Invalid user` that wait for what else their process logs.
struct Waiting {
  UnixMillis oldest, newest;
  std::uint64_t lines = 0, events = 0;
};

void widen(LogSurvey& survey, UnixMillis from, UnixMillis to) {
  if (!survey.oldest || from < *survey.oldest) survey.oldest = from;
  if (!survey.newest || to > *survey.newest) survey.newest = to;
}

}  // namespace

Result<LogSurvey> survey_log(const std::filesystem::path& path, LogFormat format, const Zone& zone, UnixMillis now,
                             const std::stop_token& stop, const ReadProgress& progress) {
  LogSurvey survey;
  survey.path = path;
  survey.format = format;
  survey.zone = zone;
  survey.year_limit = now;
  WEIR_TRY_ASSIGN(auto reader, LineReader::open(path));
  survey.bytes = reader.size();
  if (may_lack_years(format)) {
    WEIR_TRY_ASSIGN(const auto seen, see_dates(reader, stop));
    survey.year_limit = year_limit(seen, zone, now);
    WEIR_TRY(reader.rewind());
  }
  LineParser parser(format);
  std::unordered_map<std::uint64_t, Waiting> waiting;
  std::optional<UnixMillis> time;
  std::uint64_t told = 0;
  while (true) {
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while reading " + path.string());
    WEIR_TRY_ASSIGN(const auto line, reader.next());
    if (!line) break;
    if (progress && reader.position() - told >= (1U << 20U)) progress(told = reader.position());
    const LineKind kind = read_line(parser, *line, survey, time);
    const LineEvent& event = parser.event();
    if (kind == LineKind::kEvents && event.sshd == SshdLine::kInvalidUser) {
      ++survey.counts.lines;
      if (survey.failed.contains(event.process)) {
        ++survey.counts.skipped;
        continue;
      }
      if (!survey.first) survey.first = time;  // at worst the first event comes later: readers only order files by it
      const auto [it, added] = waiting.try_emplace(event.process, Waiting{*time, *time});
      it->second.oldest = std::min(it->second.oldest, *time);
      it->second.newest = std::max(it->second.newest, *time);
      ++it->second.lines;
      it->second.events += event.repeat;
      continue;
    }
    count(survey.counts, kind, event.repeat);
    if (kind != LineKind::kEvents) continue;
    if (event.sshd == SshdLine::kFailed) survey.failed.add(event.process);
    if (!time) continue;
    if (!survey.first) survey.first = time;
    widen(survey, *time, *time);
  }
  for (const auto& [process, lines] : waiting) {
    if (survey.failed.contains(process)) {
      survey.counts.skipped += lines.lines;
    } else {
      survey.counts.events += lines.events;
      widen(survey, lines.oldest, lines.newest);
    }
  }
  if (progress) progress(reader.position());
  return survey;
}

Result<std::unique_ptr<LogFileReader>> LogFileReader::open(const LogSurvey& survey) {
  WEIR_TRY_ASSIGN(auto reader, LineReader::open(survey.path));
  if (reader.size() < survey.bytes) {
    return fail(
        Code::kUnavailable,
        survey.path.string() + " has become shorter since it was first read. Start again when nobody changes it.");
  }
  reader.limit(survey.bytes);
  return std::unique_ptr<LogFileReader>(new LogFileReader(survey, std::move(reader)));
}

Result<bool> LogFileReader::next(LogRecord& out) {
  while (true) {
    WEIR_TRY_ASSIGN(const auto line, reader_.next());
    if (!line) return false;
    LineKind kind = read_line(parser_, *line, survey_, out.time);
    const LineEvent& event = parser_.event();
    if (kind == LineKind::kEvents && event.sshd == SshdLine::kInvalidUser && survey_.failed.contains(event.process)) {
      kind = LineKind::kSkipped;
    }
    count(counts_, kind, event.repeat);
    if (kind != LineKind::kEvents) continue;
    out.line = counts_.lines;
    out.text = line->text;
    out.event = &event;
    return true;
  }
}

}  // namespace weir

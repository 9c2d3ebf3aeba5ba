// A whole log file as events. What a line means can depend on other lines of its file, so a file is read twice: a survey learns
// what is needed of the whole, a reader then gives the events. Both need memory for what the survey learns (a few bytes for
// each process of sshd that has failed lines) and for one line.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/status.h"
#include "base/types.h"
#include "formats/line_parser.h"
#include "formats/line_reader.h"
#include "formats/log_format.h"
#include "formats/wall_time.h"

namespace weir {

/// lines = lines with events + skipped + malformed. A repeated line is one line and several events.
struct LogCounts {
  std::uint64_t lines = 0, events = 0, skipped = 0, malformed = 0;
  bool operator==(const LogCounts&) const = default;
};

/// Processes, by LineEvent::process.
class ProcessSet {
 public:
  void add(std::uint64_t process) { pages_[process >> 6U] |= std::uint64_t{1} << (process & 63U); }
  bool contains(std::uint64_t process) const {
    const auto page = pages_.find(process >> 6U);
    return page != pages_.end() && (page->second >> (process & 63U) & 1U) != 0;
  }

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> pages_;  // numbers of one host are near each other
};

/// What a survey learned of a file.
struct LogSurvey {
  std::filesystem::path path;
  LogFormat format = LogFormat::kCloudEvents;
  Zone zone;
  std::uint64_t bytes = 0;
  LogCounts counts;
  std::optional<UnixMillis> first;           // of the first event in the file that has a time
  std::optional<UnixMillis> oldest, newest;  // of all events; none when no event has a time

  /// Years that lines leave out are the newest that do not lead beyond this. See year_limit() in log_file.cc.
  UnixMillis year_limit;
  ProcessSet failed;  // processes of sshd with a failed line
};

/// Told the bytes read so far, about once a megabyte.
using ReadProgress = std::function<void(std::uint64_t)>;

/// Reads `path` from end to end. `now` is the moment that no year may lead beyond. Errors of LineReader; kCancelled when
/// `stop` was asked for.
Result<LogSurvey> survey_log(const std::filesystem::path& path, LogFormat format, const Zone& zone, UnixMillis now,
                             const std::stop_token& stop, const ReadProgress& progress);

/// A line that has events.
struct LogRecord {
  std::uint64_t line = 0;  // the first is 1
  std::string_view text;
  std::optional<UnixMillis> time;  // none only for a CloudEvent whose time cannot be read
  const LineEvent* event = nullptr;
};

/// The events of a surveyed file in the order of its lines. Not thread-safe.
class LogFileReader {
 public:
  /// `survey` is borrowed and must outlive the reader. Errors of LineReader; kUnavailable when the file is shorter than
  /// surveyed. What was appended since is not read.
  static Result<std::unique_ptr<LogFileReader>> open(const LogSurvey& survey);

  /// True: `out` is the next line with events; it lives until the next call. False: the end. Errors of LineReader.
  Result<bool> next(LogRecord& out);

  /// Of the lines read so far.
  const LogCounts& counts() const { return counts_; }
  std::uint64_t position() const { return reader_.position(); }

 private:
  LogFileReader(const LogSurvey& survey, LineReader reader)
      : survey_(survey), reader_(std::move(reader)), parser_(survey.format) {}

  const LogSurvey& survey_;
  LineReader reader_;
  LineParser parser_;
  LogCounts counts_;
};

}  // namespace weir

// What `weir replay` sends, and when: the events of several files as one stream in the order of time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "base/types.h"
#include "event/raw_batch.h"
#include "formats/log_file.h"

namespace weir {

enum class ReplayTime : std::uint8_t {
  kNow,  // all files are moved as one so that the newest event happens now; when paced, an event happens when it is sent
  kKeep,  // as in the files
};

struct ReplayOptions {
  std::vector<std::filesystem::path> files;
  LogFormat format = LogFormat::kCloudEvents;
  Zone zone = {};
  ReplayTime time = ReplayTime::kNow;
  std::optional<double> speed = {};  // 1 is as fast as it happened; none: no pauses
};

struct BatchLimits {
  std::size_t events = 1'000;
  /// A batch ends before it grows beyond this; one event may be larger alone (up to 6 × kMaxLineBytes when all of it is escaped).
  std::size_t bytes = std::size_t{1} << 20U;
};

/// Events of one file stay in the order of its lines; files are merged by the time that each has come to. An event's source is
/// `file:` + the name of its file, its id the number of its line, with `.1`, `.2`, … when the line stands for several events.
/// Events of kCloudEvents are sent as they are; kNow replaces the value of their `time` where it can be read.
///
/// Memory does not grow with the size of the files (but see LogSurvey), and only files whose time has come are open. Not
/// thread-safe.
class ReplayPlan {
 public:
  /// Surveys the files: reads each to its end. Time is that of `clock`, which is borrowed and must outlive the plan.
  /// kInvalid when options make no sense (no file; two files of one name, whose events could not be told apart; a name too
  /// long for a source; a speed that is not above 0); errors of survey_log.
  static Result<std::unique_ptr<ReplayPlan>> create(ReplayOptions options, const Clock& clock,
                                                    const std::stop_token& stop, const ReadProgress& progress);
  ~ReplayPlan();

  /// When the next event is due; nothing at the end. What is not paced is due at once. The first call of this or of next_batch
  /// starts the time of paced events.
  Result<std::optional<UnixMillis>> next_due();

  /// Fills `out` (emptied before) with the next events that are due at `until` or earlier. Empty when none is. Errors of
  /// LogFileReader: nothing more can be read, what was in earlier batches is good.
  Status next_batch(const BatchLimits& limits, UnixMillis until, RawBatch& out);

  /// Of the lines read so far; all lines of all files at the end. Events: those handed out.
  LogCounts counts() const;
  /// Bytes of the files, and of what was read of them.
  std::uint64_t bytes_total() const;
  std::uint64_t bytes_read() const;
  /// Events in all files.
  std::uint64_t events_total() const;
  /// The oldest time that an event will have; nothing when none has one, or when events happen as they are sent.
  std::optional<UnixMillis> oldest_sent() const;

 private:
  struct Source;
  ReplayPlan(ReplayOptions options, const Clock& clock);
  Status advance(Source& source);
  Status settle();
  UnixMillis due(const Source& source);
  UnixMillis moved(UnixMillis time, UnixMillis due) const;
  void append(const Source& source, UnixMillis due, std::string& event);

  const ReplayOptions options_;
  const Clock& clock_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<Source*> order_;  // a heap of what is not at its end, the next one first
  std::optional<UnixMillis> started_;
  std::int64_t shift_ = 0;  // from times in the files to times of events
  UnixMillis begin_;        // time in the files at which a paced replay begins
  std::optional<UnixMillis> oldest_, newest_;
  std::uint64_t events_ = 0;
  std::string event_;
};

}  // namespace weir

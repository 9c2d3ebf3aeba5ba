// One line of a log as an event: the mapping of contract 3. Pure: bytes in, fields out; any bytes are allowed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "event/decoder.h"
#include "formats/cloud_event_time.h"
#include "formats/log_format.h"
#include "formats/wall_time.h"

namespace weir {

enum class LineKind : std::uint8_t {
  kEvents,     // one event, or several equal ones
  kSkipped,    // another line of the same log
  kMalformed,  // breaks the format
};

/// Some lines of sshd count only by what else the same process logs.
enum class SshdLine : std::uint8_t {
  kOther,
  kFailed,       // a failed login
  kInvalidUser,  // an event only if its process logs no kFailed line anywhere in the file
};

struct LineEvent {
  /// Type and fields of `data` (present, text, status, bytes); time, identity and the rest are not filled. Addresses are
  /// canonical. Not used by kCloudEvents.
  EventView event;
  /// The line stands for so many equal events (`message repeated N times`), and whether it said so.
  std::uint32_t repeat = 1;
  bool repeated = false;
  SshdLine sshd = SshdLine::kOther;
  /// Which process of which host wrote the line; sshd only. Equal numbers are the same process.
  std::uint64_t process = 0;
  /// kCloudEvents only: the values of the attribute `time` in the line, quotes included. More than one only where the line
  /// names the attribute more than once.
  std::vector<Span> time_values;
};

/// How often one line may be repeated; more is malformed. Beyond anything that syslog holds back.
inline constexpr std::uint32_t kMaxRepeat = 100'000;

/// Reads lines of one format. Reuses its buffers. One thread at a time.
class LineParser {
 public:
  explicit LineParser(LogFormat format) : format_(format) {}
  LineParser(const LineParser&) = delete;  // event() points into it
  LineParser& operator=(const LineParser&) = delete;

  /// Reads `line`, which has no line end. The views of event() point into `line` or into the parser: they live until the next
  /// call, and no longer than `line`.
  LineKind parse(std::string_view line);

  /// After kEvents.
  const LineEvent& event() const { return out_; }
  /// When the line says it was written; nothing where it could not be read. Of skipped lines too.
  const std::optional<LogTime>& time() const { return time_; }

 private:
  LineKind parse_sshd(std::string_view line);
  LineKind parse_sshd_message(std::string_view message);
  LineKind parse_combined(std::string_view line);
  LineKind parse_postfix(std::string_view line);
  LineKind parse_cloud_event(std::string_view line);

  void begin(EventType type);
  void set(Field field, std::string_view text);
  bool set_ip(std::string_view address);
  LineKind login(std::string_view user, std::string_view address, std::string_view outcome, std::string_view method,
                 bool invalid_user);

  const LogFormat format_;
  LineEvent out_;
  std::optional<LogTime> time_;
  std::array<char, 48> ip_{};
  std::string user_, path_, referrer_, agent_;  // fields whose escapes were taken out
};

}  // namespace weir

// The frame of a syslog line: `Mar 27 13:06:56 host program[123]: message`, or with an RFC 3339 time in front.
#pragma once

#include <string_view>

#include "formats/wall_time.h"

namespace weir {

struct SyslogLine {
  LogTime time;
  std::string_view host, program, pid;  // empty where the line does not say; pid is any text in the brackets
  std::string_view message;             // without the blank after the colon
};

/// Reads `line`, which has no line end. False when it does not begin with a time that a clock can show (with an optional
/// `<priority>`, year or fraction of a second); a line without a program is fine and has all its text as the message.
/// Views point into `line`.
bool parse_syslog(std::string_view line, SyslogLine& out);

}  // namespace weir

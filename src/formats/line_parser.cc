#include "formats/line_parser.h"

namespace weir {

LineKind LineParser::parse(std::string_view line) {
  time_.reset();
  out_.event.present = 0;
  out_.repeat = 1;
  out_.repeated = false;
  out_.sshd = SshdLine::kOther;
  out_.process = 0;
  out_.time_values.clear();
  if (line.find_first_not_of(" \t") == std::string_view::npos) return LineKind::kSkipped;
  switch (format_) {
    case LogFormat::kCloudEvents: return parse_cloud_event(line);
    case LogFormat::kSshd: return parse_sshd(line);
    case LogFormat::kCombined: return parse_combined(line);
    case LogFormat::kPostfix: return parse_postfix(line);
  }
  return LineKind::kMalformed;
}

// Whether the line is a good event is the worker's business, which says why it is not and keeps its bytes.
LineKind LineParser::parse_cloud_event(std::string_view line) {
  find_time_values(line, out_.time_values);
  if (!out_.time_values.empty()) {
    const Span value = out_.time_values.back();
    if (const auto moment = parse_rfc3339(line.substr(value.from + 1, value.size - 2))) {
      time_ = LogTime{.absolute = true, .moment = *moment};
    }
  }
  return LineKind::kEvents;
}

void LineParser::begin(EventType type) {
  out_.event.type = type;
  out_.event.present = 0;
}

void LineParser::set(Field field, std::string_view text) {
  out_.event.present |= bit(field);
  out_.event.text[static_cast<std::size_t>(field)] = text;
}

bool LineParser::set_ip(std::string_view address) {
  // `fe80::1%eth0`: the interface means nothing off its host.
  if (const std::size_t scope = address.find('%'); scope != std::string_view::npos && address.find(':') < scope) {
    address = address.substr(0, scope);
  }
  const auto ip = canonical_ip(address, ip_);
  if (ip) set(Field::kIp, *ip);
  return ip.has_value();
}

}  // namespace weir

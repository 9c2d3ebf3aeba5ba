// OpenSSH's lines about logins. What sshd prints: auth_log() in auth.c of OpenSSH; `Invalid user` in getpwnamallow() of the same.
#include <functional>

#include "formats/line_parser.h"
#include "formats/syslog.h"
#include "formats/text_cursor.h"

namespace weir {
namespace {

/// Where `USER from ADDRESS port N` parts.
struct Origin {
  std::string_view user, address;
};

enum class Port : std::uint8_t { kRequired, kOptional };
enum class Behind : std::uint8_t { kAnything, kNothing };
enum class Which : std::uint8_t { kFirst, kLast };

/// Reads what follows ` from `. Any word will do for the address: whether it is one is asked later, of this place alone. To go
/// on to another place when it is none would let a user's name say where the user came from.
bool is_origin(std::string_view after_from, Port port, Behind behind, std::string_view& address) {
  const std::size_t end = after_from.find(' ');
  address = after_from.substr(0, end);
  if (address.empty()) return false;
  TextCursor c{end == std::string_view::npos ? std::string_view() : after_from.substr(end)};
  int number = 0;
  const bool has_port = c.take(std::string_view(" port ")) && c.take_number(1, 5, number);
  if (!has_port) {
    if (port == Port::kRequired) return false;
    c.rest = end == std::string_view::npos ? std::string_view() : after_from.substr(end);
  }
  return c.rest.empty() || (behind == Behind::kAnything && c.rest.front() == ' ');
}

std::optional<Origin> find_origin(std::string_view text, Port port, Behind behind, Which which) {
  static constexpr std::string_view kFrom = " from ";
  Origin origin;
  std::size_t at = which == Which::kFirst ? text.find(kFrom) : text.rfind(kFrom);
  while (at != std::string_view::npos) {
    if (is_origin(text.substr(at + kFrom.size()), port, behind, origin.address)) {
      origin.user = text.substr(0, at);
      return origin;
    }
    if (which == Which::kLast && at == 0) break;
    at = which == Which::kFirst ? text.find(kFrom, at + 1) : text.rfind(kFrom, at - 1);
  }
  return std::nullopt;
}

/// A user's name can hold ` from 192.0.2.1 port 22` and so can, behind the port, the text of a key's certificate; both are up to
/// whoever logs in. Only existing accounts get as far as a key, and their names are not up to the guest: there the first place is
/// the true one. Elsewhere nothing but `ssh2` follows, and the last one is.
Which true_origin(std::string_view method, bool invalid_user) {
  const bool key = method == "publickey" || method == "hostbased";
  return key && !invalid_user ? Which::kFirst : Which::kLast;
}

/// Host and process in one number; those of neighbours differ in the low bits, as process numbers do (at most 2^22 on Linux).
/// Lines that give none are taken for one process.
std::uint64_t process_of(std::string_view host, std::string_view pid) {
  static constexpr std::uint64_t kUnknown = (1U << 24U) - 1;
  TextCursor c{pid};
  int number = 0;
  const bool known = c.take_number(1, 8, number) && c.rest.empty() && static_cast<std::uint64_t>(number) < kUnknown;
  return std::uint64_t{std::hash<std::string_view>{}(host)} << 24U |
         (known ? static_cast<std::uint64_t>(number) : kUnknown);
}

bool is_sshd(std::string_view program) {
  // Since OpenSSH 9.8 a process of its own serves each connection.
  return program == "sshd" || program == "sshd-session" || program == "sshd-auth";
}

}  // namespace

LineKind LineParser::parse_sshd(std::string_view line) {
  SyslogLine syslog;
  if (!parse_syslog(line, syslog)) return LineKind::kMalformed;
  time_ = syslog.time;
  if (!is_sshd(syslog.program)) return LineKind::kSkipped;
  out_.process = process_of(syslog.host, syslog.pid);
  return parse_sshd_message(syslog.message);
}

LineKind LineParser::parse_sshd_message(std::string_view message) {
  TextCursor c{message};
  if (!out_.repeated && c.take(std::string_view("message repeated "))) {
    int times = 0;
    if (!c.take_number(1, 9, times) || !c.take(std::string_view(" times: [")) || !c.rest.ends_with(']')) {
      return LineKind::kMalformed;
    }
    if (times < 1 || times > static_cast<int>(kMaxRepeat)) return LineKind::kMalformed;
    c.rest.remove_suffix(1);
    c.take(' ');
    out_.repeat = static_cast<std::uint32_t>(times);
    out_.repeated = true;
    return parse_sshd_message(c.rest);
  }
  if (c.take(std::string_view("Invalid user "))) {
    const auto origin = find_origin(c.rest, Port::kOptional, Behind::kNothing, Which::kLast);
    if (!origin) return LineKind::kMalformed;
    out_.sshd = SshdLine::kInvalidUser;
    return login(origin->user, origin->address, "failure", {}, true);
  }
  const bool failed = c.take(std::string_view("Failed "));
  if (!failed && !c.take(std::string_view("Accepted "))) return LineKind::kSkipped;
  std::string_view method;
  if (!c.take_until(' ', method) || method.empty() || !c.take(std::string_view("for "))) return LineKind::kSkipped;
  const bool invalid_user = failed && c.take(std::string_view("invalid user "));
  const auto origin = find_origin(c.rest, failed ? Port::kRequired : Port::kOptional, Behind::kAnything,
                                  true_origin(method, invalid_user));
  if (!origin) return LineKind::kMalformed;
  if (failed) out_.sshd = SshdLine::kFailed;
  return login(origin->user, origin->address, failed ? "failure" : "success", method, invalid_user);
}

LineKind LineParser::login(std::string_view user, std::string_view address, std::string_view outcome,
                           std::string_view method, bool invalid_user) {
  begin(EventType::kLogin);
  if (!set_ip(address)) return LineKind::kMalformed;
  set(Field::kUserId, user.empty() ? "(none)" : user);
  set(Field::kOutcome, outcome);
  if (!method.empty()) set(Field::kAuthMethod, method);
  if (invalid_user) set(Field::kReason, "invalid_user");
  return LineKind::kEvents;
}

}  // namespace weir

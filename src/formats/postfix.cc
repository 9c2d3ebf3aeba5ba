// Postfix's lines about deliveries. What it prints: log_adhoc() in src/global/log_adhoc.c of Postfix.
#include "formats/line_parser.h"
#include "formats/syslog.h"
#include "formats/text_cursor.h"

namespace weir {
namespace {

bool is_postfix(std::string_view program) {
  // `postfix/smtp`; with several instances `postfix-out/smtp`.
  return program.starts_with("postfix/") ||
         (program.starts_with("postfix-") && program.find('/') != std::string_view::npos);
}

/// `AE11A4011B7B: `; the short and the long form of queue ids are letters and digits. A severity can stand in that place.
bool take_queue_id(TextCursor& c, std::string_view& id) {
  std::size_t n = 0;
  while (n < c.rest.size() && is_alnum(c.rest[n])) ++n;
  if (n == 0 || !c.rest.substr(n).starts_with(": ")) return false;
  id = c.rest.substr(0, n);
  if (id == "warning" || id == "error" || id == "fatal" || id == "panic") return false;
  c.rest.remove_prefix(n + 2);
  return true;
}

/// `<address>`. A quoted local part (RFC 5321) may hold anything, `>` too.
bool take_address(TextCursor& c, std::string_view& address) {
  if (!c.take('<')) return false;
  std::size_t i = 0;
  if (c.rest.starts_with('"')) {
    for (i = 1; i < c.rest.size() && c.rest[i] != '"'; ++i) {
      if (c.rest[i] == '\\') ++i;
    }
  }
  const std::size_t end = c.rest.find('>', i);
  if (end == std::string_view::npos) return false;
  address = c.rest.substr(0, end);
  c.rest.remove_prefix(end + 1);
  return true;
}

/// `2.0.0` (RFC 3463).
bool is_enhanced_status(std::string_view s) {
  TextCursor c{s};
  int number = 0;
  return c.take_number(1, 1, number) && c.take('.') && c.take_number(1, 3, number) && c.take('.') &&
         c.take_number(1, 3, number) && c.rest.empty();
}

/// The other side's name in `mx.example.org[192.0.2.1]:25`, its address where it has no name; the name of a way of delivery in
/// `local`. Empty for `none`.
std::string_view provider_of(std::string_view relay) {
  if (relay == "none") return {};
  const std::size_t bracket = relay.find('[');
  if (bracket != 0) return relay.substr(0, bracket);
  return relay.substr(1, relay.find(']') == std::string_view::npos ? 0 : relay.find(']') - 1);
}

}  // namespace

LineKind LineParser::parse_postfix(std::string_view line) {
  SyslogLine syslog;
  if (!parse_syslog(line, syslog)) return LineKind::kMalformed;
  time_ = syslog.time;
  if (!is_postfix(syslog.program)) return LineKind::kSkipped;
  TextCursor c{syslog.message};
  std::string_view queue_id, recipient;
  if (!take_queue_id(c, queue_id) || !c.take(std::string_view("to="))) return LineKind::kSkipped;
  if (!take_address(c, recipient) || recipient.empty()) return LineKind::kMalformed;
  begin(EventType::kEmailSend);
  set(Field::kRecipient, recipient);
  set(Field::kMessageId, queue_id);
  while (c.take(std::string_view(", "))) {
    std::string_view name, value;
    if (!c.take_until('=', name)) return LineKind::kMalformed;
    if (name == "status") {
      std::size_t n = 0;
      while (n < c.rest.size() && is_alnum(c.rest[n])) ++n;
      const std::string_view status = c.rest.substr(0, n);
      if (n < c.rest.size() && c.rest[n] != ' ') return LineKind::kMalformed;
      // Probes of an address deliver nothing; a bounce that soft_bounce holds back is no outcome yet.
      if (status == "deliverable" || status == "undeliverable" || status == "SOFTBOUNCE") return LineKind::kSkipped;
      if (status != "sent" && status != "bounced" && status != "deferred") return LineKind::kMalformed;
      set(Field::kDelivery, status);
      return LineKind::kEvents;
    }
    if (c.rest.starts_with('<')) {
      if (!take_address(c, value)) return LineKind::kMalformed;
      continue;
    }
    value = c.rest.substr(0, c.rest.find(", "));
    c.rest.remove_prefix(value.size());
    if (name == "dsn") {
      if (!is_enhanced_status(value)) return LineKind::kMalformed;
      set(Field::kDsn, value);
    } else if (name == "relay") {
      if (const std::string_view provider = provider_of(value); !provider.empty()) set(Field::kProvider, provider);
    }
  }
  return LineKind::kMalformed;  // cut off before its status
}

}  // namespace weir

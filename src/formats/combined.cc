// Access logs. Apache: LogFormat `common` and `combined`, escapes of ap_escape_logitem(). nginx: `combined`, escapes of
// ngx_http_log_escape(). Both write a quote in a field as an escape, so that the next bare quote ends it.
#include <charconv>

#include "formats/line_parser.h"
#include "formats/text_cursor.h"

namespace weir {
namespace {

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// RFC 3629.
bool is_utf8(std::string_view s) {
  for (std::size_t i = 0; i < s.size();) {
    const auto b = static_cast<std::uint8_t>(s[i++]);
    if (b < 0x80) continue;
    const std::size_t more = b >= 0xC2 && b <= 0xDF ? 1 : b >= 0xE0 && b <= 0xEF ? 2 : b >= 0xF0 && b <= 0xF4 ? 3 : 0;
    if (more == 0 || s.size() - i < more) return false;
    // The second byte's range keeps out overlong forms, surrogates and what is beyond U+10FFFF.
    const auto second = static_cast<std::uint8_t>(s[i]);
    const std::uint8_t low = b == 0xE0   ? 0xA0
                             : b == 0xF0 ? 0x90
                                         : 0x80,
                       high = b == 0xED   ? 0x9F
                              : b == 0xF4 ? 0x8F
                                          : 0xBF;
    if (second < low || second > high) return false;
    for (std::size_t k = 1; k < more; ++k) {
      if ((static_cast<std::uint8_t>(s[i + k]) & 0xC0U) != 0x80U) return false;
    }
    i += more;
  }
  return true;
}

/// The text that `field` stands for, in `buffer` where it had escapes. A field whose bytes are no UTF-8 keeps its escapes: a
/// rule can look for `\xc0\xae`, but not for what is lost in a replacement character.
std::string_view unescape(std::string_view field, std::string& buffer) {
  if (field.find('\\') == std::string_view::npos) return field;
  buffer.clear();
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\' || i + 1 == field.size()) {
      buffer.push_back(field[i]);
      continue;
    }
    const char c = field[++i];
    switch (c) {
      case '"':
      case '\\': buffer.push_back(c); break;
      case 'n': buffer.push_back('\n'); break;
      case 'r': buffer.push_back('\r'); break;
      case 't': buffer.push_back('\t'); break;
      case 'b': buffer.push_back('\b'); break;
      case 'f': buffer.push_back('\f'); break;
      case 'v': buffer.push_back('\v'); break;
      case 'x':
        if (i + 2 < field.size() && hex_digit(field[i + 1]) >= 0 && hex_digit(field[i + 2]) >= 0) {
          buffer.push_back(static_cast<char>(hex_digit(field[i + 1]) * 16 + hex_digit(field[i + 2])));
          i += 2;
          break;
        }
        [[fallthrough]];
      default: buffer.push_back('\\'); buffer.push_back(c);
    }
  }
  return is_utf8(buffer) ? std::string_view(buffer) : field;
}

/// `"…"`, without its quotes and with its escapes. False when it does not end.
bool take_quoted(TextCursor& c, std::string_view& field) {
  if (!c.take('"')) return false;
  for (std::size_t i = 0; (i = c.rest.find_first_of("\"\\", i)) != std::string_view::npos;) {
    if (c.rest[i] == '"') {
      field = c.rest.substr(0, i);
      c.rest.remove_prefix(i + 1);
      return true;
    }
    i += 2;
  }
  return false;
}

/// tchar of RFC 9110.
bool is_token(std::string_view s) {
  if (s.empty()) return false;
  for (char c : s) {
    if (!is_alnum(c) && std::string_view("!#$%&'*+-.^_`|~").find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool is_http_version(std::string_view s) {
  TextCursor c{s};
  int number = 0;
  if (!c.take(std::string_view("HTTP/")) || !c.take_number(1, 1, number)) return false;
  return c.rest.empty() || (c.take('.') && c.take_number(1, 1, number) && c.rest.empty());
}

/// `GET /path?query HTTP/1.1`. A target with blanks in it is no good HTTP, and servers answer and log it all the same.
bool parse_request(std::string_view line, std::string_view& method, std::string_view& target) {
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || last <= first + 1) return false;
  method = line.substr(0, first);
  target = line.substr(first + 1, last - first - 1);
  return is_token(method) && is_http_version(line.substr(last + 1));
}

/// `-` and an empty field say that there is nothing.
bool is_absent(std::string_view field) { return field.empty() || field == "-" || field == "\"\""; }

}  // namespace

LineKind LineParser::parse_combined(std::string_view line) {
  TextCursor c{line};
  std::string_view host, ident, user;
  begin(EventType::kApiRequest);
  if (!c.take_until(' ', host) || !set_ip(host) || !c.take_until(' ', ident)) return LineKind::kMalformed;
  // A user's name may hold blanks and brackets. It ends where a time in brackets and a quote follow, and cannot hold that
  // itself: a quote in it is escaped.
  for (std::size_t at = 0;; ++at) {
    at = c.rest.find('[', at);
    if (at == std::string_view::npos) return LineKind::kMalformed;
    const std::string_view behind = c.rest.substr(at + 1);
    if ((at != 0 && c.rest[at - 1] != ' ') || behind.size() < kAccessTimeLength + 3 ||
        behind.substr(kAccessTimeLength, 3) != "] \"") {
      continue;
    }
    const auto moment = parse_access_time(behind.substr(0, kAccessTimeLength));
    if (!moment) continue;
    user = c.rest.substr(0, at == 0 ? 0 : at - 1);
    time_ = LogTime{.absolute = true, .moment = *moment};
    c.rest = behind.substr(kAccessTimeLength + 2);
    break;
  }
  std::string_view request, method, target;
  int status = 0;
  if (!take_quoted(c, request) || !parse_request(request, method, target) || !c.take(' ') ||
      !c.take_number(3, 3, status) || status < 100 || status > 599 || !c.take(' ')) {
    return LineKind::kMalformed;
  }
  set(Field::kMethod, method);
  set(Field::kPath, unescape(target, path_));
  out_.event.status = static_cast<std::uint16_t>(status);
  out_.event.present |= bit(Field::kStatus);
  if (!is_absent(user)) set(Field::kUserId, unescape(user, user_));
  if (!c.take('-')) {
    std::int64_t bytes = 0;
    const auto [end, error] = std::from_chars(c.rest.data(), c.rest.data() + c.rest.size(), bytes);
    if (error != std::errc() || bytes < 0) return LineKind::kMalformed;
    c.rest.remove_prefix(static_cast<std::size_t>(end - c.rest.data()));
    out_.event.bytes = static_cast<std::uint64_t>(bytes);
    out_.event.present |= bit(Field::kBytes);
  }
  c.rest = c.rest.substr(0, c.rest.find_last_not_of(' ') + 1);
  if (c.rest.empty()) return LineKind::kEvents;  // common
  std::string_view referrer, agent;
  if (!c.take(' ') || !take_quoted(c, referrer) || !c.take(' ') || !take_quoted(c, agent)) return LineKind::kMalformed;
  if (!is_absent(referrer)) set(Field::kReferrer, unescape(referrer, referrer_));
  if (!is_absent(agent)) set(Field::kUserAgent, unescape(agent, agent_));
  // Many servers log more behind these (addresses of proxies, times): not part of the format, not in the way.
  return c.rest.empty() || c.rest.front() == ' ' ? LineKind::kEvents : LineKind::kMalformed;
}

}  // namespace weir

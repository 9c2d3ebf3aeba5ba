#include "api/event_bodies.h"

#include <algorithm>
#include <array>

namespace weir {
namespace {

void append_raw_json_string(std::string& out, std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;  // also bytes that are no UTF-8: the decoder is to see and reject them
    }
  }
  out += '"';
}

/// A ce-* header's value (CloudEvents HTTP binding 3.1.3.2): quotes around it go first, then percent-decoding; a % that
/// begins no code stays.
std::string header_text(std::string_view value) {
  std::string plain;
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (value[i] == '\\' && i + 1 < value.size()) ++i;
      plain += value[i];
    }
  } else {
    plain = std::string(value);
  }
  std::string out;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const auto code = plain[i] == '%' ? percent_decode(std::string_view(plain).substr(i, 3), false) : std::nullopt;
    if (code && code->size() == 1) {
      out += *code;
      i += 2;
    } else {
      out += plain[i];
    }
  }
  return out;
}

constexpr std::string_view kPrefix = "ce-";

bool is_attribute(const std::string& name) {
  return name.size() > kPrefix.size() && equal_ignoring_case(std::string_view(name).substr(0, kPrefix.size()), kPrefix);
}

enum class Kind : std::uint8_t { kPlain, kQuote, kOpen, kClose, kComma };

constexpr std::array<Kind, 256> kKinds = [] {
  std::array<Kind, 256> kinds{};
  kinds['"'] = Kind::kQuote;
  kinds['{'] = kinds['['] = Kind::kOpen;
  kinds['}'] = kinds[']'] = Kind::kClose;
  kinds[','] = Kind::kComma;
  return kinds;
}();

/// The quote that closes the string whose first character is `at`; `end` when none does.
const char* end_of_string(const char* at, const char* end) {
  const char* const first = at;
  while (at < end) {
    const auto* quote = static_cast<const char*>(std::memchr(at, '"', static_cast<std::size_t>(end - at)));
    if (quote == nullptr) return end;
    const char* before = quote;
    while (before > first && before[-1] == '\\') --before;
    if ((quote - before) % 2 == 0) return quote;
    at = quote + 1;
  }
  return end;
}

}  // namespace

namespace event_bodies {

const char* end_of_value(const char* at, const char* end) {
  std::size_t depth = 0;
  for (; at < end; ++at) {
    switch (kKinds[static_cast<unsigned char>(*at)]) {
      case Kind::kPlain: break;
      case Kind::kQuote:
        at = end_of_string(at + 1, end);
        if (at == end) return nullptr;
        break;
      case Kind::kOpen: ++depth; break;
      case Kind::kClose:
        if (depth == 0) return at;
        --depth;
        break;
      case Kind::kComma:
        if (depth == 0) return at;
        break;
    }
  }
  return depth == 0 ? end : nullptr;
}

}  // namespace event_bodies

std::optional<BodyMode> body_mode(const HttpRequest& head) {
  const std::string type = media_type(head.header("Content-Type"));
  if (type == "application/cloudevents+json") return BodyMode::kOne;
  if (type == "application/cloudevents-batch+json") return BodyMode::kBatch;
  if (type == "application/x-ndjson") return BodyMode::kLines;
  const bool attributes =
      std::any_of(head.headers.begin(), head.headers.end(), [](const auto& h) { return is_attribute(h.first); });
  if (attributes && (type.empty() || type == "application/json" || type.ends_with("+json"))) return BodyMode::kBinary;
  return std::nullopt;
}

std::string binary_event(const HttpRequest& head, std::string_view body) {
  const std::string_view value = event_bodies::trimmed(body);
  if (value.empty() ||
      event_bodies::end_of_value(value.data(), value.data() + value.size()) != value.data() + value.size()) {
    return std::string(body);
  }
  std::string out = "{";
  for (const auto& [header, text] : head.headers) {
    if (!is_attribute(header)) continue;
    std::string name = header.substr(kPrefix.size());
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (name == "data" || name == "datacontenttype" || name == "data_base64")
      continue;  // the body and its Content-Type say that
    append_raw_json_string(out, name);
    out += ':';
    append_raw_json_string(out, header_text(text));
    out += ',';
  }
  if (const std::string_view type = head.header("Content-Type"); !type.empty()) {
    out += "\"datacontenttype\":";
    append_raw_json_string(out, type);
    out += ',';
  }
  out += "\"data\":";
  out += value;
  out += '}';
  return out;
}

}  // namespace weir

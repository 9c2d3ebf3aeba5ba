// For tests: contract 3 read a second time, slowly and plainly, with another JSON library and no cleverness. What it says about an
// event is what Decoder has to say.
#pragma once

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/decoder.h"

namespace weir::plain {

struct Member;

/// A JSON value, with its members in order, and those given twice too.
struct Json {
  enum class Kind { kNull, kBool, kWhole, kFraction, kString, kArray, kObject } kind = Kind::kNull;
  std::string text;         // of a string
  bool negative = false;    // kWhole below 0
  bool outside = false;     // kWhole: a number that 64 bits do not hold
  std::uint64_t whole = 0;  // kWhole, when neither negative nor outside
  double number = 0;        // of any number
  std::vector<Member> members;

  bool is_number() const { return kind == Kind::kWhole || kind == Kind::kFraction; }
  bool is_string() const { return kind == Kind::kString; }
  /// The first member of that name that is not null.
  const Json* find(std::string_view name) const;
};

struct Member {
  std::string key;
  Json value;
};

inline const Json* Json::find(std::string_view name) const {
  for (const Member& m : members) {
    if (m.key == name && m.value.kind != Kind::kNull) return &m.value;
  }
  return nullptr;
}

/// Builds a Json from what nlohmann reads.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Json root;
  std::size_t deepest = 0;  // level of the deepest value that is in something
  // Where a number stands that no double holds, and how long it is; the reading stops there.
  std::size_t huge_end = 0, huge_size = 0;

  bool null() override { return put({}); }
  bool boolean(bool) override { return put({.kind = Json::Kind::kBool}); }
  bool number_integer(number_integer_t value) override {
    return put({.kind = Json::Kind::kWhole,
                .negative = value < 0,
                .whole = value < 0 ? 0 : static_cast<std::uint64_t>(value),
                .number = static_cast<double>(value)});
  }
  bool number_unsigned(number_unsigned_t value) override {
    return put({.kind = Json::Kind::kWhole, .whole = value, .number = static_cast<double>(value)});
  }
  bool number_float(number_float_t value, const string_t& raw) override {
    const bool whole = raw.find_first_of(".eE") == std::string::npos;
    return put({.kind = whole ? Json::Kind::kWhole : Json::Kind::kFraction, .outside = whole, .number = value});
  }
  bool string(string_t& value) override { return put({.kind = Json::Kind::kString, .text = value}); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return open(Json::Kind::kObject); }
  bool key(string_t& name) override {
    names_.back() = name;
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(Json::Kind::kArray); }
  bool end_array() override { return close(); }
  bool parse_error(std::size_t position, const std::string& token, const nlohmann::detail::exception& error) override {
    constexpr int kNumberOverflow = 406;
    if (error.id == kNumberOverflow) {
      huge_end = position;
      huge_size = token.size();
    }
    return false;
  }

 private:
  bool put(Json value) {
    deepest = std::max(deepest, open_.size());
    if (open_.empty()) {
      root = std::move(value);
    } else if (open_.back().kind == Json::Kind::kObject) {
      open_.back().members.push_back({names_.back(), std::move(value)});
    }  // what an array holds means nothing to Weir
    return true;
  }
  bool open(Json::Kind kind) {
    deepest = std::max(deepest, open_.size());
    open_.push_back({.kind = kind});
    names_.emplace_back();
    return true;
  }
  bool close() {
    Json value = std::move(open_.back());
    open_.pop_back();
    names_.pop_back();
    return put(std::move(value));
  }

  std::vector<Json> open_;
  std::vector<std::string> names_;
};

/// Nothing when it is no JSON. A number that no machine type holds is -1, which is outside of every range.
inline std::optional<Json> parse(std::string text) {
  // nlohmann takes a zero byte for the end and skips a byte order mark; JSON has neither.
  if (text.find('\0') != std::string::npos || text.starts_with("\xef\xbb\xbf")) return std::nullopt;
  while (true) {
    Builder builder;
    if (nlohmann::json::sax_parse(text, &builder)) {
      constexpr std::size_t kDeepest = 1024;
      if (builder.deepest >= kDeepest) return std::nullopt;
      return std::move(builder.root);
    }
    if (builder.huge_size == 0) return std::nullopt;
    text.replace(builder.huge_end - builder.huge_size, builder.huge_size,
                 "-1 ");  // the blank: what follows must not be glued to it
  }
}

struct Verdict {
  bool admitted = false;
  Reason reason = Reason::kMalformedJson;
  std::string field;
  std::string source, id, type;  // of a reject: what could be read of its identity
  EventType event_type = EventType::kLogin;
  std::int64_t time = 0;
  std::string truth, email_domain;
  std::map<Field, std::string> texts;
  std::map<Field, double> numbers;
  std::uint64_t bytes = 0;
};

inline std::string cut(std::string text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (text[most] & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

inline std::string in_case(std::string text, char from, char to, int step) {
  for (char& c : text) {
    if (c >= from && c <= to) c = static_cast<char>(c + step);
  }
  return text;
}

/// RFC 5952.
inline std::optional<std::string> ip_text(const std::string& text) {
  if (text.find('\0') != std::string::npos) return std::nullopt;
  std::array<unsigned char, 16> b{};
  const auto dotted = [&](std::size_t at) {
    std::string out;
    for (std::size_t i = 0; i < 4; ++i) out += (i == 0 ? "" : ".") + std::to_string(b[at + i]);
    return out;
  };
  if (inet_pton(AF_INET, text.c_str(), b.data()) == 1) return dotted(0);
  if (inet_pton(AF_INET6, text.c_str(), b.data()) != 1) return std::nullopt;
  bool mapped = b[10] == 0xFF && b[11] == 0xFF;
  for (std::size_t i = 0; i < 10; ++i) mapped = mapped && b[i] == 0;
  if (mapped) return dotted(12);
  std::vector<std::string> groups;
  for (std::size_t i = 0; i < 8; ++i) {
    std::array<char, 8> hex{};
    std::snprintf(hex.data(), hex.size(), "%x", static_cast<unsigned>(b[2 * i] * 256 + b[2 * i + 1]));
    groups.emplace_back(hex.data());
  }
  std::size_t best = 0, length = 1;  // the first of the longest runs of zeros that are longer than one
  for (std::size_t i = 0; i < 8; ++i) {
    std::size_t n = 0;
    while (i + n < 8 && groups[i + n] == "0") ++n;
    if (n > length) {
      best = i;
      length = n;
    }
  }
  const auto joined = [&](std::size_t from, std::size_t to) {
    std::string out;
    for (std::size_t i = from; i < to; ++i) out += (i == from ? "" : ":") + groups[i];
    return out;
  };
  if (length == 1) return joined(0, 8);
  return joined(0, best) + "::" + joined(best + length, 8);
}

inline Verdict decode(std::string_view raw, UnixMillis received_at, std::int64_t retention_millis) {
  using Kind = Json::Kind;
  Verdict out;
  const auto reject = [&](Reason reason, std::string field) {
    out.reason = reason;
    out.field = std::move(field);
    return out;
  };
  const std::optional<Json> root = parse(std::string(raw));
  if (!root) return reject(Reason::kMalformedJson, "");
  if (root->kind != Kind::kObject) return reject(Reason::kNotCloudEvent, "");
  const auto attribute = [&](std::string_view name) { return root->find(name); };
  const Json *id = attribute("id"), *source = attribute("source"), *type = attribute("type"), *time = attribute("time"),
             *data = attribute("data"), *truth = attribute("weirtruth");
  const auto name = [](const Json* from) { return from != nullptr && from->is_string() ? cut(from->text, 1024) : ""; };
  out.source = name(source);
  out.id = name(id);
  out.type = name(type);

  const Json* version = attribute("specversion");
  if (version == nullptr || version->text != "1.0") return reject(Reason::kNotCloudEvent, "specversion");
  if (raw.size() > 65'536) return reject(Reason::kTooLarge, "");

  std::optional<EventType> known;
  if (type != nullptr && type->is_string()) known = event_type_named(type->text);
  const auto is_text = [](Field f) {
    const FieldKind k = info(f).kind;
    return k == FieldKind::kText || k == FieldKind::kIp || k == FieldKind::kOutcome || k == FieldKind::kDelivery ||
           k == FieldKind::kCountry;
  };
  const auto field_name = [](Field f) { return "data." + std::string(info(f).json); };
  // The fields of data in the order in which they are checked.
  std::vector<Field> order;
  if (known) {
    order.assign(info(*known).required.begin(), info(*known).required.end());
    for (std::size_t f = 0; f < kFields; ++f) {
      const auto field = static_cast<Field>(f);
      if ((info(*known).allowed & bit(field)) != 0 && std::ranges::find(order, field) == order.end())
        order.push_back(field);
    }
  }
  const bool has_data = data != nullptr && data->kind == Kind::kObject;
  const auto value_of = [&](Field f) { return has_data ? data->find(info(f).json) : nullptr; };

  for (const auto& [key, value] : {std::pair{"id", id}, {"source", source}, {"type", type}, {"time", time}}) {
    if (value == nullptr || (value->is_string() && value->text.empty())) return reject(Reason::kMissingField, key);
  }
  if (data == nullptr) return reject(Reason::kMissingField, "data");
  if (known && has_data) {
    for (const Field f : info(*known).required) {
      const Json* value = value_of(f);
      if (value == nullptr || (is_text(f) && value->is_string() && value->text.empty()))
        return reject(Reason::kMissingField, field_name(f));
    }
  }

  for (const auto& [key, value] : {std::pair{"id", id}, {"source", source}, {"type", type}, {"time", time}}) {
    if (!value->is_string()) return reject(Reason::kWrongType, key);
  }
  if (!has_data) return reject(Reason::kWrongType, "data");
  for (const Field f : order) {
    const Json* value = value_of(f);
    if (value == nullptr) continue;
    const bool whole_needed = !is_text(f) && info(f).kind != FieldKind::kLatency;
    const bool fits = is_text(f) ? value->is_string()
                                 : value->is_number() && !(whole_needed && value->kind == Kind::kFraction &&
                                                           value->number != std::floor(value->number));
    if (!fits) return reject(Reason::kWrongType, field_name(f));
  }

  if (id->text.size() > 256) return reject(Reason::kOutOfRange, "id");
  if (source->text.size() > 256) return reject(Reason::kOutOfRange, "source");
  const auto at = parse_rfc3339(time->text);
  if (!at) return reject(Reason::kOutOfRange, "time");
  const std::int64_t age = received_at.value - at->value;
  const bool too_old = retention_millis != 0 && age > retention_millis;
  if (at->value < 0 && !too_old) return reject(Reason::kOutOfRange, "time");
  for (const Field f : order) {
    const Json* value = value_of(f);
    if (value == nullptr) continue;
    const auto whole_within = [&](double low, double high) {
      return !value->negative && !value->outside && value->number >= low && value->number <= high;
    };
    bool fits = true;
    switch (info(f).kind) {
      case FieldKind::kText: out.texts[f] = value->text; break;
      case FieldKind::kIp: {
        const auto ip = ip_text(value->text);
        fits = ip.has_value();
        out.texts[f] = ip.value_or("");
        break;
      }
      case FieldKind::kOutcome:
        fits = value->text == "success" || value->text == "failure";
        out.texts[f] = value->text;
        break;
      case FieldKind::kDelivery:
        fits = std::ranges::find(kDeliveries, value->text) != kDeliveries.end();
        out.texts[f] = value->text;
        break;
      case FieldKind::kCountry:
        out.texts[f] = in_case(value->text, 'a', 'z', 'A' - 'a');
        fits =
            value->text.size() == 2 && std::ranges::all_of(out.texts[f], [](char c) { return c >= 'A' && c <= 'Z'; });
        break;
      case FieldKind::kStatus:
        fits = whole_within(100, 599);
        out.numbers[f] = value->number;
        break;
      case FieldKind::kAsn:
        fits = whole_within(0, 4294967295.0);
        out.numbers[f] = value->number;
        break;
      case FieldKind::kBytes:
        fits = !value->negative && !value->outside && value->number >= 0 &&
               (value->kind == Kind::kWhole || value->number < 18446744073709551616.0);
        if (fits) out.bytes = value->kind == Kind::kWhole ? value->whole : static_cast<std::uint64_t>(value->number);
        break;
      case FieldKind::kLatency:
        fits = !value->outside && value->number >= 0;
        out.numbers[f] = value->number;
        break;
    }
    if (!fits) return reject(Reason::kOutOfRange, field_name(f));
  }

  if (!known) return reject(Reason::kUnknownType, "type");
  if (-age > 300'000) return reject(Reason::kTimeInFuture, "time");
  if (too_old) return reject(Reason::kTimeTooOld, "time");
  out.admitted = true;
  out.event_type = *known;
  out.time = at->value;
  if (truth != nullptr && truth->is_string()) out.truth = cut(truth->text, 256);
  const std::string& address = out.texts[known == EventType::kEmailSend ? Field::kRecipient : Field::kEmail];
  if (const std::size_t at_sign = address.rfind('@'); at_sign != std::string::npos) {
    const std::string domain = address.substr(at_sign + 1);
    if (domain.size() <= 255) out.email_domain = in_case(domain, 'A', 'Z', 'a' - 'A');
  }
  return out;
}

/// What the two say about the same bytes; empty when they agree.
inline std::string difference(std::string_view raw, UnixMillis received_at, std::int64_t retention_millis,
                              bool admitted, const EventView& event, const Reject& reject) {
  const Verdict plain = decode(raw, received_at, retention_millis);
  const auto verdict = [](bool ok, Reason reason, const std::string& field) {
    return ok ? std::string("admitted") : std::string(reason_name(reason)) + " " + field;
  };
  const std::string fast_says = verdict(admitted, reject.reason, reject.field),
                    plain_says = verdict(plain.admitted, plain.reason, plain.field);
  if (fast_says != plain_says) return "verdict: " + fast_says + ", plainly " + plain_says;
  const auto differ = [](std::string_view what, std::string_view fast, std::string_view slow) {
    return fast == slow ? std::string()
                        : std::string(what) + ": \"" + std::string(fast) + "\", plainly \"" + std::string(slow) + "\"";
  };
  std::string all;
  if (!admitted) {
    all += differ("source", reject.source, plain.source);
    all += differ("id", reject.id, plain.id);
    all += differ("type", reject.type, plain.type);
    return all;
  }
  all += differ("type", info(event.type).name, info(plain.event_type).name);
  all += differ("time", std::to_string(event.time.value), std::to_string(plain.time));
  all += differ("source", event.source, plain.source);
  all += differ("id", event.id, plain.id);
  all += differ("truth", event.truth, plain.truth);
  all += differ("email_domain", event.email_domain, plain.email_domain);
  for (std::size_t f = 0; f < kFields; ++f) {
    const auto field = static_cast<Field>(f);
    const auto text = plain.texts.find(field);
    all += differ(info(field).column, event[field], text == plain.texts.end() ? "" : std::string_view(text->second));
  }
  const auto number = [&](Field f) {
    const auto found = plain.numbers.find(f);
    return std::to_string(found == plain.numbers.end() ? 0 : found->second);
  };
  all += differ("status", std::to_string(static_cast<double>(event.status)), number(Field::kStatus));
  all += differ("asn", std::to_string(static_cast<double>(event.asn)), number(Field::kAsn));
  all += differ("latency_ms", std::to_string(event.latency_ms), number(Field::kLatencyMs));
  all += differ("bytes", std::to_string(event.bytes), std::to_string(plain.bytes));
  return all;
}

/// Makes events that are nearly right, right, and not at all. The same seed makes the same ones.
class EventMaker {
 public:
  explicit EventMaker(std::uint64_t seed) : random_(seed) {}

  std::string next() {
    std::string out = object([&](std::string& to) {
      const EventType type = event_types()[below(kEventTypes)].type;
      member(to, "specversion", one_in(40) ? value() : "\"1.0\"");
      member(to, "id", one_in(20) ? value() : text());
      member(to, "source", one_in(20) ? value() : text());
      member(to, "type", one_in(20) ? value() : '"' + std::string(info(type).name) + '"');
      member(to, "time", one_in(20) ? value() : '"' + time() + '"');
      if (one_in(4)) member(to, "weirtruth", value());
      if (one_in(8)) member(to, any({"id", "data", "extra", "specversion", "ti\\u006de"}), value());
      member(to, "data", one_in(40) ? value() : object([&](std::string& fields) { data(type, fields); }));
    });
    if (one_in(3)) mutate(out);
    return out;
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string any(std::initializer_list<const char*> from) { return from.begin()[below(from.size())]; }
  std::string blank() { return one_in(10) ? any({" ", "\n", "\t\r", "  "}) : ""; }

  template <class Fill>
  std::string object(Fill&& fill) {
    std::string inside;
    fill(inside);
    return "{" + blank() + inside + "}";
  }
  void member(std::string& to, std::string_view key, const std::string& value) {
    if (one_in(60)) return;  // left out
    if (!to.empty()) to += "," + blank();
    to += '"' + std::string(key) + '"' + blank() + ":" + blank() + value + blank();
  }
  std::string text() {
    switch (below(12)) {
      case 0: return "\"\"";
      case 1: return R"("ä\u00e4\ud83d\ude00\"\\\/\n")";
      case 2: return '"' + std::string(below(300), 'x') + "\"";
      case 3: return R"("\ud800")";
      case 4: return "\"a\\u0000b\"";
      default: return "\"t" + std::to_string(below(1000)) + "\"";
    }
  }
  std::string number() {
    return any({"0",
                "-0",
                "1",
                "200",
                "404",
                "599",
                "600",
                "99",
                "-1",
                "1.5",
                "2e2",
                "200.0",
                "1e400",
                "-1e400",
                "1e-400",
                "0.1",
                "18446744073709551615",
                "18446744073709551616",
                "-9223372036854775808",
                "-9223372036854775809",
                "4294967295",
                "4294967296",
                "9007199254740993",
                "1.7976931348623157e308",
                "5e-324",
                "01",
                "1.",
                "+1"});
  }
  std::string value() {
    switch (below(8)) {
      case 0: return "null";
      case 1: return any({"true", "false"});
      case 2: return any({"[]", "{}", "[1,[2,{\"a\":null}]]", R"({"id":"x"})"});
      case 3: return any({"nul", "NaN", "Infinity", "'x'", "{,}", "[1,]"});
      case 4:
      case 5: return number();
      default: return text();
    }
  }
  std::string time() {
    return any({"2026-11-18T14:26:40Z", "2026-11-18T14:31:40.000Z", "2026-11-18T14:31:40.001Z", "2026-10-19T14:26:40Z",
                "2026-10-19T14:26:39.999Z", "2026-11-18t16:26:40.123456789+02:00", "1969-12-31T23:59:59Z", "yesterday",
                "2026-02-29T00:00:00Z", "9999-12-31T23:59:60-23:59", "0000-01-01T00:00:00+23:59"});
  }
  std::string plausible(Field field) {
    switch (info(field).kind) {
      case FieldKind::kText:
        return field == Field::kEmail || field == Field::kRecipient
                   ? any({"\"a@Example.COM\"", "\"no address\"", "\"a@b@c\"", "\"x@\""})
                   : text();
      case FieldKind::kIp:
        return any({"\"192.0.2.1\"", "\"2001:DB8:0:0:1:0:0:1\"", "\"::ffff:192.0.2.7\"", "\"192.0.2.01\"", "\"::\"",
                    "\"1:0:0:2::\"", "\"fe80::1%eth0\"", "\"192.0.2.1\\u0000\"", "\"::1.2.3.4\""});
      case FieldKind::kOutcome: return any({"\"success\"", "\"failure\"", "\"f\\u0061ilure\"", "\"maybe\""});
      case FieldKind::kDelivery: return any({"\"sent\"", "\"bounced\"", "\"complained\"", "\"Sent\""});
      case FieldKind::kCountry: return any({"\"DE\"", "\"de\"", "\"\\u0064E\"", "\"DEU\"", "\"d1\""});
      case FieldKind::kStatus: return one_in(3) ? number() : any({"200", "404", "5e2"});
      case FieldKind::kAsn:
      case FieldKind::kBytes:
      case FieldKind::kLatency: return number();
    }
    return "null";
  }
  void data(EventType type, std::string& to) {
    for (std::size_t f = 0; f < kFields; ++f) {
      const auto field = static_cast<Field>(f);
      const bool required = std::ranges::find(info(type).required, field) != info(type).required.end();
      if (!required && !one_in((info(type).allowed & bit(field)) != 0 ? 3 : 40)) continue;
      member(to, info(field).json, one_in(12) ? value() : plausible(field));
      if (one_in(20)) member(to, info(field).json, value());
    }
    if (one_in(10)) member(to, "unknown", value());
  }
  void mutate(std::string& text) {
    for (std::size_t n = 1 + below(3); n > 0 && !text.empty(); --n) {
      const std::size_t at = below(text.size());
      switch (below(5)) {
        case 0: text[at] = static_cast<char>(random_()); break;
        case 1: text.erase(at, 1 + below(8)); break;
        case 2: text.insert(at, text.substr(below(text.size()), below(20))); break;
        case 3: text.insert(at, 1, any({"\"", "\\", "{", "}", "[", "]", ",", ":", "0", "e", "-", " "})[0]); break;
        default: text.resize(at); break;
      }
    }
  }

  std::mt19937_64 random_;
};

}  // namespace weir::plain

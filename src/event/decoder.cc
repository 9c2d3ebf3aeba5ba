#include "event/decoder.h"

#include <simdjson.h>
#include <xxhash.h>

#include <charconv>
#include <cmath>

#include "base/check.h"
#include "base/duration_text.h"
#include "event/text_scan.h"

namespace weir {
namespace {

namespace dom = simdjson::dom;
static_assert(Decoder::kPadding >= simdjson::SIMDJSON_PADDING);

/// Finds a field of `data` by its JSON name. Built once from the table of fields; `status` is the HTTP status here, and its
/// other meaning is sorted out by type.
class FieldNames {
 public:
  FieldNames() {
    slots_.fill(-1);
    for (std::size_t i = 0; i < kFields; ++i) {
      const auto field = static_cast<Field>(i);
      if (field == Field::kDelivery) continue;
      const std::string_view name = info(field).json;
      next_[i] = slots_[slot(name)];
      slots_[slot(name)] = static_cast<std::int16_t>(i);
    }
  }
  int find(std::string_view name) const {
    if (name.empty()) return -1;
    for (int i = slots_[slot(name)]; i >= 0; i = next_[static_cast<std::size_t>(i)]) {
      if (info(static_cast<Field>(i)).json == name) return i;
    }
    return -1;
  }

 private:
  static std::size_t slot(std::string_view name) {
    return (name.size() * 31 + static_cast<std::uint8_t>(name[0]) * 7 + static_cast<std::uint8_t>(name.back())) & 63U;
  }
  std::array<std::int16_t, 64> slots_{};
  std::array<std::int16_t, kFields> next_{};
};

const FieldNames& field_names() {
  static const FieldNames names;
  return names;
}

/// At most the first `most` bytes of UTF-8, cut at a character.
std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<std::uint8_t>(text[most]) & 0xC0U) == 0x80U) --most;
  return text.substr(0, most);
}

/// What is shown of a foreign text in a sentence: at most 60 bytes, cut at a character.
std::string shown(std::string_view text) {
  if (text.size() <= 60) return std::string(text);
  return std::string(cut(text, 57)) + "…";
}

std::string_view json_type(dom::element e) {
  switch (e.type()) {
    case dom::element_type::ARRAY: return "an array";
    case dom::element_type::OBJECT: return "an object";
    case dom::element_type::INT64:
    case dom::element_type::UINT64:
    case dom::element_type::DOUBLE: return "a number";
    case dom::element_type::STRING: return "a string";
    case dom::element_type::BOOL: return "a boolean";
    case dom::element_type::NULL_VALUE: return "null";
  }
  return "something else";
}

bool is_number(dom::element e) {
  const auto t = e.type();
  return t == dom::element_type::INT64 || t == dom::element_type::UINT64 || t == dom::element_type::DOUBLE;
}

bool is_text_kind(FieldKind kind) {
  return kind == FieldKind::kText || kind == FieldKind::kIp || kind == FieldKind::kOutcome ||
         kind == FieldKind::kDelivery || kind == FieldKind::kCountry;
}

std::string_view text_of(dom::element e) { return e.get_string().value_unsafe(); }

/// An integer 0 … 2^64-1, also when written as 5.0 or 5e0.
enum class IntegerKind { kFits, kOutside, kFraction };
IntegerKind integer_of(dom::element e, std::uint64_t& out) {
  switch (e.type()) {
    case dom::element_type::UINT64: out = e.get_uint64().value_unsafe(); return IntegerKind::kFits;
    case dom::element_type::INT64: {
      const std::int64_t v = e.get_int64().value_unsafe();
      if (v < 0) return IntegerKind::kOutside;
      out = static_cast<std::uint64_t>(v);
      return IntegerKind::kFits;
    }
    default: {
      const double v = e.get_double().value_unsafe();
      if (v != std::floor(v)) return IntegerKind::kFraction;
      if (v < 0 || v >= 18446744073709551616.0) return IntegerKind::kOutside;
      out = static_cast<std::uint64_t>(v);
      return IntegerKind::kFits;
    }
  }
}

std::string data_field(Field field) { return "data." + std::string(info(field).json); }

}  // namespace

struct Decoder::Impl {
  explicit Impl(DecodeLimits l) : limits(l) {}

  DecodeLimits limits;
  dom::parser parser;
  std::string repaired;  // the event with numbers replaced that no machine type holds
  bool numbers_replaced = false;
  std::array<char, 48> ip_buffer{};
  std::array<char, 2> country_buffer{};
  std::string domain_buffer;

  // The attributes of the event at hand; a NULL_VALUE counts as absent.
  struct Attributes {
    std::optional<dom::element> specversion, id, source, type, time, data, truth;
  };

  static void reject(Reject& out, Reason reason, std::string field, std::string message) {
    out.reason = reason;
    out.field = std::move(field);
    out.message = std::move(message);
  }

  simdjson::error_code parse(std::string_view raw, bool padded, dom::element& root) {
    auto error = parser.parse(reinterpret_cast<const std::uint8_t*>(raw.data()), raw.size(), !padded).get(root);
    numbers_replaced = false;
    if (error == simdjson::NUMBER_ERROR) {
      // A number that no machine type holds is well-formed JSON all the same: it is out of range, not malformed.
      numbers_replaced = replace_huge_numbers(raw, repaired);
      if (numbers_replaced) error = parser.parse(repaired).get(root);
    }
    if (!error && has_lone_surrogate(raw)) error = simdjson::STRING_ERROR;
    return error;
  }

  static Attributes attributes_of(dom::object object) {
    Attributes a;
    auto keep = [](std::optional<dom::element>& slot, dom::element value) {
      if (!slot && !value.is_null()) slot = value;  // of a key given twice the first counts
    };
    for (dom::key_value_pair pair : object) {
      const std::string_view key = pair.key;
      switch (key.size()) {
        case 2:
          if (key == "id") keep(a.id, pair.value);
          break;
        case 4:
          if (key == "type")
            keep(a.type, pair.value);
          else if (key == "time")
            keep(a.time, pair.value);
          else if (key == "data")
            keep(a.data, pair.value);
          break;
        case 6:
          if (key == "source") keep(a.source, pair.value);
          break;
        case 9:
          if (key == "weirtruth") keep(a.truth, pair.value);
          break;
        case 11:
          if (key == "specversion") keep(a.specversion, pair.value);
          break;
        default: break;
      }
    }
    return a;
  }

  /// Copies what can be read of the identity into the reject.
  static void name(const Attributes& a, Reject& out) {
    auto copy = [](const std::optional<dom::element>& e, std::string& to) {
      if (e && e->is_string()) to = cut(text_of(*e), 4 * kMaxIdentityBytes);
    };
    copy(a.source, out.source);
    copy(a.id, out.id);
    copy(a.type, out.type);
  }

  bool decode(std::string_view raw, UnixMillis received_at, bool padded, EventView& event, Reject& out) {
    dom::element root;
    if (const auto error = parse(raw, padded, root)) {
      out = {};
      reject(out, Reason::kMalformedJson, "", malformed_message(error));
      return false;
    }
    dom::object object;
    if (root.get_object().get(object)) {
      out = {};
      reject(out, Reason::kNotCloudEvent, "",
             "The event is " + std::string(json_type(root)) + "; a CloudEvent is an object.");
      return false;
    }
    const Attributes a = attributes_of(object);
    if (check(raw, received_at, a, event, out)) return true;
    out.source.clear();
    out.id.clear();
    out.type.clear();
    name(a, out);
    return false;
  }

  static std::string malformed_message(simdjson::error_code error) {
    if (error == simdjson::UTF8_ERROR) return "The bytes are no UTF-8 text; JSON must be UTF-8.";
    if (error == simdjson::DEPTH_ERROR) return "The JSON is cut off, or nested deeper than 1,024 levels.";
    if (error == simdjson::EMPTY) return "The event is empty.";
    return std::string("This is no valid JSON: ") + simdjson::error_message(error);
  }

  /// All checks in the order of the list of reasons; fills `event`.
  bool check(std::string_view raw, UnixMillis received_at, const Attributes& a, EventView& event, Reject& out) {
    // not_cloudevent
    if (!a.specversion) {
      reject(out, Reason::kNotCloudEvent, "specversion",
             "specversion is missing; a CloudEvent says \"specversion\": \"1.0\".");
      return false;
    }
    if (!a.specversion->is_string() || text_of(*a.specversion) != "1.0") {
      reject(out, Reason::kNotCloudEvent, "specversion",
             "specversion is not \"1.0\", the only version that Weir reads.");
      return false;
    }
    // too_large
    if (raw.size() > kMaxEventBytes) {
      reject(out, Reason::kTooLarge, "",
             fmt::format("The event has {} bytes; at most {} are allowed.", raw.size(), kMaxEventBytes));
      return false;
    }
    const std::array<std::pair<std::string_view, const std::optional<dom::element>*>, 4> strings{
        {{"id", &a.id}, {"source", &a.source}, {"type", &a.type}, {"time", &a.time}}};

    std::optional<EventType> type;
    if (a.type && a.type->is_string()) type = event_type_named(text_of(*a.type));
    dom::object data;
    const bool data_is_object = a.data && !a.data->get_object().get(data);
    std::array<dom::element, kFields> values;
    FieldSet given = 0;
    if (type && data_is_object) given = collect(*type, data, values);

    // missing_field
    for (const auto& [name, attribute] : strings) {
      if (!*attribute || ((*attribute)->is_string() && text_of(**attribute).empty())) {
        reject(out, Reason::kMissingField, std::string(name),
               fmt::format("The attribute {} is {}; every event needs it.", name, *attribute ? "empty" : "missing"));
        return false;
      }
    }
    if (!a.data) {
      reject(out, Reason::kMissingField, "data", "data is missing; it holds what happened.");
      return false;
    }
    if (type && data_is_object) {
      for (Field field : info(*type).required) {
        const dom::element& value = values[static_cast<std::size_t>(field)];
        const bool there = (given & bit(field)) != 0;
        if (there && !(is_text_kind(info(field).kind) && value.is_string() && text_of(value).empty())) continue;
        reject(out, Reason::kMissingField, data_field(field),
               fmt::format("{} is {}; an {} event needs it.", data_field(field), there ? "empty" : "missing",
                           info(*type).name));
        return false;
      }
    }
    // wrong_type
    for (const auto& [name, attribute] : strings) {
      if (!(*attribute)->is_string()) {
        reject(out, Reason::kWrongType, std::string(name),
               fmt::format("The attribute {} is {}; it must be a string.", name, json_type(**attribute)));
        return false;
      }
    }
    if (!data_is_object) {
      reject(out, Reason::kWrongType, "data", fmt::format("data is {}; it must be an object.", json_type(*a.data)));
      return false;
    }
    if (type && !types_fit(*type, given, values, out)) return false;
    // out_of_range
    for (const auto& [name, attribute] : {strings[0], strings[1]}) {
      if (text_of(**attribute).size() > kMaxIdentityBytes) {
        reject(out, Reason::kOutOfRange, std::string(name),
               fmt::format("The attribute {} has {} bytes; at most {} are allowed.", name, text_of(**attribute).size(),
                           kMaxIdentityBytes));
        return false;
      }
    }
    const std::optional<UnixMillis> time = parse_rfc3339(text_of(*a.time));
    if (!time) {
      reject(out, Reason::kOutOfRange, "time",
             fmt::format("time is \"{}\", which is no RFC 3339 time; write it like 2026-01-31T12:00:00.000Z.",
                         shown(text_of(*a.time))));
      return false;
    }
    const bool too_old = limits.retention_millis != 0 && received_at - *time > limits.retention_millis;
    if (time->value < 0 && !too_old) {
      reject(out, Reason::kOutOfRange, "time", "time is before 1970, the first year that Weir keeps.");
      return false;
    }
    if (type && !take_values(*type, given, values, event, out)) return false;
    // unknown_type
    if (!type) {
      reject(out, Reason::kUnknownType, "type",
             fmt::format("The type \"{}\" is not known to Weir.", shown(text_of(*a.type))));
      return false;
    }
    // time_in_future, time_too_old
    if (*time - received_at > kMaxFutureMillis) {
      reject(out, Reason::kTimeInFuture, "time",
             fmt::format("time is {} s ahead of its arrival; at most 300 s are allowed. Check the producer's clock.",
                         (*time - received_at) / 1000));
      return false;
    }
    if (too_old) {
      reject(out, Reason::kTimeTooOld, "time",
             fmt::format("time is {} before its arrival; events are kept for {}.", duration_text(received_at - *time),
                         duration_text(limits.retention_millis)));
      return false;
    }
    event.type = *type;
    event.time = *time;
    event.received_at = received_at;
    event.id = text_of(*a.id);
    event.source = text_of(*a.source);
    event.truth = a.truth && a.truth->is_string() ? cut(text_of(*a.truth), kMaxIdentityBytes) : std::string_view();
    event.email_domain = domain_of(event);
    return true;
  }

  /// The fields of `data` that this type may have, by number.
  static FieldSet collect(EventType type, dom::object data, std::array<dom::element, kFields>& values) {
    const FieldSet allowed = info(type).allowed;
    const FieldNames& names = field_names();
    FieldSet given = 0;
    for (dom::key_value_pair pair : data) {
      const int found = names.find(pair.key);
      if (found < 0) continue;
      auto field = static_cast<Field>(found);
      if (field == Field::kStatus && type == EventType::kEmailSend) field = Field::kDelivery;
      if ((allowed & bit(field)) == 0 || (given & bit(field)) != 0 || pair.value.is_null()) continue;
      values[static_cast<std::size_t>(field)] = pair.value;
      given |= bit(field);
    }
    return given;
  }

  /// Calls `each(field)` for the given fields: required ones in their order, then the others; stops at the first false.
  template <class Each>
  static bool for_each(EventType type, FieldSet given, Each&& each) {
    for (Field field : info(type).required) {
      if (!each(field)) return false;
      given &= ~bit(field);
    }
    while (given != 0) {
      const auto field = static_cast<Field>(std::countr_zero(given));
      given &= given - 1;
      if (!each(field)) return false;
    }
    return true;
  }

  static bool types_fit(EventType type, FieldSet given, const std::array<dom::element, kFields>& values, Reject& out) {
    return for_each(type, given, [&](Field field) {
      const dom::element& value = values[static_cast<std::size_t>(field)];
      const FieldKind kind = info(field).kind;
      const char* wanted = nullptr;
      if (is_text_kind(kind)) {
        if (!value.is_string()) wanted = "a string";
      } else if (!is_number(value)) {
        wanted = "a number";
      } else if (std::uint64_t n = 0; kind != FieldKind::kLatency && integer_of(value, n) == IntegerKind::kFraction) {
        wanted = "a whole number";
      }
      if (wanted == nullptr) return true;
      reject(out, Reason::kWrongType, data_field(field),
             fmt::format("{} is {}; it must be {}.", data_field(field), json_type(value), wanted));
      return false;
    });
  }

  bool take_values(EventType type, FieldSet given, const std::array<dom::element, kFields>& values, EventView& event,
                   Reject& out) {
    event.present = 0;
    event.text.fill({});
    event.status = 0;
    event.asn = 0;
    event.bytes = 0;
    event.latency_ms = 0;
    return for_each(type, given, [&](Field field) {
      const dom::element& value = values[static_cast<std::size_t>(field)];
      std::string_view& text = event.text[static_cast<std::size_t>(field)];
      std::uint64_t number = 0;
      auto within = [&](std::uint64_t low, std::uint64_t high) {
        return integer_of(value, number) == IntegerKind::kFits && number >= low && number <= high;
      };
      auto outside = [&](std::string_view allowed) {
        std::string said = value.is_string() ? "\"" + shown(text_of(value)) + "\"" : simdjson::minify(value);
        if (numbers_replaced && said == "-1") said = "a number that 64 bits do not hold";
        reject(out, Reason::kOutOfRange, data_field(field),
               fmt::format("{} is {}; {}.", data_field(field), shown(said), allowed));
        return false;
      };
      event.present |= bit(field);
      switch (info(field).kind) {
        case FieldKind::kText: text = text_of(value); return true;
        case FieldKind::kIp: {
          const auto ip = canonical_ip(text_of(value), ip_buffer);
          if (!ip) return outside("it must be an IPv4 or IPv6 address");
          text = *ip;
          return true;
        }
        case FieldKind::kOutcome:
          text = text_of(value);
          return text == kOutcomes[0] || text == kOutcomes[1] || outside("it must be success or failure");
        case FieldKind::kDelivery:
          text = text_of(value);
          return std::ranges::find(kDeliveries, text) != kDeliveries.end() ||
                 outside("it must be sent, delivered, deferred, bounced or complained");
        case FieldKind::kCountry:
          return take_country(text_of(value), text) ||
                 outside("it must be a country code of two letters (ISO 3166-1 alpha-2)");
        case FieldKind::kStatus:
          if (!within(100, 599)) return outside("it must be an HTTP status from 100 to 599");
          event.status = static_cast<std::uint16_t>(number);
          return true;
        case FieldKind::kAsn:
          if (!within(0, 0xFFFFFFFFU)) return outside("it must be an autonomous system number of 32 bits");
          event.asn = static_cast<std::uint32_t>(number);
          return true;
        case FieldKind::kBytes:
          if (!within(0, ~std::uint64_t{0})) return outside("it must be a whole number from 0 to 2^64 - 1");
          event.bytes = number;
          return true;
        case FieldKind::kLatency:
          event.latency_ms = value.get_double().value_unsafe();
          if (value.type() == dom::element_type::INT64)
            event.latency_ms = static_cast<double>(value.get_int64().value_unsafe());
          if (value.type() == dom::element_type::UINT64)
            event.latency_ms = static_cast<double>(value.get_uint64().value_unsafe());
          return event.latency_ms >= 0 || outside("it must be a number of milliseconds, 0 or more");
      }
      return false;
    });
  }

  bool take_country(std::string_view given, std::string_view& text) {
    if (given.size() != 2) return false;
    for (std::size_t i = 0; i < 2; ++i) {
      char c = given[i];
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
      if (c < 'A' || c > 'Z') return false;
      country_buffer[i] = c;
    }
    text = given == std::string_view(country_buffer.data(), 2) ? given : std::string_view(country_buffer.data(), 2);
    return true;
  }

  std::string_view domain_of(const EventView& event) {
    const std::string_view address =
        event.type == EventType::kEmailSend ? event[Field::kRecipient] : event[Field::kEmail];
    const std::size_t at = address.rfind('@');
    if (at == std::string_view::npos || address.size() - at - 1 > 255) return {};
    const std::string_view domain = address.substr(at + 1);
    if (std::ranges::none_of(domain, [](char c) { return c >= 'A' && c <= 'Z'; })) return domain;
    domain_buffer.assign(domain);
    for (char& c : domain_buffer) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return domain_buffer;
  }
};

Decoder::Decoder(DecodeLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
void Decoder::set_limits(DecodeLimits limits) { impl_->limits = limits; }
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

bool Decoder::decode(std::string_view raw, UnixMillis received_at, bool padded, EventView& event, Reject& reject) {
  return impl_->decode(raw, received_at, padded, event, reject);
}

struct IdentityReader::Impl {
  simdjson::ondemand::parser parser;
  std::string copy;
  std::string source, id;

  /// True when both are there as the decoder would read them.
  bool read(std::string_view raw, bool padded) {
    if (!padded) {
      copy.assign(raw);
      copy.append(simdjson::SIMDJSON_PADDING, '\0');
      raw = std::string_view(copy).substr(0, raw.size());
    }
    simdjson::ondemand::document document;
    const simdjson::padded_string_view view(raw.data(), raw.size(), raw.size() + simdjson::SIMDJSON_PADDING);
    if (parser.iterate(view).get(document)) return false;
    simdjson::ondemand::object object;
    if (document.get_object().get(object)) return false;
    bool has_source = false, has_id = false;
    for (auto field : object) {
      std::string_view key;
      if (field.unescaped_key().get(key)) return false;
      const bool is_id = key == "id", is_source = key == "source";
      if (!is_id && !is_source) continue;
      std::string_view text;
      if (field.value().get_string().get(text)) continue;  // null or mistyped: not this one
      if (is_id && !has_id) {
        id.assign(text);
        has_id = true;
      } else if (is_source && !has_source) {
        source.assign(text);
        has_source = true;
      }
      if (has_id && has_source) return true;
    }
    return false;
  }
};

IdentityReader::IdentityReader() : impl_(std::make_unique<Impl>()) {}
IdentityReader::~IdentityReader() = default;

std::uint32_t IdentityReader::partition(std::string_view raw, std::uint32_t partitions, bool padded) {
  const std::uint64_t hash =
      impl_->read(raw, padded) ? identity_hash(impl_->source, impl_->id).low : XXH3_64bits(raw.data(), raw.size());
  return static_cast<std::uint32_t>(hash % partitions);
}

IdentityHash identity_hash(std::string_view source, std::string_view id) {
  // The length in front keeps ("ab", "c") and ("a", "bc") apart, whatever bytes they hold.
  std::array<char, 4 + 2 * kMaxIdentityBytes> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
  const auto length = static_cast<std::uint32_t>(source.size());
  XXH128_hash_t hash;
  if (source.size() + id.size() <= 2 * kMaxIdentityBytes) {
    std::memcpy(buffer.data(), &length, 4);
    std::memcpy(buffer.data() + 4, source.data(), source.size());
    std::memcpy(buffer.data() + 4 + source.size(), id.data(), id.size());
    hash = XXH3_128bits(buffer.data(), 4 + source.size() + id.size());
  } else {
    std::string long_buffer(reinterpret_cast<const char*>(&length), 4);
    long_buffer.append(source).append(id);
    hash = XXH3_128bits(long_buffer.data(), long_buffer.size());
  }
  return {hash.high64, hash.low64};
}

}  // namespace weir

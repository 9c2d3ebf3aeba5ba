#include "api/json_schema.h"

#include <fmt/format.h>

#include "api/problem.h"

namespace weir {
namespace {

std::string list(std::span<const std::string_view> values) {
  std::string out;
  for (const std::string_view value : values) out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", value);
  return "[" + out + "]";
}

/// The schema of one field, without its `null`.
std::string field_schema(const FieldInfo& field, bool required) {
  const std::string_view least = required ? R"(, "minLength": 1)" : "";
  switch (field.kind) {
    case FieldKind::kText: return fmt::format(R"({{"type": "string"{}}})", least);
    case FieldKind::kIp:
      return R"({"type": "string", "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}], "description": "IPv4 or IPv6; kept in canonical text (RFC 5952)."})";
    case FieldKind::kOutcome: return fmt::format(R"({{"enum": {}}})", list(kOutcomes));
    case FieldKind::kDelivery: return fmt::format(R"({{"enum": {}}})", list(kDeliveries));
    case FieldKind::kCountry:
      return R"({"type": "string", "pattern": "^[A-Za-z]{2}$", "description": "ISO 3166-1 alpha-2."})";
    case FieldKind::kStatus: return R"({"type": "integer", "minimum": 100, "maximum": 599})";
    case FieldKind::kAsn: return R"({"type": "integer", "minimum": 0, "maximum": 4294967295})";
    case FieldKind::kBytes: return R"({"type": "integer", "minimum": 0, "maximum": 18446744073709551615})";
    case FieldKind::kLatency: return R"({"type": "number", "minimum": 0, "description": "Milliseconds."})";
  }
  return "{}";
}

}  // namespace

std::string event_schema(EventType type) {
  const TypeInfo& about = info(type);
  FieldSet required = 0;
  std::string needed;
  for (const Field field : about.required) {
    required |= bit(field);
    needed += fmt::format("{}\"{}\"", needed.empty() ? "" : ", ", info(field).json);
  }
  std::string fields;
  for (std::size_t i = 0; i < kFields; ++i) {
    const auto field = static_cast<Field>(i);
    if ((about.allowed & bit(field)) == 0) continue;
    const bool must = (required & bit(field)) != 0;
    const std::string schema = field_schema(info(field), must);
    // A field that is null is absent.
    fields += fmt::format("{}\n        \"{}\": {}", fields.empty() ? "" : ",", info(field).json,
                          must ? schema : R"({"anyOf": [)" + schema + R"(, {"type": "null"}]})");
  }
  return fmt::format(R"({{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "/schemas/{0}.json",
  "title": "{0}",
  "description": "A CloudEvent 1.0 of type {0}, at most {1} bytes. Unknown attributes and data fields are allowed and ignored.",
  "type": "object",
  "required": ["specversion", "id", "source", "type", "time", "data"],
  "properties": {{
    "specversion": {{"const": "1.0"}},
    "id": {{"type": "string", "minLength": 1, "maxLength": {2}, "description": "At most {2} bytes of UTF-8. With source, the identity of the event."}},
    "source": {{"type": "string", "minLength": 1, "maxLength": {2}, "description": "At most {2} bytes of UTF-8."}},
    "type": {{"const": "{0}"}},
    "time": {{"type": "string", "format": "date-time", "description": "RFC 3339; cut to milliseconds."}},
    "data": {{
      "type": "object",
      "required": [{3}],
      "properties": {{{4}
      }}
    }}
  }}
}}
)",
                     about.name, kMaxEventBytes, kMaxIdentityBytes, needed, fields);
}

std::vector<Route> schema_routes() {
  return {{.method = "GET",
           .path = "/schemas/{type}.json",
           .summary = "The JSON Schema (2020-12) of an event type.",
           .scope = Scope::kOpen,
           .answer =
               [](const RouteRequest& request) {
                 const auto type = event_type_named(request.path.at(0));
                 if (!type) {
                   std::string known;
                   for (const TypeInfo& one : event_types())
                     known += fmt::format("{}{}", known.empty() ? "" : ", ", one.name);
                   return problem({.status = 404,
                                   .detail = "There is no such event type. Known are: " + known + ".",
                                   .parameter = "type"});
                 }
                 HttpResponse response = json_response(event_schema(*type));
                 response.content_type = "application/schema+json";
                 return response;
               },
           .produces = "application/schema+json"}};
}

}  // namespace weir

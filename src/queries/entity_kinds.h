// The kinds of things that events are about, and where in an event they stand.
#pragma once

#include <array>
#include <string_view>

namespace weir {

struct EntityKind {
  std::string_view name;
  std::string_view column;  // of `events`
  std::string_view key;     // SQL: its value as text, '' where an event has none
};

inline constexpr std::array<EntityKind, 6> kEntityKinds{{
    {"user", "user_id", "user_id"},
    {"ip", "ip", "ip"},
    {"asn", "asn", "if(asn = 0, '', toString(asn))"},
    {"country", "country", "country"},
    {"email_domain", "email_domain", "email_domain"},
    {"device", "device_id", "device_id"},
}};

inline const EntityKind* entity_kind_named(std::string_view name) {
  for (const EntityKind& kind : kEntityKinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

}  // namespace weir

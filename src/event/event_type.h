// The vocabulary of events, said once: types, fields, and which field each type requires or may have (contract 3).
// The decoder, the JSON Schemas in schemas/, the /schemas routes and the quality panel all read this table.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weir {

enum class EventType : std::uint8_t {
  kSignup,
  kLogin,
  kLogout,
  kPasswordChange,
  kPasswordReset,
  kMfa,
  kApiRequest,
  kEmailSend,
};
inline constexpr std::size_t kEventTypes = 8;

/// Fields of `data`. The order is that of the checks after the required ones and of JSON output.
enum class Field : std::uint8_t {
  kUserId,
  kIp,
  kEmail,
  kOutcome,
  kReason,
  kAuthMethod,
  kMethod,
  kPath,
  kStatus,
  kLatencyMs,
  kBytes,
  kReferrer,
  kRecipient,
  kDelivery,
  kTemplate,
  kProvider,
  kMessageId,
  kDsn,
  kUserAgent,
  kCountry,
  kAsn,
  kSessionId,
  kDeviceId,
};
inline constexpr std::size_t kFields = 23;

/// A set of fields.
using FieldSet = std::uint32_t;
constexpr FieldSet bit(Field f) { return FieldSet{1} << static_cast<unsigned>(f); }

enum class FieldKind : std::uint8_t {
  kText,      // any string
  kIp,        // IPv4 or IPv6 text
  kOutcome,   // success, failure
  kDelivery,  // sent, delivered, deferred, bounced, complained
  kCountry,   // ISO 3166-1 alpha-2
  kStatus,    // HTTP status, 100–599
  kAsn,       // 0 … 2^32-1
  kBytes,     // integer ≥ 0
  kLatency,   // number ≥ 0, milliseconds
};

struct FieldInfo {
  Field field;
  std::string_view json;    // its name in `data`
  std::string_view column;  // its name in tables, filters and dimensions; differs for the status of an email
  FieldKind kind;
};

struct TypeInfo {
  EventType type;
  std::string_view name;            // as in the CloudEvents attribute `type`
  std::string_view service;         // the part before the dot: what Sigma's `logsource.service` names
  std::span<const Field> required;  // in the order in which they are checked
  FieldSet allowed;                 // required and optional
};

const std::array<TypeInfo, kEventTypes>& event_types();
const TypeInfo& info(EventType type);
const FieldInfo& info(Field field);
std::optional<EventType> event_type_named(std::string_view name);

inline constexpr std::array<std::string_view, 2> kOutcomes{"success", "failure"};
inline constexpr std::array<std::string_view, 5> kDeliveries{"sent", "delivered", "deferred", "bounced", "complained"};

/// Limits of contract 3.
inline constexpr std::size_t kMaxEventBytes = 64 * 1024;
inline constexpr std::size_t kMaxIdentityBytes = 256;
inline constexpr std::int64_t kMaxFutureMillis = 5 * 60 * 1000;
inline constexpr std::int64_t kLateMillis = 60 * 1000;

}  // namespace weir

#include "event/event_type.h"

namespace weir {
namespace {

using enum Field;

constexpr std::array<FieldInfo, kFields> kFieldTable{{
    {kUserId, "user_id", "user_id", FieldKind::kText},
    {kIp, "ip", "ip", FieldKind::kIp},
    {kEmail, "email", "email", FieldKind::kText},
    {kOutcome, "outcome", "outcome", FieldKind::kOutcome},
    {kReason, "reason", "reason", FieldKind::kText},
    {kAuthMethod, "auth_method", "auth_method", FieldKind::kText},
    {kMethod, "method", "method", FieldKind::kText},
    {kPath, "path", "path", FieldKind::kText},
    {kStatus, "status", "status", FieldKind::kStatus},
    {kLatencyMs, "latency_ms", "latency_ms", FieldKind::kLatency},
    {kBytes, "bytes", "bytes", FieldKind::kBytes},
    {kReferrer, "referrer", "referrer", FieldKind::kText},
    {kRecipient, "recipient", "recipient", FieldKind::kText},
    {kDelivery, "status", "delivery", FieldKind::kDelivery},
    {kTemplate, "template", "template", FieldKind::kText},
    {kProvider, "provider", "provider", FieldKind::kText},
    {kMessageId, "message_id", "message_id", FieldKind::kText},
    {kDsn, "dsn", "dsn", FieldKind::kText},
    {kUserAgent, "user_agent", "user_agent", FieldKind::kText},
    {kCountry, "country", "country", FieldKind::kCountry},
    {kAsn, "asn", "asn", FieldKind::kAsn},
    {kSessionId, "session_id", "session_id", FieldKind::kText},
    {kDeviceId, "device_id", "device_id", FieldKind::kText},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < kFields; ++i) {
    if (static_cast<std::size_t>(kFieldTable[i].field) != i) return false;
  }
  return true;
}
static_assert(in_order(), "a field's number is its place in the table");

constexpr std::array kSignupNeeds{kUserId, kIp, kEmail};
constexpr std::array kOutcomeNeeds{kUserId, kIp, kOutcome};
constexpr std::array kPlainNeeds{kUserId, kIp};
constexpr std::array kApiNeeds{kIp, kMethod, kPath, kStatus};
constexpr std::array kEmailNeeds{kRecipient, kDelivery};

constexpr FieldSet kCommon = bit(kUserAgent) | bit(kCountry) | bit(kAsn) | bit(kSessionId) | bit(kDeviceId);

constexpr FieldSet all(std::span<const Field> needs, FieldSet more) {
  for (Field f : needs) more |= bit(f);
  return more | kCommon;
}

constexpr std::array<TypeInfo, kEventTypes> kTypeTable{{
    {EventType::kSignup, "account.signup", "account", kSignupNeeds, all(kSignupNeeds, 0)},
    {EventType::kLogin, "account.login", "account", kOutcomeNeeds,
     all(kOutcomeNeeds, bit(kReason) | bit(kEmail) | bit(kAuthMethod))},
    {EventType::kLogout, "account.logout", "account", kPlainNeeds, all(kPlainNeeds, 0)},
    {EventType::kPasswordChange, "account.password_change", "account", kOutcomeNeeds, all(kOutcomeNeeds, 0)},
    {EventType::kPasswordReset, "account.password_reset", "account", kPlainNeeds, all(kPlainNeeds, bit(kEmail))},
    {EventType::kMfa, "account.mfa", "account", kOutcomeNeeds, all(kOutcomeNeeds, bit(kAuthMethod))},
    {EventType::kApiRequest, "api.request", "api", kApiNeeds,
     all(kApiNeeds, bit(kLatencyMs) | bit(kUserId) | bit(kBytes) | bit(kReferrer))},
    {EventType::kEmailSend, "email.send", "email", kEmailNeeds,
     all(kEmailNeeds, bit(kUserId) | bit(kTemplate) | bit(kProvider) | bit(kMessageId) | bit(kDsn) | bit(kIp))},
}};

}  // namespace

const std::array<TypeInfo, kEventTypes>& event_types() { return kTypeTable; }
const TypeInfo& info(EventType type) { return kTypeTable[static_cast<std::size_t>(type)]; }
const FieldInfo& info(Field field) { return kFieldTable[static_cast<std::size_t>(field)]; }

std::optional<EventType> event_type_named(std::string_view name) {
  for (const TypeInfo& type : kTypeTable) {
    if (type.name == name) return type.type;
  }
  return std::nullopt;
}

}  // namespace weir

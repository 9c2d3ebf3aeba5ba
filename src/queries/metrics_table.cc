#include "queries/metrics_table.h"

#include <algorithm>
#include <array>

namespace weir {

namespace {

constexpr auto kCount = MetricKind::kCount;
constexpr auto kRatio = MetricKind::kRatio;
constexpr auto kQuantile = MetricKind::kQuantile;
constexpr auto kUnique = MetricKind::kUnique;

constexpr std::string_view kLatency = "quantilesBFloat16WeightedMerge(0.5, 0.95, 0.99)(latency)";
// The bit of latency_ms in `present` (bit n: field n of event_type.h): a request may have no measured latency.
static_assert(static_cast<int>(Field::kLatencyMs) == 9);
constexpr std::string_view kMeasured = "type = 'api.request' AND bitTest(present, 9)";
static_assert(static_cast<int>(Field::kAsn) == 20);

// ip_top10_share: events of the ten busiest addresses ÷ events with an address. The sketch (approx_top_sum, 300 counters)
// gives each count with the most that it may be too large; less that, it is a lower bound, and exact for addresses that
// stand out. The whole is events less emails: every other type requires an address. Emails that have one too can only make
// the share too large, never above 1.
constexpr std::string_view kTopShare = "arraySum(t -> t.2 - t.3, approx_top_sumMerge(10, 300)(top_ips))";

constexpr std::array<MetricInfo, 26> kMetrics{{
    {"events", "Events", "events", kCount, "events", "", "1", "", {}, false},
    {"logins", "Logins", "events", kCount, "logins", "", "type = 'account.login'", "", EventType::kLogin, false},
    {"login_failures", "Failed logins", "events", kCount, "login_failures", "",
     "type = 'account.login' AND outcome = 'failure'", "", EventType::kLogin, false},
    {"login_failure_ratio", "Logins that fail", "ratio", kRatio, "login_failures", "logins", "type = 'account.login'",
     "outcome = 'failure'", EventType::kLogin, false},
    {"signups", "New accounts", "events", kCount, "signups", "", "type = 'account.signup'", "", EventType::kSignup,
     false},
    {"password_changes", "Password changes", "events", kCount, "password_changes", "",
     "type = 'account.password_change'", "", EventType::kPasswordChange, false},
    {"password_resets", "Password resets", "events", kCount, "password_resets", "", "type = 'account.password_reset'",
     "", EventType::kPasswordReset, false},
    {"mfa_failures", "Second factor failed", "events", kCount, "mfa_failures", "",
     "type = 'account.mfa' AND outcome = 'failure'", "", EventType::kMfa, false},
    {"api_requests", "API requests", "events", kCount, "api_requests", "", "type = 'api.request'", "",
     EventType::kApiRequest, false},
    {"api_errors", "API errors", "events", kCount, "api_errors", "", "type = 'api.request' AND status >= 400", "",
     EventType::kApiRequest, false},
    {"api_error_ratio", "API errors, share of requests", "ratio", kRatio, "api_errors", "api_requests",
     "type = 'api.request'", "status >= 400", EventType::kApiRequest, false},
    {"api_latency_p50", "API latency, half of requests", "ms", kQuantile, kLatency, "1", kMeasured, "0.5",
     EventType::kApiRequest, false},
    {"api_latency_p95", "API latency, 19 of 20 requests", "ms", kQuantile, kLatency, "2", kMeasured, "0.95",
     EventType::kApiRequest, false},
    {"api_latency_p99", "API latency, 99 of 100 requests", "ms", kQuantile, kLatency, "3", kMeasured, "0.99",
     EventType::kApiRequest, false},
    {"emails", "Emails", "events", kCount, "emails", "", "type = 'email.send'", "", EventType::kEmailSend, false},
    {"email_bounces", "Emails bounced", "events", kCount, "email_bounces", "",
     "type = 'email.send' AND delivery = 'bounced'", "", EventType::kEmailSend, false},
    {"email_bounce_ratio", "Emails bounced, share of all", "ratio", kRatio, "email_bounces", "emails",
     "type = 'email.send'", "delivery = 'bounced'", EventType::kEmailSend, false},
    {"email_complaints", "Complaints about emails", "events", kCount, "email_complaints", "",
     "type = 'email.send' AND delivery = 'complained'", "", EventType::kEmailSend, false},
    {"email_deferrals", "Emails deferred", "events", kCount, "email_deferrals", "",
     "type = 'email.send' AND delivery = 'deferred'", "", EventType::kEmailSend, false},
    {"email_delivery_ratio", "Emails that arrive", "ratio", kRatio, "emails_arrived",
     "emails_arrived + email_deferrals + email_bounces", "type = 'email.send' AND delivery != 'complained'",
     "delivery IN ('sent', 'delivered')", EventType::kEmailSend, false},
    {"unique_ips",
     "Addresses",
     "addresses",
     kUnique,
     "uniqCombinedMerge(12)(unique_ips)",
     "",
     "ip != ''",
     "ip",
     {},
     false},
    {"unique_users",
     "Accounts",
     "accounts",
     kUnique,
     "uniqCombinedMerge(12)(unique_users)",
     "",
     "user_id != ''",
     "user_id",
     {},
     false},
    {"ip_top10_share",
     "Share of the ten busiest addresses",
     "ratio",
     MetricKind::kTopShare,
     kTopShare,
     "events - emails",
     "ip != ''",
     "",
     {},
     false},
    {"rejects", "Rejected", "events", kCount, "rejects", "", "", "", {}, true},
    {"duplicates", "Duplicates", "events", kCount, "duplicates", "", "", "", {}, true},
    {"late", "Late", "events", kCount, "late", "", "", "", {}, true},
}};

constexpr std::array<DimensionInfo, 13> kDimensions{{
    {"ip", false, Field::kIp, "ip"},
    {"user_id", false, Field::kUserId, "user_id"},
    {"country", true, Field::kCountry, "country"},
    {"asn", true, Field::kAsn, "if(bitTest(present, 20), toString(asn), '')"},
    {"path", false, Field::kPath, "path"},
    {"method", true, Field::kMethod, "method"},
    {"status", true, Field::kStatus, "if(status = 0, '', toString(status))"},
    {"user_agent", false, Field::kUserAgent, "user_agent"},
    {"email_domain", true, {}, "email_domain"},
    {"delivery", true, Field::kDelivery, "delivery"},
    {"type", true, {}, "type"},
    {"outcome", true, Field::kOutcome, "outcome"},
    {"source", true, {}, "source"},
}};

}  // namespace

std::span<const MetricInfo> metrics() { return kMetrics; }

const MetricInfo* metric_named(std::string_view name) {
  const auto found = std::ranges::find(kMetrics, name, &MetricInfo::name);
  return found == kMetrics.end() ? nullptr : &*found;
}

std::span<const DimensionInfo> dimensions() { return kDimensions; }

const DimensionInfo* dimension_named(std::string_view name) {
  const auto found = std::ranges::find(kDimensions, name, &DimensionInfo::name);
  return found == kDimensions.end() ? nullptr : &*found;
}

std::vector<std::string_view> series_dimensions(const MetricInfo& metric) {
  std::vector<std::string_view> names;
  // Rows of a dimension hold counts alone: no states for uniques, quantiles and the busiest addresses.
  if (metric.by_arrival || (metric.kind != kCount && metric.kind != kRatio)) return names;
  for (const DimensionInfo& dimension : kDimensions) {
    if (!dimension.rolled_up) continue;
    bool possible = true;
    if (metric.only) {
      const FieldSet allowed = info(*metric.only).allowed;
      if (dimension.field) {
        possible = (allowed & bit(*dimension.field)) != 0;
      } else if (dimension.name == "email_domain") {
        possible = (allowed & (bit(Field::kEmail) | bit(Field::kRecipient))) != 0;
      }
    }
    if (possible) names.push_back(dimension.name);
  }
  return names;
}

}  // namespace weir

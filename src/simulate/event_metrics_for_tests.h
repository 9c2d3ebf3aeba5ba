// For tests: the metrics of GET /api/v1/metrics, straight from raw events and with nothing of Weir's own pipeline.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/raw_batch.h"

namespace weir::simulate {

/// Counts are a second; events that are no JSON or lack what is asked for count for nothing.
inline std::map<std::string, double, std::less<>> metrics_of(const RawBatch& batch, std::size_t first, std::size_t end,
                                                             double seconds) {
  simdjson::dom::parser parser;
  std::map<std::string, double, std::less<>> m;
  std::unordered_map<std::string, std::size_t> ips;
  std::unordered_map<std::string, std::size_t> users;
  std::vector<double> latencies;
  for (std::size_t i = first; i < end; ++i) {
    simdjson::dom::element event, data;
    std::string_view type, text;
    if (parser.parse(batch[i].data(), batch[i].size()).get(event) != simdjson::SUCCESS) continue;
    if (event["type"].get(type) != simdjson::SUCCESS || event["data"].get(data) != simdjson::SUCCESS) continue;
    ++m["events"];
    const auto is = [&](const char* field, std::string_view value) {
      std::string_view found;
      return data[field].get(found) == simdjson::SUCCESS && found == value;
    };
    if (data["ip"].get(text) == simdjson::SUCCESS) ++ips[std::string(text)];
    if (data["user_id"].get(text) == simdjson::SUCCESS) ++users[std::string(text)];
    if (type == "account.login") {
      ++m["logins"];
      if (is("outcome", "failure")) ++m["login_failures"];
    } else if (type == "account.signup") {
      ++m["signups"];
    } else if (type == "account.password_reset") {
      ++m["password_resets"];
    } else if (type == "account.mfa") {
      if (is("outcome", "failure")) ++m["mfa_failures"];
    } else if (type == "api.request") {
      ++m["api_requests"];
      std::int64_t status = 0;
      double latency = 0;
      if (data["status"].get(status) == simdjson::SUCCESS && status >= 400) ++m["api_errors"];
      if (data["latency_ms"].get(latency) == simdjson::SUCCESS) latencies.push_back(latency);
    } else if (type == "email.send") {
      ++m["emails"];
      if (is("status", "bounced")) ++m["email_bounces"];
      if (is("status", "complained")) ++m["email_complaints"];
      if (is("status", "deferred")) ++m["deferred"];
      if (is("status", "sent") || is("status", "delivered")) ++m["arrived"];
    }
  }
  std::vector<std::size_t> counts;
  counts.reserve(ips.size());
  for (const auto& [ip, n] : ips) counts.push_back(n);
  std::sort(counts.rbegin(), counts.rend());
  double top = 0;
  for (std::size_t i = 0; i < counts.size() && i < 10; ++i) top += static_cast<double>(counts[i]);
  m["ip_top10_share"] = top / m["events"];
  m["login_failure_ratio"] = m["login_failures"] / m["logins"];
  m["api_error_ratio"] = m["api_errors"] / m["api_requests"];
  m["email_delivery_ratio"] = m["arrived"] / (m["arrived"] + m["deferred"] + m["email_bounces"]);
  std::sort(latencies.begin(), latencies.end());
  const auto quantile = [&](std::size_t percent) {
    return latencies.empty() ? 0 : latencies[latencies.size() * percent / 100];
  };
  m["api_latency_p50"] = quantile(50);
  m["api_latency_p95"] = quantile(95);
  m["api_latency_p99"] = quantile(99);
  for (auto name : {"events", "logins", "login_failures", "signups", "password_resets", "mfa_failures", "api_requests",
                    "api_errors", "emails", "email_bounces", "email_complaints"}) {
    m[name] /= seconds;
  }
  m["unique_ips"] = static_cast<double>(ips.size()) / seconds;
  m["unique_users"] = static_cast<double>(users.size()) / seconds;
  return m;
}

}  // namespace weir::simulate

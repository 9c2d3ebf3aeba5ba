#include "simulate/scenario.h"

#include <array>

namespace weir {
namespace {

using Tags = std::string_view;

constexpr Tags kStuffingTags[]{"OAT-008", "T1110.004"};
constexpr Shift kStuffingMoves[]{
    {"login_failures", 10}, {"login_failure_ratio", 6}, {"logins", 2}, {"unique_ips", 1.4}};
constexpr Tags kBruteTags[]{"OAT-007", "T1110.001"};
constexpr Shift kBruteMoves[]{{"login_failures", 5}, {"login_failure_ratio", 4}, {"ip_top10_share", 1.5}};
constexpr Tags kSprayingTags[]{"OAT-007", "T1110.003"};
constexpr Shift kSprayingMoves[]{{"login_failures", 1.8}, {"login_failure_ratio", 1.6}};
constexpr Tags kTakeoverTags[]{"OAT-008", "T1078", "T1098", "T1621"};
constexpr Shift kTakeoverMoves[]{{"mfa_failures", 3}, {"password_resets", 1.5}};
constexpr Tags kSignupTags[]{"OAT-019", "T1136"};
constexpr Shift kSignupMoves[]{{"signups", 4}, {"email_bounces", 3}, {"emails", 1.15}};
constexpr Tags kResetTags[]{"OAT-007", "T1110"};
constexpr Shift kResetMoves[]{{"password_resets", 8}, {"emails", 1.2}};
constexpr Tags kScrapingTags[]{"OAT-011", "T1213"};
constexpr Shift kScrapingMoves[]{{"api_requests", 1.3}, {"ip_top10_share", 3}, {"api_errors", 2.5}};
constexpr Tags kFloodTags[]{"OAT-015", "T1499.002"};
constexpr Shift kFloodMoves[]{
    {"events", 2}, {"api_requests", 2.5}, {"api_errors", 15}, {"api_error_ratio", 6}, {"api_latency_p95", 3}};
constexpr Tags kMailTags[]{"OAT-017", "T1586.002"};
constexpr Shift kMailMoves[]{
    {"emails", 1.7}, {"email_bounces", 6}, {"email_complaints", 10}, {"email_delivery_ratio", 0.93}};
constexpr Tags kMixedTags[]{"OAT-008", "OAT-011", "OAT-019", "T1110.004", "T1213"};
constexpr Shift kMixedMoves[]{{"login_failures", 5}, {"events", 1.2}, {"ip_top10_share", 2}};

constexpr std::array<ScenarioInfo, kScenarios> kTable{{
    {Scenario::kCredentialStuffing, "credential_stuffing", "Credential stuffing",
     "Stolen lists of names and passwords are tried out by a botnet, about one try from each address. Most names are "
     "unknown here, a few logins "
     "succeed. One sees failed logins jump, from very many home addresses and a handful of tool-like user agents.",
     kStuffingTags, kStuffingMoves},
    {Scenario::kBruteForce, "brute_force", "Brute force",
     "Thousands of passwords are tried on one to three accounts from a few rented servers. One sees failed logins jump "
     "while nearly all of them hit "
     "the same accounts and come from the same addresses.",
     kBruteTags, kBruteMoves},
    {Scenario::kPasswordSpraying, "password_spraying", "Password spraying",
     "One common password is tried on every account, once or twice each and slowly, so that no account locks. One sees "
     "failed logins rise a little and "
     "stay up, spread evenly over accounts that are all different, from a few servers.",
     kSprayingTags, kSprayingMoves},
    {Scenario::kAccountTakeover, "account_takeover", "Account takeover",
     "With working passwords, or through a reset, somebody gets into other people's accounts from new networks and "
     "devices, wears them down with MFA "
     "prompts, then changes password and MFA, reads personal data and orders. One sees failed MFA checks, resets and "
     "alert mails, account by account.",
     kTakeoverTags, kTakeoverMoves},
    {Scenario::kSignupFraud, "signup_fraud", "Sign-up fraud",
     "A script makes accounts in bulk: names in a row, throwaway mail domains, one device and one network, often to "
     "redeem coupons. One sees sign-ups "
     "jump and welcome mails bounce.",
     kSignupTags, kSignupMoves},
    {Scenario::kPasswordResetFlood, "password_reset_flood", "Password reset flood",
     "Resets are requested for thousands of accounts, to annoy people, to hide another attack in the mail, or to find "
     "out who has an account. One sees "
     "resets jump and the mail that goes out with them.",
     kResetTags, kResetMoves},
    {Scenario::kApiScraping, "api_scraping", "API scraping",
     "A few servers of one network walk through the catalogue number by number, as fast as they are let. One sees API "
     "requests rise, the ten busiest "
     "addresses take a far larger share, and answers 429 (too many requests).",
     kScrapingTags, kScrapingMoves},
    {Scenario::kApiFlood, "api_flood", "API flood",
     "Thousands of machines call the most expensive page at once until the service gives way. One sees requests "
     "multiply, latency climb, and errors "
     "503 and 504 that hit honest people too.",
     kFloodTags, kFloodMoves},
    {Scenario::kEmailAbuse, "email_abuse", "Email abuse",
     "Compromised accounts send unwanted messages to bought lists of addresses. One sees emails rise, many of them "
     "bounce, and recipients complain: "
     "the reputation of the mail domain is at stake.",
     kMailTags, kMailMoves},
    {Scenario::kMixed, "mixed", "Mixed attacks",
     "Several of the attacks overlap and take turns, as on a bad day: stuffing with scraping beside it, then false "
     "accounts, takeovers, mail abuse and "
     "a flood. Each part carries its own name as truth. One sees several numbers move, and which ones changes from "
     "minute to minute.",
     kMixedTags, kMixedMoves},
}};

}  // namespace

std::span<const ScenarioInfo> scenarios() { return kTable; }

const ScenarioInfo& info(Scenario scenario) { return kTable[static_cast<std::size_t>(scenario)]; }

std::optional<Scenario> scenario_named(std::string_view name) {
  for (const ScenarioInfo& entry : kTable) {
    if (entry.name == name) return entry.scenario;
  }
  return std::nullopt;
}

}  // namespace weir

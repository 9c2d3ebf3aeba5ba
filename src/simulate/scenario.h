// The attacks that the simulator can play (contract, Scenarios), each with what it must do to the numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace weir {

enum class Scenario : std::uint8_t {
  kCredentialStuffing,
  kBruteForce,
  kPasswordSpraying,
  kAccountTakeover,
  kSignupFraud,
  kPasswordResetFlood,
  kApiScraping,
  kApiFlood,
  kEmailAbuse,
  kMixed,
};
inline constexpr std::size_t kScenarios = 10;

/// A promise: while the attack runs at full strength, this metric (a name of GET /api/v1/metrics) is at least `factor` times
/// what it is in calm traffic of the same seed; a factor below 1 means at most. simulation_test.cc holds the simulator to it.
struct Shift {
  std::string_view metric;
  double factor;
};

struct ScenarioInfo {
  Scenario scenario;
  std::string_view name;         // as in flags, the API and `weirtruth`
  std::string_view label;        // for people
  std::string_view description;  // for an analyst: what the attacker does, what one will see
  /// OWASP Automated Threats (OAT-…) and MITRE ATT&CK techniques (T…).
  std::span<const std::string_view> tags;
  std::span<const Shift> moves;
};

/// All of them, in the order of the enumeration.
std::span<const ScenarioInfo> scenarios();
const ScenarioInfo& info(Scenario scenario);
std::optional<Scenario> scenario_named(std::string_view name);

}  // namespace weir

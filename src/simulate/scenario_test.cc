// Each scenario keeps the promises of its entry in scenario.cc, and looks the way real ones look.
#include "simulate/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>
#include <string>

#include "event/decoder.h"
#include "simulate/event_metrics_for_tests.h"
#include "simulate/simulation.h"

namespace weir {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::Le;

constexpr UnixMillis kStart{1'760'000'000'000};
constexpr double kRate = 2000;

/// Generates as the program does: in steps of 10 ms, with as many events as the load asks for.
class Player {
 public:
  explicit Player(Simulation& simulation) : simulation_(simulation) {}

  RawBatch play(double seconds) {
    RawBatch out;
    for (int step = 0; step < static_cast<int>(seconds * 100); ++step) {
      due_ += kRate * 0.01 * simulation_.load();
      const auto n = static_cast<std::size_t>(due_);
      due_ -= static_cast<double>(n);
      simulation_.generate(n, at_, at_ + 10, out);
      at_ = at_ + 10;
    }
    return out;
  }
  UnixMillis at() const { return at_; }

 private:
  Simulation& simulation_;
  double due_ = 0;
  UnixMillis at_ = kStart;
};

bool is_attack(std::string_view event) { return event.find("\"weirtruth\"") != std::string_view::npos; }
std::size_t attacks_in(const RawBatch& batch) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) n += is_attack(batch[i]) ? 1 : 0;
  return n;
}

/// Without the id, which counts attack events too, and the time.
std::string content(std::string_view event) {
  std::string out(event);
  for (const std::string_view key : {"\"id\":\"", "\"time\":\""}) {
    const std::size_t at = out.find(key);
    if (at == std::string::npos) continue;
    const std::size_t from = at + key.size();
    const std::size_t end = out.find('"', from);
    out.erase(from, end == std::string::npos ? end : end - from);
  }
  return out;
}

template <class Each>
void each_attack_event(const RawBatch& batch, UnixMillis arrival, Each each) {
  Decoder decoder{DecodeLimits{}};
  EventView event;
  Reject reject;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (is_attack(batch[i]) && decoder.decode(batch[i], arrival, false, event, reject)) each(event);
  }
}

class EachScenario : public testing::TestWithParam<Scenario> {};

TEST_P(EachScenario, MovesTheMetricsThatItPromises) {
  const ScenarioInfo& scenario = info(GetParam());
  constexpr double kSeconds = 30;
  Simulation simulation({.run = "r", .rate = kRate});
  Player player(simulation);
  const RawBatch calm = player.play(kSeconds);
  simulation.set_attack(GetParam());
  player.play(12);  // the ramp
  const RawBatch under_attack = player.play(kSeconds);
  const auto before = simulate::metrics_of(calm, 0, calm.size(), kSeconds);
  const auto during = simulate::metrics_of(under_attack, 0, under_attack.size(), kSeconds);
  ASSERT_FALSE(scenario.moves.empty());
  for (const Shift& shift : scenario.moves) {
    ASSERT_TRUE(before.contains(shift.metric)) << shift.metric;
    const double factor = during.at(std::string(shift.metric)) / before.at(std::string(shift.metric));
    RecordProperty(std::string(shift.metric), std::to_string(factor));
    std::printf("  %-22s %-22s %8.3f → %8.3f, %.2f times (promised %.2f)\n", std::string(scenario.name).c_str(),
                std::string(shift.metric).c_str(), before.at(std::string(shift.metric)),
                during.at(std::string(shift.metric)), factor, shift.factor);
    if (shift.factor > 1) {
      EXPECT_GE(factor, shift.factor) << shift.metric;
    } else {
      EXPECT_LE(factor, shift.factor) << shift.metric;
    }
  }
}

TEST_P(EachScenario, RampsUpAndEndsAtOnce) {
  Simulation simulation({.run = "r", .rate = kRate});
  Player player(simulation);
  EXPECT_EQ(attacks_in(player.play(2)), 0U);
  EXPECT_EQ(simulation.load(), 1.0);
  simulation.set_attack(GetParam());
  EXPECT_EQ(simulation.attack(), GetParam());
  const std::size_t first = attacks_in(player.play(2));
  player.play(10);
  const std::size_t full = attacks_in(player.play(2));
  EXPECT_GT(first, 0U);
  EXPECT_GT(static_cast<double>(full), 2.0 * static_cast<double>(first));
  EXPECT_GT(simulation.load(), 1.0);
  simulation.set_attack(std::nullopt);
  EXPECT_EQ(simulation.attack(), std::nullopt);
  EXPECT_EQ(simulation.load(), 1.0);
  EXPECT_EQ(attacks_in(player.play(5)), 0U);
}

TEST_P(EachScenario, LeavesCalmTrafficAsItIs) {
  Simulation calm({.run = "r", .rate = kRate}), attacked({.run = "r", .rate = kRate});
  attacked.set_attack(GetParam());
  RawBatch a, b;
  calm.generate(60'000, kStart, kStart + 30'000, a);
  attacked.generate(60'000, kStart, kStart + 30'000, b);
  std::size_t i = 0, different = 0;
  for (std::size_t k = 0; k < b.size(); ++k) {
    if (is_attack(b[k])) continue;
    const std::string expected = content(a[i++]), found = content(b[k]);
    // A cut-off event ends elsewhere when its id is longer.
    if (expected != found && expected.ends_with("}}")) ++different;
  }
  EXPECT_GT(i, 10'000U);
  if (GetParam() == Scenario::kApiFlood) {
    EXPECT_GT(different, i / 2) << "everybody feels a flood";
  } else {
    EXPECT_EQ(different, 0U);
  }
}

TEST_P(EachScenario, CarriesItsNameAndAnEpisodeOfItsOwn) {
  Simulation simulation({.run = "run7", .rate = kRate});
  Player player(simulation);
  std::set<std::string> episodes, names;
  for (int start = 0; start < 2; ++start) {
    simulation.set_attack(GetParam());
    const RawBatch batch = player.play(12);
    each_attack_event(batch, player.at(), [&](const EventView& e) {
      episodes.emplace(e.truth);
      names.emplace(e.truth.substr(0, e.truth.find('/')));
    });
  }
  if (GetParam() == Scenario::kMixed) {
    EXPECT_EQ(names, (std::set<std::string>{"api_scraping", "credential_stuffing"}));
    EXPECT_EQ(episodes.size(), 4U);
  } else {
    const std::string name(info(GetParam()).name);
    EXPECT_EQ(episodes, (std::set<std::string>{name + "/run7.1", name + "/run7.2"}));
  }
}

INSTANTIATE_TEST_SUITE_P(All, EachScenario,
                         testing::Values(Scenario::kCredentialStuffing, Scenario::kBruteForce,
                                         Scenario::kPasswordSpraying, Scenario::kAccountTakeover,
                                         Scenario::kSignupFraud, Scenario::kPasswordResetFlood, Scenario::kApiScraping,
                                         Scenario::kApiFlood, Scenario::kEmailAbuse, Scenario::kMixed),
                         [](const auto& test) {
                           return std::string(scenarios()[static_cast<std::size_t>(test.param)].name);
                         });

TEST(Scenarios, AreTheTenOfTheContract) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < scenarios().size(); ++i) {
    const ScenarioInfo& s = scenarios()[i];
    EXPECT_EQ(static_cast<std::size_t>(s.scenario), i);
    EXPECT_EQ(scenario_named(s.name), s.scenario);
    EXPECT_FALSE(s.label.empty());
    EXPECT_GE(s.description.size(), 80U);
    EXPECT_FALSE(s.tags.empty());
    names.insert(s.name);
  }
  EXPECT_EQ(names, (std::set<std::string_view>{"credential_stuffing", "brute_force", "password_spraying",
                                               "account_takeover", "signup_fraud", "password_reset_flood",
                                               "api_scraping", "api_flood", "email_abuse", "mixed"}));
  EXPECT_EQ(scenario_named("ddos"), std::nullopt);
  EXPECT_EQ(scenario_named(""), std::nullopt);
}

/// A minute of an attack at full strength, without the calm beneath it.
struct Minute {
  explicit Minute(Scenario scenario, double seconds = 60)
      : simulation({.run = "r", .rate = kRate}), player(simulation) {
    simulation.set_attack(scenario);
    player.play(10);
    for (double second = 0; second < seconds; ++second) {
      const RawBatch all = player.play(1);
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (is_attack(all[i])) batch.add(all[i]);
      }
    }
  }
  template <class Each>
  void each(Each e) const {
    each_attack_event(batch, player.at(), e);
  }
  Simulation simulation;
  Player player;
  RawBatch batch;
};

TEST(Scenarios, StuffingIsSpreadAndRarelySucceeds) {
  std::set<std::string> ips, agents, asns;
  double logins = 0, successes = 0, unknown = 0;
  Minute(Scenario::kCredentialStuffing).each([&](const EventView& e) {
    if (e.type != EventType::kLogin) return;
    ++logins;
    ips.emplace(e[Field::kIp]);
    agents.emplace(e[Field::kUserAgent]);
    asns.insert(std::to_string(e.asn));
    successes += e[Field::kOutcome] == "success" ? 1 : 0;
    unknown += e[Field::kReason] == "invalid_user" ? 1 : 0;
  });
  EXPECT_THAT(logins / static_cast<double>(ips.size()), AllOf(Ge(1.003), Le(1.02)));
  EXPECT_THAT(successes / logins, AllOf(Ge(0.001), Le(0.02)));
  EXPECT_GT(unknown / logins, 0.5);
  EXPECT_LE(agents.size(), 6U);
  EXPECT_GE(asns.size(), 30U);
}

TEST(Scenarios, BruteForceHitsOneAccountFromFewAddresses) {
  std::set<std::string> ips;
  std::map<std::string, double> users;
  double logins = 0, most = 0;
  Minute(Scenario::kBruteForce).each([&](const EventView& e) {
    ++logins;
    ips.emplace(e[Field::kIp]);
    most = std::max(most, ++users[std::string(e[Field::kUserId])]);
  });
  EXPECT_LE(ips.size(), 4U);
  EXPECT_LE(users.size(), 3U);
  EXPECT_GT(most / logins, 0.8);
}

TEST(Scenarios, SprayingTriesEachAccountOnce) {
  std::set<std::string> ips;
  std::map<std::string, int> users;
  double logins = 0;
  int most = 0;
  Minute(Scenario::kPasswordSpraying, 300).each([&](const EventView& e) {
    ++logins;
    ips.emplace(e[Field::kIp]);
    most = std::max(most, ++users[std::string(e[Field::kUserId])]);
  });
  EXPECT_LE(ips.size(), 24U);
  EXPECT_EQ(most, 1);
  EXPECT_LT(logins / 300, 15) << "slow";
}

TEST(Scenarios, TakeoverGoesOnToPasswordMfaMailAndData) {
  std::map<std::string, std::set<EventType>> story;
  std::map<std::string, std::set<std::string>> paths;
  Minute(Scenario::kAccountTakeover).each([&](const EventView& e) {
    story[std::string(e[Field::kUserId])].insert(e.type);
    if (e.type == EventType::kApiRequest) paths[std::string(e[Field::kUserId])].emplace(e[Field::kPath]);
  });
  std::size_t whole = 0;
  for (const auto& [user, types] : story) {
    whole += types.contains(EventType::kLogin) && types.contains(EventType::kPasswordChange) &&
                     types.contains(EventType::kMfa) && types.contains(EventType::kEmailSend) && paths[user].size() >= 4
                 ? 1
                 : 0;
  }
  EXPECT_GT(whole, story.size() * 3 / 4) << "of " << story.size();
}

TEST(Scenarios, SignupFraudUsesOneDeviceOneNetworkAndThrowawayMail) {
  std::set<std::string> devices, asns, users;
  double signups = 0, bounced = 0, fates = 0;
  Minute(Scenario::kSignupFraud).each([&](const EventView& e) {
    if (e.type == EventType::kSignup) {
      ++signups;
      devices.emplace(e[Field::kDeviceId]);
      asns.insert(std::to_string(e.asn));
      users.emplace(e[Field::kUserId]);
    }
    if (e.type != EventType::kEmailSend) return;
    if (e[Field::kDelivery] != "sent") ++fates;
    if (e[Field::kDelivery] == "bounced") ++bounced;
  });
  EXPECT_EQ(devices.size(), 1U);
  EXPECT_EQ(asns.size(), 1U);
  EXPECT_EQ(static_cast<double>(users.size()), signups);
  EXPECT_THAT(bounced / fates, AllOf(Ge(0.25), Le(0.45)));
}

TEST(Scenarios, MixedTakesTurnsAndNeverPauses) {
  Simulation simulation({.run = "r", .rate = kRate});
  simulation.set_attack(Scenario::kMixed);
  Player player(simulation);
  std::set<std::string> names;
  for (int second = 0; second < 200; second += 5) {
    const RawBatch batch = player.play(5);
    EXPECT_GT(attacks_in(batch), 0U) << second;
    each_attack_event(batch, player.at(),
                      [&](const EventView& e) { names.emplace(e.truth.substr(0, e.truth.find('/'))); });
  }
  EXPECT_EQ(names.size(), 9U);
}

}  // namespace
}  // namespace weir

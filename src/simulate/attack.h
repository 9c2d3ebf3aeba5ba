// An attack in progress: how strong it is, and its next event.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "simulate/draft.h"
#include "simulate/population.h"
#include "simulate/random.h"
#include "simulate/scenario.h"
#include "simulate/service.h"

namespace weir::simulate {

/// What the attack does to everybody else's requests.
struct Strain {
  std::uint32_t latency = 256;    // times, in 1/256
  std::uint32_t unavailable = 0;  // share answered 503, in 1/2^32
};

/// Strength in 1/65536 of an event for each calm one.
using Intensity = std::uint32_t;
constexpr Intensity intensity_of(double events_per_calm_event) {
  return static_cast<Intensity>(events_per_calm_event * 65536.0);
}

/// Draws from a random stream of its own. `elapsed` is milliseconds since its start and never goes back.
class Attack {
 public:
  virtual ~Attack() = default;
  virtual Intensity intensity(std::int64_t elapsed) = 0;
  /// The next event of the attack; draft.truth is a view that lasts as long as the attack does, or until the next call.
  virtual void next(Draft& draft, std::int64_t elapsed) = 0;
  virtual Strain strain(std::int64_t elapsed);
};

/// Names episodes: RUN.1, RUN.2, … so that the names of two runs differ.
class Episodes {
 public:
  Episodes(std::string_view run, std::uint64_t seed);
  /// `scenario/episode`, safe to stand in a JSON string.
  std::string next(Scenario scenario);
  /// A random stream that no episode before has had.
  Random random() const { return {seed_, 1000 + count_}; }

 private:
  std::string run_;  // escaped for JSON
  std::uint64_t seed_;
  std::uint64_t count_ = 0;
};

/// REQUIRES: both references outlive the attack.
std::unique_ptr<Attack> make_attack(Scenario scenario, const Population& population, Episodes& episodes);

/// What the single attacks have in common. Strength climbs evenly from a twentieth to `peak` within `ramp` milliseconds,
/// then swells and ebbs by an eighth.
class RampedAttack : public Attack {
 public:
  Intensity intensity(std::int64_t elapsed) override;
  void next(Draft& draft, std::int64_t elapsed) final;

 protected:
  RampedAttack(Scenario scenario, Intensity peak, std::int64_t ramp, const Population& people, Episodes& episodes);
  virtual void make(Draft& draft, std::int64_t elapsed) = 0;

  /// 0 … 65536
  std::uint32_t ramp(std::int64_t elapsed) const;
  const Person& anybody() { return people_[random_.below(Population::kPeople)]; }
  /// A home address that has not been used before, by permutation; `network` is filled with where it is.
  Address fresh_home(const Network*& network);
  void put_place(Draft& draft, Address ip, const Network& network, std::string_view agent);
  /// account.login of a name; a failure when `reason` is not empty.
  void put_login(Draft& draft, Source source, std::string_view reason);

  const Population& people_;
  Random random_;

 private:
  const Intensity peak_;
  const std::int64_t ramp_millis_;
  const std::string truth_;
  std::uint32_t homes_used_ = 0;
};

/// Attacks on logins (attack_login.cc), on accounts (attack_account.cc), on the API and mail (attack_load.cc).
std::unique_ptr<Attack> make_stuffing(const Population&, Episodes&);
std::unique_ptr<Attack> make_brute_force(const Population&, Episodes&);
std::unique_ptr<Attack> make_spraying(const Population&, Episodes&);
std::unique_ptr<Attack> make_takeover(const Population&, Episodes&);
std::unique_ptr<Attack> make_signup_fraud(const Population&, Episodes&);
std::unique_ptr<Attack> make_reset_flood(const Population&, Episodes&);
std::unique_ptr<Attack> make_scraping(const Population&, Episodes&);
std::unique_ptr<Attack> make_flood(const Population&, Episodes&);
std::unique_ptr<Attack> make_email_abuse(const Population&, Episodes&);

}  // namespace weir::simulate

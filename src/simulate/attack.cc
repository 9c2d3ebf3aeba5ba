#include "simulate/attack.h"

#include <array>

#include "base/json_text.h"

namespace weir::simulate {
namespace {

/// Several attacks that overlap and take turns, three minutes a round. Each turn of a part is an episode of its own.
class Mixed final : public Attack {
 public:
  Mixed(const Population& people, Episodes& episodes)
      : people_(people), episodes_(episodes), random_(episodes.random()) {}

  Intensity intensity(std::int64_t elapsed) override {
    Intensity sum = 0;
    for (Turn& turn : turns_) sum += turn.now = strength(turn, elapsed);
    return sum;
  }

  void next(Draft& draft, std::int64_t elapsed) override {
    Intensity sum = intensity(elapsed);
    if (sum == 0) sum = 1;
    Intensity ticket = random_.below(sum);
    for (Turn& turn : turns_) {
      if (turn.attack && ticket < turn.now) return turn.attack->next(draft, elapsed - turn.began);
      ticket -= turn.now;
    }
  }

  Strain strain(std::int64_t elapsed) override {
    Strain worst;
    for (Turn& turn : turns_) {
      if (!turn.attack) continue;
      const Strain s = turn.attack->strain(elapsed - turn.began);
      if (s.latency > worst.latency) worst = s;
    }
    return worst;
  }

 private:
  static constexpr std::int64_t kRound = 180'000;
  struct Turn {
    Scenario scenario;
    std::int64_t from, to;  // within the round
    std::unique_ptr<Attack> attack{};
    std::int64_t began = 0;
    Intensity now = 0;
  };

  Intensity strength(Turn& turn, std::int64_t elapsed) {
    const std::int64_t place = elapsed % kRound;
    if (place < turn.from || place >= turn.to) {
      turn.attack.reset();
      return 0;
    }
    if (!turn.attack) {
      turn.attack = make_attack(turn.scenario, people_, episodes_);
      turn.began = elapsed;
    }
    return turn.attack->intensity(elapsed - turn.began);
  }

  const Population& people_;
  Episodes& episodes_;
  Random random_;
  // Somebody is always at it: no second of the round is without a turn.
  std::array<Turn, 9> turns_{{
      {Scenario::kCredentialStuffing, 0, 70'000},
      {Scenario::kApiScraping, 6'000, 60'000},
      {Scenario::kBruteForce, 40'000, 90'000},
      {Scenario::kSignupFraud, 60'000, 115'000},
      {Scenario::kAccountTakeover, 70'000, 130'000},
      {Scenario::kPasswordResetFlood, 100'000, 140'000},
      {Scenario::kPasswordSpraying, 90'000, 170'000},
      {Scenario::kEmailAbuse, 115'000, 165'000},
      {Scenario::kApiFlood, 150'000, 180'000},
  }};
};

}  // namespace

Strain Attack::strain(std::int64_t) { return {}; }

Episodes::Episodes(std::string_view run, std::uint64_t seed) : seed_(seed) {
  append_json_string(run_, run);
  run_ = run_.substr(1, run_.size() - 2);
}

std::string Episodes::next(Scenario scenario) {
  ++count_;
  return std::string(info(scenario).name) + "/" + run_ + "." + std::to_string(count_);
}

RampedAttack::RampedAttack(Scenario scenario, Intensity peak, std::int64_t ramp, const Population& people,
                           Episodes& episodes)
    : people_(people), random_(0, 0), peak_(peak), ramp_millis_(ramp), truth_(episodes.next(scenario)) {
  random_ = episodes.random();
  homes_used_ = random_.below(1U << 24);
}

std::uint32_t RampedAttack::ramp(std::int64_t elapsed) const {
  if (elapsed >= ramp_millis_) return 65'536;
  return static_cast<std::uint32_t>(3'277 + (65'536 - 3'277) * elapsed / ramp_millis_);
}

Intensity RampedAttack::intensity(std::int64_t elapsed) {
  // A triangle with a period of 23 s between 7/8 and 9/8.
  const std::int64_t place = elapsed % 23'000;
  const std::int64_t wave = 57'344 + (place < 11'500 ? place : 23'000 - place) * 16'384 / 11'500;
  const std::uint64_t climbed = std::uint64_t{peak_} * ramp(elapsed) >> 16;
  return static_cast<Intensity>(climbed * static_cast<std::uint64_t>(wave) >> 16);
}

void RampedAttack::next(Draft& draft, std::int64_t elapsed) {
  make(draft, elapsed);
  draft.truth = truth_;
}

Address RampedAttack::fresh_home(const Network*& network) {
  const std::uint32_t n = homes_used_++;
  // Round and round the networks; within one, an odd factor walks through all of its addresses before one comes again.
  network = &networks()[kFirstHome + n * 11 % kHomes];
  return network->host((n / kHomes) * 2'654'435'761U + (n % kHomes) * 77'777U);
}

void RampedAttack::put_place(Draft& draft, Address ip, const Network& network, std::string_view agent) {
  draft.set_ip(ip);
  draft.network(network);
  draft.set(Field::kUserAgent, agent);
}

void RampedAttack::put_login(Draft& draft, Source source, std::string_view reason) {
  draft.begin(EventType::kLogin, source);
  draft.set(Field::kAuthMethod, "password");
  draft.outcome(reason.empty());
  if (!reason.empty()) draft.set(Field::kReason, reason);
}

std::unique_ptr<Attack> make_attack(Scenario scenario, const Population& population, Episodes& episodes) {
  switch (scenario) {
    case Scenario::kCredentialStuffing: return make_stuffing(population, episodes);
    case Scenario::kBruteForce: return make_brute_force(population, episodes);
    case Scenario::kPasswordSpraying: return make_spraying(population, episodes);
    case Scenario::kAccountTakeover: return make_takeover(population, episodes);
    case Scenario::kSignupFraud: return make_signup_fraud(population, episodes);
    case Scenario::kPasswordResetFlood: return make_reset_flood(population, episodes);
    case Scenario::kApiScraping: return make_scraping(population, episodes);
    case Scenario::kApiFlood: return make_flood(population, episodes);
    case Scenario::kEmailAbuse: return make_email_abuse(population, episodes);
    case Scenario::kMixed: return std::make_unique<Mixed>(population, episodes);
  }
  return nullptr;
}

}  // namespace weir::simulate

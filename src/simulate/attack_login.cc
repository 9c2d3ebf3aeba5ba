// Attacks on the login itself: many lists on many accounts, many passwords on one, one password on all.
#include <array>

#include "simulate/attack.h"

namespace weir::simulate {
namespace {

/// Lists from breaches elsewhere, played by a botnet of home machines.
class Stuffing final : public RampedAttack {
 public:
  Stuffing(const Population& people, Episodes& episodes)
      : RampedAttack(Scenario::kCredentialStuffing, intensity_of(0.10), 6'000, people, episodes) {}

 private:
  void make(Draft& draft, std::int64_t) override {
    static constexpr std::array<std::string_view, 5> kTools{
        "python-requests/2.28.1", "Go-http-client/1.1", "okhttp/3.12.1",
        "Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.88 "
        "Safari/537.36",
        "Java/1.8.0_201"};
    if (looks_ > 0) return look_around(draft);
    // One address in a hundred is used a second time.
    if (network_ == nullptr || !random_.chance(0.01)) ip_ = fresh_home(network_);
    const std::string_view tool = kTools[std::min(random_.below(5), random_.below(5))];
    const bool known = random_.chance(0.27);
    const bool success = known && random_.chance(0.018);
    put_login(draft, (random_.word() & 3) != 0 ? Source::kIdEu : Source::kIdUs,
              success ? ""
              : known ? "bad_password"
                      : "invalid_user");
    if (known) {
      const Person& victim = anybody();
      put_user(draft, victim);
      put_email(draft, Field::kEmail, victim);
      victim_ = &victim;
    } else {
      // The name is a mail address, as the list has it.
      Person stranger = anybody();
      stranger.tag = static_cast<std::uint16_t>(random_.below(10'000));
      draft.set_made(Field::kUserId, [&](Pen& pen) { write_email(pen, stranger); });
      put_email(draft, Field::kEmail, stranger);
    }
    put_place(draft, ip_, *network_, tool);
    if (success) {
      looks_ = 1 + random_.below(2);
      tool_ = tool;
    }
  }

  /// A login that worked is checked for its worth at once.
  void look_around(Draft& draft) {
    --looks_;
    const Path& path = looks_ == 0 ? path_named("GET", "/v1/me") : path_named("GET", "/v1/me/payment-methods");
    draft.begin(EventType::kApiRequest, Source::kEdgeEu1);
    put_user(draft, *victim_);
    put_request(draft, path, 0);
    put_answer(draft, 200, random_.log_normal(path.median_tenths, path.sigma), path.bytes);
    put_place(draft, ip_, *network_, tool_);
  }

  Address ip_;
  const Network* network_ = nullptr;
  const Person* victim_ = nullptr;
  std::string_view tool_;
  std::uint32_t looks_ = 0;
};

/// One account in the main, two more beside it, from four servers.
class BruteForce final : public RampedAttack {
 public:
  BruteForce(const Population& people, Episodes& episodes)
      : RampedAttack(Scenario::kBruteForce, intensity_of(0.045), 5'000, people, episodes),
        network_(networks()[kFirstHosting + random_.below(kHostings)]) {
    for (auto& target : targets_) target = &anybody();
    first_host_ = random_.below(16'000);
  }

 private:
  void make(Draft& draft, std::int64_t) override {
    const std::uint32_t which = random_.below(20);
    const Person& target = *targets_[which < 17 ? 0 : which < 19 ? 1 : 2];
    const bool locked = tries_ > 500 && random_.chance(0.55);
    const bool success = !locked && random_.chance(0.00004);
    ++tries_;
    put_login(draft, identity_service_of(countries()[target.country]),
              success  ? ""
              : locked ? "account_locked"
                       : "bad_password");
    put_user(draft, target);
    put_email(draft, Field::kEmail, target);
    put_place(draft, network_.host(first_host_ + random_.below(4)), network_, "Mozilla/5.0 (Hydra)");
  }

  const Network& network_;
  std::array<const Person*, 3> targets_{};
  std::uint32_t first_host_ = 0;
  std::uint64_t tries_ = 0;
};

/// Down the list of all accounts with one password, then again with the next one.
class Spraying final : public RampedAttack {
 public:
  Spraying(const Population& people, Episodes& episodes)
      : RampedAttack(Scenario::kPasswordSpraying, intensity_of(0.005), 10'000, people, episodes),
        place_(random_.below(Population::kPeople)),
        network_(random_.below(kHostings - 2)) {}

 private:
  void make(Draft& draft, std::int64_t) override {
    // 12,289 is prime to the number of people: everybody's turn comes once before anybody's second.
    place_ = (place_ + 12'289) % Population::kPeople;
    const Person& target = people_[place_];
    const bool gone = random_.chance(0.05);
    const bool success = !gone && random_.chance(0.004);
    put_login(draft, identity_service_of(countries()[target.country]),
              success ? ""
              : gone  ? "invalid_user"
                      : "bad_password");
    put_user(draft, target);
    put_email(draft, Field::kEmail, target);
    const std::uint32_t server = random_.below(24);
    const Network& network = networks()[kFirstHosting + network_ + server % 3];
    put_place(draft, network.host(5'000 + server * 37), network,
              "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 "
              "Safari/537.36");
  }

  std::uint32_t place_, network_;
};

}  // namespace

std::unique_ptr<Attack> make_stuffing(const Population& p, Episodes& e) { return std::make_unique<Stuffing>(p, e); }
std::unique_ptr<Attack> make_brute_force(const Population& p, Episodes& e) {
  return std::make_unique<BruteForce>(p, e);
}
std::unique_ptr<Attack> make_spraying(const Population& p, Episodes& e) { return std::make_unique<Spraying>(p, e); }

}  // namespace weir::simulate

// Ordinary life of the service: sessions of people, mail that follows from them, bots, partners, the odd stray login.
#pragma once

#include <cstdint>
#include <vector>

#include "simulate/draft.h"
#include "simulate/population.h"
#include "simulate/random.h"
#include "simulate/service.h"

namespace weir::simulate {

/// Goes by ticks, one event each; it knows neither clock nor rate, so that its content depends on the seed alone. Delays
/// and the rhythm of day and week are counted in ticks of 1/kTicksPerSecond s. It begins in the middle of life: the mix of
/// events is the same from the first one on. Not thread-safe.
class Calm {
 public:
  /// What a tick stands for: the default rate of `weir up`. At another rate the day of the simulated service is that much
  /// shorter or longer.
  static constexpr std::uint32_t kTicksPerSecond = 2'000;

  /// Wednesday, 14:00 UTC, in minutes of the week.
  static constexpr std::uint32_t kStartMinute = 2 * 24 * 60 + 14 * 60;

  /// REQUIRES: `population` outlives this. Adds newcomers to it.
  Calm(std::uint64_t seed, Population& population, std::uint32_t start_minute = kStartMinute);

  /// The next event. `draft` is overwritten.
  void next(Draft& draft);

 private:
  enum class Stage : std::uint8_t {
    kArrive,
    kSignup,
    kLogin,
    kMfa,
    kBrowse,
    kChangePassword,
    kReset,
    kNewPassword,
    kLogout
  };
  struct Session {
    std::uint64_t id;
    Address ip;
    std::uint32_t person, device;
    std::uint16_t left;  // requests until the visit ends
    std::uint8_t agent, network;
    Stage stage, goal;
    Section section;
    Source edge;
    std::uint8_t tries;
  };
  /// Something that happens later without anybody doing it: a mail goes out, its fate becomes known.
  struct Later {
    enum class Kind : std::uint8_t { kNothing, kMail, kFate };
    std::uint64_t message = 0;
    std::uint32_t person = 0;
    Kind kind = Kind::kNothing;
    Mail mail = Mail::kWelcome;
    std::uint8_t tries = 0;
  };

  void visit(Session& s);  // a new one begins in this place
  void people(Draft& draft);
  void step(Draft& draft, Session& s);
  void arrive(Draft& draft, Session& s);
  void login(Draft& draft, Session& s);
  void browse(Draft& draft, Session& s);
  void put_session(Draft& draft, const Session& s);
  void account(Draft& draft, const Session& s, EventType type);
  void mail(Draft& draft, const Later& later);
  void newsletter(Draft& draft);
  void bots(Draft& draft);
  void partners(Draft& draft);
  void stray_login(Draft& draft);
  void blemish(Draft& draft);
  void turn_clock();
  void later(std::uint32_t delay, Later what);
  int local_hour(std::uint8_t country) const;

  Population& population_;
  Random random_;
  Random blemishes_;  // its own stream: faults of producers change nothing of what people do
  std::uint64_t tick_ = 0, next_turn_ = 0;
  std::uint32_t minute_of_week_ = 0;
  WeightedPick activity_pick_, country_pick_;
  std::vector<WeightedPick> path_picks_;                 // by section
  std::vector<std::vector<std::uint8_t>> path_numbers_;  // by section: index into paths()
  std::vector<Session> sessions_;
  std::uint32_t current_ = 0, soon_ = 0, after_ = 0;
  std::vector<Later> wheel_;  // slot tick % size
  std::uint32_t subscriber_ = 0;
};

}  // namespace weir::simulate

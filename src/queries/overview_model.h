// "Is something wrong?": the state, the sentence and the tiles of the first page, from counts by second.
//
// The rule, a first and honest one (a later one, with detection, replaces it):
//   usual     what a number is per second, by the last ten minutes that were calm: the median of sums over short blocks of
//             seconds (their mean where the median is small, as a median of rare things is 0). Seconds do not teach when they
//             are too fresh (the newest third of what is known, at most a minute: an attack that begins must not become its own
//             usual), when the number was unusual then, or when nothing at all arrived for 10 s or more (the stream stood still).
//   spread    the larger of what chance alone gives (Poisson), what the blocks show (1.4826 × their median absolute
//             deviation, Rousseeuw & Croux 1993), and a tenth of the usual, as a service drifts.
//   unusual   the last 5 s are at least 8 spreads and twice the usual above it, and 10 events more; or, for slow
//             attacks, the last minute is 6 spreads and 1.6 times above it. While fewer than a minute is known: 12 spreads and
//             three times. What was learned from little is taken at the upper end of what it may be. `attack` asks for 14 spreads and four times, three seconds in a row.
//   volume    when nearly everything grows together (more users, a higher rate), the usual grows with it: by the middle
//             one of how much successful logins, answered API requests and mails that left have grown. One of the three may be what
//             is attacked.
//   hold      a number that was unusual stays so for 10 s, so that the page does not flicker.
// What has been unusual for an hour becomes usual: the model knows one hour, so that it says the same after a restart.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"

namespace weir {

/// Columns of the rollups that the overview reads, in this order.
enum class Count : std::uint8_t {
  kEvents,
  kLogins,
  kLoginFailures,
  kSignups,
  kPasswordResets,
  kMfaFailures,
  kApiRequests,
  kApiErrors,
  kEmails,
  kEmailBounces,
  kEmailComplaints,
};
inline constexpr std::size_t kCounts = 11;
inline constexpr std::array<std::string_view, kCounts> kCountColumns{
    "events",       "logins",     "login_failures", "signups",       "password_resets", "mfa_failures",
    "api_requests", "api_errors", "emails",         "email_bounces", "email_complaints"};

struct SecondCounts {
  std::int64_t second = 0;  // since 1970, of event time
  std::array<std::uint64_t, kCounts> counts{};
};

enum class OverviewState : std::uint8_t { kNormal, kElevated, kAttack };
std::string_view name_of(OverviewState state);

struct OverviewTile {
  std::string_view metric, label, unit;  // unit: `per second` or `ratio`
  std::optional<double> value, baseline, change;
  std::array<std::optional<double>, 60> sparkline;
};

struct OverviewView {
  OverviewState state = OverviewState::kNormal;
  std::string sentence;
  std::vector<OverviewTile> tiles;
};

/// Pure: what it says depends on what it was fed alone. Not thread-safe. Holds an hour, 600 KB.
class OverviewModel {
 public:
  OverviewModel();

  /// How far back it looks, in seconds.
  static constexpr std::int64_t kMemory = 3600;
  /// How old a second may be for its counts to change what was judged: late events still count in tiles and sparklines, and
  /// no longer in the judgement.
  static constexpr std::int64_t kRevise = 90;

  /// Sets the counts of a second; the same second again replaces it. Seconds may come in any order; those more than an hour
  /// before the newest are ignored.
  void put(const SecondCounts& counts);

  /// Judges every whole second before `now` that is new or has changed. A second that nobody put had no events.
  void advance(UnixMillis now);

  /// As of the last advance().
  OverviewView view(UnixMillis now) const;

 private:
  static constexpr std::size_t kWatched = 9;
  static constexpr std::int64_t kRing = 4096;  // > kMemory + kRevise

  /// What is usual, learned.
  struct Usual {
    double rate = 0;           // per second
    double dispersion = 1;     // variance ÷ mean of sums over some seconds; 1 is pure chance
    std::int64_t learned = 0;  // seconds that taught it
  };
  /// What was judged of one number in one second.
  struct Verdict {
    std::uint8_t level = 0;   // 0 usual, 1 elevated, 2 attack
    std::uint8_t held = 0;    // the highest of the last seconds
    std::uint8_t streak = 0;  // seconds in a row in which it was high enough for `attack`
    bool unusual = false;     // this second does not teach
    float expected = 0;       // a second, at the volume of then
  };
  struct Second {
    std::int64_t second = -1;
    std::array<std::uint32_t, kCounts> counts{};
    std::array<Verdict, kWatched> verdicts{};
    bool silent = false;
  };

  Second& at(std::int64_t second) { return ring_[static_cast<std::size_t>(second % kRing)]; }
  const Second& at(std::int64_t second) const { return ring_[static_cast<std::size_t>(second % kRing)]; }
  void open(std::int64_t second);
  std::uint64_t sum(Count count, std::int64_t from, std::int64_t to) const;  // seconds [from, to)
  void judge(std::int64_t second);
  /// From up to ten minutes of seconds before `second` in which the watched number (none: any of them) was not
  /// unusual. `count_of` answers a
  /// second's value.
  template <class F>
  Usual learn(std::int64_t second, std::optional<std::size_t> watched, F&& count_of) const;
  double volume(std::int64_t second) const;
  std::string sentence(UnixMillis now, double events_per_second) const;

  std::vector<Second> ring_;
  std::int64_t first_ = -1;    // first second with an event that is still known
  std::int64_t newest_ = -1;   // last second opened
  std::int64_t judged_ = -1;   // all seconds before this are judged
  std::int64_t changed_ = -1;  // first second whose counts changed since
};

}  // namespace weir

#include "queries/overview_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "event/decoder.h"

namespace weir {

namespace {

constexpr std::int64_t kLearn = 600;        // seconds that teach, at most
constexpr std::int64_t kLeastLearned = 10;  // fewer: nothing is judged
constexpr std::int64_t kWellLearned = 40;   // fewer: judged with more care, and not shown; reached after a minute
constexpr std::int64_t kLeastLag = 5, kMostLag = 60;
constexpr std::int64_t kSilence = 10;
constexpr std::int64_t kFast = 5, kSlow = 60,
                       kStill = 10;  // windows: of the fast and slow rule, and of "still going on"
constexpr std::int64_t kHold = 10;
constexpr std::int64_t kVolume = 15;
constexpr std::uint8_t kAttackStreak = 3;
constexpr double kFewest = 20;  // of fewer things no share is told: one in five is no 20 %

/// What is watched, and how it is called in a sentence.
struct Watched {
  Count count;
  std::string_view label;
};
constexpr std::array<Watched, 9> kWatchList{{
    {Count::kLoginFailures, "Failed logins"},
    {Count::kSignups, "New accounts"},
    {Count::kPasswordResets, "Password resets"},
    {Count::kMfaFailures, "Failed second factors"},
    {Count::kApiRequests, "API requests"},
    {Count::kApiErrors, "API errors"},
    {Count::kEmails, "Emails"},
    {Count::kEmailBounces, "Bounced emails"},
    {Count::kEmailComplaints, "Complaints about emails"},
}};

/// `metric` as in /api/v1/metrics; a ratio when `whole` is set.
struct TileKind {
  std::string_view metric, label;
  Count part;
  std::optional<Count> whole;
};
constexpr std::array<TileKind, 8> kTiles{{
    {"events", "Events", Count::kEvents, {}},
    {"login_failures", "Failed logins", Count::kLoginFailures, {}},
    {"login_failure_ratio", "Logins that fail", Count::kLoginFailures, Count::kLogins},
    {"signups", "New accounts", Count::kSignups, {}},
    {"password_resets", "Password resets", Count::kPasswordResets, {}},
    {"mfa_failures", "Second factor failed", Count::kMfaFailures, {}},
    {"api_error_ratio", "API errors", Count::kApiErrors, Count::kApiRequests},
    {"email_bounce_ratio", "Emails bounced", Count::kEmailBounces, Count::kEmails},
}};

constexpr std::size_t number(Count count) { return static_cast<std::size_t>(count); }

std::optional<std::size_t> watched_as(Count count) {
  for (std::size_t i = 0; i < kWatchList.size(); ++i) {
    if (kWatchList[i].count == count) return i;
  }
  return std::nullopt;
}

double median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

/// As the page writes what is counted: whole from ten on, thousands separated, else one decimal.
std::string figure(double value) {
  if (value >= 9.95) {
    const std::string digits = fmt::format("{:.0f}", value);
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
      if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
      text += digits[i];
    }
    return text;
  }
  std::string text = fmt::format("{:.{}f}", value, value < 1 ? 2 : 1);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string times(double ratio) { return ratio >= 10 ? fmt::format("{:.0f}", ratio) : fmt::format("{:.1f}", ratio); }

std::string duration(std::int64_t seconds) {
  const auto words = [](std::int64_t n, std::string_view unit) {
    return fmt::format("{} {}{}", n, unit, n == 1 ? "" : "s");
  };
  if (seconds < 120) return words(seconds, "second");
  if (seconds < 7200) return words(seconds / 60, "minute");
  return words(seconds / 3600, "hour");
}

}  // namespace

std::string_view name_of(OverviewState state) {
  switch (state) {
    case OverviewState::kNormal: return "normal";
    case OverviewState::kElevated: return "elevated";
    case OverviewState::kAttack: return "attack";
  }
  return "normal";
}

OverviewModel::OverviewModel() : ring_(kRing) { static_assert(kWatched == kWatchList.size()); }

void OverviewModel::open(std::int64_t second) {
  if (newest_ < 0 || second - newest_ > kRing) {
    newest_ = second - kRing;
    if (second - first_ > kMemory) first_ = -1;
  }
  while (newest_ < second) {
    ++newest_;
    at(newest_) = Second{};
    at(newest_).second = newest_;
  }
}

void OverviewModel::put(const SecondCounts& counts) {
  if (counts.second < 0 || (newest_ >= 0 && counts.second < newest_ - kMemory)) return;
  if (counts.second > newest_) open(counts.second);
  Second& one = at(counts.second);
  bool same = true;
  for (std::size_t i = 0; i < kCounts; ++i) {
    const auto value = static_cast<std::uint32_t>(std::min<std::uint64_t>(counts.counts[i], UINT32_MAX));
    same = same && one.counts[i] == value;
    one.counts[i] = value;
  }
  if (same) return;
  if (one.counts[number(Count::kEvents)] > 0 && (first_ < 0 || counts.second < first_)) first_ = counts.second;
  if (changed_ < 0 || counts.second < changed_) changed_ = counts.second;
}

std::uint64_t OverviewModel::sum(Count count, std::int64_t from, std::int64_t to) const {
  std::uint64_t total = 0;
  for (std::int64_t s = from; s < to; ++s) {
    if (at(s).second == s) total += at(s).counts[number(count)];
  }
  return total;
}

void OverviewModel::advance(UnixMillis now) {
  const std::int64_t end = now.value / 1000;  // the second that is running is not judged
  if (end - 1 > newest_) open(end - 1);
  if (first_ >= 0 && first_ < end - kMemory) first_ = end - kMemory;
  std::int64_t from = judged_ < 0 ? (first_ < 0 ? end : first_) : judged_;
  if (changed_ >= 0 && judged_ >= 0) from = std::min(from, std::max(changed_, judged_ - kRevise));
  from = std::max({from, end - kMemory, std::int64_t{0}});
  for (std::int64_t s = from; s < end; ++s) judge(s);
  judged_ = std::max(judged_, end);
  changed_ = -1;
}

template <class F>
OverviewModel::Usual OverviewModel::learn(std::int64_t second, std::optional<std::size_t> watched, F&& count_of) const {
  Usual usual;
  if (first_ < 0) return usual;
  const std::int64_t lag = std::clamp((second - first_) / 3, kLeastLag, kMostLag);
  // The first second is seldom whole.
  const std::int64_t oldest = std::max(first_ + 1, second - kMemory);
  const auto teaches_not = [&](const Second& one) {
    if (watched) return one.verdicts[*watched].unusual;
    return std::ranges::any_of(one.verdicts, &Verdict::unusual);
  };
  std::vector<double> values, blocks;
  values.reserve(kLearn);
  blocks.reserve(kLearn);
  for (std::int64_t s = second - lag; s >= oldest && static_cast<std::int64_t>(values.size()) < kLearn; --s) {
    const Second& one = at(s);
    if (one.second != s || one.silent || teaches_not(one)) continue;
    values.push_back(count_of(one));
  }
  usual.learned = static_cast<std::int64_t>(values.size());
  if (usual.learned < kLeastLearned) return usual;

  const std::size_t width = std::clamp<std::size_t>(values.size() / 12, 1, 10);
  for (std::size_t i = 0; i + width <= values.size(); i += width) {
    double sum = 0;
    for (std::size_t k = 0; k < width; ++k) sum += values[i + k];
    blocks.push_back(sum);
  }
  double mean = 0;
  for (double sum : blocks) mean += sum / static_cast<double>(blocks.size());
  double centre = median(blocks), variance = 0;
  if (centre < 5) {
    // Rare things: a median of small whole numbers says little.
    centre = mean;
    for (double sum : blocks) variance += (sum - mean) * (sum - mean) / static_cast<double>(blocks.size());
  } else {
    for (double& sum : blocks) sum = std::abs(sum - centre);
    const double deviation = 1.4826 * median(blocks);
    variance = deviation * deviation;
  }
  usual.rate = centre / static_cast<double>(width);
  if (centre > 0) usual.dispersion = std::clamp(variance / centre, 1.0, 25.0);
  return usual;
}

double OverviewModel::volume(std::int64_t second) const {
  const auto part = [](Count all, std::initializer_list<Count> without) {
    return [all, without = std::vector<Count>(without)](const Second& s) {
      double value = s.counts[number(all)];
      for (Count c : without) value -= s.counts[number(c)];
      return std::max(value, 0.0);
    };
  };
  std::vector<double> growth;
  const auto family = [&](auto&& count_of) {
    const Usual usual = learn(second, std::nullopt, count_of);
    if (usual.learned < kLeastLearned || usual.rate < 2) return;
    double now = 0;
    for (std::int64_t s = std::max(second - kVolume + 1, first_); s <= second; ++s) now += count_of(at(s));
    growth.push_back(now / static_cast<double>(std::min(kVolume, second - first_ + 1)) / usual.rate);
  };
  family(part(Count::kLogins, {Count::kLoginFailures}));
  family(part(Count::kApiRequests, {Count::kApiErrors}));
  family(part(Count::kEmails, {Count::kEmailBounces, Count::kEmailComplaints}));
  if (growth.size() < 2) return 1;
  std::ranges::sort(growth);
  return std::clamp(growth[(growth.size() - 1) / 2], 1.0, 50.0);
}

void OverviewModel::judge(std::int64_t second) {
  Second& one = at(second);
  one.silent = false;
  if (one.counts[number(Count::kEvents)] == 0) {
    // A service of a few events a minute has empty seconds; a stream that stands still has many in a row.
    bool silent = true;
    for (std::int64_t s = second - kSilence + 1; s < second && silent; ++s) {
      silent = s >= 0 && at(s).second == s && at(s).counts[number(Count::kEvents)] == 0;
    }
    for (std::int64_t s = second - kSilence + 1; silent && s <= second; ++s) at(s).silent = true;
  }
  const double grown = first_ < 0 || second - first_ < kLeastLag ? 1 : volume(second);
  for (std::size_t k = 0; k < kWatched; ++k) {
    const Count count = kWatchList[k].count;
    const Second& before = at(second - 1);
    Verdict verdict;
    const Usual usual =
        learn(second, k, [count](const Second& s) { return static_cast<double>(s.counts[number(count)]); });
    if (usual.learned >= kLeastLearned) {
      const bool careful = usual.learned < kWellLearned;
      verdict.expected = static_cast<float>(usual.rate * grown);
      // Few seconds, or few events in them, may have shown less than is usual: the doubt is the service's.
      const auto taught = static_cast<double>(usual.learned);
      const double rate =
          grown * (usual.rate + 2 * std::sqrt(usual.dispersion * usual.rate / taught) + 3 * usual.dispersion / taught);
      const auto spreads = [&](double seen, double expected) {
        return (seen - expected) / std::sqrt(usual.dispersion * expected + 0.01 * expected * expected + 1);
      };
      const double fast = static_cast<double>(sum(count, second - kFast + 1, second + 1));
      const double fast_usual = rate * kFast;
      const double far = spreads(fast, fast_usual);
      if (far >= (careful ? 12 : 8) && fast >= (careful ? 3 : 2) * fast_usual && fast - fast_usual >= 10)
        verdict.level = 1;
      if (verdict.level > 0 && far >= 14 && fast >= 4 * fast_usual && fast - fast_usual >= 25) {
        const std::uint8_t streak = before.second == second - 1 ? before.verdicts[k].streak : std::uint8_t{0};
        verdict.streak = static_cast<std::uint8_t>(std::min(streak + 1, 100));
        if (verdict.streak >= kAttackStreak) verdict.level = 2;
      }
      if (verdict.level == 0 && !careful && second - first_ >= 2 * kSlow) {
        const double slow = static_cast<double>(sum(count, second - kSlow + 1, second + 1));
        const double slow_usual = rate * kSlow;
        const double still = static_cast<double>(sum(count, second - kStill + 1, second + 1));
        if (spreads(slow, slow_usual) >= 6 && slow >= 1.6 * slow_usual && slow - slow_usual >= 20 &&
            still >= 1.4 * rate * kStill) {
          verdict.level = 1;
        }
      }
    }
    verdict.held = verdict.level;
    for (std::int64_t s = second - kHold + 1; s < second; ++s) {
      if (s >= 0 && at(s).second == s) verdict.held = std::max(verdict.held, at(s).verdicts[k].level);
    }
    verdict.unusual = verdict.held > 0;
    one.verdicts[k] = verdict;
    if (verdict.level > 0) {
      for (std::int64_t s = second - kFast + 1; s < second; ++s) {
        if (s >= 0 && at(s).second == s) at(s).verdicts[k].unusual = true;
      }
    }
  }
}

OverviewView OverviewModel::view(UnixMillis now) const {
  OverviewView view;
  const std::int64_t running = now.value / 1000, last = judged_ - 1;
  const double fraction = static_cast<double>(now.value % 1000) / 1000.0;

  // A window that slides by the millisecond: the oldest second counts for the part of it that is still inside.
  const auto in_window = [&](Count count) {
    double total = static_cast<double>(sum(count, running - 59, running + 1));
    if (const Second& oldest = at(running - 60); oldest.second == running - 60)
      total += (1 - fraction) * oldest.counts[number(count)];
    return total;
  };
  const double known = first_ < 0 ? 0 : static_cast<double>(running - first_) + fraction;
  // A silence that is over (Weir was not running) is no part of the rate; one that goes on is.
  double still = 0;
  if (last >= 0 && at(last).second == last && !at(last).silent) {
    for (std::int64_t s = std::max(running - 59, first_); s <= last; ++s) {
      if (at(s).second == s && at(s).silent) ++still;
    }
  }
  const double window = std::clamp(std::min(known, 60.0) - still, 1.0, 60.0);
  const double events = first_ < 0 ? 0 : in_window(Count::kEvents) / window;

  for (const TileKind& kind : kTiles) {
    OverviewTile tile{.metric = kind.metric, .label = kind.label, .unit = kind.whole ? "ratio" : "per second"};
    const auto count_of = [](Count count) {
      return [count](const Second& s) { return static_cast<double>(s.counts[number(count)]); };
    };
    const std::optional<std::size_t> watched = watched_as(kind.part);
    if (first_ >= 0) {
      const Usual part = last > 0 ? learn(last, watched, count_of(kind.part)) : Usual{};
      const bool learned = part.learned >= kWellLearned;
      if (kind.whole) {
        if (const double whole = in_window(*kind.whole); whole >= kFewest) tile.value = in_window(kind.part) / whole;
        if (learned) {
          const Usual whole = learn(last, watched, count_of(*kind.whole));
          if (whole.rate > 0) tile.baseline = std::min(1.0, part.rate / whole.rate);
        }
      } else {
        tile.value = in_window(kind.part) / window;
        if (learned) tile.baseline = part.rate;
      }
      if (tile.value && tile.baseline && *tile.baseline > 0) tile.change = *tile.value / *tile.baseline;
    }
    view.tiles.push_back(tile);
  }

  // The running minute, which has hardly begun at times, is told by the last 60 seconds.
  for (OverviewTile& tile : view.tiles) {
    if (events > 0) tile.sparkline.back() = tile.value;
  }
  const std::int64_t minute = running / 60;
  for (std::int64_t m = 0; m < 59 && first_ >= 0; ++m) {
    const std::int64_t begin = (minute - 59 + m) * 60, end = begin + 60;
    std::array<std::uint64_t, kCounts> totals{};
    for (std::int64_t s = begin; s < end; ++s) {
      const Second& one = at(s);
      if (s < 0 || one.second != s) continue;
      for (std::size_t i = 0; i < kCounts; ++i) totals[i] += one.counts[i];
    }
    if (totals[number(Count::kEvents)] == 0) continue;
    const double seconds = std::max(1.0, static_cast<double>(end - std::max(begin, first_)));
    for (std::size_t t = 0; t < kTiles.size(); ++t) {
      const auto part = static_cast<double>(totals[number(kTiles[t].part)]);
      if (!kTiles[t].whole) {
        view.tiles[t].sparkline[static_cast<std::size_t>(m)] = part / seconds;
      } else if (const auto whole = static_cast<double>(totals[number(*kTiles[t].whole)]); whole >= kFewest) {
        view.tiles[t].sparkline[static_cast<std::size_t>(m)] = part / whole;
      }
    }
  }

  if (last >= 0 && at(last).second == last) {
    std::uint8_t level = 0;
    for (const Verdict& verdict : at(last).verdicts) level = std::max(level, verdict.held);
    view.state = static_cast<OverviewState>(level);
  }
  view.sentence = sentence(now, events);
  return view;
}

std::string OverviewModel::sentence(UnixMillis now, double events_per_second) const {
  const std::int64_t last = judged_ - 1;
  if (first_ < 0 || last < 0 || at(last).second != last)
    return "No events yet. The first ones show here within a second of their arrival.";

  struct Story {
    std::size_t watched;
    std::uint8_t level;
    double seen, usual;  // a second
  };
  std::vector<Story> stories;
  const std::int64_t window = std::min(kStill, last - first_ + 1);
  for (std::size_t k = 0; k < kWatched; ++k) {
    const Verdict& verdict = at(last).verdicts[k];
    if (verdict.held == 0) continue;
    const double seen =
        static_cast<double>(sum(kWatchList[k].count, last - window + 1, last + 1)) / static_cast<double>(window);
    stories.push_back({k, verdict.held, seen, verdict.expected});
  }
  if (!stories.empty()) {
    std::ranges::sort(stories, [](const Story& a, const Story& b) {
      if (a.level != b.level) return a.level > b.level;
      const double times_a = a.seen / std::max(a.usual, 0.1), times_b = b.seen / std::max(b.usual, 0.1);
      return times_a != times_b ? times_a > times_b : a.watched < b.watched;
    });
    const Story& worst = stories.front();
    std::int64_t since = last;
    while (since - 1 >= first_ && at(since - 1).second == since - 1 && at(since - 1).verdicts[worst.watched].unusual)
      --since;
    // The seconds just before it was noticed are under suspicion too; it began with the first one that was high.
    while (since < last && at(since).counts[number(kWatchList[worst.watched].count)] <= 1.5 * worst.usual) ++since;
    const std::string began = format_rfc3339(UnixMillis(since * 1000)).substr(11, 5);
    // By the usual, as the page tells the number itself.
    const bool by_minute = worst.usual < 1;
    const double factor = by_minute ? 60 : 1;
    const std::string_view unit = by_minute ? "a minute" : "a second";
    const std::string_view label = kWatchList[worst.watched].label;
    std::string text;
    if (worst.seen < 1.5 * worst.usual) {
      // Held, and over by the look of it.
      text = fmt::format("{} were unusual from {} on and are nearly back: {} {}, where {} are usual.", label, began,
                         figure(worst.seen * factor), unit, figure(worst.usual * factor));
    } else if (worst.usual * 60 < 1) {
      text = fmt::format("{} since {}: {} {}, where there are hardly any.", label, began, figure(worst.seen * factor),
                         unit);
    } else {
      text = fmt::format("{} are {}× usual since {}: {} {} instead of {}.", label, times(worst.seen / worst.usual),
                         began, figure(worst.seen * factor), unit, figure(worst.usual * factor));
    }
    for (std::size_t i = 1; i < stories.size(); ++i) {
      std::string name(kWatchList[stories[i].watched].label);
      if (!name.starts_with("API")) name[0] = static_cast<char>(name[0] - 'A' + 'a');
      text += i == 1 ? " Also unusual: " : i + 1 == stories.size() ? " and " : ", ";
      text += name;
      if (i + 1 == stories.size()) text += '.';
    }
    return text;
  }

  std::int64_t quiet = 0;
  for (std::int64_t s = last; s >= first_ && at(s).second == s && at(s).counts[number(Count::kEvents)] == 0; --s)
    ++quiet;
  // A running second with an event in it ends the silence.
  const std::int64_t running = now.value / 1000;
  if (quiet >= kSilence && sum(Count::kEvents, last + 1, running + 1) == 0) {
    return fmt::format("Quiet. No event has happened for {}.", duration(quiet));
  }
  const bool by_minute = events_per_second < 1;
  const std::string rate =
      fmt::format("{} events a {}", figure(by_minute ? events_per_second * 60 : std::round(events_per_second)),
                  by_minute ? "minute" : "second");
  if (learn(last, std::nullopt, [](const Second& s) { return static_cast<double>(s.counts[0]); }).learned <
      kWellLearned) {
    return fmt::format("Normal so far. {}; what is usual here takes a minute to learn.", rate);
  }
  std::int64_t calm = 0;
  for (std::int64_t s = last; s >= first_ && at(s).second == s; --s, ++calm) {
    const auto& verdicts = at(s).verdicts;
    if (std::ranges::any_of(verdicts, [](const Verdict& v) { return v.held > 0; })) break;
  }
  const std::string how_long = calm >= kMemory - 60 ? "hour"
                               : calm < 120         ? "minute"
                                                    : fmt::format("{} minutes", calm / 60);
  return fmt::format("Normal. {}, nothing unusual in the last {}.", rate, how_long);
}

}  // namespace weir

#include "pipeline/rebuild.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <sstream>
#include <thread>

#include "base/fail_point.h"
#include "base/log.h"

namespace weir {
namespace {

// StateStore keys: the day whose exchange was begun; and "FROM TO LAST-DAY MILLIS" of a run that is not finished ("-" for no bound).
constexpr std::string_view kExchanging = "rebuild.exchanging";
constexpr std::string_view kUnfinished = "rebuild.unfinished";

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kResumeMillis = kDaySeconds * 1000;
/// A day of more rows is counted hour by hour, so that a stop is heard and memory stays small.
constexpr std::uint64_t kRowsAtOnce = 2'000'000;

std::string bound(const std::string& day) { return day.empty() ? "-" : day; }

}  // namespace

std::optional<std::int64_t> first_second_of_day(const std::string& day) {
  int value = 0;
  if (day.size() != 8 || std::from_chars(day.data(), day.data() + 8, value).ptr != day.data() + 8) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(value / 10'000),
                                         std::chrono::month(static_cast<unsigned>(value / 100 % 100)),
                                         std::chrono::day(static_cast<unsigned>(value % 100))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count() * kDaySeconds;
}

namespace {

std::string dashed(const std::string& day) { return day.substr(0, 4) + "-" + day.substr(4, 2) + "-" + day.substr(6); }

}  // namespace

std::string in_words(const RebuildProgress& progress) {
  return fmt::format("day {} of {}: {}, {} %", progress.days_done + 1, progress.days, dashed(progress.day),
                     progress.percent);
}

std::string in_words(const RebuildSummary& summary) {
  std::string out;
  if (!summary.after.empty())
    out += fmt::format("An earlier run was interrupted after {}; this one went on behind that day. ",
                       dashed(summary.after));
  if (summary.days.empty()) {
    out += "There was no day to make rollups of.";
  } else {
    out +=
        fmt::format("Made the rollups of {} {} anew, {} to {}, from {} events. {}", summary.days.size(),
                    summary.days.size() == 1 ? "day" : "days", dashed(summary.days.front()),
                    dashed(summary.days.back()), summary.events,
                    summary.wrong_days == 0 ? "Their totals were right before."
                                            : fmt::format("{} had counted another total before.", summary.wrong_days));
    out += fmt::format(" New events waited at most {} ms.", summary.longest_wait.count());
  }
  if (!summary.left_out.empty()) {
    out += fmt::format(" Left as they are, as retention has removed events of theirs: {} to {}.",
                       dashed(summary.left_out.front()), dashed(summary.left_out.back()));
  }
  return out;
}

Status RollupRebuilder::recover() {
  WEIR_TRY_ASSIGN(const auto day, parts_.state.get(kExchanging));
  if (!day) return {};
  log::info("The last stop interrupted an exchange of the rollups of {}: it is finished now", *day);
  return finish(*day);
}

Status RollupRebuilder::finish(const std::string& day) {
  WEIR_TRY(fail_point("rebuild.noted"));
  if (Status done = parts_.rollups.exchange(day); !done && done.error().code != Code::kNotFound) return done;
  WEIR_TRY(fail_point("rebuild.exchanged"));
  return parts_.state.put({{std::string(kExchanging), ""}});
}

/// The exchange is done to its end, here or by recover(): a batch that came between two attempts would be lost by the second one. So
/// batches wait; the process may end meanwhile.
Status RollupRebuilder::insist(const std::string& day) {
  Status refused;
  while (true) {
    const Status done = refused ? finish(day) : parts_.state.put({{std::string(kExchanging), ""}});
    if (done) return refused;
    if (refused && (done.error().code == Code::kInvalid || done.error().code == Code::kInternal)) {
      refused = fail(done.error(), "exchanging the rollups of " + day + ", which stay as they were");
      continue;
    }
    log::error("The rollups of {} could not be exchanged; it is tried again, and batches wait: {}", day,
               done.error().message);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

Result<RebuildSummary> RollupRebuilder::run(const RebuildDays& days,
                                            const std::function<void(const RebuildProgress&)>& progress,
                                            const std::stop_token& stop) {
  const std::unique_lock one_at_a_time(running_, std::try_to_lock);
  if (!one_at_a_time.owns_lock())
    return fail(Code::kConflict, "Rollups are being made anew already; wait until that is done.");
  for (const std::string& day : {days.from, days.to}) {
    if (!day.empty() && !first_second_of_day(day))
      return fail(Code::kInvalid, "\"" + day + "\" is no day; write it like 2026-11-28.");
  }
  if (!days.from.empty() && !days.to.empty() && days.from > days.to)
    return fail(Code::kInvalid, "The first day is behind the last one.");

  RebuildSummary summary;
  const std::int64_t now = parts_.clock.now().value;
  WEIR_TRY_ASSIGN(const auto unfinished, parts_.state.get(kUnfinished));
  if (unfinished) {
    std::istringstream in(*unfinished);
    std::string from, to, last;
    std::int64_t at = 0;
    if (in >> from >> to >> last >> at && from == bound(days.from) && to == bound(days.to) && now - at < kResumeMillis)
      summary.after = last;
  }

  WEIR_TRY_ASSIGN(std::vector<StorePartition> all, parts_.store.partitions());
  WEIR_TRY_ASSIGN(const std::string removed, parts_.books.removed_through());
  std::erase_if(all, [&](const StorePartition& day) {
    const bool wanted = day.rows > 0 && (days.from.empty() || day.id >= days.from) &&
                        (days.to.empty() || day.id <= days.to) && day.id > summary.after;
    if (wanted && day.id <= removed) summary.left_out.push_back(day.id);
    return !wanted || day.id <= removed;
  });
  RebuildProgress at{.day = {}, .days = all.size()};
  for (const StorePartition& day : all) {
    at.day = day.id;
    WEIR_TRY(one_day(day, at, progress, stop, summary));
    ++at.days_done;
    WEIR_TRY(parts_.state.put({{std::string(kUnfinished), fmt::format("{} {} {} {}", bound(days.from), bound(days.to),
                                                                      day.id, parts_.clock.now().value)}}));
    WEIR_TRY(fail_point("rebuild.day_done"));
  }
  WEIR_TRY(parts_.rollups.end_stage());
  WEIR_TRY(parts_.state.put({{std::string(kUnfinished), ""}}));
  return summary;
}

Status RollupRebuilder::one_day(const StorePartition& day, RebuildProgress at,
                                const std::function<void(const RebuildProgress&)>& progress,
                                const std::stop_token& stop, RebuildSummary& summary) {
  const std::int64_t begin = *first_second_of_day(day.id);
  const SecondsRange whole{begin, begin + kDaySeconds};
  const auto cancelled = [&] {
    return fail(Code::kCancelled, "stopped before the rollups of " + day.id + " were exchanged");
  };
  std::vector<Offset> counted;  // of each partition: the first offset not counted yet
  const auto position = [&]() -> Result<std::vector<Offset>> {
    std::vector<Offset> positions;
    WEIR_TRY(parts_.books.alone([&]() -> Status {
      WEIR_TRY_ASSIGN(ProgressState progress_now, parts_.progress.load());
      positions = std::move(progress_now.positions);
      return {};
    }));
    return positions;
  };
  /// Counts what came up to `until`: of few seconds, mostly, so that this is soon done.
  const auto catch_up = [&](const std::vector<Offset>& until) -> Status {
    WEIR_TRY_ASSIGN(const SecondsRange seconds, parts_.rollups.spread(whole, counted, until));
    if (seconds.from < seconds.to) WEIR_TRY(parts_.rollups.stage(seconds, counted, until, parts_.clock.now()));
    counted = until;
    return {};
  };
  WEIR_TRY_ASSIGN(counted, position());
  const std::vector<Offset> start(counted.size(), Offset(0));

  WEIR_TRY(fail_point("rebuild.begin"));
  WEIR_TRY(parts_.rollups.begin_stage());
  const std::int64_t piece = day.rows <= kRowsAtOnce ? kDaySeconds : 3600;
  for (std::int64_t from = begin; from < whole.to; from += piece) {
    if (stop.stop_requested()) return cancelled();
    at.percent = static_cast<int>((from - begin) * 100 / kDaySeconds);
    if (progress) progress(at);
    WEIR_TRY(parts_.rollups.stage({from, from + piece}, start, counted, parts_.clock.now()));
  }
  if (stop.stop_requested()) return cancelled();
  // Most of what came meanwhile, while batches still go on.
  WEIR_TRY_ASSIGN(const std::vector<Offset> later, position());
  WEIR_TRY(catch_up(later));
  WEIR_TRY(fail_point("rebuild.staged"));

  return parts_.books.alone([&]() -> Status {
    const auto since = parts_.clock.steady();
    WEIR_TRY_ASSIGN(const std::vector<StorePartition> days, parts_.store.partitions());
    WEIR_TRY_ASSIGN(const std::string removed, parts_.books.removed_through());
    const auto now = std::ranges::find(days, day.id, &StorePartition::id);
    if (now == days.end() || day.id <= removed) {
      summary.left_out.push_back(day.id);
      return {};
    }
    WEIR_TRY_ASSIGN(std::uint64_t staged, parts_.rollups.rolled_up(day.id, true));
    if (staged != now->rows) {
      WEIR_TRY_ASSIGN(const ProgressState progress_now, parts_.progress.load());
      WEIR_TRY(catch_up(progress_now.positions));
      WEIR_TRY_ASSIGN(staged, parts_.rollups.rolled_up(day.id, true));
    }
    if (staged != now->rows) {
      return fail(Code::kInternal,
                  fmt::format("the day {} has {} rows of events, and new rollups would count {}: nothing was changed",
                              day.id, now->rows, staged));
    }
    WEIR_TRY(parts_.rollups.prepare_exchange(day.id));
    WEIR_TRY_ASSIGN(const std::uint64_t before, parts_.rollups.rolled_up(day.id, false));
    WEIR_TRY(parts_.state.put({{std::string(kExchanging), day.id}}));
    WEIR_TRY(insist(day.id));
    summary.days.push_back(day.id);
    summary.events += staged;
    if (before != staged) ++summary.wrong_days;
    summary.longest_wait = std::max(
        summary.longest_wait, std::chrono::duration_cast<std::chrono::milliseconds>(parts_.clock.steady() - since));
    return {};
  });
}

}  // namespace weir

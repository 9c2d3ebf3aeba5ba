#include "pipeline/rollup_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "event/decoder.h"
#include "pipeline/rebuild.h"

namespace weir {
namespace {

constexpr std::int64_t kHour = 3600, kDay = 86'400;
constexpr std::size_t kMostWarnings = 3;
constexpr std::size_t kMostDiffering = 10'000;  // hours remembered: more than a year of them

std::string words(std::int64_t hour, const std::vector<RollupDifference>& found) {
  const std::string time = format_rfc3339(UnixMillis(hour * 1000));
  std::string parts;
  for (const RollupDifference& d : found) {
    parts += fmt::format("{}{}{} count {}, and there are {} rows", parts.empty() ? "" : "; ", d.type,
                         d.type.empty() ? "they" : "", d.rolled_up, d.rows);
  }
  return fmt::format(
      "The rollups of {} {} UTC do not say what the rows of events say ({}). `weir store rebuild --from {} --to {}` "
      "makes "
      "them anew.",
      time.substr(0, 10), time.substr(11, 5), parts, time.substr(0, 10), time.substr(0, 10));
}

}  // namespace

Result<std::int64_t> RollupCheck::oldest() {
  WEIR_TRY_ASSIGN(const auto days, store_.partitions());
  WEIR_TRY_ASSIGN(const std::string removed, books_.removed_through());
  // The day that the edge of retention lies in is removed next.
  const std::int64_t edge = retention_millis_ == 0 ? 0 : (clock_.now().value - retention_millis_) / 1000;
  for (const StorePartition& day : days) {
    const auto first = first_second_of_day(day.id);
    if (first && day.rows > 0 && day.id > removed && *first > edge) return *first;
  }
  return fail(Code::kNotFound, "there is no whole day");
}

Status RollupCheck::next() {
  const std::int64_t newest = (clock_.now().value / 1000 - kSettledSeconds) / kHour * kHour - kHour;
  const auto first = oldest();
  std::int64_t hour = 0;
  if (!first && first.error().code != Code::kNotFound) return std::unexpected(first.error());
  {
    std::lock_guard lock(mutex_);
    // What retention took is no difference any more.
    if (first) differ_.erase(differ_.begin(), differ_.lower_bound(*first));
    metrics_.rollup_differences.Set(static_cast<double>(differ_.size()));
    if (!first || newest < *first) return {};
    if (newest_ < newest) {
      hour = newest_ = newest;
    } else {
      hour_ = hour_ == 0 ? newest : hour_ - kHour;
      if (hour_ < *first) hour_ = newest;
      hour = hour_;
    }
  }
  WEIR_TRY_ASSIGN(std::vector<RollupDifference> found, rollups_.differences(hour));
  if (!found.empty()) {
    // A batch may have been half written.
    WEIR_TRY(books_.alone([&]() -> Status {
      WEIR_TRY_ASSIGN(found, rollups_.differences(hour));
      return {};
    }));
  }
  remember(hour, found);
  return {};
}

void RollupCheck::remember(std::int64_t hour, const std::vector<RollupDifference>& found) {
  std::lock_guard lock(mutex_);
  if (found.empty()) {
    differ_.erase(hour);
  } else if (differ_.size() < kMostDiffering) {
    const auto [at, fresh] = differ_.try_emplace(hour);
    at->second = words(hour, found);
    if (fresh) log::warn("{}", at->second);
  }
  metrics_.rollup_differences.Set(static_cast<double>(differ_.size()));
}

void RollupCheck::forget_day(std::int64_t first_second) {
  std::lock_guard lock(mutex_);
  differ_.erase(differ_.lower_bound(first_second), differ_.lower_bound(first_second + kDay));
  metrics_.rollup_differences.Set(static_cast<double>(differ_.size()));
}

std::vector<std::string> RollupCheck::warnings() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (auto at = differ_.rbegin(); at != differ_.rend() && out.size() < kMostWarnings; ++at) out.push_back(at->second);
  if (differ_.size() > kMostWarnings)
    out.push_back(fmt::format("{} further hours have rollups that differ from the rows of events.",
                              differ_.size() - kMostWarnings));
  return out;
}

}  // namespace weir

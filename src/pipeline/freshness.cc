#include "pipeline/freshness.h"

#include <algorithm>
#include <cmath>

namespace weir {
namespace {

const double kLogStep = std::log(1.05);

}  // namespace

void Freshness::add(UnixMillis now, double millis, std::uint64_t events) {
  const auto bucket =
      static_cast<std::size_t>(std::clamp(std::log(std::max(millis, 1.0)) / kLogStep, 0.0, double{kBuckets - 1}));
  const std::int64_t minute = now.value / 60'000;
  std::lock_guard lock(mutex_);
  if (minutes_.empty() || minutes_.back().minute < minute) minutes_.push_back({minute, {}});
  minutes_.back().counts[bucket] += static_cast<std::uint32_t>(events);
  while (minutes_.size() > 24 * 60) minutes_.pop_front();
}

FreshnessSummary Freshness::summary(UnixMillis now, std::chrono::minutes back) const {
  std::array<std::uint64_t, kBuckets> sum{};
  std::uint64_t total = 0;
  {
    std::lock_guard lock(mutex_);
    for (const Minute& m : minutes_) {
      if (m.minute <= now.value / 60'000 - back.count()) continue;
      for (std::size_t i = 0; i < kBuckets; ++i) {
        sum[i] += m.counts[i];
        total += m.counts[i];
      }
    }
  }
  if (total == 0) return {};
  auto quantile = [&](double q) {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total)));
    std::uint64_t seen = 0;
    std::size_t i = 0;
    while (i + 1 < kBuckets && (seen += sum[i]) < wanted) ++i;
    return std::exp((static_cast<double>(i) + 0.5) * kLogStep);
  };
  return {quantile(0.5), quantile(0.95), quantile(0.99)};
}

}  // namespace weir

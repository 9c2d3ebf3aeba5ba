// How long events took from arrival to being selectable, of the last 24 hours.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "base/types.h"

namespace weir {

/// Milliseconds; nothing when no event came.
struct FreshnessSummary {
  std::optional<double> p50, p95, p99;
};

/// Kept by minute in logarithmic buckets of 5 %: 24 hours are 1,440 × 256 numbers. Thread-safe.
class Freshness {
 public:
  void add(UnixMillis now, double millis, std::uint64_t events);
  FreshnessSummary summary(UnixMillis now, std::chrono::minutes back = std::chrono::hours(24)) const;

 private:
  static constexpr std::size_t kBuckets = 256;
  struct Minute {
    std::int64_t minute;
    std::array<std::uint32_t, kBuckets> counts{};
  };
  mutable std::mutex mutex_;
  std::deque<Minute> minutes_;  // guarded by mutex_
};

}  // namespace weir

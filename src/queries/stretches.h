// How a question that may have to read everything reads little: the newest events first, in stretches of time that hold about
// as many events as can be read in the time that is left.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/status.h"
#include "queries/ask.h"
#include "queries/time_range.h"

namespace weir {

/// [from, to) of event time; nothing: not bounded on that side.
struct Stretch {
  TimeBounds time;
  std::uint64_t events = 0;  // about, by the rollups
  bool last = false;         // nothing older is within the bounds
};

/// Cuts the time between two bounds into stretches, newest first, without gaps: together they are all of it. How many events a
/// stretch holds is known from the rollups: by the second for the newest hour, by the minute for a day, by the
/// hour before that; within a bucket events are taken to be spread evenly. Not thread-safe.
class Stretches {
 public:
  /// Asks the store (up to 6,000 rollup rows, some milliseconds). Errors are those of Statement::ask.
  static Result<Stretches> read(const QueryContext& context, const TimeBounds& bounds);

  /// One bucket of the rollups, [from, to) in seconds.
  struct Bucket {
    std::int64_t from, to;
    std::uint64_t events;
  };
  /// `buckets` newest first, not overlapping. Those outside of the bounds are cut off.
  Stretches(std::vector<Bucket> buckets, const TimeBounds& bounds);

  /// The next older stretch of about `events` events, at least a second long. Nothing after the last one.
  std::optional<Stretch> next(std::uint64_t events);
  /// Events that no stretch had yet.
  std::uint64_t left() const { return left_; }

 private:
  std::vector<Bucket> buckets_;  // oldest first; what is taken goes from the end
  TimeBounds bounds_;
  std::uint64_t left_ = 0;
  bool over_ = false;
};

/// Says how many events the next stretch may have, so that it ends in time: by how fast the ones before were read.
class Pace {
 public:
  static constexpr std::uint64_t kFirst = 250'000;  // events of a first stretch: some 20 ms
  static constexpr std::uint64_t kGrowth = 8;       // from a stretch to the next, at most

  explicit Pace(std::uint64_t first = kFirst) : first_(first) {}

  std::uint64_t first() const { return first_; }
  void read(std::uint64_t events, std::chrono::microseconds took);
  /// Nothing when hardly anything could be read in `left`.
  std::optional<std::uint64_t> next(std::chrono::milliseconds left) const;

 private:
  const std::uint64_t first_;
  std::uint64_t before_ = 0;
  double per_millisecond_ = 0;
};

}  // namespace weir

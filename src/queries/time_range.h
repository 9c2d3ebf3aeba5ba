// Times as people write them in `from` and `to`, and steps of series.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "base/types.h"

namespace weir {

/// RFC 3339, `now`, or `now-` and a whole number with one of the units s m h d (`now-15m`). Nothing when it cannot be read.
/// What lies outside of the years 0 to 9999 (`now-9999999d`, 9999-12-31T23:59:59-01:00) is the nearest time inside.
std::optional<UnixMillis> parse_time(std::string_view text, UnixMillis now);

/// [from, to) in event time.
struct TimeRange {
  UnixMillis from, to;
};

/// `from` and `to` as they were given. Nothing given: nothing is bounded, and that side stays empty.
struct TimeBounds {
  std::optional<UnixMillis> from, to;
};

/// kInvalid, naming the parameter: one cannot be read, or `from` is not before `to`.
Result<TimeBounds> parse_bounds(const std::optional<std::string>& from, const std::optional<std::string>& to,
                                UnixMillis now);
/// The same with the last hour for what was left out: no `to` is now, no `from` is an hour before `to`.
Result<TimeRange> parse_range(const std::optional<std::string>& from, const std::optional<std::string>& to,
                              UnixMillis now);

/// How long the buckets of a stored step are kept, in seconds (the TTLs of sql/0001_tables.sql); hours stay for ever.
inline constexpr std::int64_t kSecondsKept = 2 * 86'400;
inline constexpr std::int64_t kMinutesKept = 400 * 86'400;

/// A width of buckets that can be asked for, and the stored step that it is made of.
struct Step {
  std::string_view name;
  std::int64_t seconds;
  std::int64_t stored;  // 1, 60 or 3600: the value of rollups.step
};
std::span<const Step> steps();  // finest first
const Step* step_named(std::string_view name);
/// How far back a stored step reaches: true when buckets of `stored` seconds that begin at `from` are still there.
bool is_kept(std::int64_t stored, UnixMillis from, UnixMillis now);

/// Buckets of one stored step, [from, to) in seconds.
struct Segment {
  std::int64_t stored, from, to;
  bool operator==(const Segment&) const = default;
};

/// Splits [from, to) seconds into whole hours, whole minutes and seconds, so that a sum over the segments reads few rows and
/// counts exactly that range. Stored steps coarser than `coarsest` are not used. Where finer buckets are gone already, an
/// end that cuts through a coarser bucket takes all of that bucket.
std::vector<Segment> cover(std::int64_t from, std::int64_t to, std::int64_t coarsest, UnixMillis now);

}  // namespace weir

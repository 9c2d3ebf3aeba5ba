#include "queries/stretches.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "queries/row_reader.h"

namespace weir {

namespace {

constexpr std::int64_t kBySecond = 3600, kByMinute = 86'400;
// Asking costs this much, however few events are looked at.
constexpr double kFixedMillis = 8;
// Of the time that is left; the rest is for what was guessed wrong.
constexpr double kPart = 0.7;

std::int64_t floor_to(std::int64_t value, std::int64_t width) {
  const std::int64_t rest = value % width;
  return value - (rest < 0 ? rest + width : rest);
}

std::int64_t floor_second(UnixMillis time) { return floor_to(time.value, 1000) / 1000; }
std::int64_t ceil_second(UnixMillis time) { return -floor_to(-time.value, 1000) / 1000; }

}  // namespace

Result<Stretches> Stretches::read(const QueryContext& context, const TimeBounds& bounds) {
  const UnixMillis now = context.clock.now();
  const std::int64_t end = floor_second(bounds.to ? std::min(*bounds.to, now) : now);
  // Whole minutes and hours where one step hands over to the next, so that no event is counted by both.
  std::int64_t minutes_end = floor_to(end - kBySecond, 60);
  std::int64_t hours_end = floor_to(end - kByMinute, 3600);
  if (!is_kept(60, UnixMillis(hours_end * 1000), now)) hours_end = minutes_end = floor_to(end, 3600) + 3600;
  if (!is_kept(1, UnixMillis(minutes_end * 1000), now)) minutes_end = std::max(hours_end, floor_to(end, 60) + 60);

  Statement ask;
  const std::string from = ask.seconds(bounds.from ? floor_to(floor_second(*bounds.from), 3600) : 0);
  const std::string minutes = ask.seconds(minutes_end), hours = ask.seconds(hours_end);
  std::string upper;
  if (bounds.to) upper = " AND time < " + ask.seconds(ceil_second(*bounds.to));
  ask += fmt::format(
      "SELECT toUInt32(step) AS width, toUInt32(time), sum(events) FROM rollups WHERE dimension = '' AND time >= "
      "{0}{1} "
      "AND ((step = 1 AND time >= {2}) OR (step = 60 AND time >= {3} AND time < {2}) OR (step = 3600 AND time < {3})) "
      "GROUP BY width, time HAVING sum(events) > 0 ORDER BY time DESC",
      from, upper, minutes, hours);
  WEIR_TRY_ASSIGN(const std::string answer, ask.ask(context, {.time = std::chrono::seconds(2), .threads = 1}));
  std::vector<Bucket> buckets;
  RowReader reader(answer);
  while (reader.more()) {
    const std::int64_t width = reader.u32(), time = reader.u32();
    buckets.push_back({time, time + width, reader.u64()});
  }
  if (reader.broken()) return fail(Code::kInternal, "The store's answer for the counts of events could not be read.");
  return Stretches(std::move(buckets), bounds);
}

Stretches::Stretches(std::vector<Bucket> buckets, const TimeBounds& bounds)
    : buckets_(std::move(buckets)), bounds_(bounds) {
  std::ranges::reverse(buckets_);
  for (Bucket& bucket : buckets_) {
    const std::int64_t width = bucket.to - bucket.from;
    if (bounds.from) bucket.from = std::max(bucket.from, floor_second(*bounds.from));
    if (bounds.to) bucket.to = std::min(bucket.to, ceil_second(*bounds.to));
    const std::int64_t kept = std::max<std::int64_t>(bucket.to - bucket.from, 0);
    bucket.events = kept == width
                        ? bucket.events
                        : bucket.events * static_cast<std::uint64_t>(kept) / static_cast<std::uint64_t>(width);
    left_ += bucket.events;
  }
  std::erase_if(buckets_, [](const Bucket& bucket) { return bucket.to <= bucket.from; });
}

std::optional<Stretch> Stretches::next(std::uint64_t events) {
  if (over_) return std::nullopt;
  Stretch stretch{.time = bounds_};
  std::optional<std::int64_t> from;
  while (!buckets_.empty() && stretch.events < events) {
    Bucket& bucket = buckets_.back();
    const std::uint64_t wanted = events - stretch.events;
    from = bucket.from;
    if (bucket.events <= wanted + wanted / 2) {
      stretch.events += bucket.events;
      left_ -= bucket.events;
      buckets_.pop_back();
      continue;
    }
    // Its newest part.
    const std::int64_t width = bucket.to - bucket.from;
    const auto part = std::clamp<std::int64_t>(
        static_cast<std::int64_t>(
            std::ceil(static_cast<double>(width) * static_cast<double>(wanted) / static_cast<double>(bucket.events))),
        1, width);
    // A bucket of a second is not cut; a stretch that has something already ends before it.
    if (part == width && stretch.events > 0) {
      from = bucket.to;
      break;
    }
    const std::uint64_t taken = bucket.events * static_cast<std::uint64_t>(part) / static_cast<std::uint64_t>(width);
    stretch.events += taken;
    left_ -= taken;
    bucket.events -= taken;
    bucket.to -= part;
    from = bucket.to;
    if (part == width) buckets_.pop_back();
    break;
  }
  // What came before the oldest bucket, and in between, is nothing as far as the rollups know; it is looked at all the same.
  if (buckets_.empty()) {
    stretch.last = over_ = true;
    return stretch;
  }
  stretch.time.from = UnixMillis(*from * 1000);
  bounds_.to = stretch.time.from;
  return stretch;
}

void Pace::read(std::uint64_t events, std::chrono::microseconds took) {
  before_ = events;
  const double millis = static_cast<double>(took.count()) / 1000;
  per_millisecond_ = static_cast<double>(events) / std::max(millis - kFixedMillis, 1.0);
}

std::optional<std::uint64_t> Pace::next(std::chrono::milliseconds left) const {
  const double usable = static_cast<double>(left.count()) * kPart - kFixedMillis;
  if (usable <= 0) return std::nullopt;
  // At first, and after a stretch in which there was nothing, nothing is known about the pace.
  if (before_ == 0) return first_;
  const double possible = usable * per_millisecond_;
  if (possible < static_cast<double>(first_) / 8) return std::nullopt;
  return std::min(std::max(before_, first_) * kGrowth, static_cast<std::uint64_t>(possible));
}

}  // namespace weir

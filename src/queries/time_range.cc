#include "queries/time_range.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "event/decoder.h"
#include "queries/ask.h"

namespace weir {

namespace {

constexpr std::array<Step, 6> kSteps{{
    {"1s", 1, 1},
    {"10s", 10, 1},
    {"1m", 60, 60},
    {"5m", 300, 60},
    {"1h", 3600, 3600},
    {"1d", 86'400, 3600},
}};

constexpr std::int64_t kHourMillis = 3'600'000;
constexpr std::string_view kGrammar = "expected RFC 3339 (2026-01-31T12:00:00Z), now, or now-15m, now-2h, now-7d; got ";

std::int64_t floor_to(std::int64_t value, std::int64_t width) {
  const std::int64_t rest = value % width;
  return value - (rest < 0 ? rest + width : rest);
}

std::int64_t ceil_to(std::int64_t value, std::int64_t width) { return -floor_to(-value, width); }

Result<std::optional<UnixMillis>> parse_bound(std::string_view name, const std::optional<std::string>& text,
                                              UnixMillis now) {
  if (!text) return std::optional<UnixMillis>{};
  const auto time = parse_time(*text, now);
  if (!time) return bad_parameter(name, std::string(kGrammar) + '"' + text->substr(0, 80) + '"');
  return time;
}

// 0000-01-01T00:00:00Z and 9999-12-31T23:59:59.999Z: answers say times in RFC 3339, whose years have four digits.
constexpr UnixMillis kFirstMillis{-62'167'219'200'000}, kLastMillis{253'402'300'799'999};

UnixMillis writable(UnixMillis time) { return std::clamp(time, kFirstMillis, kLastMillis); }

}  // namespace

std::optional<UnixMillis> parse_time(std::string_view text, UnixMillis now) {
  if (!text.starts_with("now")) {
    const auto time = parse_rfc3339(text);
    return time ? std::optional(writable(*time)) : std::nullopt;
  }
  text.remove_prefix(3);
  if (text.empty()) return now;
  if (text.size() < 3 || text.front() != '-') return std::nullopt;
  std::int64_t unit = 0;
  switch (text.back()) {
    case 's': unit = 1000; break;
    case 'm': unit = 60'000; break;
    case 'h': unit = kHourMillis; break;
    case 'd': unit = 24 * kHourMillis; break;
    default: return std::nullopt;
  }
  text = text.substr(1, text.size() - 2);
  // A billion days still fits the arithmetic; what lies before 1970 simply finds nothing.
  constexpr std::size_t kMostDigits = 9;
  std::uint32_t amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
  if (text.size() > kMostDigits || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return writable(now - amount * unit);
}

Result<TimeBounds> parse_bounds(const std::optional<std::string>& from, const std::optional<std::string>& to,
                                UnixMillis now) {
  WEIR_TRY_ASSIGN(const auto begin, parse_bound("from", from, now));
  WEIR_TRY_ASSIGN(const auto end, parse_bound("to", to, now));
  if (begin && end && *begin >= *end) return bad_parameter("from", "must be before `to`");
  return TimeBounds{begin, end};
}

Result<TimeRange> parse_range(const std::optional<std::string>& from, const std::optional<std::string>& to,
                              UnixMillis now) {
  WEIR_TRY_ASSIGN(const TimeBounds bounds, parse_bounds(from, to, now));
  TimeRange range;
  range.to = bounds.to.value_or(now);
  range.from = bounds.from.value_or(range.to - kHourMillis);
  if (range.from >= range.to) return bad_parameter("from", "must be before `to`, which is now when left out");
  return range;
}

std::span<const Step> steps() { return kSteps; }

const Step* step_named(std::string_view name) {
  const auto found = std::ranges::find(kSteps, name, &Step::name);
  return found == kSteps.end() ? nullptr : &*found;
}

bool is_kept(std::int64_t stored, UnixMillis from, UnixMillis now) {
  if (stored == 3600) return true;
  return from >= now - (stored == 1 ? kSecondsKept : kMinutesKept) * 1000;
}

std::vector<Segment> cover(std::int64_t from, std::int64_t to, std::int64_t coarsest, UnixMillis now) {
  if (from >= to) return {};
  const std::int64_t width = coarsest;
  const std::int64_t inner_from = ceil_to(from, width), inner_to = floor_to(to, width);
  if (width == 1) return {{1, from, to}};
  const std::int64_t finer = width == 3600 ? 60 : 1;
  // What the coarse buckets leave over at either end is covered by finer ones, as long as those are kept.
  const auto kept = [&](std::int64_t at) { return is_kept(finer, UnixMillis(at * 1000), now); };
  if (inner_from >= inner_to) {
    if (kept(from)) return cover(from, to, finer, now);
    return {{width, floor_to(from, width), ceil_to(to, width)}};
  }
  std::vector<Segment> segments;
  Segment middle{width, inner_from, inner_to};
  std::vector<Segment> tail;
  if (from < inner_from) {
    if (kept(from)) {
      segments = cover(from, inner_from, finer, now);
    } else {
      middle.from -= width;
    }
  }
  if (inner_to < to) {
    if (kept(inner_to)) {
      tail = cover(inner_to, to, finer, now);
    } else {
      middle.to += width;
    }
  }
  segments.push_back(middle);
  segments.insert(segments.end(), tail.begin(), tail.end());
  return segments;
}

}  // namespace weir

#include "queries/time_range.h"

#include <gtest/gtest.h>

#include "event/decoder.h"

namespace weir {
namespace {

const UnixMillis kNow = *parse_rfc3339("2026-11-24T14:02:30.250Z");

TEST(ParseTime, ReadsRfc3339AndNow) {
  EXPECT_EQ(parse_time("now", kNow), kNow);
  EXPECT_EQ(parse_time("now-17s", kNow), kNow - 17'000);
  EXPECT_EQ(parse_time("now-15m", kNow), kNow - 15 * 60'000);
  EXPECT_EQ(parse_time("now-2h", kNow), kNow - 2 * 3'600'000);
  EXPECT_EQ(parse_time("now-7d", kNow), kNow - 7LL * 86'400'000);
  EXPECT_EQ(parse_time("2026-11-24T15:02:30.250+01:00", kNow), kNow);
}

// Found by fuzzing: answers say `from` and `to` again, and RFC 3339 has four digits for the year.
TEST(TimeRange, TimesBeyondTheYearsThatCanBeWrittenAreTheNearest) {
  for (const auto& [text, written] : {std::pair{"now-999999999d", "0000-01-01T00:00:00.000Z"},
                                      {"0000-01-01T00:00:00+23:59", "0000-01-01T00:00:00.000Z"},
                                      {"9999-12-31T23:59:60Z", "9999-12-31T23:59:59.999Z"},
                                      {"9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.999Z"}}) {
    const auto time = parse_time(text, kNow);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_rfc3339(*time), written) << text;
  }
}

TEST(ParseTime, RefusesEverythingElse) {
  for (std::string_view wrong :
       {"", "lately", "now-", "now-15", "now-m", "now+15m", "now-1.5h", "now--5m", "now-5m ", "NOW", "now-5w",
        "now-99999999999d", "2026-13-45", "2026-02-30T00:00:00Z", "1790000000"}) {
    EXPECT_FALSE(parse_time(wrong, kNow)) << wrong;
  }
}

TEST(ParseRange, IsTheLastHourWhenLeftOut) {
  EXPECT_EQ(parse_range({}, {}, kNow)->from, kNow - 3'600'000);
  EXPECT_EQ(parse_range({}, {}, kNow)->to, kNow);
  EXPECT_EQ(parse_range({}, "now-1d", kNow)->from, kNow - 25 * 3'600'000);
  EXPECT_EQ(parse_range("now-5m", {}, kNow)->to, kNow);
}

TEST(ParseRange, NamesTheParameterThatIsWrong) {
  EXPECT_NE(parse_range("whenever", {}, kNow).error().message.find("`from`"), std::string::npos);
  EXPECT_NE(parse_range({}, "whenever", kNow).error().message.find("`to`"), std::string::npos);
  EXPECT_EQ(parse_range("now", "now", kNow).error().code, Code::kInvalid);
  EXPECT_FALSE(parse_range("2030-01-01T00:00:00Z", {}, kNow));
  EXPECT_FALSE(parse_bounds("now", "now-1m", kNow));
  EXPECT_TRUE(parse_bounds({}, "now-1m", kNow));
}

TEST(Cover, TakesTheCoarsestBucketsThatFit) {
  const std::int64_t hour = kNow.value / 3'600'000 * 3600;
  EXPECT_EQ(cover(hour - 7200, hour, 3600, kNow), (std::vector<Segment>{{3600, hour - 7200, hour}}));
  EXPECT_EQ(cover(hour - 3600 - 61, hour + 62, 3600, kNow), (std::vector<Segment>{{1, hour - 3661, hour - 3660},
                                                                                  {60, hour - 3660, hour - 3600},
                                                                                  {3600, hour - 3600, hour},
                                                                                  {60, hour, hour + 60},
                                                                                  {1, hour + 60, hour + 62}}));
  EXPECT_EQ(cover(hour + 5, hour + 9, 3600, kNow), (std::vector<Segment>{{1, hour + 5, hour + 9}}));
  EXPECT_EQ(cover(hour + 5, hour + 9, 1, kNow), (std::vector<Segment>{{1, hour + 5, hour + 9}}));
  EXPECT_TRUE(cover(hour, hour, 3600, kNow).empty());
}

TEST(Cover, CountsEverySecondOnce) {
  const std::int64_t hour = kNow.value / 3'600'000 * 3600;
  for (std::int64_t from : {hour - 9000, hour - 3601, hour - 60, hour - 59, hour - 1}) {
    for (std::int64_t to : {hour, hour + 1, hour + 60, hour + 61, hour + 3600, hour + 3661}) {
      std::int64_t at = from;
      for (const Segment& s : cover(from, to, 3600, kNow)) {
        EXPECT_EQ(s.from, at);
        EXPECT_EQ(s.from % s.stored, 0);
        EXPECT_EQ(s.to % s.stored, 0);
        at = s.to;
      }
      EXPECT_EQ(at, to);
    }
  }
}

TEST(Cover, TakesWholeBucketsWhereFinerOnesAreGone) {
  const std::int64_t minute = kNow.value / 60'000 * 60 - 10 * 86'400;
  EXPECT_EQ(cover(minute + 5, minute + 65, 60, kNow), (std::vector<Segment>{{60, minute, minute + 120}}));
  EXPECT_EQ(cover(minute + 5, minute + 9, 60, kNow), (std::vector<Segment>{{60, minute, minute + 60}}));
  const std::int64_t hour = kNow.value / 3'600'000 * 3600 - 500LL * 86'400;
  EXPECT_EQ(cover(hour + 1, hour + 3601, 3600, kNow), (std::vector<Segment>{{3600, hour, hour + 7200}}));
}

}  // namespace
}  // namespace weir

#include "formats/wall_time.h"

#include "formats/testing.h"

namespace weir {
namespace {

constexpr std::int32_t kHour = 3'600'000;

Zone zone(std::string_view name) {
  auto zone = Zone::named(name);
  EXPECT_TRUE(zone.has_value()) << name << ": " << (zone ? "" : zone.error().message);
  return zone.value_or(Zone());
}

std::string local(std::string_view name, int year, unsigned month, unsigned day, std::int32_t millis) {
  return format_rfc3339(zone(name).moment(year, month, day, millis));
}

TEST(Zone, FixedOffsets) {
  EXPECT_EQ(local("UTC", 2026, 3, 29, kHour), "2026-03-29T01:00:00.000Z");
  EXPECT_EQ(local("Z", 2026, 3, 29, kHour + 1), "2026-03-29T01:00:00.001Z");
  EXPECT_EQ(local("+02:00", 2026, 3, 29, kHour), "2026-03-28T23:00:00.000Z");
  EXPECT_EQ(local("-0330", 2026, 3, 29, kHour), "2026-03-29T04:30:00.000Z");
  EXPECT_EQ(local("+14", 2026, 1, 1, 0), "2025-12-31T10:00:00.000Z");
}

TEST(Zone, NamesFollowTheClocksOfThePlace) {
  EXPECT_EQ(local("Europe/Berlin", 2026, 1, 15, 12 * kHour), "2026-01-15T11:00:00.000Z");
  EXPECT_EQ(local("Europe/Berlin", 2026, 7, 15, 12 * kHour + 5), "2026-07-15T10:00:00.005Z");
  EXPECT_EQ(local("America/New_York", 2026, 7, 15, 12 * kHour), "2026-07-15T16:00:00.000Z");
  EXPECT_EQ(local("Asia/Kathmandu", 2026, 7, 15, 12 * kHour), "2026-07-15T06:15:00.000Z");
  EXPECT_EQ(local("Etc/GMT+5", 2026, 7, 15, 12 * kHour), "2026-07-15T17:00:00.000Z");
  // 29 March 2026, 02:00: clocks go to 03:00. 25 October, 03:00: they go to 02:00.
  EXPECT_EQ(local("Europe/Berlin", 2026, 3, 29, 2 * kHour + kHour / 2), "2026-03-29T01:30:00.000Z");
  EXPECT_EQ(local("Europe/Berlin", 2026, 10, 25, 2 * kHour + kHour / 2), "2026-10-25T00:30:00.000Z");
  EXPECT_EQ(local("Europe/Berlin", 2060, 7, 1, 0), "2060-06-30T22:00:00.000Z");
}

TEST(Zone, UnknownNamesAreRefused) {
  for (const char* name : {"", "Europe/Atlantis", "+2", "+24:00", "+02:60", "+02:00x", "02:00", "/etc/passwd",
                           "../../etc/passwd", "Europe/../../x", "localtime", "file:/etc/localtime", ":UTC", "-"}) {
    const auto zone = Zone::named(name);
    ASSERT_FALSE(zone.has_value()) << name;
    EXPECT_EQ(zone.error().code, Code::kInvalid);
    EXPECT_NE(zone.error().message.find(name), std::string::npos);
  }
}

TEST(MomentOf, TheNewestYearThatIsNotAfterTheLimit) {
  const auto moment = [](unsigned month, unsigned day, std::string_view limit) {
    LogTime time;
    time.month = month;
    time.day = day;
    time.millis_of_day = 12 * kHour;
    return format_rfc3339(moment_of(time, Zone(), at(limit)).value()).substr(0, 10);
  };
  EXPECT_EQ(moment(11, 24, "2026-11-24T12:00:00Z"), "2026-11-24");
  EXPECT_EQ(moment(11, 24, "2026-11-24T11:59:59.999Z"), "2025-11-24");
  EXPECT_EQ(moment(12, 31, "2026-01-01T00:00:00Z"), "2025-12-31");
  EXPECT_EQ(moment(2, 29, "2026-11-24T12:00:00Z"), "2024-02-29");
  EXPECT_EQ(moment(2, 29, "2024-02-29T11:00:00Z"), "2020-02-29");
  EXPECT_EQ(moment(2, 29, "2103-11-24T12:00:00Z"), "2096-02-29");
}

TEST(MomentOf, TheZoneDecidesWhatIsInTheFuture) {
  LogTime time;
  time.millis_of_day = 12 * kHour;  // 1 January, noon
  EXPECT_EQ(moment_of(time, zone("-10:00"), at("2026-01-01T21:00:00Z")), at("2025-01-01T22:00:00Z"));
  EXPECT_EQ(moment_of(time, zone("+14:00"), at("2025-12-31T22:00:00Z")), at("2025-12-31T22:00:00Z"));
}

TEST(AccessTime, IsReadExactly) {
  EXPECT_EQ(parse_access_time("17/May/2015:10:05:03 +0000"), at("2015-05-17T10:05:03Z"));
  EXPECT_EQ(parse_access_time("01/Jan/2026:00:00:00 -0130"), at("2026-01-01T01:30:00Z"));
  for (const char* text : {"", "17/May/2015:10:05:03 +000", "17/may/2015:10:05:03 +0000", "17/May/2015:10:05:03 0000 ",
                           "17/May/2015:25:05:03 +0000", "00/May/2015:10:05:03 +0000", "17/May/2015 10:05:03 +0000",
                           "1x/May/2015:10:05:03 +0000"}) {
    EXPECT_FALSE(parse_access_time(text).has_value()) << text;
  }
}

TEST(IsoTime, TakesOffsetsWithoutColon) {
  EXPECT_EQ(parse_iso_time("2026-03-07T13:06:56+0200"), at("2026-03-07T11:06:56Z"));
  EXPECT_EQ(parse_iso_time("2026-03-07T13:06:56.5-02:00"), at("2026-03-07T15:06:56.5Z"));
  EXPECT_FALSE(parse_iso_time("2026-03-07T13:06:56").has_value());
  EXPECT_FALSE(parse_iso_time("+0200").has_value());
  EXPECT_FALSE(parse_iso_time(std::string(100, '1') + "+0200").has_value());
}

}  // namespace
}  // namespace weir

#include "event/decoder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "event/text_scan.h"

namespace weir {
namespace {

constexpr UnixMillis kNow(1'795'012'000'000);  // 2026-11-18T14:26:40Z
const std::string kTime = "2026-11-18T14:26:40.000Z";

/// A login; `data` and `more` are spliced in as they are.
std::string login(std::string_view data = R"("user_id":"u1","ip":"198.51.100.7","outcome":"success")",
                  std::string_view more = "", std::string_view time = kTime) {
  return fmt::format(
      R"({{"specversion":"1.0","type":"account.login","source":"/t","id":"1","time":"{}"{},"data":{{{}}}}})", time,
      more, data);
}

std::string event(std::string_view type, std::string_view data) {
  return fmt::format(R"({{"specversion":"1.0","type":"{}","source":"/t","id":"1","time":"{}","data":{{{}}}}})", type,
                     kTime, data);
}

struct Seen {
  bool admitted = false;
  EventView event;
  Reject reject;
  std::string verdict() const {
    return admitted ? "ok" : std::string(reason_name(reject.reason)) + (reject.field.empty() ? "" : " " + reject.field);
  }
};

class DecoderTest : public testing::Test {
 protected:
  Seen decode(const std::string& raw, UnixMillis at = kNow) {
    Seen seen;
    seen.admitted = decoder_.decode(raw, at, false, seen.event, seen.reject);
    if (!seen.admitted) {
      EXPECT_FALSE(seen.reject.message.empty());
    }
    return seen;
  }
  std::string verdict(const std::string& raw, UnixMillis at = kNow) { return decode(raw, at).verdict(); }

  Decoder decoder_{DecodeLimits{}};
};

TEST_F(DecoderTest, FillsTheView) {
  const Seen seen = decode(
      R"({"specversion":"1.0","id":"a\u00e9","source":"/s","type":"api.request","time":"2026-11-18T15:26:40.1239+01:00","weirtruth":"x/1",)"
      R"("data":{"ip":"2001:DB8:0:0:0:0:0:1","method":"GET","path":"/p?q=1","status":404,"latency_ms":1.5,"bytes":9007199254740993,)"
      R"("country":"de","asn":4294967295,"user_agent":"","unknown":{"a":[1]}}})");
  ASSERT_TRUE(seen.admitted) << seen.reject.message;
  EXPECT_EQ(seen.event.type, EventType::kApiRequest);
  EXPECT_EQ(seen.event.id, "aé");
  EXPECT_EQ(seen.event.time, UnixMillis(kNow.value + 123));
  EXPECT_EQ(seen.event.received_at, kNow);
  EXPECT_EQ(seen.event[Field::kIp], "2001:db8::1");
  EXPECT_EQ(seen.event[Field::kCountry], "DE");
  EXPECT_EQ(seen.event.status, 404);
  EXPECT_EQ(seen.event.asn, 4294967295U);
  EXPECT_EQ(seen.event.bytes, 9007199254740993U);
  EXPECT_EQ(seen.event.latency_ms, 1.5);
  EXPECT_EQ(seen.event.truth, "x/1");
  EXPECT_TRUE(seen.event.has(Field::kUserAgent));
  EXPECT_FALSE(seen.event.has(Field::kUserId));
}

TEST_F(DecoderTest, EmailStatusIsDelivery) {
  const Seen seen =
      decode(event("email.send", R"("recipient":"A@Example.COM","status":"bounced","ip":"::ffff:198.51.100.9")"));
  ASSERT_TRUE(seen.admitted);
  EXPECT_EQ(seen.event[Field::kDelivery], "bounced");
  EXPECT_EQ(seen.event.status, 0);
  EXPECT_EQ(seen.event.email_domain, "example.com");
  EXPECT_EQ(seen.event[Field::kIp], "198.51.100.9");
  EXPECT_EQ(verdict(event("email.send", R"("recipient":"a@example.com","status":200)")), "wrong_type data.status");
}

TEST_F(DecoderTest, EveryReasonWithItsField) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", "malformed_json"},
      {"no JSON", "malformed_json"},
      {R"({"id":"1"}{"id":"2"})", "malformed_json"},
      {R"({"x":NaN})", "malformed_json"},
      {"\"\xff\xfe\"", "malformed_json"},
      {std::string(5000, '['), "malformed_json"},
      {login(R"("user_id":"\ud800","ip":"192.0.2.1","outcome":"success")"), "malformed_json"},
      {login(R"("user_id":"\udc00x","ip":"192.0.2.1","outcome":"success")"), "malformed_json"},
      {"42", "not_cloudevent"},
      {"[1]", "not_cloudevent"},
      {R"({"hello":1})", "not_cloudevent specversion"},
      {R"({"specversion":"0.3"})", "not_cloudevent specversion"},
      {login(fmt::format(R"("user_id":"{}","ip":"192.0.2.1","outcome":"success")", std::string(kMaxEventBytes, 'x'))),
       "too_large"},
      {R"({"specversion":"1.0"})", "missing_field id"},
      {R"({"specversion":"1.0","id":"","source":"s","type":"t","time":"x","data":{}})", "missing_field id"},
      {R"({"specversion":"1.0","id":"1","source":null})", "missing_field source"},
      {R"({"specversion":"1.0","id":"1","source":"s","type":"t","time":"x"})", "missing_field data"},
      {login(R"("ip":"192.0.2.1","outcome":"success")"), "missing_field data.user_id"},
      {login(R"("user_id":"","ip":"192.0.2.1","outcome":"success")"), "missing_field data.user_id"},
      {login(R"("user_id":"u","ip":7,"outcome":null)"), "missing_field data.outcome"},
      {R"({"specversion":"1.0","id":17,"source":"s","type":"t","time":"x","data":{}})", "wrong_type id"},
      {R"({"specversion":"1.0","id":"1","source":"s","type":"account.login","time":"x","data":"text"})",
       "wrong_type data"},
      {login(R"("user_id":{},"ip":"nowhere","outcome":"success")"), "wrong_type data.user_id"},
      {event("api.request", R"("ip":"192.0.2.1","method":"GET","path":"/","status":"200")"), "wrong_type data.status"},
      {event("api.request", R"("ip":"192.0.2.1","method":"GET","path":"/","status":200.5)"), "wrong_type data.status"},
      {login(R"("user_id":"u","ip":"192.0.2.1","outcome":"success","asn":"AS1")"), "wrong_type data.asn"},
      {login(R"("user_id":"u","ip":"999.1.1.1","outcome":"success")"), "out_of_range data.ip"},
      {login(R"("user_id":"u","ip":"192.0.2.1","outcome":"maybe")"), "out_of_range data.outcome"},
      {login(R"("user_id":"u","ip":"192.0.2.1","outcome":"success","country":"Germany")"), "out_of_range data.country"},
      {event("api.request", R"("ip":"192.0.2.1","method":"GET","path":"/","status":1e400)"),
       "out_of_range data.status"},
      {event("api.request", R"("ip":"192.0.2.1","method":"GET","path":"/","status":200,"bytes":18446744073709551616)"),
       "out_of_range data.bytes"},
      {event("api.request", R"("ip":"192.0.2.1","method":"GET","path":"/","status":200,"latency_ms":-5)"),
       "out_of_range data.latency_ms"},
      {event("account.teleport", ""), "unknown_type type"},
      {R"({"specversion":"1.0","type":"nonsense","source":"s","id":"1","time":"yesterday","data":{}})",
       "out_of_range time"},
      {login(R"("user_id":"u","ip":"192.0.2.1","outcome":"success")", "", "2026-11-18T14:31:40.001Z"),
       "time_in_future time"},
      {login(R"("user_id":"u","ip":"192.0.2.1","outcome":"success")", "", "2026-11-18T14:31:40.000Z"), "ok"},
      {login(R"("user_id":"u","ip":"192.0.2.1","outcome":"success")", "", "2026-10-19T14:26:39.999Z"),
       "time_too_old time"},
      {login(R"("user_id":"u","ip":"192.0.2.1","outcome":"success")", "", "2026-10-19T14:26:40.000Z"), "ok"},
  };
  for (const auto& [raw, expected] : cases) EXPECT_EQ(verdict(raw), expected) << raw.substr(0, 200);
}

TEST_F(DecoderTest, IdentityOf256BytesIsTheLast) {
  const std::string id256(256, 'i'), id257(257, 'i');
  auto with = [](const std::string& id) {
    return fmt::format(
        R"({{"specversion":"1.0","type":"account.logout","source":"/t","id":"{}","time":"{}","data":{{"user_id":"u","ip":"::"}}}})",
        id, kTime);
  };
  EXPECT_EQ(verdict(with(id256)), "ok");
  EXPECT_EQ(verdict(with(id257)), "out_of_range id");
}

TEST_F(DecoderTest, ARejectKeepsTheIdentity) {
  const Seen seen = decode(login(R"("user_id":"u")"));
  EXPECT_EQ(seen.reject.source, "/t");
  EXPECT_EQ(seen.reject.id, "1");
  EXPECT_EQ(seen.reject.type, "account.login");
}

TEST_F(DecoderTest, RetentionZeroKeepsAllFrom1970On) {
  Decoder keep_all{DecodeLimits{0}};
  EventView event;
  Reject reject;
  EXPECT_TRUE(keep_all.decode(login(R"("user_id":"u","ip":"::1","outcome":"success")", "", "1970-01-01T00:00:00Z"),
                              kNow, false, event, reject));
  EXPECT_FALSE(keep_all.decode(login(R"("user_id":"u","ip":"::1","outcome":"success")", "", "1969-12-31T23:59:59Z"),
                               kNow, false, event, reject));
  EXPECT_EQ(reject.reason, Reason::kOutOfRange);
  // A retention that reaches back beyond 1970 keeps nothing from before either.
  Decoder keep_a_century{DecodeLimits{36'500LL * 86'400'000}};
  EXPECT_FALSE(
      keep_a_century.decode(login(R"("user_id":"u","ip":"::1","outcome":"success")", "", "1969-12-31T23:59:59Z"), kNow,
                            false, event, reject));
  EXPECT_EQ(reject.reason, Reason::kOutOfRange);
  EXPECT_FALSE(
      keep_a_century.decode(login(R"("user_id":"u","ip":"::1","outcome":"success")", "", "1900-01-01T00:00:00Z"), kNow,
                            false, event, reject));
  EXPECT_EQ(reject.reason, Reason::kTimeTooOld);
}

TEST_F(DecoderTest, SentencesSayWhatWasSent) {
  EXPECT_EQ(decode(event("api.request",
                         R"("ip":"192.0.2.1","method":"GET","path":"/","status":200,"bytes":18446744073709551616)"))
                .reject.message,
            "data.bytes is a number that 64 bits do not hold; it must be a whole number from 0 to 2^64 - 1.");
  EXPECT_EQ(decode(event("api.request", R"("ip":"192.0.2.1","method":"GET","path":"/","status":200,"bytes":-1)"))
                .reject.message,
            "data.bytes is -1; it must be a whole number from 0 to 2^64 - 1.");
  Decoder keep_an_hour{DecodeLimits{3'600'000}};
  EventView seen;
  Reject reject;
  EXPECT_FALSE(keep_an_hour.decode(login(R"("user_id":"u","ip":"::1","outcome":"success")", "", "2026-11-18T12:26:40Z"),
                                   kNow, false, seen, reject));
  EXPECT_EQ(reject.message, "time is 2 hours before its arrival; events are kept for 1 hour.");
}

TEST_F(DecoderTest, LongTextsAreCutAtACharacter) {
  std::string umlauts = "x";
  for (int i = 0; i < 600; ++i) umlauts += "ä";
  const Seen seen =
      decode(login(R"("user_id":"u1","ip":"198.51.100.7","outcome":"success")", R"(,"weirtruth":")" + umlauts + "\""));
  ASSERT_TRUE(seen.admitted) << seen.reject.message;
  EXPECT_EQ(seen.event.truth, umlauts.substr(0, 255));
  EXPECT_EQ(decode(R"({"specversion":"1.0","id":")" + umlauts + "\"}").reject.id, umlauts.substr(0, 1023));
}

TEST(Identity, SpellingAndOrderDoNotMatter) {
  IdentityReader reader;
  const std::string a = R"({"id":"x\u0041","source":"/s","specversion":"1.0"})";
  const std::string b = R"(  {"data":{"id":"no"}, "source":"/s","id":"xA"})";
  EXPECT_EQ(reader.partition(a, 1 << 20, false), reader.partition(b, 1 << 20, false));
  EXPECT_NE(identity_hash("/ab", "c1"), identity_hash("/a", "bc1"));
  EXPECT_EQ(reader.partition("no JSON", 1 << 20, false), reader.partition("no JSON", 1 << 20, false));
  EXPECT_LT(reader.partition("", 4, false), 4U);
}

TEST(Time, ReadsRfc3339) {
  struct Case {
    const char* text;
    std::int64_t millis;
  };
  constexpr std::int64_t kSecond = 1'000, kHour = 3'600 * kSecond, kDay = 24 * kHour;
  constexpr std::int64_t kLeapDay = 1'709'164'800'000;  // 2024-02-29T00:00:00Z
  const std::vector<Case> cases{
      {"1970-01-01T00:00:00Z", 0},
      {"2026-11-18T14:26:40Z", kNow.value},
      // Upper and lower case.
      {"2026-11-18t14:26:40z", kNow.value},
      {"2026-11-18T14:26:40z", kNow.value},
      // Any offset.
      {"2026-11-18T14:26:40+00:00", kNow.value},
      {"2026-11-18T14:26:40-00:00", kNow.value},
      {"2026-11-18T16:26:40+02:00", kNow.value},
      {"2026-11-18T19:56:40+05:30", kNow.value},
      {"2026-11-18T20:11:40+05:45", kNow.value},
      {"2026-11-18T06:26:40-08:00", kNow.value},
      {"2026-11-19T04:26:40+14:00", kNow.value},
      {"2026-11-17T14:27:40-23:59", kNow.value},
      {"2026-11-19T14:25:40+23:59", kNow.value},
      // Fractions of any length are cut, not rounded.
      {"2026-11-18T14:26:40.1Z", kNow.value + 100},
      {"2026-11-18T14:26:40.12Z", kNow.value + 120},
      {"2026-11-18T14:26:40.123Z", kNow.value + 123},
      {"2026-11-18T14:26:40.9999Z", kNow.value + 999},
      {"2026-11-18t16:26:40.000000001+02:00", kNow.value},
      {"2026-11-18T14:26:40.123456789Z", kNow.value + 123},
      {"2026-11-18T14:26:40.00199999999999999999999999999999Z", kNow.value + 1},
      // A leap second is the next minute's first, wherever it stands.
      {"2016-12-31T23:59:60Z", 1'483'228'800'000},
      {"2016-12-31T23:59:60.5Z", 1'483'228'800'500},
      {"2017-01-01T00:59:60+01:00", 1'483'228'800'000},
      {"2026-11-18T14:25:60Z", kNow.value - 40 * kSecond},
      // Leap days, and the days around them.
      {"2024-02-28T23:59:59.999Z", kLeapDay - 1},
      {"2024-02-29T00:00:00Z", kLeapDay},
      {"2024-03-01T00:00:00Z", kLeapDay + kDay},
      {"2023-02-28T00:00:00Z", 1'677'542'400'000},
      {"2023-03-01T00:00:00Z", 1'677'542'400'000 + kDay},
      {"2000-02-29T12:00:00Z", 951'825'600'000},
      {"2024-02-29T23:30:00-01:00", kLeapDay + kDay + kHour / 2},
      // The bounds of years.
      {"1969-12-31T23:59:59.999Z", -1},
      {"1970-01-01T00:59:59+01:00", -kSecond},
      {"1999-12-31T23:59:59Z", 946'684'799'000},
      {"2026-12-31T24:00:00Z", INT64_MIN},
      {"2026-12-31T23:59:59.999-00:01", 1'798'761'659'999},
      {"0000-01-01T00:00:00Z", -62'167'219'200'000},
      {"0000-02-29T00:00:00Z", -62'167'219'200'000 + 59 * kDay},
      {"0001-01-01T00:00:00Z", -62'135'596'800'000},
      {"9999-12-31T23:59:59.999Z", 253'402'300'799'999},
      // No times.
      {"", INT64_MIN},
      {"yesterday", INT64_MIN},
      {"2026-02-29T00:00:00Z", INT64_MIN},
      {"2026-02-30T00:00:00Z", INT64_MIN},
      {"1900-02-29T00:00:00Z", INT64_MIN},
      {"2100-02-29T00:00:00Z", INT64_MIN},
      {"2026-04-31T00:00:00Z", INT64_MIN},
      {"2026-00-18T00:00:00Z", INT64_MIN},
      {"2026-13-18T00:00:00Z", INT64_MIN},
      {"2026-11-00T00:00:00Z", INT64_MIN},
      {"2026-11-32T00:00:00Z", INT64_MIN},
      {"2026-11-18T24:00:00Z", INT64_MIN},
      {"2026-11-18T14:60:00Z", INT64_MIN},
      {"2026-11-18T14:26:61Z", INT64_MIN},
      {"2026-11-18 14:26:40Z", INT64_MIN},
      {"2026-11-18T14:26:40", INT64_MIN},
      {"2026-11-18T14:26Z", INT64_MIN},
      {"2026-11-18T14:26:40.Z", INT64_MIN},
      {"2026-11-18T14:26:40,5Z", INT64_MIN},
      {"2026-11-18T14:26:40+0200", INT64_MIN},
      {"2026-11-18T14:26:40+02", INT64_MIN},
      {"2026-11-18T14:26:40+24:00", INT64_MIN},
      {"2026-11-18T14:26:40+02:60", INT64_MIN},
      {"2026-11-18T14:26:40+2:000", INT64_MIN},
      {"2026-11-18T14:26:40Z ", INT64_MIN},
      {" 2026-11-18T14:26:40Z", INT64_MIN},
      {"2026-1-18T14:26:40ZZZ", INT64_MIN},
      {"-026-11-18T14:26:40Z", INT64_MIN},
      {"+2026-11-18T14:26:40Z", INT64_MIN},
      {"12026-11-18T14:26:40Z", INT64_MIN},
  };
  for (const Case& c : cases)
    EXPECT_EQ(parse_rfc3339(c.text).value_or(UnixMillis(INT64_MIN)).value, c.millis) << c.text;
}

TEST(Time, WhatIsWrittenIsReadAgain) {
  EXPECT_EQ(format_rfc3339(UnixMillis(kNow.value + 7)), "2026-11-18T14:26:40.007Z");
  EXPECT_EQ(format_rfc3339(UnixMillis(-1)), "1969-12-31T23:59:59.999Z");
  // Some four times a month, at odd milliseconds, over all years that can be written.
  for (std::int64_t t = -62'167'219'200'000; t <= 253'402'300'799'999; t += 700'000'007) {
    ASSERT_EQ(parse_rfc3339(format_rfc3339(UnixMillis(t))), UnixMillis(t)) << t;
  }
}

// Verdicts compare with the arrival, not with the clock: 300 s ahead is the last millisecond that may be, and as old as events
// are kept the first.
TEST_F(DecoderTest, TimeIsJudgedAtTheMillisecond) {
  const auto at = [&](std::int64_t millis) {
    return verdict(login(R"("user_id":"u","ip":"192.0.2.1","outcome":"success")", "",
                         format_rfc3339(UnixMillis(kNow.value + millis))));
  };
  constexpr std::int64_t kKept = 30LL * 86'400'000;
  EXPECT_EQ(at(300'000), "ok");
  EXPECT_EQ(at(300'001), "time_in_future time");
  EXPECT_EQ(at(-kKept), "ok");
  EXPECT_EQ(at(-kKept - 1), "time_too_old time");
  for (const std::int64_t kept : {std::int64_t{1}, std::int64_t{60'000}}) {
    decoder_.set_limits({.retention_millis = kept});
    EXPECT_EQ(at(-kept), "ok") << kept;
    EXPECT_EQ(at(-kept - 1), "time_too_old time") << kept;
  }
  decoder_.set_limits({.retention_millis = 0});
  EXPECT_EQ(at(-kNow.value), "ok") << "1970 is the first year, and events are kept for ever";
  EXPECT_EQ(at(-kNow.value - 1), "out_of_range time");
}

TEST(Ip, IsCanonical) {
  std::array<char, 48> buffer{};
  auto ip = [&](std::string_view s) { return std::string(canonical_ip(s, buffer).value_or("none")); };
  EXPECT_EQ(ip("203.0.113.77"), "203.0.113.77");
  EXPECT_EQ(ip("2001:DB8:0:0:0:0:0:1"), "2001:db8::1");
  EXPECT_EQ(ip("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1");
  EXPECT_EQ(ip("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1");
  EXPECT_EQ(ip("FE80::0001"), "fe80::1");
  EXPECT_EQ(ip("::"), "::");
  EXPECT_EQ(ip("1::"), "1::");
  EXPECT_EQ(ip("::ffff:198.51.100.9"), "198.51.100.9");
  EXPECT_EQ(ip("::ffff:c633:6409"), "198.51.100.9");
  for (const char* bad : {"", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4 ", "2001:db8::g", "fe80::1%eth0",
                          "::1::", "1.2.3.4; rm"}) {
    EXPECT_EQ(canonical_ip(bad, buffer), std::nullopt) << bad;
  }
}

TEST(TextScan, HugeNumbers) {
  std::string out;
  EXPECT_FALSE(replace_huge_numbers(R"({"a":1,"b":"1e999\"2e999"})", out));
  EXPECT_TRUE(replace_huge_numbers(R"({"a":-1e999,"b":18446744073709551616,"c":18446744073709551615})", out));
  EXPECT_EQ(out, R"({"a":-1,"b":-1,"c":18446744073709551615})");
  EXPECT_FALSE(replace_huge_numbers("01e999", out));
  // A number that is too small for a double is 0, not one that no machine type holds, also beside one that is none.
  EXPECT_TRUE(replace_huge_numbers(R"([1e999,1e-400,-0.5e-999,0e99999999999999999999,1e-99999999999999999999])", out));
  EXPECT_EQ(out, R"([-1,1e-400,-0.5e-999,0e99999999999999999999,1e-99999999999999999999])");
  EXPECT_TRUE(replace_huge_numbers("[0.00001e400,1e99999999999999999999]", out));
  EXPECT_EQ(out, "[-1,-1]");
  EXPECT_FALSE(has_lone_surrogate(R"("\ud83d\ude00 \\ud800")"));
  EXPECT_TRUE(has_lone_surrogate(R"("\ud83d x")"));
  EXPECT_TRUE(has_lone_surrogate(R"("\\\ud83d\u0041")"));
}

TEST(EventTypes, TableIsWhole) {
  for (const TypeInfo& type : event_types()) {
    EXPECT_EQ(event_type_named(type.name), type.type);
    for (Field field : type.required) EXPECT_NE(type.allowed & bit(field), 0U);
  }
  EXPECT_EQ(event_type_named("account.Login"), std::nullopt);
}

}  // namespace
}  // namespace weir

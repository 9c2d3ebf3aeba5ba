// Whatever the bytes: no step beyond them (the sanitizers look), an answer, and events that a worker admits.
#include <ctime>
#include <random>

#include "base/json_text.h"
#include "formats/event_json.h"
#include "formats/testing.h"

namespace weir {
namespace {

const std::vector<std::string> kGood[] = {
    {R"({"specversion":"1.0","id":"1","source":"s","type":"account.login","time":"2026-01-01T00:00:00Z","data":{"time":"x\"y","user_id":"u","ip":"192.0.2.1","outcome":"success"}})"},
    {"Mar 27 13:06:56 host sshd[1291]: Failed password for invalid user a b from 192.0.2.1 port 56338 ssh2",
     "2026-03-27T13:06:56.123+02:00 host sshd-session[1]: Accepted publickey for u from 2001:db8::1 port 1 ssh2: RSA "
     "SHA256:x",
     "<38>Mar  7 13:06:56 host sshd[1291]: message repeated 5 times: [ Failed password for root from 192.0.2.1 port 1 "
     "ssh2]",
     "Feb 29 13:06:56 host sshd[1291]: Invalid user  from ::ffff:192.0.2.1 port 1"},
    {R"x(192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /a?b=\"c\xC3\xA9\xff HTTP/1.1" 200 203023 "http://example.com/\\" "Mozilla/5.0 (\t)")x",
     R"(2001:db8::1 - ann smith [17/May/2015:10:05:03 -0330] "POST /x HTTP/2.0" 404 - "-" "-" "203.0.113.1")",
     R"(192.0.2.1 - - [29/Feb/2016:10:05:03 +0000] "HEAD / HTTP/1.1" 304 -)"},
    {R"(Feb 25 13:58:28 server1 postfix/smtp[3262]: AE11A4011B7B: to=<"a>\"b"@example.com>, orig_to=<c@example.com>, relay=mx.example.com[192.0.2.5]:25, delay=2, delays=0.07/0.01/1.5/0.34, dsn=2.1.5, status=sent (250 2.1.5 OK))",
     "Aug 31 12:37:51 host postfix/error[1938]: C912F3E2919: to=<m@example.com>, relay=none, delay=46621, dsn=4.3.0, "
     "status=deferred (unknown)"}};

class AnyBytes : public testing::Test {
 protected:
  /// Reads `line` and holds the parser to what it says; true for an event.
  bool check(LogFormat format, const std::string& line) {
    LineParser& parser = *parsers_[static_cast<std::size_t>(format)];
    const std::vector<char> bytes(line.begin(), line.end());
    if (parser.parse(std::string_view(bytes.data(), bytes.size())) != LineKind::kEvents) return false;
    if (format == LogFormat::kCloudEvents) {
      for (const Span& value : parser.event().time_values) {
        EXPECT_LE(value.from + value.size, line.size());
        EXPECT_GE(value.size, 2U);
      }
      return true;
    }
    EXPECT_TRUE(parser.time().has_value());
    EXPECT_GE(parser.event().repeat, 1U);
    EXPECT_LE(parser.event().repeat, kMaxRepeat);
    const auto moment = moment_of(*parser.time(), Zone(), now_);
    if (!moment || moment->value < 0) return false;  // as LogFileReader does
    std::string json;
    append_cloud_event(json, parser.event().event, "\"file:x\"", "1", *moment);
    EventView event;
    Reject reject;
    EXPECT_TRUE(decoder_.decode(json, std::max(now_, *moment), false, event, reject)) << reject.message << "\n"
                                                                                      << line << "\n"
                                                                                      << json;
    return true;
  }

  const UnixMillis now_ = at("2026-11-24T00:00:00Z");
  Decoder decoder_{DecodeLimits{.retention_millis = 0}};
  std::array<std::unique_ptr<LineParser>, 4> parsers_{
      std::make_unique<LineParser>(LogFormat::kCloudEvents), std::make_unique<LineParser>(LogFormat::kSshd),
      std::make_unique<LineParser>(LogFormat::kCombined), std::make_unique<LineParser>(LogFormat::kPostfix)};
};

TEST_F(AnyBytes, GoodLinesAreEvents) {
  for (std::size_t format = 0; format < 4; ++format) {
    for (const auto& line : kGood[format]) EXPECT_TRUE(check(static_cast<LogFormat>(format), line)) << line;
  }
}

TEST_F(AnyBytes, LinesCutAnywhere) {
  for (std::size_t format = 0; format < 4; ++format) {
    for (const auto& line : kGood[format]) {
      for (std::size_t i = 0; i <= line.size(); ++i) {
        check(static_cast<LogFormat>(format), line.substr(0, i));
        check(static_cast<LogFormat>(format), line.substr(i));
      }
    }
  }
}

TEST_F(AnyBytes, LinesOfAnotherFormat) {
  for (std::size_t format = 1; format < 4; ++format) {
    for (std::size_t other = 0; other < 4; ++other) {
      if (other == format) continue;
      for (const auto& line : kGood[other]) EXPECT_FALSE(check(static_cast<LogFormat>(format), line)) << line;
    }
  }
}

TEST_F(AnyBytes, LinesWithFaults) {
  static constexpr std::uint64_t kSeed = 4242;
  std::mt19937_64 random(kSeed);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  static constexpr std::string_view kPieces[] = {" from ", " port ",   "\"",       "\\",
                                                 "\\x",    "[",        "]",        "] \"",
                                                 "<",      ">",        ", ",       "status=",
                                                 "to=<",   "\0",       "\xff",     "\xed\xa0\x80",
                                                 " ",      ":",        "times: [", "9999999999999999999",
                                                 "-",      "HTTP/1.1", "{",        "}",
                                                 "::",     "%",        "Feb 29",   "\r"};
  std::size_t events = 0;
  for (int round = 0; round < 200'000; ++round) {
    const std::size_t format = below(4);
    std::string line = kGood[format][below(kGood[format].size())];
    for (std::size_t faults = 1 + below(4); faults > 0; --faults) {
      const std::size_t at = below(line.size() + 1);
      switch (below(5)) {
        case 0:
          if (at < line.size()) line[at] = static_cast<char>(line[at] ^ (1 << below(8)));
          break;
        case 1: line.insert(at, kPieces[below(std::size(kPieces))]); break;
        case 2: line.erase(at, 1 + below(12)); break;
        case 3: line.insert(at, line.substr(below(line.size() + 1), below(40))); break;
        default: line.insert(at, 1, static_cast<char>(below(256)));
      }
    }
    events += check(static_cast<LogFormat>(format), line) ? 1 : 0;
    if (HasFailure()) FAIL() << "seed " << kSeed << ", round " << round;
  }
  // Enough of them are still events for the test to mean something.
  EXPECT_GT(events, 20'000U);
}

TEST_F(AnyBytes, Noise) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string line(random() % 300, ' ');
    for (char& c : line) c = static_cast<char>(random());
    for (std::size_t format = 0; format < 4; ++format) check(static_cast<LogFormat>(format), line);
  }
}

TEST_F(AnyBytes, LongLinesTakeLinearTime) {
  // A second each would be quadratic; these take milliseconds.
  for (const std::string piece : {" from ", "[", " from 1 port ", "\\\"", "[17/May/2015:10:05:03 +0000] \"", ", a=<b>",
                                  ", ", "{\"a\":", "\"x\",", "\\"}) {
    for (std::size_t format = 0; format < 4; ++format) {
      std::string line = kGood[format][0].substr(0, 60);
      while (line.size() < kMaxLineBytes) line += piece;
      const std::clock_t began = std::clock();  // of this process: others may keep the machine busy
      check(static_cast<LogFormat>(format), line);
      EXPECT_LT(std::clock() - began, CLOCKS_PER_SEC) << piece << " in " << kLogFormatNames[format];
    }
  }
}

}  // namespace
}  // namespace weir

#include "formats/log_file.h"

#include "formats/testing.h"

namespace weir {
namespace {

struct Read {
  LogSurvey survey;
  LogCounts counts;
  std::vector<std::string> events;  // `line time fields`
};

Read read_log(const std::filesystem::path& path, LogFormat format, std::string_view now,
              std::string_view zone = "UTC") {
  Read out;
  auto survey = survey_log(path, format, Zone::named(zone).value(), at(now), {}, nullptr);
  if (!survey) {
    ADD_FAILURE() << survey.error().message;
    return out;
  }
  out.survey = std::move(*survey);
  auto reader = LogFileReader::open(out.survey);
  if (!reader) {
    ADD_FAILURE() << reader.error().message;
    return out;
  }
  LogRecord record;
  while (true) {
    const auto more = (*reader)->next(record);
    EXPECT_TRUE(more.has_value()) << (more ? "" : more.error().message);
    if (!more || !*more) break;
    out.events.push_back(std::to_string(record.line) + ' ' + (record.time ? format_rfc3339(*record.time) : "-") + ' ' +
                         fields_of(record.event->event));
  }
  out.counts = (*reader)->counts();
  EXPECT_EQ(out.counts, out.survey.counts);
  EXPECT_EQ(out.counts.lines, out.events.size() + out.counts.skipped + out.counts.malformed);
  EXPECT_EQ((*reader)->position(), out.survey.bytes);
  return out;
}

/// The dates that lines without a year are given.
std::vector<std::string> dates(const std::vector<std::string>& stamps, std::string_view now,
                               std::string_view zone = "UTC") {
  const TestFolder folder;
  std::string text;
  for (const auto& stamp : stamps)
    text += stamp + " host sshd[1]: Accepted password for u from 192.0.2.1 port 1 ssh2\n";
  std::vector<std::string> out;
  for (const auto& event : read_log(folder.write("auth.log", text), LogFormat::kSshd, now, zone).events) {
    out.push_back(event.substr(event.find(' ') + 1, 10));
  }
  return out;
}

using Dates = std::vector<std::string>;

TEST(Years, AreTheNewestThatAreNotInTheFuture) {
  EXPECT_EQ(dates({"Mar 27 13:06:56", "Apr 20 14:14:29"}, "2026-11-24T00:00:00Z"), (Dates{"2026-03-27", "2026-04-20"}));
  EXPECT_EQ(dates({"Nov 24 00:00:00"}, "2026-11-24T00:00:00Z"), (Dates{"2026-11-24"}));
  EXPECT_EQ(dates({"Nov 24 00:00:01"}, "2026-11-24T00:00:00Z"), (Dates{"2025-11-24"}));
}

TEST(Years, HoldAFileTogetherThatReachesOverTodaysDate) {
  EXPECT_EQ(dates({"Mar 27 13:06:56", "Apr 20 14:14:29"}, "2026-04-10T00:00:00Z"), (Dates{"2025-03-27", "2025-04-20"}));
}

TEST(Years, GoOnOverNewYear) {
  const std::vector<std::string> stamps{"Dec 30 10:00:00", "Dec 31 23:59:59", "Jan  1 00:00:00", "Jan  2 08:00:00"};
  const Dates last{"2025-12-30", "2025-12-31", "2026-01-01", "2026-01-02"};
  EXPECT_EQ(dates(stamps, "2026-01-02T09:00:00Z"), last);
  EXPECT_EQ(dates(stamps, "2026-06-01T00:00:00Z"), last);
  EXPECT_EQ(dates(stamps, "2026-12-31T12:00:00Z"), last);
  EXPECT_EQ(dates(stamps, "2027-01-01T12:00:00Z"), last);
}

TEST(Years, BearLinesOutOfOrder) {
  EXPECT_EQ(dates({"Mar 27 13:06:57", "Mar 27 13:06:56"}, "2026-11-24T00:00:00Z"), (Dates{"2026-03-27", "2026-03-27"}));
  EXPECT_EQ(dates({"Jan  1 00:00:01", "Dec 31 23:59:59"}, "2026-11-24T00:00:00Z"), (Dates{"2026-01-01", "2025-12-31"}));
  // Logs put behind each other: all in the year before the last line.
  EXPECT_EQ(dates({"Aug 31 12:00:00", "Feb 25 12:00:00", "Dec 18 12:00:00", "Feb 26 12:00:00"}, "2026-11-24T00:00:00Z"),
            (Dates{"2025-08-31", "2026-02-25", "2025-12-18", "2026-02-26"}));
}

TEST(Years, AreLeapYearsWhereTheFileSaysSo) {
  EXPECT_EQ(dates({"Feb 28 10:00:00", "Feb 29 10:00:00", "Mar  1 10:00:00"}, "2026-11-24T00:00:00Z"),
            (Dates{"2024-02-28", "2024-02-29", "2024-03-01"}));
  EXPECT_EQ(dates({"Feb 29 10:00:00"}, "2026-11-24T00:00:00Z"), (Dates{"2024-02-29"}));
  EXPECT_EQ(dates({"Dec 31 10:00:00", "Feb 29 10:00:00", "Jan  5 10:00:00"}, "2026-11-24T00:00:00Z"),
            (Dates{"2024-12-31", "2024-02-29", "2025-01-05"}));
}

TEST(Years, StandInTheLineOrFollowTheZone) {
  EXPECT_EQ(dates({"Mar 27 2019 13:06:56", "Mar 28 13:06:56", "2018-03-01T00:00:00Z"}, "2026-11-24T00:00:00Z"),
            (Dates{"2019-03-27", "2026-03-28", "2018-03-01"}));
  EXPECT_EQ(dates({"Nov 24 01:30:00"}, "2026-11-24T00:00:00Z", "+02:00"), (Dates{"2026-11-23"}));
  EXPECT_EQ(dates({"Nov 24 00:30:00"}, "2026-11-24T00:00:00Z", "America/New_York"), (Dates{"2025-11-24"}));
}

TEST(InvalidUser, CountsOnlyWhereTheProcessHasNoFailedLine) {
  const TestFolder folder;
  const auto path =
      folder.write("auth.log",
                   "Mar 27 13:00:00 a sshd[1]: Invalid user x from 192.0.2.1\n"
                   "Mar 27 13:00:01 a sshd[2]: Invalid user y from 192.0.2.1\n"
                   "Mar 27 13:00:02 a sshd[1]: Failed password for invalid user x from 192.0.2.1 port 1 ssh2\n"
                   "Mar 27 13:00:03 b sshd[1]: Invalid user z from 192.0.2.1\n"
                   "Mar 27 13:00:04 a sshd[1]: Invalid user x from 192.0.2.1\n"
                   "Mar 27 13:00:05 a sshd[2]: Failed password for invalid user y from nowhere port 1 ssh2\n"
                   "Mar 27 13:00:06 a sshd[3]: message repeated 2 times: [ Invalid user w from 192.0.2.1]\n"
                   "Mar 27 13:00:09 a sshd[4]: Invalid user v from 192.0.2.1\n"
                   "Mar 27 13:00:08 a sshd[4]: message repeated 2 times: [ Failed none for invalid user v from "
                   "192.0.2.1 port 1 ssh2]\n");
  const Read log = read_log(path, LogFormat::kSshd, "2026-11-24T00:00:00Z");
  EXPECT_EQ(log.counts, (LogCounts{.lines = 9, .events = 7, .skipped = 3, .malformed = 1}));
  ASSERT_EQ(log.events.size(), 5U);
  EXPECT_EQ(log.events[0], "2 2026-03-27T13:00:01.000Z user_id=y ip=192.0.2.1 outcome=failure reason=invalid_user");
  EXPECT_EQ(log.events[1].substr(0, 1), "3");
  EXPECT_EQ(log.events[2], "4 2026-03-27T13:00:03.000Z user_id=z ip=192.0.2.1 outcome=failure reason=invalid_user");
  EXPECT_EQ(log.events[3].substr(0, 1), "7");
  EXPECT_EQ(log.survey.oldest, at("2026-03-27T13:00:01Z"));
  EXPECT_EQ(log.survey.newest, at("2026-03-27T13:00:08Z"));
}

TEST(Lines, EndInAnyWay) {
  const TestFolder folder;
  const std::string line = "Mar 27 13:00:00 a sshd[1]: Accepted password for u from 192.0.2.1";
  const Read log = read_log(folder.write("x", line + "\r\n" + line + "\n\r\n\n" + line + "\r\n\nnonsense\n" + line),
                            LogFormat::kSshd, "2026-11-24T00:00:00Z");
  EXPECT_EQ(log.counts, (LogCounts{.lines = 8, .events = 4, .skipped = 3, .malformed = 1}));
  EXPECT_EQ(log.events[3], "8 2026-03-27T13:00:00.000Z user_id=u ip=192.0.2.1 outcome=success auth_method=password");
  EXPECT_EQ(read_log(folder.write("empty", ""), LogFormat::kSshd, "2026-11-24T00:00:00Z").counts, LogCounts{});
}

TEST(Lines, OfATimeThatNothingKeepsAreMalformed) {
  const TestFolder folder;
  const std::string tail = " host sshd[1]: Accepted password for u from 192.0.2.1\n";
  const Read log = read_log(
      folder.write("x", "0026-03-27T13:06:56Z" + tail + "1969-12-31T23:59:59Z" + tail + "Jan  1 1970 00:00:00" + tail),
      LogFormat::kSshd, "2026-11-24T00:00:00Z", "+01:00");
  EXPECT_EQ(log.counts, (LogCounts{.lines = 3, .events = 0, .skipped = 0, .malformed = 3}));
}

TEST(Lines, ThatAreTooLongAreMalformedWhereverTheyEnd) {
  const TestFolder folder;
  const std::string line = "Mar 27 13:00:00 a sshd[1]: Accepted password for u from 192.0.2.1\n";
  for (const std::size_t size :
       {kMaxLineBytes - 1, kMaxLineBytes, kMaxLineBytes + 1, kMaxLineBytes + 300'000, 3 * kMaxLineBytes + 17}) {
    const bool fits = size <= kMaxLineBytes;
    const std::string long_line = line.substr(0, line.size() - 1) + std::string(size - line.size() + 1, ' ');
    for (const bool ended : {true, false}) {
      const auto path = folder.write("x", line + line + long_line + (ended ? "\n" + line : ""));
      const LogCounts counts = read_log(path, LogFormat::kSshd, "2026-11-24T00:00:00Z").counts;
      // A blank behind the address is no part of the line's form; what is asked here is whether the line was looked at.
      EXPECT_EQ(counts.lines, ended ? 4U : 3U) << size;
      EXPECT_EQ(counts.events, (ended ? 3U : 2U) + (fits ? 1U : 0U)) << size;
    }
  }
}

TEST(Files, ThatCannotBeReadAreNamed) {
  const TestFolder folder;
  const auto error = [](const std::filesystem::path& path) {
    const auto survey = survey_log(path, LogFormat::kSshd, Zone(), UnixMillis(0), {}, nullptr);
    EXPECT_FALSE(survey.has_value());
    return survey ? Error{} : survey.error();
  };
  EXPECT_EQ(error(folder.path() / "no-such-file.log").code, Code::kNotFound);
  EXPECT_NE(error(folder.path() / "no-such-file.log").message.find("no-such-file.log"), std::string::npos);
  EXPECT_EQ(error(folder.path()).code, Code::kInvalid);
  EXPECT_NE(error(folder.path()).message.find("is a folder"), std::string::npos);
  EXPECT_EQ(error("/dev/null").code, Code::kInvalid);
}

TEST(Files, ThatChangeBetweenTheTwoReadings) {
  const TestFolder folder;
  const std::string line = "Mar 27 13:00:00 a sshd[1]: Accepted password for u from 192.0.2.1\n";
  const auto path = folder.write("x", line + line);
  const auto survey = survey_log(path, LogFormat::kSshd, Zone(), at("2026-11-24T00:00:00Z"), {}, nullptr).value();
  folder.write("x", line + line + line);
  auto longer = LogFileReader::open(survey).value();
  LogRecord record;
  EXPECT_TRUE(longer->next(record).value());
  EXPECT_TRUE(longer->next(record).value());
  EXPECT_FALSE(longer->next(record).value());
  auto cut = LogFileReader::open(survey).value();
  folder.write("x", line);
  EXPECT_TRUE(cut->next(record).value());
  const auto next = cut->next(record);
  ASSERT_FALSE(next.has_value());
  EXPECT_NE(next.error().message.find("shorter"), std::string::npos);
  const auto again = LogFileReader::open(survey);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Code::kUnavailable);
}

TEST(Files, StopWhenAsked) {
  const TestFolder folder;
  std::stop_source stop;
  stop.request_stop();
  const auto survey =
      survey_log(folder.write("x", "y\n"), LogFormat::kCombined, Zone(), UnixMillis(0), stop.get_token(), nullptr);
  ASSERT_FALSE(survey.has_value());
  EXPECT_EQ(survey.error().code, Code::kCancelled);
}

TEST(ProcessSet, HoldsWhatWasAdded) {
  ProcessSet set;
  set.add(5);
  set.add(64);
  EXPECT_TRUE(set.contains(5));
  EXPECT_TRUE(set.contains(64));
  EXPECT_FALSE(set.contains(0));
  EXPECT_FALSE(set.contains(6));
  EXPECT_FALSE(set.contains(128));
}

}  // namespace
}  // namespace weir

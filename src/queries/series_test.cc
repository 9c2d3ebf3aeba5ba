#include "queries/series.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/decoder.h"
#include "queries/fake_store.h"
#include "queries/metrics_table.h"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::Not;

class SeriesTest : public testing::Test {
 protected:
  static std::uint32_t second(std::string_view time) {
    return static_cast<std::uint32_t>(parse_rfc3339(time)->value / 1000);
  }
  std::string wrong(const SeriesRequest& request) {
    const auto answer = series_json(context_, request);
    if (answer) return "answered " + *answer;
    EXPECT_EQ(answer.error().code, Code::kInvalid);
    EXPECT_TRUE(store_.asked.empty());
    return answer.error().message;
  }

  FakeStore store_;
  ManualClock clock_{*parse_rfc3339("2026-11-24T14:02:30.250Z")};
  QueryContext context_{store_, clock_};
};

TEST_F(SeriesTest, FillsEmptyBucketsOfCountsWithZero) {
  store_.answers.push_back(RowText().add(second("2026-11-24T14:02:28Z")).add("").add(0.).add(0.).add<std::uint64_t>(7));
  EXPECT_EQ(
      *series_json(context_, {.metric = "events", .from = "now-3s", .step = "1s"}),
      R"({"metric":"events","unit":"events","step":"1s","from":"2026-11-24T14:02:27.000Z","to":"2026-11-24T14:02:30.250Z","series":[)"
      R"({"key":null,"points":[["2026-11-24T14:02:27.000Z",0],["2026-11-24T14:02:28.000Z",7],["2026-11-24T14:02:29.000Z",0],)"
      R"(["2026-11-24T14:02:30.000Z",0]]}]})");
  EXPECT_EQ(store_.asked.at(0).format, "RowBinary");
}

TEST_F(SeriesTest, LeavesEmptyBucketsOfRatiosQuantilesAndUniquesNull) {
  const SeriesRequest minute{
      .metric = "login_failure_ratio", .from = "2026-11-24T14:00:00Z", .to = "2026-11-24T14:02:00Z", .step = "1m"};
  store_.answers.push_back(RowText().add(second("2026-11-24T14:00:00Z")).add("").add(1.).add(8.).add<std::uint64_t>(0));
  EXPECT_THAT(*series_json(context_, minute),
              HasSubstr(R"([["2026-11-24T14:00:00.000Z",0.125],["2026-11-24T14:01:00.000Z",null]])"));
  SeriesRequest other = minute;
  other.metric = "unique_ips";
  store_.answers.push_back(
      RowText().add(second("2026-11-24T14:01:00Z")).add("").add(0.).add(0.).add<std::uint64_t>(12));
  EXPECT_THAT(*series_json(context_, other),
              HasSubstr(R"(["2026-11-24T14:00:00.000Z",null],["2026-11-24T14:01:00.000Z",12])"));
  other.metric = "api_latency_p95";
  store_.answers.push_back(RowText()
                               .add(second("2026-11-24T14:00:00Z"))
                               .add("")
                               .add(std::nan(""))
                               .add(0.)
                               .add<std::uint64_t>(0)
                               .add(second("2026-11-24T14:01:00Z"))
                               .add("")
                               .add(84.5)
                               .add(0.)
                               .add<std::uint64_t>(0));
  EXPECT_THAT(*series_json(context_, other),
              HasSubstr(R"(["2026-11-24T14:00:00.000Z",null],["2026-11-24T14:01:00.000Z",84.5])"));
}

TEST_F(SeriesTest, ChoosesTheFinestStepOfAtMost500Points) {
  const auto step = [&](std::string from) {
    const auto answer = series_json(context_, {.metric = "events", .from = std::move(from)});
    return answer->substr(answer->find(R"("step":")") + 8, 3);
  };
  EXPECT_EQ(step("now-5m"), "1s\"");
  EXPECT_EQ(step("now-1h"), "10s");
  EXPECT_EQ(step("now-6h"), "1m\"");
  EXPECT_EQ(step("now-1d"), "5m\"");
  EXPECT_EQ(step("now-7d"), "1h\"");
  EXPECT_EQ(step("now-90d"), "1d\"");
}

TEST_F(SeriesTest, ChoosesAStepThatIsStillKept) {
  const auto answer =
      series_json(context_, {.metric = "events", .from = "2026-11-21T14:00:00Z", .to = "2026-11-21T14:05:00Z"});
  EXPECT_THAT(*answer, HasSubstr(R"("step":"1m")"));
}

TEST_F(SeriesTest, RefusesAStepFinerThanWhatIsKept) {
  EXPECT_THAT(wrong({.metric = "events", .from = "now-3d", .to = "now-71h", .step = "1s"}), HasSubstr("`step`"));
  EXPECT_THAT(wrong({.metric = "events", .from = "now-500d", .to = "now-499d", .step = "1m"}), HasSubstr("400 days"));
  EXPECT_TRUE(series_json(context_, {.metric = "events", .from = "now-500d", .to = "now-499d", .step = "1h"}));
}

TEST_F(SeriesTest, GivesAtMost11000Points) {
  EXPECT_TRUE(series_json(context_, {.metric = "events", .from = "now-10900s", .step = "1s"}));
  store_.asked.clear();
  EXPECT_THAT(wrong({.metric = "events", .from = "now-11100s", .step = "1s"}), HasSubstr("`step`"));
  EXPECT_THAT(wrong({.metric = "events", .from = "1900-01-01T00:00:00Z"}), HasSubstr("`from`"));
}

TEST_F(SeriesTest, NamesTheParameterThatIsWrong) {
  EXPECT_THAT(wrong({.metric = "nonsense"}), HasSubstr("`metric`"));
  EXPECT_THAT(wrong({.metric = "events", .step = "7m"}), HasSubstr("`step`"));
  EXPECT_THAT(wrong({.metric = "events", .by = "ip"}), HasSubstr("`by`"));
  EXPECT_THAT(wrong({.metric = "rejects", .by = "type"}), HasSubstr("`by`"));
  EXPECT_THAT(wrong({.metric = "unique_ips", .by = "type"}), HasSubstr("`by`"));
  EXPECT_THAT(wrong({.metric = "events", .from = "lately"}), HasSubstr("`from`"));
}

TEST_F(SeriesTest, OrdersKeysBySizeAndPutsOthersLast) {
  const std::uint32_t at = second("2026-11-24T14:00:00Z");
  store_.answers.push_back(RowText()
                               .add(at)
                               .add("(other)")
                               .add(0.)
                               .add(0.)
                               .add<std::uint64_t>(900)
                               .add(at)
                               .add("NO")
                               .add(0.)
                               .add(0.)
                               .add<std::uint64_t>(3)
                               .add(at)
                               .add("SE\"\\")
                               .add(0.)
                               .add(0.)
                               .add<std::uint64_t>(30));
  const auto answer = series_json(context_, {.metric = "events",
                                             .from = "2026-11-24T14:00:00Z",
                                             .to = "2026-11-24T14:01:00Z",
                                             .step = "1m",
                                             .by = "country"});
  EXPECT_THAT(
      *answer,
      HasSubstr(
          R"("series":[{"key":"SE\"\\","points":[["2026-11-24T14:00:00.000Z",30]]},{"key":"NO","points":)"
          R"x([["2026-11-24T14:00:00.000Z",3]]},{"key":"(other)","points":[["2026-11-24T14:00:00.000Z",900]]}])x"));
  // The value of `by` is checked against a list, and is a parameter all the same.
  EXPECT_THAT(store_.asked.at(0).sql, Not(HasSubstr("'country'")));
}

TEST_F(SeriesTest, HasNoSeriesByKeyWhereThereIsNothing) {
  EXPECT_THAT(*series_json(context_, {.metric = "events", .by = "country"}), HasSubstr(R"("series":[]})"));
}

TEST_F(SeriesTest, ReadsTheUnfinishedLastBucketAsFinelyAsItIsKept) {
  ASSERT_TRUE(series_json(
      context_, {.metric = "events", .from = "2026-11-24T12:00:00Z", .to = "2026-11-24T14:01:30Z", .step = "1h"}));
  const std::string& sql = store_.asked.at(0).sql;
  EXPECT_THAT(sql, HasSubstr("step = 3600"));
  EXPECT_THAT(sql, HasSubstr("step = 60 "));
  EXPECT_THAT(sql, HasSubstr("step = 1 "));
}

TEST_F(SeriesTest, SaysWhatTheStoreSaysInWordsForTheAsker) {
  store_.answers.push_back(fail(Code::kDeadline, "slow"));
  EXPECT_EQ(series_json(context_, {.metric = "events"}).error().code, Code::kDeadline);
  store_.answers.push_back(fail(Code::kInvalid, "syntax"));
  EXPECT_EQ(series_json(context_, {.metric = "events"}).error().code, Code::kInternal);
  store_.answers.push_back(std::string("\x01"));
  EXPECT_EQ(series_json(context_, {.metric = "events"}).error().code, Code::kInternal);
}

TEST(Metrics, HasEveryMetricOfTheContract) {
  for (std::string_view name : {"events",
                                "logins",
                                "login_failures",
                                "login_failure_ratio",
                                "signups",
                                "password_resets",
                                "mfa_failures",
                                "api_requests",
                                "api_errors",
                                "api_error_ratio",
                                "api_latency_p50",
                                "api_latency_p95",
                                "api_latency_p99",
                                "emails",
                                "email_bounces",
                                "email_complaints",
                                "email_delivery_ratio",
                                "unique_ips",
                                "unique_users",
                                "ip_top10_share",
                                "rejects",
                                "duplicates"}) {
    EXPECT_NE(metric_named(name), nullptr) << name;
  }
  EXPECT_THAT(metrics_json(),
              HasSubstr(R"({"name":"login_failures","label":"Failed logins","unit":"events","by":["country",)"));
  EXPECT_THAT(metrics_json(), HasSubstr(R"({"name":"rejects","label":"Rejected","unit":"events","by":[]})"));
}

TEST(Metrics, OffersOnlyDimensionsThatTheirEventsCanHave) {
  const auto has = [](std::string_view metric, std::string_view dimension) {
    const auto all = series_dimensions(*metric_named(metric));
    return std::ranges::find(all, dimension) != all.end();
  };
  EXPECT_TRUE(has("events", "delivery"));
  EXPECT_TRUE(has("login_failures", "country"));
  EXPECT_FALSE(has("login_failures", "status"));
  EXPECT_TRUE(has("api_error_ratio", "status"));
  EXPECT_FALSE(has("api_errors", "email_domain"));
  EXPECT_TRUE(has("emails", "email_domain"));
  EXPECT_TRUE(has("signups", "email_domain"));
}

}  // namespace
}  // namespace weir

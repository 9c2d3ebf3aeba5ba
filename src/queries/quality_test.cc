#include "queries/quality.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/decoder.h"
#include "queries/fake_store.h"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(QualityScore, FollowsItsFormula) {
  EXPECT_EQ(quality_score({}, {}, 0), 100);
  EXPECT_EQ(quality_score({.rejected = 0.05}, {}, 0), 80);
  EXPECT_EQ(quality_score({.rejected = 1}, {}, 0), 60);
  EXPECT_EQ(quality_score({.duplicate = 0.1}, {}, 0), 95);
  EXPECT_EQ(quality_score({.late = 0.1}, {}, 0), 90);
  EXPECT_EQ(quality_score({}, {.p95_ms = 250}, 0), 100);
  EXPECT_EQ(quality_score({}, {.p95_ms = 1581.1}, 0), 90);
  EXPECT_EQ(quality_score({}, {.p95_ms = 1e9}, 0), 80);
  EXPECT_EQ(quality_score({}, {}, 1), 95);
  EXPECT_EQ(quality_score({.rejected = 1, .duplicate = 1, .late = 1}, {.p95_ms = 1e9}, 99), 0);
}

class QualityTest : public testing::Test {
 protected:
  static std::string total(std::string_view dimension, std::string_view key, std::uint64_t events,
                           std::uint64_t late = 0, std::uint64_t duplicates = 0, std::uint64_t rejects = 0) {
    return RowText().add(dimension).add(key).add(events).add(late).add(duplicates).add(rejects);
  }
  FakeStore store_;
  ManualClock clock_{*parse_rfc3339("2026-11-24T14:02:30.250Z")};
  QueryContext context_{store_, clock_};
};

TEST_F(QualityTest, IsWholeWithoutAnyData) {
  EXPECT_EQ(
      *quality_json(context_, {}),
      R"({"score":100,"freshness_ms":{"p50":null,"p95":null,"p99":null},"duplicates":{"count":0,"ratio":0},"rejects":[],)"
      R"("late":{"count":0,"ratio":0},"missing_optional":[],"types":[],"warnings":[]})");
}

TEST_F(QualityTest, SaysWhatIsMissingAndWhatWasRejected) {
  const UnixMillis last = *parse_rfc3339("2026-11-24T14:02:28.000Z");
  store_.answers.push_back(total("", "", 80, 8, 10, 10) + total("type", "account.login", 80) +
                           total("field", "account.login.country", 60) + total("field", "account.login.user_id", 80) +
                           total("field", "account.login.asn", 80));
  store_.answers.push_back(
      RowText().add("account.login").add<std::uint64_t>(30).add(static_cast<std::uint32_t>(last.value / 1000)));
  store_.answers.push_back(
      RowText().add("missing_field").add("data.ip").add("/s\"").add<std::uint64_t>(10).add<std::int64_t>(last.value));
  const std::string json = *quality_json(context_, {.freshness = {61.25, 148, 212}, .warnings = {"Disk is \"full\"."}});
  EXPECT_THAT(json, HasSubstr(R"("freshness_ms":{"p50":61.2,"p95":148.0,"p99":212.0})"));
  EXPECT_THAT(json, HasSubstr(R"("duplicates":{"count":10,"ratio":0.1})"));
  EXPECT_THAT(json, HasSubstr(R"("late":{"count":8,"ratio":0.1})"));
  EXPECT_THAT(
      json,
      HasSubstr(
          R"([{"reason":"missing_field","field":"data.ip","source":"/s\"","count":10,"last_seen":"2026-11-24T14:02:28.000Z"}])"));
  EXPECT_THAT(json, HasSubstr(R"({"type":"account.login","field":"country","ratio":0.25})"));
  EXPECT_THAT(json, HasSubstr(R"("missing_optional":[{"type":"account.login","field":"auth_method","ratio":1},)"));
  EXPECT_THAT(json, HasSubstr(R"({"type":"account.login","field":"email","ratio":1})"));
  EXPECT_THAT(json, Not(HasSubstr(R"("field":"asn")")));
  EXPECT_THAT(json, Not(HasSubstr(R"("field":"user_id")")));
  EXPECT_THAT(
      json,
      HasSubstr(
          R"("types":[{"type":"account.login","count":80,"per_second":0.5,"last_seen":"2026-11-24T14:02:28.000Z"}])"));
  EXPECT_THAT(json, HasSubstr(R"("warnings":["Disk is \"full\"."])"));
  EXPECT_THAT(json, HasSubstr(R"({"score":40,)"));
}

}  // namespace
}  // namespace weir

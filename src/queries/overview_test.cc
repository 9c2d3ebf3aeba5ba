#include "queries/overview.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/decoder.h"
#include "queries/fake_store.h"

namespace weir {
namespace {

using testing::HasSubstr;

const UnixMillis kNow = *parse_rfc3339("2026-11-24T14:02:30.500Z");

std::string second(std::int64_t at, std::uint64_t events) {
  RowText row;
  row.add(static_cast<std::uint32_t>(at)).add(events);
  for (std::size_t i = 1; i < kCounts; ++i) row.add<std::uint64_t>(0);
  return row;
}

class OverviewTest : public testing::Test {
 protected:
  bool asked_from(std::int64_t seconds) {
    return std::ranges::any_of(store_.asked.back().params,
                               [&](const auto& p) { return p.second == std::to_string(seconds); });
  }
  FakeStore store_;
  ManualClock clock_{kNow};
  int findings_ = 0;
  OverviewSource source_{{store_, clock_}, [this] {
                           ++findings_;
                           return std::string(R"([{"id":"f"}])");
                         }};
  const std::int64_t running_ = kNow.value / 1000;
};

TEST_F(OverviewTest, WritesWhatTheContractSays) {
  store_.answers.push_back(second(running_ - 1, 120) + second(running_, 30));
  const std::string json = *source_.json();
  EXPECT_THAT(json, testing::StartsWith(R"({"state":"normal","sentence":"Normal so far. 100 events a second)"));
  EXPECT_THAT(
      json,
      HasSubstr(
          R"("tiles":[{"metric":"events","label":"Events","value":100,"unit":"per second","baseline":null,"change":null,)"
          R"("sparkline":[null,null,)"));
  EXPECT_THAT(json, HasSubstr(R"(,null,100]},{"metric":"login_failures")"));
  EXPECT_THAT(json, testing::EndsWith(R"(],"findings":[{"id":"f"}]})"));
  for (std::string_view metric :
       {"login_failure_ratio", "signups", "password_resets", "mfa_failures", "api_error_ratio", "email_bounce_ratio"}) {
    EXPECT_THAT(json, HasSubstr(R"("metric":")" + std::string(metric)));
  }
}

TEST_F(OverviewTest, ReadsAnHourOnceAndThenWhatMayHaveChanged) {
  ASSERT_TRUE(source_.json());
  EXPECT_TRUE(asked_from(running_ - 3690));
  clock_.advance(std::chrono::seconds(1));
  ASSERT_TRUE(source_.json());
  EXPECT_TRUE(asked_from(running_ - 90));
  // Nobody looked for a while: everything since.
  clock_.advance(std::chrono::minutes(5));
  ASSERT_TRUE(source_.json());
  EXPECT_TRUE(asked_from(running_ + 1 - 90));
  clock_.advance(std::chrono::hours(5));
  ASSERT_TRUE(source_.json());
  EXPECT_TRUE(asked_from(running_ + 5 * 3600 + 301 - 3690));
}

TEST_F(OverviewTest, IsMadeOnceForAllWhoAskAtTheSameTime) {
  store_.answers.push_back(second(running_ - 100, 30));
  const auto first = *source_.json();
  clock_.advance(std::chrono::milliseconds(50));
  EXPECT_EQ(*source_.json(), first);
  EXPECT_EQ(store_.asked.size(), 1U);
  EXPECT_EQ(findings_, 1);
  clock_.advance(std::chrono::milliseconds(50));
  ASSERT_TRUE(source_.json());
  EXPECT_EQ(store_.asked.size(), 2U);
  EXPECT_EQ(findings_, 2);
}

TEST_F(OverviewTest, TriesAgainAfterAnError) {
  store_.answers.push_back(fail(Code::kUnavailable, "away"));
  EXPECT_EQ(source_.json().error().code, Code::kUnavailable);
  store_.answers.push_back(second(running_, 30));
  EXPECT_TRUE(source_.json());
  EXPECT_TRUE(asked_from(running_ - 3690));
}

}  // namespace
}  // namespace weir

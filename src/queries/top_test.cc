#include "queries/top.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "event/decoder.h"
#include "queries/fake_store.h"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::Not;

class TopTest : public testing::Test {
 protected:
  FakeStore store_;
  ManualClock clock_{*parse_rfc3339("2026-11-24T14:02:30.250Z")};
  QueryContext context_{store_, clock_};
};

TEST_F(TopTest, TakesTheTotalOfRollupsForTheShare) {
  store_.answers.push_back(RowText()
                               .add("")
                               .add(200.)
                               .add<std::uint8_t>(1)
                               .add("SE")
                               .add(50.)
                               .add<std::uint8_t>(0)
                               .add("NO")
                               .add(2.)
                               .add<std::uint8_t>(0));
  EXPECT_EQ(*top_json(context_, {.dimension = "country", .metric = "events"}),
            R"({"items":[{"key":"SE","value":50,"share":0.25},{"key":"NO","value":2,"share":0.01}]})");
  EXPECT_THAT(store_.asked.at(0).sql, HasSubstr("FROM rollups"));
}

TEST_F(TopTest, GivesNoMoreThanTheLimitWhenThereIsNoTotal) {
  store_.answers.push_back(RowText().add("a").add(0.5).add<std::uint8_t>(0).add("b").add(0.25).add<std::uint8_t>(0));
  EXPECT_EQ(*top_json(context_, {.dimension = "country", .metric = "login_failure_ratio", .limit = 1}),
            R"({"items":[{"key":"a","value":0.5,"share":null}]})");
}

TEST_F(TopTest, ReadsRawEventsWhereRollupsDoNotTellApart) {
  store_.answers.push_back(RowText().add<std::uint64_t>(100));
  store_.answers.push_back(RowText().add("192.0.2.1").add(3.).add(4.));
  EXPECT_EQ(*top_json(context_, {.dimension = "ip", .metric = "login_failures"}),
            R"({"items":[{"key":"192.0.2.1","value":3,"share":0.75}]})");
  EXPECT_THAT(store_.asked.at(1).sql, HasSubstr("FROM events"));
  EXPECT_THAT(store_.asked.at(1).sql, HasSubstr("key != ''"));
  EXPECT_THAT(store_.asked.at(1).sql, Not(HasSubstr(" OR ")));
  store_.answers.push_back(RowText().add("SE").add(12.).add(0.));
  EXPECT_EQ(*top_json(context_, {.dimension = "country", .metric = "unique_users"}),
            R"({"items":[{"key":"SE","value":12,"share":null}]})");
  EXPECT_THAT(store_.asked.at(2).sql, HasSubstr("FROM events"));
  // A few minutes are never so much that they would have to be counted first.
  store_.asked.clear();
  ASSERT_TRUE(top_json(context_, {.dimension = "ip", .metric = "events", .from = "now-10m"}));
  EXPECT_EQ(store_.asked.size(), 1U);
}

TEST_F(TopTest, CountsAPartOfWhatIsTooMuchAndSaysSo) {
  store_.answers.push_back(RowText().add<std::uint64_t>(80'000'000));
  store_.answers.push_back(RowText().add("192.0.2.1").add(300.).add(400.));
  EXPECT_EQ(*top_json(context_, {.dimension = "ip", .metric = "events", .from = "now-64m"}),
            R"({"items":[{"key":"192.0.2.1","value":1200,"share":0.75}],"sampled":0.25})");
  // A quarter of each of 64 minutes, the newest one too.
  std::vector<std::int64_t> times;
  for (const auto& [name, value] : store_.asked.at(1).params) {
    if (value.size() == 13) times.push_back(std::stoll(value));
  }
  std::ranges::sort(times);
  EXPECT_EQ(times.back(), clock_.now().value);
  const std::int64_t newest = clock_.now().value - 15'000;
  EXPECT_THAT(times, testing::Contains(newest));
  EXPECT_THAT(times, testing::Contains(newest - 60'000));
  // What cannot be told from a part is counted whole.
  store_.asked.clear();
  store_.answers.push_back(RowText().add("192.0.2.1").add(3.).add(0.));
  EXPECT_THAT(*top_json(context_, {.dimension = "ip", .metric = "unique_users", .from = "now-7d"}),
              Not(HasSubstr("sampled")));
  EXPECT_EQ(store_.asked.size(), 1U);
}

TEST_F(TopTest, NamesTheParameterThatIsWrong) {
  const auto wrong = [&](const TopRequest& request) { return top_json(context_, request).error().message; };
  EXPECT_THAT(wrong({.dimension = "nonsense", .metric = "events"}), HasSubstr("`dimension`"));
  EXPECT_THAT(wrong({.dimension = "ip", .metric = "nonsense"}), HasSubstr("`metric`"));
  EXPECT_THAT(wrong({.dimension = "type", .metric = "rejects"}), HasSubstr("`metric`"));
  EXPECT_THAT(wrong({.dimension = "type", .metric = "events", .from = "x"}), HasSubstr("`from`"));
  EXPECT_TRUE(store_.asked.empty());
}

TEST_F(TopTest, IsEmptyWhereThereIsNothing) {
  EXPECT_EQ(*top_json(context_, {.dimension = "type", .metric = "events"}), R"({"items":[]})");
}

}  // namespace
}  // namespace weir

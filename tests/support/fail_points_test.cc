#include "fail_points.h"

#include <gtest/gtest.h>

namespace weir::testing {
namespace {

TEST(FailRules, SayWhereWhatAndHowOften) {
  const auto rules = parse_fail_rules("a.b=die@3,store.insert/events=error:disk_full@2x5,c=late:250x0");
  ASSERT_TRUE(rules) << rules.error();
  ASSERT_EQ(rules->size(), 3U);
  const FailRule &die = (*rules)[0], &error = (*rules)[1], &late = (*rules)[2];
  EXPECT_EQ(die.action, FailRule::Action::kDie);
  EXPECT_TRUE(die.meets("a.b", "anything"));
  EXPECT_FALSE(die.meets("a.bc", ""));
  EXPECT_FALSE(die.acts_at(2));
  EXPECT_TRUE(die.acts_at(3));
  EXPECT_FALSE(die.acts_at(4));
  EXPECT_EQ(error.code, Code::kDiskFull);
  EXPECT_TRUE(error.meets("store.insert", "events"));
  EXPECT_FALSE(error.meets("store.insert", "rejects"));
  EXPECT_TRUE(error.acts_at(6));
  EXPECT_FALSE(error.acts_at(7));
  EXPECT_EQ(late.millis, 250);
  EXPECT_TRUE(late.acts_at(1'000'000));
}

TEST(FailRules, NonsenseIsNamed) {
  for (const char* text : {"a", "=die", "a=", "a=dye", "a=error:", "a=error:nonsense", "a=late:", "a=late:x"})
    EXPECT_FALSE(parse_fail_rules(text)) << text;
  EXPECT_TRUE(parse_fail_rules("")->empty());
}

}  // namespace
}  // namespace weir::testing

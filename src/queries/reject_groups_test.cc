#include "queries/reject_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/decoder.h"
#include "queries/fake_store.h"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::Not;

const UnixMillis kTime = *parse_rfc3339("2026-11-24T14:02:30.250Z");

class RejectGroupsTest : public testing::Test {
 protected:
  bool asked_with(std::string_view value) const {
    return std::ranges::any_of(store_.asked.back().params, [&](const auto& p) { return p.second == value; });
  }
  static std::string row(std::string_view reason) {
    return RowText()
        .add(reason)
        .add("data.ip")
        .add("/s")
        .add<std::uint64_t>(3)
        .add(kTime.value - 1000)
        .add(kTime.value)
        .add("It \"is\" no\xff address.")
        .add<std::uint64_t>(7)
        .add<std::uint64_t>(30);
  }

  FakeStore store_;
  ManualClock clock_{kTime};
  QueryContext context_{store_, clock_};
};

TEST_F(RejectGroupsTest, SaysHowManyOfWhatSinceWhen) {
  store_.answers.push_back(row("out_of_range") + row("wrong_type"));
  const std::string tail =
      R"(","field":"data.ip","source":"/s","count":3,"first_seen":"2026-11-24T14:02:29.250Z","last_seen":"2026-11-24T14:02:30.250Z","message":"It \"is\" no)"
      "\xEF\xBF\xBD address.\"}";
  EXPECT_EQ(*reject_groups_json(context_, {}), R"({"items":[{"reason":"out_of_range)" + tail +
                                                   R"(,{"reason":"wrong_type)" + tail +
                                                   R"(],"groups":7,"rejects":30,"from":"2026-11-23T14:02:30.250Z"})");
}

TEST_F(RejectGroupsTest, AreThoseOfTheLastDayUnlessAskedOtherwise) {
  EXPECT_EQ(*reject_groups_json(context_, {}),
            R"({"items":[],"groups":0,"rejects":0,"from":"2026-11-23T14:02:30.250Z"})");
  EXPECT_TRUE(asked_with(std::to_string(kTime.value - 86'400'000)));
  EXPECT_THAT(store_.asked.back().sql, Not(HasSubstr("received_at <"))) << "what has just arrived is there";
  ASSERT_TRUE(reject_groups_json(context_, {.to = "now-1h", .limit = 5}));
  EXPECT_TRUE(asked_with(std::to_string(kTime.value - 90'000'000)));
  EXPECT_TRUE(asked_with(std::to_string(kTime.value - 3'600'000)));
  EXPECT_THAT(store_.asked.back().sql, HasSubstr("LIMIT 5"));
  EXPECT_THAT(reject_groups_json(context_, {.from = "yesterday"}).error().message, HasSubstr("`from`"));
}

TEST_F(RejectGroupsTest, AnAnswerThatBreaksOffIsNone) {
  const std::string whole = row("out_of_range");
  for (std::size_t keep = 1; keep < whole.size(); ++keep) {
    store_.answers = {whole.substr(0, keep)};
    EXPECT_EQ(reject_groups_json(context_, {}).error().code, Code::kInternal) << keep;
  }
}

}  // namespace
}  // namespace weir

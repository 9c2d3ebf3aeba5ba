#include "queries/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/decoder.h"
#include "queries/fake_store.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(ParseSearch, TakesTextApart) {
  const SearchText text =
      parse_search("  user:Jonson  \"two Words\" FAILED http://x ip:192.0.2.1 domain:\"a b\" user:");
  EXPECT_THAT(text.filters,
              ElementsAre(Pair("user_id", "Jonson"), Pair("ip", "192.0.2.1"), Pair("email_domain", "a b")));
  EXPECT_THAT(text.words, ElementsAre("two words", "failed", "http://x"));
  EXPECT_TRUE(parse_search(" \t\n").words.empty());
  EXPECT_THAT(parse_search("\"open").words, ElementsAre("open"));
  EXPECT_THAT(parse_search("2001:db8::1").words, ElementsAre("2001:db8::1"));
  EXPECT_EQ(parse_search("a b c d e f g h i j k").words.size(), 8U);
}

TEST(Highlight, CountsUtf16Units) {
  EXPECT_THAT(highlight("Lena.Jonsson", {"jon"}), ElementsAre(Pair(5, 8)));
  EXPECT_THAT(highlight("ana banana", {"ana"}), ElementsAre(Pair(0, 3), Pair(5, 8)));
  EXPECT_THAT(highlight("abcd", {"ab", "bc"}), ElementsAre(Pair(0, 3)));
  // An emoji is two units, an umlaut one.
  EXPECT_THAT(highlight("\xF0\x9F\x98\x80\xC3\xBC-x", {"x"}), ElementsAre(Pair(4, 5)));
  EXPECT_THAT(highlight("\xF0\x9F\x98\x80z", {"\xF0\x9F\x98\x80"}), ElementsAre(Pair(0, 2)));
  EXPECT_TRUE(highlight("abc", {"", "x"}).empty());
}

class SearchTest : public testing::Test {
 protected:
  /// Counts by the rollups: five million in each of the two hours before 14:00.
  static std::string ten_million_in_two_hours() {
    RowText rows;
    for (std::int64_t back : {1, 2}) {
      const std::int64_t begin = parse_rfc3339("2026-11-24T14:00:00Z")->value / 1000 - back * 3600;
      rows.add<std::uint32_t>(3600).add(static_cast<std::uint32_t>(begin)).add<std::uint64_t>(5'000'000);
    }
    return rows;
  }
  std::string user(std::string_view id, std::uint64_t events) const {
    return RowText().add("user").add(id).add(events).add(clock_.now().value).add<std::uint64_t>(1);
  }

  FakeStore store_;
  ManualClock clock_{*parse_rfc3339("2026-11-24T14:02:30.250Z")};
  QueryContext context_{store_, clock_};
};

TEST_F(SearchTest, OrdersByHowWellTheWordsFit) {
  const std::int64_t time = clock_.now().value;
  store_.answers.push_back(std::string());  // counts of events
  store_.answers.push_back(RowText()
                               .add("user")
                               .add("m.jonson")
                               .add<std::uint64_t>(3)
                               .add(time)
                               .add<std::uint64_t>(2)
                               .add("user")
                               .add("jonson")
                               .add<std::uint64_t>(1)
                               .add(time - 5)
                               .add<std::uint64_t>(2));
  const std::string json = *search_json(context_, {.text = "Jonson", .from = "now-1h"});
  EXPECT_THAT(
      json,
      HasSubstr(
          R"("hits":[{"kind":"user","id":"jonson","title":"jonson","snippet":"1 event","highlights":[{"field":"title","ranges":[[0,6]]}],"score":1,)"));
  EXPECT_THAT(json, HasSubstr(R"("ranges":[[2,8]]}],"score":0.6,"time":"2026-11-24T14:02:30.250Z"}])"));
  EXPECT_THAT(json, HasSubstr(R"("facets":{"kind":{"user":2}})"));
  EXPECT_EQ(store_.asked.size(), 3U);
  EXPECT_THAT(json, HasSubstr(R"("searched_back_to":null)"));
}

TEST_F(SearchTest, LooksForNearWordsWhenNothingIsFound) {
  const std::string json = *search_json(context_, {.text = "jonson"});
  EXPECT_EQ(store_.asked.size(), 4U);  // counts, ids, events, near ids
  EXPECT_THAT(store_.asked.at(3).sql, HasSubstr("damerauLevenshteinDistance"));
  EXPECT_THAT(json, HasSubstr(R"("searched_back_to":null)"));
}

TEST_F(SearchTest, LooksAtTheNewestEventsFirstAndForTheWholeNameInAll) {
  store_.answers.push_back(ten_million_in_two_hours());
  ASSERT_TRUE(search_json(context_, {.text = "jonson"}));
  // The newest 250,000, then the name itself in all that is older, then the next stretch.
  const UnixMillis hour = *parse_rfc3339("2026-11-24T14:00:00Z");
  const std::string newest = std::to_string(hour.value - 180'000);  // 5 M an hour: 250,000 in three minutes
  const auto has = [&](std::size_t asked, const std::string& value) {
    return std::ranges::any_of(store_.asked.at(asked).params, [&](const auto& p) { return p.second == value; });
  };
  EXPECT_THAT(store_.asked.at(1).sql, HasSubstr("time >= "));
  EXPECT_TRUE(has(1, newest));
  EXPECT_TRUE(has(2, newest));
  EXPECT_THAT(store_.asked.at(3).sql, HasSubstr("startsWith(user_id, "));
  EXPECT_TRUE(has(3, newest));
  EXPECT_TRUE(has(3, "jonson"));
  EXPECT_THAT(store_.asked.at(4).sql, HasSubstr(" AND id = "));
  EXPECT_THAT(store_.asked.at(5).sql, HasSubstr("time < "));
  EXPECT_TRUE(has(5, newest));
}

TEST_F(SearchTest, AWholeNameIsCountedOnceWhereverItWasFound) {
  store_.answers.push_back(ten_million_in_two_hours());
  store_.answers.push_back(user("lena.k", 2));  // the newest stretch
  // The name itself, in all that is older, with no events of its own.
  store_.answers.push_back(user("lena", 5) + std::string(1, '\0'));
  store_.answers.push_back(user("lena", 5) + user("lena.k", 1));  // the next stretch
  const std::string json = *search_json(context_, {.text = "lena", .kind = "user", .from = "now-1d"});
  EXPECT_THAT(json, HasSubstr(R"("id":"lena","title":"lena","snippet":"5 events")"));
}

TEST_F(SearchTest, AnAddressIsLookedForWhereAddressesAre) {
  ASSERT_TRUE(search_json(context_, {.text = "jonson", .from = "now-1h"}));
  EXPECT_THAT(store_.asked.at(1).sql, testing::Not(HasSubstr("'ip' AS kind")));
  EXPECT_THAT(store_.asked.at(2).sql, testing::Not(HasSubstr("(ip,")));
  store_.asked.clear();
  ASSERT_TRUE(search_json(context_, {.text = "192.0.2.1", .from = "now-1h"}));
  EXPECT_THAT(store_.asked.at(1).sql, HasSubstr("'ip' AS kind"));
  EXPECT_THAT(store_.asked.at(2).sql, HasSubstr("(ip,"));
}

TEST_F(SearchTest, PassesWordsAsParameters) {
  ASSERT_TRUE(search_json(context_, {.text = "'); DROP source:'x\\ ", .from = "now-1h"}));
  for (const Select& asked : store_.asked) {
    EXPECT_THAT(asked.sql, testing::Not(HasSubstr("drop")));
    EXPECT_THAT(asked.sql, testing::Not(HasSubstr("'x")));
  }
}

TEST_F(SearchTest, NamesTheParameterThatIsWrong) {
  const auto wrong = [&](const SearchRequest& request) { return search_json(context_, request).error().message; };
  EXPECT_THAT(wrong({.text = ""}), HasSubstr("`q`"));
  EXPECT_THAT(wrong({.text = " \t"}), HasSubstr("`q`"));
  EXPECT_THAT(wrong({.text = std::string(1001, 'x')}), HasSubstr("`q`"));
  EXPECT_THAT(wrong({.text = "x", .kind = "nonsense"}), HasSubstr("`kind`"));
  EXPECT_THAT(wrong({.text = "x", .from = "whenever"}), HasSubstr("`from`"));
  EXPECT_TRUE(store_.asked.empty());
}

TEST_F(SearchTest, WhatWasFoundInTimeIsAnAnswerAndSaysHowFarBackItLooked) {
  store_.answers.push_back(ten_million_in_two_hours());
  store_.answers.push_back(user("lena.k", 2));
  store_.answers.push_back(std::string());                  // events
  store_.answers.push_back(fail(Code::kDeadline, "slow"));  // the name itself
  store_.answers.push_back(fail(Code::kDeadline, "slow"));  // the next stretch
  const std::string json = *search_json(context_, {.text = "len"});
  EXPECT_THAT(json, HasSubstr(R"("id":"lena.k")"));
  EXPECT_THAT(json, HasSubstr(R"("searched_back_to":"2026-11-24T13:57:00.000Z")"));
  store_.answers = {std::string(), fail(Code::kDeadline, "slow")};
  EXPECT_EQ(search_json(context_, {.text = "jonson"}).error().code, Code::kDeadline);
  store_.answers = {fail(Code::kUnavailable, "away")};
  EXPECT_EQ(search_json(context_, {.text = "jonson"}).error().code, Code::kUnavailable);
}

}  // namespace
}  // namespace weir

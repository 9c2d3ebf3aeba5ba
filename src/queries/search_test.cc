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
  FakeStore store_;
  ManualClock clock_{*parse_rfc3339("2026-11-24T14:02:30.250Z")};
  QueryContext context_{store_, clock_};
};

TEST_F(SearchTest, OrdersByHowWellTheWordsFit) {
  const std::int64_t time = clock_.now().value;
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
  EXPECT_EQ(store_.asked.size(), 2U);
}

TEST_F(SearchTest, LooksFurtherBackAndForNearWordsWhileNothingIsFound) {
  ASSERT_TRUE(search_json(context_, {.text = "jonson"}));
  EXPECT_EQ(store_.asked.size(), 12U);  // four stretches, three questions each
  EXPECT_THAT(store_.asked.at(2).sql, HasSubstr("damerauLevenshteinDistance"));
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

TEST_F(SearchTest, AShorterTimeThatWasSearchedIsAnAnswer) {
  for (int i = 0; i < 3; ++i) store_.answers.push_back(std::string());
  store_.answers.push_back(fail(Code::kDeadline, "slow"));
  EXPECT_TRUE(search_json(context_, {.text = "jonson"}));
  store_.answers.push_back(fail(Code::kDeadline, "slow"));
  EXPECT_EQ(search_json(context_, {.text = "jonson"}).error().code, Code::kDeadline);
}

}  // namespace
}  // namespace weir

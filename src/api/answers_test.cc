#include "api/answers.h"

#include <gtest/gtest.h>

#include "api/problem.h"

namespace weir {
namespace {

constexpr std::string_view kItem =
    R"("received_at":"2026-11-24T14:02:30.250Z","reason":"malformed_json","field":"","message":"No.","source":"/s","id":"1","type":"t",)";

TEST(Answers, GiveTheExactBytesOfAReject) {
  const std::string json =
      R"({"items":[{)" + std::string(kItem) +
      R"("raw":"?{\n","raw_base64":"/3sK","cut":true,"partition":3,"offset":18446744073709551615},{)" +
      std::string(kItem) + R"("raw":"a\u0000\"b\n","cut":false,"partition":0,"offset":0}],"next_cursor":"abc"})";
  const auto page = read_rejects(json);
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->items.size(), 2U);
  EXPECT_EQ(page->items[0].raw, "\xff{\n");
  EXPECT_TRUE(page->items[0].cut);
  EXPECT_EQ(page->items[0].partition, PartitionId(3));
  EXPECT_EQ(page->items[0].offset, Offset(18446744073709551615ULL));
  EXPECT_EQ(page->items[0].received_at, UnixMillis(1'795'528'950'250));
  EXPECT_EQ(page->items[1].raw, std::string("a\0\"b\n", 5));
  EXPECT_EQ(page->next_cursor, "abc");
  for (std::size_t keep = 0; keep < json.size(); ++keep) {
    EXPECT_EQ(read_rejects(json.substr(0, keep)).error().code, Code::kCorrupt) << keep;
  }
  EXPECT_FALSE(read_rejects(R"({"items":[{}],"next_cursor":null})"));
  EXPECT_FALSE(read_rejects("[]"));
}

TEST(Answers, GiveIdentitiesAndTheLedger) {
  const auto page = read_identities(R"({"items":[{"source":"/s","id":"1","data":{}}],"next_cursor":null})");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->items.at(0), std::pair(std::string("/s"), std::string("1")));
  EXPECT_FALSE(page->next_cursor);
  const auto ledger = read_ledger(
      R"({"received":9,"admitted":5,"duplicate":1,"rejected":2,"in_flight":1,"stored":5,"expired":0,"rolled_up":5,"balanced":true})");
  ASSERT_TRUE(ledger);
  EXPECT_EQ(ledger->received, 9U);
  EXPECT_TRUE(ledger->balanced());
  EXPECT_FALSE(read_ledger("{}"));
}

TEST(Answers, SayWhatAProblemSays) {
  EXPECT_EQ(problem_detail(problem({.status = 400, .detail = "So \"it\" is."}).body), "So \"it\" is.");
  EXPECT_EQ(problem_detail("<html>"), "<html>");
}

}  // namespace
}  // namespace weir

#include "queries/lists.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>

#include "event/decoder.h"
#include "queries/event_row.h"
#include "queries/fake_store.h"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::Not;

const UnixMillis kTime = *parse_rfc3339("2026-11-24T14:02:30.250Z");

/// A row of `events` with every text field empty but those given.
std::string event_row(std::string_view id, FieldSet present, std::map<Field, std::string_view> texts,
                      std::uint64_t offset = 7) {
  RowText row;
  row.add(kTime.value).add(kTime.value + 5).add("account.login").add("/s").add(id).add("").add("");
  row.add<std::uint32_t>(3).add(offset).add<std::uint32_t>(present);
  for (std::size_t i = 0; i < kFields; ++i) {
    switch (info(static_cast<Field>(i)).kind) {
      case FieldKind::kStatus: row.add<std::uint16_t>(0); break;
      case FieldKind::kAsn: row.add<std::uint32_t>(0); break;
      case FieldKind::kBytes: row.add<std::uint64_t>(9'007'199'254'740'993); break;
      case FieldKind::kLatency: row.add(0.); break;
      default: row.add(texts[static_cast<Field>(i)]);
    }
  }
  return row;
}

/// When a row is: what a list asks for first.
std::string time_of_row() { return RowText().add(kTime.value); }

class ListsTest : public testing::Test {
 protected:
  std::string cursor_of(const std::string& answer) {
    const std::size_t at = answer.find(R"("next_cursor":")");
    EXPECT_NE(at, std::string::npos);
    return answer.substr(at + 15, 67);
  }

  FakeStore store_;
  ManualClock clock_{kTime};
  QueryContext context_{store_, clock_};
};

TEST_F(ListsTest, GivesACloudEventAgainWithOnlyTheFieldsThatItHas) {
  store_.answers.push_back(time_of_row());
  store_.answers.insert(store_.answers.end(), 3, std::string());  // older stretches
  store_.answers.push_back(event_row(
      "i\"1",
      bit(Field::kUserId) | bit(Field::kOutcome) | bit(Field::kAsn) | bit(Field::kLatencyMs) | bit(Field::kBytes),
      {{Field::kUserId, std::string_view("nul\0 \xF0\x9F\x98\x80\\", 10)}, {Field::kOutcome, "failure"}}));
  EXPECT_EQ(
      *events_json(context_, {}),
      R"({"items":[{"specversion":"1.0","id":"i\"1","source":"/s","type":"account.login","time":"2026-11-24T14:02:30.250Z",)"
      R"("weirreceived":"2026-11-24T14:02:30.255Z","weirpartition":3,"weiroffset":7,"data":{"user_id":"nul\u0000 )"
      "\xF0\x9F\x98\x80"
      R"(\\","outcome":"failure","latency_ms":0,"bytes":9007199254740993,"asn":0}}],"next_cursor":null})");
}

TEST_F(ListsTest, AsksOlderTimesOnlyWhileThePageIsNotFull) {
  store_.answers.push_back(time_of_row() + time_of_row() + time_of_row());
  store_.answers.push_back(event_row("a", 0, {}, 9) + event_row("b", 0, {}, 8) + event_row("c", 0, {}, 7));
  EXPECT_THAT(*events_json(context_, {.filters = {{"type", "x"}}, .limit = 2}), Not(HasSubstr("\"c\"")));
  // When they are, in the order of the table; then the rows at those times.
  ASSERT_EQ(store_.asked.size(), 2U);
  EXPECT_THAT(store_.asked.at(0).sql, HasSubstr("SELECT time FROM events WHERE 1 AND type IN ("));
  EXPECT_THAT(store_.asked.at(0).sql, HasSubstr("ORDER BY time DESC LIMIT 3"));
  EXPECT_THAT(store_.asked.at(1).sql, HasSubstr("time IN ('2026-11-24 14:02:30.250') AND type IN ("));
  EXPECT_THAT(store_.asked.at(1).sql, HasSubstr("ORDER BY time DESC, partition DESC, offset DESC LIMIT 3"));
  store_.asked.clear();
  EXPECT_EQ(*events_json(context_, {.limit = 2}), R"({"items":[],"next_cursor":null})");
  EXPECT_EQ(store_.asked.size(), 4U);
  store_.asked.clear();
  ASSERT_TRUE(events_json(context_, {.from = "now-4m", .limit = 2}));
  EXPECT_EQ(store_.asked.size(), 1U);
}

TEST_F(ListsTest, GoesOnAfterTheLastItemInTheSameBounds) {
  store_.answers.push_back(time_of_row() + time_of_row());
  store_.answers.push_back(event_row("a", 0, {}, 9) + event_row("b", 0, {}, 8));
  const ListRequest first{.filters = {{"type", "x"}}, .from = "now-1h", .limit = 1};
  const std::string cursor = cursor_of(*events_json(context_, first));
  clock_.advance(std::chrono::minutes(10));
  ListRequest next = first;
  next.cursor = cursor;
  store_.asked.clear();
  ASSERT_TRUE(events_json(context_, next));
  const auto& params = store_.asked.back().params;
  const auto has = [&](std::string value) {
    return std::ranges::any_of(params, [&](const auto& p) { return p.second == value; });
  };
  EXPECT_TRUE(has(std::to_string(kTime.value - 3'600'000)));  // an hour before the first page, not before this one
  EXPECT_TRUE(has(std::to_string(kTime.value)));
  EXPECT_TRUE(has("9"));
  EXPECT_THAT(store_.asked.back().sql, HasSubstr("offset <"));
}

TEST_F(ListsTest, RefusesACursorOfAnotherList) {
  store_.answers.push_back(time_of_row() + time_of_row());
  store_.answers.push_back(event_row("a", 0, {}, 9) + event_row("b", 0, {}, 8));
  const std::string cursor = cursor_of(*events_json(context_, {.filters = {{"type", "x"}, {"type", "y"}}, .limit = 1}));
  // The order of filters does not matter, and limit may change.
  EXPECT_TRUE(events_json(context_, {.filters = {{"type", "y"}, {"type", "x"}}, .cursor = cursor, .limit = 5}));
  for (const ListRequest& other :
       {ListRequest{.cursor = cursor}, ListRequest{.filters = {{"type", "x"}}, .cursor = cursor},
        ListRequest{.filters = {{"type", "x"}, {"type", "y"}}, .from = "now-1h", .cursor = cursor}}) {
    EXPECT_THAT(events_json(context_, other).error().message, HasSubstr("`cursor`"));
  }
  EXPECT_THAT(rejects_json(context_, {.cursor = cursor}).error().message, HasSubstr("`cursor`"));
  EXPECT_THAT(events_json(context_, {.cursor = "garbage"}).error().message, HasSubstr("`cursor`"));
}

TEST_F(ListsTest, PassesValuesAsParametersInTheEscapesOfTheStore) {
  const std::string hostile = std::string("'; DROP TABLE events; -- \\ \t\n") + '\0' + "{x:String}";
  ASSERT_TRUE(events_json(context_, {.filters = {{"user_id", hostile}}}));
  EXPECT_THAT(store_.asked.at(0).sql, Not(HasSubstr("DROP")));
  bool found = false;
  for (const auto& [name, value] : store_.asked.at(0).params)
    found = found || value == R"('; DROP TABLE events; -- \\ \t\n\0{x:String})";
  EXPECT_TRUE(found);
}

TEST_F(ListsTest, ComparesAddressesAndDomainsAsTheyAreStored) {
  ASSERT_TRUE(events_json(context_, {.filters = {{"ip", "2001:DB8:0::1"}, {"email_domain", "Example.COM"}}}));
  std::vector<std::string> values;
  for (const auto& [name, value] : store_.asked.at(0).params) values.push_back(value);
  EXPECT_THAT(values, testing::Contains("2001:db8::1"));
  EXPECT_THAT(values, testing::Contains("example.com"));
}

TEST_F(ListsTest, NamesTheParameterThatIsWrong) {
  const auto wrong = [&](const ListRequest& request) { return events_json(context_, request).error().message; };
  EXPECT_THAT(wrong({.filters = {{"colour", "red"}}}), HasSubstr("`colour`"));
  EXPECT_THAT(wrong({.filters = {{"status", "700"}}}), HasSubstr("`status`"));
  EXPECT_THAT(wrong({.filters = {{"status", "2x"}}}), HasSubstr("`status`"));
  EXPECT_THAT(wrong({.filters = {{"asn", "AS64500"}}}), HasSubstr("`asn`"));
  EXPECT_THAT(wrong({.from = "whenever"}), HasSubstr("`from`"));
  EXPECT_THAT(wrong({.filters = std::vector<std::pair<std::string, std::string>>(101, {"type", "x"})}),
              HasSubstr("`type`"));
  EXPECT_TRUE(store_.asked.empty());
}

TEST_F(ListsTest, ShowsRejectsWithWhatCanBeShownOfTheirBytes) {
  store_.answers.push_back(time_of_row() + time_of_row());
  store_.answers.insert(store_.answers.end(), 3, std::string());  // older stretches
  store_.answers.push_back(RowText()
                               .add(kTime.value)
                               .add<std::uint32_t>(1)
                               .add<std::uint64_t>(5)
                               .add("malformed_json")
                               .add("data.ip")
                               .add("No.")
                               .add("")
                               .add("")
                               .add("")
                               .add("\xff{\n"));
  EXPECT_EQ(
      *rejects_json(context_, {}),
      R"({"items":[{"received_at":"2026-11-24T14:02:30.250Z","reason":"malformed_json","field":"data.ip","message":"No.","source":"",)"
      "\"id\":\"\",\"type\":\"\",\"raw\":\"\xEF\xBF\xBD{\\n\",\"raw_base64\":\"/"
      "3sK\",\"cut\":false,\"partition\":1,\"offset\":5}],\"next_cursor\":null}");
}

TEST_F(ListsTest, SaysWhichRejectsMayLackBytes) {
  const std::string whole(64 * 1024 - 1, 'x'), full(64 * 1024, 'x');
  const auto cut = [&](std::string_view reason, std::string_view raw) {
    store_.answers = {time_of_row(), std::string(), std::string(), std::string()};
    RowText row;
    row.add(kTime.value).add<std::uint32_t>(1).add<std::uint64_t>(5).add(reason);
    for (int i = 0; i < 5; ++i) row.add("");
    store_.answers.push_back(row.add(raw));
    return rejects_json(context_, {})->find("\"cut\":true") != std::string::npos;
  };
  EXPECT_TRUE(cut("too_large", full));
  EXPECT_TRUE(cut("malformed_json", full));
  EXPECT_TRUE(cut("not_cloudevent", full));
  EXPECT_FALSE(cut("missing_field", full)) << "the size was looked at before";
  EXPECT_FALSE(cut("malformed_json", whole));
}

TEST_F(ListsTest, AnAnswerThatBreaksOffIsNoList) {
  const std::string whole = event_row("a", 0, {});
  for (std::size_t keep = 1; keep < whole.size(); ++keep) {
    store_.answers = {time_of_row(), whole.substr(0, keep)};
    EXPECT_EQ(events_json(context_, {.from = "now-1m"}).error().code, Code::kInternal) << keep;
  }
  for (std::size_t keep = 1; keep < time_of_row().size(); ++keep) {
    store_.answers = {time_of_row().substr(0, keep)};
    EXPECT_EQ(events_json(context_, {.from = "now-1m"}).error().code, Code::kInternal) << keep;
  }
}

}  // namespace
}  // namespace weir

#include "stages/rollup.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

// What the rows hold is checked against the real engine in store_chdb/chdb_store_test.cc; here, how builders join and begin anew.

EventView login(std::int64_t millis, std::string_view ip, std::string_view source) {
  EventView e;
  e.type = EventType::kLogin;
  e.time = UnixMillis(millis);
  e.received_at = e.time;
  e.source = source;
  e.present = bit(Field::kIp) | bit(Field::kOutcome);
  e.text[static_cast<std::size_t>(Field::kIp)] = ip;
  e.text[static_cast<std::size_t>(Field::kOutcome)] = "success";
  return e;
}

TEST(Rollup, RowsOfEachStepAndDimension) {
  RollupBuilder one;
  one.add(login(1'000, "192.0.2.1", "/a"));
  one.add(login(1'999, "192.0.2.1", "/a"));
  one.add(login(2'000, "192.0.2.1", "/a"));
  std::string out;
  // total, type, outcome, source: at two seconds, one minute, one hour; presence of ip and outcome: minute and hour.
  EXPECT_EQ(one.finish(out), 4U * 4 + 2 * 2);
  EXPECT_FALSE(out.empty());
  std::string nothing;
  EXPECT_EQ(one.finish(nothing), 0U);
  EXPECT_TRUE(nothing.empty());
}

TEST(Rollup, MergingIsAsIfOneHadSeenAll) {
  RollupBuilder all, left, right;
  for (int i = 0; i < 1000; ++i) {
    const std::string ip = "192.0.2." + std::to_string(i % 50), source = "/s" + std::to_string(i % 7);
    const EventView e = login(i * 10, ip, source);
    all.add(e);
    (i % 2 == 0 ? left : right).add(e);
  }
  all.add_reject(UnixMillis(500));
  right.add_reject(UnixMillis(500));
  left.merge(right);
  std::string a, b, empty;
  EXPECT_EQ(left.finish(a), all.finish(b));
  EXPECT_EQ(a.size(), b.size());
  EXPECT_EQ(right.finish(empty), 0U);
}

TEST(Rollup, KeysOfADimensionAreBounded) {
  RollupBuilder builder;
  const std::size_t sources = RollupBuilder::kMaxKeys + 500;
  for (std::size_t i = 0; i < sources; ++i) builder.add(login(0, "192.0.2.1", "/s" + std::to_string(i)));
  std::string out;
  // Each step: total, type, outcome, and the bounded number of sources with one for the rest.
  EXPECT_EQ(builder.finish(out), 3 * (3 + RollupBuilder::kMaxKeys + 1) + 2 * 2);
  EXPECT_NE(out.find(RollupBuilder::kOtherKey), std::string::npos);
}

}  // namespace
}  // namespace weir

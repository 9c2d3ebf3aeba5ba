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

/// A builder with the vocabulary that it works with.
struct Counter {
  Vocabulary words;
  RollupBuilder builder{words};
  void add(const EventView& event) { builder.add(event, words.numbers(event)); }
};

std::size_t finish(std::initializer_list<Counter*> counters, std::string& out) {
  std::vector<RollupBuilder*> builders;
  for (Counter* c : counters) builders.push_back(&c->builder);
  return RollupBuilder::finish(builders, out);
}

TEST(Rollup, RowsOfEachStepAndDimension) {
  Counter one;
  one.add(login(1'000, "192.0.2.1", "/a"));
  one.add(login(1'999, "192.0.2.1", "/a"));
  one.add(login(2'000, "192.0.2.1", "/a"));
  std::string out;
  // total, type, outcome, source: at two seconds, one minute, one hour; presence of ip and outcome: minute and hour.
  EXPECT_EQ(finish({&one}, out), 4U * 4 + 2 * 2);
  EXPECT_FALSE(out.empty());
  std::string nothing;
  EXPECT_EQ(finish({&one}, nothing), 0U);
  EXPECT_TRUE(nothing.empty());
}

TEST(Rollup, SeveralCountAsIfOneHadSeenAll) {
  Counter all, left, right;
  for (int i = 0; i < 1000; ++i) {
    const std::string ip = "192.0.2." + std::to_string(i % 50), source = "/s" + std::to_string(i % 7);
    const EventView e = login(i * 10, ip, source);
    all.add(e);
    (i % 2 == 0 ? left : right).add(e);
  }
  all.builder.add_reject(UnixMillis(500));
  right.builder.add_reject(UnixMillis(500));
  std::string a, b, empty;
  EXPECT_EQ(finish({&left, &right}, a), finish({&all}, b));
  EXPECT_EQ(finish({&left, &right}, empty), 0U);
}

TEST(Rollup, KeysOfADimensionAreBounded) {
  constexpr std::size_t kSources = RollupBuilder::kMaxKeys + 500;
  Counter one, other;
  for (std::size_t i = 0; i < kSources; ++i) {
    // Texts that nobody had before are "(other)" in one builder and not yet in the next: joined, the bound holds again.
    one.add(login(0, "192.0.2.1", "/s" + std::to_string(i)));
    other.add(login(0, "192.0.2.1", "/t" + std::to_string(i)));
  }
  std::string out;
  // Each step: total, type, outcome, and the bounded number of sources with one for the rest.
  EXPECT_EQ(finish({&one, &other}, out), 3 * (3 + RollupBuilder::kMaxKeys + 1) + 2 * 2);
  EXPECT_NE(out.find(RollupBuilder::kOtherKey), std::string::npos);
}

}  // namespace
}  // namespace weir

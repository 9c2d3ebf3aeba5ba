#include "stages/rollup.h"

#include <gtest/gtest.h>

#include <map>

#include "backends/memory/native_reader.h"

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

/// step and begin of each bucket of the totals, with a column of it where it is not 0.
std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> totals(std::string_view native,
                                                                        std::string_view column) {
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> out;
  const auto blocks = read_native(native);
  EXPECT_TRUE(blocks);
  for (const NativeBlock& b : *blocks) {
    const NativeColumn *step = b.find("step"), *time = b.find("time"), *dimension = b.find("dimension"),
                       *value = b.find(column);
    for (std::size_t i = 0; i < b.rows; ++i) {
      if (dimension->texts[i].empty() && value->numbers[i] != 0)
        out[{step->numbers[i], time->numbers[i]}] += value->numbers[i];
    }
  }
  return out;
}

TEST(Rollup, LateEventsCountWhereTheyHappenedAndThatTheyWereLateWhereTheyArrived) {
  constexpr std::int64_t kTime = 1'795'012'000'123,
                         kArrival = kTime + 2 * 3'600'000 + 500;  // 14:26:40 UTC and two hours on
  Counter one;
  for (const std::int64_t lateness : {std::int64_t{0}, std::int64_t{60'000}, std::int64_t{60'001}, kArrival - kTime}) {
    EventView e = login(kTime, "192.0.2.1", "/a");
    e.received_at = UnixMillis(kTime + lateness);
    one.add(e);
  }
  std::string out;
  finish({&one}, out);
  const std::uint64_t second = kTime / 1000, minute = second / 60 * 60, hour = second / 3600 * 3600;
  using Totals = std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t>;
  EXPECT_EQ(totals(out, "events"), (Totals{{{1, second}, 4}, {{60, minute}, 4}, {{3600, hour}, 4}}));
  EXPECT_EQ(totals(out, "events_late"), (Totals{{{1, second}, 2}, {{60, minute}, 2}, {{3600, hour}, 2}}));
  const std::uint64_t soon = second + 60, arrived = kArrival / 1000;
  EXPECT_EQ(totals(out, "late"), (Totals{{{1, soon}, 1},
                                         {{1, arrived}, 1},
                                         {{60, soon / 60 * 60}, 1},
                                         {{60, arrived / 60 * 60}, 1},
                                         {{3600, hour}, 1},
                                         {{3600, arrived / 3600 * 3600}, 1}}));
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

#include "queries/stretches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "event/decoder.h"
#include "queries/fake_store.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

std::optional<std::int64_t> second(const std::optional<UnixMillis>& time) {
  return time ? std::optional(time->value / 1000) : std::nullopt;
}

TEST(Stretches, AreAllOfTheTimeWithoutGapsNewestFirst) {
  Stretches stretches({{1000, 1001, 40}, {999, 1000, 60}, {900, 960, 600}, {0, 600, 50}}, {});
  EXPECT_EQ(stretches.left(), 750U);
  std::optional<UnixMillis> to;
  std::uint64_t events = 0;
  bool last = false;
  while (const auto stretch = stretches.next(100)) {
    ASSERT_FALSE(last);
    EXPECT_EQ(stretch->time.to, to);
    EXPECT_LE(stretch->events, 150U);
    if (stretch->time.from && to) {
      EXPECT_LT(*stretch->time.from, *to);
    }
    to = stretch->time.from;
    events += stretch->events;
    last = stretch->last;
  }
  EXPECT_TRUE(last);
  EXPECT_FALSE(to);
  EXPECT_EQ(events, 750U);
  EXPECT_EQ(stretches.left(), 0U);
}

TEST(Stretches, CutABucketThatHoldsTooMuch) {
  Stretches stretches({{3600, 7200, 3'600'000}}, {});
  const auto first = stretches.next(100'000);
  EXPECT_EQ(second(first->time.from), 7100);
  EXPECT_EQ(first->events, 100'000U);
  EXPECT_EQ(second(stretches.next(1'000'000)->time.from), 6100);
  const auto rest = stretches.next(100'000'000);
  EXPECT_TRUE(rest->last);
  EXPECT_EQ(second(rest->time.to), 6100);
  EXPECT_FALSE(stretches.next(1));
}

TEST(Stretches, DoNotCutASecond) {
  Stretches stretches({{10, 11, 5'000'000}, {9, 10, 5'000'000}, {8, 9, 1}}, {});
  const auto first = stretches.next(100);
  EXPECT_EQ(second(first->time.from), 10);
  EXPECT_EQ(first->events, 5'000'000U);
  EXPECT_EQ(second(stretches.next(100)->time.from), 9);
}

TEST(Stretches, StayWithinTheBounds) {
  Stretches stretches({{3600, 7200, 3600}, {0, 3600, 3600}}, {UnixMillis(1'800'500), UnixMillis(5'400'001)});
  EXPECT_EQ(stretches.left(), 1801U + 1800U);
  const auto first = stretches.next(1801);
  EXPECT_EQ(first->time.to, UnixMillis(5'400'001));
  EXPECT_EQ(second(first->time.from), 3600);
  const auto last = stretches.next(10'000);
  EXPECT_EQ(last->time.from, UnixMillis(1'800'500));
  EXPECT_TRUE(last->last);
}

TEST(Stretches, AreOneWhereNothingIsKnown) {
  Stretches stretches({}, {UnixMillis(1000), UnixMillis(2000)});
  const auto all = stretches.next(1);
  EXPECT_TRUE(all->last);
  EXPECT_EQ(all->time.from, UnixMillis(1000));
  EXPECT_EQ(all->time.to, UnixMillis(2000));
  EXPECT_FALSE(stretches.next(1));
}

TEST(Stretches, AreReadFromTheRollups) {
  FakeStore store;
  const ManualClock clock(*parse_rfc3339("2026-11-24T14:02:30.250Z"));
  const auto at = static_cast<std::uint32_t>(clock.now().value / 1000);
  store.answers.push_back(RowText()
                              .add<std::uint32_t>(1)
                              .add(at)
                              .add<std::uint64_t>(7)
                              .add<std::uint32_t>(60)
                              .add(at - at % 60 - 1800)
                              .add<std::uint64_t>(60));
  auto stretches = Stretches::read({store, clock}, {});
  ASSERT_TRUE(stretches) << stretches.error().message;
  EXPECT_EQ(stretches->left(), 67U);
  EXPECT_THAT(store.asked.at(0).sql, HasSubstr("FROM rollups WHERE dimension = ''"));
  store.answers.push_back(fail(Code::kUnavailable, "away"));
  EXPECT_EQ(Stretches::read({store, clock}, {}).error().code, Code::kUnavailable);
  store.answers.push_back(std::string("x"));
  EXPECT_EQ(Stretches::read({store, clock}, {}).error().code, Code::kInternal);
}

TEST(Pace, ReadsWhatFitsIntoTheTimeThatIsLeft) {
  Pace pace;
  EXPECT_EQ(pace.next(milliseconds(500)), Pace::kFirst);
  EXPECT_FALSE(pace.next(milliseconds(5)));
  // 10,000 events a millisecond beyond the fixed cost.
  pace.read(250'000, milliseconds(33));
  EXPECT_EQ(pace.next(milliseconds(10'000)), 2'000'000U);
  EXPECT_NEAR(static_cast<double>(pace.next(milliseconds(100)).value_or(0)), 620'000, 1000);
  EXPECT_FALSE(pace.next(milliseconds(14)));
  // A stretch that held nothing says nothing.
  pace.read(0, milliseconds(100));
  EXPECT_EQ(pace.next(milliseconds(300)), Pace::kFirst);
}

}  // namespace
}  // namespace weir

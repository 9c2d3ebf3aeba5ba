#include "stages/dedupe.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr std::int64_t kStart = 1'795'012'000'000;

IdentityHash id(std::uint64_t n) { return identity_hash("/s", std::to_string(n)); }

TEST(Dedupe, ExactAtTheEdgeOfTheWindow) {
  Deduplicator d({.window_millis = 1000, .max_bytes = 1 << 20});
  EXPECT_TRUE(d.first(id(1), UnixMillis(kStart)));
  EXPECT_FALSE(d.first(id(1), UnixMillis(kStart)));
  EXPECT_FALSE(d.first(id(1), UnixMillis(kStart + 1000)));
  EXPECT_TRUE(d.first(id(1), UnixMillis(kStart + 1001)));
  EXPECT_FALSE(d.first(id(1), UnixMillis(kStart + 2001)));
  EXPECT_TRUE(d.first(id(2), UnixMillis(kStart)));
}

TEST(Dedupe, GrowsAndForgetsWhatIsOutsideTheWindow) {
  Deduplicator d({.window_millis = 10'000, .max_bytes = 64 << 20});
  for (std::uint64_t i = 0; i < 500'000; ++i) {
    ASSERT_TRUE(d.first(id(i), UnixMillis(kStart + static_cast<std::int64_t>(i))));
    if (i >= 10'000) {
      ASSERT_FALSE(d.first(id(i - 10'000), UnixMillis(kStart + static_cast<std::int64_t>(i)))) << i;
    }
  }
  EXPECT_LT(d.size(), 60'000U);
  EXPECT_LE(d.bytes(), 2U << 20);
  EXPECT_EQ(d.window_millis(), 10'000);
}

TEST(Dedupe, TheBoundShortensTheWindowAndSaysSo) {
  Deduplicator d({.window_millis = 1'000'000, .max_bytes = 1 << 20});
  for (std::uint64_t i = 0; i < 200'000; ++i)
    ASSERT_TRUE(d.first(id(i), UnixMillis(kStart + static_cast<std::int64_t>(i))));
  EXPECT_LE(d.bytes(), 1U << 20);
  EXPECT_LT(d.window_millis(), 1'000'000);
  EXPECT_GE(d.window_millis(), 30'000);
  EXPECT_FALSE(d.first(id(199'000), UnixMillis(kStart + 200'000)));
}

// 20,000 events a second on four partitions for ten minutes: three million identities each, within 100 MB.
TEST(Dedupe, HoldsTenMinutesAtFullRateWithinItsBound) {
  Deduplicator d({.window_millis = 600'000, .max_bytes = 100 << 20});
  constexpr std::uint64_t kPerMilli = 5;
  for (std::uint64_t i = 0; i < 700'000 * kPerMilli; ++i) {
    d.first(IdentityHash{i * 0x9E3779B97F4A7C15ULL, i * 0xD6E8FEB86659FD93ULL},
            UnixMillis(kStart + static_cast<std::int64_t>(i / kPerMilli)));
  }
  EXPECT_EQ(d.window_millis(), 600'000);
  EXPECT_LE(d.bytes(), 100U << 20);
  EXPECT_GE(d.size(), 600'000 * kPerMilli);
}

TEST(Dedupe, RestoresWhatWasTaken) {
  Deduplicator a({.window_millis = 1000, .max_bytes = 1 << 20});
  for (std::uint64_t i = 0; i < 5000; ++i) a.first(id(i), UnixMillis(kStart + static_cast<std::int64_t>(i)));
  const std::string delta = a.take_delta();
  EXPECT_EQ(delta.size(), 5000U * 16);
  EXPECT_TRUE(a.take_delta().empty());
  Deduplicator b({.window_millis = 1000, .max_bytes = 1 << 20});
  ASSERT_TRUE(b.restore(delta, UnixMillis(kStart + 4999)));
  EXPECT_FALSE(b.restore("odd", UnixMillis(kStart)));
  for (std::uint64_t i = 0; i < 5000; ++i) {
    EXPECT_EQ(b.first(id(i), UnixMillis(kStart + 4999)), i < 3999) << i;
  }
  EXPECT_TRUE(b.take_delta().size() == 3999U * 16) << b.take_delta().size();
}

}  // namespace
}  // namespace weir

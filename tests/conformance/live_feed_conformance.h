// What every live feed must do. A backend joins with a LiveFeedHarness.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "ports/live_feed.h"

namespace weir::conformance {

class LiveFeedHarness {
 public:
  virtual ~LiveFeedHarness() = default;
  virtual LiveFeed& feed() = 0;
  /// Batches without events that a reader may be behind.
  virtual std::size_t bound() = 0;
};

using LiveFeedFactory = std::function<std::unique_ptr<LiveFeedHarness>()>;

class LiveFeedConformance : public testing::TestWithParam<LiveFeedFactory> {
 protected:
  LiveFeedConformance() : harness_(GetParam()()), feed_(harness_->feed()) {}
  void publish(std::uint64_t n, std::vector<std::string> events = {}) {
    auto batch = std::make_shared<LiveBatch>();
    batch->admitted = n;
    batch->events = std::move(events);
    feed_.publish(std::move(batch));
  }
  static constexpr std::chrono::milliseconds kNow{0}, kSoon{5'000};

  std::unique_ptr<LiveFeedHarness> harness_;
  LiveFeed& feed_;
};

TEST_P(LiveFeedConformance, EverySubscriberGetsEveryBatchInOrder) {
  const auto a = feed_.subscribe(), b = feed_.subscribe();
  publish(1, {"{}", "{\"a\":1}"});
  publish(2);
  for (LiveSubscription* s : {a.get(), b.get()}) {
    const auto first = s->next(kSoon);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->admitted, 1U);
    EXPECT_EQ(first->events, (std::vector<std::string>{"{}", "{\"a\":1}"}));
    const auto second = s->next(kSoon);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->admitted, 2U);
    EXPECT_FALSE(s->next(kNow));
    EXPECT_EQ(s->lost(), 0U);
  }
}

TEST_P(LiveFeedConformance, ASubscriptionBeginsNow) {
  publish(1);
  const auto late = feed_.subscribe();
  publish(2);
  EXPECT_EQ(late->next(kSoon)->admitted, 2U);
}

TEST_P(LiveFeedConformance, WaitingEndsWhenABatchComes) {
  const auto s = feed_.subscribe();
  EXPECT_FALSE(s->next(std::chrono::milliseconds(5)));
  std::jthread publisher([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    publish(7);
  });
  const auto batch = s->next(std::chrono::seconds(30));
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->admitted, 7U);
}

TEST_P(LiveFeedConformance, ASlowReaderLosesTheOldestAndIsTold) {
  const auto slow = feed_.subscribe(), quick = feed_.subscribe();
  const std::size_t published = harness_->bound() + 10;
  for (std::size_t n = 1; n <= published; ++n) {
    publish(n);
    ASSERT_TRUE(quick->next(kSoon));
  }
  EXPECT_EQ(quick->lost(), 0U);
  EXPECT_EQ(slow->lost(), 10U);
  EXPECT_EQ(slow->next(kSoon)->admitted, 11U);
  for (std::size_t n = 12; n <= published; ++n) ASSERT_EQ(slow->next(kSoon)->admitted, n);
  EXPECT_FALSE(slow->next(kNow));
}

TEST_P(LiveFeedConformance, SubscribersMayComeAndGoWhileOthersPublish) {
  std::atomic<bool> done = false;
  {
    std::vector<std::jthread> publishers;
    publishers.reserve(2);
    for (int t = 0; t < 2; ++t) {
      publishers.emplace_back([&] {
        while (!done) publish(1, {"event"});
      });
    }
    std::vector<std::jthread> readers;
    readers.reserve(3);
    for (int t = 0; t < 3; ++t) {
      readers.emplace_back([&] {
        for (int i = 0; i < 50; ++i) {
          const auto s = feed_.subscribe();
          for (int n = 0; n < 3; ++n) EXPECT_TRUE(s->next(std::chrono::seconds(30)));
        }
      });
    }
    readers.clear();
    done = true;
  }
}

}  // namespace weir::conformance

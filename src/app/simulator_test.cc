#include "app/simulator.h"

#include <gtest/gtest.h>

#include <atomic>

namespace weir {
namespace {

class CountingSink final : public EventSink {
 public:
  Status send(RawBatch&& events, std::stop_token) override {
    largest = std::max(largest.load(), events.size());
    sent += events.size();
    return {};
  }
  Status finish() override { return {}; }
  std::atomic<std::size_t> largest{0}, sent{0};
};

// A rate that no machine keeps up with: what is owed grows, what is made at once does not.
TEST(Simulator, MakesNoMoreAtOnceThanItCanBeStoppedIn) {
  const SystemClock clock;
  CountingSink sink;
  Simulator simulator({.seed = 1, .run = "test", .rate = 10'000'000},
                      {.running = true, .rate = 10'000'000, .attack = {}}, sink, clock);
  simulator.start();
  std::this_thread::sleep_for(std::chrono::milliseconds(400));
  const auto start = clock.steady();
  simulator.stop();
  EXPECT_LT(clock.steady() - start, std::chrono::seconds(2));
  EXPECT_GT(sink.sent, 0U);
  EXPECT_LE(sink.largest, 20'000U);
}

}  // namespace
}  // namespace weir

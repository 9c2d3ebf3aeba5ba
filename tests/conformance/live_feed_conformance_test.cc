#include "live_feed_conformance.h"

#include "backends/memory/memory_live_feed.h"

namespace weir::conformance {
namespace {

class MemoryHarness final : public LiveFeedHarness {
 public:
  LiveFeed& feed() override { return feed_; }
  std::size_t bound() override { return 100; }

 private:
  MemoryLiveFeed feed_{{.max_batches = 100, .max_bytes = 1 << 20}};
};

INSTANTIATE_TEST_SUITE_P(Memory, LiveFeedConformance,
                         testing::Values([] { return std::make_unique<MemoryHarness>(); }));

}  // namespace
}  // namespace weir::conformance

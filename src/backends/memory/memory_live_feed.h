// The live feed within one process.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "ports/live_feed.h"

namespace weir {

/// Thread-safe. Each subscriber has its own bounded queue of shared batches; the feed itself holds none.
class MemoryLiveFeed final : public LiveFeed {
 public:
  struct Options {
    std::size_t max_batches = 1024;            // a subscriber's backlog; at 40 batches a second 25 s
    std::size_t max_bytes = 16 * 1024 * 1024;  // of events in it; one batch is always kept, whatever its size
  };

  MemoryLiveFeed() : MemoryLiveFeed(Options{}) {}
  explicit MemoryLiveFeed(Options options) : options_(options) {}

  void publish(std::shared_ptr<const LiveBatch> batch) override;
  /// The subscription may outlive the feed; it then gets nothing more.
  std::unique_ptr<LiveSubscription> subscribe() override;
  std::size_t subscribers() const;

  struct Queue;

 private:
  const Options options_;
  mutable std::mutex mutex_;
  std::vector<std::weak_ptr<Queue>> queues_;  // guarded by mutex_; one a living subscription
};

}  // namespace weir

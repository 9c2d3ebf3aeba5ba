// The live feed: tells every process that serves people what the workers have just committed.
// Conformance suite: tests/conformance/live_feed_conformance.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/types.h"

namespace weir {

/// What one committed batch means to a viewer.
struct LiveBatch {
  UnixMillis committed_at;
  std::uint64_t admitted = 0, duplicate = 0, rejected = 0;
  std::int64_t oldest_arrival_ms = 0;  // of its events: committed_at - this = the worst freshness of the batch
  /// Admitted events as CloudEvents JSON; filled only while somebody asks for events.
  std::vector<std::string> events;
};

/// One reader's place in the feed. Not thread-safe; belongs to the reader.
class LiveSubscription {
 public:
  virtual ~LiveSubscription() = default;
  /// The next batch, waiting at most `timeout`. Nothing: none came. A reader that falls more than the feed's bound behind
  /// loses the oldest batches; lost() counts them.
  virtual std::shared_ptr<const LiveBatch> next(std::chrono::milliseconds timeout) = 0;
  virtual std::uint64_t lost() const = 0;
};

/// Thread-safe. Publishing never waits for readers.
class LiveFeed {
 public:
  virtual ~LiveFeed() = default;
  virtual void publish(std::shared_ptr<const LiveBatch> batch) = 0;
  virtual std::unique_ptr<LiveSubscription> subscribe() = 0;
};

}  // namespace weir

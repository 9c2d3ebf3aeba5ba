#include "backends/memory/memory_live_feed.h"

#include <condition_variable>
#include <deque>

namespace weir {

// Shared by the subscription, which owns it, and the feed, which looks whether it still lives.
struct MemoryLiveFeed::Queue {
  std::mutex mutex;
  std::condition_variable came;
  // guarded by mutex
  std::deque<std::shared_ptr<const LiveBatch>> batches;
  std::size_t bytes = 0;
  std::uint64_t lost = 0;
};

namespace {

std::size_t bytes_of(const LiveBatch& batch) {
  std::size_t bytes = sizeof(LiveBatch);
  for (const std::string& event : batch.events) bytes += sizeof(std::string) + event.size();
  return bytes;
}

class Subscription final : public LiveSubscription {
 public:
  explicit Subscription(std::shared_ptr<MemoryLiveFeed::Queue> queue) : queue_(std::move(queue)) {}

  std::shared_ptr<const LiveBatch> next(std::chrono::milliseconds timeout) override {
    std::unique_lock lock(queue_->mutex);
    if (!queue_->came.wait_for(lock, timeout, [&] { return !queue_->batches.empty(); })) return nullptr;
    std::shared_ptr<const LiveBatch> batch = std::move(queue_->batches.front());
    queue_->batches.pop_front();
    queue_->bytes -= bytes_of(*batch);
    return batch;
  }

  std::uint64_t lost() const override {
    std::lock_guard lock(queue_->mutex);
    return queue_->lost;
  }

 private:
  const std::shared_ptr<MemoryLiveFeed::Queue> queue_;
};

}  // namespace

void MemoryLiveFeed::publish(std::shared_ptr<const LiveBatch> batch) {
  const std::size_t bytes = bytes_of(*batch);
  std::lock_guard lock(mutex_);
  std::erase_if(queues_, [](const std::weak_ptr<Queue>& q) { return q.expired(); });
  for (const std::weak_ptr<Queue>& weak : queues_) {
    const std::shared_ptr<Queue> queue = weak.lock();
    if (!queue) continue;
    std::lock_guard queue_lock(queue->mutex);
    while (!queue->batches.empty() &&
           (queue->batches.size() >= options_.max_batches || queue->bytes + bytes > options_.max_bytes)) {
      queue->bytes -= bytes_of(*queue->batches.front());
      queue->batches.pop_front();
      ++queue->lost;
    }
    queue->batches.push_back(batch);
    queue->bytes += bytes;
    queue->came.notify_one();
  }
}

std::unique_ptr<LiveSubscription> MemoryLiveFeed::subscribe() {
  auto queue = std::make_shared<Queue>();
  std::lock_guard lock(mutex_);
  std::erase_if(queues_, [](const std::weak_ptr<Queue>& q) { return q.expired(); });
  queues_.push_back(queue);
  return std::make_unique<Subscription>(std::move(queue));
}

std::size_t MemoryLiveFeed::subscribers() const {
  std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(queues_.begin(), queues_.end(), [](const std::weak_ptr<Queue>& q) { return !q.expired(); }));
}

}  // namespace weir

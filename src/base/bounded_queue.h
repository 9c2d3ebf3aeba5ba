// A queue between threads with a limit in bytes: back-pressure instead of growth.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace weir {

/// Thread-safe. Each item counts for the bytes that its pusher says. An item larger than the limit is taken when the queue
/// is empty, so that nothing can be stuck for ever.
///   full: try_push answers false, push waits;  empty: pop waits;  closed: push answers false at once, pop gives what is
///   left and then nothing.
template <class T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t limit_bytes) : limit_(limit_bytes) {}

  bool try_push(T&& item, std::size_t bytes) {
    std::lock_guard lock(mutex_);
    if (closed_ || !fits(bytes)) return false;
    add(std::move(item), bytes);
    return true;
  }

  /// Waits for room. False when the queue is closed; the item is then dropped.
  bool push(T&& item, std::size_t bytes) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || fits(bytes); });
    if (closed_) return false;
    add(std::move(item), bytes);
    return true;
  }

  /// Waits for an item; nothing when the queue is closed and empty.
  std::optional<T> pop() {
    std::unique_lock lock(mutex_);
    items_there_.wait(lock, [&] { return closed_ || !items_.empty(); });
    return take();
  }

  /// Waits at most `timeout`.
  std::optional<T> pop_for(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    items_there_.wait_for(lock, timeout, [&] { return closed_ || !items_.empty(); });
    return take();
  }

  std::optional<T> try_pop() {
    std::lock_guard lock(mutex_);
    return take();
  }

  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    room_.notify_all();
    items_there_.notify_all();
  }

  std::size_t bytes() const {
    std::lock_guard lock(mutex_);
    return bytes_;
  }
  std::size_t limit() const { return limit_; }
  bool closed() const {
    std::lock_guard lock(mutex_);
    return closed_;
  }

 private:
  bool fits(std::size_t bytes) const { return items_.empty() || bytes_ + bytes <= limit_; }
  void add(T&& item, std::size_t bytes) {
    items_.emplace_back(std::move(item), bytes);
    bytes_ += bytes;
    items_there_.notify_one();
  }
  std::optional<T> take() {
    if (items_.empty()) return std::nullopt;
    auto [item, bytes] = std::move(items_.front());
    items_.pop_front();
    bytes_ -= bytes;
    room_.notify_all();
    return std::optional<T>(std::move(item));
  }

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable room_, items_there_;
  // guarded by mutex_
  std::deque<std::pair<T, std::size_t>> items_;
  std::size_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace weir

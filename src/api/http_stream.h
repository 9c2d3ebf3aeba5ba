// The queue of an answer that is made while it is sent: between its producer (any thread) and its connection.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "api/http.h"

namespace weir::http {

/// Thread-safe. The producer's side is ResponseStream (api/http.h), the connection's side stands below it.
class Stream final : public ResponseStream {
 public:
  /// At most `limit` bytes wait, or one piece alone. `wake` is called, on the producer's thread and without a lock, when
  /// there is something to take(); never after connection_lost() has returned and that call has ended.
  Stream(std::size_t limit, std::function<void()> wake) : limit_(limit), wake_(std::move(wake)) {}

  Push try_write(std::string bytes) override;
  Push write(std::string bytes, std::chrono::milliseconds patience) override;
  void finish() override { end(End::kFinish, {}); }
  void cut(std::string last_words) override { end(End::kCut, std::move(last_words)); }
  void abort() override { end(End::kAbort, {}); }
  bool gone() const override;
  std::size_t queued_bytes() const override;
  std::chrono::milliseconds lag() const override;

  enum class End : std::uint8_t { kNot, kFinish, kCut, kAbort };
  struct Taken {
    std::string bytes;
    End end = End::kNot;
  };
  /// At most about `most` bytes of what waits; `end` once nothing more will come behind them. They count as waiting until
  /// sent() is called.
  Taken take(std::size_t most);
  void sent();
  /// Nobody will take any more: the producer's calls answer kGone from here on.
  void connection_lost();
  /// Whether it ended by cut() or abort(): then nothing is worth waiting for.
  bool cut_short() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Piece {
    std::string bytes;
    Clock::time_point since;
  };

  // REQUIRES (all three): mutex_ is held. Those that are given the lock let go of it.
  bool fits(std::size_t bytes) const { return bytes_ == 0 || bytes_ + bytes <= limit_; }
  void add(std::string bytes, std::unique_lock<std::mutex>& lock);
  void wake(std::unique_lock<std::mutex>& lock);

  void end(End how, std::string last_words);

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  // guarded by mutex_
  std::function<void()> wake_;
  std::deque<Piece> queue_;
  std::size_t bytes_ = 0;      // queued and in flight
  std::size_t in_flight_ = 0;  // taken by the connection, not sent yet
  Clock::time_point oldest_{};
  bool ended_ = false;
  End end_ = End::kNot;
};

/// What a producer holds: when it lets go without having ended the stream, that is an abort(). Thread-safe.
std::shared_ptr<ResponseStream> producer_of(std::shared_ptr<Stream> stream);

}  // namespace weir::http

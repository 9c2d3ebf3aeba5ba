// Lets somebody look at log and tables at one committed point, while the worker keeps writing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace weir {

/// The worker is inside while the tables hold more than is committed; an onlooker is let in between two batches. An onlooker
/// who waits goes first, so that a busy worker cannot starve it; a look is short (reading four numbers). Thread-safe.
class CommitGate {
 public:
  /// Past this line the tables may be ahead of the committed positions.
  void begin_batch() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return onlookers_ == 0; });
    writing_ = true;
  }
  /// Past this line tables and positions agree again.
  void end_batch() {
    std::lock_guard lock(mutex_);
    writing_ = false;
    changed_.notify_all();
  }

  /// Keeps batches out for as long as it lives; holds() is false when the worker did not get out in time.
  class Look {
   public:
    Look(CommitGate& gate, std::chrono::milliseconds timeout) : gate_(gate) {
      std::unique_lock lock(gate_.mutex_);
      ++gate_.onlookers_;
      holds_ = gate_.changed_.wait_for(lock, timeout, [&] { return !gate_.writing_; });
    }
    ~Look() {
      std::lock_guard lock(gate_.mutex_);
      --gate_.onlookers_;
      gate_.changed_.notify_all();
    }
    Look(const Look&) = delete;
    Look& operator=(const Look&) = delete;
    bool holds() const { return holds_; }

   private:
    CommitGate& gate_;
    bool holds_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  // guarded by mutex_
  int onlookers_ = 0;
  bool writing_ = false;
};

}  // namespace weir

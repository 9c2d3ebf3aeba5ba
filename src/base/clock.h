// Time is a parameter: nothing in Weir reads the machine's clock except through a Clock.
#pragma once

#include <atomic>
#include <chrono>

#include "base/types.h"

namespace weir {

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time. May jump in either direction.
  virtual UnixMillis now() const = 0;
  /// Never goes back; for durations and deadlines.
  virtual std::chrono::steady_clock::time_point steady() const = 0;
};

class SystemClock final : public Clock {
 public:
  UnixMillis now() const override;
  std::chrono::steady_clock::time_point steady() const override { return std::chrono::steady_clock::now(); }
};

/// A clock that tests move by hand.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(UnixMillis start) : now_(start.value) {}
  UnixMillis now() const override { return UnixMillis(now_.load()); }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(std::chrono::milliseconds(steady_.load()));
  }
  /// Wall and steady time go on together.
  void advance(std::chrono::milliseconds by) {
    now_ += by.count();
    steady_ += by.count();
  }
  /// Wall time jumps; steady time does not.
  void jump_to(UnixMillis to) { now_ = to.value; }

 private:
  std::atomic<std::int64_t> now_;
  std::atomic<std::int64_t> steady_{1};
};

}  // namespace weir

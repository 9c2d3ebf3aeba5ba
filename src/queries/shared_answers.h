// The same question, asked by many: computed once for all who wait, and kept for a moment.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"

namespace weir {

/// Thread-safe. No thread waits here: who asks while the same question is being answered leaves a callback.
class SharedAnswers {
 public:
  struct Options {
    std::size_t bytes = 8 << 20;  // of answers that are kept, with their questions
    /// An answer is given again for this many times as long as it took to make: what is cheap is always fresh, and what is
    /// dear takes at most a tenth of a core, however many ask.
    int age_of_cost = 10;
  };
  explicit SharedAnswers(const Clock& clock) : SharedAnswers(clock, Options()) {}
  SharedAnswers(const Clock& clock, Options options) : clock_(clock), options_(options) {}

  using Answer = std::shared_ptr<const Result<std::string>>;
  using Make = std::function<Result<std::string>()>;
  using Deliver = std::function<void(const Answer&)>;

  /// Calls `deliver` once: at once, with what is kept; or when the answer has been made, by this thread or by the one that is at
  /// it. An answer that is given is never older than `max_age`: with zero it was begun after ask() was called, so that it
  /// has all that could be read then. Errors are delivered and not kept. `make` and `deliver` are called without any lock; a
  /// `make` that throws bad_alloc answers kOverloaded, other exceptions kInternal; what `deliver` throws is logged.
  void ask(const std::string& question, std::chrono::milliseconds max_age, const Make& make, Deliver deliver);

  struct Counts {
    std::uint64_t made = 0, joined = 0, kept = 0;  // answers made; asks that joined one, that were given a kept one
    std::size_t bytes = 0;                         // kept now
  };
  Counts counts() const;

 private:
  using Time = std::chrono::steady_clock::time_point;
  struct Question {
    Answer answer;  // null: none is kept
    Time begun;     // of the answer
    Time until;     // it is given again before this
    std::size_t bytes = 0;
    bool making = false;
    Time making_since;
    std::vector<Deliver> waiting;  // for the one that is being made
    std::vector<Deliver> next;     // for one that begins later
  };
  using Questions = std::map<std::string, Question, std::less<>>;

  void make_room(Time now);
  void forget(Questions::iterator question);

  const Clock& clock_;
  const Options options_;
  mutable std::mutex mutex_;
  // guarded by mutex_
  Questions questions_;
  Counts counts_;
};

}  // namespace weir

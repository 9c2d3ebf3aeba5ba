// Knows what was sent and what was acknowledged, and holds the tables against it.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "program.h"

namespace weir::testing {

using Millis = std::int64_t;
Millis now_millis();

/// One event as it goes over the wire, and what must become of it.
struct Sent {
  enum class Fate {
    kEvent,   // admitted, or a duplicate of the same identity
    kReject,  // a row of rejects
    kEither,  // as old as to be one or the other, by the retention that holds when it is looked at
  };
  Fate fate = Fate::kEvent;
  std::string raw;
  std::string source, id;  // of kEvent and kEither
  Millis time = 0;
};

/// Thread-safe.
class Oracle {
 public:
  /// A request was answered 202 (`acknowledged`), or ended in a way that leaves open whether it arrived.
  void sent(const std::vector<Sent>& request, bool acknowledged);

  /// Waits until all is worked off and compares; what is wrong, each a sentence. Rows of days before `kept_from` may have been
  /// removed by retention. Everything that could have arrived is certain afterwards: it is there, or it never will be.
  std::vector<std::string> compare(const Program& program, Millis kept_from);

  std::size_t acknowledged() const;

 private:
  struct Expected {
    Sent::Fate fate;
    bool acknowledged;
    Millis time;
    std::string raw;  // of kEither
  };
  void compare_events(const Program&, Millis kept_from, std::vector<std::string>& wrong);
  void compare_rejects(const Program&, std::vector<std::string>& wrong);
  static void compare_rollups(const Program&, Millis kept_from, std::vector<std::string>& wrong);

  mutable std::mutex mutex_;
  // guarded by mutex_
  std::unordered_map<std::string, Expected> events_;  // by SOURCE \t ID
  std::unordered_map<std::string, bool> rejects_;     // by raw: acknowledged
};

/// One statement over the SQL port; the answer's rows, cut at tabs. An error becomes a row that begins with "ERROR".
std::vector<std::vector<std::string>> query(const Program& program, const std::string& sql);

}  // namespace weir::testing

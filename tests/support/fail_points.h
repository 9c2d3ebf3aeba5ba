// What WEIR_FAIL can ask for, in a program that links this in place of base/fail_point.cc:
//
//   WEIR_FAIL=RULE[,RULE…]     RULE = NAME[/WHICH]=ACTION[@N][xTIMES]
//
// NAME and WHICH are those of the fail_point() call; a rule without WHICH meets all of them. It acts at the Nth call that it meets (from
// 1; the first) and at TIMES calls from there on (1; 0: all). ACTION is
//   die          the process ends as by kill -9
//   error:CODE   the call fails with that Code: disk_full, unavailable, overloaded, corrupt, deadline
//   late:MS      the call goes on after that long
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weir::testing {

struct FailRule {
  enum class Action { kDie, kError, kLate };
  std::string name, which;
  Action action = Action::kDie;
  Code code = Code::kInternal;
  std::int64_t millis = 0;
  std::uint64_t from = 1, times = 1;

  bool meets(std::string_view point, std::string_view of) const {
    return point == name && (which.empty() || of == which);
  }
  /// Whether it acts at the nth call that it meets.
  bool acts_at(std::uint64_t n) const { return n >= from && (times == 0 || n < from + times); }
};

/// The error is a sentence about what does not parse.
std::expected<std::vector<FailRule>, std::string> parse_fail_rules(std::string_view text);

}  // namespace weir::testing

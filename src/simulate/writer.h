// Drafts as CloudEvents 1.0 in JSON, structured mode (contract 3).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/types.h"
#include "simulate/draft.h"

namespace weir::simulate {

/// Not thread-safe.
class Writer {
 public:
  /// REQUIRES: `run` is UTF-8 of at most kMaxRunBytes.
  explicit Writer(std::string_view run);

  /// The event's JSON; the view lasts until the next call.
  std::string_view write(const Draft& draft, std::uint64_t id, UnixMillis time);

  static constexpr std::size_t kMaxRunBytes = 200;

 private:
  void field(Pen& pen, const Draft& draft, Field f);
  void time(Pen& pen, UnixMillis t);

  std::string prefix_;  // up to the number of the id
  std::int64_t second_ = INT64_MIN;
  std::array<char, 20> second_text_{};  // YYYY-MM-DDTHH:MM:SS. of second_
  std::array<char, 8192> out_{};
};

/// YYYY-MM-DDTHH:MM:SS. of a Unix second. The calendar is Howard Hinnant's (days_from_civil, inverted).
void write_second(Pen& pen, std::int64_t second);

}  // namespace weir::simulate

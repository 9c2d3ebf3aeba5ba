// Looks at the bytes of a request's head as they come, before anything interprets them: what two programs in a row could read
// differently (request smuggling) is refused here, and counts and sizes are limited. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weir::http {

/// For one head. Refuses (RFC 9112, 2.2, 5.1, 5.2): a line feed without a carriage return or the other way round, NUL, a line
/// that continues the one before, a blank before the colon or in a name, a header without a name or without a colon.
class HeadScan {
 public:
  HeadScan(std::size_t most_bytes, std::size_t most_headers) : most_bytes_(most_bytes), most_headers_(most_headers) {}

  enum class Found : std::uint8_t {
    kMore,            // nothing wrong yet; it goes on
    kEnd,             // the empty line
    kFault,           // see fault()
    kTooManyBytes,    // no end within most_bytes
    kTooManyHeaders,  // more than most_headers
  };
  /// `bytes`: all that has come since the first byte of the head, each time more. After anything but kMore: not again.
  Found look(std::string_view bytes);

  /// What is wrong and where, as a part of a sentence. Lives as long as the program.
  std::string_view fault() const { return fault_; }
  /// The number of the line where it stands; the first is 1.
  std::size_t line() const { return line_; }

 private:
  Found faulty(std::string_view what) {
    fault_ = what;
    return Found::kFault;
  }

  const std::size_t most_bytes_, most_headers_;
  std::size_t at_ = 0;          // looked at so far
  std::size_t line_ = 1;        // of the byte at at_
  std::size_t line_begin_ = 0;  // where that line begins
  bool colon_ = false;          // seen in that line
  bool after_return_ = false;   // the byte before was a carriage return
  std::string_view fault_;
};

}  // namespace weir::http

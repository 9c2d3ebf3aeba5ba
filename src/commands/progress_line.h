// How far a command is, on stderr.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "base/clock.h"

namespace weir {

/// One line on stderr that says how far it is: once a second over itself on a terminal, else a line every five seconds.
class ProgressLine {
 public:
  explicit ProgressLine(const Clock& clock) : clock_(clock), last_(clock.steady()) {}
  ~ProgressLine() { clear(); }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// `text` makes the line; it is only asked when one is due.
  template <class Text>
  void show(Text&& text) {
    const auto now = clock_.steady();
    if (now - last_ < std::chrono::seconds(terminal_ ? 1 : 5)) return;
    last_ = now;
    fmt::print(stderr, "{}{}{}", terminal_ ? "\r\x1b[K" : "", text(), terminal_ ? "" : "\n");
    std::fflush(stderr);
    shown_ = true;
  }
  void clear() {
    if (terminal_ && shown_) std::fputs("\r\x1b[K", stderr);
    shown_ = false;
  }

 private:
  const Clock& clock_;
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  std::chrono::steady_clock::time_point last_;
  bool shown_ = false;
};

}  // namespace weir

// Bugs crash loudly. Never for bad input or an unwell world.
#pragma once

#include <fmt/format.h>

#include <string>

namespace weir {

[[noreturn]] void check_failed(const char* file, int line, const char* condition, const std::string& details);

}  // namespace weir

/// Ends the process with a message when a condition that the program itself guarantees does not hold.
#define WEIR_CHECK(condition, ...)                                                         \
  do {                                                                                     \
    if (!(condition)) [[unlikely]] {                                                       \
      ::weir::check_failed(__FILE__, __LINE__, #condition, ::fmt::format("" __VA_ARGS__)); \
    }                                                                                      \
  } while (false)

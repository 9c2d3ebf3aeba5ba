// The program's own log, on stderr: text for people or JSON for machines. Levels by what an operator should do:
// error: act now; warn: look at it today; info: good to know; debug: for developers.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace weir::log {

enum class Level { kDebug, kInfo, kWarn, kError };
enum class Format { kText, kJson };

/// Call once at start, before other threads run. Until then: info, text.
void configure(Level level, Format format);
bool enabled(Level level);

/// Thread-safe. Never throws; a line that cannot be written is lost.
void write(Level level, std::string_view message);

template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kDebug)) write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kInfo)) write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kWarn)) write(Level::kWarn, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace weir::log

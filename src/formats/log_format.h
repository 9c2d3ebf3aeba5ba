// The kinds of files that `weir replay` and `weir rules eval` read as events (contract 3, docs/log-formats.md).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

enum class LogFormat : std::uint8_t {
  kCloudEvents,  // one CloudEvent a line, as JSON
  kSshd,         // OpenSSH by way of syslog
  kCombined,     // Apache and nginx access logs, combined or common
  kPostfix,      // Postfix by way of syslog
};

inline constexpr std::array<std::string_view, 4> kLogFormatNames{"cloudevents", "sshd", "combined", "postfix"};

constexpr std::string_view log_format_name(LogFormat format) {
  return kLogFormatNames[static_cast<std::size_t>(format)];
}

constexpr std::optional<LogFormat> log_format_named(std::string_view name) {
  for (std::size_t i = 0; i < kLogFormatNames.size(); ++i) {
    if (kLogFormatNames[i] == name) return static_cast<LogFormat>(i);
  }
  return std::nullopt;
}

}  // namespace weir

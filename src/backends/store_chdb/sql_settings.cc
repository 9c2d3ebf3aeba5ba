#include "backends/store_chdb/sql_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <system_error>

#include "backends/store_chdb/sql_fault.h"
#include "backends/store_chdb/sql_lists.h"
#include "backends/store_chdb/sql_text.h"

namespace weir {
namespace {

using sql::names;
using sql::refuse;

std::optional<std::uint64_t> as_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::expected<SettingUse, SqlFault> vet_setting(std::string_view name, std::string& value, SqlAccess access,
                                                const SqlCaps& caps, bool clamp) {
  const sql::Names& n = names();
  const auto no = [&](std::string_view why) {
    return refuse(sql_code::kReadonly, fmt::format("Cannot modify '{}' setting in readonly mode{}", name, why));
  };
  if (n.ignored_settings.has(name)) return SettingUse::kIgnore;
  const bool writer = access == SqlAccess::kWrite && n.write_settings.has(name);
  if (n.refused_settings.has(name) || !(n.settings.has(name) || writer)) {
    return no(": this port takes settings that shape or limit an answer, from a list");
  }
  if (name == "readonly") {
    // The port decides what may be written; a wish to read only changes nothing.
    const auto wish = as_number(value);
    if (!wish || (*wish == 0 && access == SqlAccess::kRead)) return no("");
    return SettingUse::kIgnore;
  }
  if (name == "allow_experimental_analyzer" || name == "enable_analyzer") {
    if (value != "1" && value != "true") return no(": statements are judged as the analyzer reads them");
    return SettingUse::kIgnore;
  }
  const auto cap = [&](std::uint64_t most, bool zero_is_endless) -> std::expected<SettingUse, SqlFault> {
    auto wish = as_number(value);
    if (!wish) {
      // A fraction of a second, or words: let the engine say what is wrong with it, within the cap.
      double number = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
      if (error != std::errc{} || end != value.data() + value.size() || number < 0) {
        return refuse(sql_code::kBadArguments,
                      fmt::format("Setting {} has the value '{}', which is no count", name, value));
      }
      if (number > 0 && number <= static_cast<double>(most)) return SettingUse::kApply;
      wish = most + 1;
    }
    if (*wish > most || (*wish == 0 && zero_is_endless)) {
      if (!clamp) return no(fmt::format(": the most that this port allows is {}", most));
      value = std::to_string(most);
    }
    return SettingUse::kApply;
  };
  if (name == "max_execution_time") return cap(caps.seconds, true);
  if (name == "max_memory_usage") return cap(caps.memory_bytes, true);
  if (name == "max_threads" || name == "max_insert_threads" || name == "max_final_threads")
    return cap(caps.threads, true);
  if (name == "session_timezone") {
    const bool plain =
        std::ranges::all_of(value, [](char c) { return sql::is_word_char(c) || c == '/' || c == '+' || c == '-'; });
    if (!plain || value.starts_with('/')) {
      return refuse(sql_code::kBadArguments, fmt::format("Invalid time zone: {}", value));
    }
  }
  return SettingUse::kApply;
}

}  // namespace weir

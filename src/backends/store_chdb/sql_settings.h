// Which settings a foreign statement may give, and how far.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "ports/sql_gateway.h"

namespace weir {

enum class SettingUse { kRefuse, kIgnore, kApply };
struct SqlCaps {
  std::uint64_t seconds = 300;
  std::uint64_t memory_bytes = 2ULL << 30;
  std::uint64_t threads = 8;
};
/// What to do with a setting from the URL or from SETTINGS; a fault when it is refused. `value` is brought inside the caps
/// when `clamp` (URL), refused otherwise (SETTINGS).
std::expected<SettingUse, SqlFault> vet_setting(std::string_view name, std::string& value, SqlAccess access,
                                                const SqlCaps& caps, bool clamp);

}  // namespace weir

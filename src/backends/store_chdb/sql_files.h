// The numbered files of sql/, built into the program.
#pragma once

#include <string_view>
#include <vector>

namespace weir {

struct SqlFile {
  std::string_view name;
  std::string_view text;
};

/// In order: file n is migration n, counted from 1.
const std::vector<SqlFile>& sql_files();

}  // namespace weir

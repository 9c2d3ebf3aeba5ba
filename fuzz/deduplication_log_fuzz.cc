// The engine's record of deduplication tokens. The first byte says whether power was cut (odd) and how many of the pieces that follow are
// files of the record; pieces end with a zero byte, and those before the files name folders of the table.
// What must hold: mending leaves whole lines and the older files as they were, adds only withdrawals, and leaves no token whose part is not
// there; a second time it finds nothing.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "backends/store_chdb/deduplication_log.h"
#include "base/check.h"
#include "input.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

/// In memory where there is such a place: nothing here needs a disk.
const fs::path& root() {
  static const fs::path path = [] {
    const fs::path base = fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
    return base / ("weir-fuzz-" + std::to_string(getpid()));
  }();
  return path;
}

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

fs::path log_file(const fs::path& logs, std::size_t number) {
  return logs / fmt::format("deduplication_log_{}.txt", number);
}

/// A folder's name that the engine might give: letters, digits, underscores, hyphens.
bool is_folder_name(std::string_view name) {
  return !name.empty() && name.size() < 64 &&
         std::ranges::all_of(
             name, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '_' || c == '-'; });
}

void run(fuzz::Input input) {
  const std::uint8_t how = input.byte();
  const bool power_cut = how % 2 == 1;
  const std::size_t files = 1 + how / 2 % 3;
  std::vector<std::string> pieces;
  while (!input.empty() && pieces.size() < 24) pieces.emplace_back(input.until('\0'));
  const fs::path table = root() / "store/abc/abc-def", logs = table / "deduplication_logs";
  fs::remove_all(root());
  fs::create_directories(logs);
  const std::size_t first_file = pieces.size() - std::min(files, pieces.size());
  std::vector<std::string> before;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (i < first_file) {
      if (is_folder_name(pieces[i]) && pieces[i] != "deduplication_logs") fs::create_directories(table / pieces[i]);
    } else {
      before.push_back(pieces[i]);
      std::ofstream(log_file(logs, before.size()), std::ios::binary) << pieces[i];
    }
  }

  const auto mended = mend_deduplication_logs(root(), power_cut);
  WEIR_CHECK(mended, "{}", mended.error().message);
  std::uint64_t added = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::string after = content(log_file(logs, i + 1));
    if (i + 1 < before.size()) {
      WEIR_CHECK(after == before[i], "an older file was changed");
      continue;
    }
    const std::string whole = before[i].substr(0, before[i].rfind('\n') + 1);
    WEIR_CHECK(after.starts_with(whole), "whole lines were lost");
    WEIR_CHECK((mended->torn == 1) == (whole.size() != before[i].size()));
    std::string_view more = std::string_view(after).substr(whole.size());
    for (; !more.empty(); ++added) {
      WEIR_CHECK(more.starts_with("2\t"), "something else than a withdrawal was added");
      const std::size_t end = more.find('\n');
      WEIR_CHECK(end != std::string_view::npos);
      more.remove_prefix(end + 1);
    }
  }
  WEIR_CHECK(added == mended->withdrawn);
  const auto again = mend_deduplication_logs(root(), power_cut);
  WEIR_CHECK(again && again->withdrawn == 0 && again->torn == 0 && again->set_aside == 0,
             "a second time it finds more");
  fs::remove_all(root());
}

}  // namespace
}  // namespace weir

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::run(weir::fuzz::Input(data, size));
  return 0;
}

#include "backends/store_chdb/deduplication_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace weir {
namespace {

namespace fs = std::filesystem;

/// Blocks [min, max] of a partition.
struct Part {
  std::string_view partition;
  std::uint64_t min = 0, max = 0;
};

/// PARTITION_MIN_MAX_LEVEL, or with a mutation's number behind it. Nothing for tmp_…, detached and the like.
std::optional<Part> parse_part(std::string_view name) {
  std::array<std::string_view, 5> pieces;
  std::size_t n = 0;
  for (std::string_view rest = name;; ++n) {
    if (n == pieces.size()) return std::nullopt;
    const std::size_t end = rest.find('_');
    pieces[n] = rest.substr(0, end);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (++n < 4) return std::nullopt;
  Part part{.partition = pieces[0]};
  auto number = [](std::string_view text, std::uint64_t& value) {
    return !text.empty() &&
           std::from_chars(text.data(), text.data() + text.size(), value).ptr == text.data() + text.size();
  };
  std::uint64_t level = 0;
  if (!number(pieces[1], part.min) || !number(pieces[2], part.max) || !number(pieces[3], level)) return std::nullopt;
  return part;
}

/// Which blocks a table's folder holds.
class Published {
 public:
  explicit Published(const fs::path& table) {
    for (const fs::directory_entry& entry : fs::directory_iterator(table)) {
      const std::string name = entry.path().filename();
      if (const auto part = parse_part(name)) parts_[std::string(part->partition)].emplace_back(part->min, part->max);
    }
  }
  bool holds(const Part& part) const {
    const auto found = parts_.find(part.partition);
    return found != parts_.end() && std::ranges::any_of(found->second, [&](const auto& range) {
             return range.first <= part.min && part.max <= range.second;
           });
  }

 private:
  std::map<std::string, std::vector<std::pair<std::uint64_t, std::uint64_t>>, std::less<>> parts_;
};

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (in.bad()) throw fs::filesystem_error("reading", file, std::make_error_code(std::errc::io_error));
  return text;
}

/// The files of one table, oldest first.
std::vector<fs::path> log_files(const fs::path& folder) {
  constexpr std::string_view kPrefix = "deduplication_log_";
  std::vector<std::pair<std::uint64_t, fs::path>> numbered;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    std::uint64_t number = 0;
    if (name.starts_with(kPrefix) && name.ends_with(".txt") &&
        std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), number).ec == std::errc()) {
      numbered.emplace_back(number, entry.path());
    }
  }
  std::ranges::sort(numbered);
  std::vector<fs::path> files;
  for (auto& [number, path] : numbered) files.push_back(std::move(path));
  return files;
}

void mend_table(const fs::path& logs, MendedTokens& mended) {
  const std::vector<fs::path> files = log_files(logs);
  if (files.empty()) return;
  std::vector<std::string> texts;
  for (const fs::path& file : files) texts.push_back(content(file));

  // The last word about each block; views into `texts`.
  std::unordered_map<std::string_view, std::string_view> parts;
  for (std::string_view text : texts) {
    for (std::size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
      const std::string_view line = text.substr(0, end);
      const std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
      if (second == std::string_view::npos) continue;  // the engine's to judge
      const std::string_view block = line.substr(second + 1);
      if (line[0] == '1') {
        parts[block] = line.substr(first + 1, second - first - 1);
      } else {
        parts.erase(block);
      }
    }
  }

  std::string lines;
  const Published published(logs.parent_path());
  for (const auto& [block, name] : parts) {
    const auto part = parse_part(name);
    if (!part || published.holds(*part)) continue;
    lines += fmt::format("2\t{}\t{}\n", name, block);
    ++mended.withdrawn;
  }

  const std::string& newest = texts.back();
  const std::size_t whole = newest.find_last_of('\n') + 1;  // 0 when there is no line at all
  if (whole < newest.size()) {
    fs::resize_file(files.back(), whole);
    ++mended.torn;
  }
  if (lines.empty()) return;
  std::ofstream out(files.back(), std::ios::binary | std::ios::app);
  out << lines;
  if (!out.flush())
    throw fs::filesystem_error("writing", files.back(), std::make_error_code(std::errc::no_space_on_device));
}

}  // namespace

Result<MendedTokens> mend_deduplication_logs(const std::string& data_path) {
  MendedTokens mended;
  try {
    // Tables of Atomic databases lie at store/FIRST-THREE-OF-UUID/UUID.
    const fs::path store = fs::path(data_path) / "store";
    if (!fs::exists(store)) return mended;
    for (const fs::directory_entry& shelf : fs::directory_iterator(store)) {
      if (!shelf.is_directory()) continue;
      for (const fs::directory_entry& table : fs::directory_iterator(shelf.path())) {
        if (const fs::path logs = table.path() / "deduplication_logs"; fs::is_directory(logs)) mend_table(logs, mended);
      }
    }
  } catch (const fs::filesystem_error& error) {
    const bool full = error.code() == std::errc::no_space_on_device;
    return fail(
        full ? Code::kDiskFull : Code::kUnavailable,
        fmt::format("The record of what the tables hold could not be looked through before the start: {}. Nothing was "
                    "started, as rows could get lost; mend the disk and start again.",
                    error.what()));
  }
  return mended;
}

}  // namespace weir

#include "backends/store_chdb/deduplication_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
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
  std::uint64_t min = 0, max = 0, level = 0;
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
  if (!number(pieces[1], part.min) || !number(pieces[2], part.max) || !number(pieces[3], part.level))
    return std::nullopt;
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

constexpr std::string_view kPrefix = "deduplication_log_";

/// The files of one table and their numbers, oldest first.
std::vector<std::pair<std::uint64_t, fs::path>> log_files(const fs::path& folder) {
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
  return numbered;
}

/// Moves the parts of single inserts whose number is above `last` out of the engine's sight.
void set_aside(const fs::path& table, std::uint64_t last, MendedTokens& mended) {
  std::vector<fs::path> beyond;
  for (const fs::directory_entry& entry : fs::directory_iterator(table)) {
    const std::string name = entry.path().filename();
    if (const auto part = parse_part(name); part && part->level == 0 && part->min > last)
      beyond.push_back(entry.path());
  }
  for (const fs::path& part : beyond) {
    fs::create_directories(table / "detached");
    const fs::path aside = table / "detached" / ("weir-without-token_" + part.filename().string());
    fs::remove_all(aside);
    fs::rename(part, aside);
    ++mended.set_aside;
  }
}

void mend_table(const fs::path& logs, bool after_power_cut, MendedTokens& mended) {
  const auto files = log_files(logs);
  if (files.empty()) return;
  const fs::path& newest_file = files.back().second;
  std::vector<std::string> texts;
  for (const auto& [number, file] : files) texts.push_back(content(file));

  std::uint64_t last_number = 0;
  // The last word about each block; views into `texts`.
  std::unordered_map<std::string_view, std::string_view> parts;
  for (std::string_view text : texts) {
    for (std::size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
      const std::string_view line = text.substr(0, end);
      const std::size_t first = line.find('\t'), second = line.find('\t', first + 1);
      if (second == std::string_view::npos) continue;  // the engine's to judge
      const std::string_view block = line.substr(second + 1), name = line.substr(first + 1, second - first - 1);
      if (const auto part = parse_part(name)) last_number = std::max(last_number, part->max);
      if (line[0] == '1') {
        parts[block] = name;
      } else {
        parts.erase(block);
      }
    }
  }

  if (after_power_cut && last_number > 0) set_aside(logs.parent_path(), last_number, mended);

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
    fs::resize_file(newest_file, whole);
    ++mended.torn;
  }
  if (lines.empty()) return;
  std::ofstream out(newest_file, std::ios::binary | std::ios::app);
  out << lines;
  if (!out.flush())
    throw fs::filesystem_error("writing", newest_file, std::make_error_code(std::errc::no_space_on_device));
}

}  // namespace

Result<MendedTokens> mend_deduplication_logs(const std::string& data_path, bool after_power_cut) {
  MendedTokens mended;
  try {
    // Tables of Atomic databases lie at store/FIRST-THREE-OF-UUID/UUID.
    const fs::path store = fs::path(data_path) / "store";
    if (!fs::exists(store)) return mended;
    for (const fs::directory_entry& shelf : fs::directory_iterator(store)) {
      if (!shelf.is_directory()) continue;
      for (const fs::directory_entry& table : fs::directory_iterator(shelf.path())) {
        if (const fs::path logs = table.path() / "deduplication_logs"; fs::is_directory(logs))
          mend_table(logs, after_power_cut, mended);
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

Result<bool> machine_restarted(const std::string& data_path) {
  const fs::path file = fs::path(data_path) / "boot_id";
  try {
    const std::string now = content("/proc/sys/kernel/random/boot_id"), then = fs::exists(file) ? content(file) : "";
    if (now == then) return false;
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << now;
    out.close();
    if (!out) return fail(Code::kDiskFull, "The file " + file.string() + " cannot be written; is the disk full?");
    return !then.empty();
  } catch (const fs::filesystem_error& error) {
    return fail(Code::kUnavailable, error.what());
  }
}

TokenSync::~TokenSync() {
  if (fd_ >= 0) ::close(fd_);
}

std::string TokenSync::file(std::uint64_t number) const { return fmt::format("{}/{}{}.txt", folder_, kPrefix, number); }

Status TokenSync::sync() {
  std::lock_guard lock(mutex_);
  // What was written to the file at hand before the engine went on to the next one must be durable too.
  const auto flush = [&]() -> Status {
    if (fd_ < 0 || ::fdatasync(fd_) == 0) return {};
    const int error = errno;
    return fail(error == ENOSPC ? Code::kDiskFull : Code::kUnavailable,
                fmt::format("{} could not be made durable: {}", file(number_), std::strerror(error)));
  };
  WEIR_TRY(flush());
  const std::uint64_t before = number_;
  WEIR_TRY(follow());
  return number_ == before ? Status() : flush();
}

/// Opens the engine's newest file, when that is not the open one.
Status TokenSync::follow() {
  std::uint64_t newest = number_;
  try {
    if (newest == 0) {
      if (!fs::exists(folder_)) return {};  // the table keeps no tokens
      const auto files = log_files(folder_);
      if (files.empty()) return {};
      newest = files.back().first;
    }
    while (fs::exists(file(newest + 1))) ++newest;
  } catch (const fs::filesystem_error& failed) {
    return fail(Code::kUnavailable, failed.what());
  }
  if (newest == number_) return {};
  const int fd = ::open(file(newest).c_str(), O_RDONLY | O_CLOEXEC);
  const int folder = ::open(folder_.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECTORY);
  const bool named = folder >= 0 && ::fsync(folder) == 0;
  if (folder >= 0) ::close(folder);
  if (fd < 0 || !named) {
    if (fd >= 0) ::close(fd);
    return fail(Code::kUnavailable, fmt::format("{} could not be opened: {}", file(newest), std::strerror(errno)));
  }
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
  number_ = newest;
  return {};
}

}  // namespace weir

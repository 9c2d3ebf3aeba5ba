#include "app/reject_marks.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "queries/cursor.h"

namespace weir {
namespace {

constexpr std::string_view kHeader = "weir sent rejects 1";

std::unexpected<Error> trouble(const std::string& path, int why) {
  return fail(why == ENOSPC ? Code::kDiskFull : Code::kDenied,
              fmt::format("The record of sent rejects {} cannot be read or written: {}. Correct that, or name another "
                          "file with --marks (one that knows of nothing sent: what was sent is then sent again).",
                          path, std::strerror(why)));
}

/// The next field of a record.
template <class T>
bool take(std::string_view& rest, T& value, int base = 10) {
  if (!rest.starts_with(' ')) return false;
  const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), value, base);
  if (error != std::errc()) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

}  // namespace

RejectMarks::Key RejectMarks::key(const RejectItem& item) {
  StableHash hash;
  hash.add(item.raw);
  return {item.partition.value, item.offset.value, item.received_at.value, hash.value()};
}

std::string RejectMarks::line(char kind, const Key& key) {
  return fmt::format("{} {} {} {} {:016x}\n", kind, key.partition, key.offset, key.arrival, key.hash);
}

Result<std::unique_ptr<RejectMarks>> RejectMarks::open(const std::string& path) {
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder, error);
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return trouble(path, errno);
  std::unique_ptr<RejectMarks> marks(new RejectMarks(path, file));
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    return fail(Code::kConflict,
                "Another `weir rejects replay` is at work with " + path + ". Wait until it has ended.");
  }
  WEIR_TRY(marks->load());
  return marks;
}

RejectMarks::~RejectMarks() { close(file_); }

Status RejectMarks::load() {
  std::string rest;
  std::array<char, 65'536> piece;
  std::size_t number = 0, whole = 0;  // lines, and the bytes that they have
  while (true) {
    const ssize_t n = ::read(file_, piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return trouble(path_, errno);
    if (n == 0) break;
    rest.append(piece.data(), static_cast<std::size_t>(n));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const std::string_view one = std::string_view(rest).substr(begin, end - begin);
      if (++number == 1 ? one == kHeader : apply(one)) continue;
      return fail(Code::kCorrupt, fmt::format("{}, line {}, is no record of sent rejects. Is it another file? Name the "
                                              "right one with --marks.",
                                              path_, number));
    }
    whole += begin;
    rest.erase(0, begin);
  }
  if (number == 0) {
    // A first line that broke off is no reason to take somebody's file for ours.
    if (!kHeader.starts_with(rest)) {
      return fail(Code::kCorrupt, path_ + " is no record of sent rejects. Name another file with --marks.");
    }
    pending_ = std::string(kHeader) + "\n";
    // The name of a new file is durable when its folder is.
    const std::string folder = std::filesystem::path(path_).parent_path().string();
    if (const int opened = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        opened >= 0) {
      fsync(opened);
      close(opened);
    }
  }
  if (!rest.empty() && ftruncate(file_, static_cast<off_t>(whole)) != 0) return trouble(path_, errno);
  current_.clear();
  return sync();
}

bool RejectMarks::apply(std::string_view line) {
  if (line.empty()) return false;
  const char kind = line.front();
  line.remove_prefix(1);
  if (kind == 'b') {
    current_.clear();
    return take(line, begun_.value) && line.empty();
  }
  if (kind == 'd') {
    for (const Key& key : current_) marks_[key].sent = true;
    current_.clear();
    return line.empty();
  }
  Key key;
  if (!take(line, key.partition) || !take(line, key.offset) || !take(line, key.arrival) || !take(line, key.hash, 16) ||
      !line.empty()) {
    return false;
  }
  switch (kind) {
    case 'r':
      marks_[key] = {.sent = false, .begun = begun_};
      current_.push_back(key);
      return true;
    case 's': marks_[key].sent = true; return true;
    case 'n': marks_.erase(key); return true;
    default: return false;
  }
}

RejectMarks::State RejectMarks::state(const RejectItem& item) const {
  const auto found = marks_.find(key(item));
  if (found == marks_.end()) return State::kUnsent;
  return found->second.sent ? State::kSent : State::kInDoubt;
}

std::optional<UnixMillis> RejectMarks::begun(const RejectItem& item) const {
  const auto found = marks_.find(key(item));
  if (found == marks_.end() || found->second.sent) return std::nullopt;
  return found->second.begun;
}

Status RejectMarks::begin(std::span<const RejectItem> items, UnixMillis server_time) {
  begun_ = server_time;
  current_.clear();
  pending_ += fmt::format("b {}\n", server_time.value);
  for (const RejectItem& item : items) {
    current_.push_back(key(item));
    marks_[current_.back()] = {.sent = false, .begun = begun_};
    pending_ += line('r', current_.back());
  }
  return sync();
}

Status RejectMarks::done() {
  for (const Key& key : current_) marks_[key].sent = true;
  current_.clear();
  pending_ += "d\n";
  return sync();
}

void RejectMarks::settle(const RejectItem& item, bool sent) {
  const Key k = key(item);
  if (sent) {
    marks_[k].sent = true;
  } else {
    marks_.erase(k);
  }
  pending_ += line(sent ? 's' : 'n', k);
}

Status RejectMarks::sync() {
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const ssize_t n = ::write(file_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return trouble(path_, errno);
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  if (!pending_.empty() && fdatasync(file_) != 0) return trouble(path_, errno);
  pending_.clear();
  return {};
}

}  // namespace weir

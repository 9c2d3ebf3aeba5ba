// A file, line by line, in bounded memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace weir {

/// Longer lines are cut: no log that Weir reads writes one, and an event is at most 64 KiB.
inline constexpr std::size_t kMaxLineBytes = std::size_t{1} << 20U;

/// Reads a regular file once from its beginning. Not thread-safe.
class LineReader {
 public:
  struct Line {
    std::string_view text;  // without LF or CR LF; until the next call
    bool too_long = false;  // then `text` is its first kMaxLineBytes
  };

  /// kNotFound, kDenied or kInvalid (a folder, a pipe) with words that name the file.
  static Result<LineReader> open(const std::filesystem::path& path);
  LineReader(LineReader&& other) noexcept;
  LineReader& operator=(LineReader&&) = delete;
  ~LineReader();

  /// The next line of the first `size()` bytes; nothing at their end. What is behind the last LF is a line when it is not
  /// empty. kUnavailable when the file cannot be read or has become shorter than it was when it was opened.
  Result<std::optional<Line>> next();

  /// Bytes that the file had when it was opened: what is appended later is not read.
  std::uint64_t size() const { return size_; }
  /// Reads no further than this. REQUIRES: bytes ≤ size(), nothing read yet.
  void limit(std::uint64_t bytes) { size_ = bytes; }
  /// Begins again; size() stays. kUnavailable when the file does not let it.
  Status rewind();
  /// Bytes behind which the last line ended.
  std::uint64_t position() const { return position_; }

 private:
  LineReader(int fd, std::uint64_t size, std::filesystem::path path) : path_(std::move(path)), fd_(fd), size_(size) {}
  Status fill();

  std::filesystem::path path_;
  int fd_ = -1;
  std::uint64_t size_ = 0;      // to be read
  std::uint64_t read_ = 0;      // read so far
  std::uint64_t position_ = 0;  // handed out so far
  std::string buffer_;          // bytes read and not handed out stand at [begin_, end_)
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace weir

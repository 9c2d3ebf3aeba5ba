#include "formats/line_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace weir {
namespace {

constexpr std::size_t kChunk = std::size_t{256} << 10U;

std::string system_message(int error) { return std::error_code(error, std::generic_category()).message(); }

}  // namespace

Result<LineReader> LineReader::open(const std::filesystem::path& path) {
  const int fd =
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);  // a pipe nobody writes must not hang here
  if (fd < 0) {
    const int error = errno;
    const Code code = error == ENOENT || error == ENOTDIR ? Code::kNotFound
                      : error == EACCES || error == EPERM ? Code::kDenied
                                                          : Code::kUnavailable;
    return fail(code, "Cannot open " + path.string() + ": " + system_message(error));
  }
  LineReader reader(fd, 0, path);
  struct stat about{};
  if (::fstat(fd, &about) != 0)
    return fail(Code::kUnavailable, "Cannot look at " + path.string() + ": " + system_message(errno));
  if (S_ISDIR(about.st_mode)) return fail(Code::kInvalid, path.string() + " is a folder. Name the files in it.");
  if (!S_ISREG(about.st_mode)) {
    return fail(Code::kInvalid,
                path.string() + " is no regular file, and it has to be read twice. Write it to a file first.");
  }
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  reader.size_ = static_cast<std::uint64_t>(about.st_size);
  return reader;
}

LineReader::LineReader(LineReader&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      read_(other.read_),
      position_(other.position_),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_),
      end_(other.end_) {}

LineReader::~LineReader() {
  if (fd_ >= 0) ::close(fd_);
}

Status LineReader::rewind() {
  if (::lseek(fd_, 0, SEEK_SET) != 0)
    return fail(Code::kUnavailable, "Cannot read " + path_.string() + " again: " + system_message(errno));
  read_ = position_ = 0;
  begin_ = end_ = 0;
  return {};
}

/// Reads at least one byte behind end_, after moving what is left to the front. REQUIRES: read_ < size_.
Status LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < kChunk) buffer_.resize(end_ + kChunk);
  const std::size_t want = static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size() - end_, size_ - read_));
  ssize_t n = 0;
  do {
    n = ::read(fd_, buffer_.data() + end_, want);
  } while (n < 0 && errno == EINTR);
  if (n < 0) return fail(Code::kUnavailable, "Cannot read " + path_.string() + ": " + system_message(errno));
  if (n == 0) {
    return fail(Code::kUnavailable, path_.string() + " has become shorter while it was read: " + std::to_string(read_) +
                                        " of " + std::to_string(size_) +
                                        " bytes are there. Start again when nobody changes it.");
  }
  end_ += static_cast<std::size_t>(n);
  read_ += static_cast<std::uint64_t>(n);
  return {};
}

Result<std::optional<LineReader::Line>> LineReader::next() {
  bool too_long = false;
  std::size_t seen = 0;  // bytes from begin_ on that hold no LF
  while (true) {
    const char* from = buffer_.data() + begin_;
    const auto* lf = static_cast<const char*>(std::memchr(from + seen, '\n', end_ - begin_ - seen));
    const bool last = lf == nullptr && read_ == size_;
    if (lf != nullptr || last) {
      std::size_t length = lf != nullptr ? static_cast<std::size_t>(lf - from) : end_ - begin_;
      if (last && length == 0) {
        position_ = size_;
        return std::optional<Line>();
      }
      const std::size_t taken = length + (lf != nullptr ? 1 : 0);
      begin_ += taken;
      position_ += taken;
      if (length > kMaxLineBytes) {
        too_long = true;
        length = kMaxLineBytes;
      } else if (length > 0 && from[length - 1] == '\r') {
        --length;
      }
      return Line{std::string_view(from, length), too_long};
    }
    if (end_ - begin_ > kMaxLineBytes + kChunk) {
      // Keep its first bytes, forget the rest as it comes.
      const std::size_t keep = kMaxLineBytes + 1;
      position_ += end_ - begin_ - keep;
      end_ = begin_ + keep;
    }
    seen = end_ - begin_;
    WEIR_TRY(fill());
  }
}

}  // namespace weir

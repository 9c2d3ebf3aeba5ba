#include "app/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace weir {

Result<std::unique_ptr<DataDir>> DataDir::hold(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return fail(Code::kDenied, "The data directory " + path + " cannot be made: " + error.message() +
                                   ". Name another one with --data-dir.");
  }
  const std::string absolute = std::filesystem::absolute(path, error).string();
  const std::string file = absolute + "/weir.lock";
  const int lock = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) {
    const int why = errno;
    return fail(why == ENOSPC ? Code::kDiskFull : Code::kDenied,
                "The data directory " + absolute + " cannot be written: " + std::strerror(why) +
                    ". Give this user the right to write there, or name another one with --data-dir.");
  }
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> text{};
    const ssize_t n = pread(lock, text.data(), text.size() - 1, 0);
    const std::string holder = n > 0 ? std::string(text.data(), static_cast<std::size_t>(n)) : "unknown";
    close(lock);
    return fail(Code::kConflict, "The data directory " + absolute + " is held by process " +
                                     holder.substr(0, holder.find('\n')) +
                                     ". Stop that one first, or name another directory with --data-dir.");
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  if (ftruncate(lock, 0) != 0 || pwrite(lock, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    const int why = errno;
    close(lock);
    return fail(why == ENOSPC ? Code::kDiskFull : Code::kDenied,
                "The data directory " + absolute + " cannot be written: " + std::strerror(why) +
                    ". Free space there, or name another one with --data-dir.");
  }
  return std::unique_ptr<DataDir>(new DataDir(absolute, lock));
}

DataDir::~DataDir() { close(lock_); }

}  // namespace weir

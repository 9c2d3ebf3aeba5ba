// The data directory belongs to one process at a time.
#pragma once

#include <memory>
#include <string>

#include "base/status.h"

namespace weir {

/// Holds a data directory for as long as it lives.
class DataDir {
 public:
  /// Makes the directory when it is not there.
  ///   kConflict: another process holds it; the message says which.  kDenied, kDiskFull: it cannot be made or written.
  static Result<std::unique_ptr<DataDir>> hold(const std::string& path);
  ~DataDir();
  DataDir(const DataDir&) = delete;

  const std::string& path() const { return path_; }  // absolute
  std::string log() const { return path_ + "/log"; }
  std::string store() const { return path_ + "/store"; }

 private:
  DataDir(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  const std::string path_;
  const int lock_;  // of weir.lock, which also holds our process id
};

}  // namespace weir

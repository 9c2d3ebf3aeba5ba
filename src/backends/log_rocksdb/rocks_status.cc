#include "backends/log_rocksdb/rocks_status.h"

#include <fmt/format.h>

#include <string>

namespace weir::rocks {

Error error_of(const rocksdb::Status& status, std::string_view doing) {
  const std::string text = status.ToString();
  const auto make = [&](Code code, std::string_view advice) {
    return Error{code, fmt::format("{}: {}{}", doing, text, advice)};
  };
  if (status.IsNoSpace()) return make(Code::kDiskFull, "; free space on the disk of the data directory");
  if (status.IsCorruption()) {
    return make(Code::kCorrupt, "; the files are not what was written: restore the data directory from a copy");
  }
  if (status.IsShutdownInProgress()) return make(Code::kCancelled, "");
  if (text.find("Permission denied") != std::string::npos || text.find("Read-only file system") != std::string::npos) {
    return make(Code::kDenied, "; let this user write there");
  }
  if (text.find("lock") != std::string::npos && (status.IsIOError() || status.IsBusy())) {
    return make(Code::kConflict, "; another process has the log open: end it, or use another data directory");
  }
  if (status.IsIOError() || status.IsBusy() || status.IsTryAgain() || status.IsTimedOut() || status.IsIncomplete()) {
    return make(Code::kUnavailable, "");
  }
  return make(Code::kInternal, "");
}

Status status_of(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return {};
  return std::unexpected(error_of(status, doing));
}

}  // namespace weir::rocks

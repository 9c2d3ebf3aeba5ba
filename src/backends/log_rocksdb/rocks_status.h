// RocksDB's words for texts and failures, in ours.
#pragma once

#include <rocksdb/slice.h>
#include <rocksdb/status.h>

#include <string_view>

#include "base/status.h"

namespace weir::rocks {

inline rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
inline std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

/// A failure, with what was being done in front and advice behind. REQUIRES: not ok.
///   kDiskFull, kUnavailable: try again later.  kDenied, kConflict: somebody must act.  kCorrupt: restore a copy.
///   kCancelled: the database is closing.  kInternal: nobody expected that.
Error error_of(const rocksdb::Status& status, std::string_view doing);

/// As error_of(), or well.
Status status_of(const rocksdb::Status& status, std::string_view doing);

}  // namespace weir::rocks

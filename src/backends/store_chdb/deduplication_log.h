// Mends the engine's own record of deduplication tokens after a crash.
//
// A MergeTree table writes down that it has a block of rows under a token *before* it publishes the part that holds them
// (StorageMergeTree: the record in deduplication_logs/ first, then the rename of tmp_insert_…). A process that is killed between
// the two leaves a token without rows: the same insert, done again after the restart, is taken for a repetition, and the rows
// are lost without a word. Which parts are there is plain to see in the table's folder as long as no engine is running.
//
// After a power cut the reverse can be found as well: a part that reached the disk, whose token did not. Tokens are therefore made
// durable after each insert (TokenSync), before anybody relies on it; what a table's folder holds beyond its last token is then a part of
// an insert that nobody has relied on, and that will be done again.
//
// Layout, as of ClickHouse 26.7: TABLE/deduplication_logs/deduplication_log_N.txt, newest N last; a line is
// OPERATION \t PART \t BLOCK, where OPERATION is 1 (has) or 2 (has no more) and PART is PARTITION_MIN_MAX_LEVEL. A folder
// of the table named like that holds the blocks MIN to MAX of the partition.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "base/status.h"

namespace weir {

struct MendedTokens {
  std::uint64_t withdrawn = 0;  // tokens whose rows were never published
  std::uint64_t torn = 0;       // half lines at the end of a file
  std::uint64_t set_aside = 0;  // parts beyond the last token
};

/// Withdraws, in every table below `data_path`, the tokens whose part is not there, in the words of the engine itself (a line with
/// operation 2), and cuts off half a line at the end of the newest file. After a power cut it also moves parts of a single insert that
/// lie beyond the last token to the table's `detached/`. A second call finds nothing. kUnavailable or
/// kDiskFull: a file could not be read or written; the engine must then not be started, as rows could get lost.
/// REQUIRES: no engine has the path open.
Result<MendedTokens> mend_deduplication_logs(const std::string& data_path, bool after_power_cut);

/// Whether the machine was started anew since the last call for this folder (by the kernel's boot_id, which a file in the folder keeps).
/// False for a folder that has none yet.
Result<bool> machine_restarted(const std::string& data_path);

/// Makes the tokens of one table durable. Thread-safe.
class TokenSync {
 public:
  /// `table`: its folder.
  explicit TokenSync(std::string table) : folder_(std::move(table) + "/deduplication_logs") {}
  ~TokenSync();
  TokenSync(const TokenSync&) = delete;

  /// Every token that the engine had written when it was called survives a power cut when it returns. kUnavailable or kDiskFull: not sure;
  /// nobody may rely on the insert yet, call again.
  Status sync();

 private:
  std::string file(std::uint64_t number) const;
  Status follow();

  const std::string folder_;
  std::mutex mutex_;
  // guarded by mutex_
  std::uint64_t number_ = 0;  // of the open file
  int fd_ = -1;
};

}  // namespace weir

// Mends the engine's own record of deduplication tokens after a crash.
//
// A MergeTree table writes down that it has a block of rows under a token *before* it publishes the part that holds them
// (StorageMergeTree: the record in deduplication_logs/ first, then the rename of tmp_insert_…). A process that is killed between
// the two leaves a token without rows: the same insert, done again after the restart, is taken for a repetition, and the rows
// are lost without a word. Which parts are there is plain to see in the table's folder as long as no engine is running.
//
// Layout, as of ClickHouse 26.7: TABLE/deduplication_logs/deduplication_log_N.txt, newest N last; a line is
// OPERATION \t PART \t BLOCK, where OPERATION is 1 (has) or 2 (has no more) and PART is PARTITION_MIN_MAX_LEVEL. A folder
// of the table named like that holds the blocks MIN to MAX of the partition.
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace weir {

struct MendedTokens {
  std::uint64_t withdrawn = 0;  // tokens whose rows were never published
  std::uint64_t torn = 0;       // half lines at the end of a file
};

/// Withdraws, in every table below `data_path`, the tokens whose part is not there, in the words of the engine itself (a line with
/// operation 2), and cuts off half a line at the end of the newest file. A second call finds nothing. kUnavailable or
/// kDiskFull: a file could not be read or written; the engine must then not be started, as rows could get lost.
/// REQUIRES: no engine has the path open.
Result<MendedTokens> mend_deduplication_logs(const std::string& data_path);

}  // namespace weir

// Admitted and rejected events as columns of the tables `events` and `rejects` (sql/0001_tables.sql).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "event/decoder.h"
#include "event/reject.h"
#include "ports/store.h"
#include "stages/native_block.h"
#include "stages/vocabulary.h"

namespace weir {

/// Keeps its buffers between batches. Not thread-safe.
class EventEncoder {
 public:
  /// `words` gave the numbers that add() gets: the columns of texts that repeat are sent with a dictionary ready made, so that
  /// the engine need not look up each row's text itself. It must outlive the encoder, and is cleared only after finish().
  explicit EventEncoder(const Vocabulary& words);
  void add(const EventView& event, const Vocabulary::Numbers& numbers, PartitionId partition, Offset offset);
  std::size_t rows() const { return rows_; }
  /// Appends a Native block of the rows so far to `out` and begins anew. Nothing when there are none.
  void finish(std::string& out);
  /// The INSERT's list of columns.
  const std::string& columns() const { return names_; }

 private:
  const Vocabulary& words_;
  std::vector<native::Column> columns_;
  std::array<std::vector<std::uint32_t>, kWords> numbers_;  // of the rows
  std::string names_;
  std::size_t rows_ = 0;
};

/// As EventEncoder, for rejects.
class RejectEncoder {
 public:
  RejectEncoder();
  /// Keeps the first 64 KiB of `raw`.
  void add(const Reject& reject, std::string_view raw, UnixMillis received_at, PartitionId partition, Offset offset);
  std::size_t rows() const { return rows_; }
  void finish(std::string& out);
  const std::string& columns() const { return names_; }

 private:
  std::array<native::Column, 10> columns_;
  std::string names_;
  std::size_t rows_ = 0;
};

}  // namespace weir

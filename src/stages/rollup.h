// Counts a batch into the rows of the table `rollups`: by second, minute and hour, in total and by dimension.
//
// The worker makes these rows, not materialised views: a view costs core time on every row (KPIs by second, minute and hour and
// low-cardinality dimensions: 2 µs a row, as much as the row itself), this one pass a tenth of that. See docs/decisions.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/types.h"
#include "event/decoder.h"
#include "stages/vocabulary.h"

namespace weir {

/// Counts by second what one partition's share of a batch holds. Not thread-safe.
class RollupBuilder {
 public:
  /// `words` gave the numbers that add() gets. It must outlive the builder, and is cleared only after finish().
  explicit RollupBuilder(const Vocabulary& words);
  ~RollupBuilder();
  RollupBuilder(RollupBuilder&&) noexcept;

  void add(const EventView& event, const Vocabulary::Numbers& numbers);
  void add_duplicate(UnixMillis arrival);
  void add_reject(UnixMillis arrival);

  /// Appends one Native block with what all of `builders` have counted to `out`, as if one had, and says how many rows it
  /// has; none, and nothing is appended, when they have counted nothing. They begin anew.
  static std::size_t finish(std::span<RollupBuilder* const> builders, std::string& out);

  /// The INSERT's list of columns.
  static const std::string& columns();

  /// Keys of one dimension in one batch; further ones count as kOtherKey.
  static constexpr std::size_t kMaxKeys = 2000;
  static constexpr std::string_view kOtherKey = "(other)";

 private:
  struct Impl;
  class Joined;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir

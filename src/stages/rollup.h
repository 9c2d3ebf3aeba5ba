// Counts a batch into the rows of the table `rollups`: by second, minute and hour, in total and by dimension.
//
// The worker makes these rows, not materialised views: a view costs core time on every row (KPIs by second, minute and hour and
// low-cardinality dimensions: 2 µs a row, as much as the row itself), this one pass a tenth of that. See docs/decisions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/types.h"
#include "event/decoder.h"

namespace weir {

/// Not thread-safe. Feed events, then finish(); or merge() several builders first.
class RollupBuilder {
 public:
  RollupBuilder();
  ~RollupBuilder();
  RollupBuilder(RollupBuilder&&) noexcept;
  RollupBuilder& operator=(RollupBuilder&&) noexcept;

  void add(const EventView& event);
  void add_duplicate(UnixMillis arrival);
  void add_reject(UnixMillis arrival);

  /// Takes over what `other` has counted; `other` is empty afterwards.
  void merge(RollupBuilder& other);

  /// Appends one Native block of all rows to `out`, says how many, and begins anew.
  std::size_t finish(std::string& out);

  /// The INSERT's list of columns.
  static const std::string& columns();

  /// Keys of one dimension in one batch; further ones count as kOtherKey.
  static constexpr std::size_t kMaxKeys = 2000;
  static constexpr std::string_view kOtherKey = "(other)";

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir

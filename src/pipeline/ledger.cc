#include "pipeline/ledger.h"

#include <algorithm>
#include <charconv>

#include "base/fail_point.h"
#include "event/decoder.h"

namespace weir {
namespace {

// StateStore keys: how many events retention has removed, and what it is removing just now ("DAY ROWS").
constexpr std::string_view kExpired = "retention.expired";
constexpr std::string_view kRemoving = "retention.removing";
constexpr std::string_view kRemovedThrough = "retention.removed_through";

constexpr std::chrono::seconds kPatience{5};

std::uint64_t number(std::string_view text) {
  std::uint64_t n = 0;
  std::from_chars(text.data(), text.data() + text.size(), n);
  return n;
}

}  // namespace

Result<std::uint64_t> Bookkeeper::expired() {
  WEIR_TRY_ASSIGN(const auto text, state_.get(kExpired));
  return text ? number(*text) : 0;
}

Status Bookkeeper::finish(std::string_view note) {
  const std::size_t space = note.find(' ');
  if (space == std::string_view::npos)
    return fail(Code::kCorrupt, "retention's note of what it was removing is damaged");
  WEIR_TRY(fail_point("retention.noted"));
  WEIR_TRY(store_.drop_partition(std::string(note.substr(0, space))));
  WEIR_TRY(fail_point("retention.dropped"));
  WEIR_TRY_ASSIGN(const std::uint64_t before, expired());
  WEIR_TRY_ASSIGN(const std::string removed, removed_through());
  return state_.put({{std::string(kExpired), std::to_string(before + number(note.substr(space + 1)))},
                     {std::string(kRemovedThrough), std::max(removed, std::string(note.substr(0, space)))},
                     {std::string(kRemoving), ""}});
}

Result<std::string> Bookkeeper::removed_through() {
  WEIR_TRY_ASSIGN(const auto day, state_.get(kRemovedThrough));
  return day.value_or("");
}

Status Bookkeeper::alone(const std::function<Status()>& step) {
  std::lock_guard one_at_a_time(counting_);
  const CommitGate::Look look(gate_, kPatience);
  if (!look.holds()) return fail(Code::kUnavailable, "the worker is in the middle of a batch and does not finish it");
  return step();
}

Status Bookkeeper::recover() {
  WEIR_TRY_ASSIGN(const auto note, state_.get(kRemoving));
  return note ? finish(*note) : Status();
}

Result<Ledger> Bookkeeper::ledger() {
  std::lock_guard one_at_a_time(counting_);
  const CommitGate::Look look(gate_, kPatience);
  if (!look.holds())
    return fail(Code::kUnavailable,
                "the worker is in the middle of a batch and does not finish it; see /api/v1/health");
  Ledger l;
  WEIR_TRY_ASSIGN(const ProgressState progress, progress_.load());
  for (std::uint32_t p = 0; p < partitions_; ++p) {
    WEIR_TRY_ASSIGN(const Offset end, log_.end(PartitionId(p)));
    l.received += end.value;
  }
  WEIR_TRY_ASSIGN(const TableCounts counts, store_.counts());
  WEIR_TRY_ASSIGN(l.expired, expired());
  l.admitted = progress.tally.admitted;
  l.duplicate = progress.tally.duplicate;
  l.rejected = progress.tally.rejected;
  l.in_flight = l.received - progress.tally.total();
  l.stored = counts.stored;
  l.rolled_up = counts.rolled_up;
  std::uint64_t positions = 0;
  for (const Offset offset : progress.positions) positions += offset.value;
  if (positions != progress.tally.total()) {
    return fail(Code::kCorrupt,
                "the positions in the log and the tally of events differ: the books of the data directory are damaged");
  }
  return l;
}

Result<std::uint64_t> Bookkeeper::expire(UnixMillis before) {
  if (before.value <= 0) return 0;  // nothing is that old, and such a moment has no name among the days
  const std::string text = format_rfc3339(before);
  const std::string first_kept = text.substr(0, 4) + text.substr(5, 2) + text.substr(8, 2);
  WEIR_TRY_ASSIGN(const auto days, store_.partitions());
  std::uint64_t removed = 0;
  for (const StorePartition& day : days) {
    if (day.id >= first_kept) continue;
    // No batch may add to the day between counting and removing, and nobody may count when only one of the two is done.
    std::lock_guard one_at_a_time(counting_);
    const CommitGate::Look look(gate_, kPatience);
    if (!look.holds()) return fail(Code::kUnavailable, "the worker is in the middle of a batch; retention waits");
    WEIR_TRY_ASSIGN(const auto now, store_.partitions());
    const auto found = std::ranges::find(now, day.id, &StorePartition::id);
    if (found == now.end()) continue;
    const std::string note = day.id + " " + std::to_string(found->rows);
    WEIR_TRY(state_.put({{std::string(kRemoving), note}}));
    WEIR_TRY(finish(note));
    removed += found->rows;
  }
  return removed;
}

}  // namespace weir

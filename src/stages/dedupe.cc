#include "stages/dedupe.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "base/check.h"

namespace weir {
namespace {

constexpr std::int64_t kEpoch2020 = 1'577'836'800'000;

std::uint64_t stamp(UnixMillis arrival) {
  // At least 1, as a slot of zeros is a free one; a clock before 2020 only makes everything equally old.
  return static_cast<std::uint64_t>(std::max<std::int64_t>(arrival.value - kEpoch2020, 1));
}

}  // namespace

Deduplicator::Deduplicator(Options options) : options_(options), slots_(1024), window_(options.window_millis) {
  static_assert(std::is_trivially_copyable_v<Slot> && sizeof(Slot) == 16);
}

bool Deduplicator::first(IdentityHash identity, UnixMillis arrival) {
  const std::uint64_t now = stamp(arrival) & kArrivalMask;
  const Slot wanted{identity.low, (identity.high & ~kArrivalMask) | now};
  if (!insert(wanted)) return false;
  delta_.push_back(wanted);
  return true;
}

bool Deduplicator::insert(Slot wanted) {
  if (used_ + 1 > slots_.size() / 4 * 3) rebuild(arrival_of(wanted));
  const std::uint64_t now = arrival_of(wanted);
  for (std::size_t i = home(wanted, slots_.size());; i = i + 1 == slots_.size() ? 0 : i + 1) {
    Slot& slot = slots_[i];
    if (slot.high_and_arrival == 0) {
      slot = wanted;
      ++used_;
      return true;
    }
    if (slot.low == wanted.low && ((slot.high_and_arrival ^ wanted.high_and_arrival) & ~kArrivalMask) == 0) {
      if (now <= arrival_of(slot) + static_cast<std::uint64_t>(window_)) return false;
      slot = wanted;  // seen, but longer ago than the window
      return true;
    }
  }
}

void Deduplicator::rebuild(std::uint64_t newest) {
  const std::uint64_t window = static_cast<std::uint64_t>(options_.window_millis);
  std::uint64_t oldest_kept = newest > window ? newest - window : 0;
  auto live = [&] {
    return static_cast<std::size_t>(std::ranges::count_if(
        slots_, [&](const Slot& s) { return s.high_and_arrival != 0 && arrival_of(s) >= oldest_kept; }));
  };
  std::size_t kept = live();
  std::size_t capacity = slots_.size();
  const std::size_t most = std::max<std::size_t>(options_.max_bytes / sizeof(Slot), 1024);
  while (kept > capacity / 2 && capacity < most) capacity = std::min(capacity * 2, most);
  window_ = options_.window_millis;
  if (kept > capacity / 20 * 13) {
    // The bound is reached: keep the newest half of the table's room.
    std::vector<std::uint64_t> arrivals;
    arrivals.reserve(kept);
    for (const Slot& s : slots_) {
      if (s.high_and_arrival != 0 && arrival_of(s) >= oldest_kept) arrivals.push_back(arrival_of(s));
    }
    const auto cut = arrivals.end() - static_cast<std::ptrdiff_t>(capacity / 2);
    std::ranges::nth_element(arrivals, cut);
    oldest_kept = *cut + 1;
    window_ = static_cast<std::int64_t>(newest >= oldest_kept ? newest - oldest_kept : 0);
  }
  std::vector<Slot> old(capacity);
  old.swap(slots_);
  used_ = 0;
  for (const Slot& s : old) {
    if (s.high_and_arrival == 0 || arrival_of(s) < oldest_kept) continue;
    std::size_t i = home(s, capacity);
    while (slots_[i].high_and_arrival != 0) i = i + 1 == capacity ? 0 : i + 1;
    slots_[i] = s;
    ++used_;
  }
  WEIR_CHECK(used_ + 1 <= slots_.size() / 4 * 3, "{} of {}", used_, slots_.size());
}

void Deduplicator::set_window(std::int64_t millis) {
  // A window that the memory bound has shortened stays short: what is beyond it is forgotten.
  window_ = window_ == options_.window_millis ? millis : std::min(window_, millis);
  options_.window_millis = millis;
}

std::string Deduplicator::take_delta() {
  std::string out(reinterpret_cast<const char*>(delta_.data()), delta_.size() * sizeof(Slot));
  delta_.clear();
  return out;
}

bool Deduplicator::restore(std::string_view delta, UnixMillis now) {
  if (delta.size() % sizeof(Slot) != 0) return false;
  const std::uint64_t today = stamp(now) & kArrivalMask;
  const std::uint64_t window = static_cast<std::uint64_t>(options_.window_millis);
  for (std::size_t i = 0; i < delta.size(); i += sizeof(Slot)) {
    Slot slot;
    std::memcpy(&slot, delta.data() + i, sizeof(Slot));
    if (arrival_of(slot) + window >= today && slot.high_and_arrival != 0) insert(slot);
  }
  return true;
}

}  // namespace weir

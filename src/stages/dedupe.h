// Remembers identities for a window of arrival time: exact within the window, bounded in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/types.h"
#include "event/decoder.h"

namespace weir {

/// One partition's memory of identities. Not thread-safe.
///
/// A hash set with open addressing and linear probing; 16 bytes an entry: 64 bits of the identity's hash, then 24 more, then
/// the arrival in milliseconds (40 bits, since 2020). 88 bits among 10 million identities: a wrong "duplicate" once in 3·10^19 events.
/// Expired entries are dropped when the table is rebuilt, which happens when it is three quarters full; it grows when more
/// than half of it is still in the window, up to the limit. A table at its limit that is two thirds full of identities in the window
/// drops the oldest, and window_millis() says how far back the memory then reaches. 100 MB hold 4.2 million identities whole.
class Deduplicator {
 public:
  struct Options {
    std::int64_t window_millis = 10 * 60 * 1000;
    std::size_t max_bytes = 100 << 20;
  };
  explicit Deduplicator(Options options);

  /// True: not seen within the window before `arrival`; remembered from now on. False: a duplicate.
  bool first(IdentityHash identity, UnixMillis arrival);

  /// Begins to fetch the place where first() will look, which is mostly in no cache. Changes nothing.
  void prefetch(const IdentityHash& identity) const {
    __builtin_prefetch(&slots_[home({identity.low, 0}, slots_.size())], 1);
  }

  std::size_t size() const { return used_; }
  std::size_t bytes() const { return slots_.size() * sizeof(Slot); }
  /// The window in force: as configured, or shorter when the memory bound made it so.
  std::int64_t window_millis() const { return window_; }

  /// Changes the window as configured. A longer one reaches back only as far as identities were kept.
  void set_window(std::int64_t millis);

  /// What first() has remembered since the last call, in a form for restore(): 16 bytes an identity, little endian, the slot
  /// as above.
  std::string take_delta();
  /// Takes up what an earlier process remembered. False: the bytes are damaged (not a multiple of 16).
  bool restore(std::string_view delta, UnixMillis now);

 private:
  struct Slot {
    std::uint64_t low = 0;
    std::uint64_t high_and_arrival = 0;  // 0: free
  };
  static constexpr std::uint64_t kArrivalMask = (1ULL << 40) - 1;

  static std::uint64_t arrival_of(const Slot& s) { return s.high_and_arrival & kArrivalMask; }
  /// Where a slot is looked for first: the hash scaled to the capacity, which then needs not be a power of two (Lemire, "A
  /// Fast Alternative to the Modulo Reduction", 2016).
  static std::size_t home(const Slot& s, std::size_t capacity) {
    return static_cast<std::size_t>(static_cast<unsigned __int128>(s.low) * capacity >> 64);
  }
  bool insert(Slot slot);
  void rebuild(std::uint64_t newest);

  Options options_;
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
  std::int64_t window_;
  std::vector<Slot> delta_;
};

}  // namespace weir

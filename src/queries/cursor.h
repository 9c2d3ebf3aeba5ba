// Where a list goes on: an opaque text that a client hands back.
//
// Bytes, before base64url without padding (RFC 4648, section 5); integers little-endian:
//   version u8 = 1 | flags u8 (bit 0: from is bound, bit 1: to is bound) | filters u64 | from i64 | to i64 | time i64 |
//   partition u32 | offset u64 | check u32
// 50 bytes, 67 characters. `filters` is a hash of the list's name and filters as they were given, so that a cursor of another
// list is noticed. from and to are points in time, not `now-1h`: a list keeps its bounds from page to page. `check` is a
// hash of what stands before it: text that somebody made up is refused, not read as a place.
// Rejected: an offset into the list (rows that arrive would shift it), and places kept on the server (they would have to be bounded
// and expire).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"
#include "queries/time_range.h"

namespace weir {

/// The last item that was given, in a list that is newest first: (time, partition, offset) goes down.
struct CursorPlace {
  UnixMillis time;
  PartitionId partition;
  Offset offset;
  bool operator==(const CursorPlace&) const = default;
};

struct Cursor {
  std::uint64_t filters = 0;
  TimeBounds bounds;
  CursorPlace place;

  std::string encode() const;
  /// Nothing when `text` was not made by encode().
  static std::optional<Cursor> decode(std::string_view text);
};

/// FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv/): stable over versions and machines; no secret, no security.
class StableHash {
 public:
  /// Adds a text and its length, so that neighbouring texts cannot be mistaken for each other.
  void add(std::string_view text);
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

}  // namespace weir

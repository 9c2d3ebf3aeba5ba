// Texts that repeat, as small numbers: the dictionary of a LowCardinality column and the keys of a rollup's dimension.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// Numbers texts in the order in which they first come; 0 is the empty text, always. A hash table with open addressing
/// over texts that lie back to back, each behind its length as in ClickHouse's Native format. Keeps its memory when cleared.
/// Not thread-safe; views live until the next number() or clear().
class Dictionary {
 public:
  Dictionary();

  std::uint32_t number(std::string_view text) {
    if (text.empty()) return 0;
    return look_up(text);
  }
  /// REQUIRES: number < size().
  std::string_view text(std::uint32_t number) const {
    const Entry& e = entries_[number];
    return {bytes_.data() + e.begin, e.size};
  }
  std::size_t size() const { return entries_.size(); }
  /// All texts in order of their numbers, as the values of a String column in the Native format.
  std::string_view native() const { return bytes_; }
  void clear();

 private:
  struct Entry {
    std::size_t begin;
    std::uint32_t size, slot;
  };
  struct Slot {
    std::uint32_t tag = 0;     // other bits of the hash than those that led here
    std::uint32_t number = 0;  // 0: free
  };
  std::uint32_t look_up(std::string_view text);
  std::uint32_t add(std::string_view text, std::uint64_t hash, std::size_t slot);
  void grow();

  std::vector<Slot> slots_;  // a power of two of them
  std::vector<Entry> entries_;
  std::string bytes_;
};

}  // namespace weir

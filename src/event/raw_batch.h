// Events as they came: bytes of each, back to back.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace weir {

/// Raw events in one buffer. What each holds is anybody's guess: JSON or not, any bytes, possibly larger than allowed.
/// Not thread-safe. Views live until the batch changes.
class RawBatch {
 public:
  void add(std::string_view event) {
    bytes_.append(event);
    ends_.push_back(bytes_.size());
  }
  std::size_t size() const { return ends_.size(); }
  bool empty() const { return ends_.empty(); }
  std::string_view operator[](std::size_t i) const {
    const std::size_t from = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(from, ends_[i] - from);
  }
  std::size_t bytes() const { return bytes_.size(); }
  /// Bytes that this batch costs in a queue.
  std::size_t footprint() const { return bytes_.capacity() + ends_.capacity() * sizeof(std::size_t); }
  void clear() {
    bytes_.clear();
    ends_.clear();
  }
  void reserve(std::size_t events, std::size_t bytes) {
    ends_.reserve(events);
    bytes_.reserve(bytes);
  }
  void append(const RawBatch& other) {
    const std::size_t base = bytes_.size();
    bytes_ += other.bytes_;
    for (std::size_t end : other.ends_) ends_.push_back(base + end);
  }

 private:
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

}  // namespace weir

#include "stages/dictionary.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

#include "stages/native_block.h"

namespace weir {
namespace {

constexpr std::size_t kFirstSlots = 64;

std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

Dictionary::Dictionary() : slots_(kFirstSlots) { clear(); }

void Dictionary::clear() {
  // Most slots are free when few texts came, and then it is cheaper to free those that are not.
  if (entries_.size() < slots_.size() / 8) {
    for (std::size_t i = 1; i < entries_.size(); ++i) slots_[entries_[i].slot] = {};
  } else {
    slots_.assign(slots_.size(), {});
  }
  entries_.assign(1, {1, 0, 0});
  bytes_.assign(1, '\0');  // the empty text: a length of 0
}

std::uint32_t Dictionary::look_up(std::string_view text) {
  const std::uint64_t hash = XXH3_64bits(text.data(), text.size());
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    const Slot& slot = slots_[i];
    if (slot.number == 0) return add(text, hash, i);
    if (slot.tag != tag_of(hash)) continue;
    const Entry& e = entries_[slot.number];
    if (e.size == text.size() && std::memcmp(bytes_.data() + e.begin, text.data(), e.size) == 0) return slot.number;
  }
}

std::uint32_t Dictionary::add(std::string_view text, std::uint64_t hash, std::size_t slot) {
  const auto number = static_cast<std::uint32_t>(entries_.size());
  native::append_varint(bytes_, text.size());
  entries_.push_back({bytes_.size(), static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(slot)});
  bytes_.append(text);
  slots_[slot] = {tag_of(hash), number};
  if (entries_.size() > slots_.size() / 2) grow();
  return number;
}

void Dictionary::grow() {
  slots_.assign(slots_.size() * 2, {});
  const std::size_t mask = slots_.size() - 1;
  for (std::uint32_t n = 1; n < entries_.size(); ++n) {
    const std::string_view t = text(n);
    const std::uint64_t hash = XXH3_64bits(t.data(), t.size());
    std::size_t i = hash & mask;
    while (slots_[i].number != 0) i = (i + 1) & mask;
    slots_[i] = {tag_of(hash), n};
    entries_[n].slot = static_cast<std::uint32_t>(i);
  }
}

}  // namespace weir

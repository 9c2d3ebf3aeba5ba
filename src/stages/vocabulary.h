// The texts of a batch that repeat (its types, sources, countries, programs …), each looked up once an event: the columns of
// `events` and the dimensions of the rollups both work with the numbers.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "event/decoder.h"
#include "stages/dictionary.h"

namespace weir {

/// The columns of `events` that are LowCardinality.
enum class Word : std::uint8_t {
  kType,
  kSource,
  kEmailDomain,
  kTruth,
  kOutcome,
  kReason,
  kAuthMethod,
  kMethod,
  kDelivery,
  kTemplate,
  kProvider,
  kDsn,
  kUserAgent,
  kCountry,
};
inline constexpr std::size_t kWords = 14;

std::string_view column_of(Word word);

/// Not thread-safe.
class Vocabulary {
 public:
  /// The numbers of one event's texts, indexed by Word. 0: the event has none.
  using Numbers = std::array<std::uint32_t, kWords>;

  Numbers numbers(const EventView& event);
  const Dictionary& operator[](Word word) const { return dictionaries_[static_cast<std::size_t>(word)]; }
  /// Numbers given before mean nothing any more.
  void clear();

 private:
  std::array<Dictionary, kWords> dictionaries_;
};

}  // namespace weir

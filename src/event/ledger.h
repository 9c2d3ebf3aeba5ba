// The running count that proves that nothing was lost.
#pragma once

#include <cstdint>

namespace weir {

/// Since the data directory began, all numbers at one committed point.
struct Ledger {
  std::uint64_t received = 0, admitted = 0, duplicate = 0, rejected = 0, in_flight = 0;
  std::uint64_t stored = 0, expired = 0, rolled_up = 0;

  bool balanced() const {
    return received == admitted + duplicate + rejected + in_flight && stored + expired == admitted &&
           rolled_up == admitted;
  }
};

}  // namespace weir

// Random producers: odd batch sizes, several connections, duplicates, rejects, late and old events.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "oracle.h"

namespace weir::testing {

/// Producers that POST from the moment it is made until it goes. The content follows from `name` and `seed` alone.
class Load {
 public:
  Load(const Program& program, Oracle& oracle, std::string name, std::uint64_t seed, int connections);
  ~Load() = default;

 private:
  std::vector<std::jthread> threads_;
};

/// One good event of now.
Sent good_event(const std::string& source, const std::string& id, Millis time);

}  // namespace weir::testing

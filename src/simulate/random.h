// Randomness that is the same on every machine: integers only, no distribution of the standard library.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace weir::simulate {

/// A probability, fixed when the program is compiled; 0 ≤ p < 1.
struct Chance {
  consteval Chance(double p) : threshold(static_cast<std::uint32_t>(p * 4294967296.0)) {}  // NOLINT: implicit by design
  std::uint32_t threshold;
};

/// splitmix64 (Steele, Lea, Flood 2014): spreads seeds, and numbers that stand for something ("the device of person 7").
constexpr std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// 2^(x/1024) in 1/65536, for 0 ≤ x < 1024. Made by the compiler, so that it is the same everywhere.
consteval std::array<std::uint32_t, 1024> make_powers() {
  std::array<std::uint32_t, 1024> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    const double x = static_cast<double>(i) / 1024.0 * 0.693147180559945309417;
    double term = 1, sum = 1;
    for (int n = 1; n < 20; ++n) {
      term *= x / n;
      sum += term;
    }
    table[i] = static_cast<std::uint32_t>(sum * 65536.0);
  }
  return table;
}
inline constexpr std::array<std::uint32_t, 1024> kPowers = make_powers();

/// xoshiro256** (Blackman, Vigna 2018). Not for secrets. One stream a purpose: what one of them draws never shifts another.
class Random {
 public:
  Random(std::uint64_t seed, std::uint64_t stream) {
    std::uint64_t x = mix(seed ^ mix(stream));
    for (auto& word : state_) word = x = mix(x);
  }

  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }
  std::uint32_t word() { return static_cast<std::uint32_t>(next() >> 32); }

  /// 0 … n−1. The bias of n/2^32 does not matter here.
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>((std::uint64_t{word()} * n) >> 32); }
  /// low … high, both ends in.
  std::uint32_t between(std::uint32_t low, std::uint32_t high) { return low + below(high - low + 1); }
  bool chance(Chance p) { return word() < p.threshold; }
  /// With a probability of `threshold` / 2^32.
  bool hits(std::uint32_t threshold) { return word() < threshold; }

  /// Log-normal: `median` times 2^(z · sigma / 256), z being near normal (a sum of four) and within ±3.5.
  std::uint32_t log_normal(std::uint32_t median, std::uint32_t sigma) {
    const std::uint64_t r = next();
    const auto sum = static_cast<std::int64_t>((r & 0xffff) + ((r >> 16) & 0xffff) + ((r >> 32) & 0xffff) + (r >> 48));
    // The sum has mean 131070 and deviation 37837; exponent in 1/1024.
    const std::int64_t exponent = (sum - 131070) * static_cast<std::int64_t>(sigma) * 4 / 37837;
    const std::int64_t whole = exponent >> 10;
    std::uint64_t value = std::uint64_t{median} * kPowers[static_cast<std::size_t>(exponent & 1023)];
    value = whole >= 0 ? value << (whole > 20 ? 20 : whole) : value >> (whole < -20 ? 20 : -whole);
    value >>= 16;
    return static_cast<std::uint32_t>(value > 0xffffffff ? 0xffffffff : value);
  }

 private:
  static constexpr std::uint64_t rotate(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  std::array<std::uint64_t, 4> state_{};
};

/// Draws an index by weight with one look-up; weights are kept to 1/1024.
class WeightedPick {
 public:
  explicit WeightedPick(std::span<const std::uint32_t> weights) { set(weights); }
  WeightedPick(std::initializer_list<std::uint32_t> weights) { set({weights.begin(), weights.size()}); }

  /// REQUIRES: 1 to 65535 weights, not all of them 0.
  void set(std::span<const std::uint32_t> weights) {
    std::uint64_t total = 0, sum = 0;
    for (auto w : weights) total += w;
    std::size_t slot = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      sum += weights[i];
      for (const std::size_t end = static_cast<std::size_t>(sum * kSlots / total); slot < end; ++slot) {
        slots_[slot] = static_cast<std::uint16_t>(i);
      }
    }
  }
  std::uint32_t draw(Random& random) const { return slots_[random.next() >> 54]; }

 private:
  static constexpr std::size_t kSlots = 1024;
  std::array<std::uint16_t, kSlots> slots_{};
};

}  // namespace weir::simulate

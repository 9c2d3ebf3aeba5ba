// The people of the simulated service and their habits. The same seed makes the same people.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "simulate/draft.h"
#include "simulate/random.h"
#include "simulate/world.h"

namespace weir::simulate {

inline constexpr std::uint8_t kNoNetwork = 255;

struct Device {
  std::uint8_t agent;  // index into agents()
  std::uint32_t name;  // written as device_id
};

struct Person {
  std::uint32_t number = 0;                                 // of the account; what the user id follows from
  std::uint8_t first = 0, last = 0, style = 0, domain = 0;  // the mail address
  std::uint16_t tag = 0;
  std::uint8_t country = 0;
  std::uint8_t home_network = 0, mobile_network = 0, office_network = kNoNetwork;
  std::uint8_t devices = 1;
  bool mfa = false;
  std::uint8_t auth = 0;  // index into kAuthMethods
  std::array<std::uint8_t, 3> agents{};
  Address home, mobile, office;

  Device device(std::uint32_t i) const {
    return {agents[i], static_cast<std::uint32_t>(mix(std::uint64_t{number} * 4 + i))};
  }
};

inline constexpr std::array<std::string_view, 4> kAuthMethods{"password", "passkey", "oauth", "magic_link"};

/// Appends the user id of account `number`; ids do not follow the order of numbers.
void write_user_id(Pen& pen, std::uint32_t number);
void write_email(Pen& pen, const Person& person);

/// Fixed people, ordered by country, and a ring of newcomers: accounts made while the simulation runs.
class Population {
 public:
  static constexpr std::uint32_t kPeople = 40'000, kNewcomers = 4'096;

  explicit Population(std::uint64_t seed);

  /// 0 … kPeople−1 never change; what newcomer() gave lasts for kNewcomers further newcomers.
  const Person& operator[](std::uint32_t i) const { return people_[i]; }
  std::uint32_t newcomer(Random& random, std::uint32_t country);

  /// The people of a country are [first, first + count).
  struct Range {
    std::uint32_t first, count;
  };
  Range of_country(std::uint32_t country) const { return ranges_[country]; }

 private:
  Person make(Random& random, std::uint32_t number, std::uint32_t country) const;

  std::vector<std::vector<std::uint8_t>> homes_, mobiles_, offices_;  // network indices by country
  WeightedPick agent_pick_, domain_pick_;
  std::vector<Person> people_;
  std::vector<Range> ranges_;
  std::uint32_t joined_ = 0;
};

/// Fills what every event of a person carries.
void put_user(Draft& draft, const Person& person);
void put_email(Draft& draft, Field field, const Person& person);

}  // namespace weir::simulate

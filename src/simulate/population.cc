#include "simulate/population.h"

namespace weir::simulate {
namespace {

std::vector<std::uint32_t> weights_of(auto table) {
  std::vector<std::uint32_t> weights;
  for (const auto& row : table) weights.push_back(row.weight);
  return weights;
}

}  // namespace

void write_user_id(Pen& pen, std::uint32_t number) {
  // The modulus is prime, so that different numbers below it give different ids.
  pen.put('u').dec(1'000'000 + (std::uint64_t{number} + 5'077) * 6'700'417 % 8'999'993);
}

void write_email(Pen& pen, const Person& person) {
  const std::string_view first = first_names()[person.first], last = last_names()[person.last];
  switch (person.style) {
    case 0: pen.put(first).put('.').put(last); break;
    case 1: pen.put(first).put(last); break;
    case 2: pen.put(first[0]).put('.').put(last); break;
    case 3: pen.put(last).put('_').put(first[0]); break;
    default: pen.put(first).put('-').put(last); break;
  }
  pen.dec(person.tag).put('@').put(mail_domains()[person.domain].name);
}

Population::Population(std::uint64_t seed)
    : homes_(countries().size()),
      mobiles_(countries().size()),
      offices_(countries().size()),
      agent_pick_(weights_of(agents())),
      domain_pick_(weights_of(mail_domains())) {
  for (std::uint8_t i = 0; i < kNetworks; ++i) {
    const Network& n = networks()[i];
    if (n.kind == NetworkKind::kHome) homes_[n.country].push_back(i);
    if (n.kind == NetworkKind::kMobile) mobiles_[n.country].push_back(i);
    if (n.kind == NetworkKind::kOffice) offices_[n.country].push_back(i);
  }
  std::uint64_t total = 0, sum = 0;
  for (const auto& c : countries()) total += c.people;
  Random random(seed, 1);
  people_.reserve(kPeople + kNewcomers);
  for (std::uint32_t c = 0; c < countries().size(); ++c) {
    sum += countries()[c].people;
    const auto first = static_cast<std::uint32_t>(people_.size());
    const auto end = static_cast<std::uint32_t>(sum * kPeople / total);
    for (std::uint32_t i = first; i < end; ++i) people_.push_back(make(random, i, c));
    ranges_.push_back({first, end - first});
  }
  // Newcomers of the time before the simulation began.
  for (std::uint32_t i = 0; i < kNewcomers; ++i) people_.emplace_back();
  for (std::uint32_t i = 0; i < kNewcomers; ++i)
    newcomer(random, random.below(static_cast<std::uint32_t>(countries().size())));
}

std::uint32_t Population::newcomer(Random& random, std::uint32_t country) {
  const std::uint32_t slot = kPeople + joined_ % kNewcomers;
  people_[slot] = make(random, kPeople + joined_, country);
  ++joined_;
  return slot;
}

Person Population::make(Random& random, std::uint32_t number, std::uint32_t country) const {
  Person p;
  p.number = number;
  p.country = static_cast<std::uint8_t>(country);
  const std::uint64_t r = random.next();
  p.first = static_cast<std::uint8_t>(r & 63);
  p.last = static_cast<std::uint8_t>((r >> 6) & 63);
  p.style = static_cast<std::uint8_t>((r >> 12) % 5);
  p.tag = static_cast<std::uint16_t>((r >> 20) % 997);
  p.domain = static_cast<std::uint8_t>(domain_pick_.draw(random));
  const auto one_of = [&](const std::vector<std::uint8_t>& from) {
    // The first network of a country is its largest.
    const auto n = static_cast<std::uint32_t>(from.size());
    return from[std::min(random.below(n), random.below(n))];
  };
  p.home_network = one_of(homes_[country]);
  p.mobile_network = mobiles_[country].empty() ? p.home_network : one_of(mobiles_[country]);
  const Network& home = networks()[p.home_network];
  if (random.chance(0.18)) {
    p.home = Address::v6(static_cast<std::uint16_t>(p.home_network * 256U + random.below(256)),
                         static_cast<std::uint16_t>(random.between(1, 0xffff)),
                         static_cast<std::uint16_t>(random.between(1, 0xffff)));
  } else {
    p.home = home.host(random.word());
  }
  // Behind a carrier's gateway some thirty people share an address.
  const Network& carrier = networks()[p.mobile_network];
  if (carrier.kind == NetworkKind::kMobile && random.chance(0.3)) {
    p.mobile = Address::v6_mobile(static_cast<std::uint16_t>(p.mobile_network * 16U + random.below(16)),
                                  static_cast<std::uint16_t>(random.between(1, 0xffff)), 1);
  } else if (carrier.kind == NetworkKind::kMobile) {
    p.mobile = carrier.host(random.below(60) << 8 | random.below(4));
  } else {
    p.mobile = carrier.host(random.word());
  }
  if (!offices_[country].empty() && random.chance(0.22)) {
    p.office_network = one_of(offices_[country]);
    p.office = networks()[p.office_network].host(random.below(12) << 8 | 1);
  }
  p.mfa = random.chance(0.36);
  const std::uint32_t auth = random.below(100);
  p.auth = auth < 74 ? 0 : auth < 84 ? 1 : auth < 95 ? 2 : 3;
  const std::uint32_t devices = random.below(100);
  p.devices = devices < 46 ? 1 : devices < 83 ? 2 : 3;
  for (auto& agent : p.agents) agent = static_cast<std::uint8_t>(agent_pick_.draw(random));
  return p;
}

void put_user(Draft& draft, const Person& person) {
  draft.set_made(Field::kUserId, [&](Pen& pen) { write_user_id(pen, person.number); });
}

void put_email(Draft& draft, Field field, const Person& person) {
  draft.set_made(field, [&](Pen& pen) { write_email(pen, person); });
}

}  // namespace weir::simulate

#include "simulate/simulation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "event/decoder.h"
#include "event/event_type.h"
#include "simulate/calm.h"
#include "simulate/event_metrics_for_tests.h"
#include "simulate/population.h"
#include "simulate/writer.h"

namespace weir {
namespace {

using testing::AllOf;
using testing::Ge;
using testing::Le;

constexpr UnixMillis kStart{1'760'000'000'000};  // 2025-10-09T08:53:20Z

RawBatch generated(Simulation& simulation, std::size_t n, UnixMillis from = kStart) {
  RawBatch batch;
  // One event a millisecond: the times do not depend on how the calls are cut.
  simulation.generate(n, from, from + static_cast<std::int64_t>(n), batch);
  return batch;
}

/// The event without what may differ between two runs: the id, the time, the name of the episode.
std::string content(std::string_view event) {
  std::string out(event);
  for (const std::string_view key : {"\"id\":\"", "\"time\":\"", "\"weirtruth\":\""}) {
    const std::size_t at = out.find(key);
    if (at == std::string::npos) continue;
    const std::size_t from = at + key.size();
    const std::size_t end = out.find('"', from);
    out.erase(from, end == std::string::npos ? end : end - from);
  }
  return out;
}

bool is_attack(std::string_view event) { return event.find("\"weirtruth\"") != std::string_view::npos; }

TEST(Simulation, SameSeedSameEventsHoweverTheCallsAreCut) {
  Simulation one({.seed = 7, .run = "a"}), other({.seed = 7, .run = "a"});
  const RawBatch whole = generated(one, 30'000);
  RawBatch parts;
  UnixMillis at = kStart;
  for (std::size_t n : {1UL, 2UL, 997UL, 9'000UL, 20'000UL}) {
    parts.append(generated(other, n, at));
    at += static_cast<std::int64_t>(n);
  }
  ASSERT_EQ(whole.size(), 30'000U);
  ASSERT_EQ(parts.size(), whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) ASSERT_EQ(whole[i], parts[i]) << i;
}

TEST(Simulation, OnlyRunAndTimesDiffer) {
  Simulation one({.seed = 7, .run = "a", .rate = 500}), other({.seed = 7, .run = "tomorrow", .rate = 40'000}),
      third({.seed = 8, .run = "a"});
  const RawBatch a = generated(one, 20'000), b = generated(other, 20'000, kStart + 86'400'123),
                 c = generated(third, 20'000);
  std::size_t same = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    // Cut-off events end at another place when the name of the run is longer.
    if (content(a[i]).size() == content(b[i]).size()) {
      ASSERT_EQ(content(a[i]), content(b[i])) << i;
    }
    same += content(a[i]) == content(c[i]) ? 1 : 0;
  }
  EXPECT_LT(same, a.size() / 100) << "another seed is another service";
}

/// FNV-1a, so that the figure below can be checked with any tool.
std::uint64_t fingerprint(const RawBatch& batch) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    for (char c : batch[i]) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash;
}

// The same on every machine and with every compiler option. When the content is changed on purpose, the new figure goes here.
TEST(Simulation, TheBytesAreTheSameEverywhere) {
  Simulation simulation({.seed = 1, .run = "pin"});
  RawBatch batch = generated(simulation, 20'000);
  for (const ScenarioInfo& scenario : scenarios()) {
    simulation.set_attack(scenario.scenario);
    batch.append(generated(simulation, 20'000));
  }
  EXPECT_EQ(fingerprint(batch), 11485514924592225253ULL);
}

/// Every event through Weir's own decoder.
class Decoded {
 public:
  explicit Decoded(const RawBatch& batch) : batch_(batch) {}
  /// Calls `each(i, event)` for what is admitted, `rejected(i, reject)` for the rest.
  template <class Each, class Rejected>
  void visit(Each each, Rejected rejected) {
    EventView event;
    Reject reject;
    for (std::size_t i = 0; i < batch_.size(); ++i) {
      const UnixMillis arrival = kStart + static_cast<std::int64_t>(i);
      if (decoder_.decode(batch_[i], arrival, false, event, reject)) {
        each(i, event);
      } else {
        rejected(i, reject);
      }
    }
  }

 private:
  const RawBatch& batch_;
  Decoder decoder_{DecodeLimits{}};
};

/// 200,000 calm events, and 30,000 of each attack.
const RawBatch& specimen() {
  static const RawBatch batch = [] {
    Simulation simulation({.run = "r"});
    RawBatch all = generated(simulation, 200'000);
    for (const ScenarioInfo& scenario : scenarios()) {
      simulation.set_attack(scenario.scenario);
      all.append(generated(simulation, 30'000, kStart + static_cast<std::int64_t>(all.size())));
    }
    return all;
  }();
  return batch;
}

TEST(Simulation, IsAdmittedApartFromOneIn2000) {
  std::size_t admitted = 0, largest = 0;
  std::map<std::string_view, std::size_t> reasons;
  Decoded(specimen())
      .visit(
          [&](std::size_t i, const EventView&) {
            ++admitted;
            largest = std::max(largest, specimen()[i].size());
          },
          [&](std::size_t i, const Reject& reject) {
            ++reasons[reason_name(reject.reason)];
            EXPECT_FALSE(is_attack(specimen()[i]))
                << "attackers' events come through healthy producers: " << reject.message << specimen()[i];
          });
  const auto total = static_cast<double>(specimen().size());
  EXPECT_THAT(1 - static_cast<double>(admitted) / total, AllOf(Ge(0.0001), Le(0.001)));
  EXPECT_GE(reasons.size(), 6U) << "the quality panel has something to show";
  EXPECT_LE(largest, 1'000U);
}

bool reserved_ip(std::string_view ip) {
  if (ip.find(':') != std::string_view::npos)
    return ip.starts_with("2001:db8:") || (ip.starts_with("3fff:") && ip.find(':', 5) <= 8);
  unsigned part[4] = {};
  if (std::sscanf(std::string(ip).c_str(), "%u.%u.%u.%u", &part[0], &part[1], &part[2], &part[3]) != 4) return false;
  const auto [a, b, c, d] = part;
  return a == 10 || (a == 172 && b >= 16 && b < 32) || (a == 192 && b == 168) || (a == 100 && b >= 64 && b < 128) ||
         (a == 198 && (b == 18 || b == 19)) || (a == 192 && b == 0 && c == 2) || (a == 198 && b == 51 && c == 100) ||
         (a == 203 && b == 0 && c == 113);
}

bool reserved_domain(std::string_view domain) {
  for (std::string_view end : {".example", ".test", ".invalid"}) {
    if (domain.ends_with(end)) return true;
  }
  return domain == "example.com" || domain == "example.net" || domain == "example.org";
}

TEST(Simulation, NothingInItExists) {
  std::size_t ipv6 = 0;
  Decoded(specimen())
      .visit(
          [&](std::size_t i, const EventView& e) {
            if (e.has(Field::kIp)) {
              EXPECT_TRUE(reserved_ip(e[Field::kIp])) << e[Field::kIp];
              // Canonical as written: the decoder gives back a view of the event itself.
              const std::string written = "\"ip\":\"" + std::string(e[Field::kIp]) + "\"";
              EXPECT_NE(specimen()[i].find(written), std::string_view::npos) << specimen()[i];
              ipv6 += e[Field::kIp].find(':') != std::string_view::npos ? 1 : 0;
            }
            if (e.has(Field::kAsn)) {
              EXPECT_TRUE((e.asn >= 64'496 && e.asn <= 65'534) || (e.asn >= 65'536 && e.asn <= 65'551)) << e.asn;
            }
            if (!e.email_domain.empty()) {
              EXPECT_TRUE(reserved_domain(e.email_domain)) << e.email_domain;
            }
            if (e.has(Field::kReferrer)) {
              EXPECT_TRUE(e[Field::kReferrer].starts_with("https://www.harbour.example/"));
            }
            if (e.has(Field::kUserAgent) && e[Field::kUserAgent].find("://") != std::string_view::npos) {
              EXPECT_NE(e[Field::kUserAgent].find(".example"), std::string_view::npos) << e[Field::kUserAgent];
            }
          },
          [](std::size_t, const Reject&) {});
  EXPECT_GT(ipv6, specimen().size() / 50);
}

TEST(Simulation, CalmTrafficHasTheSharesOfAService) {
  std::map<std::string_view, double> share;
  std::set<std::string, std::less<>> identities, countries, users;
  double late = 0, admitted = 0, server_errors = 0, client_errors = 0, failures = 0, bounced = 0, without_country = 0,
         repeated = 0;
  constexpr std::size_t kCalm = 200'000;
  Decoded(specimen())
      .visit(
          [&](std::size_t i, const EventView& e) {
            if (i >= kCalm) return;
            ++admitted;
            ++share[info(e.type).name];
            if (!identities.insert(std::string(e.source) + " " + std::string(e.id)).second) ++repeated;
            if (e.received_at - e.time > kLateMillis) ++late;
            if (e.has(Field::kCountry)) countries.emplace(e[Field::kCountry]);
            if (e.has(Field::kUserId)) users.emplace(e[Field::kUserId]);
            if (e.type == EventType::kApiRequest && e.status >= 500) ++server_errors;
            if (e.type == EventType::kApiRequest && e.status >= 400 && e.status < 500) ++client_errors;
            if (e.type == EventType::kLogin && e[Field::kOutcome] == "failure") ++failures;
            if (e.type == EventType::kEmailSend && e[Field::kDelivery] == "bounced") ++bounced;
            if (e.type != EventType::kEmailSend && !e.has(Field::kCountry)) ++without_country;
            EXPECT_TRUE(e.truth.empty());
          },
          [](std::size_t, const Reject&) {});
  const double api = share["api.request"], logins = share["account.login"], mails = share["email.send"];
  EXPECT_THAT(api / admitted, AllOf(Ge(0.70), Le(0.80)));
  EXPECT_THAT((logins + share["account.mfa"] + share["account.logout"]) / admitted, AllOf(Ge(0.08), Le(0.12)));
  EXPECT_THAT(mails / admitted, AllOf(Ge(0.10), Le(0.15)));
  EXPECT_THAT(share["account.signup"] / admitted, AllOf(Ge(0.001), Le(0.006)));
  EXPECT_THAT(share["account.password_reset"] / admitted, AllOf(Ge(0.0005), Le(0.004)));
  EXPECT_THAT(failures / logins, AllOf(Ge(0.03), Le(0.07)));
  EXPECT_THAT(server_errors / api, AllOf(Ge(0.002), Le(0.004)));
  EXPECT_THAT(client_errors / api, AllOf(Ge(0.02), Le(0.05)));
  EXPECT_THAT(bounced / mails, AllOf(Ge(0.003), Le(0.02)));
  EXPECT_THAT(repeated / admitted, AllOf(Ge(0.002), Le(0.004)));
  EXPECT_THAT(late / admitted, AllOf(Ge(0.001), Le(0.005)));
  EXPECT_THAT(without_country / admitted, AllOf(Ge(0.004), Le(0.03)));
  EXPECT_GE(countries.size(), 20U);
  EXPECT_GE(users.size(), 10'000U);
}

TEST(Simulation, IsInTheMiddleOfLifeFromTheFirstEventOn) {
  Simulation simulation({.run = "r", .rate = 2000});
  constexpr std::size_t kWindow = 30'000;  // a quarter of a minute
  const RawBatch batch = generated(simulation, 8 * kWindow);
  const auto first = simulate::metrics_of(batch, 0, kWindow, 15);
  std::map<std::string, double, std::less<>> later;
  for (std::size_t i = 1; i < 8; ++i) {
    for (const auto& [name, value] : simulate::metrics_of(batch, i * kWindow, (i + 1) * kWindow, 15))
      later[name] += value / 7;
  }
  for (const auto& [name, tolerance] : std::map<std::string, double>{{"logins", 0.1},
                                                                     {"login_failures", 0.3},
                                                                     {"api_requests", 0.03},
                                                                     {"api_errors", 0.15},
                                                                     {"emails", 0.1},
                                                                     {"signups", 0.35},
                                                                     {"unique_ips", 0.05},
                                                                     {"unique_users", 0.05}}) {
    EXPECT_NEAR(first.at(name) / later.at(name), 1, tolerance) << name;
  }
}

TEST(Simulation, TimesFollowFromAndTo) {
  Simulation simulation({.run = "r"});
  RawBatch batch;
  simulation.generate(1'000, kStart, kStart + 500, batch);
  Decoder decoder{DecodeLimits{}};
  EventView event;
  Reject reject;
  std::size_t elsewhere = 0;
  std::int64_t newest = kStart.value;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!decoder.decode(batch[i], kStart + 1'000, false, event, reject)) continue;
    const std::int64_t due = kStart.value + static_cast<std::int64_t>(i) / 2;
    if (event.time.value != due) ++elsewhere;
    EXPECT_LT(event.time.value, kStart.value + 500);
    newest = std::max(newest, event.time.value);
  }
  EXPECT_LE(elsewhere, 15U) << "late events and repeats";
  EXPECT_EQ(newest, kStart.value + 499);
  RawBatch none;
  simulation.generate(0, kStart, kStart, none);
  EXPECT_TRUE(none.empty());
  simulation.generate(3, kStart, kStart, none);
  EXPECT_EQ(none.size(), 3U);
}

TEST(Simulation, PartitionsAreThoseOfTheIdentity) {
  constexpr std::size_t kPartitions = 5, kEvents = 30'000;
  Simulation one({.run = "r \"7\""}), other({.run = "r \"7\""});
  one.set_attack(Scenario::kCredentialStuffing);
  other.set_attack(Scenario::kCredentialStuffing);
  const RawBatch whole = generated(one, kEvents);
  std::array<RawBatch, kPartitions> parts;
  other.generate(kEvents, kStart, kStart + static_cast<std::int64_t>(kEvents), parts);
  IdentityReader identities;
  Decoder decoder{DecodeLimits{}};
  EventView event;
  Reject reject;
  std::array<std::size_t, kPartitions> taken{};
  std::size_t total = 0;
  for (const RawBatch& part : parts) total += part.size();
  EXPECT_EQ(total, kEvents);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (!decoder.decode(whole[i], kStart, false, event, reject)) continue;
    const std::uint32_t p = identities.partition(whole[i], kPartitions, false);
    // Rejects may stand between; the order of the rest is that of the whole.
    while (taken[p] < parts[p].size() && parts[p][taken[p]] != whole[i]) ++taken[p];
    ASSERT_LT(taken[p]++, parts[p].size()) << "event " << i << " is not in partition " << p;
  }
}

TEST(Simulation, CountriesFollowTheHourOfTheDay) {
  const auto share_of_country = [](std::uint32_t minute, std::string_view code) {
    simulate::Population population(1);
    simulate::Calm calm(1, population, minute);
    simulate::Draft draft;
    double there = 0, all = 0;
    for (int i = 0; i < 60'000; ++i) {
      calm.next(draft);
      if (!draft.holds(Field::kCountry)) continue;
      ++all;
      there += draft.text[static_cast<std::size_t>(Field::kCountry)] == code ? 1 : 0;
    }
    return there / all;
  };
  constexpr std::uint32_t kNight = 3 * 60, kNoon = 12 * 60, kEvening = 18 * 60;  // of a Monday, UTC
  EXPECT_GT(share_of_country(kNoon, "FR"), 2.0 * share_of_country(kNight, "FR"));
  EXPECT_GT(share_of_country(kNight, "JP"), 2.0 * share_of_country(kEvening, "JP"));
}

TEST(Simulation, MailsAreToldFromTheirStart) {
  std::map<std::string, int, std::less<>> sent;
  double known = 0, fates = 0;
  Decoded(specimen())
      .visit(
          [&](std::size_t i, const EventView& e) {
            if (i >= 200'000 || e.type != EventType::kEmailSend) return;
            ASSERT_TRUE(e.has(Field::kMessageId));
            if (e[Field::kDelivery] == "sent") {
              ++sent[std::string(e[Field::kMessageId])];
            } else if (i > 40'000) {  // of mails that began before the first event only the end is seen
              ++fates;
              known += sent.contains(e[Field::kMessageId]) ? 1 : 0;
              EXPECT_EQ(e.has(Field::kDsn), e[Field::kDelivery] != "complained");
            }
          },
          [](std::size_t, const Reject&) {});
  EXPECT_GT(fates, 5'000);
  EXPECT_GT(known / fates, 0.99);
}

TEST(Simulation, AVisitIsAStory) {
  // By session: the letters of what happened, in order.
  std::map<std::string, std::string, std::less<>> visits;
  Decoded(specimen())
      .visit(
          [&](std::size_t i, const EventView& e) {
            if (i >= 200'000 || !e.has(Field::kSessionId)) return;
            std::string& story = visits[std::string(e[Field::kSessionId])];
            static constexpr std::string_view kLetters = "SLOCRMAE";
            char letter = kLetters[static_cast<std::size_t>(e.type)];
            if (e.type == EventType::kLogin && e[Field::kOutcome] == "failure") letter = 'l';
            if (story.empty() || letter != 'A' || story.back() != 'A') story += letter;
          },
          [](std::size_t, const Reject&) {});
  std::map<std::string, std::size_t> seen;
  for (const auto& [session, story] : visits) ++seen[story];
  for (auto story : {"ALA", "ALMA", "ALAO", "ALMAO", "AlLA", "ASLA", "ASLMA", "AlRCLA"})
    EXPECT_GE(seen[story], 5U) << story;
  std::size_t after_logout = 0;
  for (const auto& [story, n] : seen) after_logout += story.find('O') < story.size() - 1 ? n : 0;
  EXPECT_LE(after_logout, visits.size() / 100) << "only what was sent twice";
}

TEST(Simulation, WritesSecondsOfAnyYear) {
  for (const auto& [second, text] : std::map<std::int64_t, std::string>{{0, "1970-01-01T00:00:00."},
                                                                        {-1, "1969-12-31T23:59:59."},
                                                                        {951'782'400, "2000-02-29T00:00:00."},
                                                                        {1'709'251'199, "2024-02-29T23:59:59."},
                                                                        {4'107'542'400, "2100-03-01T00:00:00."}}) {
    char buffer[32];
    simulate::Pen pen(buffer);
    simulate::write_second(pen, second);
    EXPECT_EQ(std::string_view(buffer, static_cast<std::size_t>(pen.at() - buffer)), text);
  }
}

TEST(Simulation, TheNameOfARunMayHoldAnything) {
  Simulation simulation({.run = "quote\" back\\slash \n ü"});
  simulation.set_attack(Scenario::kApiFlood);
  const RawBatch batch = generated(simulation, 5'000);
  std::size_t attacks = 0, rejected = 0;
  Decoded(batch).visit(
      [&](std::size_t, const EventView& e) {
        EXPECT_TRUE(e.id.starts_with("quote\" back\\slash \n ü-")) << e.id;
        if (e.truth.empty()) return;
        ++attacks;
        EXPECT_EQ(e.truth, "api_flood/quote\" back\\slash \n ü.1");
      },
      [&](std::size_t, const Reject&) { ++rejected; });
  EXPECT_GT(attacks, 100U);
  EXPECT_LE(rejected, 20U);
}

}  // namespace
}  // namespace weir

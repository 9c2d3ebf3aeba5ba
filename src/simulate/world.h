// The world that the simulated service lives in: countries, networks, user agents, mail domains, the paths of its API.
// Nothing of it exists: addresses are from documentation, private and test ranges only (RFC 5737, RFC 3849, RFC 9637,
// RFC 1918, RFC 6598, RFC 2544), AS numbers from RFC 5398 and RFC 6996, names of hosts from RFC 2606.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "simulate/pen.h"

namespace weir::simulate {

/// An address in 64 bits. IPv6 ones are 2001:db8:G:H::I or 3fff:G:H::I, no part zero, so that they are canonical as written.
class Address {
 public:
  constexpr Address() = default;
  static constexpr Address v4(std::uint32_t bits) { return Address(bits); }
  static constexpr Address v6(std::uint16_t g, std::uint16_t h, std::uint16_t i) {
    return Address(kV6 | parts(g, h, i));
  }
  /// 3fff::/20: `g` has 12 bits.
  static constexpr Address v6_mobile(std::uint16_t g, std::uint16_t h, std::uint16_t i) {
    return Address(kV6 | kMobile | parts(static_cast<std::uint16_t>(g & 0xfff), h, i));
  }
  constexpr bool operator==(const Address&) const = default;
  void write(Pen& pen) const;

 private:
  static constexpr std::uint64_t kV6 = std::uint64_t{1} << 63, kMobile = std::uint64_t{1} << 62;
  static constexpr std::uint64_t nonzero(std::uint16_t x) { return x == 0 ? 1U : x; }
  static constexpr std::uint64_t parts(std::uint16_t g, std::uint16_t h, std::uint16_t i) {
    return nonzero(g) << 32 | nonzero(h) << 16 | nonzero(i);
  }
  explicit constexpr Address(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t bits_ = 0;
};

struct Country {
  std::string_view code;  // ISO 3166-1 alpha-2
  std::uint32_t people;   // weight
  int utc_hours;
};

enum class NetworkKind : std::uint8_t { kHome, kMobile, kOffice, kHosting, kService };

struct Network {
  std::uint32_t asn;
  std::uint8_t country;  // index into countries()
  NetworkKind kind;
  std::uint32_t first;  // its IPv4 addresses: 2^bits from here on
  std::uint8_t bits;

  /// Any 32-bit number names one of its hosts.
  Address host(std::uint32_t n) const { return Address::v4(first + (n & ((1U << bits) - 1))); }
};

/// All networks, by kind: homes first, then mobile, office, hosting, service.
std::span<const Country> countries();
std::span<const Network> networks();
inline constexpr std::uint8_t kFirstHome = 0, kHomes = 32, kFirstMobile = 32, kMobiles = 16, kFirstOffice = 48,
                              kOffices = 16, kFirstHosting = 64, kHostings = 8, kMonitorNetwork = 72,
                              kCrawlerNetwork = 73, kRelayNetwork = 74, kInternalNetwork = 75, kNetworks = 76;

enum class DeviceKind : std::uint8_t { kDesktop, kPhone, kApp };
struct Agent {
  DeviceKind kind;
  std::uint32_t weight;
  std::string_view text;
};
/// What people use.
std::span<const Agent> agents();

struct MailProvider {
  std::string_view name;
  std::uint32_t bounce, defer, complain;  // of 10,000 mails
  std::uint32_t speed;                    // ticks to a verdict, median
};
struct MailDomain {
  std::string_view name;
  std::uint32_t weight;
  std::uint8_t provider;
};
std::span<const MailProvider> mail_providers();
/// Where people have their mail. The last one is a misspelling: nothing arrives there.
std::span<const MailDomain> mail_domains();
/// For sign-up fraud: mail for ten minutes.
std::span<const std::string_view> throwaway_domains();

std::span<const std::string_view> first_names();
std::span<const std::string_view> last_names();

enum class PathKind : std::uint8_t { kPlain, kProduct, kOrder, kThread, kWord };
enum class Section : std::uint8_t { kFeed, kCatalog, kCheckout, kAccount, kMessages };
inline constexpr std::size_t kSections = 5;
struct Path {
  Section section;
  std::string_view method, text;
  PathKind kind;                // what is written behind the text
  std::uint32_t weight;         // within its section
  std::uint32_t median_tenths;  // latency, in 1/10 ms
  std::uint32_t sigma;          // of the latency, in powers of 2 by 256
  std::uint16_t ok;             // status when it works
  std::uint32_t bytes;          // median size of the answer
};
std::span<const Path> paths();
std::span<const std::string_view> search_words();

/// Producers: the attribute `source`.
enum class Source : std::uint8_t {
  kEdgeEu1,
  kEdgeEu2,
  kEdgeUs1,
  kEdgeUs2,
  kEdgeAp1,
  kEdgeOld,
  kIdEu,
  kIdUs,
  kMail1,
  kMail2
};
inline constexpr std::size_t kSources = 10;
std::string_view source_name(Source source);

/// Which edge and which login service are near a country.
Source edge_of(const Country& country, std::uint32_t random);
Source identity_service_of(const Country& country);

}  // namespace weir::simulate

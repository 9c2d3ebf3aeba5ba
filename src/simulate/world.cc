#include "simulate/world.h"

#include <array>

namespace weir::simulate {
namespace {

constexpr std::array kCountries{
    Country{"US", 240, -6}, Country{"DE", 90, 1}, Country{"GB", 85, 0},  Country{"IN", 80, 5},  Country{"BR", 60, -3},
    Country{"FR", 60, 1},   Country{"JP", 50, 9}, Country{"CA", 38, -5}, Country{"NL", 32, 1},  Country{"ES", 32, 1},
    Country{"IT", 32, 1},   Country{"PL", 28, 1}, Country{"MX", 28, -6}, Country{"AU", 26, 10}, Country{"ID", 18, 7},
    Country{"SE", 18, 1},   Country{"TR", 18, 3}, Country{"KR", 16, 9},  Country{"ZA", 12, 2},  Country{"NG", 10, 1},
    Country{"UA", 9, 2},    Country{"AR", 9, -3}, Country{"CH", 9, 1},   Country{"SG", 8, 8},
};
enum : std::uint8_t { kUS, kDE, kGB, kIN, kBR, kFR, kJP, kCA, kNL, kES, kIT, kPL, kMX, kAU, kID };

constexpr std::uint32_t ip(std::uint32_t a, std::uint32_t b, std::uint32_t c = 0) { return a << 24 | b << 16 | c << 8; }

consteval std::array<Network, kNetworks> make_networks() {
  std::array<Network, kNetworks> all{};
  std::size_t n = 0;
  // 32 home networks, 10.0.0.0/8 cut into /13; the 32 AS numbers that are reserved for documentation.
  constexpr std::array<std::uint8_t, 8> more{kUS, kUS, kUS, kDE, kGB, kIN, kBR, kFR};
  for (std::uint32_t i = 0; i < kHomes; ++i) {
    const std::uint32_t asn = i < 16 ? 64496 + i : 65536 + (i - 16);
    const auto country = static_cast<std::uint8_t>(i < kCountries.size() ? i : more[i - kCountries.size()]);
    all[n++] = {asn, country, NetworkKind::kHome, ip(10, i * 8), 19};
  }
  // Carriers: 100.64.0.0/10 cut into /14. Many people share an address.
  constexpr std::array<std::uint8_t, kMobiles> carriers{kUS, kUS, kDE, kGB, kIN, kBR, kFR, kJP,
                                                        kCA, kNL, kES, kIT, kPL, kMX, kAU, kID};
  for (std::uint32_t i = 0; i < kMobiles; ++i)
    all[n++] = {64512 + i, carriers[i], NetworkKind::kMobile, ip(100, 64 + 4 * (i % 16)), 18};
  constexpr std::array<std::uint8_t, kOffices> offices{kUS, kUS, kUS, kUS, kUS, kDE, kDE, kGB,
                                                       kGB, kFR, kIN, kJP, kNL, kCA, kAU, kBR};
  for (std::uint32_t i = 0; i < kOffices; ++i)
    all[n++] = {64600 + i, offices[i], NetworkKind::kOffice, ip(172, 16 + i), 16};
  constexpr std::array<std::uint8_t, kHostings> hostings{kUS, kUS, kDE, kNL, kFR, 23 /*SG*/, kGB, kCA};
  for (std::uint32_t i = 0; i < kHostings; ++i) {
    all[n++] = {64700 + i, hostings[i], NetworkKind::kHosting, ip(198, 18 + i / 4, 64 * (i % 4)), 14};
  }
  all[n++] = {65001, kUS, NetworkKind::kService, ip(192, 0, 2), 8};
  all[n++] = {65002, kUS, NetworkKind::kService, ip(203, 0, 113), 8};
  all[n++] = {65003, kDE, NetworkKind::kService, ip(198, 51, 100), 8};
  all[n++] = {65010, kDE, NetworkKind::kService, ip(192, 168), 16};
  return all;
}
constexpr std::array kNetworkTable = make_networks();

using enum DeviceKind;
constexpr std::array kAgents{
    Agent{kDesktop, 130,
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
          "Safari/537.36"},
    Agent{kDesktop, 70,
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0.0.0 "
          "Safari/537.36"},
    Agent{kDesktop, 48,
          "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
          "Safari/537.36 Edg/126.0.0.0"},
    Agent{kDesktop, 36, "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0"},
    Agent{kDesktop, 46,
          "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
          "Safari/605.1.15"},
    Agent{kDesktop, 58,
          "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 "
          "Safari/537.36"},
    Agent{kDesktop, 12, "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:127.0) Gecko/20100101 Firefox/127.0"},
    Agent{kDesktop, 14, "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"},
    Agent{kDesktop, 12,
          "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"},
    Agent{kDesktop, 8,
          "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
          "Safari/537.36"},
    Agent{kPhone, 74,
          "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
          "Version/17.5 Mobile/15E148 Safari/604.1"},
    Agent{kPhone, 30,
          "Mozilla/5.0 (iPhone; CPU iPhone OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
          "Version/16.6 Mobile/15E148 Safari/604.1"},
    Agent{kPhone, 14,
          "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
          "Mobile/15E148 Safari/604.1"},
    Agent{kPhone, 66,
          "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile "
          "Safari/537.36"},
    Agent{kPhone, 22,
          "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 "
          "Chrome/121.0.0.0 Mobile Safari/537.36"},
    Agent{kPhone, 8, "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0"},
    Agent{kApp, 80, "Harbour/7.4.1 (iPhone15,2; iOS 17.5.1)"},
    Agent{kApp, 42, "Harbour/7.4.1 (iPhone13,2; iOS 17.4.1)"},
    Agent{kApp, 22, "Harbour/7.3.0 (iPhone12,8; iOS 16.7.8)"},
    Agent{kApp, 52, "Harbour/7.4.1 (SM-S921B; Android 14) okhttp/4.12.0"},
    Agent{kApp, 34, "Harbour/7.4.0 (Pixel 8; Android 14) okhttp/4.12.0"},
    Agent{kApp, 30, "Harbour/7.2.5 (SM-A546B; Android 13) okhttp/4.11.0"},
    Agent{kApp, 18, "Harbour/7.0.2 (M2101K6G; Android 12) okhttp/4.10.0"},
    Agent{kApp, 9, "Harbour/6.9.8 (moto g31; Android 11) okhttp/4.9.3"},
};

constexpr std::array kProviders{
    MailProvider{"bigmail", 60, 120, 9, 700},      MailProvider{"postbox", 110, 260, 14, 1100},
    MailProvider{"corpmail", 90, 420, 4, 1900},    MailProvider{"campus", 180, 600, 3, 2600},
    MailProvider{"selfhosted", 260, 900, 5, 3200}, MailProvider{"nowhere", 10000, 0, 0, 300},
};
constexpr std::array kDomains{
    MailDomain{"example.com", 300, 0},
    MailDomain{"mail.example", 170, 0},
    MailDomain{"example.org", 120, 1},
    MailDomain{"example.net", 90, 1},
    MailDomain{"post.example", 70, 1},
    MailDomain{"inbox.test", 55, 0},
    MailDomain{"swiftmail.test", 28, 1},
    MailDomain{"online.example", 26, 1},
    MailDomain{"acme-corp.example", 18, 2},
    MailDomain{"northwind.example", 15, 2},
    MailDomain{"globex.example", 13, 2},
    MailDomain{"initech.example", 11, 2},
    MailDomain{"umbra-consulting.example", 8, 2},
    MailDomain{"harbour-logistics.example", 8, 2},
    MailDomain{"city-hospital.example", 9, 2},
    MailDomain{"uni-north.example", 12, 3},
    MailDomain{"uni-coast.example", 9, 3},
    MailDomain{"college.test", 7, 3},
    MailDomain{"students.test", 8, 3},
    MailDomain{"family-huber.example", 3, 4},
    MailDomain{"smallfarm.test", 3, 4},
    MailDomain{"selfhost.test", 4, 4},
    MailDomain{"studio-nine.example", 3, 4},
    MailDomain{"exampel.invalid", 3, 5},
};
constexpr std::array<std::string_view, 5> kThrowaway{"tenminutes.test", "tempbox.example", "mail-drop.test",
                                                     "burner.example", "trash-mail.invalid"};

constexpr std::array<std::string_view, 64> kFirst{
    "anna", "ben",    "carla",  "david", "elena", "felix", "grace", "hugo",   "ines",  "jonas",  "kira",
    "leo",  "maria",  "noah",   "olga",  "paul",  "quinn", "rosa",  "samuel", "tara",  "umar",   "vera",
    "will", "xenia",  "yusuf",  "zoe",   "aarav", "bea",   "chen",  "diego",  "emma",  "fatima", "george",
    "hana", "ivan",   "julia",  "kenji", "lucas", "mina",  "nadia", "oscar",  "priya", "rafael", "sofia",
    "tom",  "ursula", "viktor", "wanda", "yara",  "ali",   "bruno", "clara",  "dina",  "erik",   "flora",
    "gina", "henry",  "isabel", "jack",  "kofi",  "lena",  "marco", "nina",   "ravi"};
constexpr std::array<std::string_view, 64> kLast{
    "adams",    "bauer",  "costa",  "dubois", "evans",   "fischer", "garcia",  "hansen", "ito",     "jansen",
    "kim",      "lopez",  "meyer",  "novak",  "okafor",  "petrov",  "quist",   "rossi",  "schmidt", "tanaka",
    "ueda",     "vogel",  "wagner", "xu",     "yilmaz",  "zhang",   "almeida", "brown",  "clark",   "diaz",
    "eriksen",  "fraser", "gupta",  "hughes", "ibrahim", "johnson", "kumar",   "larsen", "martin",  "nguyen",
    "olsen",    "patel",  "reyes",  "silva",  "taylor",  "usman",   "varga",   "wilson", "young",   "zimmer",
    "ahmed",    "berg",   "cohen",  "demir",  "eze",     "ferrari", "green",   "huber",  "iversen", "jones",
    "kowalski", "lee",    "moreau", "santos"};

using enum Section;
using enum PathKind;
constexpr std::array kPaths{
    Path{kFeed, "GET", "/v1/feed", kPlain, 300, 420, 200, 200, 18000},
    Path{kFeed, "GET", "/v1/notifications", kPlain, 190, 110, 170, 200, 2400},
    Path{kFeed, "GET", "/v1/me", kPlain, 160, 90, 150, 200, 1300},
    Path{kFeed, "GET", "/", kPlain, 80, 240, 180, 200, 22000},
    Path{kFeed, "GET", "/v1/config", kPlain, 70, 40, 120, 200, 900},
    Path{kFeed, "POST", "/v1/events/seen", kPlain, 90, 60, 150, 204, 0},
    Path{kCatalog, "GET", "/v1/products/", kProduct, 330, 180, 190, 200, 5200},
    Path{kCatalog, "GET", "/v1/products", kPlain, 150, 330, 200, 200, 15000},
    Path{kCatalog, "GET", "/v1/search?q=", kWord, 170, 620, 260, 200, 11000},
    Path{kCatalog, "GET", "/v1/categories", kPlain, 80, 70, 140, 200, 3600},
    Path{kCatalog, "GET", "/v1/recommendations", kPlain, 90, 540, 240, 200, 6400},
    Path{kCatalog, "GET", "/v1/reviews?product=", kProduct, 80, 210, 190, 200, 4100},
    Path{kCheckout, "GET", "/v1/cart", kPlain, 220, 130, 160, 200, 2100},
    Path{kCheckout, "POST", "/v1/cart/items", kPlain, 170, 160, 170, 201, 700},
    Path{kCheckout, "DELETE", "/v1/cart/items", kPlain, 40, 140, 160, 204, 0},
    Path{kCheckout, "POST", "/v1/orders", kPlain, 80, 1300, 230, 201, 1500},
    Path{kCheckout, "POST", "/v1/payments", kPlain, 70, 3900, 260, 201, 800},
    Path{kCheckout, "GET", "/v1/shipping/rates", kPlain, 60, 880, 250, 200, 1100},
    Path{kCheckout, "POST", "/v1/coupons/redeem", kPlain, 14, 190, 180, 200, 400},
    Path{kAccount, "GET", "/v1/orders", kPlain, 150, 260, 190, 200, 6100},
    Path{kAccount, "GET", "/v1/orders/", kOrder, 120, 170, 180, 200, 2700},
    Path{kAccount, "GET", "/v1/me/settings", kPlain, 60, 100, 150, 200, 1600},
    Path{kAccount, "PATCH", "/v1/me/settings", kPlain, 24, 170, 170, 200, 600},
    Path{kAccount, "GET", "/v1/me/addresses", kPlain, 40, 110, 150, 200, 1200},
    Path{kAccount, "GET", "/v1/me/payment-methods", kPlain, 34, 150, 160, 200, 1000},
    Path{kAccount, "PUT", "/v1/me/avatar", kPlain, 8, 950, 220, 200, 300},
    Path{kMessages, "GET", "/v1/threads", kPlain, 160, 230, 190, 200, 7200},
    Path{kMessages, "GET", "/v1/threads/", kThread, 150, 190, 180, 200, 4600},
    Path{kMessages, "POST", "/v1/messages", kPlain, 70, 240, 190, 201, 500},
    Path{kMessages, "GET", "/v1/contacts", kPlain, 40, 140, 160, 200, 3100},
};
constexpr std::array<std::string_view, 32> kWords{
    "lamp",      "desk",    "shoes",      "tent",     "kettle",   "camera",  "bike",     "phone+case",
    "jacket",    "chair",   "headphones", "mug",      "rug",      "boots",   "backpack", "watch",
    "keyboard",  "monitor", "sofa",       "puzzle",   "yoga+mat", "grill",   "drill",    "book",
    "toy+train", "scarf",   "bottle",     "umbrella", "router",   "speaker", "gloves",   "clock"};

constexpr std::array<std::string_view, kSources> kSourceNames{
    "/edge/eu-1",  "/edge/eu-2", "/edge/us-1", "/edge/us-2",    "/edge/ap-1",
    "/edge/old-3", "/id/eu",     "/id/us",     "/mail/relay-1", "/mail/relay-2"};

}  // namespace

std::span<const Country> countries() { return kCountries; }
std::span<const Network> networks() { return kNetworkTable; }
std::span<const Agent> agents() { return kAgents; }
std::span<const MailProvider> mail_providers() { return kProviders; }
std::span<const MailDomain> mail_domains() { return kDomains; }
std::span<const std::string_view> throwaway_domains() { return kThrowaway; }
std::span<const std::string_view> first_names() { return kFirst; }
std::span<const std::string_view> last_names() { return kLast; }
std::span<const Path> paths() { return kPaths; }
std::span<const std::string_view> search_words() { return kWords; }
std::string_view source_name(Source source) { return kSourceNames[static_cast<std::size_t>(source)]; }

Source edge_of(const Country& country, std::uint32_t random) {
  if (country.utc_hours >= 5) return Source::kEdgeAp1;
  if (country.utc_hours < 0) return (random & 3) != 0 ? Source::kEdgeUs1 : Source::kEdgeUs2;
  return (random & 1) != 0 ? Source::kEdgeEu1 : Source::kEdgeEu2;
}

Source identity_service_of(const Country& country) { return country.utc_hours < 0 ? Source::kIdUs : Source::kIdEu; }

void Address::write(Pen& pen) const {
  if ((bits_ & kV6) == 0) {
    pen.dec((bits_ >> 24) & 255)
        .put('.')
        .dec((bits_ >> 16) & 255)
        .put('.')
        .dec((bits_ >> 8) & 255)
        .put('.')
        .dec(bits_ & 255);
    return;
  }
  if ((bits_ & kMobile) != 0) {
    pen.put("3fff:");
  } else {
    pen.put("2001:db8:");
  }
  pen.hex((bits_ >> 32) & 0xffff).put(':').hex((bits_ >> 16) & 0xffff).put("::").hex(bits_ & 0xffff);
}

}  // namespace weir::simulate

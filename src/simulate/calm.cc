#include "simulate/calm.h"

#include <array>

#include "base/check.h"

namespace weir::simulate {
namespace {

constexpr std::uint32_t kSessions = 8'192;
constexpr std::size_t kWheel = 32'768;
constexpr std::uint32_t kWarmUp = 220'000;  // some life times of a session
constexpr std::uint32_t kTurnMinutes = 5;

/// How busy people are at each hour of their day.
constexpr std::array<std::uint32_t, 24> kByHour{18, 11, 8,  7,  8,  14, 30, 52,  70, 80, 84, 86,
                                                90, 86, 82, 80, 82, 88, 96, 100, 98, 84, 58, 34};

enum Activity : std::uint8_t { kPeopleAct, kBotAct, kPartnerAct, kNewsletterAct, kStrayAct };

struct Bot {
  std::string_view agent;
  std::uint8_t network;
  std::uint32_t hosts, first_host;
  enum class Kind : std::uint8_t { kCrawler, kMonitor, kFeed, kScanner } kind;
  std::uint32_t weight;
};
using enum Bot::Kind;
constexpr std::array kBots{
    Bot{"Mozilla/5.0 (compatible; Findbot/2.1; +https://findbot.example/about)", kCrawlerNetwork, 24, 10, kCrawler,
        300},
    Bot{"Mozilla/5.0 (compatible; Lanternbot/1.7; +https://lantern.example/bot)", kCrawlerNetwork, 16, 60, kCrawler,
        170},
    Bot{"Mozilla/5.0 (compatible; CorpusBot/0.9; +https://corpus.example/crawl)", kFirstHosting + 2, 20, 300, kCrawler,
        140},
    Bot{"PricePeek/3.2 (+https://pricepeek.example)", kFirstHosting + 4, 8, 900, kCrawler, 70},
    Bot{"LinkPreview/1.0", kFirstHosting + 1, 12, 40, kFeed, 60},
    Bot{"FeedReader/5.4 (12 subscribers)", kFirstHosting, 10, 700, kFeed, 50},
    Bot{"UptimeProbe/1.4", kMonitorNetwork, 4, 20, kMonitor, 70},
    Bot{"HarbourMonitor/2.0", kInternalNetwork, 3, 2'570, kMonitor, 60},
    Bot{"Mozilla/5.0 zgrab/0.x", kFirstHosting + 5, 3'000, 0, kScanner, 12},
};
constexpr std::array<std::string_view, 10> kProbed{
    "/.env",           "/wp-login.php",    "/.git/config",   "/admin",        "/phpmyadmin/index.php",
    "/vendor/phpunit", "/actuator/health", "/server-status", "/cgi-bin/luci", "/backup.zip"};
constexpr std::array<std::string_view, 6> kPartnerAgents{"shipfast-sync/4.1",
                                                         "ledgerly-connector/2.3.1 (java/17)",
                                                         "python-requests/2.32.3",
                                                         "Apache-HttpClient/5.3 (Java/21)",
                                                         "axios/1.7.2",
                                                         "stockroom-agent/0.14"};
constexpr std::array<std::string_view, 8> kTypedNames{"admin", "info",  "test", "support",
                                                      "root",  "sales", "demo", "user"};
constexpr std::uint32_t kPartners = 48;

std::vector<std::uint32_t> bot_weights() {
  std::vector<std::uint32_t> weights;
  weights.reserve(kBots.size());
  for (const Bot& bot : kBots) weights.push_back(bot.weight);
  return weights;
}
const WeightedPick& bot_pick() {
  static const WeightedPick pick(bot_weights());
  return pick;
}

}  // namespace

Calm::Calm(std::uint64_t seed, Population& population, std::uint32_t start_minute)
    : population_(population),
      random_(seed, 2),
      blemishes_(seed, 3),
      activity_pick_({846, 78, 42, 33, 1}),
      country_pick_({1}),
      sessions_(kSessions),
      wheel_(kWheel) {
  for (std::size_t section = 0; section < kSections; ++section) {
    std::vector<std::uint32_t> weights;
    std::vector<std::uint8_t> numbers;
    for (std::size_t i = 0; i < paths().size(); ++i) {
      if (paths()[i].section != static_cast<Section>(section)) continue;
      weights.push_back(paths()[i].weight);
      numbers.push_back(static_cast<std::uint8_t>(i));
    }
    path_picks_.emplace_back(weights);
    path_numbers_.push_back(std::move(numbers));
  }
  minute_of_week_ = start_minute + 7 * 24 * 60 - kTurnMinutes;
  turn_clock();
  for (Session& s : sessions_) {
    visit(s);
    s.left = static_cast<std::uint16_t>(1 + random_.below(s.left));
  }
  Draft draft;
  for (std::uint32_t i = 0; i < kWarmUp; ++i) next(draft);
}

void Calm::turn_clock() {
  minute_of_week_ = (minute_of_week_ + kTurnMinutes) % (7 * 24 * 60);
  next_turn_ = tick_ + std::uint64_t{kTurnMinutes} * 60 * kTicksPerSecond;
  std::array<std::uint32_t, 64> weights{};
  const std::size_t n = countries().size();
  for (std::size_t i = 0; i < n; ++i) {
    const auto c = static_cast<std::uint8_t>(i);
    const auto local =
        (static_cast<int>(minute_of_week_) + countries()[i].utc_hours * 60 + 7 * 24 * 60) % (7 * 24 * 60);
    const bool weekend = local >= 5 * 24 * 60;
    // Between the full hours it changes evenly; at the weekend mornings are late.
    const auto hour = static_cast<std::size_t>(local_hour(c));
    const auto minute = static_cast<std::uint32_t>(local % 60);
    const std::uint32_t now = kByHour[hour] * (60 - minute) + kByHour[(hour + 1) % 24] * minute;
    weights[i] = countries()[i].people * now * (weekend ? hour < 10 ? 6U : 11U : 10U);
  }
  country_pick_.set({weights.data(), n});
}

int Calm::local_hour(std::uint8_t country) const {
  return (static_cast<int>(minute_of_week_ / 60) + countries()[country].utc_hours + 24) % 24;
}

void Calm::later(std::uint32_t delay, Later what) {
  WEIR_CHECK(delay < kWheel / 2, "a delay of {} ticks", delay);
  std::uint64_t at = tick_ + 1 + delay;
  // Slots are near empty (an eighth is taken), so the next free one is close.
  while (wheel_[at % kWheel].kind != Later::Kind::kNothing) ++at;
  wheel_[at % kWheel] = what;
}

void Calm::next(Draft& draft) {
  ++tick_;
  if (tick_ >= next_turn_) turn_clock();
  Later& due = wheel_[tick_ % kWheel];
  if (due.kind != Later::Kind::kNothing) {
    const Later what = due;
    due.kind = Later::Kind::kNothing;
    mail(draft, what);
  } else {
    switch (activity_pick_.draw(random_)) {
      case kPeopleAct: people(draft); break;
      case kBotAct: bots(draft); break;
      case kPartnerAct: partners(draft); break;
      case kNewsletterAct: newsletter(draft); break;
      default:
        if (random_.chance(0.15)) {
          stray_login(draft);
        } else {
          newsletter(draft);
        }
        break;
    }
  }
  blemish(draft);
}

void Calm::visit(Session& s) {
  const std::uint32_t country = country_pick_.draw(random_);
  const auto range = population_.of_country(country);
  // Some people come far more often than others.
  const std::uint64_t u = random_.below(65'536);
  s.person =
      range.first + static_cast<std::uint32_t>(u * (u + 65'536) * range.count / (std::uint64_t{131'072} * 65'536));
  const std::uint32_t plan = random_.below(1000);
  s.tries = 0;
  s.left = static_cast<std::uint16_t>(std::min<std::uint32_t>(1 + random_.log_normal(8, 240), 150));
  if (plan < 45) {
    s.person = population_.newcomer(random_, country);
    s.goal = Stage::kSignup;
  } else if (plan < 67) {
    s.goal = Stage::kReset;
  } else if (plan < 110 && country < 12) {
    s.person = Population::kPeople + random_.below(Population::kNewcomers);
    s.goal = Stage::kLogin;
  } else {
    s.goal = Stage::kLogin;
  }
  const Person& p = population_[s.person];
  const std::uint32_t device = random_.below(p.devices);
  s.agent = p.device(device).agent;
  s.device = p.device(device).name;
  s.id = random_.next() >> 16;
  s.section = static_cast<Section>(random_.below(3));
  const DeviceKind kind = agents()[s.agent].kind;
  // An app stays logged in, and so do most browsers.
  const bool remembered = s.goal == Stage::kLogin && random_.chance(0.12);
  s.stage = remembered ? Stage::kBrowse : Stage::kArrive;
  if (kind == DeviceKind::kApp && s.goal == Stage::kLogin && random_.chance(0.3)) s.stage = Stage::kBrowse;
  const int hour = local_hour(p.country);
  if (kind != DeviceKind::kDesktop && random_.chance(0.5)) {
    s.ip = p.mobile;
    s.network = p.mobile_network;
  } else if (kind == DeviceKind::kDesktop && p.office_network != kNoNetwork && hour >= 8 && hour < 18) {
    s.ip = p.office;
    s.network = p.office_network;
  } else {
    s.ip = p.home;
    s.network = p.home_network;
  }
  s.edge = edge_of(countries()[p.country], random_.word());
}

void Calm::people(Draft& draft) {
  Session* s = &sessions_[current_];
  // A page makes several requests at a time.
  if (s->stage != Stage::kBrowse || random_.chance(0.6)) {
    current_ = soon_;
    soon_ = after_;
    after_ = random_.below(kSessions);
    __builtin_prefetch(&sessions_[after_]);
    __builtin_prefetch(&population_[sessions_[soon_].person]);
    s = &sessions_[current_];
  }
  step(draft, *s);
}

void Calm::put_session(Draft& draft, const Session& s) {
  draft.set_ip(s.ip);
  draft.set(Field::kUserAgent, agents()[s.agent].text);
  draft.network(networks()[s.network]);
  draft.set(Field::kSessionId, s.id);
  draft.set(Field::kDeviceId, std::uint64_t{s.device});
}

void Calm::account(Draft& draft, const Session& s, EventType type) {
  const Person& p = population_[s.person];
  draft.begin(type, identity_service_of(countries()[p.country]));
  put_user(draft, p);
  put_session(draft, s);
}

void Calm::step(Draft& draft, Session& s) {
  switch (s.stage) {
    case Stage::kArrive: return arrive(draft, s);
    case Stage::kLogin: return login(draft, s);
    case Stage::kBrowse: return browse(draft, s);
    case Stage::kSignup:
      account(draft, s, EventType::kSignup);
      put_email(draft, Field::kEmail, population_[s.person]);
      later(100 + random_.below(600), {random_.next() >> 8, s.person, Later::Kind::kMail, Mail::kWelcome});
      s.stage = Stage::kLogin;
      return;
    case Stage::kMfa: {
      account(draft, s, EventType::kMfa);
      draft.set(Field::kAuthMethod, (s.person & 3) == 0 ? "sms" : (s.person & 3) == 1 ? "push" : "totp");
      const bool success = !random_.chance(0.045);
      draft.outcome(success);
      if (success) {
        s.stage = Stage::kBrowse;
      } else if (++s.tries >= 4) {
        visit(s);
      }
      return;
    }
    case Stage::kChangePassword: {
      account(draft, s, EventType::kPasswordChange);
      const bool success = !random_.chance(0.07);
      draft.outcome(success);
      if (success)
        later(50 + random_.below(300), {random_.next() >> 8, s.person, Later::Kind::kMail, Mail::kPasswordChanged});
      s.stage = Stage::kBrowse;
      return;
    }
    case Stage::kReset:
      account(draft, s, EventType::kPasswordReset);
      put_email(draft, Field::kEmail, population_[s.person]);
      later(50 + random_.below(300), {random_.next() >> 8, s.person, Later::Kind::kMail, Mail::kPasswordReset});
      s.stage = Stage::kNewPassword;
      if (random_.chance(0.2)) visit(s);  // the mail is never read
      return;
    case Stage::kNewPassword: {
      account(draft, s, EventType::kPasswordChange);
      const bool success = !random_.chance(0.04);
      draft.outcome(success);
      if (success) {
        later(50 + random_.below(300), {random_.next() >> 8, s.person, Later::Kind::kMail, Mail::kPasswordChanged});
        s.tries = 0;
        s.stage = s.goal = Stage::kLogin;
      }
      return;
    }
    case Stage::kLogout:
      account(draft, s, EventType::kLogout);
      visit(s);
      return;
  }
}

void Calm::arrive(Draft& draft, Session& s) {
  static constexpr Path kLanding{Section::kFeed, "GET", "/", PathKind::kPlain, 0, 240, 180, 200, 22'000};
  static constexpr Path kForm{Section::kFeed, "GET", "/login", PathKind::kPlain, 0, 130, 160, 200, 6'000};
  static constexpr Path kJoin{Section::kFeed, "GET", "/signup", PathKind::kPlain, 0, 150, 160, 200, 7'000};
  const bool again = random_.chance(0.4);
  const Path& path = again ? kLanding : s.goal == Stage::kSignup ? kJoin : kForm;
  draft.begin(EventType::kApiRequest, s.edge);
  put_session(draft, s);
  put_request(draft, path, 0);
  put_answer(draft, path, random_);
  if (!again) s.stage = s.goal == Stage::kReset ? Stage::kLogin : s.goal;
}

void Calm::login(Draft& draft, Session& s) {
  const Person& p = population_[s.person];
  account(draft, s, EventType::kLogin);
  draft.set(Field::kAuthMethod, kAuthMethods[p.auth]);
  const bool forgot = s.goal == Stage::kReset && s.tries == 0;
  const bool success = !forgot && !(s.tries == 0 ? random_.chance(0.02) : random_.chance(0.16));
  draft.outcome(success);
  if (success) {
    s.tries = 0;
    s.stage = p.mfa ? Stage::kMfa : Stage::kBrowse;
    s.goal = Stage::kLogin;
    if (random_.chance(0.09)) {
      later(20 + random_.below(200), {random_.next() >> 8, s.person, Later::Kind::kMail, Mail::kLoginAlert});
    }
    return;
  }
  draft.set(Field::kReason, random_.chance(0.9) ? "bad_password" : "expired_password");
  ++s.tries;
  if (forgot) {
    s.stage = Stage::kReset;
  } else if (s.tries >= 4) {
    visit(s);
  }
}

void Calm::browse(Draft& draft, Session& s) {
  if (random_.chance(0.14)) {
    static const WeightedPick kSectionPick{34, 32, 10, 12, 12};
    s.section = static_cast<Section>(kSectionPick.draw(random_));
  }
  const auto section = static_cast<std::size_t>(s.section);
  const Path& path = paths()[path_numbers_[section][path_picks_[section].draw(random_)]];
  const Person& p = population_[s.person];
  draft.begin(EventType::kApiRequest, s.edge);
  put_user(draft, p);
  put_session(draft, s);
  put_request(draft, path, random_.word());
  put_answer(draft, path, random_);
  const DeviceKind kind = agents()[s.agent].kind;
  if (kind == DeviceKind::kDesktop && (s.id & 3) == 0) draft.set(Field::kReferrer, "https://www.harbour.example/");
  if (kind == DeviceKind::kApp && random_.chance(0.012)) {
    draft.late_millis = 65'000 + random_.below(235'000);  // the phone had no network
  }
  if (s.section == Section::kCheckout && path.ok == 201 && path.text == "/v1/orders" &&
      draft.number_of(Field::kStatus) == 201) {
    later(200 + random_.below(2'000), {random_.next() >> 8, s.person, Later::Kind::kMail, Mail::kReceipt});
  }
  if (s.section == Section::kAccount && random_.chance(0.012)) s.stage = Stage::kChangePassword;
  if (--s.left == 0) {
    if (random_.chance(0.42)) {
      s.left = 1;
      s.stage = Stage::kLogout;
    } else {
      visit(s);
    }
  }
}

void Calm::mail(Draft& draft, const Later& what) {
  const Person& p = population_[what.person];
  const std::uint8_t provider_number = mail_domains()[p.domain].provider;
  const MailProvider& provider = mail_providers()[provider_number];
  Delivery delivery = Delivery::kSent;
  if (what.kind == Later::Kind::kMail) {
    later(std::min(60 + random_.log_normal(provider.speed, 200), 12'000U),
          {what.message, what.person, Later::Kind::kFate, what.mail, 0});
  } else if (what.tries == 9) {
    delivery = Delivery::kComplained;
  } else {
    const std::uint32_t luck = random_.below(10'000);
    const std::uint32_t bounce = what.mail == Mail::kNewsletter ? provider.bounce * 2 : provider.bounce;
    if (luck < bounce) {
      delivery = Delivery::kBounced;
    } else if (luck < bounce + provider.defer && what.tries < 3) {
      delivery = Delivery::kDeferred;
      const auto tries = static_cast<std::uint8_t>(what.tries + 1);
      later(4'000 + random_.below(10'000), {what.message, what.person, Later::Kind::kFate, what.mail, tries});
    } else {
      delivery = Delivery::kDelivered;
      const bool unasked = what.mail == Mail::kNewsletter || what.mail == Mail::kInvite;
      if (unasked && random_.below(10'000) < provider.complain * 3) {
        later(3'000 + random_.below(12'000), {what.message, what.person, Later::Kind::kFate, what.mail, 9});
      }
    }
  }
  draft.begin(EventType::kEmailSend, (what.message & 3) != 0 ? Source::kMail1 : Source::kMail2);
  put_email(draft, Field::kRecipient, p);
  put_user(draft, p);
  put_mail(draft, what.mail, what.message, provider_number, delivery, random_);
}

void Calm::newsletter(Draft& draft) {
  subscriber_ = (subscriber_ + 7'919) % Population::kPeople;
  mail(draft, {random_.next() >> 8, subscriber_, Later::Kind::kMail, Mail::kNewsletter});
}

void Calm::bots(Draft& draft) {
  const Bot& bot = kBots[bot_pick().draw(random_)];
  const Network& network = networks()[bot.network];
  draft.begin(EventType::kApiRequest, static_cast<Source>(random_.below(5)));
  draft.set_ip(network.host(bot.first_host + random_.below(bot.hosts)));
  draft.network(network);
  draft.set(Field::kUserAgent, bot.agent);
  static constexpr Path kPage{Section::kCatalog, "GET", "/v1/products/", PathKind::kProduct, 0, 180, 190, 200, 5'200};
  static constexpr Path kMap{Section::kCatalog, "GET", "/sitemap.xml", PathKind::kPlain, 0, 520, 160, 200, 88'000};
  static constexpr Path kRobots{Section::kCatalog, "GET", "/robots.txt", PathKind::kPlain, 0, 30, 100, 200, 300};
  static constexpr Path kHealth{Section::kFeed, "GET", "/healthz", PathKind::kPlain, 0, 22, 80, 200, 15};
  static constexpr Path kRss{Section::kFeed, "GET", "/feed.xml", PathKind::kPlain, 0, 310, 150, 200, 31'000};
  switch (bot.kind) {
    case kMonitor:
      put_request(draft, kHealth, 0);
      put_answer(draft, 200, random_.log_normal(22, 80), 15);
      return;
    case kScanner:
      draft.set(Field::kMethod, "GET");
      draft.set(Field::kPath, kProbed[random_.below(kProbed.size())]);
      put_answer(draft, 404, random_.log_normal(30, 120), 240);
      return;
    case kFeed: put_request(draft, kRss, 0); return put_answer(draft, kRss, random_);
    case kCrawler: break;
  }
  const std::uint32_t what = random_.below(100);
  const Path& path = what < 3 ? kRobots : what < 6 ? kMap : kPage;
  put_request(draft, path, random_.word());
  // Crawlers follow old links.
  if (what >= 93) return put_answer(draft, 404, random_.log_normal(60, 140), 240);
  put_answer(draft, path, random_);
}

void Calm::partners(Draft& draft) {
  const std::uint32_t which = random_.below(kPartners);
  const std::uint32_t fixed = static_cast<std::uint32_t>(mix(which) >> 32);
  const Network& network =
      networks()[(which & 1) != 0 ? kFirstHosting + fixed % kHostings : kFirstOffice + fixed % kOffices];
  draft.begin(EventType::kApiRequest, edge_of(countries()[network.country], fixed));
  draft.set_made(Field::kUserId, [&](Pen& pen) { pen.put("svc-").dec(100 + which); });
  draft.set_ip(network.host(fixed >> 8 | 16));
  draft.network(network);
  draft.set(Field::kUserAgent, kPartnerAgents[fixed % kPartnerAgents.size()]);
  static constexpr std::array<Path, 4> kCalls{
      Path{Section::kAccount, "GET", "/v1/partner/orders", PathKind::kPlain, 0, 700, 220, 200, 42'000},
      Path{Section::kAccount, "GET", "/v1/partner/stock", PathKind::kPlain, 0, 410, 190, 200, 17'000},
      Path{Section::kAccount, "POST", "/v1/partner/shipments", PathKind::kPlain, 0, 380, 190, 201, 600},
      Path{Section::kAccount, "PUT", "/v1/partner/prices", PathKind::kPlain, 0, 520, 200, 200, 300},
  };
  const Path& path = kCalls[(fixed + random_.below(2)) % kCalls.size()];
  put_request(draft, path, 0);
  put_answer(draft, path, random_);
}

/// Somebody or something tries a name that does not exist. There is always a little of that.
void Calm::stray_login(Draft& draft) {
  const Network& network = networks()[kFirstHome + random_.below(kHomes)];
  draft.begin(EventType::kLogin, identity_service_of(countries()[network.country]));
  draft.set(Field::kUserId, kTypedNames[random_.below(kTypedNames.size())]);
  draft.set_ip(network.host(random_.word()));
  draft.network(network);
  draft.set(Field::kUserAgent, agents()[random_.below(10)].text);
  draft.set(Field::kAuthMethod, "password");
  draft.outcome(false);
  draft.set(Field::kReason, "invalid_user");
}

/// What producers get wrong: an old edge that knows less and now and then sends nonsense, gaps in the optional fields.
void Calm::blemish(Draft& draft) {
  const std::uint32_t luck = blemishes_.below(100'000);
  if (luck >= 4'000) [[likely]]
    return;
  constexpr FieldSet kPlace = bit(Field::kCountry) | bit(Field::kAsn);
  if (draft.type == EventType::kEmailSend) {
    if (luck < 20) draft.flaw = Flaw::kUnknownDelivery;
    if (luck >= 3'000) draft.drop(bit(Field::kProvider));
    return;
  }
  if (luck >= 3'000) return draft.drop(kPlace);
  if (luck >= 2'400) return draft.drop(bit(Field::kUserAgent));
  if (luck >= 1'800) return draft.drop(bit(Field::kDeviceId));
  if (draft.type != EventType::kApiRequest) return;
  draft.source = Source::kEdgeOld;
  draft.drop(bit(Field::kLatencyMs) | bit(Field::kBytes) | bit(Field::kSessionId));
  if (luck >= 60) return;
  static constexpr std::array kFlaws{Flaw::kNoIp,          Flaw::kNoIp,      Flaw::kStatusAsText, Flaw::kBadIp,
                                     Flaw::kNoIp,          Flaw::kCutOff,    Flaw::kNoIp,         Flaw::kUnknownType,
                                     Flaw::kNoSpecversion, Flaw::kClockAhead};
  draft.flaw = kFlaws[luck % kFlaws.size()];
}

}  // namespace weir::simulate

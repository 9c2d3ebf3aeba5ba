// Attacks on accounts: taking over, making false ones, asking for resets. Each goes step by step through many accounts at a time.
#include <array>

#include "simulate/attack.h"

namespace weir::simulate {
namespace {

/// A dozen takeovers at a time, each a story of some twenty events.
class Takeover final : public RampedAttack {
 public:
  Takeover(const Population& people, Episodes& episodes)
      : RampedAttack(Scenario::kAccountTakeover, intensity_of(0.05), 6'000, people, episodes) {
    for (Job& job : jobs_) begin(job);
  }

 private:
  enum class Step : std::uint8_t {
    kFail,
    kReset,
    kResetMail,
    kNewPassword,
    kLogin,
    kMfaFail1,
    kMfaFail2,
    kMfaFail3,
    kMfa,
    kAlert,
    kAlertFate,
    kMe,
    kCards,
    kAddresses,
    kOrders,
    kPassword,
    kPasswordMail,
    kPasswordMailFate,
    kMailAddress,
    kMfaEnrol,
    kPay1,
    kPay2,
    kReceipt,
    kReceiptFate,
    kDone,
  };
  struct Job {
    const Person* victim = nullptr;
    const Network* network = nullptr;
    Address ip;
    std::uint64_t session = 0, alert = 0, changed = 0, receipt = 0;
    std::uint32_t device = 0;
    std::uint8_t agent = 0;
    bool by_reset = false;
    Step step = Step::kFail;
  };

  void begin(Job& job) {
    job.victim = &anybody();
    do job.ip = fresh_home(job.network);
    while (job.network->country == job.victim->country);  // from abroad
    job.session = random_.next() >> 16;
    job.alert = random_.next() >> 8;
    job.changed = random_.next() >> 8;
    job.receipt = random_.next() >> 8;
    job.device = random_.word();
    job.agent = static_cast<std::uint8_t>(random_.below(10));
    job.by_reset = random_.chance(0.45);
    job.step = job.by_reset || random_.chance(0.4) ? Step::kFail : Step::kLogin;
  }

  /// What comes next; steps that do not fit this victim are left out.
  void advance(Job& job) {
    job.step = static_cast<Step>(static_cast<int>(job.step) + 1);
    if (job.step == Step::kReset && !job.by_reset) job.step = Step::kLogin;
    if (job.step == Step::kMfaFail1 && !job.victim->mfa) job.step = Step::kAlert;
    if ((job.step == Step::kMfaFail2 || job.step == Step::kMfaFail3) && random_.chance(0.3)) job.step = Step::kMfa;
    if (job.step == Step::kPassword && job.by_reset) job.step = Step::kMailAddress;
    if (job.step == Step::kDone) begin(job);
  }

  void account(Draft& draft, const Job& job, EventType type) {
    draft.begin(type, identity_service_of(countries()[job.victim->country]));
    put_user(draft, *job.victim);
  }
  void place(Draft& draft, const Job& job) {
    put_place(draft, job.ip, *job.network, agents()[job.agent].text);
    draft.set(Field::kSessionId, job.session);
    draft.set(Field::kDeviceId, std::uint64_t{job.device});
  }
  void api(Draft& draft, const Job& job, std::string_view method, std::string_view text) {
    const Path& path = path_named(method, text);
    draft.begin(EventType::kApiRequest, edge_of(countries()[job.victim->country], 1));
    put_user(draft, *job.victim);
    put_request(draft, path, 0);
    put_answer(draft, path, random_);
    place(draft, job);
  }
  void mail(Draft& draft, const Job& job, Mail what, std::uint64_t message, Delivery delivery) {
    draft.begin(EventType::kEmailSend, Source::kMail1);
    put_email(draft, Field::kRecipient, *job.victim);
    put_user(draft, *job.victim);
    put_mail(draft, what, message, mail_domains()[job.victim->domain].provider, delivery, random_);
  }

  void make(Draft& draft, std::int64_t) override {
    Job& job = jobs_[random_.below(static_cast<std::uint32_t>(jobs_.size()))];
    switch (job.step) {
      case Step::kFail:
      case Step::kLogin:
        account(draft, job, EventType::kLogin);
        draft.outcome(job.step == Step::kLogin);
        if (job.step == Step::kFail) draft.set(Field::kReason, "bad_password");
        draft.set(Field::kAuthMethod, "password");
        place(draft, job);
        break;
      case Step::kReset:
        account(draft, job, EventType::kPasswordReset);
        put_email(draft, Field::kEmail, *job.victim);
        place(draft, job);
        break;
      case Step::kNewPassword:
      case Step::kPassword:
        account(draft, job, EventType::kPasswordChange);
        draft.outcome(true);
        place(draft, job);
        break;
      case Step::kMfaFail1:
      case Step::kMfaFail2:
      case Step::kMfaFail3:
      case Step::kMfa:
      case Step::kMfaEnrol:
        account(draft, job, EventType::kMfa);
        draft.outcome(job.step == Step::kMfa || job.step == Step::kMfaEnrol);
        draft.set(Field::kAuthMethod, job.step == Step::kMfaEnrol ? "totp_enrol" : "push");
        place(draft, job);
        break;
      case Step::kResetMail: mail(draft, job, Mail::kPasswordReset, job.receipt ^ 1, Delivery::kSent); break;
      case Step::kAlert: mail(draft, job, Mail::kLoginAlert, job.alert, Delivery::kSent); break;
      case Step::kAlertFate: mail(draft, job, Mail::kLoginAlert, job.alert, Delivery::kDelivered); break;
      case Step::kPasswordMail: mail(draft, job, Mail::kPasswordChanged, job.changed, Delivery::kSent); break;
      case Step::kPasswordMailFate: mail(draft, job, Mail::kPasswordChanged, job.changed, Delivery::kDelivered); break;
      case Step::kReceipt: mail(draft, job, Mail::kReceipt, job.receipt, Delivery::kSent); break;
      case Step::kReceiptFate: mail(draft, job, Mail::kReceipt, job.receipt, Delivery::kDelivered); break;
      case Step::kMe: api(draft, job, "GET", "/v1/me"); break;
      case Step::kCards: api(draft, job, "GET", "/v1/me/payment-methods"); break;
      case Step::kAddresses: api(draft, job, "GET", "/v1/me/addresses"); break;
      case Step::kOrders: api(draft, job, "GET", "/v1/orders"); break;
      case Step::kMailAddress: api(draft, job, "PATCH", "/v1/me/settings"); break;
      case Step::kPay1:
      case Step::kPay2: api(draft, job, "POST", "/v1/orders"); break;
      case Step::kDone: break;
    }
    advance(job);
  }

  std::array<Job, 12> jobs_;
};

/// One script on one machine with a handful of addresses; names are counted up.
class SignupFraud final : public RampedAttack {
 public:
  SignupFraud(const Population& people, Episodes& episodes)
      : RampedAttack(Scenario::kSignupFraud, intensity_of(0.10), 6'000, people, episodes),
        network_(networks()[kFirstHosting + random_.below(kHostings)]),
        device_(random_.word()),
        first_host_(random_.below(16'000)),
        first_name_(random_.below(64)),
        name_(random_.below(4'000)),
        account_(4'000'000 + random_.below(1'000'000)) {
    for (Job& job : jobs_) begin(job);
  }

 private:
  struct Job {
    std::uint32_t name = 0;
    std::uint64_t message = 0;
    std::uint8_t domain = 0, step = 0;
  };
  void begin(Job& job) {
    job = {name_++, random_.next() >> 8, static_cast<std::uint8_t>(std::min(random_.below(5), random_.below(5))), 0};
  }
  void address(Pen& pen, const Job& job) const {
    pen.put(first_names()[first_name_]).put('.').put(last_names()[(first_name_ * 7) % 64]).dec_padded(job.name, 5);
    pen.put('@').put(throwaway_domains()[job.domain]);
  }
  void user(Draft& draft, const Job& job) const {
    draft.set_made(Field::kUserId, [&](Pen& pen) { write_user_id(pen, account_ + job.name); });
  }
  void place(Draft& draft) {
    put_place(draft, network_.host(first_host_ + random_.below(3)), network_,
              "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/124.0.6367.78 "
              "Safari/537.36");
    draft.set(Field::kDeviceId, std::uint64_t{device_});
  }

  void make(Draft& draft, std::int64_t) override {
    Job& job = jobs_[random_.below(static_cast<std::uint32_t>(jobs_.size()))];
    switch (job.step++) {
      case 0:
        draft.begin(EventType::kSignup, Source::kIdEu);
        user(draft, job);
        draft.set_made(Field::kEmail, [&](Pen& pen) { address(pen, job); });
        place(draft);
        return;
      case 1:
      case 2: {
        draft.begin(EventType::kEmailSend, Source::kMail1);
        user(draft, job);
        draft.set_made(Field::kRecipient, [&](Pen& pen) { address(pen, job); });
        const Delivery fate = random_.chance(0.35) ? Delivery::kBounced : Delivery::kDelivered;
        put_mail(draft, Mail::kWelcome, job.message, 4, job.step == 2 ? Delivery::kSent : fate, random_);
        return;
      }
      default: {
        const Path& path = path_named("POST", "/v1/coupons/redeem");
        draft.begin(EventType::kApiRequest, Source::kEdgeEu1);
        user(draft, job);
        put_request(draft, path, 0);
        put_answer(draft, random_.chance(0.2) ? 409 : 200, random_.log_normal(path.median_tenths, path.sigma),
                   path.bytes);
        place(draft);
        begin(job);
        return;
      }
    }
  }

  const Network& network_;
  const std::uint32_t device_, first_host_, first_name_;
  std::uint32_t name_;
  const std::uint32_t account_;
  std::array<Job, 16> jobs_;
};

/// A few hundred rented home addresses ask for resets of everybody.
class ResetFlood final : public RampedAttack {
 public:
  ResetFlood(const Population& people, Episodes& episodes)
      : RampedAttack(Scenario::kPasswordResetFlood, intensity_of(0.08), 5'000, people, episodes) {
    for (Place& place : places_) place.ip = fresh_home(place.network);
    for (Job& job : jobs_) begin(job);
  }

 private:
  struct Place {
    Address ip;
    const Network* network = nullptr;
  };
  struct Job {
    const Person* victim = nullptr;
    std::uint64_t message = 0;
    std::uint8_t step = 0;
  };
  void begin(Job& job) { job = {&anybody(), random_.next() >> 8, 0}; }

  void make(Draft& draft, std::int64_t) override {
    Job& job = jobs_[random_.below(static_cast<std::uint32_t>(jobs_.size()))];
    if (job.step == 0) {
      const Place& place = places_[random_.below(static_cast<std::uint32_t>(places_.size()))];
      draft.begin(EventType::kPasswordReset, identity_service_of(countries()[job.victim->country]));
      const bool unknown = random_.chance(0.2);
      if (unknown) {
        Person stranger = *job.victim;
        stranger.tag = static_cast<std::uint16_t>(1'000 + random_.below(9'000));
        draft.set_made(Field::kUserId, [&](Pen& pen) { write_email(pen, stranger); });
        put_email(draft, Field::kEmail, stranger);
      } else {
        put_user(draft, *job.victim);
        put_email(draft, Field::kEmail, *job.victim);
      }
      put_place(draft, place.ip, *place.network,
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:109.0) Gecko/20100101 Firefox/115.0");
      if (unknown) return begin(job);  // nobody to write to
      ++job.step;
      return;
    }
    draft.begin(EventType::kEmailSend, Source::kMail2);
    put_email(draft, Field::kRecipient, *job.victim);
    put_user(draft, *job.victim);
    const std::uint8_t provider = mail_domains()[job.victim->domain].provider;
    const bool bounces = random_.below(10'000) < mail_providers()[provider].bounce;
    put_mail(draft, Mail::kPasswordReset, job.message, provider,
             job.step == 1 ? Delivery::kSent
             : bounces     ? Delivery::kBounced
                           : Delivery::kDelivered,
             random_);
    if (++job.step == 3) begin(job);
  }

  std::array<Place, 300> places_;
  std::array<Job, 64> jobs_;
};

}  // namespace

std::unique_ptr<Attack> make_takeover(const Population& p, Episodes& e) { return std::make_unique<Takeover>(p, e); }
std::unique_ptr<Attack> make_signup_fraud(const Population& p, Episodes& e) {
  return std::make_unique<SignupFraud>(p, e);
}
std::unique_ptr<Attack> make_reset_flood(const Population& p, Episodes& e) {
  return std::make_unique<ResetFlood>(p, e);
}

}  // namespace weir::simulate

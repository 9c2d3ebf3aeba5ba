// Attacks by mass: copying the catalogue, flooding the API, sending mail nobody asked for.
#include <array>

#include "simulate/attack.h"

namespace weir::simulate {
namespace {

/// Six servers of one network, product by product.
class Scraping final : public RampedAttack {
 public:
  Scraping(const Population& people, Episodes& episodes)
      : RampedAttack(Scenario::kApiScraping, intensity_of(0.40), 6'000, people, episodes),
        network_(networks()[kFirstHosting + random_.below(kHostings)]),
        first_host_(random_.below(16'000)) {}

 private:
  void make(Draft& draft, std::int64_t) override {
    const std::uint32_t server = random_.below(6);
    draft.begin(EventType::kApiRequest, server < 3 ? Source::kEdgeEu1 : Source::kEdgeEu2);
    const std::uint32_t product = 10'000 + next_++ % 60'000;
    draft.set(Field::kMethod, "GET");
    draft.set_made(Field::kPath, [&](Pen& pen) { pen.put("/v1/products/").dec(product); });
    if (random_.chance(0.4)) {
      put_answer(draft, 429, random_.log_normal(15, 100), 120);
    } else if (product >= 14'000 && random_.chance(0.3)) {
      put_answer(draft, 404, random_.log_normal(60, 140), 240);
    } else {
      put_answer(draft, 200, random_.log_normal(200, 190), random_.log_normal(5'200, 140));
    }
    put_place(draft, network_.host(first_host_ + server), network_,
              (server & 1) != 0 ? "Scrapy/2.11.1 (+https://scrapy.example)"
                                : "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
                                  "Chrome/109.0.0.0 Safari/537.36");
  }

  const Network& network_;
  const std::uint32_t first_host_;
  std::uint32_t next_ = 0;
};

/// A botnet on the dearest page, with a new question each time so that no cache helps. Everybody feels it.
class Flood final : public RampedAttack {
 public:
  Flood(const Population& people, Episodes& episodes)
      : RampedAttack(Scenario::kApiFlood, intensity_of(1.8), 8'000, people, episodes) {
    for (Bot& bot : bots_) bot.ip = fresh_home(bot.network);
  }

  Strain strain(std::int64_t elapsed) override {
    const std::uint32_t r = ramp(elapsed);
    return {256 + static_cast<std::uint32_t>(std::uint64_t{1'280} * r >> 16),
            static_cast<std::uint32_t>(std::uint64_t{500'000'000} * r >> 16)};
  }

 private:
  struct Bot {
    Address ip;
    const Network* network = nullptr;
  };

  void make(Draft& draft, std::int64_t elapsed) override {
    static constexpr std::array<std::string_view, 3> kAgents{
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/103.0.0.0 "
        "Safari/537.36",
        "Mozilla/5.0 (Windows NT 6.1; rv:52.0) Gecko/20100101 Firefox/52.0",
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)"};
    const std::uint32_t which = random_.below(static_cast<std::uint32_t>(bots_.size()));
    const Bot& bot = bots_[which];
    draft.begin(EventType::kApiRequest, static_cast<Source>(which % 5));
    draft.set(Field::kMethod, "GET");
    draft.set_made(Field::kPath, [&](Pen& pen) { pen.put("/v1/search?q=").hex_padded(random_.next(), 10); });
    // The longer it lasts, the less gets through.
    const std::uint32_t luck = random_.below(100) * 65'536 / (ramp(elapsed) + 1);
    if (luck < 52) {
      put_answer(draft, 503, random_.log_normal(9'000, 260), 160);
    } else if (luck < 66) {
      put_answer(draft, 504, 100'000 + random_.log_normal(9'000, 120), 160);
    } else if (luck < 74) {
      put_answer(draft, 429, random_.log_normal(20, 100), 120);
    } else {
      put_answer(draft, 200, random_.log_normal(16'000, 260), random_.log_normal(900, 140));
    }
    put_place(draft, bot.ip, *bot.network, kAgents[which % kAgents.size()]);
  }

  std::array<Bot, 4'000> bots_;
};

/// Three taken-over accounts write to a bought list.
class EmailAbuse final : public RampedAttack {
 public:
  EmailAbuse(const Population& people, Episodes& episodes)
      : RampedAttack(Scenario::kEmailAbuse, intensity_of(0.24), 6'000, people, episodes) {
    for (Sender& sender : senders_) {
      sender.account = &anybody();
      sender.ip = fresh_home(sender.network);
      sender.device = random_.word();
    }
    for (Job& job : jobs_) begin(job);
  }

 private:
  struct Sender {
    const Person* account = nullptr;
    Address ip;
    const Network* network = nullptr;
    std::uint32_t device = 0;
  };
  struct Job {
    const Sender* sender = nullptr;
    Person recipient;
    std::uint64_t message = 0;
    std::uint8_t step = 0;
  };
  void begin(Job& job) {
    job.sender = &senders_[random_.below(static_cast<std::uint32_t>(senders_.size()))];
    job.recipient = anybody();
    job.recipient.tag = static_cast<std::uint16_t>(random_.below(10'000));  // lists are old and partly guessed
    job.message = random_.next() >> 8;
    job.step = 0;
  }

  void make(Draft& draft, std::int64_t) override {
    Job& job = jobs_[random_.below(static_cast<std::uint32_t>(jobs_.size()))];
    const Sender& sender = *job.sender;
    if (job.step == 0) {
      const Path& path = path_named("POST", "/v1/messages");
      draft.begin(EventType::kApiRequest, Source::kEdgeEu2);
      put_user(draft, *sender.account);
      put_request(draft, path, 0);
      put_answer(draft, 201, random_.log_normal(path.median_tenths, path.sigma), path.bytes);
      put_place(draft, sender.ip, *sender.network, "python-requests/2.31.0");
      draft.set(Field::kDeviceId, std::uint64_t{sender.device});
      ++job.step;
      return;
    }
    Delivery delivery = Delivery::kSent;
    if (job.step == 2)
      delivery = random_.chance(0.26)   ? Delivery::kBounced
                 : random_.chance(0.12) ? Delivery::kDeferred
                                        : Delivery::kDelivered;
    if (job.step == 3) delivery = Delivery::kComplained;
    draft.begin(EventType::kEmailSend, Source::kMail1);
    put_email(draft, Field::kRecipient, job.recipient);
    put_user(draft, *sender.account);
    put_mail(draft, Mail::kMessage, job.message, mail_domains()[job.recipient.domain].provider, delivery, random_);
    ++job.step;
    const bool over = job.step == 4 || (job.step == 3 && (delivery != Delivery::kDelivered || !random_.chance(0.10)));
    if (over) begin(job);
  }

  std::array<Sender, 3> senders_;
  std::array<Job, 200> jobs_;
};

}  // namespace

std::unique_ptr<Attack> make_scraping(const Population& p, Episodes& e) { return std::make_unique<Scraping>(p, e); }
std::unique_ptr<Attack> make_flood(const Population& p, Episodes& e) { return std::make_unique<Flood>(p, e); }
std::unique_ptr<Attack> make_email_abuse(const Population& p, Episodes& e) {
  return std::make_unique<EmailAbuse>(p, e);
}

}  // namespace weir::simulate

#include "load.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace weir::testing {
namespace {

std::string rfc3339(Millis time) {
  const std::time_t seconds = time / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:03}Z", text, time % 1000);
}

class Producer {
 public:
  Producer(std::string name, std::uint64_t seed) : name_(std::move(name)), chance_(seed) {}

  std::vector<Sent> next_request() {
    std::vector<Sent> request;
    const std::uint64_t size = below(10) == 0 ? 1 + below(800) : 1 + below(60);
    for (std::uint64_t i = 0; i < size; ++i) request.push_back(next_event());
    return request;
  }
  std::uint64_t below(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(chance_); }

 private:
  Sent next_event() {
    constexpr Millis kMinute = 60'000, kHour = 60 * kMinute;
    const std::string id = fmt::format("{}-{}", name_, ++made_);
    const Millis now = now_millis();
    const std::uint64_t kind = below(100);
    if (kind < 8 && !recent_.empty()) return recent_[below(recent_.size())];  // a duplicate
    if (kind < 11) return {Sent::Fate::kReject, fmt::format("bad-{} {{", id), "", "", 0};
    if (kind < 13) return {Sent::Fate::kReject, fmt::format(R"({{"specversion":"1.0","id":"{}"}})", id), "", "", 0};
    if (kind < 14) return {Sent::Fate::kReject, fmt::format("\xff\x01 {}", id), "", "", 0};
    if (kind < 15) return {Sent::Fate::kReject, good_event("/crash/future", id, now + kHour).raw, "", "", 0};
    Sent event = good_event(below(2) == 0 ? "/crash/a" : "/crash/b", id, now);
    if (kind < 25) event = good_event(event.source, id, now - kMinute - static_cast<Millis>(below(20 * kHour)));
    if (kind == 25) {
      event = good_event(event.source, id, now - 30 * kHour - static_cast<Millis>(below(30 * kHour)));
      event.fate = Sent::Fate::kEither;
    }
    if (kind == 26)
      event.source = "/crash/twin", event = good_event(event.source, fmt::format("twin-{}", below(500)), now);
    if (event.fate == Sent::Fate::kEvent && event.source != "/crash/twin") {
      if (recent_.size() < 2'000) {
        recent_.push_back(event);
      } else {
        recent_[below(recent_.size())] = event;
      }
    }
    return event;
  }

  const std::string name_;
  std::mt19937_64 chance_;
  std::uint64_t made_ = 0;
  std::vector<Sent> recent_;
};

}  // namespace

Sent good_event(const std::string& source, const std::string& id, Millis time) {
  Sent event{Sent::Fate::kEvent, "", source, id, time};
  event.raw = fmt::format(
      R"({{"specversion":"1.0","type":"account.login","source":"{}","id":"{}","time":"{}","data":{{"user_id":"u{}","ip":"192.0.2.{}","outcome":"{}"}}}})",
      source, id, rfc3339(time), id.size() % 7, id.back() % 9, time % 3 == 0 ? "failure" : "success");
  return event;
}

Load::Load(const Program& program, Oracle& oracle, std::string name, std::uint64_t seed, int connections) {
  for (int c = 0; c < connections; ++c) {
    threads_.emplace_back([&program, &oracle, name, seed, c](std::stop_token stop) {
      Producer producer(fmt::format("{}-{}", name, c), seed + static_cast<std::uint64_t>(c));
      while (!stop.stop_requested()) {
        const std::vector<Sent> request = producer.next_request();
        std::vector<std::string> lines;
        for (const Sent& s : request) lines.push_back(s.raw);
        const int status = program.post(lines).status;
        // 0: no answer, so it may have arrived; 503: refused, or arrived all the same (see ports/log.h).
        oracle.sent(request, status == 202);
        std::this_thread::sleep_for(std::chrono::milliseconds(status == 202 ? producer.below(10) : 20));
      }
    });
  }
}

}  // namespace weir::testing

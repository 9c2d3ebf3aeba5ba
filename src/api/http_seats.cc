#include "api/http_seats.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>

#include "base/check.h"

namespace weir::http {

Seats::Answer Seats::take(const std::string& client, Clock::time_point now) {
  std::lock_guard lock(mutex_);
  Answer answer;
  const auto mine = of_client_.find(client);
  const bool share_is_used = mine != of_client_.end() && mine->second >= limits_.of_one_client;
  if (share_is_used || taken_ >= limits_.all) {
    answer.leaving = who_gives_way(share_is_used ? &client : nullptr, now);
    if (answer.leaving == 0) {
      answer.verdict = share_is_used ? Verdict::kClientFull : Verdict::kFull;
      return answer;
    }
    Seat& seat = seats_.at(answer.leaving);
    forget(seat);
    seat.leaving = true;
  }
  answer.verdict = Verdict::kSeated;
  answer.number = ++last_;
  seats_.emplace(answer.number, Seat{.client = client, .idle_since = now});
  ++of_client_[client];
  ++taken_;
  return answer;
}

std::uint64_t Seats::who_gives_way(const std::string* client, Clock::time_point now) const {
  std::uint64_t found = 0;
  std::tuple<std::size_t, bool, Clock::duration> best;
  for (const auto& [number, seat] : seats_) {
    if (seat.busy || seat.leaving || now - seat.idle_since < limits_.spared) continue;
    if (client != nullptr && seat.client != *client) continue;
    const std::tuple rank(of_client_.at(seat.client), !seat.asked, now - seat.idle_since);
    if (found == 0 || rank > best) {
      found = number;
      best = rank;
    }
  }
  return found;
}

void Seats::forget(const Seat& seat) {
  --taken_;
  const auto count = of_client_.find(seat.client);
  if (--count->second == 0) of_client_.erase(count);
}

void Seats::set_busy(std::uint64_t number) {
  std::lock_guard lock(mutex_);
  Seat& seat = seats_.at(number);
  seat.busy = seat.asked = true;
}

void Seats::set_idle(std::uint64_t number, Clock::time_point now) {
  std::lock_guard lock(mutex_);
  Seat& seat = seats_.at(number);
  seat.busy = false;
  seat.idle_since = now;
}

void Seats::leave(std::uint64_t number) {
  std::lock_guard lock(mutex_);
  const auto found = seats_.find(number);
  WEIR_CHECK(found != seats_.end(), "seat {} is not taken", number);
  if (!found->second.leaving) forget(found->second);
  seats_.erase(found);
}

std::size_t Seats::taken() const {
  std::lock_guard lock(mutex_);
  return taken_;
}

std::string client_of(const std::string& address) {
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::array<unsigned char, 16> bytes{};
  const std::string plain = address.substr(0, address.find('%'));  // without a zone: fe80::1%eth0
  if (inet_pton(AF_INET6, plain.c_str(), bytes.data()) != 1) return address;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) {
    inet_ntop(AF_INET, bytes.data() + 12, text.data(), text.size());
    return text.data();
  }
  std::memset(bytes.data() + 8, 0, 8);
  inet_ntop(AF_INET6, bytes.data(), text.data(), text.size());
  return text.data() + std::string("/64");
}

}  // namespace weir::http

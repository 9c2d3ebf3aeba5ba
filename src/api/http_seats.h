// Who has a connection to a listener: how many in all, how many of one client, and who gives way when all seats are taken.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

namespace weir::http {

/// Thread-safe. Knows nothing of sockets.
class Seats {
 public:
  using Clock = std::chrono::steady_clock;
  struct Limits {
    std::size_t all;
    std::size_t of_one_client;
    std::chrono::milliseconds spared;  // an idle connection does not have to give way before it was idle for so long
  };
  explicit Seats(const Limits& limits) : limits_(limits) {}

  enum class Verdict : std::uint8_t {
    kSeated,
    kFull,        // all seats are taken, and nobody is idle
    kClientFull,  // this client has its share, and none of its connections is idle
  };
  struct Answer {
    Verdict verdict = Verdict::kFull;
    std::uint64_t number = 0;   // of the seat, never 0; give it back with leave()
    std::uint64_t leaving = 0;  // this seat's connection is to be ended now, for the new one; 0: nobody
  };
  /// A seat for a new connection of `client`, which is idle at first. Where there is none, an idle connection gives way: of
  /// this client if its share is used up; else of the client that has the most; of those first one that never asked
  /// anything, then the one that was idle for the longest time. So who only holds connections loses them, and cannot keep others out.
  Answer take(const std::string& client, Clock::time_point now);

  /// A request has come, and is being answered.
  void set_busy(std::uint64_t number);
  void set_idle(std::uint64_t number, Clock::time_point now);
  void leave(std::uint64_t number);

  /// Seats taken, without those that are leaving.
  std::size_t taken() const;

 private:
  struct Seat {
    std::string client;
    Clock::time_point idle_since;
    bool busy = false, asked = false, leaving = false;
  };
  std::uint64_t who_gives_way(const std::string* client, Clock::time_point now) const;
  void forget(const Seat& seat);

  const Limits limits_;
  mutable std::mutex mutex_;
  // guarded by mutex_
  std::unordered_map<std::uint64_t, Seat> seats_;
  std::unordered_map<std::string, std::size_t> of_client_;  // without those that are leaving
  std::size_t taken_ = 0;
  std::uint64_t last_ = 0;
};

/// Whose connection it is, for counting: an IPv4 address; of an IPv6 address the first 64 bits, which belong to one customer.
std::string client_of(const std::string& address);

}  // namespace weir::http

#include "api/http_seats.h"

#include <gtest/gtest.h>

#include <vector>

namespace weir::http {
namespace {

using std::chrono::milliseconds;
using Verdict = Seats::Verdict;
constexpr Seats::Clock::time_point kStart{};

TEST(Seats, AreLimitedInAllAndForOneClient) {
  Seats seats({.all = 4, .of_one_client = 2, .spared = milliseconds(100)});
  const auto first = seats.take("a", kStart);
  EXPECT_EQ(first.verdict, Verdict::kSeated);
  EXPECT_EQ(seats.take("a", kStart).verdict, Verdict::kSeated);
  EXPECT_EQ(seats.take("a", kStart).verdict, Verdict::kClientFull);
  EXPECT_EQ(seats.take("b", kStart).verdict, Verdict::kSeated);
  EXPECT_EQ(seats.take("c", kStart).verdict, Verdict::kSeated);
  EXPECT_EQ(seats.take("d", kStart).verdict, Verdict::kFull);
  seats.leave(first.number);
  EXPECT_EQ(seats.take("d", kStart).verdict, Verdict::kSeated);
  EXPECT_EQ(seats.taken(), 4U);
}

TEST(Seats, TheIdleGiveWayTheBusyDoNot) {
  Seats seats({.all = 3, .of_one_client = 3, .spared = milliseconds(100)});
  std::vector<std::uint64_t> taken;
  for (int i = 0; i < 3; ++i) taken.push_back(seats.take("a", kStart).number);
  seats.set_busy(taken[0]);
  seats.set_busy(taken[1]);
  seats.set_idle(taken[1], kStart + milliseconds(50));
  EXPECT_EQ(seats.take("b", kStart + milliseconds(99)).verdict, Verdict::kFull);  // all are spared, or busy
  // First who never asked, then who is idle, and never who is busy.
  const auto b = seats.take("b", kStart + milliseconds(200));
  EXPECT_EQ(b.leaving, taken[2]);
  const auto c = seats.take("c", kStart + milliseconds(200));
  EXPECT_EQ(c.leaving, taken[1]);
  EXPECT_EQ(seats.take("d", kStart + milliseconds(200)).verdict, Verdict::kFull);
  EXPECT_EQ(seats.taken(), 3U);
  for (const std::uint64_t number : {taken[0], taken[1], taken[2], b.number, c.number}) seats.leave(number);
  EXPECT_EQ(seats.taken(), 0U);
}

TEST(Seats, WhoHasTheMostGivesWayFirst) {
  Seats seats({.all = 4, .of_one_client = 3, .spared = milliseconds(10)});
  const auto lonely = seats.take("lonely", kStart);
  std::vector<std::uint64_t> many;
  for (int i = 0; i < 3; ++i) many.push_back(seats.take("greedy", kStart + milliseconds(i + 1)).number);
  // Though the lonely one has been idle for longer.
  EXPECT_EQ(seats.take("new", kStart + milliseconds(100)).leaving, many[0]);
  // A client with its share used up loses one of its own.
  seats.take("greedy", kStart + milliseconds(100));
  EXPECT_EQ(seats.take("greedy", kStart + milliseconds(200)).leaving == lonely.number, false);
}

TEST(Seats, AHundredThousandIdleConnectionsOfOneClientKeepNobodyOut) {
  Seats seats({.all = 200, .of_one_client = 100, .spared = milliseconds(1)});
  for (int i = 0; i < 100'000; ++i) {
    const auto now = kStart + milliseconds(i * 2);
    const auto answer = seats.take("flood", now);
    ASSERT_EQ(answer.verdict, Verdict::kSeated);
    if (answer.leaving != 0) seats.leave(answer.leaving);
    if (i % 1000 == 0) {
      const auto other = seats.take("other", now);
      ASSERT_EQ(other.verdict, Verdict::kSeated);
      ASSERT_EQ(other.leaving, 0U);
      seats.leave(other.number);
    }
  }
  EXPECT_EQ(seats.taken(), 100U);
}

TEST(Seats, ClientsAreCountedByWhatTheyCannotChange) {
  EXPECT_EQ(client_of("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client_of("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(client_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(client_of("2001:db8:1:2::9"), "2001:db8:1:2::/64");
  EXPECT_EQ(client_of("fe80::1%eth0"), "fe80::/64");
  EXPECT_EQ(client_of("::1"), "::/64");
  EXPECT_EQ(client_of(""), "");
}

}  // namespace
}  // namespace weir::http

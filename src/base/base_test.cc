#include <gtest/gtest.h>

#include <thread>

#include "base/base64.h"
#include "base/bounded_queue.h"
#include "base/clock.h"
#include "base/json_text.h"
#include "base/metrics.h"

namespace weir {
namespace {

TEST(BoundedQueue, IsFullByBytesAndTakesAnOversizeItemWhenEmpty) {
  BoundedQueue<int> queue(10);
  EXPECT_TRUE(queue.try_push(1, 50));
  EXPECT_FALSE(queue.try_push(2, 1));
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_TRUE(queue.try_push(3, 6));
  EXPECT_FALSE(queue.try_push(4, 5));
  EXPECT_TRUE(queue.try_push(5, 4));
  EXPECT_EQ(queue.bytes(), 10U);
}

TEST(BoundedQueue, CloseWakesEverybodyAndGivesWhatIsLeft) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(queue.try_push(1, 1));
  std::jthread pusher([&] { EXPECT_FALSE(queue.push(2, 1)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  queue.close();
  pusher.join();
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), std::nullopt);
  EXPECT_FALSE(queue.try_push(3, 1));
}

TEST(BoundedQueue, PushWaitsForRoom) {
  BoundedQueue<int> queue(1);
  ASSERT_TRUE(queue.try_push(1, 1));
  std::jthread pusher([&] { EXPECT_TRUE(queue.push(2, 1)); });
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_EQ(queue.pop(), 2);
}

TEST(ManualClock, JumpsLeaveSteadyTimeAlone) {
  ManualClock clock(UnixMillis(1'000));
  const auto before = clock.steady();
  clock.jump_to(UnixMillis(500));
  EXPECT_EQ(clock.steady(), before);
  clock.advance(std::chrono::milliseconds(7));
  EXPECT_EQ(clock.now(), UnixMillis(507));
  EXPECT_EQ(clock.steady() - before, std::chrono::milliseconds(7));
}

TEST(JsonText, EscapesAndRepairs) {
  std::string out;
  append_json_string(out, "a\"b\\c\n\x01\x7f\xc3\xa9\xff\xed\xa0\x80");
  EXPECT_EQ(out, "\"a\\\"b\\\\c\\n\\u0001\x7f\xc3\xa9\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

TEST(JsonText, KnowsUtf8) {
  for (std::string_view good : {"", "a", "\x7f\xc3\xa9", "\xF0\x9F\x98\x80"}) EXPECT_TRUE(is_utf8(good)) << good;
  for (std::string_view bad : {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf", "\xF4\x90\x80\x80"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
}

TEST(Base64, GivesBackEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  for (std::size_t size = 0; size <= all.size(); ++size) {
    const std::string_view bytes = std::string_view(all).substr(all.size() - size);
    std::string text;
    append_base64(text, bytes);
    EXPECT_EQ(text.size() % 4, 0U);
    EXPECT_EQ(decode_base64(text), bytes) << size;
  }
  std::string text;
  append_base64(text, "\xff{\n");
  EXPECT_EQ(text, "/3sK");
  append_base64(text, "ab");
  EXPECT_EQ(text, "/3sKYWI=");
  EXPECT_FALSE(decode_base64("a b"));
}

TEST(Metrics, TextHasTheNamesOfTheContract) {
  Metrics metrics;
  metrics.events_received.Increment(3);
  metrics.events_admitted("account.login").Increment();
  metrics.events_rejected("too_large").Increment();
  metrics.worker_lag(0).Set(1);
  metrics.http_requests("/readyz", "GET", 200).Increment();
  metrics.http_request_seconds("/readyz").Observe(0.1);
  metrics.queue_bytes("append").Set(0);
  const std::string text = metrics.text();
  for (const char* line : {"weir_events_received_total 3", "weir_events_admitted_total{type=\"account.login\"} 1",
                           "weir_events_duplicate_total 0", "weir_events_rejected_total{reason=\"too_large\"} 1",
                           "weir_worker_lag_events{partition=\"0\"} 1", "weir_freshness_seconds_count 0",
                           "weir_store_insert_seconds_sum 0", "weir_findings_open{level=\"high\"} 0",
                           "weir_queue_bytes{queue=\"append\"} 0", "weir_build_info{version="}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
}

}  // namespace
}  // namespace weir

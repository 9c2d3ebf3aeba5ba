#include "api/live_hub.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/http_server.h"
#include "api/test_client.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using test::Client;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(Sse, AMessage) {
  EXPECT_EQ(sse_message("overview", "{}"), "event: overview\ndata: {}\n\n");
  EXPECT_EQ(sse_message("x", "a\nb"), "event: x\ndata: a\ndata: b\n\n");
}

class LiveHubTest : public ::testing::Test {
 protected:
  void start(LiveOptions options = {}) {
    hub_ = std::make_unique<LiveHub>(
        [this]() -> Result<std::string> {
          ++asked_;
          if (failing_) return fail(Code::kUnavailable, "away");
          return "{\"n\":" + std::to_string(number_.load()) + ",\"pad\":\"" + std::string(padding_, 'p') + "\"}";
        },
        metrics_, options);
    table_.add(hub_->route());
    server_ = HttpServer::create({{"127.0.0.1:0", "test", &table_}}, 2, metrics_).value();
    port_ = server_->ports().at(0);
  }
  ~LiveHubTest() override {
    hub_.reset();
    server_.reset();
  }
  /// What arrives within `time`.
  static std::string listen(Client& client, milliseconds time) {
    std::string all;
    const auto until = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < until) all += client.read_some();
    return all;
  }
  static int count(std::string_view text, std::string_view what) {
    int n = 0;
    for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++n;
    return n;
  }

  std::atomic<int> asked_{0}, number_{0};
  std::atomic<bool> failing_{false};
  std::atomic<std::size_t> padding_{0};
  Metrics metrics_;
  OpenAuthorizer authorizer_;
  AccessGuard guard_{true, authorizer_};
  ManualClock clock_{UnixMillis(0)};
  TaskPool work_{"work", 1, 8};
  TaskPool queries_{"queries", 1, 2};
  std::unique_ptr<LiveHub> hub_;
  RouteTable table_{RouteTable::Context{guard_, work_, queries_, clock_, metrics_}};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(LiveHubTest, NobodyIsAskedWhileNobodyLooks) {
  start();
  std::this_thread::sleep_for(milliseconds(300));
  EXPECT_EQ(asked_, 0);
}

TEST_F(LiveHubTest, TheOverviewComesAtOnceAndKeepsComing) {
  start();
  Client client(port_), other(port_);
  const auto began = std::chrono::steady_clock::now();
  client.send(test::request_text("GET", "/api/v1/live"));
  const test::Answer head = client.read_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-type"), "text/event-stream");
  std::string first;
  while (count(first, "event: overview\ndata: {\"n\":0") == 0) first += client.read_some();
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(500));
  // Unchanged: slower, but no silence.
  const int still = count(listen(client, milliseconds(1000)), "event: overview");
  EXPECT_GE(still, 3);
  EXPECT_LE(still, 6);
  other.send(test::request_text("GET", "/api/v1/live"));
  EXPECT_EQ(other.read_head().status, 200);
  const int asked = asked_;
  std::atomic<bool> done{false};
  std::thread change([&] {
    while (!done) {
      ++number_;
      std::this_thread::sleep_for(milliseconds(5));
    }
  });
  const int moving = count(listen(client, milliseconds(1000)), "event: overview");
  done = true;
  change.join();
  EXPECT_GE(moving, 6);
  EXPECT_LE(moving, 11);
  EXPECT_LE(asked_ - asked, 12);  // made once for both
  EXPECT_EQ(hub_->clients(), 2U);
}

TEST_F(LiveHubTest, FindingsAreSentToAll) {
  start();
  Client client(port_);
  client.send(test::request_text("GET", "/api/v1/live"));
  EXPECT_EQ(client.read_head().status, 200);
  while (hub_->clients() == 0) std::this_thread::sleep_for(milliseconds(1));
  hub_->publish("finding", R"({"id":"f"})");
  std::string all;
  while (all.find("event: finding\ndata: {\"id\":\"f\"}\n\n") == std::string::npos) {
    const std::string more = client.read_some();
    ASSERT_FALSE(more.empty());
    all += more;
  }
}

TEST_F(LiveHubTest, AFailingOverviewIsNoEndAndLeavesAComment) {
  failing_ = true;
  start({.keep_alive = milliseconds(50)});
  Client client(port_);
  client.send(test::request_text("GET", "/api/v1/live"));
  client.read_head();
  std::string all;
  while (all.find(": still here") == std::string::npos) {
    const std::string more = client.read_some();
    ASSERT_FALSE(more.empty());
    all += more;
  }
  failing_ = false;
  while (all.find("event: overview") == std::string::npos) all += client.read_some();
}

TEST_F(LiveHubTest, ASlowClientIsCutOffAndTheRestGoOn) {
  padding_ = 200'000;
  start({.tick = milliseconds(10), .patience = milliseconds(300)});
  Client slow(port_, 4096), quick(port_);
  slow.send(test::request_text("GET", "/api/v1/live"));
  quick.send(test::request_text("GET", "/api/v1/live"));
  quick.read_head();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(8);
  int seen = 0;
  while (metrics_.live_clients_dropped.Value() < 1 && std::chrono::steady_clock::now() < until) {
    ++number_;
    seen += count(quick.read_some(), "event: overview");
  }
  EXPECT_EQ(metrics_.live_clients_dropped.Value(), 1);
  EXPECT_EQ(hub_->clients(), 1U);
  EXPECT_GT(seen, 5);
  slow.read_all();
  EXPECT_FALSE(slow.timed_out());
}

TEST_F(LiveHubTest, HeadIsAnsweredAndDoesNotListen) {
  start();
  Client client(port_);
  client.send(test::request_text("HEAD", "/api/v1/live"));
  const auto head = client.read_answer(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-type"), "text/event-stream");
  EXPECT_EQ(hub_->clients(), 0U);
  client.send(test::request_text("HEAD", "/api/v1/live"));
  EXPECT_EQ(client.read_answer(true).status, 200) << "the connection goes on";
}

TEST_F(LiveHubTest, StopEndsTheStreams) {
  start();
  Client client(port_);
  client.send(test::request_text("GET", "/api/v1/live"));
  client.read_head();
  while (hub_->clients() == 0) std::this_thread::sleep_for(milliseconds(1));
  hub_->stop();
  std::string all;
  while (!all.ends_with("0\r\n\r\n")) {
    const std::string more = client.read_some();
    ASSERT_FALSE(more.empty());
    all += more;
  }
  EXPECT_EQ(test::ask(port_, "GET", "/api/v1/live").status, 503);
}

TEST_F(LiveHubTest, ClientsThatLeaveAreForgottenAndTooManyAreTurnedAway) {
  start({.clients = 2});
  auto one = std::make_unique<Client>(port_);
  Client two(port_);
  for (Client* client : {one.get(), &two}) {
    client->send(test::request_text("GET", "/api/v1/live"));
    EXPECT_EQ(client->read_head().status, 200);
  }
  EXPECT_EQ(test::ask(port_, "GET", "/api/v1/live").status, 503);
  one.reset();
  for (int i = 0; i < 500 && hub_->clients() > 1; ++i) {
    ++number_;
    std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(hub_->clients(), 1U);
}

}  // namespace
}  // namespace weir

#include "api/routes_queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "api/http_server.h"
#include "api/test_client.h"

namespace weir {
namespace {

using test::Answer;
using test::ask;
using ::testing::HasSubstr;

/// Has no rows, and remembers what it was asked.
class EmptyStore final : public StoreReader {
 public:
  Result<std::string> select(const Select& select) override {
    std::unique_lock lock(mutex_);
    if (failure) return std::unexpected(*failure);
    asked.push_back(select);
    changed_.notify_all();
    if (select.sql.find(held_) != std::string::npos) changed_.wait(lock, [&] { return held_ == kNothing; });
    return std::string();
  }
  Result<std::string> check() override { return "empty"; }
  std::optional<Error> failure;
  std::vector<Select> asked;

  /// Questions with this text are not answered before release().
  void hold(std::string_view text) {
    std::lock_guard lock(mutex_);
    held_ = text;
  }
  void release() { hold(kNothing), changed_.notify_all(); }
  void wait_until_asked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !asked.empty(); });
  }

 private:
  static constexpr std::string_view kNothing = "(nothing)";
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string_view held_ = kNothing;
};

class RoutesQueriesTest : public testing::Test {
 protected:
  RoutesQueriesTest() {
    table_.add(query_routes({.context = {store_, clock_}, .overview = overview_, .quality = [] {
                               return QualityInputs{.freshness = {1, 2, 3}, .warnings = {"careful"}};
                             }}));
    server_ = HttpServer::create({{"127.0.0.1:0", "test", &table_}}, 2, metrics_).value();
    port_ = server_->ports().at(0);
  }
  ~RoutesQueriesTest() override { server_.reset(); }

  Answer get(const std::string& path) { return ask(port_, "GET", "/api/v1/" + path); }
  void expect_names(const std::string& path, const std::string& parameter) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 400) << path << answer.body;
    EXPECT_EQ(answer.header("content-type"), "application/problem+json") << path;
    EXPECT_THAT(answer.body, HasSubstr(parameter)) << path;
  }

  EmptyStore store_;
  OpenAuthorizer authorizer_;
  Metrics metrics_;
  AccessGuard guard_{true, authorizer_};
  ManualClock clock_{UnixMillis(1'790'000'000'000)};
  OverviewSource overview_{{store_, clock_}, [] { return std::string("[]"); }};
  TaskPool work_{"work", 1, 8};
  TaskPool queries_{"queries", 2, 8};
  RouteTable table_{RouteTable::Context{guard_, work_, queries_, clock_, metrics_}};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(RoutesQueriesTest, AnswersEveryQuestion) {
  for (std::string path :
       {"metrics", "series?metric=events", "series?metric=events&step=1m&by=type&from=now-2h&to=now-1h",
        "top?dimension=ip&metric=events", "events", "events?type=account.login&type=account.signup&limit=1000",
        "rejects", "rejects?reason=too_large&source=x", "rejects?field=data.ip&source=", "rejects/groups",
        "rejects/groups?from=now-7d&limit=5", "quality", "overview", "search?q=x", "search?q=%00%22'&kind=event"}) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 200) << path << answer.body;
    EXPECT_EQ(answer.header("content-type"), "application/json") << path;
  }
  EXPECT_THAT(get("quality").body, HasSubstr(R"("p99":3.0)"));
  EXPECT_THAT(get("overview").body, HasSubstr(R"("state":"normal")"));
}

TEST_F(RoutesQueriesTest, PassesFiltersOn) {
  ASSERT_EQ(get("events?user_id=a%00b%5C&user_id=x&from=now-1m").status, 200);
  std::vector<std::string> values;
  for (const auto& [name, value] : store_.asked.at(0).params) values.push_back(value);
  EXPECT_THAT(values, testing::Contains("a\\0b\\\\"));
  EXPECT_THAT(values, testing::Contains("x"));
}

TEST_F(RoutesQueriesTest, NamesTheParameterThatIsWrong) {
  expect_names("events?colour=red", "colour");
  expect_names("events?limit=0", "limit");
  expect_names("events?limit=1001", "limit");
  expect_names("events?from=whenever", "from");
  expect_names("events?from=now&to=now-1h", "from");
  expect_names("events?status=700", "status");
  for (std::string cursor : {"garbage", "AAAA", "%00", "eyJhIjoxfQ==", "%00%ff"})
    expect_names("rejects?cursor=" + cursor, "cursor");
  expect_names("rejects/groups?from=now&to=now-1h", "from");
  expect_names("rejects/groups?limit=0", "limit");
  expect_names("events?cursor=" + std::string(400, '9'), "cursor");
  expect_names("series?from=now-5m", "metric");
  expect_names("series?metric=nonsense", "metric");
  expect_names("series?metric=events&step=7m", "step");
  expect_names("series?metric=events&by=nonsense", "by");
  expect_names("series?metric=events&step=1s&from=now-4h", "step");
  expect_names("top?dimension=nonsense&metric=events", "dimension");
  expect_names("top?dimension=ip&metric=nonsense", "metric");
  expect_names("top?dimension=ip", "metric");
  expect_names("search?q=", "q");
  expect_names("search?q=%20", "q");
  expect_names("search", "q");
  expect_names("search?q=x&kind=nonsense", "kind");
  expect_names("quality?bogus_parameter=1", "bogus_parameter");
  expect_names("overview?bogus_parameter=1", "bogus_parameter");
  expect_names("metrics?bogus_parameter=1", "bogus_parameter");
  EXPECT_TRUE(store_.asked.empty());
}

TEST_F(RoutesQueriesTest, WhoAskTheSameAtTheSameTimeAreAnsweredByOneComputation) {
  store_.hold("FROM rollups");
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> clients;
    const auto ask_too = [&] {
      clients.emplace_back([&] { good += get("top?dimension=type&metric=events").status == 200 ? 1 : 0; });
    };
    ask_too();
    store_.wait_until_asked();
    for (int i = 0; i < 5; ++i) ask_too();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    // Of two threads one is with the store; the five others wait without one.
    EXPECT_EQ(get("rejects").status, 200);
    store_.release();
  }
  EXPECT_EQ(good, 6);
  const auto tops = std::ranges::count_if(
      store_.asked, [](const Select& one) { return one.sql.find("FROM rollups") != std::string::npos; });
  EXPECT_LT(tops, 6);  // one, when all came in time
}

TEST_F(RoutesQueriesTest, AnEntityThatWasNeverSeenIsA404) {
  for (std::string path :
       {"user/x", "ip/nowhere", "ip/192.0.2.1", "asn/x", "asn/64500", "nonsense/x", "user/..%2f..%2fetc"}) {
    EXPECT_EQ(get("entities/" + path).status, 404) << path;
  }
}

TEST_F(RoutesQueriesTest, AStoreThatIsAwayIsA503) {
  store_.failure = Error{Code::kUnavailable, "the store does not answer"};
  for (std::string path :
       {"series?metric=events", "top?dimension=ip&metric=events", "events", "rejects", "quality", "overview"}) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 503) << path;
    EXPECT_FALSE(answer.header("retry-after").empty()) << path;
  }
  store_.failure = Error{Code::kInvalid, "Syntax error"};
  EXPECT_EQ(get("events").status, 500);
}

}  // namespace
}  // namespace weir

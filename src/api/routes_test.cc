#include "api/routes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/http_server.h"
#include "api/listen_address.h"
#include "api/problem.h"
#include "api/routes_system.h"
#include "api/test_client.h"

namespace weir {
namespace {

using test::Answer;
using test::ask;
using ::testing::HasSubstr;

class FakeBooks final : public LedgerSource {
 public:
  Result<Ledger> ledger() override {
    if (away) return fail(Code::kUnavailable, "the store does not answer");
    return Ledger{.received = 10,
                  .admitted = 6,
                  .duplicate = 1,
                  .rejected = 2,
                  .in_flight = 1,
                  .stored = 5,
                  .expired = 1,
                  .rolled_up = 6};
  }
  std::atomic<bool> away{false};
};

class FakeHealth final : public HealthSource {
 public:
  std::vector<ComponentHealth> components() override {
    return {{"log", "memory", Health::kOk, 0.5, ""},
            {"store", "a \"quoted\" engine", Health::kDegraded, std::nullopt, "slow"}};
  }
  Status ready() override {
    if (!is_ready) return fail(Code::kUnavailable, "the log cannot be written: no space");
    return {};
  }
  double uptime_seconds() const override { return 12.5; }
  void refresh_metrics() override {}
  std::atomic<bool> is_ready{true};
};

class FakeSimulation final : public SimulationControl {
 public:
  SimulationState state() const override {
    std::lock_guard lock(mutex_);
    return state_;
  }
  std::vector<ScenarioText> scenarios() const override {
    return {{"mixed", "Mixed", "Everything."}, {"brute_force", "Brute force", "One account, many tries."}};
  }
  Result<SimulationState> change(const SimulationChange& change) override {
    std::lock_guard lock(mutex_);
    if (change.running) state_.running = *change.running;
    if (change.rate) state_.rate = *change.rate;
    if (change.attack) state_.attack = *change.attack;
    return state_;
  }

 private:
  mutable std::mutex mutex_;
  SimulationState state_{true, 2000, std::nullopt};
};

class FakeAuthorizer final : public Authorizer {
 public:
  bool required() const override { return is_required; }
  Verdict check(std::string_view secret, std::string_view scope) const override {
    if (secret != "reader") return Verdict::kUnknown;
    return scope == "read" ? Verdict::kAllowed : Verdict::kLacksScope;
  }
  std::atomic<bool> is_required{false};
};

class RoutesTest : public ::testing::Test {
 protected:
  RoutesTest() {
    table_.add(system_routes(books_, health_, simulation_, metrics_));
    table_.add(Route{.method = "GET",
                     .path = "/api/v1/things/{kind}/{id}",
                     .summary = "for this test",
                     .query = {limit_param(),
                               cursor_param(),
                               {.name = "from", .type = ParamType::kTime},
                               {.name = "user", .repeated = true},
                               {.name = "step", .type = ParamType::kChoice, .choices = {"1s", "1m"}}},
                     .answer = [](const RouteRequest& r) {
                       std::string users;
                       for (const auto& user : r.query.all("user")) users += "<" + user + ">";
                       return json_response(fmt::format("{} {} {} {} {} {}", r.path.at(0), r.path.at(1),
                                                        r.query.integer("limit").value(), users, r.query.text("step"),
                                                        r.query.time("from").value_or(UnixMillis(0)).value));
                     }});
    table_.add(Route{
        .method = "GET", .path = "/files/{name}.json", .summary = "for this test", .answer = [](const RouteRequest& r) {
          return json_response(r.path.at(0));
        }});
    table_.add(Route{.method = "GET",
                     .path = "/api/v1/throws",
                     .summary = "for this test",
                     .run = Run::kQuery,
                     .answer = [](const RouteRequest&) -> HttpResponse { throw std::runtime_error("inside"); }});
    table_.add(Route{.method = "GET",
                     .path = "/api/v1/slow",
                     .summary = "for this test",
                     .run = Run::kQuery,
                     .answer = [this](const RouteRequest&) {
                       std::unique_lock lock(mutex_);
                       gate_.wait(lock, [&] { return open_; });
                       return json_response("{}");
                     }});
    table_.set_fallback(Route{
        .method = "GET", .path = "/", .summary = "the page", .scope = Scope::kOpen, .answer = [](const RouteRequest&) {
          return HttpResponse{.content_type = "text/html", .body = "page"};
        }});
    server_ = HttpServer::create({{"127.0.0.1:0", "test", &table_}}, 2, metrics_).value();
    port_ = server_->ports().at(0);
  }
  ~RoutesTest() override { server_.reset(); }

  static void expect_problem(const Answer& answer, int status, const std::string& says) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(answer.header("content-type"), "application/problem+json");
    EXPECT_THAT(answer.body, HasSubstr("\"status\":" + std::to_string(status)));
    EXPECT_THAT(answer.body, HasSubstr(says));
  }

  FakeBooks books_;
  FakeHealth health_;
  FakeSimulation simulation_;
  FakeAuthorizer authorizer_;
  Metrics metrics_;
  AccessGuard guard_{true, authorizer_};
  ManualClock clock_{UnixMillis(1'700'000'000'000)};
  std::mutex mutex_;
  std::condition_variable gate_;
  bool open_ = false;
  TaskPool work_{"work", 1, 8};
  TaskPool queries_{"queries", 1, 2};
  RouteTable table_{RouteTable::Context{guard_, work_, queries_, clock_, metrics_}};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(RoutesTest, LedgerHealthAndReadiness) {
  Answer answer = ask(port_, "GET", "/api/v1/ledger");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(
      answer.body,
      R"({"received":10,"admitted":6,"duplicate":1,"rejected":2,"in_flight":1,"stored":5,"expired":1,"rolled_up":6,"balanced":true})");
  books_.away = true;
  answer = ask(port_, "GET", "/api/v1/ledger");
  expect_problem(answer, 503, "the store does not answer");
  EXPECT_FALSE(answer.header("retry-after").empty());
  answer = ask(port_, "GET", "/api/v1/health");
  EXPECT_EQ(
      answer.body,
      R"({"status":"degraded","version":"0.1.0","uptime_s":12.5,"components":[{"name":"log","engine":"memory","status":"ok","latency_ms":0.500,"message":""},{"name":"store","engine":"a \"quoted\" engine","status":"degraded","latency_ms":null,"message":"slow"}]})");
  EXPECT_EQ(ask(port_, "GET", "/healthz").status, 200);
  EXPECT_EQ(ask(port_, "GET", "/readyz").status, 200);
  health_.is_ready = false;
  expect_problem(ask(port_, "GET", "/readyz"), 503, "no space");
}

TEST_F(RoutesTest, UnknownPathsAndMethods) {
  expect_problem(ask(port_, "GET", "/api/v1/nothing-here"), 404, "nothing-here");
  expect_problem(ask(port_, "GET", "/api"), 404, "/api");
  expect_problem(ask(port_, "GET", "/api/v1/things/a/"), 404, "/api/v1/things/a/");
  const Answer answer = ask(port_, "PATCH", "/api/v1/simulation", "{}", "Content-Type: application/json\r\n");
  expect_problem(answer, 405, "PUT");
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, PUT");
  EXPECT_EQ(ask(port_, "POST", "/healthz", "{}").header("allow"), "GET, HEAD");
  EXPECT_EQ(ask(port_, "HEAD", "/healthz").status, 200);
  EXPECT_EQ(ask(port_, "GET", "/anything/else").body, "page");
  EXPECT_EQ(ask(port_, "GET", "/../../etc/passwd").body, "page");
  EXPECT_EQ(ask(port_, "DELETE", "/anything").status, 405);
}

TEST_F(RoutesTest, ParametersAreChecked) {
  const std::string path = "/api/v1/things/user/a%2Fb%20c";
  EXPECT_EQ(ask(port_, "GET", path).body, "user a/b c 100   0");
  EXPECT_EQ(ask(port_, "GET", path + "?limit=7&user=x+y&user=%C3%A9&step=1m&from=now-15m&cursor=aZ-_").body,
            "user a/b c 7 <x y><é> 1m " + std::to_string(1'700'000'000'000 - 15 * 60'000));
  EXPECT_EQ(ask(port_, "GET", path + "?from=2023-11-14T22:13:20.5Z").body, "user a/b c 100   1700000000500");
  EXPECT_EQ(ask(port_, "GET", path + "?&&&user=").body, "user a/b c 100 <>  0");
  for (const auto& [query, name] :
       std::vector<std::pair<std::string, std::string>>{{"bogus_parameter=1", "bogus_parameter"},
                                                        {"limit=", "limit"},
                                                        {"limit=0", "limit"},
                                                        {"limit=1001", "limit"},
                                                        {"limit=ten", "limit"},
                                                        {"limit=1.5", "limit"},
                                                        {"limit=-1", "limit"},
                                                        {"limit=99999999999999999999", "limit"},
                                                        {"limit=1&limit=2", "limit"},
                                                        {"limit=%zz", "limit"},
                                                        {"cursor=%00%ff", "cursor"},
                                                        {"cursor=", "cursor"},
                                                        {"cursor=eyJhIjoxfQ==", "cursor"},
                                                        {"cursor=" + std::string(500, '9'), "cursor"},
                                                        {"from=whenever", "from"},
                                                        {"from=now-", "from"},
                                                        {"from=now-5y", "from"},
                                                        {"from=now-1", "from"},
                                                        {"from=now-99999999999d", "from"},
                                                        {"from=2026-13-45", "from"},
                                                        {"step=7m", "step"},
                                                        {"user=%ff", "user"},
                                                        {"%00=%00", ""},
                                                        {"%zz=1", "%zz"}}) {
    expect_problem(ask(port_, "GET", path + "?" + query), 400, name);
  }
  expect_problem(ask(port_, "GET", "/api/v1/things/user/%zz"), 400, "percent-encoded");
  expect_problem(ask(port_, "GET", "/api/v1/things/user/%ff"), 400, "UTF-8");
  EXPECT_EQ(ask(port_, "GET", "/files/a.b.json").body, "a.b");
  EXPECT_EQ(ask(port_, "GET", "/files/.json").body, "page");
}

TEST_F(RoutesTest, TheSimulationIsChangedInPart) {
  const auto put = [&](std::string_view body, std::string_view type = "application/json") {
    return ask(port_, "PUT", "/api/v1/simulation", body, "Content-Type: " + std::string(type) + "\r\n");
  };
  const std::string before = ask(port_, "GET", "/api/v1/simulation").body;
  EXPECT_THAT(before, HasSubstr(R"("running":true,"rate":2000,"attack":null,"scenarios":[{"name":"mixed")"));
  for (const std::string_view body :
       {R"([])", R"(null)", R"("x")", R"({"rate":"x"})", R"({"rate":-1})", R"({"rate":1e99})", R"({"running":1})",
        R"({"attack":"nonsense"})", R"({"attack":7})", R"({"attack":""})", R"({"rate":5,"colour":"red"})"}) {
    expect_problem(put(body), 422, "");
  }
  for (const std::string& body :
       {std::string(), std::string("{"), std::string(50'000, '{'), std::string("{\"rate\":}")}) {
    expect_problem(put(body), 400, "");
  }
  expect_problem(put(R"({"rate":5})", "text/plain"), 415, "application/json");
  expect_problem(put(R"({"rate":5})", "application/json\r\nContent-Encoding: gzip"), 415, "Content-Encoding");
  expect_problem(put("{\"attack\":\"" + std::string(70'000, 'x') + "\"}"), 413, "");
  EXPECT_EQ(ask(port_, "GET", "/api/v1/simulation").body, before);
  EXPECT_THAT(put(R"({"rate":0.5,"attack":"brute_force"})", "application/json; charset=utf-8").body,
              HasSubstr(R"("running":true,"rate":0.5,"attack":"brute_force")"));
  EXPECT_THAT(put(R"({"running":false,"rate":0})").body,
              HasSubstr(R"("running":false,"rate":0,"attack":"brute_force")"));
  EXPECT_THAT(put(R"({"attack":null})").body, HasSubstr(R"("attack":null)"));
  EXPECT_EQ(put("{}").status, 200);
}

TEST_F(RoutesTest, AnExceptionIsA500AndTheServerGoesOn) {
  expect_problem(ask(port_, "GET", "/api/v1/throws"), 500, "log");
  EXPECT_EQ(ask(port_, "GET", "/healthz").status, 200);
}

TEST_F(RoutesTest, AFullPoolIsA503) {
  std::vector<std::unique_ptr<test::Client>> clients;
  for (int i = 0; i < 3; ++i) {  // one runs, two wait
    clients.push_back(std::make_unique<test::Client>(port_));
    clients.back()->send(test::request_text("GET", "/api/v1/slow"));
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  const Answer answer = ask(port_, "GET", "/api/v1/slow");
  expect_problem(answer, 503, "waiting");
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_EQ(ask(port_, "GET", "/healthz").status, 200);
  {
    std::lock_guard lock(mutex_);
    open_ = true;
    gate_.notify_all();
  }
  for (auto& client : clients) EXPECT_EQ(client->read_answer().status, 200);
}

TEST_F(RoutesTest, MetricsNameRouteMethodAndCode) {
  ask(port_, "GET", "/api/v1/things/user/a");
  ask(port_, "GET", "/api/v1/things/user/a?x=1");
  ask(port_, "BREW", "/api/v1/nowhere");
  const Answer answer = ask(port_, "GET", "/metrics");
  EXPECT_THAT(answer.header("content-type"), HasSubstr("version=0.0.4"));
  EXPECT_THAT(answer.body,
              HasSubstr(R"(weir_http_requests_total{code="200",method="GET",route="/api/v1/things/{kind}/{id}"} 1)"));
  EXPECT_THAT(answer.body,
              HasSubstr(R"(weir_http_requests_total{code="400",method="GET",route="/api/v1/things/{kind}/{id}"} 1)"));
  EXPECT_THAT(answer.body, HasSubstr(R"(weir_http_requests_total{code="404",method="other",route="none"} 1)"));
  EXPECT_THAT(answer.body, HasSubstr(R"(weir_http_request_seconds_count{route="/api/v1/things/{kind}/{id}"} 2)"));
}

/// A request as another program or page would send it.
Answer ask_as(std::uint16_t port, const std::string& method, const std::string& target, const std::string& host,
              const std::string& headers = "") {
  test::Client client(port);
  const std::string body = method == "GET" ? "" : "{}";
  client.send(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + headers +
              "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  return client.read_answer();
}

TEST_F(RoutesTest, NoPageOfAnotherSiteMayAsk) {
  const std::string path = "/api/v1/simulation";
  for (const char* host :
       {"localhost", "LOCALHOST:3000", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:3000", "127.8.9.1:1"}) {
    EXPECT_EQ(ask_as(port_, "PUT", path, host).status, 200) << host;
  }
  for (const char* host : {"evil.example", "evil.example:3000", "127.0.0.1.evil.example", "localhost.evil.example",
                           "10.0.0.1", "[::2]", "", "localhost:x", "[::1", "user@localhost"}) {
    expect_problem(ask_as(port_, "PUT", path, host), 403, "Host");
    EXPECT_EQ(ask_as(port_, "GET", "/", host).status, 403) << host;
  }
  EXPECT_EQ(
      ask_as(port_, "PUT", path, "localhost:3000", "Origin: http://localhost:3000\r\nSec-Fetch-Site: same-origin\r\n")
          .status,
      200);
  for (const char* headers :
       {"Origin: http://evil.example\r\n", "Origin: null\r\n", "Origin: http://localhost:5173\r\n",
        "Origin: http://127.0.0.1:3000\r\n", "Origin: \r\n", "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n"}) {
    expect_problem(ask_as(port_, "PUT", path, "localhost:3000", headers), 403, "another site");
  }
  EXPECT_EQ(
      ask_as(port_, "GET", path, "localhost:3000", "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n").status,
      403);
  EXPECT_EQ(ask_as(port_, "GET", "/", "localhost:3000",
                   "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n")
                .status,
            200);
  EXPECT_EQ(ask_as(port_, "GET", "/", "localhost:3000",
                   "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n")
                .status,
            403);
  EXPECT_EQ(ask_as(port_, "GET", "http://evil.example" + path, "localhost:3000").status, 403);
  const Answer preflight = ask_as(port_, "OPTIONS", path, "localhost:3000",
                                  "Origin: http://evil.example\r\nAccess-Control-Request-Method: PUT\r\n");
  EXPECT_EQ(preflight.status, 403);
  EXPECT_EQ(preflight.header("access-control-allow-origin"), "");
}

TEST_F(RoutesTest, TokensAndScopes) {
  authorizer_.is_required = true;
  Answer answer = ask(port_, "GET", "/api/v1/ledger");
  expect_problem(answer, 401, "token");
  EXPECT_EQ(answer.header("www-authenticate"), "Bearer");
  expect_problem(ask(port_, "GET", "/api/v1/ledger", "", "Authorization: Bearer stranger\r\n"), 401, "not known");
  expect_problem(ask(port_, "GET", "/api/v1/ledger", "", "Authorization: Basic reader\r\n"), 401, "token");
  EXPECT_EQ(ask(port_, "GET", "/api/v1/ledger", "", "Authorization: bearer reader\r\n").status, 200);
  expect_problem(ask(port_, "PUT", "/api/v1/simulation", "{}",
                     "Authorization: Bearer reader\r\nContent-Type: application/json\r\n"),
                 403, "admin");
  EXPECT_EQ(ask(port_, "GET", "/metrics").status, 401);
  for (const char* open : {"/healthz", "/readyz", "/", "/app.js"})
    EXPECT_EQ(ask(port_, "GET", open).status, 200) << open;
}

TEST(ListenAddress, IsReadAndGuarded) {
  const auto v4 = parse_listen_address("127.0.0.1:3000");
  ASSERT_TRUE(v4);
  EXPECT_EQ(v4->port, 3000);
  EXPECT_TRUE(v4->loopback);
  EXPECT_EQ(parse_listen_address("localhost:1")->host, "127.0.0.1");
  EXPECT_TRUE(parse_listen_address("[::1]:3000")->loopback);
  EXPECT_FALSE(parse_listen_address("0.0.0.0:3000")->loopback);
  EXPECT_FALSE(parse_listen_address("[::]:3000")->loopback);
  for (const char* wrong : {"", "3000", "nowhere:port", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1",
                            "::1:3000", "[127.0.0.1]:1", "host.example:1", ":3000"}) {
    const auto address = parse_listen_address(wrong);
    ASSERT_FALSE(address) << wrong;
    EXPECT_EQ(address.error().code, Code::kInvalid);
  }
  EXPECT_TRUE(check_listen_address("127.0.0.1:1", "--listen", false, false));
  EXPECT_TRUE(check_listen_address("0.0.0.0:1", "--listen", true, false));
  EXPECT_TRUE(check_listen_address("0.0.0.0:1", "--listen", false, true));
  const Status refused = check_listen_address("0.0.0.0:1", "--sql-listen", false, false);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kDenied);
  EXPECT_THAT(refused.error().message, HasSubstr("--sql-listen"));
  EXPECT_THAT(refused.error().message, HasSubstr("--insecure"));
  EXPECT_THAT(refused.error().message, HasSubstr("token"));
}

}  // namespace
}  // namespace weir

// What the HTTP server does with clients that mean no good, or are broken. Well-behaved ones: http_server_test.cc.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "api/http_server.h"
#include "api/http_test_server.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using namespace std::string_literals;
using test::Answer;
using test::Client;
using test::Echo;
using test::HttpServerTest;
using test::request_text;
using ::testing::HasSubstr;
using HttpHostileTest = HttpServerTest;

TEST_F(HttpHostileTest, HeaderLimit) {
  start();
  EXPECT_EQ(ask(request_text("GET", "/a", "", "X: " + std::string(15'000, 'x') + "\r\n")).status, 200);
  const Answer answer = ask(request_text("GET", "/a", "", "X: " + std::string(17'000, 'x') + "\r\n"));
  EXPECT_EQ(answer.status, 431);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_EQ(ask(request_text("GET", "/a", "", "X: " + std::string(1'000'000, 'x') + "\r\n")).status, 431);
  EXPECT_EQ(ask(request_text("GET", "/" + std::string(15'000, 'x'))).status, 200);
  EXPECT_EQ(ask(request_text("GET", "/" + std::string(17'000, 'x'))).status, 414);
  EXPECT_EQ(ask(request_text("GET", "/" + std::string(1'000'000, 'x'))).status, 414);
  std::string many;
  for (int i = 0; i < 20'000; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  EXPECT_EQ(ask(request_text("GET", "/a", "", many)).status, 431);
  // In number: Host is the hundredth.
  many.clear();
  for (int i = 0; i < 99; ++i) many += "A: 1\r\n";
  EXPECT_EQ(ask(request_text("GET", "/a", "", many)).status, 200);
  EXPECT_EQ(ask(request_text("GET", "/a", "", many + "A: 1\r\n")).status, 431);
}

TEST_F(HttpHostileTest, WhatIsNoHttpIsRefused) {
  start();
  const std::string host = "Host: h\r\n";
  for (const std::string& head : {
           std::string("nonsense\r\n\r\n"),
           std::string("GET /a HTTP/9.9\r\nHost: h\r\n\r\n"),
           std::string("GET /a HTTP/1.1 extra\r\nHost: h\r\n\r\n"),
           std::string("GET /a HTTP/1.1\r\n\r\n"),
           std::string("GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
           std::string("GET /a HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n"),
           "GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"s,
           "GET /a HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"s,
           std::string("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"),
           std::string("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"),
           std::string("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\nabcde"),
           std::string("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0x10\r\n\r\n"),
           std::string("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5 5\r\n\r\nabcde"),
           std::string("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5,6\r\n\r\nabcdef"),
           std::string("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
           std::string("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551617\r\n\r\n"),
           std::string("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n"),
           std::string("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef"),
           std::string(
               "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
           std::string(
               "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
           std::string("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
           std::string("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, cow\r\n\r\n0\r\n\r\n"),
           std::string("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n"),
           std::string("POST /a HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
       }) {
    const std::string said = exchange(head + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(said.starts_with("HTTP/1.1 4") || said.starts_with("HTTP/1.1 5")) << head << said.substr(0, 200);
    EXPECT_THAT(said, Not(HasSubstr("smuggled"))) << head;
    EXPECT_THAT(said, Not(HasSubstr(" 500 "))) << head;
    EXPECT_THAT(said, HasSubstr("application/problem+json")) << head;
  }
  EXPECT_EQ(echo_.handled, 0);
}

TEST_F(HttpHostileTest, WhatTwoProgramsCouldReadInTwoWaysIsRefused) {
  start();
  const std::string post = "POST /a HTTP/1.1\r\nHost: h\r\n";
  const std::string chunks = "5\r\nabcde\r\n0\r\n\r\n";
  const std::vector<std::string> shapes{
      post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
      post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n" + chunks,
      post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
      post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde",
      post + "Content-Length: 5, 5\r\n\r\nabcde",
      post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks,
      post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunks,
      post + "Transfer-Encoding : chunked\r\n\r\n" + chunks,
      post + "Transfer-Encoding\t: chunked\r\n\r\n" + chunks,
      post + "Content-Length : 5\r\n\r\nabcde",
      post + " Content-Length: 5\r\n\r\nabcde",
      post + "X: y\r\n Content-Length: 5\r\n\r\nabcde",
      post + "X: y\r\n\tfolded\r\nContent-Length: 5\r\n\r\nabcde",
      post + "Transfer-Encoding:\r\n chunked\r\n\r\n" + chunks,
      post +
          "Transfer-Encoding: \x0b"
          "chunked\r\n\r\n" +
          chunks,
      post + "Transfer-Encoding: chunked\0\r\n\r\n"s + chunks,
      post + "X: y\nContent-Length: 5\r\n\r\nabcde",
      post + "X: y\rContent-Length: 5\r\n\r\nabcde",
      post + "Content-Length: 5\n\nabcde",
      post + "Content-Length: 5\r\n\nabcde",
      "POST /a HTTP/1.1\nHost: h\nContent-Length: 5\n\nabcde",
      "POST /a HTTP/1.1\r\nHost: h\r\nHost: i\r\nContent-Length: 5\r\n\r\nabcde",
      "POST /a HTTP/1.1\r\nHost: h, i\r\nContent-Length: 5\r\n\r\nabcde",
      "POST /a HTTP/1.1\r\nHost: h/../i\r\nContent-Length: 5\r\n\r\nabcde",
      post + "Transfer-Encoding: chunked\r\n\r\n5\nabcde\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n5;a\nabcde\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n5 \r\nabcde\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n+5\r\nabcde\r\n0\r\n\r\n",
      post + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde0\r\n\r\n",
  };
  for (const std::string& shape : shapes) {
    const std::string said = exchange(shape + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(said.starts_with("HTTP/1.1 400 ")) << shape << "\n-> " << said.substr(0, 300);
    EXPECT_THAT(said, HasSubstr("Connection: close\r\n")) << shape;
    EXPECT_THAT(said, HasSubstr("application/problem+json")) << shape;
    EXPECT_THAT(said, Not(HasSubstr("smuggled"))) << shape;
  }
  // A coding that is not understood could hide anything.
  for (const char* coding :
       {"gzip, chunked", "chunked, chunked", "identity", "chunked, gzip", "xchunked", "\"chunked\""}) {
    const std::string said = exchange(post + "Transfer-Encoding: " + coding + "\r\n\r\n" + chunks +
                                      "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(said.starts_with("HTTP/1.1 400 ") || said.starts_with("HTTP/1.1 501 "))
        << coding << said.substr(0, 300);
    EXPECT_THAT(said, Not(HasSubstr("smuggled"))) << coding;
  }
  EXPECT_EQ(echo_.handled, 0);
}

TEST_F(HttpHostileTest, APipelineEndsAtTheFirstRequestThatIsWrong) {
  start();
  std::string many;
  for (int i = 0; i < 2'000; ++i) many += request_text("GET", "/" + std::to_string(i));
  Client client(port_);
  std::thread sender(
      [&] { client.send(many + "GET /a HTTP/1.1\r\nHost : h\r\n\r\n" + request_text("GET", "/never")); });
  for (int i = 0; i < 2'000; ++i) ASSERT_EQ(client.read_answer().body, "GET /" + std::to_string(i) + " 0");
  EXPECT_EQ(client.read_answer().status, 400);
  sender.join();
  client.half_close();
  EXPECT_TRUE(client.closed_by_peer());
  EXPECT_EQ(echo_.handled, 2'000);
}

TEST_F(HttpHostileTest, ATrailerChangesNothing) {
  start();
  const std::string head = "POST /body HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n";
  Client client(port_);
  client.send(head + "Host: other\r\nExpires: never\r\n\r\n" + request_text("GET", "/next"));
  EXPECT_EQ(client.read_answer().body, "abc");
  EXPECT_EQ(client.read_answer().body, "GET /next 0");
  // One that speaks of lengths is refused.
  const std::string said = exchange(head + "Content-Length: 50\r\n\r\n" + request_text("GET", "/smuggled"));
  EXPECT_TRUE(said.starts_with("HTTP/1.1 400 ")) << said;
  EXPECT_THAT(said, Not(HasSubstr("smuggled")));
}

TEST_F(HttpHostileTest, BrokenChunksAreRefused) {
  start();
  const std::string head = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& body :
       {std::string("ZZ\r\nabc\r\n0\r\n\r\n"), std::string("-5\r\nabcde\r\n0\r\n\r\n"),
        std::string("FFFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n"), std::string("7FFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n"),
        std::string("5\r\nabc\r\n0\r\n\r\n"), std::string("3\r\nabcdefgh\r\n0\r\n\r\n"), std::string("\r\n\r\n\r\n"),
        std::string("0x3\r\nabc\r\n0\r\n\r\n"), std::string("3\r\nabc\r\n"), "3;" + std::string(200'000, 'e')}) {
    const std::string said = exchange(head + body);
    EXPECT_TRUE(said.empty() || said.starts_with("HTTP/1.1 4")) << body.substr(0, 40) << said.substr(0, 200);
  }
  EXPECT_EQ(echo_.handled, 0);
}

TEST_F(HttpHostileTest, ARequestThatIsCutShortIsNotHandled) {
  start();
  const std::string whole = request_text("POST", "/a", "twelve bytes");
  for (std::size_t size = 1; size < whole.size(); ++size) {
    EXPECT_THAT(exchange(whole.substr(0, size)), Not(HasSubstr(" 200 "))) << size;
  }
  EXPECT_EQ(echo_.handled, 0);
}

TEST_F(HttpHostileTest, SlowHeadsAndBodiesGetATimeout) {
  start({.header_time = milliseconds(150),
         .idle_time = milliseconds(300),
         .body_time = milliseconds(2000),
         .body_pause = milliseconds(150)});
  Client head(port_), body(port_), idle(port_);
  head.send("GET /a HTT");
  body.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(head.read_answer().status, 408);
  EXPECT_EQ(body.read_answer().status, 408);
  EXPECT_TRUE(idle.closed_by_peer());
  // Steady drops are fine until the time for the whole is over.
  Client drops(port_);
  drops.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n");
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(milliseconds(80));
    drops.send("x");
  }
  EXPECT_EQ(drops.read_answer().status, 200);
  EXPECT_EQ(echo_.handled, 1);
}

/// Sends byte after byte with a pause in between, until the server answers; how long that took.
milliseconds drip(Client& client, std::string_view bytes, milliseconds pause) {
  const auto began = std::chrono::steady_clock::now();
  std::atomic<bool> done{false};
  std::thread sender([&] {
    for (std::size_t i = 0; i < bytes.size() && !done && client.send(bytes.substr(i, 1)); ++i)
      std::this_thread::sleep_for(pause);
  });
  const Answer answer = client.read_answer();
  const auto took = std::chrono::steady_clock::now() - began;
  done = true;
  sender.join();
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_EQ(answer.header("connection"), "close");
  return std::chrono::duration_cast<milliseconds>(took);
}

TEST_F(HttpHostileTest, WhoDripsIsNotWaitedFor) {
  start({.header_time = milliseconds(300), .body_rate = 1000, .body_grace = milliseconds(300)});
  // The head has a time for all of it, however often a byte comes.
  Client head(port_);
  EXPECT_LT(drip(head, request_text("GET", "/" + std::string(500, 'a')), milliseconds(10)), milliseconds(1500));
  // A body has to keep a rate: 100 bytes a second are not 1000.
  Client body(port_);
  body.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n");
  EXPECT_LT(drip(body, std::string(500, 'b'), milliseconds(10)), milliseconds(2000));
  Client chunks(port_);
  chunks.send("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
  std::string drops;
  for (int i = 0; i < 100; ++i) drops += "1\r\nb\r\n";
  EXPECT_LT(drip(chunks, drops, milliseconds(10)), milliseconds(2000));
  EXPECT_EQ(echo_.handled, 0);
}

/// A connection that waits for an answer, and so does not give way.
std::unique_ptr<Client> busy_client(std::uint16_t port, Echo& echo, std::uint8_t from = 1) {
  auto client = std::make_unique<Client>(port, 0, from);
  std::size_t before = 0;
  {
    std::lock_guard lock(echo.mutex);
    before = echo.waiting.size();
  }
  client->send(request_text("GET", "/later"));
  for (int i = 0; i < 2000; ++i) {
    {
      std::lock_guard lock(echo.mutex);
      if (echo.waiting.size() > before) return client;
    }
    std::this_thread::sleep_for(milliseconds(1));
  }
  ADD_FAILURE() << "the request did not arrive";
  return client;
}

TEST_F(HttpHostileTest, TooManyConnectionsAreToldToComeBack) {
  start({.connections = 3});
  std::vector<std::unique_ptr<Client>> held;
  for (int i = 0; i < 3; ++i) held.push_back(busy_client(port_, echo_));
  const Answer answer = ask(request_text("GET", "/a"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  held.pop_back();
  HttpResponse response;
  echo_.waiting.back().send(response);  // it notices now that its client has gone
  int status = 0;
  for (int i = 0; i < 200 && status != 200; ++i) {
    status = ask(request_text("GET", "/a")).status;
    if (status != 200) std::this_thread::sleep_for(milliseconds(10));
  }
  EXPECT_EQ(status, 200);
}

TEST_F(HttpHostileTest, OneAddressCannotTakeAllConnections) {
  start({.connections = 10, .connections_of_one_client = 4});
  std::vector<std::unique_ptr<Client>> held;
  for (int i = 0; i < 4; ++i) held.push_back(busy_client(port_, echo_));
  const Answer answer = ask(request_text("GET", "/a"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_THAT(answer.body, HasSubstr("from your address"));
  Client neighbour(port_, 0, 2);
  neighbour.send(request_text("GET", "/a"));
  EXPECT_EQ(neighbour.read_answer().status, 200);
}

TEST_F(HttpHostileTest, WhoIsIdleGivesWay) {
  start({.connections = 3, .connections_of_one_client = 3, .spared_time = milliseconds(0)});
  const auto busy = busy_client(port_, echo_);
  Client silent(port_), polite(port_);
  polite.send(request_text("GET", "/a"));
  EXPECT_EQ(polite.read_answer().status, 200);
  EXPECT_EQ(ask(request_text("GET", "/new")).status, 200);
  EXPECT_TRUE(silent.closed_by_peer());
  HttpResponse response;
  response.body = "still here";
  echo_.waiting.at(0).send(response);
  EXPECT_EQ(busy->read_answer().body, "still here");
}

TEST_F(HttpHostileTest, WhoSendsAHeadSlowlyGivesWayToo) {
  start({.connections = 3, .connections_of_one_client = 3, .spared_time = milliseconds(50)});
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(std::make_unique<Client>(port_));
    slow.back()->send("GET /a HTTP/1.1\r\nHost: h\r\nX: ");
  }
  std::this_thread::sleep_for(milliseconds(100));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(request_text("GET", "/new")).status, 200);
  EXPECT_TRUE(slow[0]->closed_by_peer());
}

/// Two listeners, as the program has them.
class HttpTwoListenersTest : public ::testing::Test {
 protected:
  void start(const HttpLimits& api, const HttpLimits& sql) {
    server_ = HttpServer::create({{"127.0.0.1:0", "api", &api_, api}, {"127.0.0.1:0", "sql", &sql_, sql}}, 2, metrics_)
                  .value();
    api_port_ = server_->ports().at(0);
    sql_port_ = server_->ports().at(1);
  }
  Metrics metrics_;
  Echo api_, sql_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t api_port_ = 0, sql_port_ = 0;
};

TEST_F(HttpTwoListenersTest, TenThousandIdleConnectionsStarveNobody) {
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  const rlimit before = files;
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 24'000);
  setrlimit(RLIMIT_NOFILE, &files);
  const std::size_t flood = std::min<std::size_t>(10'000, files.rlim_cur / 2 - 200);
  start({.connections = 300, .connections_of_one_client = 200, .spared_time = milliseconds(20)},
        {.connections = 100, .connections_of_one_client = 80});
  Client earlier(api_port_);
  earlier.send(request_text("GET", "/a"));
  EXPECT_EQ(earlier.read_answer().status, 200);
  {
    std::vector<std::unique_ptr<Client>> idle;
    for (std::size_t i = 0; i < flood; ++i) idle.push_back(std::make_unique<Client>(sql_port_));
    // The other listener does not notice; nor does a client of this one that comes from elsewhere.
    earlier.send(request_text("GET", "/b"));
    EXPECT_EQ(earlier.read_answer().body, "GET /b 0");
    EXPECT_EQ(test::ask(api_port_, "GET", "/c").status, 200);
    Client elsewhere(sql_port_, 0, 2);
    elsewhere.send(request_text("GET", "/d"));
    EXPECT_EQ(elsewhere.read_answer().status, 200);
  }
  {
    // And on the same listener, from the same address: whoever asks something is served, as the idle give way.
    std::vector<std::unique_ptr<Client>> idle;
    for (std::size_t i = 0; i < flood; ++i) idle.push_back(std::make_unique<Client>(api_port_));
    std::this_thread::sleep_for(milliseconds(100));
    for (int i = 0; i < 20; ++i) EXPECT_EQ(test::ask(api_port_, "GET", "/e").status, 200);
  }
  setrlimit(RLIMIT_NOFILE, &before);
}

TEST_F(HttpTwoListenersTest, EachHasItsOwnLimits) {
  HttpLimits sql;
  sql.header_bytes = 1'100'000;
  sql.body_bytes = 8'000'000;
  start({.body_bytes = 300'000}, sql);
  const std::string long_target = "/" + std::string(1024 * 1024, 'q');
  EXPECT_EQ(test::ask(api_port_, "GET", long_target).status, 414);
  EXPECT_EQ(test::ask(sql_port_, "GET", long_target).status, 200);
  EXPECT_EQ(test::ask(sql_port_, "GET", long_target + std::string(100'000, 'q')).status, 414);
  // A body that is half there uses up the API's budget alone.
  Client half(api_port_);
  half.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 270000\r\n\r\n" + std::string(260'000, 'x'));
  Answer answer;
  for (int i = 0; i < 500 && answer.status != 503; ++i) {
    answer = test::ask(api_port_, "POST", "/b", std::string(200'000, 'x'));
    std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(test::ask(sql_port_, "POST", "/c", std::string(900'000, 'x')).status, 200);
}

TEST_F(HttpTwoListenersTest, LongHeadsTakeFromTheBudget) {
  HttpLimits sql;
  sql.header_bytes = 1'100'000;
  sql.body_bytes = 6'000'000;
  start({}, sql);
  const std::string request = request_text("GET", "/" + std::string(1'000'000, 'q'));
  Client first(sql_port_);
  first.send(request.substr(0, request.size() - 1));
  std::this_thread::sleep_for(milliseconds(300));  // until it is there
  Answer answer;
  for (int i = 0; i < 500 && answer.status != 503; ++i)
    answer = test::ask(sql_port_, "GET", "/" + std::string(900'000, 'r'));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  first.send("\n");
  EXPECT_EQ(first.read_answer().status, 200);
  EXPECT_EQ(test::ask(sql_port_, "GET", "/" + std::string(900'000, 'r')).status, 200);
}

TEST_F(HttpHostileTest, BodiesTogetherAreBounded) {
  start({.body_bytes = 500'000});
  EXPECT_EQ(ask(request_text("POST", "/a", std::string(200'000, 'x'))).status, 200);
  const Answer answer = ask(request_text("POST", "/a", std::string(900'000, 'x')));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("retry-after"), "1");
  // What was taken has been given back.
  EXPECT_EQ(ask(request_text("POST", "/a", std::string(200'000, 'x'))).status, 200);
}

}  // namespace
}  // namespace weir

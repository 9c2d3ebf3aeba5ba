#include "api/http_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/http_test_server.h"

namespace weir {
namespace {

using std::chrono::milliseconds;
using test::Answer;
using test::Client;
using test::HttpServerTest;
using test::request_text;
using ::testing::HasSubstr;

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  start();
  Client client(port_);
  for (int i = 0; i < 3; ++i) {
    client.send(request_text("GET", "/a?b=c"));
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /a 0");
    EXPECT_EQ(answer.header("content-length"), "8");
    EXPECT_FALSE(answer.header("date").empty());
    EXPECT_EQ(answer.header("connection"), "");
  }
  client.send(request_text("GET", "/a", "", "Connection: close\r\n"));
  EXPECT_EQ(client.read_answer().header("connection"), "close");
  EXPECT_TRUE(client.closed_by_peer());
}

TEST_F(HttpServerTest, PipelinedRequestsAreAnsweredInOrder) {
  start();
  std::string many;
  for (int i = 0; i < 50; ++i)
    many += request_text("POST", "/" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'x'));
  Client client(port_);
  client.send(many);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(client.read_answer().body, "POST /" + std::to_string(i) + " " + std::to_string(i));
  }
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  start();
  Client client(port_);
  client.send(request_text("HEAD", "/a"));
  const Answer answer = client.read_answer(true);
  EXPECT_EQ(answer.header("content-length"), "9");
  client.send(request_text("GET", "/b"));
  EXPECT_EQ(client.read_answer().body, "GET /b 0");
}

TEST_F(HttpServerTest, ALargeAnswerArrivesWhole) {
  start();
  EXPECT_EQ(ask(request_text("GET", "/big")).body.size(), 3'000'000U);
}

TEST_F(HttpServerTest, Http10ClosesAndNeedsNoHost) {
  start();
  const std::string said = exchange("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_THAT(said, HasSubstr("200 OK"));
  EXPECT_THAT(said, HasSubstr("Connection: close"));
  EXPECT_THAT(said, HasSubstr("GET /old 0"));
}

TEST_F(HttpServerTest, AbsoluteTargetsNameTheAuthority) {
  start();
  EXPECT_EQ(ask("GET http://other.example/p?q HTTP/1.1\r\nHost: localhost\r\n\r\n").body, "GET /p 0");
  EXPECT_EQ(ask("GET http://other.example HTTP/1.1\r\nHost: localhost\r\n\r\n").body, "GET / 0");
}

TEST_F(HttpServerTest, EmptyLinesBeforeARequestAreSkipped) {
  start();
  EXPECT_EQ(ask("\r\n\r\n" + request_text("GET", "/a")).status, 200);
}

TEST_F(HttpServerTest, BodiesByLengthAndInChunks) {
  start();
  std::string body(300'000, 'z');
  body[299'999] = '!';
  EXPECT_EQ(ask(request_text("POST", "/body", body)).body, body);
  std::string chunked = "POST /body HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size(); at += 7'000) {
    const std::string piece = body.substr(at, 7'000);
    chunked += fmt::format("{:x};ext=1\r\n", piece.size()) + piece + "\r\n";
  }
  chunked += "0\r\nTrailer: t\r\n\r\n";
  EXPECT_EQ(ask(chunked).body, body);
  // The same, byte by byte at the seams.
  Client client(port_);
  const std::string small =
      "POST /body HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
  for (const char c : small) client.send({&c, 1});
  EXPECT_EQ(client.read_answer().body, "abcd");
  client.send(request_text("GET", "/next"));
  EXPECT_EQ(client.read_answer().body, "GET /next 0");
}

TEST_F(HttpServerTest, ContinueIsSaidWhenAsked) {
  start();
  Client client(port_);
  client.send("POST /body HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.read_head().status, 100);
  client.send("abc");
  EXPECT_EQ(client.read_answer().body, "abc");
  // Refused: no 100, and no waiting for the body.
  Client other(port_);
  other.send("POST /refused HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(other.read_head().status, 403);
}

TEST_F(HttpServerTest, BodyLimitToTheByte) {
  start();
  EXPECT_EQ(ask(request_text("POST", "/a", std::string(1'000'000, 'x'))).status, 200);
  const Answer answer = ask(request_text("POST", "/a", std::string(1'000'001, 'x')));
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.header("content-type"), "application/problem+json");
  EXPECT_EQ(answer.header("connection"), "close");
  for (const std::size_t size : {1'000'000UL, 1'000'001UL}) {
    const Answer chunked = ask("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
                               fmt::format("{:x}\r\n", size) + std::string(size, 'x') + "\r\n0\r\n\r\n");
    EXPECT_EQ(chunked.status, size == 1'000'000 ? 200 : 413);
  }
}

TEST_F(HttpServerTest, ARefusalCanBeReadByAClientThatSendsEverythingFirst) {
  start();
  std::string much;
  much.resize(40'000'000, 'x');
  EXPECT_EQ(ask(request_text("POST", "/a", much)).status, 413);
  EXPECT_EQ(ask(request_text("POST", "/refused", std::string(5'000'000, 'x'))).status, 403);
  // A short body is read, and the connection lives on.
  Client client(port_);
  client.send(request_text("POST", "/refused", "short"));
  EXPECT_EQ(client.read_answer().status, 403);
  client.send(request_text("GET", "/a"));
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(HttpServerTest, AnAnswerMayComeLaterOrNever) {
  start({.answer_time = milliseconds(400)});
  Client client(port_), forgotten(port_), late(port_);
  client.send(request_text("GET", "/later") + request_text("GET", "/after"));
  while (true) {
    std::lock_guard lock(echo_.mutex);
    if (!echo_.waiting.empty()) break;
  }
  HttpResponse response;
  response.body = "at last";
  echo_.waiting.at(0).send(response);
  echo_.waiting.at(0).send(response);  // the second counts for nothing
  EXPECT_EQ(client.read_answer().body, "at last");
  EXPECT_EQ(client.read_answer().body, "GET /after 0");
  forgotten.send(request_text("GET", "/forgotten"));
  EXPECT_EQ(forgotten.read_answer().status, 500);
  late.send(request_text("GET", "/later"));
  EXPECT_EQ(late.read_answer().status, 503);
}

TEST_F(HttpServerTest, AStreamArrivesPieceByPiece) {
  start();
  Client client(port_);
  client.send(request_text("GET", "/stream"));
  const auto stream = echo_.wait_for_stream();
  ASSERT_TRUE(stream);
  EXPECT_EQ(client.read_head().header("transfer-encoding"), "chunked");
  EXPECT_EQ(stream->try_write("hello"), ResponseStream::Push::kOk);
  EXPECT_EQ(client.read_some(), "5\r\nhello\r\n");
  EXPECT_EQ(stream->try_write(" again"), ResponseStream::Push::kOk);
  stream->finish();
  EXPECT_EQ(stream->try_write("x"), ResponseStream::Push::kGone);
  std::string rest;
  while (!rest.ends_with("0\r\n\r\n")) rest += client.read_some();
  EXPECT_EQ(rest, "6\r\n again\r\n0\r\n\r\n");
  client.send(request_text("GET", "/next"));
  EXPECT_EQ(client.read_answer().body, "GET /next 0");
}

TEST_F(HttpServerTest, AStreamOverHttp10EndsWithTheConnection) {
  start();
  Client client(port_);
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  const auto stream = echo_.wait_for_stream();
  stream->try_write("plain");
  stream->finish();
  EXPECT_EQ(client.read_head().header("transfer-encoding"), "");
  EXPECT_EQ(client.read_all(), "plain");
}

TEST_F(HttpServerTest, AnAbortedStreamIsSeenToBeBroken) {
  start();
  Client client(port_);
  client.send(request_text("GET", "/stream"));
  echo_.wait_for_stream()->try_write("half");
  echo_.stream->abort();
  echo_.stream = nullptr;
  EXPECT_EQ(client.read_answer().status, 0);
  // Letting go without a word is the same.
  Client other(port_);
  other.send(request_text("GET", "/stream"));
  echo_.wait_for_stream();
  {
    std::lock_guard lock(echo_.mutex);
    echo_.stream = nullptr;
  }
  EXPECT_EQ(other.read_answer().status, 0);
}

TEST_F(HttpServerTest, ASlowReaderFillsItsOwnBufferAndCanBeCut) {
  start();
  Client client(port_, 4096);
  client.send(request_text("GET", "/stream"));
  const auto stream = echo_.wait_for_stream();
  ASSERT_TRUE(stream);
  std::size_t taken = 0;
  ResponseStream::Push push = ResponseStream::Push::kOk;
  while ((push = stream->write(std::string(16 * 1024, 's'), milliseconds(200))) == ResponseStream::Push::kOk) {
    taken += 16 * 1024;
    ASSERT_LT(taken, 64U << 20);
  }
  EXPECT_EQ(push, ResponseStream::Push::kFull);
  EXPECT_LE(stream->queued_bytes(), 64U * 1024);
  EXPECT_GE(stream->lag(), milliseconds(150));
  stream->cut("too slow");
  EXPECT_TRUE(stream->gone());
  EXPECT_EQ(client.read_head().status, 200);
  const std::string rest = client.read_all();
  EXPECT_LT(rest.size(), taken + 64 * 1024);
  EXPECT_THAT(rest, HasSubstr("too slow"));
}

TEST_F(HttpServerTest, AReaderThatLeavesIsNoticed) {
  start();
  auto client = std::make_unique<Client>(port_);
  client->send(request_text("GET", "/stream"));
  const auto stream = echo_.wait_for_stream();
  ASSERT_TRUE(stream);
  client.reset();
  for (int i = 0; i < 1000 && !stream->gone(); ++i) {
    stream->try_write("anybody?");
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_TRUE(stream->gone());
}

TEST_F(HttpServerTest, StopFinishesWhatIsInFlight) {
  start();
  Client busy(port_), idle(port_), events(port_);
  idle.send(request_text("GET", "/a"));
  EXPECT_EQ(idle.read_answer().status, 200);
  events.send(request_text("GET", "/events"));
  ASSERT_TRUE(echo_.wait_for_stream());
  EXPECT_EQ(events.read_head().status, 200);
  busy.send(request_text("GET", "/later"));
  while (true) {
    std::lock_guard lock(echo_.mutex);
    if (!echo_.waiting.empty()) break;
  }
  std::thread stopper([&] { server_->stop(milliseconds(5000)); });
  EXPECT_TRUE(idle.closed_by_peer());
  EXPECT_EQ(events.read_all(), "0\r\n\r\n");
  HttpResponse response;
  response.body = "done";
  echo_.waiting.at(0).send(response);
  const Answer answer = busy.read_answer();
  EXPECT_EQ(answer.body, "done");
  EXPECT_EQ(answer.header("connection"), "close");
  const auto began = std::chrono::steady_clock::now();
  stopper.join();
  EXPECT_LT(std::chrono::steady_clock::now() - began, milliseconds(2000));
  EXPECT_THROW(Client{port_}, std::runtime_error);
}

TEST_F(HttpServerTest, StopDoesNotWaitForEver) {
  start();
  Client busy(port_);
  busy.send(request_text("GET", "/later"));
  while (true) {
    std::lock_guard lock(echo_.mutex);
    if (!echo_.waiting.empty()) break;
  }
  server_->stop(milliseconds(100));
  EXPECT_TRUE(busy.closed_by_peer());
  server_.reset();
  echo_.waiting.at(0).send({});  // goes nowhere
}

TEST_F(HttpServerTest, AnAddressThatCannotBeUsedIsExplained) {
  start();
  const std::string taken = "127.0.0.1:" + std::to_string(port_);
  const auto again = HttpServer::create({{taken, "API and web", &echo_}}, 1, metrics_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::kConflict);
  EXPECT_THAT(again.error().message, HasSubstr("API and web"));
  EXPECT_THAT(again.error().message, HasSubstr(taken));
  const auto foreign = HttpServer::create({{"192.0.2.1:0", "SQL", &echo_}}, 1, metrics_);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code, Code::kInvalid);
  EXPECT_FALSE(HttpServer::create({{"nowhere:port", "SQL", &echo_}}, 1, metrics_));
}

}  // namespace
}  // namespace weir

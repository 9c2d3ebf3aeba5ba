// The HTTP side of the SQL port, over a gateway that is made up. With the real one: chdb_sql_gateway_test.cc.
#include "api/sql_http.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <functional>
#include <thread>

#include "api/http_server.h"
#include "api/sql_codec.h"
#include "api/sql_frames.h"
#include "api/test_client.h"

namespace weir {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class FakeGateway final : public SqlGateway {
 public:
  std::expected<SqlSummary, SqlFault> run(const SqlRequest& request, SqlSink& sink, std::stop_token stop) override {
    std::unique_lock lock(mutex);
    last = request;
    last_body = request.body;
    const auto f = does;
    lock.unlock();
    return f(request, sink, stop);
  }
  std::string version() const override { return "26.7.2.1"; }

  std::mutex mutex;
  SqlRequest last;
  std::string last_body;
  std::function<std::expected<SqlSummary, SqlFault>(const SqlRequest&, SqlSink&, std::stop_token)> does =
      [](const SqlRequest& request, SqlSink& sink, std::stop_token) -> std::expected<SqlSummary, SqlFault> {
    SqlSummary summary;
    summary.read_rows = 7;
    summary.read_bytes = 70;
    sink.begin(request.default_format.empty() ? "TabSeparated" : request.default_format);
    sink.write("one\n", summary);
    sink.write("two\n", summary);
    return summary;
  };
};

std::string decoded(std::string_view encoding, std::string_view body) {
  HttpBody out;
  const auto done = decode_body(encoding, body, 1000, out);
  return done ? std::string(out.view()) : done.error().message;
}

Result<std::string> unpacked_frames(std::string_view frames, std::size_t limit) {
  HttpBody out;
  if (auto done = unpack_frames(frames, limit, out); !done) return std::unexpected(done.error());
  return std::string(out.view());
}

class ScopeAuthorizer final : public Authorizer {
 public:
  bool required() const override { return needed; }
  Verdict check(std::string_view secret, std::string_view scope) const override {
    if (secret == "both") return Verdict::kAllowed;
    if (secret == "r") return scope == "read" ? Verdict::kAllowed : Verdict::kLacksScope;
    if (secret == "a") return scope == "admin" ? Verdict::kAllowed : Verdict::kLacksScope;
    return Verdict::kUnknown;
  }
  bool needed = false;
};

class SqlHttpTest : public ::testing::Test {
 protected:
  void start(const SqlHttp::Options& options = {}) {
    guard_ = std::make_unique<AccessGuard>(true, authorizer_);
    handler_ = std::make_unique<SqlHttp>(gateway_, *guard_, options);
    auto server = HttpServer::create({{"127.0.0.1:0", "test", handler_.get(), sql_http_limits()}}, 1, metrics_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
    port_ = server_->ports().at(0);
  }
  void TearDown() override {
    if (handler_) handler_->stop();
    server_.reset();
    handler_.reset();
  }
  test::Answer ask(std::string_view method, std::string_view target, std::string_view body = "",
                   std::string_view headers = "") {
    test::Client client(port_);
    client.send(fmt::format("{} {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n{}\r\n{}", method, target,
                            body.size(), headers, body));
    return client.read_answer();
  }

  FakeGateway gateway_;
  ScopeAuthorizer authorizer_;
  std::unique_ptr<AccessGuard> guard_;
  std::unique_ptr<SqlHttp> handler_;
  Metrics metrics_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(SqlHttpTest, AnswersHealthChecks) {
  start();
  for (const char* path : {"/ping", "/replicas_status", "/"}) {
    const auto answer = ask("GET", path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.body, "Ok.\n") << path;
  }
  EXPECT_EQ(ask("GET", "/play").status, 404);
  EXPECT_EQ(ask("DELETE", "/?query=x").status, 405);
}

TEST_F(SqlHttpTest, HandsTheRequestOn) {
  start({.access = SqlAccess::kWrite});
  auto answer = ask("POST",
                    "/?query=SELECT+1%20AS&database=d&default_format=CSV&param_x=it%27s&param_x=2&max_threads=1&query_"
                    "id=q%201&wait_end_of_query=1",
                    "x + 1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "one\ntwo\n");
  EXPECT_EQ(gateway_.last.statement, "SELECT 1 AS");
  EXPECT_EQ(gateway_.last_body, "x + 1");
  EXPECT_EQ(gateway_.last.database, "d");
  EXPECT_THAT(gateway_.last.params, testing::ElementsAre(testing::Pair("x", "it's"), testing::Pair("x", "2")));
  EXPECT_THAT(gateway_.last.settings, testing::ElementsAre(testing::Pair("max_threads", "1")));
  EXPECT_EQ(gateway_.last.access, SqlAccess::kWrite);
  EXPECT_EQ(answer.header("x-clickhouse-format"), "CSV");
  EXPECT_EQ(answer.header("content-type"), "text/csv; charset=UTF-8; header=absent");
  EXPECT_THAT(answer.header("x-clickhouse-summary"), HasSubstr(R"("read_rows":"7","read_bytes":"70")"));
  EXPECT_EQ(answer.header("content-length"), "8");
  EXPECT_THAT(answer.header("x-clickhouse-query-id"), testing::MatchesRegex("[0-9a-f-]{36}"));  // "q 1" is no id

  EXPECT_EQ(ask("POST", "/?query_id=q1", "x").header("x-clickhouse-query-id"), "q1");
  ask("GET", "/?query=x");
  EXPECT_EQ(gateway_.last.access, SqlAccess::kRead);
  ask("POST", "/", "SELECT 1", "X-ClickHouse-Database: h\r\nX-ClickHouse-Format: JSON\r\n");
  EXPECT_EQ(gateway_.last.database, "h");
  EXPECT_EQ(gateway_.last.default_format, "JSON");
  EXPECT_EQ(ask("GET", "/?query=%zz").status, 400);
}

TEST_F(SqlHttpTest, TakesAUrlOfAMebibyte) {
  start();
  const std::string statement(1024 * 1024 - 20, 'S');
  EXPECT_EQ(ask("GET", "/?query=" + statement).status, 200);
  EXPECT_EQ(gateway_.last.statement, statement);
  const auto longer = ask("GET", "/?query=" + std::string(1200 * 1024, 'S'));
  EXPECT_EQ(longer.status, 414);
  EXPECT_EQ(longer.header("content-type"), "application/problem+json");
}

TEST_F(SqlHttpTest, ReadersStayReaders) {
  start();
  ask("POST", "/", "x");
  EXPECT_EQ(gateway_.last.access, SqlAccess::kRead);
}

TEST_F(SqlHttpTest, ShowsFaults) {
  start();
  gateway_.does = [](auto&, SqlSink&, auto) {
    return std::unexpected(SqlFault{62, "Code: 62. DB::Exception: Syntax error"});
  };
  auto answer = ask("POST", "/", "x");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.header("x-clickhouse-exception-code"), "62");
  EXPECT_EQ(answer.body, "Code: 62. DB::Exception: Syntax error\n");
  // After a small part of an answer: still a clean error.
  gateway_.does = [](auto&, SqlSink& sink, auto) {
    sink.begin("CSV");
    sink.write("part", {});
    return std::unexpected(SqlFault{395, "Code: 395. DB::Exception: thrown"});
  };
  answer = ask("POST", "/", "x");
  EXPECT_EQ(answer.status, 500);
  EXPECT_THAT(answer.body, Not(HasSubstr("part")));
  // After a large part: the answer is broken off, never ended as if it were whole.
  gateway_.does = [](auto&, SqlSink& sink, auto) {
    sink.begin("CSV");
    for (int i = 0; i < 40; ++i) sink.write(std::string(100'000, 'x'), {});
    return std::unexpected(SqlFault{395, "Code: 395. DB::Exception: thrown"});
  };
  test::Client client(port_);
  client.send("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\nx");
  const std::string all = client.read_all();
  EXPECT_THAT(all, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(all, HasSubstr("Code: 395. DB::Exception: thrown"));
  EXPECT_THAT(all, Not(testing::EndsWith("\r\n0\r\n\r\n")));
}

TEST_F(SqlHttpTest, StreamsLongAnswers) {
  start();
  gateway_.does = [](auto&, SqlSink& sink, auto) -> std::expected<SqlSummary, SqlFault> {
    sink.begin("CSV");
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(sink.write(std::string(100'000, 'x'), {}));
    return SqlSummary{};
  };
  auto answer = ask("POST", "/", "x");
  EXPECT_EQ(answer.body.size(), 10'000'000U);
  EXPECT_EQ(answer.body.find_first_not_of('x'), std::string::npos);
  EXPECT_EQ(answer.header("transfer-encoding"), "chunked");
  answer = ask("POST", "/?wait_end_of_query=1", "x");
  EXPECT_EQ(answer.body.size(), 10'000'000U);
  EXPECT_EQ(answer.header("content-length"), "10000000");
  // A client that leaves ends the statement.
  std::atomic<bool> told{false};
  gateway_.does = [&](auto&, SqlSink& sink, auto) -> std::expected<SqlSummary, SqlFault> {
    sink.begin("CSV");
    for (int i = 0; i < 1000; ++i) {
      if (!sink.write(std::string(100'000, 'x'), {})) {
        told = true;
        return std::unexpected(SqlFault{394, "Code: 394"});
      }
    }
    return SqlSummary{};
  };
  {
    test::Client client(port_, 4096);
    client.send("POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\nx");
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  for (int i = 0; i < 1000 && !told; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(told);
}

TEST_F(SqlHttpTest, CompressesAndUnpacks) {
  start();
  auto answer = ask("POST", "/", "x", "Accept-Encoding: br, gzip;q=0.5\r\n");
  EXPECT_EQ(answer.header("content-encoding"), "gzip");
  EXPECT_EQ(decoded("gzip", answer.body), "one\ntwo\n");
  answer = ask("POST", "/", "x", "Accept-Encoding: gzip, deflate, lz4, zstd\r\n");
  EXPECT_EQ(answer.header("content-encoding"), "zstd");
  EXPECT_EQ(decoded("zstd", answer.body), "one\ntwo\n");
  answer = ask("POST", "/?enable_http_compression=0", "x", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(answer.body, "one\ntwo\n");
  answer = ask("POST", "/?compress=1", "x");
  EXPECT_EQ(answer.header("content-encoding"), "");
  EXPECT_EQ(unpacked_frames(answer.body, 1000).value(), "one\ntwo\n");

  for (const auto encoding : {SqlEncoding::kGzip, SqlEncoding::kDeflate, SqlEncoding::kZstd}) {
    auto encoder = BodyEncoder::create(encoding, 3);
    std::string packed = encoder->add(std::string(200'000, 'a'));
    packed += encoder->add("SELECT");
    packed += encoder->finish();
    EXPECT_EQ(ask("POST", "/", packed, fmt::format("Content-Encoding: {}\r\n", encoding_name(encoding))).status, 200);
    EXPECT_EQ(gateway_.last_body, std::string(200'000, 'a') + "SELECT");
    EXPECT_EQ(ask("POST", "/", packed.substr(0, packed.size() / 2),
                  fmt::format("Content-Encoding: {}\r\n", encoding_name(encoding)))
                  .status,
              400);
  }
  std::string frames;
  append_frames(frames, "INSERT");
  EXPECT_EQ(ask("POST", "/?decompress=1", frames).status, 200);
  EXPECT_EQ(gateway_.last_body, "INSERT");
  frames[30] ^= 1;
  EXPECT_EQ(ask("POST", "/?decompress=1", frames).status, 400);
  EXPECT_EQ(ask("POST", "/", "x", "Content-Encoding: br\r\n").status, 415);
  const auto broken = ask("POST", "/", "x", "Content-Encoding: gzip\r\n");
  EXPECT_EQ(broken.status, 400);
  EXPECT_THAT(broken.body,
              testing::EndsWith(fmt::format("too early. (CANNOT_DECOMPRESS) (version {})\n", gateway_.version())));
  EXPECT_EQ(ask("POST", "/", "x", "Content-Type: multipart/form-data; boundary=x\r\n").status, 501);
}

TEST_F(SqlHttpTest, RefusesBombs) {
  start({.body_bytes = 1'000'000});
  auto encoder = BodyEncoder::create(SqlEncoding::kZstd, 3);
  std::string packed;
  for (int i = 0; i < 20; ++i) packed += encoder->add(std::string(100'000, 'a'));
  packed += encoder->finish();
  EXPECT_EQ(ask("POST", "/", packed, "Content-Encoding: zstd\r\n").status, 413);
  EXPECT_EQ(ask("POST", "/", std::string(1'000'001, 'a')).status, 413);
}

TEST_F(SqlHttpTest, AsksForTokens) {
  authorizer_.needed = true;
  start({.access = SqlAccess::kWrite});
  EXPECT_EQ(ask("POST", "/", "x").status, 401);
  EXPECT_THAT(ask("POST", "/", "x", "Authorization: Bearer nobody\r\n").status, testing::AnyOf(401, 403));
  for (const char* header : {"Authorization: Bearer r", "X-ClickHouse-Key: r", "Authorization: Basic ZGVmYXVsdDpy"}) {
    EXPECT_EQ(ask("POST", "/", "x", std::string(header) + "\r\n").status, 200) << header;
    EXPECT_EQ(gateway_.last.access, SqlAccess::kRead);
  }
  EXPECT_EQ(ask("POST", "/?user=u&password=r", "x").status, 200);
  EXPECT_EQ(ask("POST", "/", "x", "X-ClickHouse-Key: a\r\n").status, 200);
  EXPECT_EQ(gateway_.last.access, SqlAccess::kWrite);
  EXPECT_EQ(ask("GET", "/?query=x", "", "X-ClickHouse-Key: both\r\n").status, 200);
  EXPECT_EQ(gateway_.last.access, SqlAccess::kRead);
  EXPECT_EQ(ask("GET", "/ping").status, 200);
  EXPECT_EQ(ask("POST", "/", "x", "X-ClickHouse-Key: \r\n").status, 401);
}

TEST_F(SqlHttpTest, StopEndsStatementsAndFullQueuesSaySo) {
  start({.threads = 1, .queue = 1});
  std::atomic<int> running{0};
  gateway_.does = [&](auto&, SqlSink&, std::stop_token stop) -> std::expected<SqlSummary, SqlFault> {
    ++running;
    while (!stop.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return std::unexpected(SqlFault{394, "Code: 394. DB::Exception: Query was cancelled"});
  };
  std::vector<std::thread> threads;
  std::atomic<int> full{0}, ended{0};
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const auto answer = ask("POST", "/", "x");
      if (answer.header("x-clickhouse-exception-code") == "202" && answer.status == 503) ++full;
      if (answer.header("x-clickhouse-exception-code") == "394") ++ended;
    });
    while (running == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // the first has the only thread
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  handler_->stop();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(full, 2);
  EXPECT_EQ(ended, 2);
}

// Numbers of the reference implementation, version 1.0.2.
TEST(SqlFrames, HashesAsClickHouseDoes) {
  const auto hash = [](std::string_view text) {
    const auto [low, high] = city_hash128(text);
    return fmt::format("{:016x}{:016x}", low, high);
  };
  std::string bytes;
  for (int i = 0; i < 768; ++i) bytes += static_cast<char>(i);
  EXPECT_EQ(hash(""), "3df09dfc64c09a2b3cb540c392e51e29");
  EXPECT_EQ(hash("a"), "d27139a1afe01ad0fd7e8ee2e4c86cf6");
  EXPECT_EQ(hash("hello world"), "7dfb52dd24b29c7b0f6075c357e384d0");
  EXPECT_EQ(hash(std::string(16, 'x')), "ab21afed70bc93aad65a003eeaa98cf9");
  EXPECT_EQ(hash(std::string(100, 'x')), "ac565824d014f9f2a6215b222dbf04ac");
  EXPECT_EQ(hash(std::string(128, 'x')), "e9ab8fd6b63767a70b51af1f8c372075");
  EXPECT_EQ(hash(bytes), "dfe5f9b62ac6597105e7fd5ccc5ecc0f");
  EXPECT_EQ(hash(std::string(1000, 'q')), "36563bc745844a7db677a0a842b63868");
}

TEST(SqlFrames, RefusesDamage) {
  std::string frames;
  append_frames(frames, std::string(3'000'000, 'x'));
  EXPECT_EQ(unpacked_frames(frames, 3'000'000).value(), std::string(3'000'000, 'x'));
  EXPECT_FALSE(unpacked_frames(frames, 2'999'999));
  for (std::size_t size : {1U, 16U, 24U, 25U, 26U})
    EXPECT_FALSE(unpacked_frames(frames.substr(0, size), 1 << 30)) << size;
  for (std::size_t at : {0U, 16U, 17U, 20U, 21U, 24U, 30U}) {
    std::string broken = frames;
    broken[at] = static_cast<char>(broken[at] ^ 0x55);
    EXPECT_FALSE(unpacked_frames(broken, 1 << 30)) << at;
  }
  // A bomb finds no more room than the budget has.
  const auto budget = std::make_shared<BodyBudget>(1'000'000);
  {
    HttpBody out(budget);
    const auto done = unpack_frames(frames, 1 << 30, out);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Code::kOverloaded);
  }
  EXPECT_EQ(budget->used(), 0U);
}

}  // namespace
}  // namespace weir

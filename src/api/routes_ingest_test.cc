#include "api/routes_ingest.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <random>

#include "api/decompress.h"
#include "api/event_bodies.h"
#include "api/http_server.h"
#include "api/test_client.h"

namespace weir {
namespace {

using test::Answer;
using test::ask;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr std::size_t kMiB = 1024 * 1024;

/// Keeps what it is given; answers at once, later, or with an error.
class FakeLog final : public LogAppender {
 public:
  std::uint32_t partitions() const override { return 4; }
  void append(std::vector<PartitionBatch> batches, Done done) override {
    std::unique_lock lock(mutex_);
    if (error_) {
      lock.unlock();
      done(std::unexpected(*error_));
      return;
    }
    for (const PartitionBatch& batch : batches) {
      for (std::size_t i = 0; i < batch.events.size(); ++i)
        events_[batch.partition.value].emplace_back(batch.events[i]);
    }
    if (held_) {
      waiting_.push_back(std::move(done));
      return;
    }
    lock.unlock();
    done({});
  }
  void flush() override {}

  void fail_with(std::optional<Error> error) {
    std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }
  void hold() {
    std::lock_guard lock(mutex_);
    held_ = true;
  }
  std::size_t release() {
    std::vector<Done> all;
    {
      std::lock_guard lock(mutex_);
      all.swap(waiting_);
    }
    for (const Done& done : all) done({});
    return all.size();
  }
  /// All events, by partition, then forgets them.
  std::vector<std::string> take() {
    std::lock_guard lock(mutex_);
    std::vector<std::string> all;
    for (auto& [partition, events] : events_) {
      for (auto& event : events) all.push_back(std::move(event));
    }
    events_.clear();
    return all;
  }

 private:
  std::mutex mutex_;
  std::map<std::uint32_t, std::vector<std::string>> events_;
  std::optional<Error> error_;
  bool held_ = false;
  std::vector<Done> waiting_;
};

std::string gzip(std::string_view text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string login(std::string_view id, std::string_view ip = "192.0.2.1") {
  return fmt::format(
      R"({{"specversion":"1.0","type":"account.login","source":"/t","id":"{}","time":"2023-11-14T22:13:20Z","data":{{"user_id":"u","ip":"{}","outcome":"success"}}}})",
      id, ip);
}

class IngestTest : public ::testing::Test {
 protected:
  IngestTest() {
    table_.add(ingest_routes(log_, work_, metrics_, {}));
    server_ = HttpServer::create({{"127.0.0.1:0", "test", &table_}}, 2, metrics_).value();
    port_ = server_->ports().at(0);
  }
  ~IngestTest() override { server_.reset(); }

  Answer post(std::string_view body, std::string_view type, std::string_view headers = "",
              std::string_view path = "/api/v1/events") {
    return ask(port_, "POST", path, body,
               (type.empty() ? std::string() : "Content-Type: " + std::string(type) + "\r\n") + std::string(headers));
  }
  /// Posts and expects that so many were received; answers what the log holds.
  std::vector<std::string> taken(std::string_view body, std::string_view type, std::size_t received,
                                 std::string_view headers = "") {
    const Answer answer = post(body, type, headers);
    EXPECT_EQ(answer.status, 202) << answer.body;
    EXPECT_EQ(answer.body, fmt::format(R"({{"received":{}}})", received));
    return log_.take();
  }
  void refused(const Answer& answer, int status) {
    EXPECT_EQ(answer.status, status) << answer.body.substr(0, 300);
    EXPECT_EQ(answer.header("content-type"), "application/problem+json");
    EXPECT_THAT(log_.take(), ElementsAre());
  }

  static constexpr const char* kOne = "application/cloudevents+json";
  static constexpr const char* kBatch = "application/cloudevents-batch+json";
  static constexpr const char* kLines = "application/x-ndjson";

  FakeLog log_;
  Metrics metrics_;
  OpenAuthorizer authorizer_;
  AccessGuard guard_{true, authorizer_};
  ManualClock clock_{UnixMillis(1'700'000'000'000)};
  TaskPool work_{"work", 2, 64};
  TaskPool queries_{"queries", 1, 2};
  RouteTable table_{RouteTable::Context{guard_, work_, queries_, clock_, metrics_}};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(IngestTest, OneEvent) {
  EXPECT_THAT(taken(login("1"), kOne, 1), ElementsAre(login("1")));
  EXPECT_THAT(taken(" \r\n" + login("1") + "\n", "Application/CloudEvents+JSON; charset=utf-8", 1),
              ElementsAre(login("1")));
  for (const char* odd : {"42", "[1,2]", "{\"cut\":", "no JSON", " "})
    EXPECT_THAT(taken(odd, kOne, 1), ElementsAre(odd));
}

TEST_F(IngestTest, Lines) {
  const std::string body = "\n\n" + login("1") + "\r\n\r\n" + login("2") + "\n   \n\t\nno JSON\n\n" + login("3");
  EXPECT_THAT(taken(body, kLines, 4), UnorderedElementsAre(login("1"), login("2"), "no JSON", login("3")));
  EXPECT_THAT(taken("\n \n", kLines, 0), ElementsAre());
  EXPECT_THAT(taken(std::string("a\0b\n\xff\n", 6), kLines, 2), UnorderedElementsAre(std::string("a\0b", 3), "\xff"));
}

TEST_F(IngestTest, Arrays) {
  EXPECT_THAT(taken("[" + login("1") + " ,\n" + login("2") + "]", kBatch, 2),
              UnorderedElementsAre(login("1"), login("2")));
  EXPECT_THAT(taken("[]", kBatch, 0), ElementsAre());
  EXPECT_THAT(taken(" [ \n ] ", kBatch, 0), ElementsAre());
  EXPECT_THAT(taken(R"([42, "a,]\"[", [1,{"x":"}"}], {"a":}, nul])", kBatch, 5),
              UnorderedElementsAre("42", R"("a,]\"[")", R"([1,{"x":"}"}])", R"({"a":})", "nul"));
  EXPECT_THAT(taken(R"(["\\","\\\"",""])", kBatch, 3), UnorderedElementsAre(R"("\\")", R"("\\\"")", R"("")"));
  // What cannot be taken apart is one.
  for (const std::string& whole :
       {std::string(R"([{"rj-arr":)"), std::string("no JSON"), std::string("{}"), std::string("[1,,2]"),
        std::string("[1,]"), std::string("[,]"), std::string("[1]]"), std::string("[[1]"), std::string("[1}"),
        std::string("[1],[2]"), std::string("[\"a]"), std::string("["), std::string("]"), std::string("[{]}]"),
        std::string(100'000, '[')}) {
    EXPECT_THAT(taken(whole, kBatch, 1), ElementsAre(whole)) << whole.substr(0, 50);
  }
  const std::string deep = std::string(30'000, '[') + std::string(30'000, ']');
  EXPECT_THAT(taken(deep, kBatch, 1), ElementsAre(deep.substr(1, deep.size() - 2)));
}

TEST_F(IngestTest, BinaryMode) {
  const std::string headers =
      "ce-specversion: 1.0\r\nCE-Type: account.login\r\nce-source: /t\r\nce-time: 2023-11-14T22:13:20Z\r\nce-id: "
      "bin%20%C3%A9%zz\r\nce-quoted: "
      "\"a\\\"b\"\r\nce-data: no\r\n";
  EXPECT_THAT(
      taken(R"({"user_id":"u"})", "application/json", 1, headers),
      ElementsAre(
          R"({"specversion":"1.0","type":"account.login","source":"/t","time":"2023-11-14T22:13:20Z","id":"bin é%zz","quoted":"a\"b","datacontenttype":"application/json","data":{"user_id":"u"}})"));
  EXPECT_THAT(taken("{}", "", 1, "ce-id: x\r\n"), ElementsAre(R"({"id":"x","data":{}})"));
  // A body that would change the meaning of what is around it stands alone.
  for (const char* body : {R"({},"source":"/other")", "}", "{\"a\":\"", "1]"}) {
    EXPECT_THAT(taken(body, "application/json", 1, "ce-id: x\r\n"), ElementsAre(body));
  }
  EXPECT_THAT(taken("{} {}", "application/vnd.x+json", 1, "ce-id: \t\xff\r\n").size(), 1U);
  refused(post("{}", "text/plain", "ce-id: x\r\n"), 415);
}

TEST_F(IngestTest, TheSameIdentityGoesToTheSamePartition) {
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += login(std::to_string(i)) + "\n";
  const auto once = taken(lines, kLines, 200);
  const auto again = taken(lines, kLines, 200);
  EXPECT_EQ(once, again);
  EXPECT_EQ(metrics_.events_received.Value(), 400);
}

TEST_F(IngestTest, Compressed) {
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += login(std::to_string(i)) + "\n";
  EXPECT_EQ(taken(gzip(lines), kLines, 100, "Content-Encoding: gzip\r\n").size(), 100U);
  EXPECT_EQ(taken(gzip(lines) + gzip(lines), kLines, 200, "Content-Encoding: x-gzip\r\n").size(), 200U);
  EXPECT_EQ(taken(zstd(lines), kLines, 100, "Content-Encoding: zstd\r\n").size(), 100U);
  EXPECT_EQ(taken(zstd(lines) + zstd(lines), kLines, 200, "Content-Encoding: zstd\r\n").size(), 200U);
  EXPECT_EQ(taken(gzip("[" + login("1") + "]"), kBatch, 1, "Content-Encoding: gzip\r\n").size(), 1U);
  EXPECT_EQ(taken(lines, kLines, 100, "Content-Encoding: identity\r\n").size(), 100U);
  refused(post("no gzip at all", kLines, "Content-Encoding: gzip\r\n"), 400);
  refused(post("no zstd at all", kLines, "Content-Encoding: zstd\r\n"), 400);
  refused(post(gzip(lines).substr(0, 100), kLines, "Content-Encoding: gzip\r\n"), 400);
  refused(post(gzip(lines).substr(0, gzip(lines).size() - 4), kLines, "Content-Encoding: gzip\r\n"), 400);
  refused(post(zstd(lines).substr(0, 40), kLines, "Content-Encoding: zstd\r\n"), 400);
  refused(post(gzip(lines) + "tail", kLines, "Content-Encoding: gzip\r\n"), 400);
  refused(post(gzip(""), kLines, "Content-Encoding: gzip\r\n"), 400);
  refused(post(lines, kLines, "Content-Encoding: br\r\n"), 415);
  refused(post(gzip(gzip(lines)), kLines, "Content-Encoding: gzip, gzip\r\n"), 415);
}

TEST_F(IngestTest, SixteenMiBToTheByte) {
  const std::string exact(16 * kMiB, '\n');
  EXPECT_EQ(taken(exact, kLines, 0).size(), 0U);
  refused(post(exact + "\n", kLines), 413);
  for (const auto& [pack, name] : {std::pair{&gzip, "gzip"}, std::pair{&zstd, "zstd"}}) {
    const std::string header = std::string("Content-Encoding: ") + name + "\r\n";
    EXPECT_EQ(taken(pack(exact), kLines, 0, header).size(), 0U);
    refused(post(pack(exact + "\n"), kLines, header), 413);
    refused(post(pack(std::string(64 * kMiB, '\n')), kLines, header), 413);
  }
}

TEST_F(IngestTest, ABombFillsNoMoreThanTheBudget) {
  HttpLimits limits;
  limits.body_bytes = 2 * kMiB;
  const auto small = HttpServer::create({{"127.0.0.1:0", "test", &table_, limits}}, 2, metrics_).value();
  const std::uint16_t port = small->ports().at(0);
  const std::string type = std::string("Content-Type: ") + kLines + "\r\n";
  for (const auto& [pack, name] : {std::pair{&gzip, "gzip"}, std::pair{&zstd, "zstd"}}) {
    const std::string headers = type + "Content-Encoding: " + name + "\r\n";
    const std::string bomb = pack(std::string(15 * kMiB, ' '));
    for (int i = 0; i < 20; ++i) {
      const Answer answer = ask(port, "POST", "/api/v1/events", bomb, headers);
      EXPECT_EQ(answer.status, 503) << answer.body;
      EXPECT_EQ(answer.header("retry-after"), "1");
    }
    // All of it has been given back.
    EXPECT_EQ(ask(port, "POST", "/api/v1/events", pack(std::string(kMiB / 2, '\n')), headers).status, 202);
  }
}

TEST_F(IngestTest, AHundredThousandBracketsAreOneEvent) {
  const std::string path = "/api/v1/events/validate";
  for (const std::string& deep :
       {std::string(100'000, '['), std::string(100'000, '[') + std::string(100'000, ']'),
        R"({"specversion":"1.0","type":"account.login","source":"/t","id":"1","time":"2023-11-14T22:13:20Z","data":)" +
            std::string(100'000, '[') + std::string(100'000, ']') + "}"}) {
    EXPECT_EQ(taken(deep, kOne, 1).size(), 1U);
    EXPECT_EQ(taken(deep, kLines, 1).size(), 1U);
    const Answer answer = post(deep, kOne, "", path);
    EXPECT_EQ(answer.status, 200);
    EXPECT_THAT(answer.body, HasSubstr(R"("verdict":"rejected")")) << answer.body.substr(0, 300);
    EXPECT_LT(answer.body.size(), 2'000U);
  }
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += R"({"a":)";
  EXPECT_THAT(post(objects, kOne, "", path).body, HasSubstr(R"("verdict":"rejected")"));
}

TEST_F(IngestTest, RefusedBodies) {
  refused(post("", kLines), 400);
  refused(post("", kOne), 400);
  for (const char* type : {"text/plain", "application/xml", "application/json", "", "application/x-www-form-urlencoded",
                           "multipart/form-data; boundary=x"}) {
    refused(post(login("1"), type), 415);
  }
}

TEST_F(IngestTest, TheAnswerWaitsForDurability) {
  log_.hold();
  test::Client client(port_);
  client.send(test::request_text("POST", "/api/v1/events", login("1"), "Content-Type: application/x-ndjson\r\n"));
  std::atomic<bool> answered{false};
  std::thread reader([&] {
    EXPECT_EQ(client.read_answer().status, 202);
    answered = true;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_FALSE(answered);
  // Others are served meanwhile: nobody blocks a thread.
  for (int i = 0; i < 8; ++i) EXPECT_EQ(post("", kLines).status, 400);
  EXPECT_EQ(log_.release(), 1U);
  reader.join();
}

TEST_F(IngestTest, ALogThatCannotTakeMoreIsA503) {
  for (const Code code : {Code::kOverloaded, Code::kDiskFull, Code::kUnavailable, Code::kCancelled}) {
    log_.fail_with(Error{code, "the log says no"});
    const Answer answer = post(login("1"), kLines);
    refused(answer, 503);
    EXPECT_GT(std::stoi(answer.header("retry-after")), 0);
    EXPECT_THAT(answer.body, HasSubstr("the log says no"));
  }
  EXPECT_EQ(metrics_.events_received.Value(), 0);
}

TEST_F(IngestTest, ValidateStoresNothing) {
  const std::string path = "/api/v1/events/validate";
  const std::string body = login("1") + "\n" + login("2", "nowhere") + "\nno JSON\n42\n";
  const Answer answer = post(body, kLines, "", path);
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(
      answer.body,
      HasSubstr(
          R"({"items":[{"index":0,"verdict":"ok","reason":null,"field":null,"message":null},{"index":1,"verdict":"rejected","reason":"out_of_range","field":"data.ip","message":")"));
  EXPECT_THAT(answer.body,
              HasSubstr(R"({"index":2,"verdict":"rejected","reason":"malformed_json","field":null,"message":")"));
  EXPECT_THAT(answer.body, HasSubstr(R"({"index":3,"verdict":"rejected","reason":"not_cloudevent",)"));
  EXPECT_THAT(post("[" + login("1") + "," + login("2") + "]", kBatch, "", path).body,
              HasSubstr(R"("index":1,"verdict":"ok")"));
  EXPECT_THAT(post("[{", kBatch, "", path).body,
              HasSubstr(R"({"items":[{"index":0,"verdict":"rejected","reason":"malformed_json")"));
  EXPECT_EQ(post("[]", kBatch, "", path).body, R"({"items":[]})");
  EXPECT_THAT(post(gzip(login("1")), kOne, "Content-Encoding: gzip\r\n", path).body, HasSubstr(R"("verdict":"ok")"));
  std::string many;
  for (int i = 0; i < 100'001; ++i) many += "1\n";
  EXPECT_EQ(post(many, kLines, "", path).status, 413);
  EXPECT_EQ(post("", kLines, "", path).status, 400);
  EXPECT_THAT(log_.take(), ElementsAre());
}

TEST(EventBodies, AnArrayIsTakenApartAsItWasPutTogether) {
  std::mt19937 random(7);
  const std::vector<std::string> pieces{"\"", "\\", "\\\"", "[", "]", "{", "}", ",", ":", "a", " ", "1"};
  for (int round = 0; round < 20'000; ++round) {
    std::string text = "[";
    const std::size_t length = random() % 12;
    for (std::size_t i = 0; i < length; ++i) text += pieces[random() % pieces.size()];
    text += "]";
    std::string joined;
    std::size_t count = 0;
    const bool split = split_events(BodyMode::kBatch, text, [&](std::string_view event) {
      ASSERT_FALSE(event.empty());
      joined += (count++ == 0 ? "" : ",") + std::string(event);
    });
    if (!split) continue;
    // Nothing is lost or invented, but for white space around the elements.
    std::string expected = text.substr(1, text.size() - 2);
    std::erase(joined, ' ');
    std::erase(expected, ' ');
    EXPECT_EQ(joined, expected);
  }
}

}  // namespace
}  // namespace weir

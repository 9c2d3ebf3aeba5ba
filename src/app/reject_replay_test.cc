#include "app/reject_replay.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <mutex>

#include "api/http_server.h"
#include "api/problem.h"
#include "api/routes.h"
#include "app/reject_export.h"
#include "base/base64.h"
#include "base/json_text.h"
#include "event/decoder.h"

namespace weir {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A Weir that does with events what the test says.
class FakeWeir final : public HttpHandler {
 public:
  enum class Do : std::uint8_t { kTake, kTakeAndSay503, kSay503, kRefuse };

  FakeWeir() { server_ = HttpServer::create({{"127.0.0.1:0", "test", this}}, 1, metrics_).value(); }
  ~FakeWeir() override { server_.reset(); }
  std::string url() const { return fmt::format("http://127.0.0.1:{}", server_->ports().at(0)); }

  void reject(std::string raw, std::string source = "", std::string id = "", bool cut = false) {
    rejects_.push_back({.received_at = UnixMillis(1000),
                        .reason = "wrong_type",
                        .source = std::move(source),
                        .id = std::move(id),
                        .raw = std::move(raw),
                        .cut = cut,
                        .partition = PartitionId(0),
                        .offset = Offset(rejects_.size())});
  }

  Admission admit(const HttpRequest& head) override {
    (void)head;
    return {.body_limit = 1 << 24U};
  }
  void handle(std::shared_ptr<HttpRequest> request, HttpReply reply) override {
    const std::lock_guard lock(mutex_);
    reply.send(answer(*request));
  }

  std::deque<Do> plan;              // then kTake
  bool admits = true;               // what it takes; else it rejects that again
  std::uint64_t behind = 0;         // times that the ledger shows a worker that is behind
  std::vector<std::string> bodies;  // that it took
  std::vector<std::string> types;

 private:
  HttpResponse answer(const HttpRequest& request) {
    if (request.path == "/api/v1/ledger") {
      const std::uint64_t judged = behind > 0 ? 9 : 10;
      if (behind > 0) --behind;
      return json_response(fmt::format(
          R"({{"received":10,"admitted":{},"duplicate":0,"rejected":0,"in_flight":0,"stored":0,"expired":0,"rolled_up":0}})",
          judged));
    }
    if (request.path == "/api/v1/events" && request.method == "GET") {
      std::string items;
      for (const auto& [source, id] : events_) {
        if (request.query.find("source=" + percent_encoded(source)) == std::string::npos) continue;
        items += fmt::format(R"({}{{"source":"{}","id":"{}"}})", items.empty() ? "" : ",", source, id);
      }
      return json_response(R"({"items":[)" + items + R"(],"next_cursor":null})");
    }
    if (request.path == "/api/v1/rejects") return list(request.query);
    return take(request);
  }

  /// Two a page; what came back has the time of now.
  HttpResponse list(const std::string& query) const {
    const bool back = query.find("from=") != std::string::npos;
    std::size_t at = 0;
    if (const auto cursor = query.find("cursor="); cursor != std::string::npos)
      at = std::stoul(query.substr(cursor + 7));
    const auto& all = back ? back_ : rejects_;
    std::string items;
    for (std::size_t i = at; i < std::min(at + 2, all.size()); ++i) {
      std::string line;
      append_reject_line(line, all[i]);
      // Of export's line, what the API says: text beside the exact bytes.
      line.pop_back();
      if (line.find("\"raw\":") == std::string::npos) line.insert(1, "\"raw\":\"?\",");
      items += (items.empty() ? "" : ",") + line;
    }
    const std::string next = at + 2 < all.size() ? fmt::format("\"{}\"", at + 2) : "null";
    return json_response(R"({"items":[)" + items + R"(],"next_cursor":)" + next + "}");
  }

  HttpResponse take(const HttpRequest& request) {
    const Do what = plan.empty() ? Do::kTake : plan.front();
    if (!plan.empty()) plan.pop_front();
    if (what == Do::kSay503) return problem({.status = 503, .detail = "Full."});
    if (what == Do::kRefuse) return problem({.status = 413, .detail = "Too much."});
    bodies.emplace_back(request.body.view());
    types.emplace_back(request.header("Content-Type"));
    for (const RejectItem& item : rejects_) {
      if (bodies.back().find(item.raw) == std::string::npos) continue;
      if (admits) {
        events_.emplace_back(item.source, item.id);
      } else {
        back_.push_back(item);
        back_.back().received_at = SystemClock().now();
        back_.back().offset = Offset(1000 + back_.size());
      }
    }
    if (what == Do::kTakeAndSay503) return problem({.status = 503, .detail = "Half."});
    return json_response(R"({"received":1})", 202);
  }

  std::mutex mutex_;
  std::vector<RejectItem> rejects_, back_;
  std::vector<std::pair<std::string, std::string>> events_;
  Metrics metrics_;
  std::unique_ptr<HttpServer> server_;
};

class RejectReplayTest : public testing::Test {
 protected:
  RejectReplayTest() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-replay-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
  }
  ~RejectReplayTest() override { std::filesystem::remove_all(folder_); }

  /// One run of the command: everything anew but the file.
  Status replay() {
    auto client = HttpClient::create(weir_.url(), "--to-url", {}).value();
    const auto marks = RejectMarks::open(folder_ / "marks").value();
    counts_ = {};
    return replay_rejects(*client, {.reason = "wrong_type"}, *marks, counts_, {}, [] {});
  }

  FakeWeir weir_;
  std::filesystem::path folder_;
  RejectReplayCounts counts_;
};

TEST_F(RejectReplayTest, SendsTheBytesAsTheyWere) {
  weir_.reject("{\"a\":1}", "/s", "1");
  weir_.reject("two\nlines");
  weir_.reject("\xff", "", "");
  weir_.reject(" \t");
  weir_.reject("half of it", "", "", true);
  weir_.reject("");
  ASSERT_TRUE(replay());
  EXPECT_THAT(weir_.bodies, ElementsAre("two\nlines", "{\"a\":1}\n", " \t", "\xff\n"));
  EXPECT_THAT(weir_.types, ElementsAre("application/cloudevents+json", "application/x-ndjson",
                                       "application/cloudevents+json", "application/x-ndjson"));
  EXPECT_EQ(counts_.sent, 4U);
  EXPECT_EQ(counts_.cut, 1U);
  EXPECT_EQ(counts_.empty, 1U);
  weir_.bodies.clear();
  ASSERT_TRUE(replay());
  EXPECT_THAT(weir_.bodies, IsEmpty());
  EXPECT_EQ(counts_.sent, 0U);
  EXPECT_EQ(counts_.sent_before, 4U);
}

TEST_F(RejectReplayTest, A503ThatTookTheEventsIsNotRepeated) {
  weir_.reject("{\"a\":1}", "/s", "1");
  weir_.reject("{\"a\":2}", "/s", "2");
  weir_.plan = {FakeWeir::Do::kTakeAndSay503};
  weir_.behind = 2;
  ASSERT_TRUE(replay());
  EXPECT_THAT(weir_.bodies, ElementsAre("{\"a\":1}\n{\"a\":2}\n"));
  EXPECT_EQ(counts_.sent, 2U);
  EXPECT_EQ(weir_.behind, 0U) << "asked before the worker had judged all";
}

TEST_F(RejectReplayTest, WhatCameBackWasSent) {
  weir_.admits = false;
  weir_.reject("same");
  weir_.reject("same");
  weir_.plan = {FakeWeir::Do::kTakeAndSay503};
  ASSERT_TRUE(replay());
  EXPECT_EQ(weir_.bodies.size(), 1U);
  EXPECT_EQ(counts_.sent, 2U);
}

TEST_F(RejectReplayTest, A503ThatTookNothingIsRepeated) {
  weir_.reject("{\"a\":1}", "/s", "1");
  weir_.plan = {FakeWeir::Do::kSay503, FakeWeir::Do::kSay503};
  ASSERT_TRUE(replay());
  EXPECT_THAT(weir_.bodies, ElementsAre("{\"a\":1}\n"));
  EXPECT_EQ(counts_.sent, 1U);
}

TEST_F(RejectReplayTest, WhatIsRefusedCanBeSentLater) {
  weir_.reject("{\"a\":1}", "/s", "1");
  weir_.plan = {FakeWeir::Do::kRefuse};
  const Status refused = replay();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("Too much."));
  ASSERT_TRUE(replay());
  EXPECT_EQ(counts_.sent, 1U);
  EXPECT_EQ(counts_.found_sent, 0U);
}

TEST(RejectExport, KeepsEveryByte) {
  std::string out;
  append_reject_line(out, {.received_at = UnixMillis(0),
                           .reason = "r",
                           .field = "f",
                           .message = "m",
                           .source = "s",
                           .id = "i",
                           .type = "t",
                           .raw = std::string("a\0\n\"", 4),
                           .partition = PartitionId(1),
                           .offset = Offset(2)});
  append_reject_line(out, {.raw = "\xff{\n", .cut = true});
  EXPECT_EQ(
      out,
      R"({"reason":"r","field":"f","message":"m","source":"s","id":"i","type":"t","received_at":"1970-01-01T00:00:00.000Z","partition":1,"offset":2,"cut":false,"raw":"a\u0000\n\""})"
      "\n"
      R"({"reason":"","field":"","message":"","source":"","id":"","type":"","received_at":"1970-01-01T00:00:00.000Z","partition":0,"offset":0,"cut":true,"raw_base64":"/3sK"})"
      "\n");
}

TEST(PercentEncoded, LeavesNothingThatAUrlReads) {
  EXPECT_EQ(percent_encoded("aZ0-._~"), "aZ0-._~");
  EXPECT_EQ(percent_encoded("/a b&c=\xC3\xBC+%"), "%2Fa%20b%26c%3D%C3%BC%2B%25");
}

}  // namespace
}  // namespace weir

// For tests of the HTTP server: one that echoes, and a client's view of it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "api/http_server.h"
#include "api/problem.h"
#include "api/test_client.h"

namespace weir::test {

/// Tells what it was asked; some paths behave in special ways.
class Echo final : public HttpHandler {
 public:
  Admission admit(const HttpRequest& head) override {
    Admission admission;
    admission.body_limit = 1'000'000;
    if (head.path == "/refused") admission.refusal = problem({.status = 403, .detail = "no"});
    return admission;
  }
  void handle(std::shared_ptr<HttpRequest> request, HttpReply reply) override {
    ++handled;
    if (request->path == "/forgotten") return;
    if (request->path == "/later") {
      std::lock_guard lock(mutex);
      waiting.push_back(reply);
      return;
    }
    if (request->path == "/stream" || request->path == "/events") {
      HttpResponse head;
      head.content_type = request->path == "/events" ? "text/event-stream" : "text/plain";
      std::lock_guard lock(mutex);
      stream = reply.stream(head, 64 * 1024);
      return;
    }
    HttpResponse response;
    response.content_type = "text/plain";
    response.body = request->method + " " + request->path + " " + std::to_string(request->body.size());
    if (request->path == "/body") response.body = std::string(request->body.view());
    if (request->path == "/big") response.body.assign(3'000'000, 'b');
    reply.send(std::move(response));
  }

  std::shared_ptr<ResponseStream> wait_for_stream() {
    for (int i = 0; i < 1000; ++i) {
      {
        std::lock_guard lock(mutex);
        if (stream) return stream;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return nullptr;
  }

  std::atomic<int> handled{0};
  std::mutex mutex;
  std::vector<HttpReply> waiting;
  std::shared_ptr<ResponseStream> stream;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void start(HttpLimits limits = {}) {
    auto server = HttpServer::create({{"127.0.0.1:0", "test", &echo_, limits}}, 2, metrics_);
    ASSERT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
    port_ = server_->ports().at(0);
  }
  /// What the server says to these bytes before it closes; the sending side is closed first.
  std::string exchange(std::string_view bytes) {
    Client client(port_);
    client.send(bytes);
    client.half_close();
    return client.read_all();
  }
  Answer ask(std::string_view bytes) {
    Client client(port_);
    client.send(bytes);
    return client.read_answer();
  }

  Metrics metrics_;
  Echo echo_;
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

}  // namespace weir::test

#include "app/http_sink.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace weir {
namespace {

/// Takes connections and never says a word.
class Mute {
 public:
  Mute() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    url_ = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
    listen(socket_, 8);
  }
  ~Mute() { close(socket_); }
  Mute(const Mute&) = delete;
  const std::string& url() const { return url_; }

 private:
  const int socket_;
  std::string url_;
};

// A process that is told to stop ends within ten seconds, whatever the other side does.
TEST(HttpSink, AServerThatDoesNotAnswerHoldsNobodyUp) {
  const Mute server;
  std::stop_source stop;
  auto sink = HttpSink::create(server.url(), stop.get_token());
  ASSERT_TRUE(sink) << sink.error().message;
  RawBatch events;
  events.add("{}");
  std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop.request_stop();
  });
  const auto start = std::chrono::steady_clock::now();
  const Status sent = (*sink)->send(std::move(events), stop.get_token());
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, Code::kCancelled) << sent.error().message;
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
}

TEST(HttpSink, NamesAnIpv6AddressInBrackets) {
  const int listener = socket(AF_INET6, SOCK_STREAM, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(listener);
    GTEST_SKIP() << "this machine has no ::1";
  }
  socklen_t size = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  listen(listener, 8);
  const std::string where = fmt::format("[::1]:{}", ntohs(address.sin6_port));
  std::string request;
  std::jthread server([&] {
    const int peer = accept(listener, nullptr, nullptr);
    std::array<char, 4096> piece{};
    while (request.find("{}") == std::string::npos) {
      const ssize_t n = recv(peer, piece.data(), piece.size(), 0);
      if (n <= 0) break;
      request.append(piece.data(), static_cast<std::size_t>(n));
    }
    constexpr std::string_view kAnswer = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    send(peer, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
    close(peer);
  });
  auto sink = HttpSink::create("http://" + where, {});
  ASSERT_TRUE(sink) << sink.error().message;
  RawBatch events;
  events.add("{}");
  EXPECT_TRUE((*sink)->send(std::move(events), {}));
  server.join();
  close(listener);
  EXPECT_NE(request.find("Host: " + where + "\r\n"), std::string::npos) << request;
}

TEST(HttpSink, SaysWhatIsNoAddress) {
  for (const char* url : {"http://", "http://:3000", "http://127.0.0.1:0", "http://127.0.0.1:65536",
                          "http://127.0.0.1:x", "http://127.0.0.1:3000/api"}) {
    const auto sink = HttpSink::create(url, {});
    ASSERT_FALSE(sink) << url;
    EXPECT_EQ(sink.error().code, Code::kInvalid) << url;
  }
}

}  // namespace
}  // namespace weir

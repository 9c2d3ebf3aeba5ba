#include "app/http_sink.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <thread>

namespace weir {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kAnswerTime{30};
constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::seconds kLastPatience{5};  // once it is to stop: a process ends within ten
constexpr milliseconds kSlice{100};

}  // namespace

struct HttpSink::Impl {
  std::string host, port;
  asio::io_context io;
  std::optional<beast::tcp_stream> stream;
  beast::flat_buffer buffer;

  std::string where() const {
    return host.find(':') == std::string::npos ? host + ":" + port : "[" + host + "]:" + port;
  }

  Error away(const beast::error_code& error) const {
    return {
        Code::kUnavailable,
        fmt::format(
            "Nobody answers at {} ({}). Is a Weir running there? Start one with `weir up`, or name another with --to.",
            where(), error.message())};
  }

  Status connect(const std::stop_token& stop) {
    buffer.clear();
    beast::error_code error;
    asio::ip::tcp::resolver resolver(io);
    const auto endpoints = resolver.resolve(host, port, error);
    if (error) return std::unexpected(away(error));
    stream.emplace(io);
    run(stop, [&] { stream->async_connect(endpoints, [&](const beast::error_code& e, const auto&) { error = e; }); });
    if (error) {
      stream.reset();
      return std::unexpected(away(error));
    }
    stream->socket().set_option(asio::ip::tcp::no_delay(true), error);
    return {};
  }

  /// One asynchronous step with a deadline, waited for.
  template <class Step>
  void run(const std::stop_token& stop, Step&& step) {
    stream->expires_after(kAnswerTime);
    step();
    io.restart();
    std::optional<std::chrono::steady_clock::time_point> give_up;
    while (!io.stopped()) {
      io.run_for(kSlice);
      if (!stop.stop_requested()) continue;
      const auto now = std::chrono::steady_clock::now();
      if (!give_up) give_up = now + kLastPatience;
      if (now >= *give_up) stream->cancel();
    }
  }

  Result<http::response<http::string_body>> post(const std::string& body, const std::stop_token& stop) {
    if (!stream) WEIR_TRY(connect(stop));
    http::request<http::string_body> request(http::verb::post, "/api/v1/events", 11);
    request.set(http::field::host, where());
    request.set(http::field::content_type, "application/x-ndjson");
    request.body() = body;
    request.prepare_payload();
    beast::error_code error;
    run(stop,
        [&] { http::async_write(*stream, request, [&](const beast::error_code& e, std::size_t) { error = e; }); });
    http::response<http::string_body> response;
    if (!error) {
      run(stop, [&] {
        http::async_read(*stream, buffer, response, [&](const beast::error_code& e, std::size_t) { error = e; });
      });
    }
    if (error) {
      stream.reset();
      return std::unexpected(away(error));
    }
    if (response.need_eof()) stream.reset();
    return response;
  }
};

HttpSink::HttpSink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpSink::~HttpSink() = default;

Result<std::unique_ptr<HttpSink>> HttpSink::create(const std::string& url, const std::stop_token& stop) {
  constexpr std::string_view kScheme = "http://";
  auto impl = std::make_unique<Impl>();
  std::string rest = url.starts_with(kScheme) ? url.substr(kScheme.size()) : "";
  while (rest.ends_with('/')) rest.pop_back();
  const std::size_t colon = rest.rfind(':');
  const bool has_port = colon != std::string::npos && rest.find(']', colon) == std::string::npos;
  impl->host = has_port ? rest.substr(0, colon) : rest;
  impl->port = has_port ? rest.substr(colon + 1) : "80";
  if (impl->host.starts_with('[') && impl->host.ends_with(']'))
    impl->host = impl->host.substr(1, impl->host.size() - 2);
  unsigned number = 0;
  const auto parsed = std::from_chars(impl->port.data(), impl->port.data() + impl->port.size(), number);
  if (impl->host.empty() || rest.find('/') != std::string::npos || parsed.ec != std::errc() ||
      parsed.ptr != impl->port.data() + impl->port.size() || number == 0 || number > 65'535) {
    return fail(Code::kInvalid, "\"" + url + "\" is no address of a Weir; write it like http://127.0.0.1:3000.");
  }
  if (const Status connected = impl->connect(stop); !connected) {
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while " + impl->where() + " did not answer");
    return std::unexpected(connected.error());
  }
  return std::unique_ptr<HttpSink>(new HttpSink(std::move(impl)));
}

Status HttpSink::send(RawBatch&& events, std::stop_token stop) {
  std::string body;
  body.reserve(events.bytes() + events.size());
  for (std::size_t i = 0; i < events.size(); ++i) body.append(events[i]).push_back('\n');
  const auto patience_ends = std::chrono::steady_clock::now() + kPatience;
  milliseconds pause(50);
  while (true) {
    auto response = impl_->post(body, stop);
    if (response && response->result() == http::status::accepted) return {};
    milliseconds wait = pause;
    if (response) {
      if (response->result() != http::status::service_unavailable) {
        return fail(Code::kInvalid, fmt::format("{} refused the events with status {}: {}", impl_->where(),
                                                response->result_int(), response->body().substr(0, 300)));
      }
      int seconds = 0;
      const auto asked = (*response)[http::field::retry_after];
      std::from_chars(asked.data(), asked.data() + asked.size(), seconds);
      wait = std::max(wait, std::min(milliseconds(seconds * 1000), milliseconds(5'000)));
    }
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while the server could not take more");
    if (std::chrono::steady_clock::now() + wait > patience_ends) {
      if (!response) return std::unexpected(response.error());
      return fail(Code::kUnavailable,
                  fmt::format("{} could not take more events for a minute (503). Look at http://{}/api/v1/health.",
                              impl_->where(), impl_->where()));
    }
    const auto until = std::chrono::steady_clock::now() + wait;
    while (!stop.stop_requested() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::min(wait, kSlice));
    pause = std::min(pause * 2, milliseconds(2'000));
  }
}

}  // namespace weir

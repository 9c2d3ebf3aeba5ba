#include "app/http_client.h"

#include <fmt/format.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <ctime>
#include <thread>

#include "api/answers.h"

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
/// A page of a thousand rejects of 64 KiB, each byte of which is written as six.
constexpr std::uint64_t kLargestAnswer = 512ULL << 20U;

std::optional<UnixMillis> parse_date(std::string text) {
  std::tm utc{};
  const char* const end = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return UnixMillis(static_cast<std::int64_t>(timegm(&utc)) * 1000);
}

}  // namespace

struct HttpClient::Impl {
  std::string host, port, flag;
  asio::io_context io;
  std::optional<beast::tcp_stream> stream;
  beast::flat_buffer buffer;
  std::optional<UnixMillis> server_time;

  std::string where() const {
    return host.find(':') == std::string::npos ? host + ":" + port : "[" + host + "]:" + port;
  }

  Error away(const beast::error_code& error) const {
    return {
        Code::kUnavailable,
        fmt::format(
            "Nobody answers at {} ({}). Is a Weir running there? Start one with `weir up`, or name another with {}.",
            where(), error.message(), flag)};
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

  Result<Answer> ask(http::request<http::string_body>& request, const std::stop_token& stop) {
    if (!stream) WEIR_TRY(connect(stop));
    request.set(http::field::host, where());
    request.prepare_payload();
    beast::error_code error;
    run(stop,
        [&] { http::async_write(*stream, request, [&](const beast::error_code& e, std::size_t) { error = e; }); });
    http::response_parser<http::string_body> parser;
    parser.body_limit(kLargestAnswer);
    if (!error) {
      run(stop, [&] {
        http::async_read(*stream, buffer, parser, [&](const beast::error_code& e, std::size_t) { error = e; });
      });
    }
    if (error) {
      stream.reset();
      return std::unexpected(away(error));
    }
    auto response = parser.release();
    if (response.need_eof()) stream.reset();
    Answer answer{.status = static_cast<int>(response.result_int()), .body = std::move(response.body())};
    int seconds = 0;
    const auto asked = response[http::field::retry_after];
    std::from_chars(asked.data(), asked.data() + asked.size(), seconds);
    answer.retry_after = std::min(milliseconds(std::max(seconds, 0) * 1000LL), milliseconds(5'000));
    answer.date = parse_date(std::string(response[http::field::date]));
    if (answer.date) server_time = answer.date;
    return answer;
  }
};

HttpClient::HttpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::create(const std::string& url, std::string_view flag,
                                                       const std::stop_token& stop) {
  constexpr std::string_view kScheme = "http://";
  auto impl = std::make_unique<Impl>();
  impl->flag = flag;
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
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(impl)));
}

std::string HttpClient::where() const { return impl_->where(); }

std::optional<UnixMillis> HttpClient::server_time() const { return impl_->server_time; }

Result<HttpClient::Answer> HttpClient::get(const std::string& target, const std::stop_token& stop) {
  http::request<http::string_body> request(http::verb::get, target, 11);
  return impl_->ask(request, stop);
}

Result<HttpClient::Answer> HttpClient::post(const std::string& target, const std::string& content_type,
                                            const std::string& body, const std::stop_token& stop) {
  http::request<http::string_body> request(http::verb::post, target, 11);
  request.set(http::field::content_type, content_type);
  request.body() = body;
  return impl_->ask(request, stop);
}

Result<std::string> HttpClient::read(const std::string& target, const std::stop_token& stop) {
  Patience patience;
  while (true) {
    auto answer = get(target, stop);
    if (answer && answer->status == 200) return std::move(answer->body);
    if (answer && answer->status != 503) {
      return fail(Code::kInvalid,
                  fmt::format("{} answered {} with status {}: {}", where(), target.substr(0, target.find('?')),
                              answer->status, problem_detail(answer->body)));
    }
    if (patience.wait(answer ? answer->retry_after : milliseconds(0), stop)) continue;
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while the server did not answer");
    if (!answer) return std::unexpected(answer.error());
    return fail(Code::kUnavailable,
                fmt::format("{} could not answer for a minute (503): {}", where(), problem_detail(answer->body)));
  }
}

Patience::Patience() : ends_(std::chrono::steady_clock::now() + kPatience) {}

bool Patience::wait(milliseconds asked, const std::stop_token& stop) {
  const milliseconds wait = std::max(pause_, asked);
  const auto until = std::chrono::steady_clock::now() + wait;
  if (stop.stop_requested() || until > ends_) return false;
  while (!stop.stop_requested() && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::min(wait, kSlice));
  pause_ = std::min(pause_ * 2, milliseconds(2'000));
  return !stop.stop_requested();
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
  return out;
}

}  // namespace weir

#include "api/http_body_reader.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <cstring>

#include "api/http_refusals.h"

namespace weir::http {
namespace {

/// The time for all of a body, and for the next piece of it.
class BodyTime {
 public:
  explicit BodyTime(const HttpLimits& limits) : limits_(limits) {}
  /// For the next piece, when `got` bytes are there.
  void arm(Transport& transport, std::size_t got) const {
    const auto earned = std::chrono::milliseconds(got * 1000 / std::max<std::size_t>(limits_.body_rate, 1));
    const auto last = began_ + std::min(limits_.body_time, limits_.body_grace + earned);
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(last - Clock::now());
    transport.arm(std::max(std::chrono::milliseconds(0), std::min(limits_.body_pause, left)));
  }
  HttpResponse stopped(const Transport& transport) const {
    if (transport.timed_out()) return refusal::slow_body(limits_);
    HttpResponse gone;
    gone.status = 0;
    return gone;
  }

 private:
  const HttpLimits& limits_;
  const Clock::time_point began_ = Clock::now();
};

asio::awaitable<std::optional<HttpResponse>> read_chunks(Transport& transport, const HttpLimits& limits, Parser& parser,
                                                         HttpBody& body, std::size_t limit) {
  const BodyTime time(limits);
  beast::flat_buffer& buffer = transport.buffer();
  while (!parser.is_done()) {
    if (!body.reserve_more(kReadBytes)) co_return refusal::too_many_bodies();
    auto& sink = parser.get().body();
    sink.data = body.spare();
    sink.size = body.spare_size();
    const std::size_t room = sink.size;
    if (buffer.size() > 0) {
      ErrorCode error;
      const std::size_t used = parser.put(buffer.data(), error);
      buffer.consume(used);
      body.grow(room - sink.size);
      if (body.size() > limit) co_return refusal::large_body(limit);
      if (error == beast::http::error::need_buffer) error = {};
      if (error && error != beast::http::error::need_more) co_return refusal::not_http(error.message());
      if (parser.is_done()) break;
      if (used > 0) continue;
      if (buffer.size() >= limits.header_bytes) co_return refusal::long_chunk_head();
    }
    time.arm(transport, body.size());
    if (!co_await transport.read_more()) co_return time.stopped(transport);
  }
  co_return std::nullopt;
}

asio::awaitable<std::optional<HttpResponse>> read_length(Transport& transport, const HttpLimits& limits,
                                                         std::uint64_t length, HttpBody& body) {
  const BodyTime time(limits);
  beast::flat_buffer& buffer = transport.buffer();
  if (!body.reserve_more(static_cast<std::size_t>(std::min<std::uint64_t>(length, 2 * kReadBytes)))) {
    co_return refusal::too_many_bodies();
  }
  const auto missing = [&] { return static_cast<std::size_t>(length) - body.size(); };
  const std::size_t there = std::min(buffer.size(), missing());
  if (!body.reserve_more(there)) co_return refusal::too_many_bodies();
  std::memcpy(body.spare(), buffer.data().data(), there);
  body.grow(there);
  buffer.consume(there);
  while (missing() > 0) {
    if (body.spare_size() == 0 && !body.reserve_more(std::min(missing(), body.size()))) {
      co_return refusal::too_many_bodies();
    }
    time.arm(transport, body.size());
    const std::size_t size = co_await transport.read_into(body.spare(), std::min(missing(), body.spare_size()));
    if (size == 0) co_return time.stopped(transport);
    body.grow(size);
  }
  co_return std::nullopt;
}

}  // namespace

bool has_body(const Parser& parser) {
  const auto length = parser.content_length();
  return parser.chunked() || (length && *length > 0);
}

asio::awaitable<std::optional<HttpResponse>> read_body(Transport& transport, const HttpLimits& limits, Parser& parser,
                                                       HttpRequest& request, std::size_t limit) {
  std::optional<HttpResponse> refusal;
  if (parser.chunked()) {
    refusal = co_await read_chunks(transport, limits, parser, request.body, limit);
  } else {
    refusal = co_await read_length(transport, limits, parser.content_length().value(), request.body);
  }
  if (refusal) co_return refusal;
  request.body.seal();
  transport.disarm();
  co_return std::nullopt;
}

}  // namespace weir::http

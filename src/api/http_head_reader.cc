#include "api/http_head_reader.h"

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <string>
#include <string_view>

#include "api/http_refusals.h"

namespace weir::http {
namespace {

HttpResponse refusal_of(const ErrorCode& error, const HttpLimits& limits) {
  using Fault = beast::http::error;
  if (error == Fault::header_limit || error == Fault::buffer_overflow) return refusal::large_head(limits.header_bytes);
  if (error == Fault::bad_version) return refusal::unknown_version();
  if (error == Fault::bad_transfer_encoding) return refusal::two_lengths();
  return refusal::not_http(error.message());
}

/// Takes the target apart: an absolute one (http://host/path) names the authority itself.
void take_target(HttpRequest& request) {
  std::string_view target = request.target;
  request.authority = std::string(request.header("Host"));
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() > scheme.size() && equal_ignoring_case(target.substr(0, scheme.size()), scheme)) {
      target.remove_prefix(scheme.size());
      const std::size_t end = std::min(target.find_first_of("/?"), target.size());
      request.authority = std::string(target.substr(0, end));
      target.remove_prefix(end);
      if (target.empty() || target.front() == '?') request.path = "/";
      break;
    }
  }
  const std::size_t mark = std::min(target.find('?'), target.size());
  if (request.path.empty()) request.path = std::string(target.substr(0, mark));
  if (mark < target.size()) request.query = std::string(target.substr(mark + 1));
  if (const auto fragment = request.query.find('#'); fragment != std::string::npos) request.query.resize(fragment);
}

}  // namespace

asio::awaitable<bool> await_request(Transport& transport, const HttpLimits& limits, const bool& stop) {
  beast::flat_buffer& buffer = transport.buffer();
  std::size_t skipped = 0;
  transport.arm(limits.idle_time);
  while (true) {
    const auto* bytes = static_cast<const char*>(buffer.data().data());
    std::size_t breaks = 0;
    while (breaks < buffer.size() && (bytes[breaks] == '\r' || bytes[breaks] == '\n')) ++breaks;
    buffer.consume(breaks);
    skipped += breaks;
    if (buffer.size() > 0) co_return !stop;
    if (stop || skipped > 1024 || !co_await transport.read_more()) co_return false;
  }
}

asio::awaitable<std::optional<HttpResponse>> read_head(Transport& transport, const HttpLimits& limits, Parser& parser) {
  beast::flat_buffer& buffer = transport.buffer();
  transport.arm(limits.header_time);
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser.body_limit(boost::none);
  parser.eager(false);
  while (true) {
    ErrorCode error;
    buffer.consume(parser.put(buffer.data(), error));
    if (error && error != beast::http::error::need_more) co_return refusal_of(error, limits);
    if (parser.is_header_done()) break;
    if (!co_await transport.read_more()) {
      if (transport.timed_out()) co_return refusal::slow_head();
      HttpResponse gone;
      gone.status = 0;
      co_return gone;
    }
  }
  transport.disarm();
  co_return std::nullopt;
}

std::optional<HttpResponse> take_head(const Parser& parser, HttpRequest& request) {
  const auto& head = parser.get();
  request.method = std::string(head.method_string());
  request.target = std::string(head.target());
  request.version = head.version();
  std::size_t hosts = 0;
  for (const auto& field : head) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    if (field.name() == beast::http::field::host) ++hosts;
  }
  if (request.version != 10 && request.version != 11) return refusal::unknown_version();
  // RFC 9112, 6.1: a coding that is not understood may hide a second request.
  if (request.has_header("Transfer-Encoding") && (!parser.chunked() || request.version < 11)) {
    return refusal::unknown_coding();
  }
  if (hosts > 1 || (hosts == 0 && request.version >= 11)) return refusal::no_single_host();
  take_target(request);
  if (request.path.empty() || request.path.front() != '/') return refusal::no_path();
  return std::nullopt;
}

}  // namespace weir::http

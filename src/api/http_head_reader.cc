#include "api/http_head_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http/error.hpp>
#include <string>
#include <string_view>

#include "api/http_head_scan.h"
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

/// A head that is no longer than this costs no memory to speak of.
constexpr std::size_t kFreeHeadBytes = 64 * 1024;
/// How often the bytes of a head stand in memory while it is worked on: as read, parsed, and taken apart.
constexpr std::size_t kHeadCopies = 4;

/// No blank, no second name, no path. Which host it is, is looked at by who grants access.
bool is_host(std::string_view text) { return text.find_first_of(" \t,/\\?#") == std::string_view::npos; }

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

asio::awaitable<std::optional<HttpResponse>> read_head(Transport& transport, const HttpLimits& limits, Parser& parser,
                                                       BudgetShare& memory) {
  beast::flat_buffer& buffer = transport.buffer();
  transport.arm(limits.header_time);  // for all of it: who sends a byte now and then is not waited for
  HeadScan scan(limits.header_bytes, limits.headers);
  while (true) {
    const std::string_view bytes(static_cast<const char*>(buffer.data().data()), buffer.size());
    const HeadScan::Found found = scan.look(bytes);
    if (found == HeadScan::Found::kEnd) break;
    if (found == HeadScan::Found::kFault)
      co_return refusal::not_http(fmt::format("{} in line {}", scan.fault(), scan.line()));
    if (found == HeadScan::Found::kTooManyBytes) {
      co_return scan.line() == 1 ? refusal::large_target(limits.header_bytes)
                                 : refusal::large_head(limits.header_bytes);
    }
    if (found == HeadScan::Found::kTooManyHeaders) co_return refusal::many_headers(limits.headers);
    if (bytes.size() > kFreeHeadBytes && !memory.grow_to(kHeadCopies * bytes.size()))
      co_return refusal::too_many_bodies();
    if (!co_await transport.read_more()) {
      if (transport.timed_out()) co_return refusal::slow_head(limits.header_time);
      HttpResponse gone;
      gone.status = 0;
      co_return gone;
    }
  }
  transport.disarm();
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  parser.body_limit(boost::none);
  parser.eager(false);
  ErrorCode error;
  buffer.consume(parser.put(buffer.data(), error));
  if (error && error != beast::http::error::need_more) co_return refusal_of(error, limits);
  if (!parser.is_header_done()) co_return refusal::not_http("its head does not end where its empty line is");
  co_return std::nullopt;
}

std::optional<HttpResponse> take_head(const Parser& parser, HttpRequest& request) {
  const auto& head = parser.get();
  request.method = std::string(head.method_string());
  request.target = std::string(head.target());
  request.version = head.version();
  std::size_t hosts = 0, lengths = 0, codings = 0;
  for (const auto& field : head) {
    request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    if (field.name() == beast::http::field::host) ++hosts;
    if (field.name() == beast::http::field::content_length) ++lengths;
    if (field.name() == beast::http::field::transfer_encoding) ++codings;
  }
  if (request.version != 10 && request.version != 11) return refusal::unknown_version();
  // RFC 9112, 6.3: whoever stands before us may have gone by the other one.
  if (lengths + codings > 1) return refusal::two_lengths();
  const std::string_view length = request.header("Content-Length");
  if (lengths > 0 && (length.empty() || length.find_first_not_of("0123456789") != std::string_view::npos)) {
    return refusal::not_http("Content-Length is no number");
  }
  // RFC 9112, 6.1: a coding that is not understood may hide a second request.
  const bool chunked = equal_ignoring_case(request.header("Transfer-Encoding"), "chunked");
  if (codings > 0 && (!chunked || !parser.chunked() || request.version < 11)) return refusal::unknown_coding();
  if (hosts > 1 || (hosts == 0 && request.version >= 11) || !is_host(request.header("Host"))) {
    return refusal::no_single_host();
  }
  take_target(request);
  if (request.path.empty() || request.path.front() != '/') return refusal::no_path();
  return std::nullopt;
}

}  // namespace weir::http

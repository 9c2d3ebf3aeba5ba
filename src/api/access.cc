#include "api/access.h"

#include <algorithm>

#include "api/listen_address.h"
#include "api/problem.h"

namespace weir {
namespace {

/// host[:port] names this machine: localhost, or an address of the loopback network.
bool names_this_machine(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  if (!host.empty() && host.front() == '[') {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return false;
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
    if (!port.empty() && port.front() != ':') return false;
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (!port.empty()) port.remove_prefix(1);
  if (!std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
  return equal_ignoring_case(host, "localhost") || is_loopback_address(host);
}

}  // namespace

std::string_view bearer_token(const HttpRequest& request) {
  std::string_view value = request.header("Authorization");
  constexpr std::string_view kScheme = "Bearer ";
  if (value.size() < kScheme.size() || !equal_ignoring_case(value.substr(0, kScheme.size()), kScheme)) return {};
  value.remove_prefix(kScheme.size());
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  return value;
}

std::optional<std::string> foreign_page(const HttpRequest& request) {
  // HTTP/1.0 without Host cannot come from a browser.
  if (!(request.authority.empty() && request.version < 11) && !names_this_machine(request.authority)) {
    return "The Host header names another machine. Ask for localhost or 127.0.0.1";
  }
  const std::string_view site = request.header("Sec-Fetch-Site");
  const bool reads = request.method == "GET" || request.method == "HEAD";
  // Following a link to here shows a page in a window of its own, which the other site cannot look into.
  const bool link =
      reads && request.header("Sec-Fetch-Mode") == "navigate" && request.header("Sec-Fetch-Dest") == "document";
  if (!site.empty() && site != "same-origin" && site != "none" && !link) {
    return "A page of another site sent this request. Use Weir's own page, or a program";
  }
  if (request.has_header("Origin")) {
    const std::string_view origin = request.header("Origin");
    const auto scheme = origin.find("://");
    if (scheme == std::string_view::npos || !equal_ignoring_case(origin.substr(scheme + 3), request.authority)) {
      return "A page of another site sent this request (its Origin is not this address). Use Weir's own page, or a "
             "program";
    }
  }
  return std::nullopt;
}

std::optional<HttpResponse> AccessGuard::check(const HttpRequest& request, std::string_view scope,
                                               std::string_view secret) const {
  if (!authorizer_.required()) {
    if (!loopback_) return std::nullopt;  // --insecure: the operator's word
    if (auto why = foreign_page(request)) return problem({.status = 403, .detail = *std::move(why) + "."});
    return std::nullopt;
  }
  if (scope.empty()) return std::nullopt;
  switch (authorizer_.check(secret, scope)) {
    case Authorizer::Verdict::kAllowed: return std::nullopt;
    case Authorizer::Verdict::kUnknown: {
      HttpResponse response =
          problem({.status = 401,
                   .detail = secret.empty()
                                 ? "A token is needed. Send it as 'Authorization: Bearer TOKEN'."
                                 : "This token is not known here, or was revoked. 'weir token list' shows which are."});
      response.headers.emplace_back("WWW-Authenticate", "Bearer");
      return response;
    }
    case Authorizer::Verdict::kLacksScope: break;
  }
  return problem(
      {.status = 403, .detail = "This token lacks the scope '" + std::string(scope) + "', which this call asks for."});
}

}  // namespace weir

// Who may ask: tokens, where they exist, and on loopback without tokens no page of another site.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/http.h"

namespace weir {

/// Tokens and their scopes; `app` has the implementation. Thread-safe, fast: called on io threads for every request.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  /// Whether requests need a token at all.
  virtual bool required() const = 0;
  enum class Verdict : std::uint8_t { kAllowed, kUnknown, kLacksScope };
  /// `secret` is what the request showed; empty when nothing. `scope` is read, write or admin.
  virtual Verdict check(std::string_view secret, std::string_view scope) const = 0;
};

/// No tokens exist.
class OpenAuthorizer final : public Authorizer {
 public:
  bool required() const override { return false; }
  Verdict check(std::string_view, std::string_view) const override { return Verdict::kAllowed; }
};

/// Guards one listener. Thread-safe.
class AccessGuard {
 public:
  /// `loopback`: the listener can be reached from this machine alone. `authorizer` must outlive the guard.
  AccessGuard(bool loopback, const Authorizer& authorizer) : loopback_(loopback), authorizer_(authorizer) {}

  /// What to answer instead (401, 403), if the request may not be served. `scope`: read, write, admin; empty: open to all,
  /// which still asks for a Host of this machine on loopback without tokens. `secret`: what the request shows as token.
  std::optional<HttpResponse> check(const HttpRequest& request, std::string_view scope, std::string_view secret) const;

 private:
  const bool loopback_;
  const Authorizer& authorizer_;
};

/// The token of an `Authorization: Bearer …` header; empty when there is none.
std::string_view bearer_token(const HttpRequest& request);

/// Why a request to a loopback listener comes from a page of another site (or was lured here by DNS); nothing when it does
/// not. Only browsers send Origin and Sec-Fetch-Site; other programs pass by their Host alone.
std::optional<std::string> foreign_page(const HttpRequest& request);

}  // namespace weir

#include "api/page.h"

#include <algorithm>

#include "api/problem.h"

namespace weir {
namespace {

constexpr std::string_view kNotBuilt = R"(<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Weir</title><meta name="viewport" content="width=device-width"></head>
<body>
<h1>Weir</h1>
<p>This program was built without its web page. <code>scripts/web build</code> makes the page; then build the program again
(<code>make build</code> does both).</p>
<p>Everything else works: <a href="/docs">the API</a>, <a href="/api/v1/overview">the numbers</a>,
<a href="/api/v1/ledger">the ledger</a>.</p>
</body>
</html>
)";

const WebAsset* find(std::span<const WebAsset> assets, std::string_view path) {
  const auto found = std::lower_bound(assets.begin(), assets.end(), path,
                                      [](const WebAsset& a, std::string_view p) { return a.path < p; });
  return found != assets.end() && found->path == path ? &*found : nullptr;
}

/// Whether a comma-separated header names `wanted` (an If-None-Match list, Accept-Encoding without a zero weight).
bool names(std::string_view list, std::string_view wanted) {
  while (!list.empty()) {
    std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    const auto semicolon = item.find(';');
    const std::string_view weight = semicolon == std::string_view::npos ? "" : item.substr(semicolon);
    item = item.substr(0, semicolon);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == wanted && weight.find("q=0") == std::string_view::npos) return true;
    if (item == wanted && weight.find("q=0.") != std::string_view::npos) return true;
  }
  return false;
}

/// Whether the page has a place of this path whose last part is somebody's name: that may hold a dot, and is no file.
bool ends_in_a_name(std::string_view path) { return path.starts_with("/entity/") || path.starts_with("/findings/"); }

/// Whether only a file could be meant.
bool is_file(std::string_view path) {
  if (path.starts_with("/assets/")) return true;
  const std::string_view last = path.substr(path.rfind('/') + 1);
  return last.find('.') != std::string_view::npos && last != "index.html" && !ends_in_a_name(path);
}

HttpResponse serve(const WebAsset& asset, const HttpRequest& request) {
  HttpResponse response;
  add_page_headers(response);
  response.headers.emplace_back("ETag", asset.etag);
  response.headers.emplace_back("Cache-Control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (!asset.gzip.empty()) response.headers.emplace_back("Vary", "Accept-Encoding");
  if (names(request.header("If-None-Match"), asset.etag)) {
    response.status = 304;
    return response;
  }
  response.content_type = asset.content_type;
  response.fixed_body = asset.bytes;
  if (!asset.gzip.empty() && names(request.header("Accept-Encoding"), "gzip")) {
    response.fixed_body = asset.gzip;
    response.headers.emplace_back("Content-Encoding", "gzip");
  }
  return response;
}

}  // namespace

void add_page_headers(HttpResponse& response) {
  response.headers.emplace_back(
      "Content-Security-Policy",
      "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
      "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Cross-Origin-Opener-Policy", "same-origin");
  response.headers.emplace_back("Cross-Origin-Resource-Policy", "same-origin");
}

Route page_route(std::span<const WebAsset> assets) {
  return {.method = "GET",
          .path = "/",
          .summary = "The web page.",
          .scope = Scope::kOpen,
          .checks_query = false,
          .answer =
              [assets](const RouteRequest& request) {
                const auto path = percent_decode(request.http->path, false);
                if (!path) return problem({.status = 400, .detail = "The path of the request is not percent-encoded."});
                if (const WebAsset* asset = find(assets, *path)) return serve(*asset, *request.http);
                if (is_file(*path)) return problem({.status = 404, .detail = "The page has no such file."});
                if (const WebAsset* index = find(assets, "/index.html")) return serve(*index, *request.http);
                HttpResponse response;
                add_page_headers(response);
                response.headers.emplace_back("Cache-Control", "no-cache");
                response.content_type = "text/html; charset=utf-8";
                response.fixed_body = kNotBuilt;
                return response;
              },
          .produces = "text/html"};
}

}  // namespace weir

#include "api/http_refusals.h"

#include <fmt/format.h>

#include <string>

#include "api/problem.h"

namespace weir::http::refusal {
namespace {

HttpResponse refuse(int status, std::string detail, int retry_after_seconds = 0) {
  return problem({.status = status, .detail = std::move(detail), .retry_after_seconds = retry_after_seconds});
}

}  // namespace

HttpResponse not_http(std::string_view what) {
  return refuse(400,
                fmt::format("The request is not valid HTTP/1.1: {}. Correct that and send it over a new connection; "
                            "this one closes, as nobody can tell where the next request begins.",
                            what));
}

HttpResponse two_lengths() {
  return refuse(
      400,
      "The request says more than once how long its body is: Transfer-Encoding and Content-Length exclude each "
      "other, and each is given once (RFC 9112, 6.3). Send one of them, over a new connection.");
}

HttpResponse no_single_host() {
  return refuse(400,
                "A request has one Host header, with a name or address and perhaps a port (RFC 9112, 3.2). Send that.");
}

HttpResponse no_path() {
  return refuse(400, "The target of a request is a path that begins with /. Ask for one, as in GET / HTTP/1.1.");
}

HttpResponse long_chunk_head() {
  return refuse(400,
                "The body of the request has a chunk whose head, or a trailer, is longer than is allowed. Send chunks "
                "without extensions.");
}

HttpResponse slow_head(std::chrono::milliseconds time) {
  return refuse(408,
                fmt::format("The head of the request was not there {} s after its first byte. Send it without a pause, "
                            "over a new connection.",
                            static_cast<double>(time.count()) / 1000));
}

HttpResponse slow_body(const HttpLimits& limits) {
  return refuse(
      408, fmt::format(
               "The body of the request came too slowly: a pause has at most {} s, all of it {} s, and it comes with "
               "{} bytes a second or more. Send less at once, or over a better line.",
               static_cast<double>(limits.body_pause.count()) / 1000,
               static_cast<double>(limits.body_time.count()) / 1000, limits.body_rate));
}

HttpResponse large_body(std::size_t limit) {
  return refuse(413,
                fmt::format("The body is larger than {} bytes, which is the most that is taken in one request. Split "
                            "it into several requests.",
                            limit));
}

HttpResponse large_target(std::size_t limit) {
  return refuse(414,
                fmt::format("The target of a request and its headers have at most {} bytes together here. Ask for less "
                            "in the URL; what is long belongs into the body.",
                            limit));
}

HttpResponse large_head(std::size_t limit) {
  return refuse(431,
                fmt::format("The head of a request, which is the target and all headers, has at most {} bytes here. "
                            "Send less there; what is long belongs into the body.",
                            limit));
}

HttpResponse many_headers(std::size_t limit) {
  return refuse(431, fmt::format("A request has at most {} headers here. Send fewer.", limit));
}

HttpResponse dropped() {
  return refuse(500, "The request was dropped without an answer. This is a bug in Weir: please report it.");
}

HttpResponse unknown_coding() {
  return refuse(
      501,
      "The only Transfer-Encoding that is understood is chunked, alone and over HTTP/1.1. Send the body so, or "
      "with a Content-Length.");
}

HttpResponse too_many_bodies() {
  return refuse(503, "Too many bodies are being received at the moment. Try again shortly.", 1);
}

HttpResponse too_many_connections(std::size_t limit) {
  return refuse(
      503,
      fmt::format("{} connections are open, which is the most, and all of them are busy. Try again shortly, and "
                  "reuse connections.",
                  limit),
      1);
}

HttpResponse too_many_of_one_client(std::size_t limit) {
  return refuse(
      503,
      fmt::format("{} connections are open from your address, which is the most for one, and all of them are busy. "
                  "Close some, or try again shortly, and reuse connections.",
                  limit),
      1);
}

HttpResponse late_answer() { return refuse(503, "The answer took too long. Ask for less, or try again later.", 5); }

HttpResponse unknown_version() {
  return refuse(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here. Send the request as one of these.");
}

}  // namespace weir::http::refusal

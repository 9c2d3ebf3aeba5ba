#include "api/http_refusals.h"

#include <fmt/format.h>

#include "api/problem.h"

namespace weir::http::refusal {

HttpResponse not_http(std::string_view what) {
  return problem({.status = 400, .detail = fmt::format("The request is not valid HTTP/1.1: {}.", what)});
}

HttpResponse two_lengths() {
  return problem(
      {.status = 400, .detail = "Transfer-Encoding and Content-Length exclude each other, and each is given once."});
}

HttpResponse no_single_host() {
  return problem({.status = 400, .detail = "A request has one Host header (RFC 9112, 3.2)."});
}

HttpResponse no_path() {
  return problem({.status = 400, .detail = "The target of a request is a path that begins with /."});
}

HttpResponse long_chunk_head() {
  return problem({.status = 400, .detail = "A chunk's head or a trailer is longer than is allowed."});
}

HttpResponse slow_head() {
  return problem({.status = 408, .detail = "The head of the request did not arrive in time. Send it without a pause."});
}

HttpResponse slow_body() {
  return problem(
      {.status = 408, .detail = "The body of the request did not arrive in time. Send it without long pauses."});
}

HttpResponse large_body(std::size_t limit) {
  return problem({.status = 413,
                  .detail = fmt::format("The body is larger than {} bytes, which is the most that is taken in one "
                                        "request. Split it into several requests.",
                                        limit)});
}

HttpResponse large_head(std::size_t limit) {
  return problem(
      {.status = 431,
       .detail = fmt::format("The head of a request has at most {} bytes: the target and all headers.", limit)});
}

HttpResponse dropped() {
  return problem({.status = 500, .detail = "The request was dropped without an answer. This is a bug in Weir."});
}

HttpResponse unknown_coding() {
  return problem({.status = 501, .detail = "The only Transfer-Encoding that is understood is chunked, over HTTP/1.1."});
}

HttpResponse too_many_bodies() {
  return problem({.status = 503,
                  .detail = "Too many bodies are being received at the moment. Try again shortly.",
                  .retry_after_seconds = 1});
}

HttpResponse too_many_connections() {
  return problem({.status = 503,
                  .detail = "Too many connections are open. Try again shortly, and reuse connections.",
                  .retry_after_seconds = 1});
}

HttpResponse late_answer() {
  return problem({.status = 503,
                  .detail = "The answer took too long. Ask for less, or try again later.",
                  .retry_after_seconds = 5});
}

HttpResponse unknown_version() {
  return problem({.status = 505, .detail = "Only HTTP/1.1 and HTTP/1.0 are spoken here."});
}

}  // namespace weir::http::refusal

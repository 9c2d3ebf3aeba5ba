// The answers that the server itself gives, without a handler: each says what was wrong, where, and what to do next.
// All are problem+json (api/problem.h). Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "api/http.h"
#include "api/http_server.h"

namespace weir::http::refusal {

HttpResponse not_http(std::string_view what);            // 400
HttpResponse two_lengths();                              // 400
HttpResponse no_single_host();                           // 400
HttpResponse no_path();                                  // 400
HttpResponse long_chunk_head();                          // 400
HttpResponse slow_head(std::chrono::milliseconds time);  // 408
HttpResponse slow_body(const HttpLimits& limits);        // 408
HttpResponse large_body(std::size_t limit);              // 413
HttpResponse large_target(std::size_t limit);            // 414
HttpResponse large_head(std::size_t limit);              // 431
HttpResponse many_headers(std::size_t limit);            // 431
HttpResponse dropped();                                  // 500
HttpResponse unknown_coding();                           // 501
HttpResponse too_many_bodies();                          // 503
HttpResponse too_many_connections(std::size_t limit);    // 503
HttpResponse too_many_of_one_client(std::size_t limit);  // 503
HttpResponse late_answer();                              // 503
HttpResponse unknown_version();                          // 505

}  // namespace weir::http::refusal

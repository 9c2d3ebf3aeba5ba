// Errors over HTTP: problem details (RFC 9457), for every status from 400 on.
#pragma once

#include <string>
#include <string_view>

#include "api/http.h"
#include "base/status.h"

namespace weir {

struct Problem {
  int status = 500;
  std::string detail;           // one or two sentences: what, where, and what to do
  std::string title = {};       // the status phrase when empty
  std::string parameter = {};   // which query or path parameter is meant
  std::string field = {};       // which field of the body is meant: data.ip
  int retry_after_seconds = 0;  // a Retry-After header; a 503 without one gets 1
};

HttpResponse problem(const Problem& problem);

/// An error of a port as an answer: kInvalid 400, kNotFound 404, kConflict 409, kDenied 403; those that can pass 503 with
/// Retry-After; else 500.
HttpResponse problem(const Error& error);

}  // namespace weir

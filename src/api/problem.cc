#include "api/problem.h"

#include "base/json_text.h"

namespace weir {
namespace {

int status_of(Code code) {
  switch (code) {
    case Code::kInvalid: return 400;
    case Code::kDenied: return 403;
    case Code::kNotFound: return 404;
    case Code::kConflict: return 409;
    case Code::kUnavailable:
    case Code::kOverloaded:
    case Code::kDiskFull:
    case Code::kDeadline:
    case Code::kCancelled: return 503;
    case Code::kCorrupt:
    case Code::kInternal: return 500;
  }
  return 500;
}

int retry_after(Code code) {
  switch (code) {
    case Code::kDiskFull: return 10;  // somebody must act first
    case Code::kCancelled:
    case Code::kUnavailable: return 2;
    default: return 1;
  }
}

}  // namespace

HttpResponse problem(const Problem& problem) {
  HttpResponse response;
  response.status = problem.status;
  response.content_type = "application/problem+json";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  std::string& out = response.body;
  out = R"({"type":"about:blank","title":)";
  append_json_string(out, problem.title.empty() ? status_phrase(problem.status) : std::string_view(problem.title));
  out += ",\"status\":" + std::to_string(problem.status) + ",\"detail\":";
  append_json_string(out, problem.detail);
  if (!problem.parameter.empty()) {
    out += ",\"parameter\":";
    append_json_string(out, problem.parameter);
  }
  if (!problem.field.empty()) {
    out += ",\"field\":";
    append_json_string(out, problem.field);
  }
  out += "}\n";
  const int seconds = problem.retry_after_seconds > 0 ? problem.retry_after_seconds : problem.status == 503 ? 1 : 0;
  if (seconds > 0) response.headers.emplace_back("Retry-After", std::to_string(seconds));
  return response;
}

HttpResponse problem(const Error& error) {
  const int status = status_of(error.code);
  return problem(
      {.status = status, .detail = error.message, .retry_after_seconds = status == 503 ? retry_after(error.code) : 0});
}

}  // namespace weir

// Rejects of a Weir, read over HTTP.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "api/answers.h"
#include "app/http_client.h"

namespace weir {

/// Which rejects; what is left out does not matter. from and to bound the arrival, written as for GET /api/v1/rejects.
struct RejectFilter {
  std::optional<std::string> reason, field, source, from, to;
};

/// All rejects that a filter lets through, newest arrival first, each of them once. Those that arrive after the first page was read are not
/// among them.
class RejectPages {
 public:
  /// `client` is borrowed.
  RejectPages(HttpClient& client, const RejectFilter& filter);

  /// The next ones, some megabytes at most; nothing: that was all. Errors are those of HttpClient::read and read_rejects.
  Result<std::optional<std::vector<RejectItem>>> next(const std::stop_token& stop);

 private:
  HttpClient& client_;
  std::string target_;
  std::optional<std::string> cursor_;
  bool done_ = false;
  std::size_t limit_ = 64;
};

}  // namespace weir

// Sends events to a Weir over HTTP.
#pragma once

#include <memory>
#include <string>

#include "app/event_sink.h"
#include "app/http_client.h"

namespace weir {

/// POSTs NDJSON on one connection, which is opened anew when it breaks. 503 waits as the server asks (Retry-After), at most a
/// minute without progress. A batch whose answer never came is sent again: the server's deduplication takes care. Once `stop` is
/// asked for, an answer has five more seconds.
/// REQUIRES: events hold no newline.
class HttpSink final : public EventSink {
 public:
  /// As HttpClient::create, given with --to.
  static Result<std::unique_ptr<HttpSink>> create(const std::string& url, const std::stop_token& stop);
  ~HttpSink() override;

  /// kUnavailable: the server went away and stayed away; kInvalid: it refuses the batch, with its own words.
  Status send(RawBatch&& events, std::stop_token stop) override;
  Status finish() override { return {}; }

 private:
  explicit HttpSink(std::unique_ptr<HttpClient> client);
  std::unique_ptr<HttpClient> client_;
};

}  // namespace weir

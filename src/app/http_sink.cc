#include "app/http_sink.h"

#include <fmt/format.h>

#include "api/answers.h"

namespace weir {

HttpSink::HttpSink(std::unique_ptr<HttpClient> client) : client_(std::move(client)) {}
HttpSink::~HttpSink() = default;

Result<std::unique_ptr<HttpSink>> HttpSink::create(const std::string& url, const std::stop_token& stop) {
  WEIR_TRY_ASSIGN(auto client, HttpClient::create(url, "--to", stop));
  return std::unique_ptr<HttpSink>(new HttpSink(std::move(client)));
}

Status HttpSink::send(RawBatch&& events, std::stop_token stop) {
  std::string body;
  body.reserve(events.bytes() + events.size());
  for (std::size_t i = 0; i < events.size(); ++i) body.append(events[i]).push_back('\n');
  Patience patience;
  while (true) {
    const auto answer = client_->post("/api/v1/events", "application/x-ndjson", body, stop);
    if (answer && answer->status == 202) return {};
    if (answer && answer->status != 503) {
      return fail(Code::kInvalid, fmt::format("{} refused the events with status {}: {}", client_->where(),
                                              answer->status, problem_detail(answer->body)));
    }
    if (patience.wait(answer ? answer->retry_after : std::chrono::milliseconds(0), stop)) continue;
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while the server could not take more");
    if (!answer) return std::unexpected(answer.error());
    return fail(Code::kUnavailable,
                fmt::format("{} could not take more events for a minute (503). Look at http://{}/api/v1/health.",
                            client_->where(), client_->where()));
  }
}

}  // namespace weir

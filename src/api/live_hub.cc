#include "api/live_hub.h"

#include "api/problem.h"
#include "base/log.h"
#include "base/thread_name.h"

namespace weir {

std::string sse_message(std::string_view event, std::string_view data) {
  std::string out = "event: ";
  out += event;
  out += '\n';
  while (true) {
    const auto end = data.find('\n');
    out += "data: ";
    out += data.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + 1);
  }
  out += '\n';
  return out;
}

LiveHub::LiveHub(Overview overview, Metrics& metrics, LiveOptions options)
    : overview_(std::move(overview)), metrics_(metrics), options_(options), thread_([this] { run(); }) {}

LiveHub::~LiveHub() { stop(); }

void LiveHub::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  std::lock_guard lock(mutex_);
  for (const auto& client : clients_) client->finish();
  clients_.clear();
}

std::size_t LiveHub::clients() const {
  std::lock_guard lock(mutex_);
  return clients_.size();
}

Route LiveHub::route() {
  return {
      .method = "GET",
      .path = "/api/v1/live",
      .summary =
          "Server-Sent Events for the dashboard: `overview` while it changes, `finding` as findings open and change.",
      .later =
          [this](const std::shared_ptr<RouteRequest>& request, const HttpReply& reply) {
            if (request->http->method == "HEAD") {  // has no body that could go on
              reply.send({.content_type = "text/event-stream", .headers = {{"Cache-Control", "no-store"}}});
              return;
            }
            std::lock_guard lock(mutex_);
            if (stopping_ || clients_.size() >= options_.clients) {
              reply.send(problem({.status = 503,
                                  .detail = "Too many pages are open. Close some, or try again shortly.",
                                  .retry_after_seconds = 5}));
              return;
            }
            HttpResponse head;
            head.content_type = "text/event-stream";
            head.headers = {
                {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}, {"X-Content-Type-Options", "nosniff"}};
            auto client = reply.stream(std::move(head), options_.client_bytes);
            client->try_write("retry: 1000\n\n");
            clients_.push_back(std::move(client));
            newcomers_ = true;
            changed_.notify_all();
          },
      .produces = "text/event-stream"};
}

void LiveHub::publish(std::string_view event, std::string_view data) { send_to_all(sse_message(event, data), false); }

void LiveHub::send_to_all(const std::string& message, bool can_be_skipped) {
  std::lock_guard lock(mutex_);
  last_sent_ = std::chrono::steady_clock::now();
  std::erase_if(clients_, [&](const std::shared_ptr<ResponseStream>& client) {
    if (client->gone()) return true;
    bool slow = client->lag() > options_.patience;
    // The next overview makes this one stale: whoever has not read the last one waits for the next.
    if (!slow && !(can_be_skipped && client->queued_bytes() > 0)) {
      slow = client->try_write(message) == ResponseStream::Push::kFull;
    }
    if (!slow) return false;
    client->cut(sse_message("slow", R"({"detail":"This page read too slowly and was disconnected. Reload it."})"));
    metrics_.live_clients_dropped.Increment();
    return true;
  });
}

void LiveHub::run() {
  name_this_thread("weir-live");
  using Clock = std::chrono::steady_clock;
  std::string last;
  Clock::time_point last_overview{}, last_complaint{};
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (clients_.empty()) {
      last.clear();
      changed_.wait(lock, [&] { return stopping_ || !clients_.empty(); });
      continue;
    }
    const bool newcomers = std::exchange(newcomers_, false);
    const auto began = Clock::now();
    lock.unlock();
    Result<std::string> overview = overview_();
    const auto now = Clock::now();
    if (!overview) {
      if (now - last_complaint > std::chrono::minutes(1)) {
        log::warn("live: the overview cannot be made: {}", overview.error().message);
        last_complaint = now;
      }
    } else if (newcomers || *overview != last || now - last_overview >= options_.unchanged) {
      send_to_all(sse_message("overview", *overview), true);
      last = *std::move(overview);
      last_overview = now;
    }
    lock.lock();
    if (Clock::now() - last_sent_ >= options_.keep_alive) {
      lock.unlock();
      send_to_all(": still here\n\n", true);
      lock.lock();
    }
    changed_.wait_until(lock, began + options_.tick, [&] { return stopping_ || newcomers_; });
  }
}

}  // namespace weir

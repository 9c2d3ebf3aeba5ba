// GET /api/v1/live: Server-Sent Events for the dashboard, made once for all who look.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "api/routes.h"
#include "base/metrics.h"
#include "base/status.h"

namespace weir {

struct LiveOptions {
  std::chrono::milliseconds tick{110};           // between two overviews that differ: nine a second
  std::chrono::milliseconds unchanged{220};      // between two that do not: a viewer sees that the line is alive
  std::chrono::milliseconds keep_alive{15'000};  // a comment when there was nothing else
  std::chrono::milliseconds patience{10'000};    // a client that lags further behind is cut off
  std::size_t client_bytes = 2 * 1024 * 1024;    // what may wait for one client
  std::size_t clients = 256;
};

/// Thread-safe. Has a thread of its own, which asks for overviews while somebody is connected, and only then.
class LiveHub {
 public:
  /// `overview` answers the same JSON as GET /api/v1/overview; it is called from the hub's thread and may take a while (a
  /// slow one lowers the rate). What it refers to must outlive the hub.
  using Overview = std::function<Result<std::string>()>;
  LiveHub(Overview overview, Metrics& metrics, LiveOptions options = {});
  ~LiveHub();

  Route route();

  /// Sends an event to everybody who is connected: ("finding", JSON).
  void publish(std::string_view event, std::string_view data);

  /// Ends all streams and the thread.
  void stop();

  std::size_t clients() const;

 private:
  void run();
  void send_to_all(const std::string& message, bool can_be_skipped);

  const Overview overview_;
  Metrics& metrics_;
  const LiveOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // guarded by mutex_
  std::vector<std::shared_ptr<ResponseStream>> clients_;
  bool newcomers_ = false;
  bool stopping_ = false;
  std::chrono::steady_clock::time_point last_sent_{};

  std::thread thread_;
};

/// One Server-Sent Event (HTML standard, 9.2): `event`, and `data` on as many lines as it has.
std::string sse_message(std::string_view event, std::string_view data);

}  // namespace weir

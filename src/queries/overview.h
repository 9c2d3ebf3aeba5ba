// The first page in one answer: GET /api/v1/overview, and `event: overview` of GET /api/v1/live.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/status.h"
#include "queries/ask.h"
#include "queries/overview_model.h"

namespace weir {

/// {"state","sentence","tiles":[…],"findings":[…]}; `findings` is a JSON array.
std::string overview_json(const OverviewView& view, std::string_view findings);

/// Keeps an OverviewModel up to date from the rollups, and the JSON that all clients share. Reads the last hour once, and
/// from then on what has changed: the last 90 s, as events may come late. Thread-safe.
class OverviewSource {
 public:
  /// `findings` answers the open findings as a JSON array; it is called at each refresh and must not call back.
  /// What `context` refers to must outlive this.
  OverviewSource(const QueryContext& context, std::function<std::string()> findings);

  /// The overview, at most `max_age` old. Asks the store when it is older (4 ms at 2,000 events/s), once for all that wait: call
  /// it from a thread that may wait. Errors are those of Statement::ask; the next call tries again.
  Result<std::string> json(std::chrono::milliseconds max_age = std::chrono::milliseconds(80));

 private:
  Status refresh(UnixMillis now);

  const QueryContext context_;
  const std::function<std::string()> findings_;
  std::mutex mutex_;
  // guarded by mutex_
  OverviewModel model_;
  std::optional<std::int64_t> read_up_to_;  // seconds before this have been read
  std::optional<std::string> json_;
  std::chrono::steady_clock::time_point made_;
};

}  // namespace weir

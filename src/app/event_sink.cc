#include "app/event_sink.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace weir {
namespace {

constexpr std::size_t kBytesOnTheirWay = 32 << 20;

}  // namespace

struct LogSink::Flight {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t bytes = 0;  // guarded by mutex
  Status failed;          // guarded by mutex: the first error that waiting does not mend
  bool full = false;      // guarded by mutex: an append was turned away for now
};

LogSink::LogSink(LogAppender& log, Metrics& metrics)
    : log_(log), metrics_(metrics), flight_(std::make_shared<Flight>()) {}
LogSink::~LogSink() = default;

Status LogSink::send(RawBatch&& events, std::stop_token stop) {
  if (events.empty()) return {};
  const std::uint32_t partitions = log_.partitions();
  const std::size_t bytes = events.bytes();
  std::chrono::milliseconds pause(10);
  while (true) {
    {
      std::unique_lock lock(flight_->mutex);
      flight_->changed.wait(lock, [&] { return flight_->bytes < kBytesOnTheirWay || !flight_->failed; });
      if (!flight_->failed) return flight_->failed;
      flight_->bytes += bytes;
    }
    // A log that is full turns the append away at once; what it has taken, it reports later.
    auto turned_away = std::make_shared<std::atomic<bool>>(false);
    auto within_call = std::make_shared<std::atomic<bool>>(true);
    std::vector<RawBatch> parts(partitions);
    for (std::size_t i = 0; i < events.size(); ++i)
      parts[identities_.partition(events[i], partitions, false)].add(events[i]);
    std::vector<PartitionBatch> batches;
    for (std::uint32_t p = 0; p < partitions; ++p) {
      if (!parts[p].empty()) batches.push_back({PartitionId(p), std::move(parts[p])});
    }
    log_.append(std::move(batches), [flight = flight_, bytes, turned_away, within_call, count = events.size(),
                                     &metrics = metrics_](Status status) {
      if (status) metrics.events_received.Increment(static_cast<double>(count));
      std::lock_guard lock(flight->mutex);
      flight->bytes -= bytes;
      if (!status) {
        if (*within_call && status.error().code == Code::kOverloaded) {
          *turned_away = true;
        } else if (flight->failed) {
          flight->failed = std::move(status);
        }
      }
      flight->changed.notify_all();
    });
    *within_call = false;
    if (!*turned_away) return {};
    if (stop.stop_requested()) return fail(Code::kCancelled, "stopped while the log was full");
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(500));
  }
}

Status LogSink::finish() {
  std::unique_lock lock(flight_->mutex);
  flight_->changed.wait(lock, [&] { return flight_->bytes == 0; });
  return flight_->failed;
}

}  // namespace weir

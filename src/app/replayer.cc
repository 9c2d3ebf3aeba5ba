#include "app/replayer.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace weir {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLongestWait{100};

/// Sends until the end or until `stop`; `sent` counts what the sink has taken.
Status send_all(ReplayPlan& plan, bool paced, EventSink& sink, const Clock& clock, const std::stop_token& stop,
                const std::function<void(std::uint64_t)>& on_progress, std::uint64_t& sent) {
  while (!stop.stop_requested()) {
    WEIR_TRY_ASSIGN(const auto due, plan.next_due());
    if (!due) break;
    // Without pacing all is due when the first is: the clock may go back meanwhile and must not hold anything up.
    const UnixMillis now = paced ? clock.now() : *due;
    if (now < *due) {
      std::this_thread::sleep_for(std::min(kLongestWait, milliseconds(*due - now)));
      on_progress(sent);
      continue;
    }
    RawBatch batch;
    WEIR_TRY(plan.next_batch({}, now, batch));
    const std::size_t events = batch.size();
    if (const Status taken = sink.send(std::move(batch), stop); !taken) {
      if (taken.error().code == Code::kCancelled) break;
      return taken;
    }
    sent += events;
    on_progress(sent);
  }
  return sink.finish();
}

}  // namespace

Result<std::uint64_t> replay(ReplayPlan& plan, bool paced, EventSink& sink, const Clock& clock,
                             const std::stop_token& stop, const std::function<void(std::uint64_t)>& on_progress) {
  std::uint64_t sent = 0;
  if (const Status done = send_all(plan, paced, sink, clock, stop, on_progress, sent); !done) {
    // What was sent counts once when the file is replayed again: its events keep their source and id.
    return fail(done.error(), fmt::format("After {} events", sent));
  }
  return sent;
}

}  // namespace weir

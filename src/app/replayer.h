// Sends what a ReplayPlan holds, when it is due.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "app/event_sink.h"
#include "base/clock.h"
#include "formats/replay_plan.h"

namespace weir {

/// Sends all events of `plan` to `sink` and waits until they are durable. Paced ones are sent when they are due, by `clock`.
/// `on_progress` is told the number of events sent so far after each batch, and at least every 100 ms while waiting.
/// Answers the number of events sent. When `stop` is asked for, what was sent is still made durable, and it is no error.
/// Errors of the plan and of the sink; the message begins with how many events were sent before.
Result<std::uint64_t> replay(ReplayPlan& plan, bool paced, EventSink& sink, const Clock& clock,
                             const std::stop_token& stop, const std::function<void(std::uint64_t)>& on_progress);

}  // namespace weir

// SIGINT and SIGTERM as something to wait for.
#pragma once

#include <stop_token>

namespace weir {

/// Block the signals before any thread is made, so that every thread inherits that.
void block_stop_signals();

/// Waits for SIGINT or SIGTERM, or until `stop`. From then on a further signal ends the process at once, with status 130 or 143.
void wait_for_stop_signal(std::stop_token stop = {});

/// Calls stop on the returned source at the first signal; for commands that work and do not wait.
std::stop_source stop_on_signal();

}  // namespace weir

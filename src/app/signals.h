// SIGINT and SIGTERM as something to wait for.
#pragma once

#include <stop_token>

namespace weir {

/// Block the signals before any thread is made, so that every thread inherits that.
void block_stop_signals();

/// Calls stop on the returned source at the first SIGINT or SIGTERM. A second one ends the process at once, with status 130 or
/// 143.
std::stop_source stop_on_signal();

void wait_until(const std::stop_token& stop);

}  // namespace weir

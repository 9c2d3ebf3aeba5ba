#include "app/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>

namespace weir {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

/// One of the signals; 0 when `stop` came first.
int wait_for_one(std::stop_token stop) {
  const sigset_t set = stop_signals();
  const timespec tenth{0, 100'000'000};
  while (!stop.stop_requested()) {
    if (const int signal = sigtimedwait(&set, nullptr, &tenth); signal > 0) return signal;
  }
  return 0;
}

void end_at_the_next_signal() {
  std::thread([] { _exit(128 + wait_for_one({})); }).detach();
}

}  // namespace

void block_stop_signals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

void wait_for_stop_signal(std::stop_token stop) {
  if (wait_for_one(stop) != 0) end_at_the_next_signal();
}

std::stop_source stop_on_signal() {
  std::stop_source source;
  std::thread([source]() mutable {
    wait_for_one({});
    source.request_stop();
    _exit(128 + wait_for_one({}));
  }).detach();
  return source;
}

}  // namespace weir

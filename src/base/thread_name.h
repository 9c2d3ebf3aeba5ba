// Names of threads, for top -H, gdb and perf.
#pragma once

#include <pthread.h>

#include <string>
#include <string_view>

namespace weir {

/// Names the calling thread; the system keeps 15 bytes, so what is longer loses its end.
inline void name_this_thread(std::string_view name) {
  const std::string kept(name.substr(0, 15));
  pthread_setname_np(pthread_self(), kept.c_str());
}

}  // namespace weir

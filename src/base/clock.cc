#include "base/clock.h"

namespace weir {

UnixMillis SystemClock::now() const {
  using namespace std::chrono;
  return UnixMillis(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

}  // namespace weir

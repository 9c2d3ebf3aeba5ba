// Where a command sends events, by its --to.
#pragma once

#include <memory>
#include <string>

#include "app/event_sink.h"
#include "base/clock.h"

namespace weir {

struct TargetOptions {
  std::string to;                           // http://HOST:PORT, or `embedded`
  std::string data_dir;                     // for `embedded`
  std::optional<std::uint32_t> partitions;  // of a new log
};

/// A sink and what it stands on; for `embedded` it holds the data directory until it goes.
class Target {
 public:
  virtual ~Target() = default;
  virtual EventSink& sink() = 0;
  /// `clock` is borrowed. kInvalid: `to` is none of these. Errors of HttpSink, DataDir and the log.
  static Result<std::unique_ptr<Target>> open(const TargetOptions& options, const Clock& clock,
                                              const std::stop_token& stop);
};

}  // namespace weir

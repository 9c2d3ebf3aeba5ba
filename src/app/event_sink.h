// Where made events go: a log in this process, or a Weir over HTTP.
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

#include "base/metrics.h"
#include "base/status.h"
#include "event/decoder.h"
#include "event/raw_batch.h"
#include "ports/log.h"

namespace weir {

/// One thread at a time.
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// Takes the events; returns when there is room for more. Waits and tries again while the other side is full, until
  /// `stop`. An error ends the matter: the message says what to do.
  virtual Status send(RawBatch&& events, std::stop_token stop) = 0;
  /// Returns when everything that was sent is durable.
  virtual Status finish() = 0;
};

/// Shares events out over the partitions and appends them. Keeps a few appends on their way.
class LogSink final : public EventSink {
 public:
  /// What it appends counts as received. Both are borrowed.
  LogSink(LogAppender& log, Metrics& metrics);
  ~LogSink() override;
  Status send(RawBatch&& events, std::stop_token stop) override;
  Status finish() override;

 private:
  struct Flight;
  LogAppender& log_;
  Metrics& metrics_;
  IdentityReader identities_;
  std::shared_ptr<Flight> flight_;  // shared with callbacks that may come after us
};

}  // namespace weir

// One process that does it all: `weir up`.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "app/core.h"
#include "app/simulator.h"
#include "base/status.h"

namespace weir {

struct InstanceOptions {
  CoreOptions core;
  std::string listen = "127.0.0.1:3000";
  std::string sql_listen = "127.0.0.1:8123";  // or off
  bool sql_write = false;
  bool insecure = false;
  double default_rate = 2000;
  std::optional<double> rate;                     // given at this start; else as it was left
  std::optional<std::optional<Scenario>> attack;  // given at this start; else as it was left
  std::uint64_t seed = 1;
};

/// Not thread-safe.
class Instance {
 public:
  /// Whether the options make sense by themselves; nothing is touched. kInvalid, kDenied.
  static Status check(const InstanceOptions& options);
  /// Opens, starts and serves. kInvalid, kConflict, kDenied …: one sentence about what is wrong and what to do.
  static Result<std::unique_ptr<Instance>> start(const InstanceOptions& options);
  ~Instance();

  /// Takes no more input, finishes what was accepted, closes. Some seconds at most; what then still waits in the log is done at the
  /// next start.
  void stop();

  std::string page_url() const;
  std::uint16_t port() const;
  std::uint16_t sql_port() const;  // 0: off
  Core& core();

 private:
  struct Parts;
  explicit Instance(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace weir

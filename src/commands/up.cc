#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "app/instance.h"
#include "app/signals.h"
#include "base/log.h"
#include "commands/command.h"

namespace weir {
namespace {

constexpr std::chrono::milliseconds kLongestStop{9'500};

/// --attack, else the variable ATTACK (short for WEIR_ATTACK, which parse_command has taken already).
std::optional<std::string> attack_given(const Values& values) {
  if (values.given("attack")) return values.text("attack");
  const char* variable = std::getenv("ATTACK");
  if (variable != nullptr) return std::string(variable);
  return std::nullopt;
}

int run(const Values& values) {
  configure_log(values);
  InstanceOptions options;
  if (const auto given = attack_given(values)) {
    auto attack = attack_named(*given);
    if (!attack) return report(attack.error());
    options.attack = *attack;
  }
  if (values.given("rate")) options.rate = values.rate("rate").value_or(1'000'000);
  options.default_rate = 2000;
  options.seed = values.count("seed");
  options.listen = values.text("listen");
  options.sql_listen = values.text("sql-listen");
  options.sql_write = values.text("sql-access") == "write";
  options.insecure = values.on("insecure");
  options.core = {.data_dir = values.text("data-dir"),
                  .database = values.text("database"),
                  .partitions = partitions_given(values),
                  .retention_millis = values.millis("retention"),
                  .dedupe_window_millis = values.millis("dedupe-window"),
                  .geo = values.texts("geo")};

  if (const Status usage = Instance::check(options); !usage) return report(usage.error());

  const std::stop_source stop =
      stop_on_signal();  // before the start: that may take a while when there is much to recover
  auto instance = Instance::start(options);
  if (!instance) return failed(instance.error());
  if (!stop.stop_requested()) {
    fmt::print("Weir is running: {}\nCtrl-C stops it; the next start goes on where it stopped.\n",
               (*instance)->page_url());
    std::fflush(stdout);
    wait_until(stop.get_token());
  }
  log::info("Stopping: finishing what was accepted");
  // Whatever hangs, ten seconds are enough: all that was accepted is durable, and the next start goes on with it.
  std::thread([] {
    std::this_thread::sleep_for(kLongestStop);
    log::warn("Stopping takes too long and ends here; the next start goes on with what is left");
    std::_Exit(0);
  }).detach();
  (*instance)->stop();
  log::info("Stopped");
  return 0;
}

}  // namespace

Command up_command() {
  return {{.name = "up",
           .summary = "everything in one process: simulator, log, worker, store, API and web page",
           .details = "A variable ATTACK=1 (or ATTACK=SCENARIO) starts with an attack.",
           .shared = {"data-dir", "listen", "sql-listen", "sql-access", "database", "partitions", "rate", "attack",
                      "seed", "geo", "retention", "dedupe-window", "insecure", "log-level", "log-format", "config"},
           .own = {}},
          run};
}

}  // namespace weir

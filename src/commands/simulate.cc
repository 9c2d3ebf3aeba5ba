#include <fmt/format.h>

#include <algorithm>

#include "app/signals.h"
#include "app/simulator.h"
#include "app/target.h"
#include "commands/command.h"

namespace weir {
namespace {

/// Generates as fast as the sink takes, or at a rate, until `count` or `stop`.
Status generate(Simulation& simulation, EventSink& sink, std::optional<double> rate, std::uint64_t count,
                const Clock& clock, std::stop_token stop) {
  constexpr std::size_t kMost = 2'000;
  std::uint64_t made = 0;
  const auto start = clock.steady();
  UnixMillis last = clock.now();
  while (made < count && !stop.stop_requested()) {
    std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(kMost, count - made));
    if (rate) {
      const double due =
          std::chrono::duration<double>(clock.steady() - start).count() * *rate - static_cast<double>(made);
      if (due < 1) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        continue;
      }
      n = std::min(n, static_cast<std::size_t>(due));
    }
    const UnixMillis now = clock.now();
    RawBatch events;
    simulation.generate(n, std::min(last, now), now, events);
    last = now;
    WEIR_TRY(sink.send(std::move(events), stop));
    made += n;
  }
  return sink.finish();
}

int run(const Values& values) {
  auto attack = attack_named(values.text("attack"));
  if (!attack) return report(attack.error());
  const std::uint64_t count = values.text("count").empty() ? ~std::uint64_t{0} : values.count("count");
  const std::string name = values.text("run").empty() ? new_run_name() : values.text("run");
  const auto rate = values.rate("rate");
  Simulation simulation({.seed = values.count("seed"), .run = name, .rate = rate.value_or(20'000)});
  simulation.set_attack(*attack);
  const SystemClock clock;
  const std::stop_source stop = stop_on_signal();

  const auto start = clock.steady();
  auto target = Target::open({.to = values.text("to"),
                              .data_dir = values.text("data-dir"),
                              .partitions = static_cast<std::uint32_t>(values.count("partitions"))},
                             clock);
  if (!target) return report(target.error());
  const Status done = generate(simulation, (*target)->sink(), rate, count, clock, stop.get_token());
  if (!done && done.error().code != Code::kCancelled) return report(done.error());
  if (count != ~std::uint64_t{0}) {
    fmt::print(stderr, "Sent {} events of run {} in {:.1f} s.\n", count, name,
               std::chrono::duration<double>(clock.steady() - start).count());
  }
  return 0;
}

}  // namespace

Command simulate_command() {
  return {
      {.name = "simulate",
       .summary = "sends the events of a simulated service",
       .details =
           "The same seed gives the same content in the same order; only times and the run's name in the ids differ.",
       .shared = {"data-dir", "partitions", "rate", "attack", "seed", "log-level", "log-format", "config"},
       .own = {{"to", SettingKind::kText, "http://127.0.0.1:3000", "WHERE",
                "http://HOST:PORT of a Weir, or `embedded`: the log in --data-dir, nothing else running"},
               {"count", SettingKind::kCount, "", "N", "how many events; without it: endless"},
               {.name = "run",
                .kind = SettingKind::kText,
                .default_value = "",
                .placeholder = "NAME",
                .help = "what ids begin with; without it: new at each start",
                .empty_allowed = true}}},
      run};
}

}  // namespace weir

#include <fmt/format.h>

#include <algorithm>

#include "app/signals.h"
#include "app/simulator.h"
#include "app/target.h"
#include "base/json_text.h"
#include "commands/command.h"

namespace weir {
namespace {

/// Generates as fast as the sink takes, or at a rate, until `count` or `stop`; `made` says how many the sink took.
Status generate(Simulation& simulation, EventSink& sink, std::optional<double> rate, std::uint64_t count,
                const Clock& clock, const std::stop_token& stop, std::uint64_t& made) {
  constexpr std::size_t kMost = 2'000;
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
    if (const Status taken = sink.send(std::move(events), stop); !taken) {
      if (taken.error().code == Code::kCancelled) break;
      return taken;
    }
    made += n;
  }
  return sink.finish();
}

/// Ids begin with it, and have a limit themselves.
Status check_run_name(const std::string& name) {
  std::string json;
  append_json_string(json, name);
  constexpr std::string_view kReplaced = "\xEF\xBF\xBD";
  const bool utf8 = json.find(kReplaced) == std::string::npos || name.find(kReplaced) != std::string::npos;
  if (utf8 && name.size() <= kMaxRunNameBytes) return {};
  return fail(Code::kInvalid,
              fmt::format("--run is {}; it must be UTF-8 text of at most {} bytes.",
                          utf8 ? std::to_string(name.size()) + " bytes long" : "no UTF-8 text", kMaxRunNameBytes));
}

int run(const Values& values) {
  configure_log(values);
  auto attack = attack_named(values.text("attack"));
  if (!attack) return report(attack.error());
  const std::uint64_t count = values.text("count").empty() ? ~std::uint64_t{0} : values.count("count");
  const std::string name = values.text("run").empty() ? new_run_name() : values.text("run");
  if (const Status usable = check_run_name(name); !usable) return report(usable.error());
  const auto rate = values.rate("rate");
  Simulation simulation({.seed = values.count("seed"), .run = name, .rate = rate.value_or(20'000)});
  simulation.set_attack(*attack);
  const SystemClock clock;
  const std::stop_source stop = stop_on_signal();

  const auto start = clock.steady();
  auto target = Target::open(
      {.to = values.text("to"), .data_dir = values.text("data-dir"), .partitions = partitions_given(values)}, clock,
      stop.get_token());
  std::uint64_t made = 0;
  if (target) {
    const Status done = generate(simulation, (*target)->sink(), rate, count, clock, stop.get_token(), made);
    if (!done) return failed(fail(done.error(), fmt::format("After {} events", made)).error());
  } else if (target.error().code != Code::kCancelled) {
    return values.text("to") == "embedded" ? failed(target.error()) : report(target.error());
  }
  fmt::print(stderr, "{} {} events of run {} in {:.1f} s.\n", stop.stop_requested() ? "Stopped after" : "Sent", made,
             name, std::chrono::duration<double>(clock.steady() - start).count());
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

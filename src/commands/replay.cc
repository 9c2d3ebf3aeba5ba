#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/replayer.h"
#include "app/signals.h"
#include "app/target.h"
#include "commands/command.h"
#include "commands/progress_line.h"

namespace weir {
namespace {

double percent(std::uint64_t part, std::uint64_t all) {
  return all == 0 ? 100.0 : 100.0 * static_cast<double>(part) / static_cast<double>(all);
}

int run(const Values& values) {
  configure_log(values);
  const std::stop_source stop = stop_on_signal();
  const SystemClock clock;
  const auto start = clock.steady();
  const auto seconds = [&] { return std::chrono::duration<double>(clock.steady() - start).count(); };
  ReplayOptions options;
  options.format = *log_format_named(values.text("format"));
  options.time = values.text("time") == "keep" ? ReplayTime::kKeep : ReplayTime::kNow;
  options.speed = values.rate("speed");
  for (const std::string& file : values.positionals()) options.files.emplace_back(file);
  auto zone = Zone::named(values.text("zone"));
  if (!zone) return report(zone.error());
  options.zone = *std::move(zone);
  const bool paced = options.speed.has_value();
  const bool json = values.on("json");

  // The other side first: who mistyped its name should not wait until large files are read.
  auto target = Target::open(
      {.to = values.text("to"), .data_dir = values.text("data-dir"), .partitions = partitions_given(values)}, clock,
      stop.get_token());
  if (!target && target.error().code == Code::kCancelled) {
    fmt::print(stderr, "Stopped before anything was sent.\n");
    return 0;
  }
  if (!target) return values.text("to") == "embedded" ? failed(target.error()) : report(target.error());

  ProgressLine line(clock);
  auto plan = ReplayPlan::create(std::move(options), clock, stop.get_token(), [&](std::uint64_t bytes) {
    line.show([&] { return fmt::format("Reading: {} MB", bytes / 1'000'000); });
  });
  if (!plan) {
    line.clear();
    if (plan.error().code != Code::kCancelled) return failed(plan.error());
    fmt::print(stderr, "Stopped before anything was sent.\n");
    return 0;
  }
  constexpr std::int64_t kDay = 86'400'000;
  constexpr std::int64_t kUsualRetentionDays = 30;
  if (const auto oldest = (*plan)->oldest_sent(); oldest && clock.now() - *oldest > kUsualRetentionDays * kDay) {
    fmt::print(stderr,
               "Note: the oldest event will be {} days old. A Weir rejects what is older than its --retention (30 days "
               "unless set; 0 keeps all).\n",
               (clock.now() - *oldest) / kDay);
  }
  const std::uint64_t all = (*plan)->events_total();
  const auto sent = replay(**plan, paced, (*target)->sink(), clock, stop.get_token(), [&](std::uint64_t events) {
    line.show([&] {
      return fmt::format("{} of {} events sent, {:.0f} % of {} MB, {:.0f} s", events, all,
                         percent((*plan)->bytes_read(), (*plan)->bytes_total()), (*plan)->bytes_total() / 1'000'000,
                         seconds());
    });
  });
  line.clear();
  if (!sent) return failed(sent.error());

  const LogCounts counts = (*plan)->counts();
  const double took = seconds();
  fmt::print(json ? stderr : stdout, "{}: {} events of {} lines in {:.1f} s; {} lines skipped, {} malformed.\n",
             stop.stop_requested() ? "Stopped" : "Done", *sent, counts.lines, took, counts.skipped, counts.malformed);
  if (json) {
    fmt::print("{{\"lines\":{},\"events\":{},\"skipped\":{},\"malformed\":{},\"seconds\":{:.3f}}}\n", counts.lines,
               *sent, counts.skipped, counts.malformed, took);
  }
  return 0;
}

}  // namespace

Command replay_command() {
  return {{.name = "replay",
           .summary = "sends real logs as events",
           .details =
               "Which line becomes which event: docs/log-formats.md. Several files move as one, in the order of time.",
           .shared = {"data-dir", "partitions", "log-level", "log-format", "config"},
           .own = {{"format",
                    SettingKind::kChoice,
                    "cloudevents",
                    "FORMAT",
                    "cloudevents, sshd, combined (Apache, nginx) or postfix",
                    {kLogFormatNames.begin(), kLogFormatNames.end()}},
                   {"to", SettingKind::kText, "http://127.0.0.1:3000", "WHERE",
                    "http://HOST:PORT of a Weir, or `embedded`: the log in --data-dir, nothing else running"},
                   {"speed", SettingKind::kNumber, "max", "X",
                    "1 = as fast as it happened, 60 = an hour in a minute, or max"},
                   {"time",
                    SettingKind::kChoice,
                    "now",
                    "HOW",
                    "now: moved so that the newest event happens now; keep: as in the files",
                    {"now", "keep"}},
                   {"zone", SettingKind::kText, "UTC", "ZONE",
                    "of lines that name none: Europe/Berlin, or an offset (--zone=-03:30)"},
                   {"json", SettingKind::kSwitch, "", "", "the last line of output is a JSON object"}},
           .positionals = "FILE…",
           .positionals_required = true},
          run};
}

}  // namespace weir

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "app/control.h"
#include "app/core.h"
#include "app/signals.h"
#include "commands/command.h"
#include "commands/progress_line.h"

namespace weir {
namespace {

/// 2026-11-28 or 20261128, as the latter; empty when not given.
Result<std::string> day_of(const Values& values, std::string_view name) {
  if (!values.given(name)) return std::string();
  std::string day = values.text(name);
  if (day.size() == 10 && day[4] == '-' && day[7] == '-') std::erase(day, '-');
  if (!first_second_of_day(day)) {
    return fail(Code::kInvalid, fmt::format("--{} is \"{}\"; it is a day like 2026-11-28.", name, values.text(name)));
  }
  return day;
}

/// Nobody holds the directory: this process does.
Result<std::string> rebuild_here(const Values& values, const RebuildDays& days, const ControlSay& say,
                                 const std::stop_token& stop) {
  const std::string& directory = values.text("data-dir");
  if (!std::filesystem::exists(directory + "/store")) {
    return fail(Code::kNotFound,
                "There are no tables in " + directory + ". Name the data directory of a Weir with --data-dir.");
  }
  const SystemClock clock;
  Metrics metrics;
  WEIR_TRY_ASSIGN(const auto core, Core::open({.data_dir = directory,
                                               .database = values.text("database"),
                                               .partitions = {},
                                               .retention_millis = values.millis("retention"),
                                               .dedupe_window_millis = values.millis("dedupe-window"),
                                               .geo = values.texts("geo")},
                                              clock, metrics));
  // The worker, as a batch may be half written; not the rest of the house.
  core->worker->start();
  WEIR_TRY_ASSIGN(const RebuildSummary summary,
                  core->rebuild(days, [&](const RebuildProgress& p) { say(in_words(p)); }, stop));
  return in_words(summary);
}

int run(const Values& values) {
  configure_log(values);
  if (values.positionals().size() != 1 || values.positionals()[0] != "rebuild") {
    return report({Code::kInvalid, "`weir store` knows one word: rebuild. `weir store --help` says more."});
  }
  RebuildDays days;
  for (auto [name, day] : {std::pair{"from", &days.from}, std::pair{"to", &days.to}}) {
    auto parsed = day_of(values, name);
    if (!parsed) return report(parsed.error());
    *day = *std::move(parsed);
  }
  if (!days.from.empty() && !days.to.empty() && days.from > days.to)
    return report({Code::kInvalid, "--from is a later day than --to."});

  const std::stop_source stop = stop_on_signal();
  const SystemClock clock;
  ProgressLine line(clock);
  const ControlSay say = [&](const std::string& text) { line.show([&] { return text; }); };
  const auto start = clock.steady();
  auto done = ask_holder(values.text("data-dir"),
                         {"rebuild", days.from.empty() ? "-" : days.from, days.to.empty() ? "-" : days.to}, say,
                         stop.get_token());
  if (!done && done.error().code == Code::kNotFound) done = rebuild_here(values, days, say, stop.get_token());
  line.clear();
  if (!done) {
    if (done.error().code == Code::kCancelled) {
      return failed({Code::kCancelled,
                     "Stopped. Days that were done stay done; the same command goes on behind them within a day."});
    }
    return failed(done.error());
  }
  fmt::print("{} ({:.1f} s)\n", *done, std::chrono::duration<double>(clock.steady() - start).count());
  return 0;
}

}  // namespace

Command store_command() {
  using enum SettingKind;
  return {
      {.name = "store",
       .summary = "looks after the tables: `rebuild` makes rollups anew from the rows of events",
       .details =
           "A running Weir that holds the data directory does it itself, and goes on working. Rejects, duplicates and "
           "late\n"
           "arrivals are copied from the old rollups; days of which retention has removed events stay as they are.\n"
           "Interrupted, it leaves old or new rollups of each day; the same command goes on behind the last day.",
       .shared = {"data-dir", "database", "retention", "dedupe-window", "geo", "log-level", "log-format", "config"},
       .own = {{"from", kText, "", "DAY", "first day, like 2026-11-28 (UTC, of the events' time); default: the oldest"},
               {"to", kText, "", "DAY", "last day, which is included; default: the newest"}},
       .positionals = "rebuild",
       .positionals_required = true},
      run};
}

}  // namespace weir

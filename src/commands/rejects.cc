#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "app/http_client.h"
#include "app/reject_export.h"
#include "app/reject_marks.h"
#include "app/reject_pages.h"
#include "app/reject_replay.h"
#include "app/signals.h"
#include "commands/command.h"
#include "commands/progress_line.h"

namespace weir {
namespace {

RejectFilter filter_of(const Values& values) {
  const auto given = [&](std::string_view name) -> std::optional<std::string> {
    if (!values.given(name)) return std::nullopt;
    return values.text(name);
  };
  return {.reason = given("reason"),
          .field = given("field"),
          .source = given("source"),
          .from = given("from"),
          .to = given("to")};
}

/// An error of the way there, after `so_far`.
int ended(const Error& error, std::string_view so_far) {
  if (error.code == Code::kCancelled) {
    fmt::print(stderr, "Stopped. {}\n", so_far);
    return 0;
  }
  fmt::print(stderr, "{}\n", so_far);
  return failed(error);
}

int run_export(const Values& values, HttpClient& client, const std::stop_token& stop) {
  const SystemClock clock;
  const bool raw = values.text("format") == "raw";
  RejectPages pages(client, filter_of(values));
  ProgressLine line(clock);
  std::uint64_t rejects = 0, cut = 0, bytes = 0, torn = 0;
  const auto so_far = [&] {
    std::string text = fmt::format("{} rejects, {} bytes", rejects, bytes);
    if (cut > 0) text += fmt::format("; {} of them may lack bytes: the first 64 KiB are kept", cut);
    if (raw && torn > 0)
      text += fmt::format("; {} hold line feeds of their own (--format ndjson keeps them apart)", torn);
    return text + '.';
  };
  std::string out;
  while (true) {
    const auto page = pages.next(stop);
    if (!page) {
      line.clear();
      return ended(page.error(), so_far());
    }
    if (!*page) break;
    out.clear();
    for (const RejectItem& item : **page) {
      cut += item.cut ? 1 : 0;
      torn += item.raw.find('\n') != std::string::npos ? 1 : 0;
      if (raw) {
        out.append(item.raw).push_back('\n');
      } else {
        append_reject_line(out, item);
      }
    }
    if (std::fwrite(out.data(), 1, out.size(), stdout) != out.size() || std::fflush(stdout) != 0) {
      line.clear();
      return ended({Code::kDiskFull, fmt::format("The rejects cannot be written: {}.", std::strerror(errno))},
                   so_far());
    }
    rejects += (*page)->size();
    bytes += out.size();
    line.show([&] { return fmt::format("{} rejects", rejects); });
  }
  line.clear();
  fmt::print(stderr, "Done: {}\n", so_far());
  return 0;
}

/// Where the record of what was sent is when nobody says so; empty when this user has no such place.
std::string usual_marks() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  const std::string state = variable("XDG_STATE_HOME"), home = variable("HOME");
  if (!state.empty()) return state + "/weir/sent-rejects";
  return home.empty() ? "" : home + "/.local/state/weir/sent-rejects";
}

int run_replay(const Values& values, HttpClient& client, const std::stop_token& stop) {
  std::string path = values.text("marks");
  if (path.empty()) path = usual_marks();
  if (path.empty()) {
    return report(
        {Code::kInvalid, "This user has no home directory. Name a file that remembers what was sent: --marks."});
  }
  auto marks = RejectMarks::open(path);
  if (!marks) return failed(marks.error());
  const SystemClock clock;
  ProgressLine line(clock);
  RejectReplayCounts counts;
  const auto so_far = [&] {
    std::string text = fmt::format("{} rejects sent", counts.sent);
    if (counts.sent_before > 0) text += fmt::format(", {} had been sent before", counts.sent_before);
    if (counts.found_sent > 0)
      text += fmt::format(" ({} of them by a request that was interrupted)", counts.found_sent);
    if (counts.cut > 0) text += fmt::format(", {} skipped that may lack bytes (the first 64 KiB are kept)", counts.cut);
    if (counts.empty > 0) text += fmt::format(", {} skipped that are empty", counts.empty);
    return fmt::format("{}. Remembered in {}.", text, std::filesystem::absolute(path).string());
  };
  const Status done = replay_rejects(client, filter_of(values), **marks, counts, stop,
                                     [&] { line.show([&] { return fmt::format("{} rejects sent", counts.sent); }); });
  line.clear();
  if (!done) return ended(done.error(), so_far() + " The same command goes on from there.");
  fmt::print("Done: {}\n", so_far());
  if (counts.sent > 0)
    fmt::print(stderr,
               "What is still not right is rejected again, as a new reject; another run would send that one.\n");
  return 0;
}

int run(const Values& values) {
  configure_log(values);
  const auto wrong = [](std::string_view what) {
    return report({Code::kInvalid, fmt::format("{} See `weir rejects --help`.", what)});
  };
  const auto& words = values.positionals();
  const bool sends = words[0] == "replay";
  if (!sends && words[0] != "export")
    return wrong(fmt::format("`weir rejects` knows export and replay, not \"{}\".", words[0]));
  if (words.size() > 1) return wrong(fmt::format("`weir rejects {}` takes no \"{}\".", words[0], words[1]));
  if (sends && !values.given("reason")) return wrong("`weir rejects replay` needs --reason: what has been put right?");
  if (sends && values.given("format")) return wrong("--format is for `weir rejects export`.");
  if (!sends && values.given("marks")) return wrong("--marks is for `weir rejects replay`.");

  const std::stop_source stop = stop_on_signal();
  auto client = HttpClient::create(values.text("to-url"), "--to-url", stop.get_token());
  if (!client && client.error().code == Code::kCancelled) {
    fmt::print(stderr, "Stopped before anything was read.\n");
    return 0;
  }
  if (!client) return report(client.error());
  return sends ? run_replay(values, **client, stop.get_token()) : run_export(values, **client, stop.get_token());
}

}  // namespace

Command rejects_command() {
  return {
      {.name = "rejects",
       .summary = "writes rejected events to a file (export), or sends them again (replay)",
       .details =
           "weir rejects export: every reject once, newest first, to stdout; how far it is, to stderr.\n"
           "weir rejects replay --reason R: sends the bytes to POST /api/v1/events again, after what was wrong has "
           "been "
           "put right.\n\n"
           "Each reject is sent once, as long as the file --marks is kept: it remembers partition, offset, arrival and "
           "a\n"
           "hash of the bytes, before and after each request. After an interruption (kill -9 too) the same command "
           "asks "
           "the\nWeir which rejects of the open request had arrived, and sends the others. It could be wrong, and send "
           "one twice,\nonly if the Weir took the abandoned request after it was asked; within --dedupe-window such an "
           "event counts once\nall the same. What is rejected again is a new reject, which the next run sends. Rejects "
           "that may lack bytes (64 KiB\nare kept) are skipped and counted. More: docs/rejects.md",
       .shared = {"log-level", "log-format", "config"},
       .own = {{"to-url", SettingKind::kText, "http://127.0.0.1:3000", "URL", "http://HOST:PORT of the Weir"},
               {"reason", SettingKind::kText, "", "R", "only those with this reason, as time_too_old"},
               {.name = "field",
                .kind = SettingKind::kText,
                .placeholder = "F",
                .help = "only those with this field, as data.ip",
                .empty_allowed = true},
               {.name = "source",
                .kind = SettingKind::kText,
                .placeholder = "S",
                .help = "only those of this source; \"\": of none that could be read",
                .empty_allowed = true},
               {"from", SettingKind::kText, "", "T",
                "only what arrived since then: 2026-01-31T12:00:00Z, now-2h, now-7d"},
               {"to", SettingKind::kText, "", "T", "only what arrived before"},
               {"format",
                SettingKind::kChoice,
                "ndjson",
                "FORMAT",
                "of export: ndjson (one JSON object a line), or raw (the bytes, and a line feed after each)",
                {"ndjson", "raw"}},
               {"marks", SettingKind::kText, "", "FILE",
                "of replay: remembers what was sent (default: ~/.local/state/weir/sent-rejects)"}},
       .positionals = "export|replay",
       .positionals_required = true},
      run};
}

}  // namespace weir

// End-to-end benchmarks of this very program. Each prints what it does, and as its last line one JSON object.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "app/core.h"
#include "app/event_sink.h"
#include "base/log.h"
#include "commands/command.h"
#include "simulate/simulation.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A folder that goes with the object.
struct TemporaryDir {
  fs::path path;
  explicit TemporaryDir(const fs::path& below) : path(below / fmt::format("weir-bench-{}", getpid())) {
    fs::create_directories(path);
  }
  ~TemporaryDir() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

/// Peak of resident memory of this process, in MB.
double peak_rss_mb() {
  std::ifstream in("/proc/self/status");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  }
  return 0;
}

/// Writes batches on, and keeps a copy of each in a file, so that the same rows can be inserted bare afterwards.
class RecordingStore final : public StoreWriter {
 public:
  RecordingStore(StoreWriter& store, fs::path folder) : store_(store), folder_(std::move(folder)) {}
  Status insert(const std::vector<TableBlock>& blocks, std::string_view token) override {
    if (recorded_rows_ < kMostRows) {
      for (const TableBlock& b : blocks) {
        const fs::path file = folder_ / std::to_string(blocks_.size());
        std::ofstream(file, std::ios::binary) << b.native;
        blocks_.push_back({b.table, b.columns, b.rows, file.string()});
        if (b.table == "events") recorded_rows_ += b.rows;
      }
      ends_.push_back(blocks_.size());
    }
    return store_.insert(blocks, token);
  }

  /// Inserts what was recorded into `bare`; answers events a second, reading of files not counted.
  Result<double> insert_bare(StoreWriter& bare) const {
    double seconds = 0;
    std::size_t rows = 0, from = 0;
    for (std::size_t end : ends_) {
      std::vector<TableBlock> batch(blocks_.begin() + static_cast<std::ptrdiff_t>(from),
                                    blocks_.begin() + static_cast<std::ptrdiff_t>(end));
      for (TableBlock& b : batch) {
        std::ifstream in(b.native, std::ios::binary);
        b.native = std::string(std::istreambuf_iterator<char>(in), {});
        if (b.table == "events") rows += b.rows;
      }
      const auto start = std::chrono::steady_clock::now();
      WEIR_TRY(bare.insert(batch, fmt::format("bare-{}", end)));
      seconds += seconds_since(start);
      from = end;
    }
    return static_cast<double>(rows) / seconds;
  }

 private:
  static constexpr std::size_t kMostRows = 3'000'000;
  StoreWriter& store_;
  const fs::path folder_;
  std::vector<TableBlock> blocks_;  // `native` is the file's name
  std::vector<std::size_t> ends_;   // of batches
  std::size_t recorded_rows_ = 0;
};

Status drain(std::uint64_t count, const fs::path& below) {
  const TemporaryDir folder(below);
  const SystemClock clock;
  Metrics metrics;
  WEIR_TRY_ASSIGN(auto core, Core::open({.data_dir = (folder.path / "data").string()}, clock, metrics));

  fmt::print("Filling the log with {} simulated events …\n", count);
  {
    Simulation simulation({.seed = 1, .run = "bench", .rate = 20'000});
    LogSink sink(*core->log);
    const UnixMillis end = clock.now();
    for (std::uint64_t made = 0; made < count;) {
      const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(2'000, count - made));
      // As at 20,000 events a second, ending now.
      const auto at = [&](std::uint64_t i) { return end - static_cast<std::int64_t>((count - i) / 20); };
      RawBatch events;
      simulation.generate(n, at(made), at(made + n), events);
      WEIR_TRY(sink.send(std::move(events), {}));
      made += n;
    }
    WEIR_TRY(sink.finish());
  }

  fmt::print("Draining it …\n");
  RecordingStore recording(*core->store, folder.path);
  WEIR_TRY_ASSIGN(auto worker, Worker::create({},
                                              {*core->log, *core->log, recording, core->feed, core->gate,
                                               core->freshness, nullptr, metrics, clock},
                                              core->log->partitions()));
  const auto start = std::chrono::steady_clock::now();
  worker->start();
  while (worker->status().lag_events > 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const double seconds = seconds_since(start);
  worker->stop(std::chrono::milliseconds(0));
  const double rss = peak_rss_mb();
  WEIR_TRY_ASSIGN(const Ledger ledger, core->books->ledger());
  if (!ledger.balanced() || ledger.received != count)
    return fail(Code::kInternal, "the ledger does not balance after the drain");

  fmt::print("Inserting the same rows bare …\n");
  WEIR_TRY_ASSIGN(auto bare, core->store->sibling("bare"));
  WEIR_TRY_ASSIGN(const double bare_rate, recording.insert_bare(*bare));
  const double rate = static_cast<double>(count) / seconds;
  fmt::print(
      R"({{"events":{},"seconds":{:.3f},"events_per_s":{:.0f},"bare_rows_per_s":{:.0f},"ratio":{:.3f},"rss_mb":{:.0f}}})"
      "\n",
      count, seconds, rate, bare_rate, rate / bare_rate, rss);
  return {};
}

int run(const Values& values) {
  log::configure(log::Level::kWarn, log::Format::kText);
  const std::string& which = values.positionals()[0];
  const std::uint64_t count = values.count("count");
  const fs::path below =
      values.text("data-dir").empty() ? fs::temp_directory_path() : fs::path(values.text("data-dir"));
  Status done;
  if (which == "drain") {
    done = drain(count, below);
  } else {
    return report({Code::kInvalid, "There is no benchmark \"" + which + "\". There is: drain."});
  }
  return done ? 0 : report(done.error());
}

}  // namespace

Command bench_command() {
  return {{.name = "bench",
           .summary = "measures this program end to end: drain",
           .details = "drain: events wait in the log; how fast do they become rows and rollups?",
           .shared = {"config"},
           .own = {{"data-dir", SettingKind::kText, "", "DIR",
                    "where the benchmark's own folder is made and removed (default: the system's temporary folder)"},
                   {"count", SettingKind::kCount, "3000000", "N", "events"}},
           .positionals = "drain",
           .positionals_required = true},
          run};
}

}  // namespace weir

// End-to-end benchmarks of this very program. Each prints what it does, and as its last line one JSON object.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "app/core.h"
#include "app/event_sink.h"
#include "app/http_sink.h"
#include "app/instance.h"
#include "app/signals.h"
#include "base/log.h"
#include "commands/command.h"
#include "simulate/simulation.h"

namespace weir {
namespace {

namespace fs = std::filesystem;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Core seconds that this process has used, in its own code and in the kernel's.
struct CoreSeconds {
  double user = 0, system = 0;
  static CoreSeconds now() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
  }
};

/// A folder that goes with the object.
struct TemporaryDir {
  fs::path path;
  explicit TemporaryDir(const fs::path& below) : path(name(below)) { fs::create_directories(path); }
  static fs::path name(const fs::path& below) { return below / fmt::format("weir-bench-{}", getpid()); }
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

/// Keeps what it is given, to be inserted bare afterwards.
class RecordingStore final : public StoreWriter {
 public:
  Status insert(const std::vector<TableBlock>& blocks, std::string_view) override {
    batches_.push_back(blocks);
    return {};
  }

  /// Inserts what was recorded into `bare`, batch upon batch without a pause, so that merges in the background get no time that
  /// does not count; answers events a second.
  Result<double> insert_bare(StoreWriter& bare) const {
    std::size_t rows = 0;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < batches_.size(); ++i) {
      for (const TableBlock& b : batches_[i]) {
        if (b.table == "events") rows += b.rows;
      }
      WEIR_TRY(bare.insert(batches_[i], fmt::format("bare-{}", i)));
    }
    return static_cast<double>(rows) / seconds_since(start);
  }

 private:
  std::vector<std::vector<TableBlock>> batches_;
};

/// A place at the beginning of the log, kept nowhere: for looking at the same events once more.
class PlaceAtBegin final : public Progress {
 public:
  explicit PlaceAtBegin(std::uint32_t partitions) { state_.positions.resize(partitions); }
  Result<ProgressState> load() override { return state_; }
  Status begin(const Cut&) override { return {}; }
  Status commit(const Cut&, const Tally&, std::string_view, UnixMillis) override { return {}; }
  Status identities(UnixMillis, const std::function<bool(std::string_view)>&) override { return {}; }
  Status trim_identities(UnixMillis) override { return {}; }

 private:
  ProgressState state_;
};

/// Lets a worker take all that the log holds, and stops it.
WorkerStatus run_through(Worker& worker) {
  worker.start();
  while (worker.status().lag_events > 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  worker.stop(std::chrono::milliseconds(0));
  return worker.status();
}

Status drain(std::uint64_t count, const fs::path& below) {
  const TemporaryDir folder(below);
  const SystemClock clock;
  Metrics metrics;
  WEIR_TRY_ASSIGN(auto core, Core::open({.data_dir = (folder.path / "data").string()}, clock, metrics));

  fmt::print("Filling the log with {} simulated events …\n", count);
  {
    Simulation simulation({.seed = 1, .run = "bench", .rate = 20'000});
    LogSink sink(*core->log, metrics);
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
    // The log's own writing out is over before the clock starts: what is measured is the drain, not the end of the filling.
    WEIR_TRY(core->log->write_out());
  }

  fmt::print("Draining it …\n");
  Worker::Parts parts{*core->log,      *core->log, *core->store, core->feed, core->gate,
                      core->freshness, nullptr,    metrics,      clock};
  WEIR_TRY_ASSIGN(auto worker, Worker::create({}, parts, core->log->partitions()));
  const CoreSeconds core_before = CoreSeconds::now();
  const auto start = std::chrono::steady_clock::now();
  const WorkerStatus spent = run_through(*worker);
  const double seconds = seconds_since(start);
  const CoreSeconds core_after = CoreSeconds::now();
  fmt::print("Of {:.1f} s, batches were made for {:.1f} s and written for {:.1f} s, side by side.\n", seconds,
             spent.prepare_seconds, spent.write_seconds);
  const auto micros = [&](double core_seconds) { return core_seconds * 1e6 / static_cast<double>(count); };
  fmt::print("An event cost {:.2f} µs of core time, and {:.2f} µs in the kernel.\n",
             micros(core_after.user - core_before.user), micros(core_after.system - core_before.system));
  const double rss = peak_rss_mb();
  WEIR_TRY_ASSIGN(const Ledger ledger, core->books->ledger());
  if (!ledger.balanced() || ledger.received != count)
    return fail(Code::kInternal, "the ledger does not balance after the drain");

  fmt::print("Making the same rows again, and inserting them bare …\n");
  RecordingStore recording;
  PlaceAtBegin place(core->log->partitions());
  MemoryLiveFeed nobody;
  Freshness unread;
  Worker::Parts again{*core->log, place, recording, nobody, core->gate, unread, nullptr, metrics, clock};
  WEIR_TRY_ASSIGN(auto recorder, Worker::create({}, again, core->log->partitions()));
  run_through(*recorder);
  WEIR_TRY_ASSIGN(auto bare, core->store->sibling("bare"));
  WEIR_TRY_ASSIGN(const double bare_rate, recording.insert_bare(*bare));
  const double rate = static_cast<double>(count) / seconds;
  fmt::print(
      R"({{"events":{},"seconds":{:.3f},"events_per_s":{:.0f},"bare_rows_per_s":{:.0f},"ratio":{:.3f},"rss_mb":{:.0f}}})"
      "\n",
      count, seconds, rate, bare_rate, rate / bare_rate, rss);
  return {};
}

/// A whole Weir in this process, on free ports, with nothing simulated.
Result<std::unique_ptr<Instance>> quiet_instance(const TemporaryDir& folder) {
  InstanceOptions options;
  options.core.data_dir = (folder.path / "data").string();
  options.listen = "127.0.0.1:0";
  options.sql_listen = "127.0.0.1:0";
  options.rate = 0;
  return Instance::start(options);
}

/// Batches of `size` events of one producer, made beforehand.
std::vector<RawBatch> bodies(std::string run, std::size_t batches, std::size_t size) {
  Simulation simulation({.seed = 7, .run = std::move(run), .rate = 20'000});
  const UnixMillis now = SystemClock().now();
  std::vector<RawBatch> out(batches);
  for (RawBatch& batch : out) simulation.generate(size, now, now + 1, batch);
  return out;
}

double percentile(std::vector<double>& values, double p) {
  if (values.empty()) return 0;
  std::ranges::sort(values);
  return values[std::min(values.size() - 1, static_cast<std::size_t>(static_cast<double>(values.size()) * p))];
}

/// Every thread's first error, or success.
Status first_error(const std::vector<Status>& results) {
  for (const Status& s : results) {
    if (!s) return s;
  }
  return {};
}

Status ingest(std::uint64_t count, const fs::path& below) {
  constexpr std::size_t kConnections = 8, kEvents = 500;
  const TemporaryDir folder(below);
  WEIR_TRY_ASSIGN(auto weir, quiet_instance(folder));
  const std::string url = fmt::format("http://127.0.0.1:{}", weir->port());
  const std::size_t batches = std::max<std::size_t>(count / kConnections / kEvents, 1);
  fmt::print("Making {} events …\n", batches * kConnections * kEvents);
  std::vector<std::vector<RawBatch>> work;
  for (std::size_t c = 0; c < kConnections; ++c) work.push_back(bodies(fmt::format("ingest-{}", c), batches, kEvents));

  fmt::print("POSTing them, {} a request on {} connections …\n", kEvents, kConnections);
  std::vector<Status> results(kConnections);
  std::vector<std::vector<double>> times(kConnections);
  const auto start = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> threads;
    for (std::size_t c = 0; c < kConnections; ++c) {
      threads.emplace_back([&, c] {
        auto sink = HttpSink::create(url, {});
        if (!sink) {
          results[c] = std::unexpected(sink.error());
          return;
        }
        for (RawBatch& batch : work[c]) {
          const auto began = std::chrono::steady_clock::now();
          if (results[c] = (*sink)->send(std::move(batch), {}); !results[c]) return;
          times[c].push_back(seconds_since(began) * 1000);
        }
      });
    }
  }
  const double seconds = seconds_since(start);
  WEIR_TRY(first_error(results));
  std::vector<double> all;
  for (const auto& t : times) all.insert(all.end(), t.begin(), t.end());
  const auto events = batches * kConnections * kEvents;
  weir->stop();
  fmt::print(R"({{"events":{},"seconds":{:.3f},"events_per_s":{:.0f},"p99_ms":{:.1f}}})"
             "\n",
             events, seconds, static_cast<double>(events) / seconds, percentile(all, 0.99));
  return {};
}

/// One marked event after the other: from the answer to its POST until a question to the store finds it, in milliseconds.
Status probe(const std::string& url, StoreReader& store, std::stop_token stop, std::vector<double>& waits) {
  WEIR_TRY_ASSIGN(auto sink, HttpSink::create(url, {}));
  for (int n = 0; !stop.stop_requested(); ++n) {
    const std::string id = fmt::format("probe-{}", n);
    RawBatch one;
    one.add(fmt::format(
        R"({{"specversion":"1.0","type":"account.logout","source":"/probe","id":"{}","time":"{}","data":{{"user_id":"p","ip":"192.0.2.1"}}}})",
        id, format_rfc3339(SystemClock().now())));
    WEIR_TRY(sink->send(std::move(one), stop));
    const auto accepted = std::chrono::steady_clock::now();
    while (true) {
      WEIR_TRY_ASSIGN(const std::string found, store.select({.sql = "SELECT count() FROM events WHERE id = {id:String}",
                                                             .params = {{"id", id}},
                                                             .format = "TabSeparated"}));
      if (found == "1\n") break;
      if (seconds_since(accepted) > 20)
        return fail(Code::kDeadline, "a marked event was not selectable 20 s after its POST");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    waits.push_back(seconds_since(accepted) * 1000);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return {};
}

Status freshness(double rate, double seconds, const fs::path& below) {
  constexpr std::size_t kConnections = 4, kEvents = 300;
  const TemporaryDir folder(below);
  WEIR_TRY_ASSIGN(auto weir, quiet_instance(folder));
  const std::string url = fmt::format("http://127.0.0.1:{}", weir->port());
  const auto batches = static_cast<std::size_t>(rate * seconds / kConnections / kEvents);
  fmt::print("Making {} events …\n", batches * kConnections * kEvents);
  std::vector<std::vector<RawBatch>> work;
  for (std::size_t c = 0; c < kConnections; ++c) work.push_back(bodies(fmt::format("load-{}", c), batches, kEvents));

  fmt::print("POSTing {:.0f} events a second for {:.0f} s, and asking for a marked one again and again …\n", rate,
             seconds);
  std::vector<Status> results(kConnections + 1);
  std::vector<double> waits;
  const auto start = std::chrono::steady_clock::now();
  double reached = 0;
  {
    std::jthread prober(
        [&](std::stop_token stop) { results[kConnections] = probe(url, *weir->core().store, stop, waits); });
    std::vector<std::jthread> threads;
    for (std::size_t c = 0; c < kConnections; ++c) {
      threads.emplace_back([&, c] {
        auto sink = HttpSink::create(url, {});
        if (!sink) {
          results[c] = std::unexpected(sink.error());
          return;
        }
        for (std::size_t i = 0; i < batches; ++i) {
          const double due = static_cast<double>(i * kConnections + c) * kEvents / rate;
          std::this_thread::sleep_until(start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                                    std::chrono::duration<double>(due)));
          if (results[c] = (*sink)->send(std::move(work[c][i]), {}); !results[c]) return;
        }
      });
    }
    threads.clear();
    reached = static_cast<double>(batches * kConnections * kEvents) / seconds_since(start);
  }
  WEIR_TRY(first_error(results));
  weir->stop();
  fmt::print(R"({{"rate":{:.0f},"p50_ms":{:.1f},"p95_ms":{:.1f},"p99_ms":{:.1f}}})"
             "\n",
             reached, percentile(waits, 0.5), percentile(waits, 0.95), percentile(waits, 0.99));
  return {};
}

int run(const Values& values) {
  log::configure(log::Level::kWarn, log::Format::kText);
  const std::string& which = values.positionals()[0];
  const std::uint64_t count = values.count("count");
  const fs::path below =
      values.text("data-dir").empty() ? fs::temp_directory_path() : fs::path(values.text("data-dir"));
  // Half of a benchmark is worth nothing: its folder goes, and so does the process, whatever it is doing.
  std::thread([stop = stop_on_signal(), folder = TemporaryDir::name(below)] {
    wait_until(stop.get_token());
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    std::_Exit(failed({Code::kCancelled, "Stopped before there was a result."}));
  }).detach();
  Status done;
  if (which == "drain") {
    done = drain(count, below);
  } else if (which == "ingest") {
    done = ingest(count, below);
  } else if (which == "freshness") {
    done = freshness(values.rate("rate").value_or(20'000), static_cast<double>(values.millis("time")) / 1000, below);
  } else {
    return report({Code::kInvalid, "There is no benchmark \"" + which + "\". There are: drain, ingest, freshness."});
  }
  return done ? 0 : failed(done.error());
}

}  // namespace

Command bench_command() {
  return {{.name = "bench",
           .summary = "measures this program end to end: drain, ingest or freshness",
           .details = "drain: events wait in the log; how fast do they become rows and rollups?\n"
                      "ingest: POSTs of 500 events on 8 connections; how many are durable a second?\n"
                      "freshness: from the answer to a POST until the row is selectable, under load",
           .shared = {"config"},
           .own = {{"data-dir", SettingKind::kText, "", "DIR",
                    "where the benchmark's own folder is made and removed (default: the system's temporary folder)"},
                   {"count", SettingKind::kCount, "3000000", "N", "events of drain and ingest"},
                   {"rate", SettingKind::kNumber, "20000", "EVENTS/S", "of freshness"},
                   {"time", SettingKind::kDuration, "20s", "TIME", "of freshness"}},
           .positionals = "drain|ingest|freshness",
           .positionals_required = true},
          run};
}

}  // namespace weir

// How fast the embedded log takes and gives events. TMPDIR says on which disk; every append is on it (fsync) when it counts.
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include "backends/log_rocksdb/rocks_log.h"
#include "base/clock.h"
#include "base/metrics.h"

namespace {

using namespace weir;

constexpr std::size_t kEventBytes = 400;

class Fixture {
 public:
  explicit Fixture(RocksLogOptions options = {}) {
    std::string name = (std::filesystem::temp_directory_path() / "weir-bench-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    options.directory = root_ / "log";
    options.partitions = 4;
    options.queue_bytes = 256 << 20;
    auto made = RocksLog::create(options, clock_, metrics_);
    if (!made) throw std::runtime_error(made.error().message);
    log = std::move(*made);
    // Text as events have it: it neither repeats wholly nor is it noise.
    for (std::size_t i = 0; text_.size() < kEventBytes * 4096; ++i) {
      text_ += R"({"specversion":"1.0","id":"bench-)" + std::to_string(i * 2654435761U % 1'000'003) +
               R"(","source":"shop","type":"api.request","data":{"ip":"192.0.2.)" + std::to_string(i % 251) +
               R"(","method":"GET","path":"/v1/items/)" + std::to_string(i * 40503 % 9973) +
               R"(","status":200,"latency_ms":)" + std::to_string(i % 97) + "}}";
    }
  }
  ~Fixture() {
    log.reset();
    std::filesystem::remove_all(root_);
  }

  /// `events` spread over the partitions.
  std::vector<PartitionBatch> batch(std::size_t events) {
    std::vector<PartitionBatch> batches(log->partitions());
    for (std::uint32_t p = 0; p < batches.size(); ++p) {
      batches[p].partition = PartitionId(p);
      const std::size_t share = events / batches.size() + (p < events % batches.size() ? 1 : 0);
      batches[p].events.reserve(share, share * kEventBytes);
      for (std::size_t i = 0; i < share; ++i) {
        batches[p].events.add(std::string_view(text_).substr(next_++ % 4000 * kEventBytes, kEventBytes));
      }
    }
    return batches;
  }
  static Status append(LogAppender& log, std::vector<PartitionBatch> batches) {
    std::promise<Status> done;
    log.append(std::move(batches), [&](Status s) { done.set_value(std::move(s)); });
    return done.get_future().get();
  }
  void fill(std::size_t events) {
    std::atomic<std::size_t> failed = 0;
    for (std::size_t n = 0; n < events; n += 1000) {
      if (n % 100'000 == 0) log->flush();
      log->append(batch(1000), [&](const Status& s) { failed += s ? 0 : 1; });
    }
    log->flush();
    if (failed != 0) throw std::runtime_error("appends failed");
  }

  std::unique_ptr<RocksLog> log;

 private:
  SystemClock clock_;
  Metrics metrics_;
  std::filesystem::path root_;
  std::string text_;
  std::size_t next_ = 0;
};

void count(benchmark::State& state, std::size_t events) {
  state.SetItemsProcessed(static_cast<std::int64_t>(events));
  state.SetBytesProcessed(static_cast<std::int64_t>(events * kEventBytes));
}

// Calls of range(0) events, range(1) of them under way at a time. Compressed or not: range(2).
void append(benchmark::State& state) {
  RocksLogOptions options;
  options.compress = state.range(2) != 0;
  Fixture fixture(options);
  const auto events = static_cast<std::size_t>(state.range(0));
  std::counting_semaphore<> room(state.range(1));
  std::atomic<std::size_t> failed = 0;
  std::size_t appended = 0;
  for (auto _ : state) {
    room.acquire();
    fixture.log->append(fixture.batch(events), [&](const Status& s) {
      failed += s ? 0 : 1;
      room.release();
    });
    appended += events;
  }
  const auto before = std::chrono::steady_clock::now();
  fixture.log->flush();
  const std::chrono::duration<double> tail = std::chrono::steady_clock::now() - before;
  if (failed != 0) state.SkipWithError("appends failed");
  count(state, appended);
  const RocksLog::Stats stats = fixture.log->stats();
  state.counters["appends_per_fsync"] = static_cast<double>(stats.appends) / static_cast<double>(stats.groups);
  state.counters["rewritten_mb"] = static_cast<double>(stats.rewritten_bytes) / 1e6;
  state.counters["tail_ms"] = tail.count() * 1e3;
}
BENCHMARK(append)
    ->ArgNames({"events", "under_way", "lz4"})
    ->Args({1000, 64, 0})
    ->Args({1000, 64, 1})
    ->Args({1000, 8, 0})
    ->Args({100, 64, 0})
    ->Args({1, 64, 0})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->MinTime(2);

// One thread reads 400,000 events in slices of range(0); from memory, or from files.
void read(benchmark::State& state) {
  constexpr std::size_t kEvents = 400'000;
  RocksLogOptions options;
  options.compress = state.range(2) != 0;
  Fixture fixture(options);
  fixture.fill(kEvents);
  if (state.range(1) != 0 && !fixture.log->write_out()) state.SkipWithError("writing out failed");
  const auto step = static_cast<std::size_t>(state.range(0));
  std::size_t read = 0, sum = 0;
  for (auto _ : state) {
    for (std::uint32_t p = 0; p < fixture.log->partitions(); ++p) {
      Offset from(0);
      while (true) {
        const auto slice = fixture.log->read(PartitionId(p), from, step, std::size_t{64} << 20);
        if (!slice) {
          state.SkipWithError(slice.error().message.c_str());
          return;
        }
        if (slice->empty()) break;
        for (std::size_t i = 0; i < slice->size(); ++i) sum += slice->event(i).size();
        read += slice->size();
        from = slice->end();
      }
    }
  }
  benchmark::DoNotOptimize(sum);
  count(state, read);
}
BENCHMARK(read)
    ->ArgNames({"events", "files", "lz4"})
    ->Args({10'000, 0, 0})
    ->Args({10'000, 1, 0})
    ->Args({10'000, 1, 1})
    ->Args({1'000, 1, 0})
    ->Args({100, 1, 0})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// The worker's two durable steps around a batch, while nothing else is written.
void begin_and_commit(benchmark::State& state) {
  Fixture fixture;
  fixture.fill(4'000);
  const std::string identities(static_cast<std::size_t>(state.range(0)), 'i');
  for (auto _ : state) {
    const Offset at = fixture.log->load()->positions[0];
    const Cut cut{{{PartitionId(0), at, at + 1}}};
    if (!fixture.log->begin(cut) || !fixture.log->commit(cut, {1, 0, 0}, identities, UnixMillis(1))) {
      state.SkipWithError("progress failed");
      return;
    }
  }
}
BENCHMARK(begin_and_commit)
    ->ArgName("identity_bytes")
    ->Arg(16)
    ->Arg(400'000)
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(500);

}  // namespace

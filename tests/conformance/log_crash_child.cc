// log_crash_child DIRECTORY PARTITIONS FIRST: appends numbered events from FIRST on and works them off, until it is killed.
// Writes the number of each acknowledged event to standard output, 8 bytes each. The log's conformance suite starts it.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "backends/log_rocksdb/rocks_log.h"
#include "base/clock.h"
#include "base/metrics.h"

namespace {

using namespace weir;

// Number n stands in partition n modulo the number of partitions; some events are large.
std::string event(std::uint64_t n) {
  std::string text = "event " + std::to_string(n) + " ";
  text.append(n % 97 == 0 ? 30'000 : n % 300, static_cast<char>('a' + n % 26));
  return text;
}

void work(RocksLog& log) {
  while (true) {
    const ProgressState state = *log.load();
    Cut cut;
    std::uint64_t events = 0;
    if (state.pending) {
      cut = *state.pending;
    } else {
      for (std::uint32_t p = 0; p < log.partitions(); ++p) {
        const auto slice = log.read(PartitionId(p), state.positions[p], 500, 1 << 20);
        if (!slice) std::abort();
        if (!slice->empty()) cut.ranges.push_back({PartitionId(p), slice->first, slice->end()});
      }
      if (cut.ranges.empty()) {
        log.wait(state.positions, std::chrono::milliseconds(50), {});
        continue;
      }
      if (!log.begin(cut)) std::abort();
    }
    for (const Range& r : cut.ranges) events += r.end - r.first;
    if (!log.commit(cut, {events, 0, 0}, std::to_string(events), UnixMillis(1))) std::abort();
    if (!log.put({{"committed", std::to_string(log.load()->tally.total())}})) std::abort();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  SystemClock clock;
  Metrics metrics;
  RocksLogOptions options;
  options.directory = argv[1];
  options.partitions = static_cast<std::uint32_t>(std::atoi(argv[2]));
  auto log = RocksLog::create(options, clock, metrics);
  if (!log) {
    std::fprintf(stderr, "%s\n", log.error().message.c_str());
    return 1;
  }
  std::thread worker([&] { work(**log); });
  for (std::uint64_t n = std::strtoull(argv[3], nullptr, 10);;) {
    const std::uint64_t first = n, count = 1 + n % 40;
    std::vector<PartitionBatch> batches(log.value()->partitions());
    for (std::uint32_t p = 0; p < batches.size(); ++p) batches[p].partition = PartitionId(p);
    for (; n < first + count; ++n) batches[n % batches.size()].events.add(event(n));
    (*log)->append(std::move(batches), [first, count](const weir::Status& status) {
      if (!status) return;
      std::string numbers;
      for (std::uint64_t i = first; i < first + count; ++i) numbers.append(reinterpret_cast<const char*>(&i), 8);
      if (::write(STDOUT_FILENO, numbers.data(), numbers.size()) < 0) std::abort();
    });
    if (n % 11 == 0) std::this_thread::sleep_for(std::chrono::microseconds(300));
  }
}

#include "backends/log_rocksdb/rocks_retention.h"

#include <algorithm>

#include "backends/log_rocksdb/layout.h"
#include "base/log.h"
#include "base/thread_name.h"

namespace weir::rocks {

using layout::BlockView;

Retention::Retention(const Limits& limits, Database& database, Partitions& partitions, const ProgressRecord& progress,
                     const Clock& clock)
    : limits_(limits),
      database_(database),
      partitions_(partitions),
      progress_(progress),
      clock_(clock),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Retention::~Retention() {
  thread_.request_stop();
  thread_.join();
}

void Retention::hurry() {
  std::lock_guard lock(mutex_);
  soon_ = true;
  due_.notify_one();
}

void Retention::run(const std::stop_token& stop) {
  name_this_thread("weir-log-keep");
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    due_.wait_for(lock, stop, limits_.pause, [this] { return soon_; });
    soon_ = false;
    if (stop.stop_requested()) return;
    lock.unlock();
    if (database_.unwell())
      (void)database_.recover();  // says so itself when it succeeds; until then every write complains
    if (const Status done = retain(); !done && done.error().code != Code::kDiskFull) {
      log::warn("log: retention has to wait: {}", done.error().message);
    }
    lock.lock();
  }
}

Status Retention::retain() {
  const ProgressState progress = progress_.state();
  const std::uint64_t kept = partitions_.kept_bytes();
  const UnixMillis oldest = clock_.now() - limits_.time.count();
  for (std::uint32_t p = 0; p < partitions_.count(); ++p) {
    WEIR_TRY(retain_partition(PartitionId(p), progress.positions[p], kept, oldest));
  }
  return {};
}

Status Retention::retain_partition(PartitionId p, Offset committed, std::uint64_t kept, UnixMillis oldest) {
  const Partition& partition = partitions_.at(p);
  // The committed events of which all are to go, found by halving: both arrival and position grow with the offset.
  std::uint64_t surplus_until = 0;  // bytes of the partition before this position are to go
  const std::uint64_t begin_position = partition.begin_position.load();
  if (limits_.bytes != 0 && kept > limits_.bytes) {
    const double share =
        static_cast<double>(partition.end_position.load() - begin_position) / static_cast<double>(kept);
    surplus_until = begin_position + static_cast<std::uint64_t>(share * static_cast<double>(kept - limits_.bytes));
  }
  Offset low(partition.begin.load());
  Offset high = committed;
  while (low < high) {
    const Offset middle = low + (high - low) / 2;
    Offset gone_until;  // of the block's events
    Offset first, end;
    WEIR_TRY(partitions_.with_block(p, middle, [&](const BlockView& block) {
      first = gone_until = block.first();
      end = block.last() + 1;
      for (std::size_t run = 0; run < block.runs(); ++run) {
        if (limits_.time.count() != 0 && block.run_received_at(run) < oldest) gone_until = first + block.run_end(run);
      }
      if (block.end_position() <= surplus_until) gone_until = end;
    }));
    if (gone_until == end) {
      low = end;
    } else if (gone_until > first) {
      low = gone_until;
      break;
    } else {
      high = std::max(first, low);
    }
  }
  return partitions_.forget(p, std::min(low, committed));
}

}  // namespace weir::rocks

#include "backends/log_rocksdb/rocks_append_queue.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "backends/log_rocksdb/layout.h"
#include "backends/log_rocksdb/rocks_status.h"
#include "base/log.h"
#include "base/thread_name.h"

namespace weir::rocks {
namespace {

// What one fsync makes durable at most, unless one append alone is larger.
constexpr std::size_t kGroupBytes = 8 * 1024 * 1024;
constexpr std::size_t kBatchReserve = kGroupBytes + 1024 * 1024;
constexpr std::size_t kMaxBlockEvents = 64 * 1024;
// What an event costs in the queue besides its bytes: its place in a RawBatch and in the block.
constexpr std::size_t kEventOverhead = 16;

}  // namespace

AppendQueue::AppendQueue(const Limits& limits, Database& database, Partitions& partitions, const Clock& clock,
                         Metrics& metrics)
    : limits_(limits),
      database_(database),
      partitions_(partitions),
      clock_(clock),
      append_seconds_(metrics.log_append_seconds),
      queue_gauge_(metrics.queue_bytes("append")),
      batch_(kBatchReserve) {
  metrics.queue_limit_bytes("append").Set(static_cast<double>(limits_.queue_bytes));
  for (std::uint32_t p = 0; p < partitions_.count(); ++p) {
    const Partition& partition = partitions_.at(PartitionId(p));
    newest_.push_back(partition.newest_at_open);
    accepted_bytes_ += partition.end_position.load();
  }
  writer_ = std::thread([this] { write_loop(); });
}

AppendQueue::~AppendQueue() { close(); }

void AppendQueue::close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    changed_.notify_all();
  }
  std::lock_guard lock(close_mutex_);
  if (writer_.joinable()) writer_.join();
}

Status AppendQueue::take(std::vector<PartitionBatch>& batches, LogAppender::Done& done) {
  std::size_t bytes = 0, events = 0;
  for (const PartitionBatch& b : batches) {
    (void)partitions_.at(b.partition);  // is there
    bytes += b.events.bytes();
    events += b.events.size();
  }
  if (events == 0) {
    std::exchange(done, nullptr)({});
    return {};
  }
  if (bytes > LogAppender::kMaxAppendBytes) {
    return fail(Code::kInvalid, fmt::format("an append of {} bytes is over the limit of {}: send less at once", bytes,
                                            LogAppender::kMaxAppendBytes));
  }
  const std::size_t cost = bytes + events * kEventOverhead;
  std::lock_guard lock(mutex_);
  if (closing_) return fail(Code::kCancelled, "the log is closing");
  std::uint64_t kept = accepted_bytes_;
  for (std::uint32_t p = 0; p < partitions_.count(); ++p) kept -= partitions_.at(PartitionId(p)).begin_position.load();
  if (limits_.max_bytes != 0 && kept + bytes > limits_.max_bytes) {
    return fail(
        Code::kOverloaded,
        fmt::format("the log holds {} bytes of events and its limit is {}: wait until the worker has caught up, or "
                    "allow a larger log",
                    kept, limits_.max_bytes));
  }
  if (queued_cost_ != 0 && queued_cost_ + cost > limits_.queue_bytes) {
    return fail(Code::kOverloaded,
                fmt::format("{} bytes wait to be written to the log and the limit is {}: try again later", queued_cost_,
                            limits_.queue_bytes));
  }
  const UnixMillis now = clock_.now();
  std::vector<UnixMillis> stamps;
  stamps.reserve(batches.size());
  for (const PartitionBatch& b : batches) {
    UnixMillis& newest = newest_[b.partition.value];
    newest = std::max(newest, now);
    stamps.push_back(newest);
  }
  accepted_bytes_ += bytes;
  queued_cost_ += cost;
  ++taken_;
  queue_gauge_.Set(static_cast<double>(queued_cost_));
  queue_.push_back({std::move(batches), std::move(stamps), bytes, cost, clock_.steady(), std::move(done)});
  changed_.notify_all();
  return {};
}

void AppendQueue::flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this, target = taken_] { return finished_ >= target; });
}

void AppendQueue::write_loop() {
  name_this_thread("weir-log-write");
  std::vector<Waiting> group;
  while (true) {
    std::size_t bytes = 0, cost = 0;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (queue_.empty()) return;
      while (!queue_.empty() && (group.empty() || bytes + queue_.front().bytes <= kGroupBytes)) {
        bytes += queue_.front().bytes;
        cost += queue_.front().cost;
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
      }
    }
    const Status status = write_group(group, bytes);
    const auto now = clock_.steady();
    for (Waiting& w : group) {
      if (status) append_seconds_.Observe(std::chrono::duration<double>(now - w.since).count());
      w.done(status);
    }
    std::lock_guard lock(mutex_);
    if (!status) accepted_bytes_ -= bytes;
    queued_cost_ -= cost;
    finished_ += group.size();
    queue_gauge_.Set(static_cast<double>(queued_cost_));
    changed_.notify_all();
    group.clear();
  }
}

Status AppendQueue::write_group(const std::vector<Waiting>& group, std::size_t bytes) {
  WEIR_TRY(check_space(bytes));
  batch_.Clear();
  std::vector<Partitions::End> ends;
  ends.reserve(partitions_.count());
  for (std::uint32_t p = 0; p < partitions_.count(); ++p) ends.push_back(put_blocks(PartitionId(p), group));
  const Status written = database_.write(batch_, "appending to the log");
  if (batch_.GetDataSize() > 2 * kGroupBytes) batch_ = rocksdb::WriteBatch(kBatchReserve);
  WEIR_TRY(written);
  partitions_.advance(ends);
  appends_.fetch_add(group.size(), std::memory_order_relaxed);
  groups_.fetch_add(1, std::memory_order_relaxed);
  return {};
}

// Puts the group's events of a partition into the batch, block by block; where the partition ends then.
Partitions::End AppendQueue::put_blocks(PartitionId p, const std::vector<Waiting>& group) {
  const Partition& partition = partitions_.at(p);
  Partitions::End end{partition.end.load(), partition.end_position.load()};
  layout::BlockBuilder block;
  std::vector<rocksdb::Slice> parts;
  const auto put = [&] {
    if (block.events() == 0) return;
    block.finish(p, Offset(end.offset), end.position);
    parts.clear();
    parts.push_back(slice(block.head()));
    for (const std::string_view piece : block.pieces()) parts.push_back(slice(piece));
    end.offset += block.events();
    end.position += block.bytes();
    const std::string key = layout::big_endian(end.offset - 1);
    const rocksdb::Slice key_part(key);
    batch_.Put(database_.events(p), rocksdb::SliceParts(&key_part, 1),
               rocksdb::SliceParts(parts.data(), static_cast<int>(parts.size())));
    block.clear();
  };
  for (const Waiting& w : group) {
    for (std::size_t b = 0; b < w.batches.size(); ++b) {
      if (w.batches[b].partition != p) continue;
      const RawBatch& events = w.batches[b].events;
      for (std::size_t from = 0; from < events.size();) {
        std::size_t to = from, size = block.bytes();
        while (to < events.size() && (to == from || size < layout::kBlockBytes) &&
               to - from + block.events() < kMaxBlockEvents) {
          size += events[to++].size();
        }
        block.add(events, from, to, w.received_at[b]);
        if (block.bytes() >= layout::kBlockBytes || block.events() >= kMaxBlockEvents) put();
        from = to;
      }
    }
  }
  put();
  return end;
}

// Whether the disk has room for so much beside the reserve; says so in the log when that changes.
Status AppendQueue::check_space(std::size_t bytes) {
  const std::filesystem::path& directory = database_.directory();
  struct statvfs disk{};
  if (limits_.reserve_bytes == 0 || ::statvfs(directory.c_str(), &disk) != 0) return {};
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  const bool full = free < limits_.reserve_bytes + bytes;
  const bool changed = full != std::exchange(disk_full_, full);
  if (!full) {
    if (changed) log::info("log: there is space again, events are taken");
    return {};
  }
  std::string what = fmt::format("the disk of {} has {} MiB left and the log keeps {} MiB free: free space there",
                                 directory.string(), free >> 20, limits_.reserve_bytes >> 20);
  if (changed) log::warn("log: no more events are taken: {}", what);
  return fail(Code::kDiskFull, std::move(what));
}

}  // namespace weir::rocks

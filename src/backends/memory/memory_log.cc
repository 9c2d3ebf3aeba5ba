#include "backends/memory/memory_log.h"

#include "base/check.h"

namespace weir {
namespace {

struct Event {
  std::string bytes;
  UnixMillis received_at;
};

struct Partition {
  Offset begin{0};
  std::deque<Event> events;
  UnixMillis newest{0};
  Offset end() const { return begin + events.size(); }
};

struct Identities {
  UnixMillis newest_arrival;
  std::string blob;
};

// By a std::string of its own: GCC 12 with -fsanitize=thread sees an overflow in a temporary that there is not.
Status closing() {
  static const std::string kWhy = "the log is closing";
  return fail(Code::kCancelled, kWhy);
}

}  // namespace

struct MemoryLogDisk {
  std::string id;
  std::vector<Partition> partitions;
  std::uint64_t event_bytes = 0;
  ProgressState progress;
  std::deque<Identities> identities;
  std::map<std::string, std::string, std::less<>> state;
};

std::shared_ptr<MemoryLogDisk> make_memory_log_disk() { return std::make_shared<MemoryLogDisk>(); }

Result<std::unique_ptr<MemoryLog>> MemoryLog::create(MemoryLogOptions options, std::shared_ptr<MemoryLogDisk> disk,
                                                     const Clock& clock) {
  WEIR_CHECK(disk != nullptr && options.partitions > 0);
  if (disk->partitions.empty()) {
    disk->id = options.id;
    disk->partitions.resize(options.partitions);
    disk->progress.positions.resize(options.partitions);
  } else if (disk->partitions.size() != options.partitions) {
    return fail(Code::kConflict, fmt::format("the log has {} partitions and cannot get {}; a log keeps its number",
                                             disk->partitions.size(), options.partitions));
  }
  return std::unique_ptr<MemoryLog>(new MemoryLog(std::move(options), std::move(disk), clock));
}

MemoryLog::MemoryLog(MemoryLogOptions options, std::shared_ptr<MemoryLogDisk> disk, const Clock& clock)
    : options_(std::move(options)), clock_(clock), disk_(std::move(disk)) {}

MemoryLog::~MemoryLog() { close(); }

void MemoryLog::break_with(Error error) {
  std::lock_guard lock(mutex_);
  broken_ = std::move(error);
}

void MemoryLog::heal() {
  std::lock_guard lock(mutex_);
  broken_.reset();
}

void MemoryLog::hold() {
  std::lock_guard lock(mutex_);
  held_ = true;
}

void MemoryLog::release() {
  std::unique_lock lock(mutex_);
  while (!waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= next.bytes;
    const Status status = write(next.batches, next.bytes);
    lock.unlock();
    next.done(status);
    lock.lock();
  }
  held_ = false;
  changed_.notify_all();
}

void MemoryLog::close() {
  std::deque<Waiting> cancelled;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    held_ = false;
    cancelled.swap(waiting_);
    waiting_bytes_ = 0;
    changed_.notify_all();
  }
  for (Waiting& w : cancelled) w.done(closing());
}

std::uint32_t MemoryLog::partitions() const { return options_.partitions; }

void MemoryLog::append(std::vector<PartitionBatch> batches, Done done) {
  std::size_t bytes = 0, events = 0;
  for (const PartitionBatch& b : batches) {
    WEIR_CHECK(b.partition.value < options_.partitions, "partition {}", b.partition.value);
    bytes += b.events.bytes();
    events += b.events.size();
  }
  // Nothing: it waits now.
  const std::optional<Status> status = [&]() -> std::optional<Status> {
    std::lock_guard lock(mutex_);
    if (closed_) return closing();
    if (bytes > kMaxAppendBytes) {
      return fail(Code::kInvalid, fmt::format("an append of {} bytes is over the limit of {}; send less at once", bytes,
                                              kMaxAppendBytes));
    }
    if (events == 0) return Status();
    if (!held_) return write(batches, bytes);
    if (options_.queue_bytes != 0 && !waiting_.empty() && waiting_bytes_ + bytes > options_.queue_bytes) {
      return fail(Code::kOverloaded, fmt::format("{} bytes wait to be written, the limit is {}; try again later",
                                                 waiting_bytes_, options_.queue_bytes));
    }
    waiting_.push_back({std::move(batches), bytes, std::move(done)});
    waiting_bytes_ += bytes;
    return std::nullopt;
  }();
  if (status) done(*status);
}

Status MemoryLog::write(const std::vector<PartitionBatch>& batches, std::size_t bytes) {
  if (broken_) return std::unexpected(*broken_);
  if (options_.max_bytes != 0 && disk_->event_bytes + bytes > options_.max_bytes) {
    return fail(Code::kOverloaded,
                fmt::format("the log holds {} bytes of events, its limit is {}; wait until the worker has "
                            "caught up and retention has made room",
                            disk_->event_bytes, options_.max_bytes));
  }
  for (const PartitionBatch& b : batches) {
    Partition& p = disk_->partitions[b.partition.value];
    p.newest = std::max(p.newest, clock_.now());
    for (std::size_t i = 0; i < b.events.size(); ++i) p.events.push_back({std::string(b.events[i]), p.newest});
  }
  disk_->event_bytes += bytes;
  changed_.notify_all();
  return {};
}

void MemoryLog::flush() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_.empty(); });
}

std::string MemoryLog::id() const { return disk_->id; }

Result<LogSlice> MemoryLog::read(PartitionId partition, Offset from, std::size_t max_events, std::size_t max_bytes) {
  WEIR_CHECK(partition.value < options_.partitions && max_events > 0, "partition {}", partition.value);
  std::lock_guard lock(mutex_);
  if (broken_) return std::unexpected(*broken_);
  const Partition& p = disk_->partitions[partition.value];
  if (from < p.begin) {
    return fail(Code::kNotFound, fmt::format("partition {} begins at offset {}; {} has been removed by retention",
                                             partition.value, p.begin.value, from.value));
  }
  LogSlice slice;
  slice.partition = partition;
  slice.first = from;
  for (Offset at = from; at < p.end() && slice.size() < max_events; at += 1) {
    const Event& event = p.events[at - p.begin];
    if (!slice.empty() && slice.bytes() + event.bytes.size() > max_bytes) break;
    slice.add(event.bytes, event.received_at);
  }
  return slice;
}

Result<Offset> MemoryLog::begin(PartitionId partition) {
  std::lock_guard lock(mutex_);
  if (broken_) return std::unexpected(*broken_);
  return disk_->partitions.at(partition.value).begin;
}

Result<Offset> MemoryLog::end(PartitionId partition) {
  std::lock_guard lock(mutex_);
  if (broken_) return std::unexpected(*broken_);
  return disk_->partitions.at(partition.value).end();
}

bool MemoryLog::wait(std::span<const Offset> positions, std::chrono::milliseconds timeout, std::stop_token stop) {
  WEIR_CHECK(positions.size() == options_.partitions);
  std::unique_lock lock(mutex_);
  const auto something = [&] {
    for (std::size_t i = 0; i < positions.size(); ++i) {
      if (disk_->partitions[i].end() > positions[i]) return true;
    }
    return false;
  };
  return changed_.wait_for(lock, stop, timeout, something);
}

Status MemoryLog::trim(PartitionId partition, Offset before) {
  std::lock_guard lock(mutex_);
  if (broken_) return std::unexpected(*broken_);
  WEIR_CHECK(before <= disk_->progress.positions.at(partition.value), "trim of partition {} to {}", partition.value,
             before.value);
  Partition& p = disk_->partitions[partition.value];
  while (p.begin < before) {
    disk_->event_bytes -= p.events.front().bytes.size();
    p.events.pop_front();
    p.begin += 1;
  }
  return {};
}

std::uint64_t MemoryLog::disk_bytes() {
  std::lock_guard lock(mutex_);
  std::uint64_t bytes = disk_->event_bytes;
  for (const Identities& i : disk_->identities) bytes += i.blob.size();
  return bytes;
}

Result<ProgressState> MemoryLog::load() {
  std::lock_guard lock(mutex_);
  if (broken_) return std::unexpected(*broken_);
  return disk_->progress;
}

Status MemoryLog::begin(const Cut& cut) {
  std::lock_guard lock(mutex_);
  if (broken_) return std::unexpected(*broken_);
  ProgressState& progress = disk_->progress;
  WEIR_CHECK(!progress.pending || *progress.pending == cut, "another cut is pending");
  WEIR_CHECK(!cut.ranges.empty());
  for (const Range& r : cut.ranges) {
    WEIR_CHECK(r.first == progress.positions.at(r.partition.value) && r.first < r.end, "range {}-{} of partition {}",
               r.first.value, r.end.value, r.partition.value);
  }
  progress.pending = cut;
  return {};
}

Status MemoryLog::commit(const Cut& cut, const Tally& delta, std::string_view identities, UnixMillis newest_arrival) {
  std::lock_guard lock(mutex_);
  if (broken_) return std::unexpected(*broken_);
  ProgressState& progress = disk_->progress;
  WEIR_CHECK(progress.pending == cut, "the cut that is committed is not the pending one");
  for (const Range& r : cut.ranges) progress.positions[r.partition.value] = r.end;
  progress.tally += delta;
  progress.pending.reset();
  disk_->identities.push_back({newest_arrival, std::string(identities)});
  return {};
}

Status MemoryLog::identities(UnixMillis since, const std::function<bool(std::string_view)>& each) {
  std::vector<std::string> found;
  {
    std::lock_guard lock(mutex_);
    if (broken_) return std::unexpected(*broken_);
    for (const Identities& i : disk_->identities) {
      if (i.newest_arrival >= since) found.push_back(i.blob);
    }
  }
  for (const std::string& blob : found) {
    if (!each(blob)) break;
  }
  return {};
}

Status MemoryLog::trim_identities(UnixMillis before) {
  std::lock_guard lock(mutex_);
  if (broken_) return std::unexpected(*broken_);
  while (!disk_->identities.empty() && disk_->identities.front().newest_arrival < before) disk_->identities.pop_front();
  return {};
}

Result<std::optional<std::string>> MemoryLog::get(std::string_view key) {
  std::lock_guard lock(mutex_);
  if (broken_) return std::unexpected(*broken_);
  const auto found = disk_->state.find(key);
  if (found == disk_->state.end()) return std::optional<std::string>();
  return std::optional(found->second);
}

Status MemoryLog::put(const std::vector<std::pair<std::string, std::string>>& pairs) {
  std::lock_guard lock(mutex_);
  if (broken_) return std::unexpected(*broken_);
  for (const auto& [key, value] : pairs) {
    if (value.empty()) {
      disk_->state.erase(key);
    } else {
      disk_->state[key] = value;
    }
  }
  return {};
}

}  // namespace weir

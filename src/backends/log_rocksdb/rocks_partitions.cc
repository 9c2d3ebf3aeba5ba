#include "backends/log_rocksdb/rocks_partitions.h"

#include <fmt/format.h>
#include <rocksdb/iterator.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "backends/log_rocksdb/rocks_status.h"
#include "base/check.h"

namespace weir::rocks {

using layout::BlockView;

namespace {

/// The event of the block behind the last one that still goes into `out`, from `skip` on; one always goes into an empty one.
std::size_t fitting(const BlockView& block, std::size_t skip, const LogSlice& out, std::size_t max_events,
                    std::size_t max_bytes) {
  const std::size_t until = std::min<std::size_t>(block.events(), skip + max_events - out.size());
  const std::uint32_t base = block.begin_of(skip);
  if (out.bytes() + (block.end_of(until - 1) - base) <= max_bytes) return until;
  std::size_t low = skip, high = until;  // events [skip, low) fit
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (out.bytes() + (block.end_of(middle) - base) <= max_bytes) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == skip && out.empty() ? skip + 1 : low;
}

/// Adds the events [from, until) of the block.
void add_events(const BlockView& block, std::size_t from, std::size_t until, LogSlice& out) {
  std::size_t i = from;
  for (std::size_t run = 0; run < block.runs() && i < until; ++run) {
    const std::size_t stop = std::min<std::size_t>(until, block.run_end(run));
    if (stop <= i) continue;
    const std::uint32_t begin = block.begin_of(i);
    out.add_run(
        block.bytes().substr(begin, block.end_of(stop - 1) - begin), stop - i,
        [&, i](std::size_t n) { return block.end_of(i + n) - begin; }, block.run_received_at(run));
    i = stop;
  }
}

}  // namespace

Result<std::unique_ptr<Partitions>> Partitions::open(Database& database) {
  std::unique_ptr<Partitions> partitions(new Partitions(database));
  for (std::uint32_t p = 0; p < database.partitions(); ++p) WEIR_TRY(partitions->load(PartitionId(p)));
  return partitions;
}

const Partition& Partitions::at(PartitionId p) const {
  WEIR_CHECK(p.value < count(), "partition {} of {}", p.value, count());
  return partitions_[p.value];
}

Status Partitions::load(PartitionId p) {
  Partition& partition = partitions_[p.value];
  WEIR_TRY_ASSIGN(const std::optional<std::string> begin,
                  database_.get(database_.meta(), std::string(kBeginPrefix) + layout::big_endian32(p.value)));
  if (begin) {
    if (begin->size() != 16) return std::unexpected(corrupt(p, Offset(0), "the record of its first offset is damaged"));
    partition.begin = layout::from_big_endian(std::string_view(*begin).substr(0, 8));
    partition.begin_position = layout::from_big_endian(std::string_view(*begin).substr(8));
  }
  partition.end = partition.begin.load();
  partition.end_position = partition.begin_position.load();
  const std::unique_ptr<rocksdb::Iterator> it = database_.scan(database_.events(p));
  it->SeekToLast();
  if (it->Valid() && it->key().size() == 8) {
    const Offset last(layout::from_big_endian(view(it->key())));
    const Result<BlockView> block = BlockView::parse(p, last, view(it->value()));
    if (!block) return std::unexpected(corrupt(p, last, block.error().message));
    if (!block->verify()) return std::unexpected(corrupt(p, block->first(), "the checksum of the last block is wrong"));
    if (last.value + 1 > partition.end) {
      partition.end = last.value + 1;
      partition.end_position = block->end_position();
    }
    partition.newest_at_open = block->run_received_at(block->runs() - 1);
  }
  return status_of(it->status(), fmt::format("cannot read the end of partition {} of the log", p.value));
}

std::uint64_t Partitions::kept_bytes() const {
  std::uint64_t kept = 0;
  for (std::uint32_t p = 0; p < count(); ++p) {
    const std::uint64_t before = partitions_[p].begin_position.load();
    kept += partitions_[p].end_position.load() - before;
  }
  return kept;
}

Error Partitions::corrupt(PartitionId p, Offset at, std::string_view what) const {
  return {
      Code::kCorrupt,
      fmt::format("the log in {} is damaged in partition {} at offset {}: {}; restore the data directory from a copy",
                  database_.directory().string(), p.value, at.value, what)};
}

Result<LogSlice> Partitions::read(PartitionId p, Offset from, std::size_t max_events, std::size_t max_bytes) const {
  WEIR_CHECK(max_events > 0);
  const Partition& partition = at(p);
  LogSlice out;
  out.partition = p;
  out.first = from;
  const Offset end(partition.end.load());
  const auto forgotten = [&] { return from.value < partition.begin.load(); };
  const auto not_found = [&] {
    return fail(Code::kNotFound,
                fmt::format("partition {} begins at offset {}; offset {} has been forgotten by retention", p.value,
                            partition.begin.load(), from.value));
  };
  if (forgotten()) return not_found();
  if (from >= end) return out;

  const std::unique_ptr<rocksdb::Iterator> it = database_.scan(database_.events(p));
  Offset next = from;
  for (it->Seek(layout::big_endian(from.value)); next < end; it->Next()) {
    if (!it->Valid() || it->key().size() != 8) {
      if (forgotten()) return not_found();
      if (!it->status().ok() && !it->status().IsCorruption())
        return std::unexpected(error_of(it->status(), "reading the log"));
      return std::unexpected(
          corrupt(p, next, it->status().ok() ? "the events from there on are missing" : it->status().ToString()));
    }
    const Result<BlockView> parsed =
        BlockView::parse(p, Offset(layout::from_big_endian(view(it->key()))), view(it->value()));
    if (!parsed) return std::unexpected(corrupt(p, next, parsed.error().message));
    const BlockView& block = *parsed;
    if (block.first() > next) {
      if (forgotten()) return not_found();
      return std::unexpected(
          corrupt(p, next, fmt::format("the events up to offset {} are missing", block.first().value)));
    }
    if (!block.verify()) return std::unexpected(corrupt(p, block.first(), "a checksum is wrong"));

    const std::size_t skip = next - block.first();
    if (out.empty()) {
      // Sized after the first block: what follows is usually like it.
      const std::size_t blocks = 1 + std::min<std::size_t>(max_events, end - next) / block.events();
      const std::size_t guess = std::min({blocks * block.bytes().size(), max_bytes, std::size_t{64} * 1024 * 1024});
      out.reserve(std::min<std::size_t>(max_events, end - next), std::max(guess, block.bytes().size()));
    }
    const std::size_t until = fitting(block, skip, out, max_events, max_bytes);
    add_events(block, skip, until, out);
    next = block.first() + until;
    if (until < block.events() || out.size() >= max_events || out.bytes() >= max_bytes) break;
  }
  return out;
}

Status Partitions::with_block(PartitionId p, Offset offset, const std::function<void(const BlockView&)>& use) const {
  const std::unique_ptr<rocksdb::Iterator> it = database_.scan(database_.events(p));
  it->Seek(layout::big_endian(offset.value));
  if (!it->Valid() || it->key().size() != 8) {
    return std::unexpected(corrupt(p, offset, it->status().ok() ? "the event is missing" : it->status().ToString()));
  }
  const Result<BlockView> block =
      BlockView::parse(p, Offset(layout::from_big_endian(view(it->key()))), view(it->value()));
  if (!block) return std::unexpected(corrupt(p, offset, block.error().message));
  if (block->first() > offset || !block->verify())
    return std::unexpected(corrupt(p, offset, "its block is not what was written"));
  use(*block);
  return {};
}

bool Partitions::wait(std::span<const Offset> positions, std::chrono::milliseconds timeout, std::stop_token stop) {
  WEIR_CHECK(positions.size() == count(), "{} positions for {} partitions", positions.size(), count());
  std::unique_lock lock(wait_mutex_);
  return came_.wait_for(lock, std::move(stop), timeout, [&] {
    for (std::uint32_t p = 0; p < count(); ++p) {
      if (partitions_[p].end.load() > positions[p].value) return true;
    }
    return false;
  });
}

void Partitions::advance(std::span<const End> ends) {
  std::lock_guard lock(wait_mutex_);
  for (std::uint32_t p = 0; p < count(); ++p) {
    partitions_[p].end_position = ends[p].position;
    partitions_[p].end = ends[p].offset;
  }
  came_.notify_all();
}

Status Partitions::forget(PartitionId p, Offset before) {
  Partition& partition = partitions_[p.value];
  std::lock_guard lock(forget_mutex_);
  if (before.value <= at(p).begin.load()) return {};
  std::uint64_t position = partition.end_position.load();
  if (before.value < partition.end.load()) {
    WEIR_TRY(with_block(p, before, [&](const BlockView& block) {
      position = block.position() + block.begin_of(before - block.first());
    }));
  }
  // First the record, then the files: the other way round a crash between them would look like damage.
  rocksdb::WriteBatch batch;
  batch.Put(database_.meta(), std::string(kBeginPrefix) + layout::big_endian32(p.value),
            layout::big_endian(before.value) + layout::big_endian(position));
  WEIR_TRY(database_.write(batch, "forgetting old events"));
  partition.begin_position = position;
  partition.begin = before.value;
  return database_.remove_files_up_to(database_.events(p), layout::big_endian(before.value - 1),
                                      "removing files of old events");
}

}  // namespace weir::rocks

#include "backends/log_rocksdb/rocks_progress.h"

#include <fmt/format.h>
#include <rocksdb/iterator.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "backends/log_rocksdb/layout.h"
#include "backends/log_rocksdb/rocks_status.h"
#include "base/check.h"

namespace weir::rocks {

Result<std::unique_ptr<ProgressRecord>> ProgressRecord::open(Database& database, const Partitions& partitions) {
  std::unique_ptr<ProgressRecord> record(new ProgressRecord(database, partitions));
  WEIR_TRY(record->load());
  return record;
}

Status ProgressRecord::load() {
  WEIR_TRY_ASSIGN(const std::optional<std::string> stored, database_.get(database_.meta(), kProgressKey));
  if (!stored) return fail(Code::kCorrupt, "the log has lost the record of the worker's progress");
  WEIR_TRY_ASSIGN(state_, layout::decode_progress(*stored, partitions_.count()));
  for (std::uint32_t p = 0; p < partitions_.count(); ++p) {
    if (state_.positions[p].value > partitions_.end(PartitionId(p)).value) {
      return std::unexpected(partitions_.corrupt(
          PartitionId(p), partitions_.end(PartitionId(p)),
          fmt::format("events up to offset {} were worked off, and are gone", state_.positions[p].value)));
    }
  }
  const std::unique_ptr<rocksdb::Iterator> it = database_.scan(database_.meta());
  for (it->Seek(slice(kIdentityPrefix)); it->Valid() && it->key().starts_with(slice(kIdentityPrefix)); it->Next()) {
    const std::string_view key = view(it->key()), value = view(it->value());
    if (key.size() != kIdentityPrefix.size() + 8 || value.size() != 8) {
      return fail(Code::kCorrupt, "the list of the deduplicator's memory is damaged");
    }
    const std::uint64_t number = layout::from_big_endian(key.substr(kIdentityPrefix.size()));
    identity_rows_.push_back({number, UnixMillis(static_cast<std::int64_t>(layout::from_big_endian(value)))});
    next_identity_ = number + 1;
  }
  return status_of(it->status(), "cannot read the list of the deduplicator's memory");
}

ProgressState ProgressRecord::state() const {
  std::lock_guard lock(mutex_);
  return state_;
}

Status ProgressRecord::begin(const Cut& cut) {
  std::lock_guard lock(mutex_);
  WEIR_CHECK(!state_.pending || *state_.pending == cut, "another cut is pending");
  WEIR_CHECK(!cut.ranges.empty());
  for (const Range& r : cut.ranges) {
    WEIR_CHECK(
        r.first == state_.positions.at(r.partition.value) && r.first < r.end && r.end <= partitions_.end(r.partition),
        "range {}-{} of partition {}", r.first.value, r.end.value, r.partition.value);
  }
  if (state_.pending) return {};
  ProgressState next = state_;
  next.pending = cut;
  rocksdb::WriteBatch batch;
  batch.Put(database_.meta(), slice(kProgressKey), layout::encode_progress(next));
  WEIR_TRY(database_.write(batch, "recording the next batch"));
  state_ = std::move(next);
  return {};
}

Status ProgressRecord::commit(const Cut& cut, const Tally& delta, std::string_view identities,
                              UnixMillis newest_arrival) {
  std::lock_guard lock(mutex_);
  WEIR_CHECK(state_.pending == cut, "the cut that is committed is not the pending one");
  ProgressState next = state_;
  for (const Range& r : cut.ranges) next.positions[r.partition.value] = r.end;
  next.tally += delta;
  next.pending.reset();
  rocksdb::WriteBatch batch;
  batch.Put(database_.meta(), slice(kProgressKey), layout::encode_progress(next));
  const std::string number = layout::big_endian(next_identity_);
  if (!identities.empty()) {
    batch.Put(database_.meta(), std::string(kIdentityPrefix) + number,
              layout::big_endian(static_cast<std::uint64_t>(newest_arrival.value)));
    const std::string sum = layout::big_endian(layout::checksum(identities));
    const rocksdb::Slice key(number);
    const std::array<rocksdb::Slice, 2> parts{rocksdb::Slice(sum), slice(identities)};
    batch.Put(database_.identities(), rocksdb::SliceParts(&key, 1), rocksdb::SliceParts(parts.data(), 2));
  }
  WEIR_TRY(database_.write(batch, "committing a batch"));
  state_ = std::move(next);
  if (!identities.empty()) identity_rows_.push_back({next_identity_++, newest_arrival});
  return {};
}

Status ProgressRecord::identities(UnixMillis since, const std::function<bool(std::string_view)>& each) {
  std::vector<std::uint64_t> wanted;
  {
    std::lock_guard lock(mutex_);
    for (const IdentityRow& row : identity_rows_) {
      if (row.newest_arrival >= since) wanted.push_back(row.number);
    }
  }
  for (const std::uint64_t number : wanted) {
    rocksdb::PinnableSlice stored;
    WEIR_TRY(
        database_.get(database_.identities(), layout::big_endian(number), "reading the deduplicator's memory", stored));
    const std::string_view value = view(stored);
    if (value.size() < 8 || layout::from_big_endian(value.substr(0, 8)) != layout::checksum(value.substr(8))) {
      return fail(Code::kCorrupt, fmt::format("the deduplicator's memory of batch {} is damaged", number));
    }
    if (!each(value.substr(8))) break;
  }
  return {};
}

Status ProgressRecord::trim_identities(UnixMillis before) {
  std::lock_guard lock(mutex_);
  rocksdb::WriteBatch batch;
  std::size_t count = 0;
  while (count < identity_rows_.size() && identity_rows_[count].newest_arrival < before) {
    batch.Delete(database_.meta(), std::string(kIdentityPrefix) + layout::big_endian(identity_rows_[count].number));
    ++count;
  }
  if (count == 0) return {};
  const std::string last = layout::big_endian(identity_rows_[count - 1].number);
  WEIR_TRY(database_.write(batch, "forgetting old identities"));
  identity_rows_.erase(identity_rows_.begin(), identity_rows_.begin() + static_cast<std::ptrdiff_t>(count));
  return database_.remove_files_up_to(database_.identities(), last, "removing files of old identities");
}

}  // namespace weir::rocks

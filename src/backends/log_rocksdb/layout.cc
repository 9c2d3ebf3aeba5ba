#include "backends/log_rocksdb/layout.h"

#include <xxhash.h>

#include <bit>

#include "base/check.h"

namespace weir::layout {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are stored as they are in memory");

constexpr std::size_t kHeadBytes = 32, kChecked = 24, kRunBytes = 12;
constexpr std::uint8_t kBlockVersion = 1;

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}
template <class T>
T load(const void* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

// The place of a block is part of its checksum: a block that stands elsewhere than it was written is found.
class Checksum {
 public:
  Checksum(PartitionId partition, Offset first) : state_(XXH3_createState(), &XXH3_freeState) {
    XXH3_64bits_reset(state_.get());
    char place[12];
    std::memcpy(place, &partition.value, 4);
    std::memcpy(place + 4, &first.value, 8);
    add({place, sizeof place});
  }
  void add(std::string_view bytes) { XXH3_64bits_update(state_.get(), bytes.data(), bytes.size()); }
  std::uint64_t value() const { return XXH3_64bits_digest(state_.get()); }

 private:
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state_;
};

}  // namespace

std::string big_endian(std::uint64_t value) {
  const std::uint64_t swapped = __builtin_bswap64(value);
  return {reinterpret_cast<const char*>(&swapped), sizeof swapped};
}

std::string big_endian32(std::uint32_t value) {
  const std::uint32_t swapped = __builtin_bswap32(value);
  return {reinterpret_cast<const char*>(&swapped), sizeof swapped};
}

std::uint64_t from_big_endian(std::string_view bytes) {
  WEIR_CHECK(bytes.size() == sizeof(std::uint64_t));
  return __builtin_bswap64(load<std::uint64_t>(bytes.data()));
}

void BlockBuilder::add(const RawBatch& batch, std::size_t from, std::size_t to, UnixMillis received_at) {
  if (from == to) return;
  const char* begin = batch[from].data();
  for (std::size_t i = from; i < to; ++i) {
    bytes_ += batch[i].size();
    ends_.push_back(static_cast<std::uint32_t>(bytes_));
  }
  const std::string_view last = batch[to - 1];
  pieces_.emplace_back(begin, static_cast<std::size_t>(last.data() + last.size() - begin));
  const auto end = static_cast<std::uint32_t>(ends_.size());
  if (!runs_.empty() && runs_.back().received_at == received_at) {
    runs_.back().end = end;
  } else {
    runs_.push_back({received_at, end});
  }
}

void BlockBuilder::finish(PartitionId partition, Offset first, std::uint64_t position) {
  head_.clear();
  head_.reserve(kHeadBytes + runs_.size() * kRunBytes + ends_.size() * 4);
  put<std::uint32_t>(head_, kBlockVersion);
  put(head_, static_cast<std::uint32_t>(ends_.size()));
  put(head_, static_cast<std::uint32_t>(runs_.size()));
  put(head_, static_cast<std::uint32_t>(bytes_));
  put(head_, position);
  put<std::uint64_t>(head_, 0);  // the checksum's place
  for (const Run& run : runs_) {
    put(head_, run.received_at.value);
    put(head_, run.end);
  }
  head_.append(reinterpret_cast<const char*>(ends_.data()), ends_.size() * 4);
  Checksum sum(partition, first);
  sum.add(std::string_view(head_).substr(0, kChecked));
  sum.add(std::string_view(head_).substr(kHeadBytes));
  for (const std::string_view piece : pieces_) sum.add(piece);
  const std::uint64_t value = sum.value();
  std::memcpy(head_.data() + kChecked, &value, sizeof value);
}

void BlockBuilder::clear() {
  runs_.clear();
  ends_.clear();
  pieces_.clear();
  bytes_ = 0;
}

Result<BlockView> BlockView::parse(PartitionId partition, Offset last, std::string_view value) {
  const auto bad = [](std::string why) { return fail(Code::kCorrupt, std::move(why)); };
  if (value.size() < kHeadBytes) return bad(fmt::format("a block has {} bytes only", value.size()));
  const char* at = value.data();
  BlockView view;
  if (const auto version = load<std::uint32_t>(at); version != kBlockVersion) {
    return bad(fmt::format("a block has the unknown version {}", version));
  }
  view.partition_ = partition;
  view.last_ = last;
  view.value_ = value;
  view.events_ = load<std::uint32_t>(at + 4);
  view.runs_ = load<std::uint32_t>(at + 8);
  const auto bytes = load<std::uint32_t>(at + 12);
  view.position_ = load<std::uint64_t>(at + 16);
  const std::uint64_t tables = std::uint64_t{view.runs_} * kRunBytes + std::uint64_t{view.events_} * 4;
  if (view.events_ == 0 || view.events_ > last.value + 1 || view.runs_ == 0 ||
      kHeadBytes + tables + bytes != value.size()) {
    return bad(fmt::format("the head of a block of {} bytes says {} events, {} runs, {} bytes", value.size(),
                           view.events_, view.runs_, bytes));
  }
  view.run_table_ = at + kHeadBytes;
  view.end_table_ = view.run_table_ + std::size_t{view.runs_} * kRunBytes;
  view.bytes_ = value.substr(kHeadBytes + tables);
  return view;
}

bool BlockView::verify() const {
  Checksum sum(partition_, first());
  sum.add(value_.substr(0, kChecked));
  sum.add(value_.substr(kHeadBytes));
  return sum.value() == load<std::uint64_t>(value_.data() + kChecked);
}

std::uint32_t BlockView::end_of(std::size_t i) const { return load<std::uint32_t>(end_table_ + i * 4); }
UnixMillis BlockView::run_received_at(std::size_t run) const {
  return UnixMillis(load<std::int64_t>(run_table_ + run * kRunBytes));
}
std::uint32_t BlockView::run_end(std::size_t run) const {
  return load<std::uint32_t>(run_table_ + run * kRunBytes + 8);
}

std::string encode_progress(const ProgressState& state) {
  std::string out;
  put(out, static_cast<std::uint32_t>(state.positions.size()));
  for (const Offset o : state.positions) put(out, o.value);
  put(out, state.tally.admitted);
  put(out, state.tally.duplicate);
  put(out, state.tally.rejected);
  put(out, static_cast<std::uint32_t>(state.pending ? state.pending->ranges.size() : 0));
  if (state.pending) {
    for (const Range& r : state.pending->ranges) {
      put(out, r.partition.value);
      put(out, r.first.value);
      put(out, r.end.value);
    }
    if (state.pending->limits) {
      put(out, static_cast<std::uint64_t>(state.pending->limits->retention_millis));
      put(out, static_cast<std::uint64_t>(state.pending->limits->dedupe_window_millis));
    }
  }
  put(out, checksum(out));
  return out;
}

Result<ProgressState> decode_progress(std::string_view value, std::uint32_t partitions) {
  const auto bad = [] { return fail(Code::kCorrupt, "the record of the worker's progress is damaged"); };
  const std::size_t fixed = 4 + std::size_t{partitions} * 8 + 3 * 8;
  if (value.size() < fixed + 4 + 8) return bad();
  const std::string_view body = value.substr(0, value.size() - 8);
  if (checksum(body) != load<std::uint64_t>(body.data() + body.size())) return bad();
  if (load<std::uint32_t>(body.data()) != partitions) return bad();
  ProgressState state;
  const char* at = body.data() + 4;
  for (std::uint32_t p = 0; p < partitions; ++p, at += 8) state.positions.emplace_back(load<std::uint64_t>(at));
  state.tally = {load<std::uint64_t>(at), load<std::uint64_t>(at + 8), load<std::uint64_t>(at + 16)};
  const std::size_t ranges = load<std::uint32_t>(at + 24);
  const std::size_t without_limits = fixed + 4 + ranges * 20;
  const bool limits = ranges > 0 && body.size() == without_limits + 16;
  if (!limits && body.size() != without_limits) return bad();
  at += 28;
  if (ranges > 0) state.pending.emplace();
  for (std::size_t i = 0; i < ranges; ++i, at += 20) {
    const Range range{PartitionId(load<std::uint32_t>(at)), Offset(load<std::uint64_t>(at + 4)),
                      Offset(load<std::uint64_t>(at + 12))};
    // A cut goes on where the positions are, each partition once: the worker relies on that.
    const bool in_order = i == 0 || state.pending->ranges.back().partition < range.partition;
    if (!in_order || range.partition.value >= partitions || range.first != state.positions[range.partition.value] ||
        range.first >= range.end) {
      return bad();
    }
    state.pending->ranges.push_back(range);
  }
  if (limits) {
    state.pending->limits = VerdictLimits{static_cast<std::int64_t>(load<std::uint64_t>(at)),
                                          static_cast<std::int64_t>(load<std::uint64_t>(at + 8))};
    if (state.pending->limits->retention_millis < 0 || state.pending->limits->dedupe_window_millis < 0) return bad();
  }
  return state;
}

std::uint64_t checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace weir::layout

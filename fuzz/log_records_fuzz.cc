// What the embedded log stores. The first byte (modulo 4) chooses a block that somebody made up, one of ours that is damaged, a progress record, or identities.
// What must hold: a damaged value is refused and never read as another one; one that is taken is written again to the same bytes.
#include <fmt/format.h>

#include <cstring>

#include "backends/log_rocksdb/layout.h"
#include "base/check.h"
#include "input.h"
#include "stages/dedupe.h"

namespace weir {
namespace {

using layout::BlockView;

constexpr PartitionId kPartition(3);
constexpr Offset kFirst(100);

/// The events of a block that is whole, as text.
std::string told(const BlockView& block) {
  std::string out;
  std::size_t run = 0;
  for (std::size_t i = 0; i < block.events(); ++i) {
    while (i >= block.run_end(run)) ++run;
    out += fmt::format("{} {}\n", block.run_received_at(run).value,
                       block.bytes().substr(block.begin_of(i), block.end_of(i) - block.begin_of(i)));
  }
  return out;
}

/// A block as it would be stored anywhere: bytes that somebody made up.
void check_any_block(std::string_view bytes) {
  const fuzz::Exact value(bytes);
  const auto block = BlockView::parse(kPartition, kFirst, value.view());
  if (!block) {
    WEIR_CHECK(block.error().code == Code::kCorrupt && !block.error().message.empty());
    return;
  }
  if (block->verify()) told(*block);
}

/// Events by lines, each behind a byte that is its arrival; then damages of three bytes each: place (2), and what is added (1; 0 cuts there).
void check_built_block(std::string_view text, fuzz::Input damages) {
  RawBatch batch;
  std::vector<UnixMillis> arrivals;
  std::string expected;
  fuzz::Input lines(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  do {
    const UnixMillis arrival(lines.byte());
    const std::string_view event = lines.until('\n');
    batch.add(event);
    arrivals.push_back(arrival);
    expected += fmt::format("{} {}\n", arrival.value, event);
  } while (!lines.empty());
  layout::BlockBuilder builder;
  for (std::size_t i = 0; i < batch.size(); ++i) builder.add(batch, i, i + 1, arrivals[i]);
  builder.finish(kPartition, kFirst, 77);
  std::string value = builder.head();
  for (const std::string_view piece : builder.pieces()) value += piece;

  const Offset last = kFirst + (batch.size() - 1);
  const auto block = BlockView::parse(kPartition, last, value);
  WEIR_CHECK(block && block->verify() && block->first() == kFirst && block->last() == last);
  WEIR_CHECK(told(*block) == expected, "what was stored is {}, and it was {}", told(*block), expected);
  WEIR_CHECK(block->position() == 77 && block->end_position() == 77 + batch.bytes());

  std::string damaged = value;
  while (!damages.empty() && !damaged.empty()) {
    const std::size_t at = damages.number<std::uint16_t>() % damaged.size();
    const std::uint8_t by = damages.byte();
    if (by == 0) {
      damaged.resize(at);
    } else {
      damaged[at] = static_cast<char>(static_cast<std::uint8_t>(damaged[at]) + by);
    }
  }
  const fuzz::Exact exact(damaged);
  const auto read = BlockView::parse(kPartition, last, exact.view());
  WEIR_CHECK(damaged == value || !read || !read->verify(), "a damaged block is taken");
}

/// The first byte says how many partitions; the rest is the record without its checksum.
void check_progress(fuzz::Input input) {
  const std::uint32_t partitions = 1 + input.byte() % 4;
  std::string bytes(input.rest());
  const std::uint64_t sum = layout::checksum(bytes);
  bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);
  const auto state = layout::decode_progress(fuzz::Exact(bytes).view(), partitions);
  if (!state) {
    WEIR_CHECK(state.error().code == Code::kCorrupt && !state.error().message.empty());
    return;
  }
  WEIR_CHECK(state->positions.size() == partitions);
  WEIR_CHECK(layout::encode_progress(*state) == bytes, "written again it is another record");
  if (!state->pending) return;
  WEIR_CHECK(!state->pending->ranges.empty());
  for (const Range& r : state->pending->ranges) {
    WEIR_CHECK(r.partition.value < partitions && r.first == state->positions[r.partition.value] && r.first < r.end);
  }
}

/// Bytes as Deduplicator::take_delta() gives them: whatever they are, the memory stays within its bound, and what it has
/// taken up it knows.
void check_identities(fuzz::Input input) {
  constexpr UnixMillis kNow(1'795'012'000'000);
  constexpr std::size_t kSlot = 16;
  Deduplicator memory({.window_millis = 600'000, .max_bytes = 32'768});
  const std::string_view bytes = input.rest();
  const bool whole = memory.restore(fuzz::Exact(bytes).view(), kNow);
  WEIR_CHECK(whole == (bytes.size() % kSlot == 0));
  WEIR_CHECK(memory.size() <= bytes.size() / kSlot && memory.bytes() <= 32'768);
  for (std::size_t i = 0; i + kSlot <= bytes.size(); i += kSlot) {
    IdentityHash identity;
    std::memcpy(&identity.low, bytes.data() + i, 8);
    std::memcpy(&identity.high, bytes.data() + i + 8, 8);
    memory.first(identity, kNow);
    WEIR_CHECK(!memory.first(identity, kNow), "what was just seen is not known");
  }
  const std::string delta = memory.take_delta();
  Deduplicator other({.window_millis = 600'000, .max_bytes = 32'768});
  WEIR_CHECK(other.restore(delta, kNow) && other.size() <= delta.size() / kSlot);
}

}  // namespace
}  // namespace weir

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, size);
  switch (input.byte() % 4) {
    case 0: check_any_block(input.rest()); break;
    case 1: {
      const std::string_view events = input.until('\0');
      check_built_block(events, input);
      break;
    }
    case 2: check_progress(input); break;
    default: check_identities(input); break;
  }
  return 0;
}

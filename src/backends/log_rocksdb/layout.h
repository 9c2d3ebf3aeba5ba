// The bytes of the embedded log, as FORMAT.md lays them down. No RocksDB in here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "ports/log.h"

namespace weir::layout {

/// Version of the whole directory; one with a larger number is not opened.
inline constexpr std::uint32_t kFormat = 1;
/// A block is closed when its events have this many bytes, so that reading a part of one stays cheap.
inline constexpr std::size_t kBlockBytes = 256 * 1024;

std::string big_endian(std::uint64_t value);
std::string big_endian32(std::uint32_t value);
/// REQUIRES: 8 bytes.
std::uint64_t from_big_endian(std::string_view bytes);

/// Puts a block of neighbouring events together without copying their bytes.
class BlockBuilder {
 public:
  /// Neither `batch` nor what it holds may change until the block has been used.
  void add(const RawBatch& batch, std::size_t from, std::size_t to, UnixMillis received_at);
  std::size_t events() const { return ends_.size(); }
  std::size_t bytes() const { return bytes_; }
  /// The value is head() followed by pieces(). `position`: bytes of all events of the partition before the block.
  void finish(PartitionId partition, Offset first, std::uint64_t position);
  const std::string& head() const { return head_; }
  const std::vector<std::string_view>& pieces() const { return pieces_; }
  void clear();

 private:
  struct Run {
    UnixMillis received_at;
    std::uint32_t end;
  };
  std::vector<Run> runs_;
  std::vector<std::uint32_t> ends_;
  std::vector<std::string_view> pieces_;
  std::size_t bytes_ = 0;
  std::string head_;
};

/// A stored block. Views into the value.
class BlockView {
 public:
  /// Reads the head; the events are looked at by verify(). The error is a sentence about what is wrong, without a place.
  static Result<BlockView> parse(PartitionId partition, Offset last, std::string_view value);
  /// Whether all bytes are those that were written.
  bool verify() const;

  Offset first() const { return last_ + 1 - events_; }
  Offset last() const { return last_; }
  std::uint32_t events() const { return events_; }
  std::uint64_t position() const { return position_; }
  std::uint64_t end_position() const { return position_ + bytes_.size(); }
  /// Where event i ends among the bytes of the events.
  std::uint32_t end_of(std::size_t i) const;
  std::uint32_t begin_of(std::size_t i) const { return i == 0 ? 0 : end_of(i - 1); }
  std::string_view bytes() const { return bytes_; }
  std::uint32_t runs() const { return runs_; }
  UnixMillis run_received_at(std::size_t run) const;
  /// Number of the event after the last of a run.
  std::uint32_t run_end(std::size_t run) const;

 private:
  PartitionId partition_;
  Offset last_;
  std::string_view value_, bytes_;
  const char *run_table_ = nullptr, *end_table_ = nullptr;
  std::uint32_t events_ = 0, runs_ = 0;
  std::uint64_t position_ = 0;
};

std::string encode_progress(const ProgressState& state);
Result<ProgressState> decode_progress(std::string_view value, std::uint32_t partitions);

/// Opaque bytes with a checksum in front.
std::uint64_t checksum(std::string_view bytes);

}  // namespace weir::layout

// ClickHouse's own framing of compressed data (compress=1, decompress=1 in the URL), as its clients for Go and Java use it.
//
//   frame   := checksum(16) method(1) packed(4) size(4) data
//   method  := 0x82 LZ4 block | 0x90 Zstandard | 0x02 as it is
//   packed  := bytes of method, packed, size and data: 9 + data;  size := bytes once unpacked; numbers are little-endian
//   checksum := CityHash128, version 1.0.2, of all that follows it in the frame; low half first
//
// A document is any number of frames. Clients refuse frames of more than 1 GiB; ours hold 1 MiB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/http.h"
#include "base/status.h"

namespace weir {

/// CityHash128 as of version 1.0.2 (later versions give other numbers): low half, high half.
std::array<std::uint64_t, 2> city_hash128(std::string_view bytes);

/// Appends `bytes` as frames of LZ4 blocks.
void append_frames(std::string& out, std::string_view bytes);

/// Appends what the frames unpack to. After an error `out` holds what came before it.
///   kInvalid: damaged, or of a method that is not known.  kDenied: `out` would have more than `limit` bytes.
///   kOverloaded: its budget has no room.
Status unpack_frames(std::string_view frames, std::size_t limit, HttpBody& out);

}  // namespace weir

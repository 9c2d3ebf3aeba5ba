#include "backends/store_chdb/sql_chunks.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace weir {
namespace {

// An Arrow stream ends with a continuation marker and a length of zero (Arrow IPC, "Streaming format").
constexpr std::string_view kArrowEnd("\xff\xff\xff\xff\0\0\0\0", 8);

constexpr std::array<std::string_view, 19> kPlain{"TabSeparated",
                                                  "TSV",
                                                  "TabSeparatedRaw",
                                                  "TSVRaw",
                                                  "Raw",
                                                  "CSV",
                                                  "JSONEachRow",
                                                  "JSONLines",
                                                  "JSONL",
                                                  "NDJSON",
                                                  "RowBinary",
                                                  "TSKV",
                                                  "JSONCompactEachRow",
                                                  "JSONStringsEachRow",
                                                  "JSONCompactStringsEachRow",
                                                  "MsgPack",
                                                  "Native",
                                                  "LineAsString",
                                                  "Null"};
constexpr std::array<std::string_view, 7> kLines{
    "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "Raw", "JSONCompactEachRow", "JSONCompactStringsEachRow"};

bool is_in(auto& list, std::string_view name) { return std::ranges::find(list, name) != list.end(); }

// A length in LEB128, as RowBinary writes it. False when the text ends in the middle.
bool read_length(std::string_view text, std::size_t& at, std::size_t& length) {
  length = 0;
  for (int shift = 0; shift < 63 && at < text.size(); shift += 7) {
    const auto byte = static_cast<unsigned char>(text[at++]);
    length |= static_cast<std::size_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

}  // namespace

std::optional<ChunkJoiner> ChunkJoiner::of(std::string_view format) {
  if (is_in(kPlain, format)) return ChunkJoiner(Kind::kPlain, 0);
  if (format == "ArrowStream") return ChunkJoiner(Kind::kArrowStream, 0);
  int headers = 0;
  if (format.ends_with("WithNames")) {
    headers = 1;
    format.remove_suffix(9);
  } else if (format.ends_with("WithNamesAndTypes")) {
    headers = 2;
    format.remove_suffix(17);
  }
  if (headers == 0) return std::nullopt;
  if (is_in(kLines, format)) return ChunkJoiner(Kind::kLines, headers);
  if (format == "CSV") return ChunkJoiner(Kind::kCsv, headers);
  if (format == "RowBinary") return ChunkJoiner(Kind::kRowBinary, headers);
  return std::nullopt;
}

std::size_t ChunkJoiner::header_size(std::string_view chunk) const {
  std::size_t at = 0;
  switch (kind_) {
    case Kind::kPlain: return 0;
    case Kind::kLines:
    case Kind::kCsv: {
      // Names are escaped in all of these but CSV, where a quoted name may hold a line break.
      int lines = 0;
      for (bool quoted = false; at < chunk.size() && lines < headers_; ++at) {
        if (chunk[at] == '"' && kind_ == Kind::kCsv) quoted = !quoted;
        if (chunk[at] == '\n' && !quoted) ++lines;
      }
      return at;
    }
    case Kind::kRowBinary: {
      std::size_t columns = 0;
      if (!read_length(chunk, at, columns)) return 0;
      for (std::size_t i = 0; i < columns * static_cast<std::size_t>(headers_); ++i) {
        std::size_t length = 0;
        if (!read_length(chunk, at, length) || length > chunk.size() - at) return 0;
        at += length;
      }
      return at;
    }
    case Kind::kArrowStream: {
      // The schema: marker, length of the metadata, metadata; it has no body.
      if (chunk.size() < 8) return 0;
      std::uint32_t length = 0;
      std::memcpy(&length, chunk.data() + 4, sizeof(length));
      return std::min<std::size_t>(chunk.size(), 8 + static_cast<std::size_t>(length));
    }
  }
  return 0;
}

std::string_view ChunkJoiner::next(std::string_view chunk) {
  if (kind_ == Kind::kPlain) return chunk;
  if (kind_ == Kind::kArrowStream && chunk.ends_with(kArrowEnd)) chunk.remove_suffix(kArrowEnd.size());
  if (!begun_) {
    begun_ = true;
    header_ = chunk.substr(0, header_size(chunk));
  } else if (chunk.starts_with(header_)) {
    chunk.remove_prefix(header_.size());
  }
  return chunk;
}

std::string_view ChunkJoiner::end() const {
  return kind_ == Kind::kArrowStream && begun_ ? kArrowEnd : std::string_view();
}

}  // namespace weir

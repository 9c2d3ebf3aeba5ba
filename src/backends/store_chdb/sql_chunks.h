// Joining the chunks of a streamed answer. The engine gives every chunk as a whole document of the format: for row formats the
// documents can be joined, once what each of them repeats (a header, a schema, an end mark) is taken out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// Not thread-safe; one a statement.
class ChunkJoiner {
 public:
  /// Nothing for formats whose documents cannot be joined (JSON, Parquet, Pretty …).
  static std::optional<ChunkJoiner> of(std::string_view format);

  /// What to send of the next chunk: a part of it.
  std::string_view next(std::string_view chunk);

  /// What ends the joined document, after at least one chunk.
  std::string_view end() const;

  /// True when an answer without rows has bytes nevertheless (a header).
  bool has_frame() const { return kind_ != Kind::kPlain; }

 private:
  enum class Kind { kPlain, kLines, kCsv, kRowBinary, kArrowStream };
  ChunkJoiner(Kind kind, int headers) : kind_(kind), headers_(headers) {}
  std::size_t header_size(std::string_view chunk) const;

  Kind kind_;
  int headers_;  // lines, or lists of strings
  bool begun_ = false;
  std::string header_;
};

}  // namespace weir

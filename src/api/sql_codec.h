// Content encodings of the SQL port: bodies that come compressed, answers that are compressed while they are sent.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/http.h"
#include "base/status.h"

namespace weir {

enum class SqlEncoding { kNone, kGzip, kDeflate, kZstd, kFrames };

/// As in Content-Encoding; empty for kNone and kFrames.
std::string_view encoding_name(SqlEncoding encoding);

/// The best that Accept-Encoding takes: zstd, gzip, deflate.
SqlEncoding choose_encoding(std::string_view accept_encoding);

/// What stands before the first `mark`; `text` is what stands behind it, empty when there is none.
std::string_view take_until(std::string_view& text, char mark);

/// Not thread-safe.
class BodyEncoder {
 public:
  virtual ~BodyEncoder() = default;
  /// What can be sent after `bytes` were taken; may be empty.
  virtual std::string add(std::string_view bytes) = 0;
  /// What ends the body.
  virtual std::string finish() = 0;

  /// `level` of gzip and deflate: 1 to 9.
  static std::unique_ptr<BodyEncoder> create(SqlEncoding encoding, int level);
};

/// Appends what a whole body unpacks to. `encoding` as in Content-Encoding: gzip, deflate, zstd, lz4 (frames).
/// kNotFound: not known. kInvalid: damaged. kDenied: more than `limit` bytes. kOverloaded: no room.
Status decode_body(std::string_view encoding, std::string_view body, std::size_t limit, HttpBody& out);

}  // namespace weir

#include "api/decompress.h"

#define ZLIB_CONST  // next_in is only read
#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

namespace weir {
namespace {

constexpr std::size_t kFirst = 256 * 1024;
/// A zstd frame may ask for a window to look back into; 32 MiB is twice what a whole body may unpack to.
constexpr int kZstdWindowLog = 25;

std::unexpected<Error> too_large(std::size_t limit) {
  return fail(Code::kDenied,
              fmt::format("The body unpacks to more than {} bytes, which is the most that is taken in one "
                          "request. Split it into several requests.",
                          limit));
}

/// Room for more; never past one byte over the limit, which is how too much is noticed.
Status make_room(HttpBody& out, std::size_t limit) {
  if (out.size() > limit) return too_large(limit);
  if (out.spare_size() > 0) return {};
  const std::size_t more = std::min(std::max(kFirst, out.size()), limit + 1 - out.size());
  if (!out.reserve_more(more))
    return fail(Code::kOverloaded, "Too many bodies are being worked on at the moment. Try again shortly.");
  return {};
}

std::size_t room_in(const HttpBody& out, std::size_t limit) {
  return std::min(out.spare_size(), limit + 1 - out.size());
}

Status gunzip(std::string_view packed, std::size_t limit, HttpBody& out) {
  z_stream stream{};
  constexpr int kGzipOnly = 15 + 16;
  if (inflateInit2(&stream, kGzipOnly) != Z_OK)
    return fail(Code::kOverloaded, "There is no memory to unpack the body. Try again shortly.");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> ended(&stream, &inflateEnd);
  stream.next_in = reinterpret_cast<const Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  while (true) {
    WEIR_TRY(make_room(out, limit));
    const std::size_t room = room_in(out, limit);
    stream.next_out = reinterpret_cast<Bytef*>(out.spare());
    stream.avail_out = static_cast<uInt>(room);
    const int result = inflate(&stream, Z_NO_FLUSH);
    out.grow(room - stream.avail_out);
    if (out.size() > limit) return too_large(limit);
    if (result == Z_STREAM_END) {
      if (stream.avail_in == 0) return {};
      if (inflateReset(&stream) != Z_OK) break;  // members may follow each other (RFC 1952, 2.2)
      continue;
    }
    if (result == Z_BUF_ERROR && stream.avail_in == 0) return fail(Code::kInvalid, "The gzip body ends too early.");
    if (result != Z_OK) break;
    if (stream.avail_in == 0 && stream.avail_out > 0) return fail(Code::kInvalid, "The gzip body ends too early.");
  }
  return fail(Code::kInvalid, "The body is not gzip, though Content-Encoding says so.");
}

Status unzstd(std::string_view packed, std::size_t limit, HttpBody& out) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  if (!context) return fail(Code::kOverloaded, "There is no memory to unpack the body. Try again shortly.");
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  while (true) {
    WEIR_TRY(make_room(out, limit));
    ZSTD_outBuffer to{out.spare(), room_in(out, limit), 0};
    const std::size_t result = ZSTD_decompressStream(context.get(), &to, &in);
    out.grow(to.pos);
    if (ZSTD_isError(result) != 0) {
      return fail(Code::kInvalid,
                  fmt::format("The body is not zstd that can be read here: {}.", ZSTD_getErrorName(result)));
    }
    if (out.size() > limit) return too_large(limit);
    if (in.pos == in.size) {
      if (result == 0)
        return {};  // a frame has ended and all of it is out, though it may have filled the room to the last byte
      if (to.pos < to.size) return fail(Code::kInvalid, "The zstd body ends too early.");
    }
  }
}

}  // namespace

std::optional<ContentCoding> content_coding(std::string_view header_value) {
  const std::string coding = media_type(header_value);
  if (coding.empty() || coding == "identity") return ContentCoding::kNone;
  if (coding == "gzip" || coding == "x-gzip") return ContentCoding::kGzip;
  if (coding == "zstd") return ContentCoding::kZstd;
  return std::nullopt;
}

Status decompress(ContentCoding coding, std::string_view packed, std::size_t limit, HttpBody& out) {
  switch (coding) {
    case ContentCoding::kNone:
      if (packed.size() > limit) return too_large(limit);
      out.append(packed);
      return {};
    case ContentCoding::kGzip: WEIR_TRY(gunzip(packed, limit, out)); break;
    case ContentCoding::kZstd: WEIR_TRY(unzstd(packed, limit, out)); break;
  }
  out.seal();
  return {};
}

}  // namespace weir

#include "api/sql_codec.h"

#include <fmt/format.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "api/decompress.h"
#include "api/sql_frames.h"
#include "base/check.h"

namespace weir {
namespace {

constexpr int kGzipWindow = 15 + 16, kZlibWindow = 15;

class PlainEncoder final : public BodyEncoder {
 public:
  std::string add(std::string_view bytes) override { return std::string(bytes); }
  std::string finish() override { return {}; }
};

class ZlibEncoder final : public BodyEncoder {
 public:
  ZlibEncoder(int window, int level) {
    const int done = deflateInit2(&stream_, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
    WEIR_CHECK(done == Z_OK, "deflateInit2: {}", done);
  }
  ~ZlibEncoder() override { deflateEnd(&stream_); }
  std::string add(std::string_view bytes) override { return turn(bytes, Z_NO_FLUSH); }
  std::string finish() override { return turn({}, Z_FINISH); }

 private:
  std::string turn(std::string_view bytes, int flush) {
    std::string out;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    do {
      std::array<char, 65536> piece;
      stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
      stream_.avail_out = piece.size();
      deflate(&stream_, flush);
      out.append(piece.data(), piece.size() - stream_.avail_out);
    } while (stream_.avail_out == 0);
    return out;
  }
  z_stream stream_{};
};

class ZstdEncoder final : public BodyEncoder {
 public:
  ZstdEncoder() { WEIR_CHECK(stream_ != nullptr, "ZSTD_createCCtx"); }
  ~ZstdEncoder() override { ZSTD_freeCCtx(stream_); }
  std::string add(std::string_view bytes) override { return turn(bytes, ZSTD_e_continue); }
  std::string finish() override { return turn({}, ZSTD_e_end); }

 private:
  std::string turn(std::string_view bytes, ZSTD_EndDirective how) {
    std::string out;
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
      std::array<char, 65536> piece;
      ZSTD_outBuffer to{piece.data(), piece.size(), 0};
      const std::size_t left = ZSTD_compressStream2(stream_, &to, &in, how);
      WEIR_CHECK(ZSTD_isError(left) == 0, "zstd: {}", ZSTD_getErrorName(left));
      out.append(piece.data(), to.pos);
      if (how == ZSTD_e_end ? left == 0 : in.pos == in.size) return out;
    }
  }
  ZSTD_CCtx* stream_ = ZSTD_createCCtx();
};

class FrameEncoder final : public BodyEncoder {
 public:
  std::string add(std::string_view bytes) override {
    std::string out;
    append_frames(out, bytes);
    return out;
  }
  std::string finish() override { return {}; }
};

std::unexpected<Error> too_large(std::size_t limit) {
  return fail(Code::kDenied, fmt::format("the body has more than {} bytes once unpacked", limit));
}
std::unexpected<Error> damaged() {
  return fail(Code::kInvalid, "the body is not what its Content-Encoding says, or it is cut off");
}

/// Adds a piece of what a body unpacks to.
Status add_piece(std::string_view piece, std::size_t limit, HttpBody& out) {
  if (out.size() + piece.size() > limit) return too_large(limit);
  if (!out.reserve_more(piece.size())) {
    return fail(Code::kOverloaded, "Too many bodies are being worked on at the moment. Try again shortly.");
  }
  out.append(piece);
  return {};
}

Status inflate_body(std::string_view body, std::size_t limit, HttpBody& out) {
  z_stream stream{};
  if (inflateInit2(&stream, kZlibWindow) != Z_OK) return fail(Code::kOverloaded, "no memory to unpack the body");
  const std::unique_ptr<z_stream, decltype(&inflateEnd)> ended(&stream, &inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  for (;;) {
    std::array<char, 65536> piece;
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = piece.size();
    const int done = inflate(&stream, Z_NO_FLUSH);
    WEIR_TRY(add_piece({piece.data(), piece.size() - stream.avail_out}, limit, out));
    if (done == Z_STREAM_END) return stream.avail_in == 0 ? Status{} : damaged();
    if (done != Z_OK) return damaged();
  }
}

Status unlz4_body(std::string_view body, std::size_t limit, HttpBody& out) {
  LZ4F_dctx* raw = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&raw, LZ4F_VERSION)) != 0)
    return fail(Code::kOverloaded, "no memory to unpack the body");
  const std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> stream(raw,
                                                                                    &LZ4F_freeDecompressionContext);
  for (std::size_t left = 1; !body.empty() || left != 0;) {
    std::array<char, 65536> piece;
    std::size_t written = piece.size(), read = body.size();
    left = LZ4F_decompress(stream.get(), piece.data(), &written, body.data(), &read, nullptr);
    if (LZ4F_isError(left) != 0 || (read == 0 && written == 0 && left != 0)) return damaged();
    body.remove_prefix(read);
    WEIR_TRY(add_piece({piece.data(), written}, limit, out));
  }
  return {};
}

}  // namespace

std::string_view encoding_name(SqlEncoding encoding) {
  switch (encoding) {
    case SqlEncoding::kGzip: return "gzip";
    case SqlEncoding::kDeflate: return "deflate";
    case SqlEncoding::kZstd: return "zstd";
    case SqlEncoding::kNone:
    case SqlEncoding::kFrames: return "";
  }
  return "";
}

std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  const std::string_view first = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view() : text.substr(at + 1);
  return first;
}

SqlEncoding choose_encoding(std::string_view accept) {
  bool gzip = false, deflate = false, zstd = false;
  while (!accept.empty()) {
    std::string_view weight = take_until(accept, ',');
    std::string_view name = take_until(weight, ';');
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    // ;q=0 means: not this one.
    constexpr std::string_view kWeight = "q=";
    const auto q = std::search(weight.begin(), weight.end(), kWeight.begin(), kWeight.end());
    if (q != weight.end()) {
      double value = 1;
      std::from_chars(&*q + kWeight.size(), weight.data() + weight.size(), value);
      if (value <= 0) continue;
    }
    gzip |= equal_ignoring_case(name, "gzip") || name == "*";
    deflate |= equal_ignoring_case(name, "deflate");
    zstd |= equal_ignoring_case(name, "zstd");
  }
  return zstd ? SqlEncoding::kZstd : gzip ? SqlEncoding::kGzip : deflate ? SqlEncoding::kDeflate : SqlEncoding::kNone;
}

std::unique_ptr<BodyEncoder> BodyEncoder::create(SqlEncoding encoding, int level) {
  switch (encoding) {
    case SqlEncoding::kGzip: return std::make_unique<ZlibEncoder>(kGzipWindow, level);
    case SqlEncoding::kDeflate: return std::make_unique<ZlibEncoder>(kZlibWindow, level);
    case SqlEncoding::kZstd: return std::make_unique<ZstdEncoder>();
    case SqlEncoding::kFrames: return std::make_unique<FrameEncoder>();
    case SqlEncoding::kNone: break;
  }
  return std::make_unique<PlainEncoder>();
}

Status decode_body(std::string_view encoding, std::string_view body, std::size_t limit, HttpBody& out) {
  if (equal_ignoring_case(encoding, "deflate")) return inflate_body(body, limit, out);
  if (equal_ignoring_case(encoding, "lz4")) return unlz4_body(body, limit, out);
  if (const auto coding = content_coding(encoding)) return decompress(*coding, body, limit, out);
  return fail(Code::kNotFound,
              fmt::format("Content-Encoding {} is not known here; gzip, deflate, zstd and lz4 are", encoding));
}

}  // namespace weir

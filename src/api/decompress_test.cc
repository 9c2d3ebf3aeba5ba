#include "api/decompress.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

namespace weir {
namespace {

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 1));
  return out;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())), '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

// A body whose last byte fills the room that was made for it was taken for one that is cut off.
TEST(Decompress, ABodyMayFillItsRoomToTheLastByte) {
  constexpr std::size_t kLimit = 4 << 20;
  for (const std::size_t room : {std::size_t{256} << 10, std::size_t{512} << 10, std::size_t{1} << 20, kLimit}) {
    HttpBody measure;
    ASSERT_TRUE(measure.reserve_more(room));
    for (const std::size_t full : {room, measure.spare_size()}) {
      for (const std::size_t size : {full - 1, full, full + 1}) {
        SCOPED_TRACE(size);
        const std::string text(size, 'x');
        for (const auto& [coding, packed] :
             {std::pair{ContentCoding::kZstd, zstd(text)}, {ContentCoding::kGzip, gzip(text)}}) {
          HttpBody out;
          const Status status = decompress(coding, packed, kLimit, out);
          if (size > kLimit) {
            ASSERT_FALSE(status);
            EXPECT_EQ(status.error().code, Code::kDenied);
          } else {
            ASSERT_TRUE(status) << status.error().message;
            EXPECT_EQ(out.view(), text);
          }
          HttpBody cut;
          EXPECT_FALSE(decompress(coding, std::string_view(packed).substr(0, packed.size() - 1), kLimit, cut));
        }
      }
    }
  }
}

}  // namespace
}  // namespace weir

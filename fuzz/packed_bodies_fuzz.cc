// Bodies that come compressed, and heads of requests. The first byte (modulo 6) chooses gzip, zstd, deflate, ClickHouse's frames, a head, or LZ4.
// What must hold: never more than the limit comes out; what was packed comes out as it was; a head that comes in pieces is judged as one that comes at
// once.
#include "api/decompress.h"
#include "api/http_head_scan.h"
#include "api/sql_codec.h"
#include "api/sql_frames.h"
#include "base/check.h"
#include "input.h"

namespace weir {
namespace {

constexpr std::size_t kLimit = 1 << 16;

void check_unpacked(const Status& status, const HttpBody& out) {
  // One byte more is how too much is noticed; it is no success then.
  WEIR_CHECK(out.size() <= kLimit + (status ? 0 : 1), "{} bytes came out", out.size());
  if (status) return;
  const Code code = status.error().code;
  WEIR_CHECK((code == Code::kInvalid || code == Code::kDenied) && !status.error().message.empty(), "{}",
             status.error().message);
}

void check_frames(std::string_view bytes) {
  {
    HttpBody out;
    check_unpacked(unpack_frames(bytes, kLimit, out), out);
  }
  std::string packed;
  append_frames(packed, bytes);
  HttpBody out;
  WEIR_CHECK(unpack_frames(packed, kLimit, out) || bytes.size() > kLimit);
  WEIR_CHECK(bytes.size() > kLimit || out.view() == bytes);
  if (packed.empty() || bytes.empty()) return;
  // Damaged anywhere: found, or it is the same.
  const std::size_t at = static_cast<std::uint8_t>(bytes.front()) % packed.size();
  packed[at] = static_cast<char>(packed[at] ^ 0x10);
  HttpBody damaged;
  WEIR_CHECK(!unpack_frames(packed, kLimit, damaged), "a damaged frame is taken");
}

void check_head(fuzz::Input input) {
  using http::HeadScan;
  const std::size_t step = 1 + input.byte() % 16U;
  const std::string_view all = input.rest();
  HeadScan at_once(2'000, 20), in_pieces(2'000, 20);
  const HeadScan::Found found = at_once.look(all);
  HeadScan::Found last = HeadScan::Found::kMore;
  for (std::size_t n = std::min(step, all.size()); last == HeadScan::Found::kMore; n = std::min(n + step, all.size())) {
    last = in_pieces.look(fuzz::Exact(all.substr(0, n)).view());
    if (n == all.size()) break;
  }
  WEIR_CHECK(found == last && at_once.fault() == in_pieces.fault() && at_once.line() == in_pieces.line(),
             "{} at once, {} in pieces of {}", static_cast<int>(found), static_cast<int>(last), step);
}

}  // namespace
}  // namespace weir

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, size);
  const unsigned how = input.byte() % 6U;
  if (how == 4) {
    check_head(input);
    return 0;
  }
  const fuzz::Exact body(input.rest());
  if (how == 3) {
    check_frames(body.view());
    return 0;
  }
  HttpBody out;
  switch (how) {
    case 0: check_unpacked(decompress(ContentCoding::kGzip, body.view(), kLimit, out), out); break;
    case 1: check_unpacked(decompress(ContentCoding::kZstd, body.view(), kLimit, out), out); break;
    case 5: check_unpacked(decode_body("lz4", body.view(), kLimit, out), out); break;
    default: check_unpacked(decode_body("deflate", body.view(), kLimit, out), out); break;
  }
  return 0;
}

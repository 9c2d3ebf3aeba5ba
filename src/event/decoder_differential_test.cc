// The decoder against one that is slow and obvious, on events that a generator makes and damages.
#include <gtest/gtest.h>

#include <map>

#include "event/plain_decoder_for_tests.h"

namespace weir {
namespace {

constexpr UnixMillis kNow(1'795'012'000'000);  // 2026-11-18T14:26:40Z
constexpr std::int64_t kRetention = 30LL * 86'400'000;

class DifferentialTest : public testing::Test {
 protected:
  std::string difference(const std::string& raw, std::int64_t retention = kRetention) {
    decoder_.set_limits({.retention_millis = retention});
    admitted_ = decoder_.decode(raw, kNow, false, event_, reject_);
    return plain::difference(raw, kNow, retention, admitted_, event_, reject_);
  }

  Decoder decoder_{DecodeLimits{}};
  EventView event_;
  Reject reject_;
  bool admitted_ = false;
};

TEST_F(DifferentialTest, GeneratedAndDamagedEventsAreReadAsAPlainDecoderReadsThem) {
  plain::EventMaker maker(20'261'128);
  std::map<std::string, std::size_t> seen;
  for (int i = 0; i < 60'000; ++i) {
    const std::string raw = maker.next();
    ASSERT_EQ(difference(raw, i % 3 == 0 ? 0 : kRetention), "") << raw;
    ++seen[admitted_ ? "admitted" : std::string(reason_name(reject_.reason))];
  }
  // The generator is worth nothing when it makes only one kind.
  EXPECT_GT(seen["admitted"], 1'000U);
  for (std::size_t r = 0; r < kReasons; ++r) {
    if (static_cast<Reason>(r) == Reason::kTooLarge) continue;
    EXPECT_GT(seen[std::string(reason_name(static_cast<Reason>(r)))], 20U) << r;
  }
}

std::string nested(std::size_t levels, const std::string& inside) {
  return R"({"specversion":"1.0","x":)" + std::string(levels, '[') + inside + std::string(levels, ']') + "}";
}

TEST_F(DifferentialTest, DepthIsLimitedAtTheSameLevel) {
  for (std::size_t levels = 1015; levels < 1030; ++levels) {
    for (const char* inside : {"", "1", "{}", R"({"a":1})"}) {
      EXPECT_EQ(difference(nested(levels, inside)), "") << levels << inside;
    }
  }
}

TEST_F(DifferentialTest, SizesAreLimitedAtTheSameByte) {
  for (const std::size_t size : {std::size_t{65'535}, std::size_t{65'536}, std::size_t{65'537}}) {
    std::string raw = R"({"specversion":"1.0","x":""})";
    raw.insert(raw.size() - 2, std::string(size - raw.size(), 'x'));
    EXPECT_EQ(difference(raw), "") << size;
    EXPECT_EQ(reject_.reason, size > 65'536 ? Reason::kTooLarge : Reason::kMissingField);
  }
}

}  // namespace
}  // namespace weir

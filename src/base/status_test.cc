#include "base/status.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(Code::kInvalid, "odd");
  return n / 2;
}

Result<int> quarter(int n) {
  WEIR_TRY_ASSIGN(const int h, half(n));
  return half(h);
}

Status all_even(int n) {
  WEIR_TRY(half(n));
  return {};
}

TEST(Result, TryHandsTheErrorOn) {
  EXPECT_EQ(quarter(8).value(), 2);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error().code, Code::kInvalid);
  EXPECT_TRUE(all_even(2));
  EXPECT_EQ(all_even(3).error().message, "odd");
}

TEST(Result, WordsInFrontKeepTheCode) {
  const Status status = fail(Error{Code::kDiskFull, "no space"}, "writing the log");
  EXPECT_EQ(status.error().code, Code::kDiskFull);
  EXPECT_EQ(status.error().message, "writing the log: no space");
  EXPECT_TRUE(is_transient(status.error().code));
}

}  // namespace
}  // namespace weir

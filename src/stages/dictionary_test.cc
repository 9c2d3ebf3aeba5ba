#include "stages/dictionary.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(Dictionary, NumbersTextsInTheOrderInWhichTheyCome) {
  Dictionary d;
  EXPECT_EQ(d.number(""), 0U);
  EXPECT_EQ(d.number("b"), 1U);
  EXPECT_EQ(d.number(std::string_view("\0", 1)), 2U);
  EXPECT_EQ(d.number("b"), 1U);
  EXPECT_EQ(d.size(), 3U);
  EXPECT_EQ(d.text(0), "");
  EXPECT_EQ(d.text(2), std::string_view("\0", 1));
  EXPECT_EQ(d.native(), std::string_view("\0\1b\1\0", 5));
}

TEST(Dictionary, GrowsAndForgets) {
  Dictionary d;
  const std::string longest(70'000, 'x');
  for (int round = 0; round < 3; ++round) {
    // Once with many texts and twice with few: clearing goes two ways.
    const std::uint32_t texts = round == 0 ? 100'000 : 5;
    for (std::uint32_t i = 1; i <= texts; ++i) ASSERT_EQ(d.number("text " + std::to_string(i)), i);
    EXPECT_EQ(d.number(longest), texts + 1);
    for (std::uint32_t i = 1; i <= texts; ++i) ASSERT_EQ(d.number("text " + std::to_string(i)), i);
    EXPECT_EQ(d.text(texts), "text " + std::to_string(texts));
    EXPECT_EQ(d.text(texts + 1), longest);
    d.clear();
    EXPECT_EQ(d.size(), 1U);
  }
}

}  // namespace
}  // namespace weir

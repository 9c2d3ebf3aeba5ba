#include "queries/cursor.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(CursorTest, ComesBackAsItWent) {
  const Cursor cursor{
      0xdeadbeefcafef00dULL, {UnixMillis(-5), {}}, {UnixMillis(1'790'000'000'123), PartitionId(3), Offset(~0ULL)}};
  const std::string text = cursor.encode();
  EXPECT_EQ(text.size(), 67U);
  EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  const auto back = Cursor::decode(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->filters, cursor.filters);
  EXPECT_EQ(back->bounds.from, UnixMillis(-5));
  EXPECT_FALSE(back->bounds.to);
  EXPECT_EQ(back->place, cursor.place);
}

TEST(CursorTest, RefusesWhatItDidNotMake) {
  const std::string good = Cursor{1, {}, {UnixMillis(2), PartitionId(3), Offset(4)}}.encode();
  for (std::string_view wrong : {"", "garbage", "AAAA", "%00", "eyJhIjoxfQ=="})
    EXPECT_FALSE(Cursor::decode(wrong)) << wrong;
  EXPECT_FALSE(Cursor::decode(std::string(400, '9')));
  EXPECT_FALSE(Cursor::decode(std::string(67, 'A')));
  EXPECT_FALSE(Cursor::decode(good + "A"));
  EXPECT_FALSE(Cursor::decode(good.substr(0, 66)));
  // One changed character anywhere, also in the two bits of the last one that are no part of the bytes.
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'B' ? 'C' : 'B';
    EXPECT_FALSE(Cursor::decode(changed)) << i;
  }
}

// Found by fuzzing: their hashes were right, as anybody can compute them.
TEST(CursorTest, RefusesFlagsThatItDoesNotKnow) {
  EXPECT_TRUE(Cursor::decode("AQNNAAAAAAAAAAEAAAAAAAAAAgAAAAAAAAAAeQ3voQEAAAEAAAAFAAAAAAAAAK_UJxs"));
  EXPECT_FALSE(Cursor::decode("AQdNAAAAAAAAAAEAAAAAAAAAAgAAAAAAAAAAeQ3voQEAAAEAAAAFAAAAAAAAAFZ6sNY"))
      << "further flags";
  EXPECT_FALSE(Cursor::decode("AQBNAAAAAAAAAAEAAAAAAAAAAgAAAAAAAAAAeQ3voQEAAAEAAAAFAAAAAAAAALEswXE"))
      << "bounds that no flag names";
}

TEST(StableHashTest, TellsNeighboursApart) {
  const auto hash = [](std::initializer_list<std::string_view> texts) {
    StableHash h;
    for (auto text : texts) h.add(text);
    return h.value();
  };
  EXPECT_NE(hash({"ab", "c"}), hash({"a", "bc"}));
  EXPECT_NE(hash({"a"}), hash({"a", ""}));
  EXPECT_EQ(hash({"a", "b"}), hash({"a", "b"}));
}

}  // namespace
}  // namespace weir

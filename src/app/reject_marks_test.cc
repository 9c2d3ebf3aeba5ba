#include "app/reject_marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace weir {
namespace {

using State = RejectMarks::State;

RejectItem item(std::uint64_t offset, std::string raw = "x") {
  return {
      .received_at = UnixMillis(1000), .raw = std::move(raw), .partition = PartitionId(2), .offset = Offset(offset)};
}

class RejectMarksTest : public testing::Test {
 protected:
  RejectMarksTest() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-marks-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    path_ = folder_ / "new" / "marks";
  }
  ~RejectMarksTest() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<RejectMarks> open() const {
    auto marks = RejectMarks::open(path_);
    EXPECT_TRUE(marks) << marks.error().message;
    return *std::move(marks);
  }
  std::string bytes() const {
    std::ifstream in(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& text) const {
    std::filesystem::create_directories(folder_ / "new");
    std::ofstream(path_, std::ios::binary) << text;
  }

  std::filesystem::path folder_;
  std::string path_;
};

TEST_F(RejectMarksTest, OutliveTheProcess) {
  const std::array first{item(1), item(2)};
  const std::array second{item(3), item(4), item(5)};
  {
    const auto marks = open();
    EXPECT_EQ(marks->state(item(1)), State::kUnsent);
    ASSERT_TRUE(marks->begin(first, UnixMillis(5000)));
    EXPECT_EQ(marks->state(item(1)), State::kInDoubt);
    ASSERT_TRUE(marks->done());
    EXPECT_EQ(marks->state(item(1)), State::kSent);
    ASSERT_TRUE(marks->begin(second, UnixMillis(6000)));
  }
  {
    const auto marks = open();
    EXPECT_EQ(marks->state(item(2)), State::kSent);
    EXPECT_EQ(marks->state(item(3)), State::kInDoubt);
    EXPECT_EQ(marks->begun(item(3)), UnixMillis(6000));
    EXPECT_EQ(marks->begun(item(2)), std::nullopt);
    marks->settle(item(3), true);
    marks->settle(item(4), false);
    ASSERT_TRUE(marks->sync());
  }
  const auto marks = open();
  EXPECT_EQ(marks->state(item(3)), State::kSent);
  EXPECT_EQ(marks->state(item(4)), State::kUnsent);
  EXPECT_EQ(marks->state(item(5)), State::kInDoubt);
}

// A data directory made anew has the same partitions and offsets.
TEST_F(RejectMarksTest, KnowARejectByMoreThanItsPlace) {
  const auto marks = open();
  ASSERT_TRUE(marks->begin(std::array{item(1, "x")}, UnixMillis(5000)));
  ASSERT_TRUE(marks->done());
  EXPECT_EQ(marks->state(item(1, "y")), State::kUnsent);
  RejectItem later = item(1, "x");
  later.received_at = UnixMillis(1001);
  EXPECT_EQ(marks->state(later), State::kUnsent);
}

// Whatever the last write came to, what was sent is sent or in doubt, and the file is written on.
TEST_F(RejectMarksTest, ALineThatBrokeOffIsFoundOutAgain) {
  {
    const auto marks = open();
    ASSERT_TRUE(marks->begin(std::array{item(1)}, UnixMillis(5000)));
    ASSERT_TRUE(marks->done());
    ASSERT_TRUE(marks->begin(std::array{item(2), item(3)}, UnixMillis(5000)));
    ASSERT_TRUE(marks->done());
  }
  const std::string whole = bytes();
  const std::size_t first_done = whole.find("\nd\n") + 3;
  for (std::size_t keep = 0; keep <= whole.size(); ++keep) {
    write(whole.substr(0, keep));
    {
      const auto marks = open();
      if (keep >= first_done) {
        EXPECT_EQ(marks->state(item(1)), State::kSent) << keep;
      }
      if (keep < whole.size()) {
        EXPECT_NE(marks->state(item(3)), State::kSent) << keep;
      }
      ASSERT_TRUE(marks->begin(std::array{item(9)}, UnixMillis(7000)));
      ASSERT_TRUE(marks->done());
    }
    EXPECT_EQ(open()->state(item(9)), State::kSent) << keep;
  }
}

TEST_F(RejectMarksTest, OneRunAtATime) {
  const auto marks = open();
  EXPECT_EQ(RejectMarks::open(path_).error().code, Code::kConflict);
}

TEST_F(RejectMarksTest, LeaveAnotherFileAsItIs) {
  for (const std::string text : {"my diary", "my diary\n", "weir sent rejects 2\n", "weir sent rejects 1\nr 1 2\n",
                                 "weir sent rejects 1\nz 1 2 3 4\n", "weir sent rejects 1\n\n",
                                 "weir sent rejects 1\nr 1 2 3 4 5\n", "weir sent rejects 1\nb -\n"}) {
    write(text);
    const auto marks = RejectMarks::open(path_);
    ASSERT_FALSE(marks) << text;
    EXPECT_EQ(marks.error().code, Code::kCorrupt) << text;
    EXPECT_THAT(marks.error().message, testing::HasSubstr("--marks"));
    EXPECT_EQ(bytes(), text);
  }
  EXPECT_EQ(RejectMarks::open("/proc/nowhere/marks").error().code, Code::kDenied);
}

}  // namespace
}  // namespace weir

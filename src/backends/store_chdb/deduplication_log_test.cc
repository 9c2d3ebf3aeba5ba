#include "backends/store_chdb/deduplication_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace weir {
namespace {

namespace fs = std::filesystem;

class DeduplicationLogTest : public testing::Test {
 protected:
  DeduplicationLogTest() { fs::create_directories(logs_); }
  ~DeduplicationLogTest() override { fs::remove_all(root_); }

  void write(int number, const std::string& text) { std::ofstream(file(number), std::ios::binary) << text; }
  std::string read(int number) {
    std::ifstream in(file(number), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void part(const std::string& name) { fs::create_directories(logs_.parent_path() / name); }
  MendedTokens mend(bool after_power_cut = false) {
    const auto mended = mend_deduplication_logs(root_, after_power_cut);
    EXPECT_TRUE(mended) << mended.error().message;
    return mended.value_or(MendedTokens{});
  }
  fs::path file(int number) const { return logs_ / ("deduplication_log_" + std::to_string(number) + ".txt"); }

  const fs::path root_ = fs::temp_directory_path() / ("weir-deduplication-log-test-" + std::to_string(getpid()));
  const fs::path logs_ = root_ / "store/abc/abc-def/deduplication_logs";
};

TEST_F(DeduplicationLogTest, ATokenWhosePartIsThereStays) {
  part("20261128_1_1_0");
  part("20261128_2_9_1");  // merged
  part("20261128_12_14_1_20");
  const std::string lines = "1\t20261128_1_1_0\ta\n1\t20261128_5_5_0\tb\n1\t20261128_13_13_0\tc\n";
  write(1, lines);
  const MendedTokens mended = mend();
  EXPECT_EQ(mended.withdrawn, 0U);
  EXPECT_EQ(read(1), lines);
}

TEST_F(DeduplicationLogTest, ATokenWithoutPartIsWithdrawnOnce) {
  part("20261128_1_1_0");
  part("20261127_2_2_0");             // another partition
  part("tmp_insert_20261128_2_2_0");  // written, not published
  part("delete_tmp_20261128_2_2_0");
  fs::create_directories(logs_.parent_path() / "detached/20261128_2_2_0");
  write(1, "1\t20261128_1_1_0\ta\n");
  write(2, "1\t20261128_2_2_0\tb\n");
  EXPECT_EQ(mend().withdrawn, 1U);
  EXPECT_EQ(read(1), "1\t20261128_1_1_0\ta\n");
  EXPECT_EQ(read(2), "1\t20261128_2_2_0\tb\n2\t20261128_2_2_0\tb\n");
  EXPECT_EQ(mend().withdrawn, 0U);
}

TEST_F(DeduplicationLogTest, WhatTheEngineHasWithdrawnItselfIsLeftAlone) {
  const std::string lines = "1\t20261128_1_1_0\ta\n2\t20261128_1_1_0\ta\n";
  write(1, lines);
  EXPECT_EQ(mend().withdrawn, 0U);
  EXPECT_EQ(read(1), lines);
}

TEST_F(DeduplicationLogTest, ANumberThatIsGivenAgainCountsByItsLastLine) {
  // After a crash the engine gives the number of the part that never was to the next one.
  part("20261128_2_2_0");
  write(1, "1\t20261128_2_2_0\told\n2\t20261128_2_2_0\told\n1\t20261128_2_2_0\tnew\n");
  EXPECT_EQ(mend().withdrawn, 0U);
}

TEST_F(DeduplicationLogTest, HalfALineIsCutOffWhereverItEnds) {
  part("20261128_1_1_0");
  const std::string whole = "1\t20261128_1_1_0\ta\n", next = "1\t20261128_2_2_0\tb";
  for (std::size_t n = 1; n <= next.size(); ++n) {
    write(1, whole + next.substr(0, n));
    const MendedTokens mended = mend();
    EXPECT_EQ(mended.torn, 1U) << n;
    EXPECT_EQ(mended.withdrawn, 0U) << n;
    EXPECT_EQ(read(1), whole) << n;
  }
}

TEST_F(DeduplicationLogTest, FilesAreReadInTheOrderOfTheirNumbers) {
  part("20261128_1_1_0");
  write(9, "1\t20261128_2_2_0\tb\n");
  write(10, "2\t20261128_2_2_0\tb\n");  // "10" is before "9" as a text
  EXPECT_EQ(mend().withdrawn, 0U);
}

TEST_F(DeduplicationLogTest, APartBeyondTheLastTokenIsSetAsideAfterAPowerCut) {
  part("20261128_1_7_2");
  part("20261127_8_8_0");
  part("20261128_9_9_0");
  write(1, "1\t20261128_7_7_0\ta\n");
  EXPECT_EQ(mend().set_aside, 0U) << "after a kill the token is always there: these were inserted without one";
  EXPECT_EQ(mend(true).set_aside, 2U);
  EXPECT_TRUE(fs::exists(logs_.parent_path() / "detached/weir-without-token_20261127_8_8_0"));
  EXPECT_FALSE(fs::exists(logs_.parent_path() / "20261128_9_9_0"));
  EXPECT_TRUE(fs::exists(logs_.parent_path() / "20261128_1_7_2"));
  EXPECT_EQ(mend(true).set_aside, 0U);
}

TEST_F(DeduplicationLogTest, ARestartOfTheMachineIsNoticedOnce) {
  EXPECT_FALSE(*machine_restarted(root_)) << "a new folder";
  EXPECT_FALSE(*machine_restarted(root_));
  std::ofstream(root_ / "boot_id") << "another boot";
  EXPECT_TRUE(*machine_restarted(root_));
  EXPECT_FALSE(*machine_restarted(root_));
}

TEST_F(DeduplicationLogTest, TokensAreSyncedAcrossFiles) {
  TokenSync sync(logs_.parent_path());
  EXPECT_TRUE(sync.sync()) << "nothing is there yet";
  write(3, "1\t20261128_1_1_0\ta\n");
  EXPECT_TRUE(sync.sync());
  write(4, "1\t20261128_2_2_0\tb\n");
  EXPECT_TRUE(sync.sync());
  fs::remove(file(3));
  EXPECT_TRUE(sync.sync());
}

TEST_F(DeduplicationLogTest, AFolderWithoutTablesIsFine) {
  fs::remove_all(root_);
  EXPECT_EQ(mend().withdrawn, 0U);
}

}  // namespace
}  // namespace weir

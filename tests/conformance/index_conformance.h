// What every index must do. A backend joins with an IndexHarness.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "ports/index.h"

namespace weir::conformance {

class IndexHarness {
 public:
  virtual ~IndexHarness() = default;
  virtual Index& index() = 0;
};

using IndexFactory = std::function<std::unique_ptr<IndexHarness>()>;

class IndexConformance : public testing::TestWithParam<IndexFactory> {
 protected:
  IndexConformance() : harness_(GetParam()()), index_(harness_->index()) {
    const Status made = index_.upsert({
        {"user", "u-1", "margaret.hamilton", "account of Margaret, Berlin", UnixMillis(1'000)},
        {"user", "u-2", "grace.hopper", "account of Grace, Hamburg", UnixMillis(2'000)},
        {"ip", "192.0.2.17", "192.0.2.17", "seen in Berlin", UnixMillis(3'000)},
        {"rule", "r-1", "Credential stuffing", "many logins that fail from one network", UnixMillis(4'000)},
        {"finding", "f-1", "Stuffing against grace.hopper", "", UnixMillis(5'000)},
    });
    if (!made) throw std::runtime_error(made.error().message);
  }
  /// Ids of what is found, best first. New things may take up to 2 s; `wanted` is waited for that long.
  std::vector<std::string> ids(const IndexQuery& query, std::vector<std::string> wanted) {
    std::vector<std::string> found;
    for (int tries = 0; tries < 40; ++tries) {
      const auto answer = index_.search(query);
      EXPECT_TRUE(answer) << answer.error().message;
      found.clear();
      for (const IndexHit& hit : answer->hits) found.push_back(hit.document.id);
      std::vector<std::string> sorted = found;
      std::sort(sorted.begin(), sorted.end());
      std::sort(wanted.begin(), wanted.end());
      if (sorted == wanted) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return found;
  }
  void expect_found(const std::string& text, const std::vector<std::string>& wanted) {
    EXPECT_THAT(ids({.text = text}, wanted), testing::UnorderedElementsAreArray(wanted)) << text;
  }

  std::unique_ptr<IndexHarness> harness_;
  Index& index_;
};

TEST_P(IndexConformance, WordsAreFoundInEitherCase) {
  expect_found("grace", {"u-2", "f-1"});
  expect_found("GRACE hopper", {"u-2", "f-1"});
  expect_found("berlin", {"u-1", "192.0.2.17"});
  expect_found("nobody", {});
}

TEST_P(IndexConformance, AnUnfinishedWordIsFound) {
  expect_found("marg", {"u-1"});
  expect_found("credential stuf", {"r-1"});
  expect_found("192.0.2.1", {"192.0.2.17"});
}

TEST_P(IndexConformance, ATypingErrorIsForgiven) {
  expect_found("margret", {"u-1"});      // missing
  expect_found("credentiall", {"r-1"});  // too many
  expect_found("hamburk", {"u-2"});      // wrong
}

TEST_P(IndexConformance, TheBetterMatchComesFirst) {
  const auto found = ids({.text = "stuffing"}, {"r-1", "f-1"});
  EXPECT_EQ(found.size(), 2U);
  const auto answer = index_.search({.text = "hamilton"});
  ASSERT_TRUE(answer);
  ASSERT_FALSE(answer->hits.empty());
  EXPECT_EQ(answer->hits[0].document.id, "u-1");
  for (std::size_t i = 1; i < answer->hits.size(); ++i) EXPECT_LE(answer->hits[i].score, answer->hits[i - 1].score);
}

TEST_P(IndexConformance, WhatMatchedIsMarkedInTheTitle) {
  ids({.text = "hopper", .kind = "user"}, {"u-2"});
  const auto answer = index_.search({.text = "hopper", .kind = "user"});
  ASSERT_EQ(answer->hits.size(), 1U);
  const IndexHit& hit = answer->hits[0];
  ASSERT_EQ(hit.title_ranges.size(), 1U);
  EXPECT_EQ(
      hit.document.title.substr(hit.title_ranges[0].first, hit.title_ranges[0].second - hit.title_ranges[0].first),
      "hopper");
}

TEST_P(IndexConformance, KindTimeAndLimitNarrow) {
  EXPECT_THAT(ids({.text = "grace", .kind = "user"}, {"u-2"}), testing::ElementsAre("u-2"));
  EXPECT_THAT(ids({.text = "grace", .from = UnixMillis(2'000), .to = UnixMillis(5'000)}, {"u-2"}),
              testing::ElementsAre("u-2"));
  const auto answer = index_.search({.text = "grace", .limit = 1});
  EXPECT_EQ(answer->hits.size(), 1U);
  EXPECT_EQ(answer->by_kind, (std::map<std::string, std::uint64_t>{{"finding", 1}, {"user", 1}})) << "before the limit";
}

TEST_P(IndexConformance, ALaterDocumentReplaces) {
  ASSERT_TRUE(index_.upsert({{"user", "u-2", "rear.admiral", "", UnixMillis(9'000)}}));
  EXPECT_THAT(ids({.text = "admiral"}, {"u-2"}), testing::ElementsAre("u-2"));
  EXPECT_THAT(ids({.text = "grace"}, {"f-1"}), testing::ElementsAre("f-1"));
}

TEST_P(IndexConformance, AnEmptyQuestionIsInvalid) {
  for (const char* text : {"", "   ", "?!"}) {
    const auto answer = index_.search({.text = text});
    ASSERT_FALSE(answer) << text;
    EXPECT_EQ(answer.error().code, Code::kInvalid);
  }
}

TEST_P(IndexConformance, ClearingForgetsAll) {
  ASSERT_TRUE(index_.clear());
  expect_found("grace", {});
  ASSERT_TRUE(index_.upsert({{"user", "u-9", "grace", "", UnixMillis(1)}}));
  expect_found("grace", {"u-9"});
}

}  // namespace weir::conformance

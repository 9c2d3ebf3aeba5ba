// What every store must do. A backend joins with a StoreHarness and
// INSTANTIATE_TEST_SUITE_P(Name, StoreConformance, testing::Values(factory)). The rows are those of the real encoders.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "ports/store.h"
#include "stages/encode.h"
#include "stages/rollup.h"

namespace weir::conformance {

/// One empty store under test.
class StoreHarness {
 public:
  struct Opened {
    StoreWriter& writer;
    StoreReader& reader;
    StoreAdmin& admin;
  };
  virtual ~StoreHarness() = default;
  virtual Result<Opened> open() = 0;

  // What a backend may be unable to do, each with the reason why.
  virtual bool supports_select() { return true; }
  virtual std::string why_no_select() { return ""; }
};

using StoreFactory = std::function<std::unique_ptr<StoreHarness>()>;

class StoreConformance : public testing::TestWithParam<StoreFactory> {
 protected:
  // Today, as per-second rollups of older times may not be kept; on a full hour.
  static inline const UnixMillis kToday{SystemClock().now().value / 3'600'000 * 3'600'000};
  static constexpr std::int64_t kDay = 24 * 3'600'000;

  StoreConformance() : harness_(GetParam()()) {}

  StoreHarness::Opened open() {
    auto opened = harness_->open();
    if (!opened) throw std::runtime_error(opened.error().message);  // fails the test, as nothing can follow
    return *opened;
  }

  /// What the worker makes of `events` logins from `first` on and `rejects` rejects: rows of events, rejects and rollups.
  static std::vector<TableBlock> batch(std::uint64_t first, std::uint64_t events, std::uint64_t rejects,
                                       UnixMillis time = kToday) {
    Vocabulary words;
    EventEncoder event_rows(words);
    RejectEncoder reject_rows;
    RollupBuilder rollups(words);
    for (std::uint64_t i = first; i < first + events; ++i) {
      const std::string id = "id-" + std::to_string(i), user = "user-" + std::to_string(i % 7) + "'\"\\;\n";
      EventView e;
      e.type = EventType::kLogin;
      e.time = time + static_cast<std::int64_t>(i % 1000);
      e.received_at = e.time + 5;
      e.source = "/conformance";
      e.id = id;
      e.present = bit(Field::kUserId) | bit(Field::kIp) | bit(Field::kOutcome);
      e.text[static_cast<std::size_t>(Field::kUserId)] = user;
      e.text[static_cast<std::size_t>(Field::kIp)] = "192.0.2.1";
      e.text[static_cast<std::size_t>(Field::kOutcome)] = "success";
      const Vocabulary::Numbers numbers = words.numbers(e);
      event_rows.add(e, numbers, PartitionId(0), Offset(i));
      rollups.add(e, numbers);
    }
    for (std::uint64_t i = 0; i < rejects; ++i) {
      Reject reject;
      reject.message = "It is no JSON.";
      reject_rows.add(reject, std::string_view("\xff\0raw;\n", 7), time, PartitionId(0), Offset(first + events + i));
      rollups.add_reject(time);
    }
    std::vector<TableBlock> blocks;
    if (events > 0) {
      blocks.push_back({"events", event_rows.columns(), event_rows.rows(), {}});
      event_rows.finish(blocks.back().native);
    }
    if (rejects > 0) {
      blocks.push_back({"rejects", reject_rows.columns(), reject_rows.rows(), {}});
      reject_rows.finish(blocks.back().native);
    }
    blocks.push_back({"rollups", RollupBuilder::columns(), 0, {}});
    blocks.back().rows = RollupBuilder::finish(std::array{&rollups}, blocks.back().native);
    return blocks;
  }
  static void expect_counts(StoreAdmin& admin, std::uint64_t stored, std::uint64_t rejected, std::uint64_t rolled_up) {
    const Result<TableCounts> counts = admin.counts();
    ASSERT_TRUE(counts) << counts.error().message;
    EXPECT_EQ(counts->stored, stored);
    EXPECT_EQ(counts->rejected, rejected);
    EXPECT_EQ(counts->rolled_up, rolled_up);
  }
  /// As Select::params wants it.
  static std::string escaped(std::string_view value) {
    std::string text;
    for (const char c : value) {
      switch (c) {
        case '\\': text += "\\\\"; break;
        case '\t': text += "\\t"; break;
        case '\n': text += "\\n"; break;
        default: text += c;
      }
    }
    return text;
  }
  static std::string hex(std::string_view bytes) {
    std::string text;
    for (const char c : bytes) text += fmt::format("{:02X}", static_cast<unsigned char>(c));
    return text;
  }
  static std::string day_of(UnixMillis time) {
    using namespace std::chrono;
    const year_month_day date(floor<days>(sys_time<milliseconds>(milliseconds(time.value))));
    return fmt::format("{:04}{:02}{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()));
  }

  std::unique_ptr<StoreHarness> harness_;
};

TEST_P(StoreConformance, ANewStoreIsEmptyAndWell) {
  auto store = open();
  ASSERT_TRUE(store.reader.check());
  EXPECT_FALSE(store.reader.check()->empty());
  expect_counts(store.admin, 0, 0, 0);
  EXPECT_TRUE(store.admin.partitions()->empty());
}

TEST_P(StoreConformance, MigratingAgainChangesNothing) {
  auto store = open();
  ASSERT_TRUE(store.writer.insert(batch(0, 10, 2), "log:0:0-12"));
  ASSERT_TRUE(store.admin.migrate());
  expect_counts(store.admin, 10, 2, 10);
}

TEST_P(StoreConformance, WhatIsInsertedIsCountedAtOnce) {
  auto store = open();
  ASSERT_TRUE(store.writer.insert({}, "log:0:0-0"));
  for (std::uint64_t n = 0; n < 5; ++n) {
    const Status status = store.writer.insert(batch(n * 100, 97, 3), "log:0:" + std::to_string(n));
    ASSERT_TRUE(status) << status.error().message;
    expect_counts(store.admin, 97 * (n + 1), 3 * (n + 1), 97 * (n + 1));
  }
  ASSERT_TRUE(store.admin.disk_bytes());
  EXPECT_GT(*store.admin.disk_bytes(), 0U);
}

TEST_P(StoreConformance, ATokenCountsOnceInEachTable) {
  auto store = open();
  const auto rows = batch(0, 50, 5);
  for (int attempt = 0; attempt < 3; ++attempt) ASSERT_TRUE(store.writer.insert(rows, "log:0:0-55"));
  expect_counts(store.admin, 50, 5, 50);
  // The same rows under another token are other rows.
  ASSERT_TRUE(store.writer.insert(rows, "log:1:0-55"));
  expect_counts(store.admin, 100, 10, 100);
  // And the first token is still known.
  ASSERT_TRUE(store.writer.insert(rows, "log:0:0-55"));
  expect_counts(store.admin, 100, 10, 100);
}

TEST_P(StoreConformance, AnInsertThatStoppedHalfwayIsCompleted) {
  auto store = open();
  const auto rows = batch(0, 50, 5);
  ASSERT_EQ(rows.size(), 3U);
  for (std::size_t written = 0; written < 3; ++written) {
    SCOPED_TRACE(written);
    const std::string token = "log:0:" + std::to_string(written);
    const std::vector<TableBlock> part(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(written));
    ASSERT_TRUE(store.writer.insert(part, token));
    ASSERT_TRUE(store.writer.insert(rows, token));
    ASSERT_TRUE(store.writer.insert(rows, token));
    expect_counts(store.admin, 50 * (written + 1), 5 * (written + 1), 50 * (written + 1));
  }
}

TEST_P(StoreConformance, RowsThatCannotBeReadAreRefusedForGood) {
  auto store = open();
  auto rows = batch(0, 50, 0);
  std::vector<TableBlock> cut{rows[0]};
  cut[0].native.resize(cut[0].native.size() / 2);
  const Status status = store.writer.insert(cut, "log:0:cut");
  ASSERT_FALSE(status);
  EXPECT_TRUE(status.error().code == Code::kInvalid || status.error().code == Code::kInternal)
      << status.error().message;
  EXPECT_FALSE(is_transient(status.error().code));
  expect_counts(store.admin, 0, 0, 0);
  ASSERT_TRUE(store.writer.insert(rows, "log:0:0-50")) << "the store goes on";
  expect_counts(store.admin, 50, 0, 50);
}

TEST_P(StoreConformance, ADayOfEventsIsDropped) {
  auto store = open();
  const UnixMillis yesterday = kToday - kDay, before = kToday - 2 * kDay;
  ASSERT_TRUE(store.writer.insert(batch(0, 10, 0, kToday), "a"));
  ASSERT_TRUE(store.writer.insert(batch(10, 20, 0, yesterday), "b"));
  ASSERT_TRUE(store.writer.insert(batch(30, 40, 0, before), "c"));
  const auto days = [&] {
    std::map<std::string, std::uint64_t> found;
    const auto partitions = store.admin.partitions();
    EXPECT_TRUE(partitions);
    for (const StorePartition& p : *partitions) {
      if (p.rows > 0) found[p.id] = p.rows;
    }
    return found;
  };
  EXPECT_THAT(days(), testing::ElementsAre(testing::Pair(day_of(before), 40U), testing::Pair(day_of(yesterday), 20U),
                                           testing::Pair(day_of(kToday), 10U)));
  ASSERT_TRUE(store.admin.drop_partition(day_of(before)));
  EXPECT_THAT(days(), testing::ElementsAre(testing::Pair(day_of(yesterday), 20U), testing::Pair(day_of(kToday), 10U)));
  EXPECT_EQ(store.admin.counts()->stored, 30U);
  EXPECT_EQ(store.admin.counts()->rolled_up, 70U) << "rollups outlive their events";
  EXPECT_TRUE(store.admin.drop_partition(day_of(before))) << "a day that is not there is no error";
  EXPECT_TRUE(store.admin.drop_partition("19700101"));
}

TEST_P(StoreConformance, CountingGoesOnBesideWriting) {
  auto store = open();
  std::atomic<bool> done = false;
  std::jthread reader([&] {
    std::uint64_t last = 0;
    while (!done) {
      const auto counts = store.admin.counts();
      ASSERT_TRUE(counts) << counts.error().message;
      EXPECT_GE(counts->stored, last);
      EXPECT_EQ(counts->stored % 20, 0U) << "a batch is in a table wholly or not at all";
      last = counts->stored;
    }
  });
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(store.writer.insert(batch(static_cast<std::uint64_t>(i) * 20, 20, 0), "t" + std::to_string(i)));
  }
  done = true;
  reader.join();
  expect_counts(store.admin, 400, 0, 400);
}

TEST_P(StoreConformance, RowsCanBeAskedFor) {
  auto store = open();
  ASSERT_TRUE(store.writer.insert(batch(0, 100, 1), "a"));
  const auto ask = [&](const Select& select) { return store.reader.select(select); };
  if (!harness_->supports_select()) {
    const auto refused = ask({.sql = "SELECT 1"});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kInvalid);
    GTEST_SKIP() << harness_->why_no_select();
  }
  const auto answer = [&](Select select) {
    select.format = "TabSeparated";
    const Result<std::string> text = ask(select);
    return text ? *text : text.error().message;
  };
  EXPECT_EQ(answer({.sql = "SELECT count(), uniqExact(user_id), max(offset) FROM events"}), "100\t7\t99\n");
  EXPECT_EQ(answer({.sql = "SELECT hex(raw) FROM rejects"}), "FF007261773B0A\n");
  const std::string filter = "SELECT count() FROM events WHERE user_id = {user:String} AND offset < {n:UInt64}";
  EXPECT_EQ(answer({.sql = filter, .params = {{"user", escaped("user-3'\"\\;\n")}, {"n", "50"}}}), "7\n");
  for (const std::string value :
       {"it's; -- \xF0\x9F\x98\x80", "back\\slash", "tab\tnewline\n", "\\n", "\\", "\\'", "{n:UInt8}"}) {
    EXPECT_EQ(answer({.sql = "SELECT hex({value:String})", .params = {{"value", escaped(value)}}}), hex(value) + "\n")
        << value;
  }
  EXPECT_EQ(ask({.sql = "SELECT nothing FROM events"}).error().code, Code::kInvalid);
  EXPECT_EQ(ask({.sql = "SELECT {n:UInt8}", .params = {{"n", "word"}}}).error().code, Code::kInvalid);
  EXPECT_EQ(
      ask({.sql = "SELECT count() FROM numbers(100000000000)", .limits = {.time = std::chrono::milliseconds(100)}})
          .error()
          .code,
      Code::kDeadline);
  EXPECT_EQ(ask({.sql = "SELECT groupArray(number) FROM numbers(100000000)", .limits = {.memory_bytes = 10 << 20}})
                .error()
                .code,
            Code::kOverloaded);
}

TEST_P(StoreConformance, WhatAQuestionAnsweredBeforeItsTimeWasOverIsNotInTheNextAnswer) {
  auto store = open();
  if (!harness_->supports_select()) GTEST_SKIP() << harness_->why_no_select();
  // The short half is answered before the long one meets the limit.
  const std::string sql =
      "SELECT * FROM (SELECT 'first', count() AS n FROM numbers(1000) GROUP BY number % 7 ORDER BY n LIMIT 3) UNION "
      "ALL "
      "SELECT * FROM (SELECT 'second', count() AS n FROM numbers(100000000000) GROUP BY number % 7 ORDER BY n LIMIT 3)";
  for (int i = 0; i < 10; ++i) {
    const auto slow = store.reader.select(
        {.sql = sql, .format = "TabSeparated", .limits = {.time = std::chrono::milliseconds(50 + 10 * i)}});
    ASSERT_FALSE(slow);
    EXPECT_EQ(slow.error().code, Code::kDeadline);
    const auto next = store.reader.select({.sql = "SELECT " + std::to_string(i), .format = "TabSeparated"});
    ASSERT_TRUE(next) << next.error().message;
    EXPECT_EQ(*next, std::to_string(i) + "\n");
  }
}

}  // namespace weir::conformance

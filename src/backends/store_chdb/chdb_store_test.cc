// The encoders' rows against the real engine: that the bytes are what ClickHouse reads, and that a token counts once.
#include "backends/store_chdb/chdb_store.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "backends/store_chdb/sql_files.h"
#include "base/clock.h"
#include "stages/encode.h"
#include "stages/native_block.h"
#include "stages/rollup.h"

namespace weir {
namespace {

// A recent time, as per-second rollups of older ones are not kept; on a full hour, so that one hour holds all.
const UnixMillis kNow(SystemClock().now().value / 3'600'000 * 3'600'000);

class ChdbStoreTest : public testing::Test {
 protected:
  // libchdb opens one data path a process, so all tests share it.
  static void SetUpTestSuite() {
    path_ = std::filesystem::temp_directory_path() / ("weir-store-test-" + std::to_string(getpid()));
    auto store = ChdbStore::create({.path = path_});
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
  }
  static void TearDownTestSuite() {
    store_.reset();
    std::filesystem::remove_all(path_);
  }
  static std::string ask(const std::string& sql, std::map<std::string, std::string> params = {}) {
    auto answer = store_->select({.sql = sql, .params = std::move(params), .format = "TabSeparated"});
    return answer ? *answer : answer.error().message;
  }

  static inline std::filesystem::path path_;
  static inline std::unique_ptr<ChdbStore> store_;
};

EventView login(int i, std::string_view outcome, std::string& id) {
  EventView e;
  id = "id-" + std::to_string(i);
  e.type = EventType::kLogin;
  e.time = UnixMillis(kNow.value + i * 10);
  e.received_at = UnixMillis(kNow.value + i * 10 + 5);
  e.source = "/test";
  e.id = id;
  e.present = bit(Field::kUserId) | bit(Field::kIp) | bit(Field::kOutcome) | bit(Field::kAsn) | bit(Field::kLatencyMs);
  e.text[static_cast<std::size_t>(Field::kUserId)] = "quote'\"\\;\n\0nul";
  e.text[static_cast<std::size_t>(Field::kIp)] = "192.0.2.1";
  e.text[static_cast<std::size_t>(Field::kOutcome)] = outcome;
  e.asn = 64500;
  e.latency_ms = i;
  return e;
}

std::vector<TableBlock> batch(int n) {
  Vocabulary words;
  EventEncoder events(words);
  RejectEncoder rejects;
  RollupBuilder rollups(words);
  for (int i = 0; i < n; ++i) {
    std::string id;
    const EventView e = login(i, i % 4 == 0 ? "failure" : "success", id);
    const Vocabulary::Numbers numbers = words.numbers(e);
    events.add(e, numbers, PartitionId(0), Offset(static_cast<std::uint64_t>(i)));
    rollups.add(e, numbers);
  }
  rollups.add_reject(kNow);
  rollups.add_duplicate(kNow);
  Reject reject;
  reject.message = "no";
  rejects.add(reject, std::string_view("\xff\0raw;\n", 7), kNow, PartitionId(1), Offset(9));
  std::vector<TableBlock> out(3);
  out[0] = {"events", events.columns(), events.rows(), {}};
  events.finish(out[0].native);
  out[1] = {"rejects", rejects.columns(), rejects.rows(), {}};
  rejects.finish(out[1].native);
  out[2] = {"rollups", RollupBuilder::columns(), 0, {}};
  out[2].rows = RollupBuilder::finish(std::array{&rollups}, out[2].native);
  return out;
}

TEST_F(ChdbStoreTest, ABatchIsThereOnceHoweverOftenItIsWritten) {
  const auto blocks = batch(1000);
  for (int attempt = 0; attempt < 3; ++attempt) {
    const Status status = store_->insert(blocks, "log:0:0-1000");
    ASSERT_TRUE(status) << status.error().message;
  }
  const auto counts = store_->counts();
  ASSERT_TRUE(counts) << counts.error().message;
  EXPECT_EQ(counts->stored, 1000U);
  EXPECT_EQ(counts->rejected, 1U);
  EXPECT_EQ(counts->rolled_up, 1000U);

  EXPECT_EQ(
      ask("SELECT count(), uniqExact(id), sum(latency_ms), any(user_id) = 'quote\\'\"\\\\;\\n\\0nul' FROM events"),
      "1000\t1000\t499500\t0\n");
  EXPECT_EQ(ask("SELECT hex(raw), reason, partition, offset FROM rejects"), "FF007261773B0A\tmalformed_json\t1\t9\n");
  for (const char* table : {"events_1s", "events_1m", "events_1h"}) {
    EXPECT_EQ(ask("SELECT sum(events), sum(login_failures), sum(rejects), sum(duplicates), "
                  "uniqCombinedMerge(12)(unique_ips), "
                  "arrayMap(x -> round(x), quantilesBFloat16WeightedMerge(0.5, 0.95, 0.99)(latency)) FROM " +
                  std::string(table) + " WHERE dimension = ''"),
              "1000\t250\t1\t1\t1\t[498,948,988]\n")
        << table;
    EXPECT_EQ(ask("SELECT dimension, key, sum(events) FROM " + std::string(table) +
                  " WHERE dimension IN ('outcome', 'asn') GROUP BY 1, 2 ORDER BY 1, 2"),
              "asn\t64500\t1000\noutcome\tfailure\t250\noutcome\tsuccess\t750\n")
        << table;
  }
  EXPECT_EQ(ask("SELECT count() FROM events_1s WHERE dimension = '' AND events > 0"), "10\n");

  const auto days = store_->partitions();
  ASSERT_TRUE(days);
  ASSERT_EQ(days->size(), 1U);
  const std::string today =
      format_rfc3339(kNow).substr(0, 4) + format_rfc3339(kNow).substr(5, 2) + format_rfc3339(kNow).substr(8, 2);
  EXPECT_EQ((*days)[0].id, today);
  EXPECT_EQ((*days)[0].rows, 1000U);
  EXPECT_TRUE(store_->drop_partition(today));
  EXPECT_TRUE(store_->drop_partition("19990101"));
  EXPECT_EQ(store_->counts()->stored, 0U);
}

TEST_F(ChdbStoreTest, ADayOfRejectsAloneCanBeDropped) {
  auto store = store_->sibling("rejects_alone");
  ASSERT_TRUE(store) << store.error().message;
  RejectEncoder rejects;
  Reject reject;
  reject.message = "no";
  rejects.add(reject, "{", UnixMillis(1'767'225'600'000), PartitionId(0), Offset(0));  // 2026-01-01
  TableBlock block{"rejects", rejects.columns(), rejects.rows(), {}};
  rejects.finish(block.native);
  ASSERT_TRUE((*store)->insert({block}, "rejects"));
  const auto days = (*store)->partitions();
  ASSERT_TRUE(days) << days.error().message;
  ASSERT_EQ(days->size(), 1U);
  EXPECT_EQ((*days)[0].id, "20260101");
  EXPECT_EQ((*days)[0].rows, 0U) << "rows are those of events";
  EXPECT_TRUE((*store)->drop_partition("20260101"));
  EXPECT_EQ((*store)->counts()->rejected, 0U);
}

TEST_F(ChdbStoreTest, QuestionsAreBoundedAndParameterised) {
  EXPECT_EQ(ask("SELECT {x:String}, {n:UInt32}", {{"x", "it's; -- \xF0\x9F\x98\x80"}, {"n", "7"}}),
            "it\\'s; -- \xF0\x9F\x98\x80\t7\n");
  const auto slow = store_->select(
      {.sql = "SELECT count() FROM numbers(100000000000)", .limits = {.time = std::chrono::milliseconds(100)}});
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().code, Code::kDeadline) << slow.error().message;
  const auto fat = store_->select(
      {.sql = "SELECT groupArray(number) FROM numbers(100000000)", .limits = {.memory_bytes = 10 << 20}});
  ASSERT_FALSE(fat);
  EXPECT_EQ(fat.error().code, Code::kOverloaded) << fat.error().message;
  const auto wrong = store_->select({.sql = "SELECT nothing FROM events"});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kInvalid);
  EXPECT_FALSE(store_->select({.sql = "INSERT INTO events (id) VALUES ('x')"}));
}

// The dictionary's indices are one, two or four bytes wide, by the number of its texts.
TEST_F(ChdbStoreTest, TakesTextsThatRepeatWhateverTheirNumber) {
  std::size_t stored = 0;
  for (const int texts : {255, 256, 257, 65'535, 65'537}) {
    Vocabulary words;
    EventEncoder events(words);
    for (int i = 0; i < texts; ++i) {
      std::string id;
      EventView e = login(i % 1000, "success", id);
      const std::string program = "program " + std::to_string(i);
      e.text[static_cast<std::size_t>(Field::kUserAgent)] = program;
      id = program;  // what the row must say again
      e.id = id;
      events.add(e, words.numbers(e), PartitionId(0), Offset(static_cast<std::uint64_t>(i)));
    }
    TableBlock block{"events", events.columns(), events.rows(), {}};
    events.finish(block.native);
    const Status status = store_->insert({block}, "texts:" + std::to_string(texts));
    ASSERT_TRUE(status) << status.error().message;
    stored += static_cast<std::size_t>(texts);
    EXPECT_EQ(ask("SELECT count(), countIf(user_agent = id) FROM events"),
              std::to_string(stored) + "\t" + std::to_string(stored) + "\n");
  }
}

// A kill between the engine's note of a token and the publication of its part (see deduplication_log.h). Closes
// the engine that the tests share, and opens it again.
TEST_F(ChdbStoreTest, AnInsertThatWasCutOffBeforeItsPartWasPublishedIsDoneAgain) {
  const auto blocks = batch(200);
  for (const char* table : {"events", "rejects", "rollups"}) {
    SCOPED_TRACE(table);
    auto store = store_->sibling(std::string("cut_off_") + table);
    ASSERT_TRUE(store) << store.error().message;
    const std::string parts =
        "SELECT path FROM system.parts WHERE active AND database = currentDatabase() AND table = '" +
        std::string(table) + "'";
    ASSERT_TRUE((*store)->insert(blocks, "log:0:0-200"));
    const auto path = (*store)->select({.sql = parts, .params = {}, .format = "TabSeparatedRaw"});
    ASSERT_TRUE(path) << path.error().message;
    const std::filesystem::path folder(path->substr(0, path->find('\n')));
    const std::string database = std::string("cut_off_") + table;
    store->reset();
    store_.reset();
    ASSERT_TRUE(std::filesystem::remove_all(folder) > 0) << folder;

    auto again = ChdbStore::create({.path = path_});
    ASSERT_TRUE(again) << again.error().message;
    store_ = std::move(*again);
    auto opened = store_->sibling(database);
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_TRUE((*opened)->insert(blocks, "log:0:0-200"));
    const auto counts = (*opened)->counts();
    ASSERT_TRUE(counts) << counts.error().message;
    EXPECT_EQ(counts->stored, 200U);
    EXPECT_EQ(counts->rejected, 1U);
    EXPECT_EQ(counts->rolled_up, 200U);
  }
}

/// A database as the Weir that had only the first `version` files of sql/ left it.
void make_old(ChdbStore& any, const std::string& database, unsigned version, const std::vector<TableBlock>& blocks) {
  auto connection = any.engine().connect({"CREATE DATABASE " + database + " ENGINE = Atomic", "USE " + database});
  ASSERT_TRUE(connection) << connection.error().message;
  const auto run = [&](const std::string& sql) {
    const auto done = (*connection)->query(sql);
    ASSERT_TRUE(done) << done.error().message;
  };
  run("CREATE TABLE schema_migrations (version UInt32, applied_at DateTime64(3, 'UTC')) ENGINE = MergeTree ORDER BY "
      "version");
  for (unsigned file = 0; file < version; ++file) {
    std::string text(sql_files()[file].text);
    for (std::size_t at; (at = text.find("{database}")) != std::string::npos;) text.replace(at, 10, database);
    text += '\n';
    for (std::size_t end; (end = text.find(";\n")) != std::string::npos; text.erase(0, end + 2))
      run(text.substr(0, end));
    run("INSERT INTO schema_migrations VALUES (" + std::to_string(file + 1) + ", now64(3))");
  }
  for (const TableBlock& b : blocks) {
    const Status done =
        (*connection)
            ->insert("INSERT INTO " + b.table + " (" + b.columns +
                         ") SETTINGS insert_deduplication_token = 'log:0:0-1000', optimize_on_insert = 0",
                     "Native", b.native);
    ASSERT_TRUE(done) << done.error().message;
  }
}

constexpr const char* kRollupsOf =
    "SELECT step, dimension, key, sum(events), sum(rejects), uniqCombinedMerge(12)(unique_ips), "
    "quantilesBFloat16WeightedMerge(0.5, 0.95, 0.99)(latency) FROM rollups GROUP BY step, dimension, key ORDER BY 1, "
    "2, 3";

TEST_F(ChdbStoreTest, TablesOfEveryOlderVersionOpenAndKeepTheirRows) {
  const auto blocks = batch(1000);
  for (unsigned version = 1; version < sql_files().size(); ++version) {
    SCOPED_TRACE(version);
    const std::string database = "version_" + std::to_string(version);
    make_old(*store_, database, version, blocks);
    auto connection = store_->engine().connect({"USE " + database});
    ASSERT_TRUE(connection);
    const std::string before((*connection)->query(kRollupsOf)->bytes());
    auto store = store_->sibling(database);
    ASSERT_TRUE(store) << store.error().message;
    const auto say = [&](const std::string& sql) {
      const auto answer = (*store)->select({.sql = sql, .params = {}, .format = "TabSeparated"});
      return answer ? *answer : answer.error().message;
    };
    EXPECT_EQ(say("SELECT max(version) FROM schema_migrations"), std::to_string(sql_files().size()) + "\n");
    const auto counts = (*store)->counts();
    ASSERT_TRUE(counts) << counts.error().message;
    EXPECT_EQ(counts->stored, 1000U);
    EXPECT_EQ(counts->rejected, 1U);
    EXPECT_EQ(counts->rolled_up, 1000U);
    EXPECT_EQ(say(kRollupsOf), before);
    // New batches go on as ever.
    ASSERT_TRUE((*store)->insert(blocks, "log:0:1000-2000"));
    ASSERT_TRUE((*store)->insert(blocks, "log:0:1000-2000"));
    EXPECT_EQ((*store)->counts()->rolled_up, 2000U);
  }
}

TEST_F(ChdbStoreTest, MigratesOnceAndRefusesANewerVersion) {
  const std::string applied = ask("SELECT count() FROM schema_migrations");
  EXPECT_NE(applied, "0\n");
  EXPECT_TRUE(store_->migrate());
  EXPECT_EQ(ask("SELECT count() FROM schema_migrations"), applied);
  ASSERT_TRUE(store_->check());

  const std::array version{native::Column{"version", "UInt32", std::string("\x0f\x27\0\0", 4)}};  // 9999
  TableBlock newer{"schema_migrations", native::names(version), 1, {}};
  native::append_block(newer.native, version, 1);
  ASSERT_TRUE(store_->insert({newer}, "newer"));
  const Status refused = store_->migrate();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kConflict);
}

}  // namespace
}  // namespace weir

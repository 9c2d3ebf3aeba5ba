// The SQL port against the real engine: what readers may run, what nobody may, limits, formats, errors.
// The statements are in tests/data/sql_port/.
#include "backends/store_chdb/chdb_sql_gateway.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "backends/store_chdb/chdb_store.h"
#include "backends/store_chdb/sql_files.h"
#include "backends/store_chdb/sql_names.h"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

std::vector<std::string> read_blocks(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  std::vector<std::string> blocks;
  constexpr std::string_view kLine = "\n----\n";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(kLine, at), text.size());
    blocks.push_back(text.substr(at, end - at));
    at = end + kLine.size();
  }
  while (!blocks.empty() && blocks.back().ends_with('\n')) blocks.back().pop_back();
  blocks.erase(blocks.begin());  // what the file says about itself
  return blocks;
}

class Collector : public SqlSink {
 public:
  void begin(const std::string& format) override {
    EXPECT_TRUE(this->format.empty());
    this->format = format;
  }
  bool write(std::string_view chunk, const SqlSummary&) override {
    ++chunks;
    size += chunk.size();
    longest = std::max(longest, chunk.size());
    if (keep) bytes += chunk;
    return chunks < stop_after;
  }
  std::string format, bytes;
  std::size_t chunks = 0, size = 0, longest = 0, stop_after = SIZE_MAX;
  bool keep = true;
};

// Counts who calls.
class Listener {
 public:
  Listener() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    socklen_t size = sizeof(address);
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    listen(socket_, 64);
    thread_ = std::thread([this] {
      for (int peer; (peer = accept(socket_, nullptr, nullptr)) >= 0;) {
        ++calls_;
        close(peer);
      }
    });
  }
  ~Listener() {
    shutdown(socket_, SHUT_RDWR);
    thread_.join();
    close(socket_);
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  int calls() const { return calls_; }

 private:
  int socket_;
  int port_ = 0;
  std::atomic<int> calls_{0};
  std::thread thread_;
};

struct Answer {
  int code = 0;  // 0: it went well
  std::string text, format;
  SqlSummary summary;
};

class SqlGatewayTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    path = std::filesystem::temp_directory_path() / ("weir-sql-test-" + std::to_string(getpid()));
    auto made = ChdbStore::create({.path = path / "store"});
    ASSERT_TRUE(made) << made.error().message;
    store = std::move(*made);
    auto connection = store->engine().connect();
    ASSERT_TRUE(connection);
    const auto rows =
        (*connection)
            ->query(
                "INSERT INTO weir.events (time, received_at, type, id, user_id, ip, outcome, status) VALUES"
                " (now64(3), now64(3), 'account.login', 'a', 'ann', '192.0.2.1', 'success', 0),"
                " (now64(3), now64(3), 'account.login', 'b', 'ann', '192.0.2.1', 'failure', 0),"
                " (now64(3), now64(3), 'account.login', 'c', 'ann', '192.0.2.2', 'failure', 0),"
                " (now64(3), now64(3), 'account.login', 'd', 'bob', '192.0.2.3', 'success', 0),"
                " (now64(3), now64(3), 'account.login', 'e', 'bob', '192.0.2.3', 'success', 0),"
                " (now64(3), now64(3), 'api.request', 'f', '', '192.0.2.1', '', 200),"
                " (now64(3), now64(3), 'api.request', 'g', '', '192.0.2.2', '', 500),"
                " (now64(3), now64(3), 'email.send', 'h', '', '', '', 0)");
    ASSERT_TRUE(rows) << rows.error().message;
    auto port = ChdbSqlGateway::create(store->engine(), {});
    ASSERT_TRUE(port);
    gateway = std::move(*port);
  }
  static void TearDownTestSuite() {
    gateway.reset();
    store.reset();
    std::filesystem::remove_all(path);
  }

  static Answer run(const SqlRequest& request) {
    Collector sink;
    auto done = gateway->run(request, sink, {});
    if (!done) return {done.error().code, done.error().text, sink.format, {}};
    return {0, sink.bytes, sink.format, *done};
  }
  static Answer run(const std::string& statement, SqlPairs settings = {}, SqlAccess access = SqlAccess::kRead) {
    SqlRequest request;
    request.statement = statement;
    request.settings = std::move(settings);
    request.access = access;
    return run(request);
  }
  static Answer write(const std::string& statement, std::string_view body = {}) {
    SqlRequest request;
    request.statement = statement;
    request.body = body;
    request.access = SqlAccess::kWrite;
    return run(request);
  }

  static inline std::filesystem::path path;
  static inline std::unique_ptr<ChdbStore> store;
  static inline std::unique_ptr<ChdbSqlGateway> gateway;
};

constexpr const char* kFingerprint =
    "SELECT count(), groupBitXor(cityHash64(id, user_id, ip, type)), (SELECT count() FROM weir.rejects), (SELECT "
    "groupArray((name, "
    "engine)) FROM (SELECT name, engine FROM system.tables WHERE database = 'weir' ORDER BY name)), (SELECT "
    "groupArray(name) FROM "
    "system.databases) FROM weir.events";

// Every statement of the file is refused to a reader, opens no connection, shows no file, leaves no file.
TEST_F(SqlGatewayTest, RefusesWhatIsNotReading) {
  const auto folder = path / "canary";
  std::filesystem::create_directories(folder);
  const std::string secret = "canary-" + std::to_string(getpid()) + "-7f3b";
  std::ofstream(folder / "canary.csv") << secret << "\n";
  std::ofstream(folder / "whole.txt") << secret << " ${data}\n";
  std::ofstream(folder / "line.txt") << secret << " ${x:Escaped}\n";
  Listener listener;
  const Answer before = run(kFingerprint);
  ASSERT_EQ(before.code, 0) << before.text;

  const auto blocks = read_blocks("tests/data/sql_port/refused.txt");
  ASSERT_GT(blocks.size(), 400U);
  for (std::string block : blocks) {
    replace_all(block, "@FOLDER@", folder.string());
    replace_all(block, "@HOST@", listener.address());
    SqlPairs settings;
    while (block.starts_with("## ")) {
      const std::size_t line = block.find('\n'), is = block.find('=');
      settings.emplace_back(block.substr(3, is - 3), block.substr(is + 1, line - is - 1));
      block.erase(0, line + 1);
    }
    SqlRequest request;
    request.statement = block;
    for (auto& [name, value] : settings) {
      if (name == "default_format")
        request.default_format = value;
      else
        request.settings.emplace_back(name, value);
    }
    const Answer answer = run(request);
    EXPECT_NE(answer.code, 0) << block << testing::PrintToString(settings) << "\nanswered "
                              << answer.text.substr(0, 200);
    EXPECT_THAT(answer.text, testing::Not(HasSubstr(secret))) << block;
    EXPECT_EQ(listener.calls(), 0) << block;
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files.insert(entry.path().filename());
    EXPECT_THAT(files, testing::ElementsAre("canary.csv", "line.txt", "whole.txt")) << block;
    if (HasFailure()) break;
  }
  const Answer after = run(kFingerprint);
  EXPECT_EQ(after.text, before.text);
}

TEST_F(SqlGatewayTest, AnswersReaders) {
  for (std::string block : read_blocks("tests/data/sql_port/allowed.txt")) {
    std::optional<std::string> expected;
    if (const std::size_t at = block.find("\n=> "); at != std::string::npos) {
      expected = block.substr(at + 4);
      replace_all(*expected, "\\\\", "\x01");
      replace_all(*expected, "\\n", "\n");
      replace_all(*expected, "\x01", "\\");
      block.resize(at);
    }
    const Answer answer = run(block);
    EXPECT_EQ(answer.code, 0) << block << "\n" << answer.text;
    if (!expected || answer.code != 0) continue;
    std::string text = answer.text;
    while (text.ends_with('\n')) text.pop_back();
    EXPECT_EQ(text, *expected) << block;
  }
}

// The lists name what this engine has, no more and no less: a newer engine's functions are reviewed before they run.
TEST_F(SqlGatewayTest, ListsKnowEveryNameOfTheEngine) {
  auto connection = store->engine().connect();
  ASSERT_TRUE(connection);
  const auto ask = [&](const std::string& sql) {
    auto answer = (*connection)->query(sql, "TSVRaw");
    EXPECT_TRUE(answer) << answer.error().message;
    std::set<std::string> out;
    std::istringstream in{std::string(answer->bytes())};
    for (std::string line; std::getline(in, line);) out.insert(line);
    return out;
  };
  const auto list = [](std::initializer_list<std::string_view> texts) {
    std::set<std::string> out;
    for (const std::string_view text : texts) {
      std::istringstream in{std::string(text)};
      for (std::string name; in >> name;) EXPECT_TRUE(out.insert(name).second) << name << " is listed twice";
    }
    return out;
  };
  using namespace sql_names;
  EXPECT_EQ(ask("SELECT if(case_insensitive, '~', '') || name FROM system.functions"),
            list({kFunctions, kAggregates, kRefusedFunctions}));
  EXPECT_EQ(ask("SELECT name FROM system.table_functions"), list({kTableFunctions, kRefusedTableFunctions}));
  EXPECT_EQ(ask("SELECT name FROM system.tables WHERE database = 'system'"),
            list({kSystemTables, kRefusedSystemTables}));
  EXPECT_EQ(
      ask("SELECT name FROM system.functions WHERE NOT is_aggregate AND (higher_order = 1 OR higher_order IS NULL)"),
      list({kHigherOrder}));
  EXPECT_EQ(ask("SELECT name FROM system.aggregate_function_combinators"), list({kCombinators}));
  const auto outputs = ask("SELECT name FROM system.formats WHERE is_output"),
             inputs = ask("SELECT name FROM system.formats WHERE is_input");
  for (const auto& name : list({kOutputFormats})) EXPECT_TRUE(outputs.contains(name)) << name;
  for (const auto& name : list({kInputFormats})) EXPECT_TRUE(inputs.contains(name)) << name;
  const auto settings = ask("SELECT name FROM system.settings");
  for (const auto& name : list({kSettings, kWriteSettings})) {
    EXPECT_TRUE(name.ends_with('*') || settings.contains(name)) << name;
  }
  // A word that may stand before a parenthesis as a keyword or type is no name of something refused.
  std::set<std::string> refused;
  for (std::string name : list({kRefusedFunctions})) {
    std::erase(name, '~');
    refused.insert(name);
  }
  for (const auto& name : list({kRefusedTableFunctions})) refused.insert(name);
  refused.erase("format");
  for (const auto& name : list({kKeywords, kTypes, kEngines, kTableFunctions}))
    EXPECT_FALSE(refused.contains(name)) << name;
}

TEST_F(SqlGatewayTest, WordsErrorsAsClickHouseDoes) {
  const std::vector<std::tuple<std::string, int, std::string>> table{
      {"SELEC 1", 62, "Syntax error: failed at position 1 (SELEC)"},
      {"SELECT FROM WHERE", 62, "Syntax error"},
      {"SELECT * FROM weir.no_such_table", 60, "no_such_table"},
      {"SELECT no_such_column FROM weir.events", 47, "no_such_column"},
      {"SELECT noSuchFunction(1)", 46, "noSuchFunction"},
      {"SELECT * FROM nowhere.t", 81, "nowhere"},
      {"SELECT {x:UInt32}", 456, "x"},
      {"", 62, "Empty query"},
      {"SELECT * FROM system.no_such", 60, "no_such"},
      {"SELECT throwIf(1)", 395, "throwIf"},
      {"SELECT * FROM noSuchTableFunction(1)", 46, "noSuchTableFunction"},
      {"SELECT 1; SELECT 2", 62, "Multi-statements are not allowed"},
      {"DROP TABLE weir.events", 164, "readonly"},
      {"SELECT 1 SETTINGS no_such_setting = 1", 115, "no_such_setting"},
      {"SELECT 1 SETTINGS format_schema = 'x'", 164, "format_schema"},
  };
  for (const auto& [sql, code, word] : table) {
    const Answer answer = run(sql);
    EXPECT_EQ(answer.code, code) << sql << ": " << answer.text;
    EXPECT_THAT(answer.text, StartsWith("Code: " + std::to_string(code) + ". DB::Exception: ")) << sql;
    EXPECT_THAT(answer.text, HasSubstr(word)) << sql;
    EXPECT_THAT(answer.text, HasSubstr("(version 26.")) << sql;
    EXPECT_THAT(answer.text, testing::Not(HasSubstr("formatQuerySingleLine"))) << sql;
  }
  SqlRequest request;
  request.statement = "SELECT 1";
  request.database = "nowhere";
  EXPECT_EQ(run(request).code, 81);
  EXPECT_EQ(run("SELECT 1", {{"no_such_setting", "1"}}).code, 115);
  EXPECT_EQ(run("SELECT 1", {{"no`such'setting", "1"}}).code, 115);
  EXPECT_EQ(run("SELECT 1", {{"output_format_schema", "1"}}).code, 164) << "the engine knows it, the port refuses it";
  EXPECT_EQ(run("SELECT 1", {{"", "1"}}).code, 164);
}

TEST_F(SqlGatewayTest, TakesParameters) {
  const auto with = [&](std::string sql, SqlPairs params) {
    SqlRequest request;
    request.statement = std::move(sql);
    request.params = std::move(params);
    return run(request);
  };
  EXPECT_EQ(with("SELECT {x:String}", {{"x", "' OR 1=1 --"}}).text, "\\' OR 1=1 --\n");
  EXPECT_EQ(with("SELECT {x:Array(UInt8)}", {{"x", "[1,2]"}}).text, "[1,2]\n");
  EXPECT_EQ(with("SELECT {x:UInt32}", {{"x", "five"}}).code, 457);
  EXPECT_EQ(with("SELECT count() FROM {t:Identifier}", {{"t", "weir.events"}}).text, "8\n");
  EXPECT_EQ(with("SELECT count() FROM {d:Identifier}.{t:Identifier}", {{"d", "weir"}, {"t", "events"}}).text, "8\n");
  EXPECT_EQ(with("SELECT {c:Identifier} FROM weir.events WHERE id = 'a'", {{"c", "user_id"}}).text, "ann\n");
  EXPECT_NE(with("SELECT {f:Identifier}", {{"f", "file('/etc/hostname')"}}).code, 0);
  EXPECT_NE(with("SELECT {f:Identifier}('/etc/hostname')", {{"f", "file"}}).code, 0);
  EXPECT_NE(with("SELECT arrayMap({f:Identifier}, ['/etc/hostname'])", {{"f", "file"}}).code, 0);
  EXPECT_NE(with("SELECT * FROM {f:Identifier}", {{"f", "/etc/hostname"}}).code, 0);
  EXPECT_NE(with("SELECT * FROM {f:Identifier}", {{"f", "a` UNION ALL SELECT file('/etc/hostname') --"}}).code, 0);
  EXPECT_NE(with("SELECT * FROM {f:Identifier}", {{"f", "a\\` UNION ALL SELECT file('/etc/hostname') --"}}).code, 0);
  EXPECT_NE(with("SELECT * FROM {d:Identifier}.{f:Identifier}", {{"d", "default"}, {"f", "/etc/hostname"}}).code, 0);
  EXPECT_NE(with("SELECT * FROM {f:Identifier}", {{"f", "system.users"}}).code, 0);
  EXPECT_NE(with("SELECT * FROM {f: Identifier /**/}", {{"f", "system.users"}}).code, 0);
  EXPECT_NE(with("SELECT * FROM {f:identifier}", {{"f", "system.users"}}).code, 0);
  EXPECT_EQ(with("SELECT {f:Identifier}", {}).code, 456);
}

// Statements that would take the machine down run into a limit, in time.
TEST_F(SqlGatewayTest, HoldsLimits) {
  const auto began = std::chrono::steady_clock::now();
  for (const char* sql :
       {"SELECT count() FROM numbers(100000000000000)", "SELECT groupArray(number) FROM numbers(10000000000)",
        "SELECT arrayJoin(range(100000000)) AS x ORDER BY x DESC", "SELECT repeat('x', 1000000) FROM numbers(1000000)",
        "SELECT count() FROM numbers(10000000) AS a, numbers(10000000) AS b", "SELECT length(randomString(5000000000))",
        "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count() FROM t",
        "SELECT * FROM generateRandom('a String', 1, 1000000000, 2) LIMIT 3",
        "SELECT number FROM numbers(1000000000) FORMAT JSON", "SELECT DISTINCT number FROM numbers(10000000000)",
        "SELECT * FROM system.numbers FORMAT Parquet"}) {
    const Answer answer = run(sql, {{"max_execution_time", "2"}, {"max_memory_usage", "300000000"}});
    EXPECT_THAT((std::vector{69, 128, 131, 159, 241, 306, 396}), testing::Contains(answer.code))
        << sql << ": " << answer.text.substr(0, 300);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(40));
  // The client's wish is brought inside the caps.
  EXPECT_EQ(run("SELECT getSetting('max_execution_time'), getSetting('max_memory_usage'), getSetting('max_threads')",
                {{"max_execution_time", "0"}, {"max_memory_usage", "0"}, {"max_threads", "1000"}})
                .text,
            "300\t2147483648\t8\n");
  std::string deep = "1";
  for (int i = 0; i < 20000; ++i) deep = "(" + deep + ")";
  EXPECT_NE(run("SELECT " + deep).code, 0);
  EXPECT_NE(run("SELECT " + std::string(3 << 20, '1')).code, 0);
  EXPECT_EQ(run(std::string("SELECT 1\0, 2", 12)).code, 62);
}

// Formats whose chunks are joined give what the engine gives in one piece.
TEST_F(SqlGatewayTest, JoinsChunksOfRowFormats) {
  auto connection = store->engine().connect();
  ASSERT_TRUE(connection);
  const std::string sql = "SELECT number AS \"n\"\"\nx\", toString(number) AS s FROM numbers(200000)";
  const std::string normal =
      "SELECT number AS `n\"\\nx`, toString(number) AS s FROM numbers(200000) SETTINGS max_threads = 1";
  for (const char* format :
       {"TabSeparated", "TSVWithNames", "TabSeparatedWithNamesAndTypes", "CSV", "CSVWithNames", "CSVWithNamesAndTypes",
        "JSONEachRow", "JSONCompactEachRowWithNames", "JSONCompactEachRowWithNamesAndTypes", "RowBinary",
        "RowBinaryWithNames", "RowBinaryWithNamesAndTypes", "Native", "MsgPack", "TSKV", "JSONLines"}) {
    auto whole = (*connection)->query(normal, format);
    ASSERT_TRUE(whole) << whole.error().message;
    SqlRequest request;
    request.statement = sql;
    request.default_format = format;
    request.settings = {{"max_threads", "1"}};
    Collector sink;
    auto done = gateway->run(request, sink, {});
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_GT(sink.chunks, 2U) << format;
    EXPECT_EQ(done->result_rows, 200000U);
    EXPECT_TRUE(sink.bytes == whole->bytes()) << format << " " << sink.bytes.size() << " " << whole->bytes().size();
    // No rows: still a header.
    auto empty = (*connection)->query("SELECT 1 AS x WHERE 0", format);
    ASSERT_TRUE(empty);
    request.statement = "SELECT 1 AS x WHERE 0";
    EXPECT_EQ(run(request).text, empty->bytes()) << format;
  }
  // An Arrow stream is read back by the engine.
  SqlRequest request;
  request.statement = sql;
  request.default_format = "ArrowStream";
  const Answer arrow = run(request);
  ASSERT_EQ(arrow.code, 0) << arrow.text;
  EXPECT_EQ(write("CREATE TABLE weir.arrow (`n\"\\nx` UInt64, s String) ENGINE = Memory").code, 0);
  EXPECT_EQ(write("INSERT INTO weir.arrow FORMAT ArrowStream", arrow.text).code, 0);
  EXPECT_EQ(run("SELECT count(), sum(`n\"\\nx`) FROM weir.arrow").text, "200000\t19999900000\n");
  EXPECT_EQ(write("DROP TABLE weir.arrow").code, 0);
}

TEST_F(SqlGatewayTest, StreamsInPiecesAndStopsWhenTheReaderIsGone) {
  SqlRequest request;
  request.statement = "SELECT number FROM numbers(5000000)";
  Collector sink;
  sink.keep = false;
  auto done = gateway->run(request, sink, {});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(done->result_rows, 5'000'000U);
  // The engine tells what it has read a little later than it gives the rows: on a busy machine some of the last blocks' are missing.
  EXPECT_GE(done->read_rows, 4'000'000U);
  EXPECT_LE(done->read_rows, 5'000'000U);
  EXPECT_LT(sink.longest, 2U << 20);

  request.statement = "SELECT number FROM system.numbers";
  Collector gone;
  gone.stop_after = 3;
  const auto began = std::chrono::steady_clock::now();
  done = gateway->run(request, gone, {});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, 394);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(5));

  // A statement that computes and gives nothing yet is ended from outside.
  std::stop_source source;
  request.statement = "SELECT count() FROM system.numbers";
  std::thread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    source.request_stop();
  });
  Collector none;
  const auto computing = std::chrono::steady_clock::now();
  done = gateway->run(request, none, source.get_token());
  stopper.join();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, 394) << done.error().text;
  EXPECT_LT(std::chrono::steady_clock::now() - computing, std::chrono::seconds(5));

  // Whenever the wish comes: before the statement, while it is looked at, just as it begins.
  const auto often = std::chrono::steady_clock::now();
  for (int i = 0; i < 30; ++i) {
    std::stop_source wish;
    std::jthread soon([&] {
      std::this_thread::sleep_for(std::chrono::microseconds(400 * i));
      wish.request_stop();
    });
    if (i == 0) soon.join();
    Collector nothing;
    done = gateway->run(request, nothing, wish.get_token());
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, 394) << done.error().text;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - often, std::chrono::seconds(30));
}

TEST_F(SqlGatewayTest, WritersCreateAndInsert) {
  const auto good = [](const Answer& answer) { EXPECT_EQ(answer.code, 0) << answer.text; };
  good(write("CREATE DATABASE shop"));
  good(write("CREATE TABLE shop.t (a UInt32, b String) ENGINE = MergeTree ORDER BY a"));
  good(write("INSERT INTO shop.t FORMAT TabSeparated", "1\tone\n2\ttwo;\n"));
  good(write("INSERT INTO shop.t FORMAT JSONEachRow", "{\"a\":3,\"b\":\"three\"}\n"));
  good(write("INSERT INTO shop.t VALUES (4, 'four')"));
  good(write("INSERT INTO shop.t (b, a) VALUES", "('five', 2 + 3), (lower('SIX'), 6)"));
  good(write("", "INSERT INTO shop.t SETTINGS max_insert_block_size = 10 FORMAT CSV\n7,\"se,ven\"\n"));
  good(write("/* FORMAT CSV */ insert into shop . `t` -- VALUES\n (a) format JSONEachRow {\"a\":8}"));
  good(write("INSERT INTO shop.t SELECT 9, 'nine'"));
  good(write("WITH 10 AS x INSERT INTO shop.t SELECT x, 'ten'"));
  EXPECT_EQ(run("SELECT a, b FROM shop.t ORDER BY a").text,
            "1\tone\n2\ttwo;\n3\tthree\n4\tfour\n5\tfive\n6\tsix\n7\tse,ven\n8\t\n9\tnine\n10\tten\n");
  good(write("ALTER TABLE shop.t ADD COLUMN c UInt8 DEFAULT 1, DROP COLUMN b"));
  good(write("OPTIMIZE TABLE shop.t FINAL"));
  good(write("CREATE VIEW shop.v AS SELECT count() AS n FROM shop.t"));
  good(write("CREATE TABLE shop.m (n UInt64) ENGINE = SummingMergeTree ORDER BY tuple()"));
  good(write("CREATE MATERIALIZED VIEW shop.mv TO shop.m AS SELECT count() AS n FROM shop.t"));
  good(write("DELETE FROM shop.t WHERE a = 1"));
  EXPECT_EQ(run("SELECT n FROM shop.v").text, "9\n");
  good(write("TRUNCATE TABLE shop.t"));
  good(write("DROP TABLE shop.mv"));

  Listener listener;
  for (std::string block : read_blocks("tests/data/sql_port/refused_to_writers.txt")) {
    replace_all(block, "@FOLDER@", (path / "canary").string());
    replace_all(block, "@HOST@", listener.address());
    EXPECT_NE(write(block).code, 0) << block;
    EXPECT_EQ(listener.calls(), 0) << block;
  }
  EXPECT_EQ(run("SELECT count() FROM shop.t").text, "0\n");
  EXPECT_EQ(
      run("SELECT groupArray(name) FROM (SELECT name FROM system.tables WHERE database = 'shop' ORDER BY name)").text,
      "['m','t','v']\n");
  good(write("DROP DATABASE shop"));
}

// A Weir that has this one as its ClickHouse server sends its migrations here.
TEST_F(SqlGatewayTest, WritersRunWeirsOwnMigrations) {
  for (const SqlFile& file : sql_files()) {
    std::string text(file.text);
    replace_all(text, "{database}", "other");
    EXPECT_EQ(write("CREATE DATABASE IF NOT EXISTS other").code, 0);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(";\n", at), text.size());
      const std::string statement = text.substr(at, end - at);
      at = end + 2;
      if (statement.find_first_not_of(" \n") == std::string::npos) continue;
      const Answer answer = write(statement);
      EXPECT_EQ(answer.code, 0) << statement << "\n" << answer.text;
    }
  }
  EXPECT_EQ(run("SELECT count() > 3 FROM system.tables WHERE database = 'other'").text, "1\n");
  EXPECT_EQ(write("INSERT INTO other.events (id) SETTINGS insert_deduplication_token = 'x' FORMAT JSONEachRow",
                  "{\"id\":\"1\"}")
                .code,
            0);
  EXPECT_EQ(write("INSERT INTO other.events (id) SETTINGS insert_deduplication_token = 'x' FORMAT JSONEachRow",
                  "{\"id\":\"1\"}")
                .code,
            0);
  EXPECT_EQ(run("SELECT count() FROM other.events").text, "1\n");
  EXPECT_EQ(write("ALTER TABLE other.events DROP PARTITION '19700101'").code, 0);
  EXPECT_EQ(write("DROP DATABASE other").code, 0);
}

TEST_F(SqlGatewayTest, RunsStatementsBesideEachOtherAndLimitsThem) {
  std::vector<std::thread> threads;
  threads.reserve(40);
  std::atomic<int> good{0}, refused{0};
  for (int i = 0; i < 40; ++i) {
    threads.emplace_back([&, i] {
      const Answer answer =
          run("SELECT " + std::to_string(i) + ", sum(number) FROM numbers(20000000)", {{"max_threads", "1"}});
      if (answer.code == 0 && answer.text == std::to_string(i) + "\t199999990000000\n") ++good;
      if (answer.code == 202) ++refused;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good + refused, 40);
  EXPECT_GE(good, 16);
}

}  // namespace
}  // namespace weir

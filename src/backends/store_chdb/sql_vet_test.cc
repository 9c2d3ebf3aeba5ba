// The vetting without an engine; with one, and with several hundred statements: chdb_sql_gateway_test.cc.
#include "backends/store_chdb/sql_vet.h"

#include <gtest/gtest.h>

#include "backends/store_chdb/sql_chunks.h"
#include "backends/store_chdb/sql_fault.h"
#include "backends/store_chdb/sql_insert.h"
#include "backends/store_chdb/sql_settings.h"

namespace weir {
namespace {

int read_code(std::string_view normal, std::string_view database = "weir") {
  auto vetted = vet_statement(normal, SqlAccess::kRead, database);
  return vetted ? 0 : vetted.error().code;
}
int write_code(std::string_view normal) {
  auto vetted = vet_statement(normal, SqlAccess::kWrite, "weir");
  return vetted ? 0 : vetted.error().code;
}

// What the engine would never print is not understood, whatever it means: a second reading of a text has no room.
TEST(SqlVet, RefusesWhatIsNotTheEnginesSpelling) {
  for (const char* text : {"SELECT 1 -- x", "SELECT 1 /* x */", "SELECT $$x$$", "SELECT \"x\"", "SELECT 1;",
                           "SELECT 'x", "SELECT `x", "SELECT (1", "SELECT 1)", "SELECT [1)", "SELECT {x}",
                           "SELECT 1 # x", "SELECT \xc2\xa0 1", "SELECT {a b:String}"}) {
    EXPECT_EQ(read_code(text), sql_code::kAccessDenied) << text;
  }
  EXPECT_EQ(read_code(""), sql_code::kSyntaxError);
}

TEST(SqlVet, TakesTheClausesApart) {
  auto vetted = vet_statement(
      "SELECT 'FORMAT CSV' AS x SETTINGS max_threads = 2, output_format_json_quote_denormals = true FORMAT JSON",
      SqlAccess::kRead, "weir");
  ASSERT_TRUE(vetted) << vetted.error().text;
  EXPECT_EQ(vetted->kind, StatementKind::kSelect);
  EXPECT_EQ(vetted->format, "JSON");
  EXPECT_EQ(vetted->text,
            "SELECT 'FORMAT CSV' AS x SETTINGS max_threads = 2, output_format_json_quote_denormals = true");
  EXPECT_EQ(vetted->settings, (SqlPairs{{"max_threads", "2"}, {"output_format_json_quote_denormals", "1"}}));
  vetted = vet_statement("SELECT 1 FORMAT CSV SETTINGS max_threads = 2", SqlAccess::kRead, "weir");
  ASSERT_TRUE(vetted);
  EXPECT_EQ(vetted->text, "SELECT 1  SETTINGS max_threads = 2");
  vetted = vet_statement("INSERT INTO shop.t (a, b) SETTINGS async_insert = 0 FORMAT CSV", SqlAccess::kWrite, "weir");
  ASSERT_TRUE(vetted) << vetted.error().text;
  EXPECT_EQ(vetted->kind, StatementKind::kInsertData);
  EXPECT_EQ(vetted->text, "INSERT INTO shop.t (a, b) SETTINGS async_insert = 0");
}

TEST(SqlVet, KnowsWhatCallsWhat) {
  EXPECT_EQ(read_code("SELECT count(x), sumIf(x, y), quantilesTDigestIfOrNull(0.5)(x, y)"), 0);
  EXPECT_EQ(read_code("SELECT file('x')"), sql_code::kAccessDenied);
  EXPECT_EQ(read_code("SELECT `file`('x')"), sql_code::kAccessDenied);
  EXPECT_EQ(read_code("SELECT file ('x')"), sql_code::kAccessDenied);
  EXPECT_EQ(read_code("SELECT noSuch('x')"), sql_code::kUnknownFunction);
  EXPECT_EQ(read_code("SELECT fileIf('x', 1)"), sql_code::kUnknownFunction);
  EXPECT_EQ(read_code("SELECT file FROM t"), 0);
  EXPECT_EQ(read_code("SELECT upper(file) FROM t"), 0);
  EXPECT_EQ(read_code("SELECT arrayMap(file, x) FROM t"), sql_code::kAccessDenied);
  EXPECT_EQ(read_code("SELECT arrayMap(x -> x, t.file) FROM t"), 0);
  EXPECT_EQ(read_code("SELECT * APPLY file FROM t"), sql_code::kAccessDenied);
  EXPECT_EQ(read_code("SELECT * APPLY (file) FROM t"), sql_code::kAccessDenied);
  EXPECT_EQ(read_code("SELECT * APPLY x -> noSuch(x) FROM t"), sql_code::kUnknownFunction);
}

TEST(SqlVet, KnowsWhichTablesAreFiles) {
  EXPECT_EQ(read_code("SELECT * FROM `/etc/passwd`"), 0);  // a name in the current database, which holds no files
  EXPECT_EQ(read_code("SELECT * FROM default.`/etc/passwd`"), sql_code::kAccessDenied);
  EXPECT_EQ(read_code("SELECT * FROM `default`.x"), sql_code::kAccessDenied);
  EXPECT_EQ(read_code("SELECT * FROM system.users"), sql_code::kAccessDenied);
  EXPECT_EQ(read_code("SELECT * FROM system.tables"), 0);
  EXPECT_EQ(read_code("SELECT * FROM system.nothing"), sql_code::kUnknownTable);
  EXPECT_EQ(read_code("SELECT * FROM users", "system"), sql_code::kAccessDenied);
  EXPECT_EQ(read_code("SELECT * FROM users", "weir"), 0);
}

TEST(SqlVet, LetsWritersWriteTablesAlone) {
  EXPECT_EQ(read_code("DROP TABLE weir.events"), sql_code::kReadonly);
  EXPECT_EQ(write_code("DROP TABLE weir.events"), 0);
  EXPECT_EQ(write_code("DROP TABLE weir.events, system.one"), sql_code::kAccessDenied);
  EXPECT_EQ(write_code("CREATE TABLE t (`a` UInt8) ENGINE = Memory"), 0);
  EXPECT_EQ(write_code("CREATE TABLE t (`a` UInt8) ENGINE = File(CSV)"), sql_code::kAccessDenied);
  EXPECT_EQ(write_code("ALTER TABLE t (FREEZE)"), sql_code::kAccessDenied);
  EXPECT_EQ(write_code("ALTER TABLE t (DROP COLUMN a), (DELETE WHERE 1)"), 0);
  EXPECT_EQ(write_code("ALTER TABLE t (DROP COLUMN a), (FREEZE)"), sql_code::kAccessDenied);
}

TEST(SqlVet, JudgesSettings) {
  const auto judge = [](std::string_view name, std::string value, bool clamp = true) {
    auto use = vet_setting(name, value, SqlAccess::kRead, SqlCaps{}, clamp);
    return use ? (*use == SettingUse::kApply ? "apply " + value : "ignore") : "refuse";
  };
  EXPECT_EQ(judge("max_threads", "2"), "apply 2");
  EXPECT_EQ(judge("max_threads", "100"), "apply 8");
  EXPECT_EQ(judge("max_threads", "100", false), "refuse");
  EXPECT_EQ(judge("max_execution_time", "0"), "apply 300");
  EXPECT_EQ(judge("max_execution_time", "0.5"), "apply 0.5");
  EXPECT_EQ(judge("max_execution_time", "-1"), "refuse");
  EXPECT_EQ(judge("max_execution_time", "1e99"), "apply 300");
  EXPECT_EQ(judge("max_execution_time", "nan"), "apply 300");
  EXPECT_EQ(judge("readonly", "0"), "refuse");
  EXPECT_EQ(judge("readonly", "2"), "ignore");
  EXPECT_EQ(judge("output_format_schema", "/x"), "refuse");
  EXPECT_EQ(judge("output_format_json_array_of_rows", "1"), "apply 1");
  EXPECT_EQ(judge("input_format_null_as_default", "1"), "refuse");
  EXPECT_EQ(judge("wait_end_of_query", "1"), "refuse");  // the HTTP side takes it before
  EXPECT_EQ(judge("send_progress_in_http_headers", "1"), "ignore");
  EXPECT_EQ(judge("session_timezone", "Europe/Berlin"), "apply Europe/Berlin");
  EXPECT_EQ(judge("session_timezone", "../x"), "refuse");
}

TEST(SqlVet, FindsWhereRowsBegin) {
  const auto split = [](std::string_view text) {
    auto parts = split_insert(text);
    return parts ? std::string(parts->head) + "|" + std::string(parts->rows) : "-";
  };
  EXPECT_EQ(split("INSERT INTO t VALUES (1)"), "INSERT INTO t VALUES| (1)");
  EXPECT_EQ(split("insert into t(a) format CSV\n\n1"), "insert into t(a) format CSV|\n1");
  EXPECT_EQ(split("INSERT INTO t FORMAT CSV 1"), "INSERT INTO t FORMAT CSV|1");
  EXPECT_EQ(split("INSERT INTO t FORMAT Values (1)"), "INSERT INTO t FORMAT Values| (1)");
  EXPECT_EQ(split("INSERT INTO `values` (`format`) VALUES(1)"), "INSERT INTO `values` (`format`) VALUES|(1)");
  EXPECT_EQ(split("INSERT INTO values.format VALUES(1)"), "INSERT INTO values.format VALUES|(1)");
  EXPECT_EQ(split("/* VALUES /* x */ */ INSERT -- VALUES\nINTO t # FORMAT x\n VALUES (1)"),
            "/* VALUES /* x */ */ INSERT -- VALUES\nINTO t # FORMAT x\n VALUES| (1)");
  EXPECT_EQ(split("INSERT INTO t SELECT 1 AS format FORMAT CSV"), "-");
  EXPECT_EQ(split("SELECT 1 FORMAT CSV"), "-");
  EXPECT_EQ(split("INSERT INTO t"), "-");
  EXPECT_EQ(split("INSERT INTO FUNCTION file('x') VALUES (1)"), "INSERT INTO FUNCTION file('x') VALUES| (1)");
}

TEST(SqlVet, KnowsPlainValues) {
  EXPECT_TRUE(are_plain_values("(1, 'file(x)', now(), 1 + 2, NULL)"));
  EXPECT_FALSE(are_plain_values("(file('x'))"));
  EXPECT_FALSE(are_plain_values("(FILE ('x'))"));
  EXPECT_FALSE(are_plain_values("(`file`('x'))"));
  EXPECT_FALSE(are_plain_values("(\"file\"('x'))"));
  EXPECT_FALSE(are_plain_values("(arrayMap(file, ['x']))"));
  EXPECT_FALSE(are_plain_values("((SELECT 1))"));
  EXPECT_FALSE(are_plain_values("(1 /* x */)"));
  EXPECT_FALSE(are_plain_values("('x)"));
}

TEST(SqlVet, PutsIdentifiersIn) {
  const auto put = [](std::string_view value) {
    return put_identifiers("SELECT {x:Identifier} FROM t", {{"x", std::string(value)}}).value();
  };
  EXPECT_EQ(put("a"), "SELECT `a` FROM t");
  EXPECT_EQ(put("a.b"), "SELECT `a`.`b` FROM t");
  EXPECT_EQ(put("a`b\\"), "SELECT `a\\`b\\\\` FROM t");
  EXPECT_EQ(put("/etc/x.csv"), "SELECT `/etc/x.csv` FROM t");
  EXPECT_EQ(put("a..b"), "SELECT `a..b` FROM t");
  EXPECT_EQ(put_identifiers("SELECT {x:Identifier}", {}).error().code, sql_code::kUnknownParameter);
}

TEST(ChunkJoiner, TakesOutWhatRepeats) {
  auto csv = ChunkJoiner::of("CSVWithNames");
  ASSERT_TRUE(csv);
  EXPECT_EQ(csv->next("\"a\nb\"\n1\n"), "\"a\nb\"\n1\n");
  EXPECT_EQ(csv->next("\"a\nb\"\n2\n"), "2\n");
  auto binary = ChunkJoiner::of("RowBinaryWithNamesAndTypes");
  ASSERT_TRUE(binary);
  const std::string head("\x01\x01x\x05UInt8", 9);
  EXPECT_EQ(binary->next(head + "\x01"), head + "\x01");
  EXPECT_EQ(binary->next(head + "\x02"), "\x02");
  auto truncated = ChunkJoiner::of("RowBinaryWithNames");
  EXPECT_EQ(truncated->next("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff");
  EXPECT_FALSE(ChunkJoiner::of("JSON"));
  EXPECT_FALSE(ChunkJoiner::of("Parquet"));
}

}  // namespace
}  // namespace weir

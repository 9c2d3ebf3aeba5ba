#include "backends/store_chdb/chdb_store.h"

#include <charconv>
#include <future>
#include <sstream>

#include "backends/store_chdb/sql_files.h"
#include "base/check.h"
#include "base/fail_point.h"

namespace weir {
namespace {

constexpr std::chrono::seconds kConnectionWait{10};

/// `x` with backquotes, for a name that comes from the settings.
std::string quoted_name(std::string_view x) {
  std::string out = "`";
  for (char c : x) {
    if (c == '`' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "`";
}

std::string quoted_text(std::string_view x) {
  std::string out = "'";
  for (char c : x) {
    if (c == '\'' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "'";
}

/// Statements of a migration: comment lines dropped, {database} put in, cut at semicolons at a line's end.
std::vector<std::string> statements_of(std::string_view file, const std::string& database) {
  std::vector<std::string> out;
  std::string statement;
  std::istringstream lines{std::string(file)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("--")) continue;
    for (std::size_t at; (at = line.find("{database}")) != std::string::npos;)
      line.replace(at, 10, quoted_name(database));
    statement += line;
    if (line.ends_with(';')) {
      statement.pop_back();
      out.push_back(std::move(statement));
      statement.clear();
    } else {
      statement += '\n';
    }
  }
  WEIR_CHECK(statement.find_first_not_of(" \n") == std::string::npos, "a migration ends without a semicolon: {}",
             statement);
  return out;
}

template <class T>
Result<T> number(std::string_view text) {
  T value{};
  if (std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc()) {
    return fail(Code::kInternal, "the store answered \"" + std::string(text) + "\" where a number was expected");
  }
  return value;
}

}  // namespace

ChdbStore::ChdbStore(Options options, std::shared_ptr<Engine> engine)
    : options_(std::move(options)),
      engine_(std::move(engine)),
      writers_(*engine_, 3,
               {"USE " + quoted_name(options_.database), "SET max_partitions_per_insert_block = 0",
                "SET max_insert_threads = 1",
                // The worker makes one row a key: there is nothing to join within a block.
                "SET optimize_on_insert = 0"}),
      readers_(*engine_, options_.readers, {"USE " + quoted_name(options_.database), "SET readonly = 2"}) {}

ChdbStore::~ChdbStore() = default;

Result<std::unique_ptr<ChdbStore>> ChdbStore::create(const Options& options) {
  WEIR_TRY_ASSIGN(std::shared_ptr<Engine> engine, Engine::open(options.path));
  return create_in(options, std::move(engine));
}

Result<std::unique_ptr<ChdbStore>> ChdbStore::sibling(const std::string& database) {
  Options options = options_;
  options.database = database;
  return create_in(options, engine_);
}

Result<std::unique_ptr<ChdbStore>> ChdbStore::create_in(const Options& options, std::shared_ptr<Engine> engine) {
  WEIR_TRY_ASSIGN(auto first, engine->connect());
  if (auto made = first->query("CREATE DATABASE IF NOT EXISTS " + quoted_name(options.database) + " ENGINE = Atomic");
      !made) {
    return fail(made.error(), "making the database " + options.database);
  }
  std::unique_ptr<ChdbStore> store(new ChdbStore(options, std::move(engine)));
  WEIR_TRY(store->migrate());
  return store;
}

Status ChdbStore::migrate() {
  WEIR_TRY_ASSIGN(auto connection, writers_.take(kConnectionWait));
  auto run = [&](std::string_view sql, const char* doing) -> Status {
    if (auto done = connection->query(sql); !done) return fail(done.error(), doing);
    return {};
  };
  WEIR_TRY(
      run("CREATE TABLE IF NOT EXISTS schema_migrations (version UInt32, applied_at DateTime64(3, 'UTC')) ENGINE = "
          "MergeTree ORDER BY version",
          "reading the version of the tables"));
  auto answer = connection->query("SELECT max(version) FROM schema_migrations");
  if (!answer) return fail(answer.error(), "reading the version of the tables");
  WEIR_TRY_ASSIGN(const unsigned version, number<unsigned>(answer->bytes()));
  const auto& files = sql_files();
  if (version > files.size()) {
    return fail(Code::kConflict, "The data directory was written by a newer Weir (tables of version " +
                                     std::to_string(version) + ", this one knows " + std::to_string(files.size()) +
                                     "). Use the newer program, or another --data-dir.");
  }
  for (unsigned next = version + 1; next <= files.size(); ++next) {
    for (const std::string& statement : statements_of(files[next - 1].text, options_.database)) {
      WEIR_TRY(fail_point("store.migrate", files[next - 1].name));
      if (auto done = connection->query(statement); !done)
        return fail(done.error(), std::string("migration ") + std::string(files[next - 1].name));
    }
    WEIR_TRY(fail_point("store.migrated", files[next - 1].name));
    WEIR_TRY(
        run("INSERT INTO schema_migrations VALUES (" + std::to_string(next) + ", now64(3))", "recording a migration"));
  }
  return {};
}

Status ChdbStore::insert_one(const TableBlock& block, std::string_view token) {
  WEIR_TRY(fail_point("store.insert", block.table));
  WEIR_TRY_ASSIGN(auto connection, writers_.take(kConnectionWait));
  const std::string sql = "INSERT INTO " + quoted_name(block.table) + " (" + block.columns +
                          ") SETTINGS insert_deduplication_token = " + quoted_text(token);
  if (auto done = connection->insert(sql, "Native", block.native); !done) {
    return fail(done.error(), "writing " + std::to_string(block.rows) + " rows to " + block.table);
  }
  WEIR_TRY(sync_tokens(block.table));
  return fail_point("store.inserted", block.table);
}

Status ChdbStore::sync_tokens(const std::string& table) {
  TokenSync* sync = nullptr;
  {
    std::lock_guard lock(token_syncs_mutex_);
    std::unique_ptr<TokenSync>& slot = token_syncs_[table];
    if (!slot) {
      WEIR_TRY_ASSIGN(const std::string folder,
                      ask("SELECT data_paths[1] FROM system.tables WHERE database = currentDatabase() AND name = " +
                          quoted_text(table)));
      slot = std::make_unique<TokenSync>(folder);
    }
    sync = slot.get();
  }
  return sync->sync();
}

Status ChdbStore::insert(const std::vector<TableBlock>& blocks, std::string_view token) {
  if (blocks.size() == 1) return insert_one(blocks[0], token);
  // The tables' fixed costs overlap: one thread a table, the first on this one.
  std::vector<std::future<Status>> others;
  for (std::size_t i = 1; i < blocks.size(); ++i) {
    others.push_back(std::async(std::launch::async, [&, i] { return insert_one(blocks[i], token); }));
  }
  Status result = blocks.empty() ? Status() : insert_one(blocks[0], token);
  for (auto& other : others) {
    if (Status status = other.get(); !status && result) result = std::move(status);
  }
  return result;
}

Result<std::string> ChdbStore::select(const Select& select) {
  WEIR_TRY(fail_point("store.select"));
  WEIR_TRY_ASSIGN(auto connection,
                  readers_.take(std::min<std::chrono::milliseconds>(select.limits.time, kConnectionWait)));
  const std::string sql = select.sql + "\nSETTINGS max_execution_time = " +
                          std::to_string(static_cast<double>(select.limits.time.count()) / 1000.0) +
                          ", max_memory_usage = " + std::to_string(select.limits.memory_bytes) +
                          ", max_threads = " + std::to_string(select.limits.threads);
  auto answer = connection->query(sql, select.format, select.params);
  if (!answer) return std::unexpected(std::move(answer).error());
  return std::string(answer->bytes());
}

Result<std::string> ChdbStore::ask(std::string_view sql) {
  WEIR_TRY_ASSIGN(auto connection, readers_.take(kConnectionWait));
  auto answer = connection->query(sql);
  if (!answer) return std::unexpected(std::move(answer).error());
  std::string text(answer->bytes());
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Result<std::string> ChdbStore::check() {
  WEIR_TRY_ASSIGN(const std::string version, ask("SELECT version()"));
  WEIR_TRY(ask("SELECT count() FROM events"));
  return "libchdb " + version;
}

Result<TableCounts> ChdbStore::counts() {
  WEIR_TRY_ASSIGN(const std::string text,
                  ask("SELECT (SELECT count() FROM events), (SELECT count() FROM rejects), "
                      "(SELECT sum(events) FROM rollups WHERE step = 3600 AND dimension = '')"));
  TableCounts counts;
  std::istringstream in(text);
  if (!(in >> counts.stored >> counts.rejected >> counts.rolled_up))
    return fail(Code::kInternal, "counting rows answered \"" + text + "\"");
  return counts;
}

Result<std::vector<StorePartition>> ChdbStore::partitions() {
  WEIR_TRY_ASSIGN(const std::string text,
                  ask("SELECT partition_id, sumIf(rows, table = 'events') FROM system.parts WHERE active AND "
                      "database = currentDatabase() AND table IN ('events', 'rejects') GROUP BY partition_id ORDER BY "
                      "partition_id"));
  std::vector<StorePartition> out;
  std::istringstream in(text);
  for (StorePartition p; in >> p.id >> p.rows;) out.push_back(p);
  return out;
}

Status ChdbStore::drop_partition(const std::string& id) {
  WEIR_TRY_ASSIGN(auto connection, writers_.take(kConnectionWait));
  for (const char* table : {"events", "rejects"}) {
    WEIR_TRY(fail_point("store.drop", table));
    if (auto done = connection->query("ALTER TABLE " + std::string(table) + " DROP PARTITION ID " + quoted_text(id));
        !done) {
      return fail(done.error(), "removing the day " + id + " from " + table);
    }
  }
  return {};
}

Result<std::uint64_t> ChdbStore::disk_bytes() {
  WEIR_TRY_ASSIGN(const std::string text,
                  ask("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = currentDatabase()"));
  return number<std::uint64_t>(text);
}

}  // namespace weir

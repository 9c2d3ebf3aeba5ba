#include "backends/store_chdb/chdb_sql_gateway.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "backends/store_chdb/sql_chunks.h"
#include "backends/store_chdb/sql_fault.h"
#include "backends/store_chdb/sql_insert.h"
#include "backends/store_chdb/sql_settings.h"
#include "backends/store_chdb/sql_vet.h"

namespace weir {
namespace {

// A literal in single quotes.
std::string quoted(std::string_view text, char quote = '\'') {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') out += '\\';
    if (c == '\0') {
      out += "\\0";
    } else {
      out += c;
    }
  }
  out += quote;
  return out;
}

// A parameter's value as the engine reads it: a field of TabSeparated.
std::string as_field(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  for (const char c : text) {
    switch (c) {
      case '\\': out += "\\\\"; break;
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\0': out += "\\0"; break;
      default: out += c;
    }
  }
  return out;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n\f\v") == std::string_view::npos; }

// Parameters in the shape that the C interface takes.
struct ParamArrays {
  explicit ParamArrays(const SqlPairs& params) {
    for (const auto& [name, value] : params) {
      names.push_back(name.data());
      name_sizes.push_back(name.size());
      values.push_back(value.data());
      value_sizes.push_back(value.size());
    }
  }
  std::vector<const char*> names, values;
  std::vector<std::size_t> name_sizes, value_sizes;
};

}  // namespace

// One statement on its way through the engine.
class ChdbSqlGateway::Session {
 public:
  Session(ChdbSqlGateway& gateway, const SqlRequest& request, SqlSink& sink, std::stop_token stop)
      : gateway_(gateway), options_(gateway.options_), request_(request), sink_(sink), stop_(std::move(stop)) {}

  std::expected<SqlSummary, SqlFault> run() {
    auto answer = steps();
    summary_.elapsed = std::chrono::steady_clock::now() - began_;
    if (!answer) return std::unexpected(worded(std::move(answer.error())));
    return summary_;
  }

 private:
  using Step = std::expected<void, SqlFault>;

  // An error of the engine, or of the vetting, as ClickHouse's HTTP interface shows it.
  SqlFault worded(SqlFault fault) const {
    std::string& text = fault.text;
    // The statement was parsed inside of a function, which is nobody's business.
    if (const std::size_t at = text.find(": In scope SELECT formatQuerySingleLine("); at != std::string::npos) {
      const std::size_t end = text.rfind(". (");
      if (end != std::string::npos && end > at) text.replace(at, end - at, "");
    }
    // Errors that crossed a thread carry their number twice.
    const std::string head = fmt::format("Code: {}. DB::Exception: ", fault.code);
    while (text.starts_with(head + head)) text.erase(0, head.size());
    if (text.find("(version ") == std::string::npos) text += fmt::format(" (version {})", gateway_.version_);
    return fault;
  }

  std::unexpected<SqlFault> engine_fault(std::string_view message) const {
    if (stop_.stop_requested()) return std::unexpected(make_sql_fault(sql_code::kCancelled, "Query was cancelled"));
    const int code = clickhouse_error_number(message);
    // 1002 is UNKNOWN_EXCEPTION.
    if (code == 0) return std::unexpected(SqlFault{1002, fmt::format("Code: 1002. DB::Exception: {}", message)});
    return std::unexpected(SqlFault{code, std::string(message.substr(message.find("Code: ")))});
  }

  std::expected<EngineResult, SqlFault> ask(std::string_view sql, std::string_view format = "TSVRaw",
                                            const std::map<std::string, std::string>& params = {}) {
    auto answer = connection_->query(sql, format, params);
    if (!answer) return engine_fault(answer.error().message);
    return std::move(*answer);
  }

  Step steps() {
    // Where the rows of an INSERT begin decides what is statement. A query in the URL that is whole leaves the body to the rows.
    std::string joined;
    std::string_view text = request_.statement;
    std::string_view rows_ahead, rows;
    auto parts = split_insert(text);
    if (parts) {
      text = parts->head;
      rows_ahead = parts->rows;
      rows = request_.body;
    } else {
      if (is_blank(text)) {
        text = request_.body;
      } else if (!request_.body.empty()) {
        joined = request_.statement;
        joined += '\n';
        joined += request_.body;
        text = joined;
      }
      parts = split_insert(text);
      if (parts) {
        text = parts->head;
        rows = parts->rows;
      }
    }
    if (text.size() > options_.statement_bytes) {
      return std::unexpected(make_sql_fault(
          sql_code::kSyntaxError,
          fmt::format("Syntax error: Max query size exceeded: the statement has {} bytes, the most is {}", text.size(),
                      options_.statement_bytes)));
    }
    if (text.find('\0') != std::string_view::npos) {
      return std::unexpected(make_sql_fault(sql_code::kSyntaxError, "Syntax error: a NUL byte in the statement"));
    }

    auto connection = gateway_.engine_.connect();
    if (!connection) return engine_fault(connection.error().message);
    connection_ = std::move(*connection);

    if (auto done = ask(fmt::format("SET implicit_select = 0, max_query_size = {}", options_.statement_bytes * 2));
        !done) {
      return std::unexpected(done.error());
    }
    auto normal = normalised(text);
    if (!normal) return std::unexpected(normal.error());
    const std::string database =
        request_.database.empty() || request_.database == "default" ? options_.database : request_.database;
    auto vetted = vet_statement(*normal, request_.access, database);
    if (!vetted) return std::unexpected(unless_unknown(vetted.error()));
    if (auto sure = judge_class(*normal, vetted->kind); !sure) return sure;

    const bool values = vetted->kind == StatementKind::kInsertData && vetted->format == "Values";
    const bool expressions =
        values && rows.size() <= options_.statement_bytes && are_plain_values(rows_ahead) && are_plain_values(rows);
    const std::string format = !vetted->format.empty()            ? vetted->format
                               : !request_.default_format.empty() ? request_.default_format
                                                                  : "TabSeparated";
    std::optional<ChunkJoiner> joiner;
    if (vetted->kind == StatementKind::kSelect && !vetted->totals) joiner = ChunkJoiner::of(format);
    if (auto done = set_up(*vetted, database, expressions, !joiner); !done) return done;
    if (vetted->kind == StatementKind::kInsertData) return insert(*vetted, rows_ahead, rows);
    if (!is_output_format(format)) {
      return std::unexpected(make_sql_fault(sql_code::kUnknownFormat,
                                            fmt::format("Unknown format {}, or one that is not given here", format)));
    }
    if (joiner && !extremes_) return stream(vetted->text, format, *joiner);
    return whole(vetted->text, format);
  }

  // The engine's own spelling of the one statement in `text`.
  std::expected<std::string, SqlFault> normalised(std::string_view text) {
    auto normal = spelled(text);
    if (!normal || normal->find(":Identifier}") == std::string::npos) return normal;
    // Names that come as parameters are put in, and the whole is spelled again: what is vetted is what runs.
    auto filled = put_identifiers(*normal, request_.params);
    if (!filled) return std::unexpected(filled.error());
    return spelled(*filled);
  }

  std::expected<std::string, SqlFault> spelled(std::string_view text) {
    auto answer = ask("SELECT formatQuerySingleLine({statement:String})", "TSVRaw", {{"statement", as_field(text)}});
    if (!answer) return std::unexpected(answer.error());
    std::string normal(answer->bytes());
    while (normal.ends_with('\n')) normal.pop_back();
    return normal;
  }

  // A refused setting that the engine does not know either is an error of its own, in the engine's words.
  SqlFault unless_unknown(SqlFault fault) {
    constexpr std::string_view kHead = "Code: 164. DB::Exception: Cannot modify '";
    if (!fault.text.starts_with(kHead)) return fault;
    const std::string name = fault.text.substr(kHead.size(), fault.text.find("' setting", kHead.size()) - kHead.size());
    const auto known =
        ask("SELECT (SELECT count() FROM system.settings WHERE name = {name:String}) + "
            "(SELECT count() FROM system.merge_tree_settings WHERE name = {name:String})",
            "TSVRaw", {{"name", as_field(name)}});
    if (!known || known->bytes() != "0\n") return fault;
    auto unknown = ask(fmt::format("SET {} = 1", quoted(name, '`')));
    return !unknown && unknown.error().code == sql_code::kUnknownSetting ? unknown.error() : fault;
  }

  // The engine's own opinion, as a second one.
  Step judge_class(const std::string& normal, StatementKind kind) {
    ChdbQueryAnalysis analysis;
    const bool answered = connection_->library().classify_query_n(connection_->handle(), normal.data(), normal.size(),
                                                                  nullptr, 0, &analysis) == 0;
    const bool reads = kind == StatementKind::kSelect || kind == StatementKind::kShow;
    if (!answered || analysis.statement_count != 1 || analysis.query_class != (reads ? 0U : 1U)) {
      return std::unexpected(make_sql_fault(
          sql_code::kReadonly,
          fmt::format("Cannot execute query in readonly mode: the engine takes this for {} statements of class {}",
                      analysis.statement_count, analysis.query_class)));
    }
    return {};
  }

  // Settings, limits and database of the session; then the lock.
  Step set_up(const VettedStatement& vetted, const std::string& database, bool expressions, bool document) {
    std::map<std::string, std::string> settings{
        {"max_execution_time", std::to_string(options_.seconds)},
        {"max_memory_usage", std::to_string(options_.memory_bytes)},
        {"max_threads", std::to_string(options_.threads)},
        {"allow_introspection_functions", "0"},
    };
    for (const auto& [name, wish] : request_.settings) {
      std::string value = wish;
      auto use = vet_setting(name, value, request_.access, options_.caps, true);
      if (!use) return std::unexpected(unless_unknown(use.error()));
      if (*use == SettingUse::kApply) settings[name] = std::move(value);
    }
    for (const auto& [name, value] : vetted.settings) settings[name] = value;
    // Expressions among the rows are not part of what was vetted; the engine reads them in two ways, each with its switch.
    for (const char* name :
         {"input_format_values_interpret_expressions", "input_format_values_deduce_templates_of_expressions"}) {
      if (expressions) continue;
      const bool wanted =
          std::ranges::any_of(vetted.settings, [&](const auto& one) { return one.first == name && one.second != "0"; });
      if (wanted) {
        return std::unexpected(make_sql_fault(
            sql_code::kReadonly,
            fmt::format("Cannot modify '{}' setting: the rows hold expressions that this port does not let through",
                        name)));
      }
      settings[name] = "0";
    }
    if (const auto wish = settings.find("extremes"); wish != settings.end())
      extremes_ = wish->second != "0" && wish->second != "false";
    // An answer that is held whole is bounded; the client's own bound may be tighter.
    if (document || extremes_) {
      const std::string most = std::to_string(options_.document_bytes);
      std::string& bound = settings.try_emplace("max_result_bytes", most).first->second;
      if (bound == "0" || bound.size() > most.size() || (bound.size() == most.size() && bound > most)) bound = most;
    }
    // By this mark the statement is found when it must be ended.
    mark_ = fmt::format("weir-sql-{}-{}", getpid(), gateway_.next_mark_.fetch_add(1));
    settings["log_comment"] = mark_;

    if (auto done = ask(fmt::format("USE {}", quoted(database, '`'))); !done) return std::unexpected(done.error());
    std::string set = "SET ";
    for (const auto& [name, value] : settings) set += fmt::format("{} = {}, ", name, quoted(value));
    const bool reads = vetted.kind == StatementKind::kSelect || vetted.kind == StatementKind::kShow;
    // In readonly=1 the column `readonly` of system.settings says that nothing can be set, and clients then refuse to send what
    // they could; so that one table is read with readonly=2, which guards less, by statements that hold nothing else.
    set += !reads ? "readonly = 0" : vetted.settings_only ? "readonly = 2" : "readonly = 1";
    if (auto done = ask(set); !done) return std::unexpected(done.error());
    return {};
  }

  // Ends the statement from outside when the client or the process wants to stop; a statement that computes cannot look itself.
  // It may not have begun when it is told so, so it is told until it has ended.
  class Ender {
   public:
    explicit Ender(const Session& session) : on_stop_(session.stop_, [this, &session] { end(session); }) {}

   private:
    void end(const Session& session) {
      thread_ = std::jthread([&session](const std::stop_token& ended) {
        std::mutex mutex;
        std::condition_variable_any woken;
        std::unique_lock lock(mutex);
        while (!ended.stop_requested()) {
          if (auto other = session.gateway_.engine_.connect()) {
            // A failure leaves the statement to the next try, or to its time limit.
            (void)(*other)->query(
                fmt::format("KILL QUERY WHERE Settings['log_comment'] = {} ASYNC", quoted(session.mark_)));
          }
          woken.wait_for(lock, ended, std::chrono::milliseconds(50), [] { return false; });
        }
      });
    }
    std::jthread thread_;
    std::stop_callback<std::function<void()>> on_stop_;  // goes first: behind it no thread is made
  };

  void count(chdb_result_* result, std::size_t bytes) {
    const ChdbLibrary& lib = connection_->library();
    summary_.read_rows += lib.result_storage_rows_read(result);
    summary_.read_bytes += lib.result_storage_bytes_read(result);
    summary_.written_rows += lib.result_rows_written(result);
    summary_.written_bytes += lib.result_bytes_written(result);
    summary_.result_rows += lib.result_rows_read(result);
    summary_.result_bytes += bytes;
    summary_.elapsed = std::chrono::steady_clock::now() - began_;
  }

  Step stream(const std::string& sql, const std::string& format, ChunkJoiner& joiner) {
    const ChdbLibrary& lib = connection_->library();
    const chdb_connection handle = connection_->handle();
    if (stop_.stop_requested()) return std::unexpected(make_sql_fault(sql_code::kCancelled, "Query was cancelled"));
    const Ender ender(*this);
    const ParamArrays params(request_.params);
    chdb_result_* raw = lib.stream_query_with_params_n(
        handle, sql.data(), sql.size(), format.data(), format.size(), params.names.data(), params.name_sizes.data(),
        params.values.data(), params.value_sizes.data(), params.names.size());
    if (raw == nullptr) return engine_fault("libchdb gave neither an answer nor an error");
    const EngineResult head(lib, raw);
    if (const char* error = lib.result_error(raw)) return engine_fault(error);
    bool begun = false;
    for (;;) {
      chdb_result_* next = lib.stream_fetch_result(handle, raw);
      if (next == nullptr) return engine_fault("libchdb gave neither an answer nor an error");
      const EngineResult chunk(lib, next);
      if (const char* error = lib.result_error(next)) return engine_fault(error);
      const std::string_view bytes = chunk.bytes();
      count(next, bytes.size());  // the last, empty one may bring what was read behind the last rows
      if (bytes.empty()) break;
      if (!begun) sink_.begin(format);
      begun = true;
      if (stop_.stop_requested() || !sink_.write(joiner.next(bytes), summary_)) {
        lib.stream_cancel_query(handle, raw);
        return std::unexpected(make_sql_fault(sql_code::kCancelled, "Query was cancelled"));
      }
    }
    if (stop_.stop_requested()) return std::unexpected(make_sql_fault(sql_code::kCancelled, "Query was cancelled"));
    if (!begun && joiner.has_frame()) return whole(sql, format);  // no rows, but a header
    if (!begun) sink_.begin(format);
    if (!joiner.end().empty()) sink_.write(joiner.end(), summary_);
    return {};
  }

  Step whole(const std::string& sql, const std::string& format) {
    if (stop_.stop_requested()) return std::unexpected(make_sql_fault(sql_code::kCancelled, "Query was cancelled"));
    const Ender ender(*this);
    auto answer = connection_->query(
        sql, format, std::map<std::string, std::string>(request_.params.begin(), request_.params.end()));
    if (!answer) return engine_fault(answer.error().message);
    count(answer->get(), answer->bytes().size());
    sink_.begin(format);
    if (!answer->bytes().empty() && !sink_.write(answer->bytes(), summary_)) {
      return std::unexpected(make_sql_fault(sql_code::kCancelled, "Query was cancelled"));
    }
    return {};
  }

  Step insert(const VettedStatement& vetted, std::string_view rows_ahead, std::string_view rows) {
    const ChdbLibrary& lib = connection_->library();
    chdb_insert_stream stream = lib.stream_insert_n(connection_->handle(), vetted.text.data(), vetted.text.size(),
                                                    vetted.format.data(), vetted.format.size());
    const auto close = [&](auto) { lib.destroy_insert_stream(stream); };
    const std::unique_ptr<void, decltype(close)> closer(stream, close);
    const auto failed = [&]() -> Step {
      const char* error = lib.stream_insert_error(stream);
      auto fault = engine_fault(error != nullptr ? error : "the rows were not taken");
      lib.stream_cancel_insert(stream);
      return fault;
    };
    if (lib.stream_insert_error(stream) != nullptr) return failed();
    if (!is_blank(rows_ahead)) {
      if (lib.stream_append(stream, rows_ahead.data(), rows_ahead.size()) != 0) return failed();
      if (!rows.empty() && lib.stream_append(stream, "\n", 1) != 0) return failed();
    }
    // Pieces, so that the engine's own queue is what holds them.
    constexpr std::size_t kPiece = 1 << 20;
    for (std::size_t at = 0; at < rows.size(); at += kPiece) {
      if (stop_.stop_requested()) {
        lib.stream_cancel_insert(stream);
        return std::unexpected(make_sql_fault(sql_code::kCancelled, "Query was cancelled"));
      }
      const std::string_view piece = rows.substr(at, kPiece);
      if (lib.stream_append(stream, piece.data(), piece.size()) != 0) return failed();
    }
    chdb_result_* raw = lib.stream_done(stream);
    if (raw == nullptr) return engine_fault("libchdb gave neither an answer nor an error");
    const EngineResult done(lib, raw);
    if (const char* error = lib.result_error(raw)) return engine_fault(error);
    count(raw, 0);
    summary_.result_rows = 0;
    sink_.begin(vetted.format);
    return {};
  }

  ChdbSqlGateway& gateway_;
  const Options& options_;
  const SqlRequest& request_;
  SqlSink& sink_;
  const std::stop_token stop_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::unique_ptr<EngineConnection> connection_;
  SqlSummary summary_;
  std::string mark_;
  bool extremes_ = false;
};

Result<std::unique_ptr<ChdbSqlGateway>> ChdbSqlGateway::create(Engine& engine, Options options) {
  std::unique_ptr<ChdbSqlGateway> gateway(new ChdbSqlGateway(engine, std::move(options)));
  WEIR_TRY_ASSIGN(auto connection, engine.connect());
  WEIR_TRY_ASSIGN(auto version, connection->query("SELECT version()", "TSVRaw"));
  gateway->version_ = version.bytes();
  while (gateway->version_.ends_with('\n')) gateway->version_.pop_back();
  return gateway;
}

std::expected<SqlSummary, SqlFault> ChdbSqlGateway::run(const SqlRequest& request, SqlSink& sink,
                                                        std::stop_token stop) {
  struct Place {
    std::atomic<std::size_t>& running;
    const std::size_t now;
    explicit Place(std::atomic<std::size_t>& r) : running(r), now(r.fetch_add(1) + 1) {}
    ~Place() { running.fetch_sub(1); }
  } place(running_);
  if (place.now > options_.statements) {
    return std::unexpected(make_sql_fault(
        sql_code::kTooManyQueries,
        fmt::format("Too many simultaneous queries. Maximum: {}; try again in a moment", options_.statements)));
  }
  return Session(*this, request, sink, std::move(stop)).run();
}

}  // namespace weir

#include "backends/store_chdb/engine.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <optional>

#include "backends/store_chdb/deduplication_log.h"
#include "base/log.h"

namespace weir {

int clickhouse_error_number(std::string_view message) {
  const std::size_t at = message.find("Code: ");
  if (at == std::string_view::npos) return 0;
  int number = 0;
  std::from_chars(message.data() + at + 6, message.data() + message.size(), number);
  return number;
}

namespace {

/// Catches what is written to stderr while it lives, by whatever thread.
class CaughtStderr {
 public:
  CaughtStderr() : file_(memfd_create("stderr", MFD_CLOEXEC)), kept_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) {
    if (file_ >= 0 && kept_ >= 0) dup2(file_, STDERR_FILENO);
  }
  ~CaughtStderr() { give_back(); }
  CaughtStderr(const CaughtStderr&) = delete;

  /// What was written. From now on stderr is what it was.
  std::string give_back() {
    std::string text;
    if (kept_ >= 0) {
      dup2(kept_, STDERR_FILENO);
      close(kept_);
    }
    if (file_ >= 0) {
      std::array<char, 4096> piece;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by pread
      for (ssize_t n = 0; (n = pread(file_, piece.data(), piece.size(), static_cast<off_t>(text.size()))) > 0;)
        text.append(piece.data(), static_cast<std::size_t>(n));
      close(file_);
    }
    file_ = kept_ = -1;
    return text;
  }

 private:
  int file_, kept_;
};

/// The innermost of the engine's nested reasons, not too long.
std::string reason_in(std::string_view said) {
  constexpr std::string_view kMark = "DB::";
  const std::size_t code = said.rfind("Code: ");
  const std::size_t mark = code == std::string_view::npos ? code : said.find(kMark, code);
  if (mark == std::string_view::npos) return {};
  std::string_view reason = said.substr(mark);
  reason = reason.substr(std::min(reason.find(": ") + 2, reason.size()));
  reason = reason.substr(0, reason.find('\n'));
  reason = reason.substr(0, reason.find(". "));  // its first sentence
  if (const std::size_t name = reason.rfind(" (");
      name != std::string_view::npos &&
      reason.find_first_of("abcdefghijklmnopqrstuvwxyz", name) == std::string_view::npos)
    reason = reason.substr(0, name);  // the number's name: (SYNTAX_ERROR)
  if (reason.size() > 200) reason = reason.substr(0, reason.rfind(' ', 200));
  return std::string(reason);
}

}  // namespace

Code code_of_clickhouse_error(std::string_view message) {
  if (message.find("No space left") != std::string_view::npos) return Code::kDiskFull;
  switch (clickhouse_error_number(message)) {
    case 243:  // NOT_ENOUGH_SPACE
      return Code::kDiskFull;
    case 159:  // TIMEOUT_EXCEEDED
    case 160:  // TOO_SLOW
      return Code::kDeadline;
    case 202:  // TOO_MANY_SIMULTANEOUS_QUERIES
    case 241:  // MEMORY_LIMIT_EXCEEDED
    case 252:  // TOO_MANY_PARTS
    case 158:  // TOO_MANY_ROWS
    case 307:  // TOO_MANY_BYTES
    case 396:  // TOO_MANY_ROWS_OR_BYTES
      return Code::kOverloaded;
    case 74:   // CANNOT_READ_FROM_FILE_DESCRIPTOR
    case 75:   // CANNOT_WRITE_TO_FILE_DESCRIPTOR
    case 76:   // CANNOT_OPEN_FILE
    case 209:  // SOCKET_TIMEOUT
    case 210:  // NETWORK_ERROR
    case 236:  // ABORTED
    case 242:  // TABLE_IS_READ_ONLY
    case 394:  // QUERY_WAS_CANCELLED
      return Code::kUnavailable;
    case 0: return Code::kInternal;
    default: return Code::kInvalid;
  }
}

EngineConnection::~EngineConnection() { lib_->close_conn(connection_); }

Result<EngineResult> EngineConnection::checked(chdb_result_* raw) {
  if (raw == nullptr) return fail(Code::kInternal, "libchdb gave neither an answer nor an error");
  EngineResult result(*lib_, raw);
  if (const char* error = lib_->result_error(raw); error != nullptr) {
    const std::string message = error;
    spoiled_ = true;
    return fail(code_of_clickhouse_error(message), message);
  }
  return result;
}

Result<EngineResult> EngineConnection::query(std::string_view sql, std::string_view format) {
  return checked(lib_->query_n(handle(), sql.data(), sql.size(), format.data(), format.size()));
}

Result<EngineResult> EngineConnection::query(std::string_view sql, std::string_view format,
                                             const std::map<std::string, std::string>& params) {
  if (params.empty()) return query(sql, format);
  std::vector<const char*> names, values;
  std::vector<std::size_t> name_sizes, value_sizes;
  for (const auto& [name, value] : params) {
    names.push_back(name.data());
    name_sizes.push_back(name.size());
    values.push_back(value.data());
    value_sizes.push_back(value.size());
  }
  return checked(lib_->query_with_params_n(handle(), sql.data(), sql.size(), format.data(), format.size(), names.data(),
                                           name_sizes.data(), values.data(), value_sizes.data(), names.size()));
}

Status EngineConnection::insert(std::string_view sql, std::string_view format, std::string_view data) {
  chdb_insert_stream stream = lib_->stream_insert_n(handle(), sql.data(), sql.size(), format.data(), format.size());
  auto failed = [&](const char* what) -> Status {
    const char* error = lib_->stream_insert_error(stream);
    const std::string message = error != nullptr ? error : what;
    lib_->stream_cancel_insert(stream);
    lib_->destroy_insert_stream(stream);
    return fail(code_of_clickhouse_error(message), message);
  };
  if (lib_->stream_insert_error(stream) != nullptr) return failed("the INSERT was refused");
  if (lib_->stream_append(stream, data.data(), data.size()) != 0) return failed("the rows were refused");
  auto done = checked(lib_->stream_done(stream));
  lib_->destroy_insert_stream(stream);
  if (!done) return std::unexpected(std::move(done).error());
  return {};
}

Result<std::unique_ptr<Engine>> Engine::open(const std::string& path) {
  WEIR_TRY_ASSIGN(const ChdbLibrary* lib, ChdbLibrary::load());
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    return fail(Code::kDenied, "The folder " + path + " cannot be made: " + error.message() +
                                   ". Remove what is in its place, or name another folder with --data-dir.");
  }
  WEIR_TRY_ASSIGN(const bool restarted, machine_restarted(path));
  WEIR_TRY_ASSIGN(const MendedTokens mended, mend_deduplication_logs(path, restarted));
  if (mended.withdrawn > 0)
    log::info("The last stop interrupted an insert: {} tokens of rows that are not there were withdrawn",
              mended.withdrawn);
  if (mended.set_aside > 0)
    log::warn(
        "The machine went down in the middle of an insert: {} parts of it were set aside (detached), and will be "
        "written again",
        mended.set_aside);
  std::unique_ptr<Engine> engine(new Engine(lib, path));
  WEIR_TRY_ASSIGN(engine->keeper_, engine->connect());
  return engine;
}

Engine::~Engine() = default;

Result<std::unique_ptr<EngineConnection>> Engine::connect(const std::vector<std::string>& setup) {
  std::lock_guard lock(connecting_);
  std::string name = "weir", path = "--path=" + path_;
  std::array<char*, 2> arguments{name.data(), path.data()};
  // The first connection opens the data path. Why it cannot is said on stderr alone.
  std::optional<CaughtStderr> caught;
  if (!keeper_) caught.emplace();
  chdb_connection* raw = lib_->connect(static_cast<int>(arguments.size()), arguments.data());
  const std::string said = caught ? caught->give_back() : "";
  if (raw == nullptr) {
    const std::string why = reason_in(said);
    return fail(
        Code::kUnavailable,
        "The tables in " + path_ + " cannot be opened" + (why.empty() ? "" : " (" + why + ")") +
            ". If files there are damaged, restore the whole data directory from a copy; else see that there is space, "
            "and that this user may read and write there.");
  }
  if (!said.empty()) (void)!write(STDERR_FILENO, said.data(), said.size());
  std::unique_ptr<EngineConnection> connection(new EngineConnection(lib_, raw));
  for (const std::string& statement : setup) {
    if (auto done = connection->query(statement); !done)
      return fail(done.error(), "setting up a connection (" + statement + ")");
  }
  return connection;
}

Result<ConnectionPool::Lease> ConnectionPool::take(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_for(lock, timeout, [&] { return !free_.empty() || made_ < size_; })) {
    return fail(Code::kOverloaded, "all connections to the store are busy; try again in a moment");
  }
  if (!free_.empty()) {
    auto connection = std::move(free_.back());
    free_.pop_back();
    return Lease(*this, std::move(connection));
  }
  ++made_;
  lock.unlock();
  auto made = engine_.connect(setup_);
  if (!made) {
    lock.lock();
    --made_;
    freed_.notify_one();
    return std::unexpected(std::move(made).error());
  }
  return Lease(*this, std::move(*made));
}

void ConnectionPool::give_back(std::unique_ptr<EngineConnection> connection) {
  if (connection->spoiled()) connection.reset();
  std::lock_guard lock(mutex_);
  if (connection) {
    free_.push_back(std::move(connection));
  } else {
    --made_;
  }
  freed_.notify_one();
}

}  // namespace weir

// The embedded ClickHouse engine of this process: one data path, several connections.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "backends/store_chdb/chdb_library.h"
#include "base/status.h"

namespace weir {

/// What ClickHouse says went wrong, as a Status code: by its error number ("Code: 241. DB::Exception: …").
Code code_of_clickhouse_error(std::string_view message);
/// The error number; 0 when there is none.
int clickhouse_error_number(std::string_view message);

/// An answer that the engine holds; freed with the object.
class EngineResult {
 public:
  EngineResult(const ChdbLibrary& lib, chdb_result_* result) : lib_(&lib), result_(result) {}
  EngineResult(EngineResult&& o) noexcept : lib_(o.lib_), result_(std::exchange(o.result_, nullptr)) {}
  EngineResult& operator=(EngineResult&&) = delete;
  ~EngineResult() {
    if (result_ != nullptr) lib_->destroy_query_result(result_);
  }
  std::string_view bytes() const {
    const std::size_t n = lib_->result_length(result_);
    return n == 0 ? std::string_view() : std::string_view(lib_->result_buffer(result_), n);
  }
  chdb_result_* get() const { return result_; }

 private:
  const ChdbLibrary* lib_;
  chdb_result_* result_;
};

/// One statement at a time. Not thread-safe; take one from a pool.
class EngineConnection {
 public:
  ~EngineConnection();
  EngineConnection(const EngineConnection&) = delete;

  /// Runs one statement. The error's message is ClickHouse's own.
  Result<EngineResult> query(std::string_view sql, std::string_view format = "TabSeparated");
  Result<EngineResult> query(std::string_view sql, std::string_view format,
                             const std::map<std::string, std::string>& params);

  /// INSERT without FORMAT clause, and its data.
  Status insert(std::string_view sql, std::string_view format, std::string_view data);

  const ChdbLibrary& library() const { return *lib_; }
  chdb_connection handle() const { return *connection_; }

  /// A statement failed. What it had answered until then would stand before the answer of the next one: use another connection.
  bool spoiled() const { return spoiled_; }

 private:
  friend class Engine;
  EngineConnection(const ChdbLibrary* lib, chdb_connection* connection) : lib_(lib), connection_(connection) {}
  Result<EngineResult> checked(chdb_result_* result);
  const ChdbLibrary* lib_;
  bool spoiled_ = false;
  chdb_connection* connection_;
};

/// Opens the data path; makes connections. Must outlive them. Thread-safe.
class Engine {
 public:
  /// kConflict: another process has the path open. kNotFound: no library.
  static Result<std::unique_ptr<Engine>> open(const std::string& path);
  ~Engine();

  /// `setup` statements run first (SET, USE).
  Result<std::unique_ptr<EngineConnection>> connect(const std::vector<std::string>& setup = {});

 private:
  Engine(const ChdbLibrary* lib, std::string path) : lib_(lib), path_(std::move(path)) {}
  const ChdbLibrary* const lib_;
  const std::string path_;
  std::mutex connecting_;
  std::unique_ptr<EngineConnection> keeper_;  // keeps the engine alive while the pools are empty
};

/// Connections made alike, lent one at a time. Thread-safe.
class ConnectionPool {
 public:
  ConnectionPool(Engine& engine, std::size_t size, std::vector<std::string> setup)
      : engine_(engine), size_(size), setup_(std::move(setup)) {}

  class Lease {
   public:
    Lease(ConnectionPool& pool, std::unique_ptr<EngineConnection> c) : pool_(&pool), connection_(std::move(c)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (connection_) pool_->give_back(std::move(connection_));
    }
    EngineConnection* operator->() const { return connection_.get(); }
    EngineConnection& operator*() const { return *connection_; }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<EngineConnection> connection_;
  };

  /// Waits for a free connection; kOverloaded when none is free in time.
  Result<Lease> take(std::chrono::milliseconds timeout = std::chrono::seconds(10));

 private:
  void give_back(std::unique_ptr<EngineConnection> connection);

  Engine& engine_;
  const std::size_t size_;
  const std::vector<std::string> setup_;
  std::mutex mutex_;
  std::condition_variable freed_;
  // guarded by mutex_
  std::vector<std::unique_ptr<EngineConnection>> free_;
  std::size_t made_ = 0;
};

}  // namespace weir

// The SQL gateway on the embedded engine.
//
// Each statement gets a session of its own (0.15 ms) that is thrown away afterwards: nothing that one client sets can reach another.
// In front stands the vetting (sql_vet.h). Behind it, a reading statement runs with readonly=1, where the engine itself refuses
// writes, DDL, SET, and most table functions; its settings are put on the session before that. The current database is never
// `default`, which is a view on the disk's files.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "backends/store_chdb/engine.h"
#include "backends/store_chdb/sql_settings.h"
#include "backends/store_chdb/sql_vet.h"
#include "ports/sql_gateway.h"

namespace weir {

/// Thread-safe.
class ChdbSqlGateway final : public SqlGateway {
 public:
  struct Options {
    std::string database = "weir";  // Weir's own: where names without a database are looked for
    std::size_t statements = 16;    // at the same time; more are refused with 202
    // When the client does not say. Clients may go up to `caps`.
    std::uint64_t seconds = 60;
    std::uint64_t memory_bytes = 1ULL << 30;
    std::uint64_t threads = 2;
    SqlCaps caps;
    // The longest statement without its rows; ClickHouse's own default. Longer ones take the parser seconds.
    std::size_t statement_bytes = 256 << 10;
    // Of an answer in a format that is one document, as the engine counts bytes before it writes them out.
    std::uint64_t document_bytes = 512ULL << 20;
  };

  /// `engine` must outlive the gateway.
  static Result<std::unique_ptr<ChdbSqlGateway>> create(Engine& engine, Options options);

  std::expected<SqlSummary, SqlFault> run(const SqlRequest& request, SqlSink& sink, std::stop_token stop) override;
  std::string version() const override { return version_; }

 private:
  class Session;
  ChdbSqlGateway(Engine& engine, Options options) : engine_(engine), options_(std::move(options)) {}

  Engine& engine_;
  const Options options_;
  std::string version_;  // constant after create()
  std::atomic<std::size_t> running_{0};
  std::atomic<std::uint64_t> next_mark_{0};
};

}  // namespace weir

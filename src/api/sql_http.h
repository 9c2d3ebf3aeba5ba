// ClickHouse's HTTP interface over the SQL gateway: what its clients send, as they send it.
// (https://clickhouse.com/docs/interfaces/http; what differs is in docs/sql-port.md.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "api/access.h"
#include "api/http.h"
#include "api/http_server.h"
#include "api/task_pool.h"
#include "ports/sql_gateway.h"

namespace weir {

/// Serves `--sql-listen`. Thread-safe. Statements run on threads of its own; as many wait as `queue` says, more are told to come back.
///   - / with ?query= or a body: the statement. GET reads, whatever the access is.
///   - /ping, /replicas_status, / without a query: "Ok.\n".
///   - A token is taken as Bearer, as X-ClickHouse-Key, as the password of Basic and as ?password=. Scope `read` reads; `admin`
///     writes, where `access` lets anybody write.
/// An answer of up to a mebibyte (buffer_size, wait_end_of_query) has a length and all its figures in the headers; a longer one
/// is sent as it comes, and is broken off when an error meets it.
class SqlHttp final : public HttpHandler {
 public:
  struct Options {
    SqlAccess access = SqlAccess::kRead;  // --sql-access
    std::string display_name = "weir";
    std::size_t threads = 8;
    std::size_t queue = 64;
    std::size_t body_bytes = 256ULL << 20;   // of a body, once unpacked too
    std::size_t answer_bytes = 64ULL << 20;  // the most that is held back for wait_end_of_query
    std::size_t waiting_bytes = 4ULL << 20;  // of an answer, on its way to a slow client
  };

  /// `gateway` and `guard` must outlive this.
  SqlHttp(SqlGateway& gateway, const AccessGuard& guard, Options options);
  /// Ends running statements and waits for their threads.
  ~SqlHttp() override;

  Admission admit(const HttpRequest& head) override;
  void handle(std::shared_ptr<HttpRequest> request, HttpReply reply) override;

  /// Ends running statements with 394; new ones end at once. For the time before the server stops.
  void stop();

 private:
  void answer(HttpRequest& request, const HttpReply& reply);

  SqlGateway& gateway_;
  const AccessGuard& guard_;
  const Options options_;
  std::stop_source stop_;
  TaskPool pool_;  // last: its threads use all of the above
};

/// For the listener: as ClickHouse takes them, a URL of a mebibyte, and statements and their data that take minutes.
HttpLimits sql_http_limits();

/// The status that ClickHouse answers for an error of that number; READONLY (164) is 403 here, where ClickHouse says 500.
int http_status_of_clickhouse(int code);

}  // namespace weir

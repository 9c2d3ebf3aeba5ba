// Routes, each declared once: what it is called, which parameters it takes, who may ask, what it answers. From this table
// come the checks of every request, the labels of the metrics and the OpenAPI document.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/access.h"
#include "api/http.h"
#include "api/task_pool.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/types.h"

namespace weir {

enum class ParamType : std::uint8_t {
  kText,     // any UTF-8 text
  kInteger,  // decimal digits within [least, most]
  kTime,     // RFC 3339, `now`, or `now-15m` (units s m h d)
  kChoice,   // one of `choices`
  kCursor,   // opaque; only its alphabet (A–Z a–z 0–9 - _) and length are checked here: its maker checks the rest
};

/// One query parameter.
struct Param {
  std::string name;
  ParamType type = ParamType::kText;
  std::string description = {};
  /// Taken when the request does not give one; empty: none.
  std::string default_value = {};
  bool required = false;
  /// May be given several times (filters: "or").
  bool repeated = false;
  std::int64_t least = 0, most = INT64_MAX;  // kInteger
  std::vector<std::string> choices = {};     // kChoice
  std::size_t longest = 4096;                // bytes
};

/// `limit` (1–1000, default 100) and `cursor`, as every list has them.
Param limit_param(std::int64_t default_value = 100);
Param cursor_param();

/// The checked parameters of one request. Defaults are filled in. Asking for a name or type that the route does not declare
/// is a bug.
class Params {
 public:
  bool has(std::string_view name) const;
  /// First value; empty when it has none.
  const std::string& text(std::string_view name) const;
  const std::vector<std::string>& all(std::string_view name) const;
  std::optional<std::int64_t> integer(std::string_view name) const;
  std::optional<UnixMillis> time(std::string_view name) const;

 private:
  friend class RouteTable;
  struct Value {
    ParamType type;
    std::vector<std::string> texts;
    std::int64_t number = 0;
  };
  const Value& value(std::string_view name) const;
  std::map<std::string, Value, std::less<>> values_;
};

/// A request that has passed the checks of its route.
struct RouteRequest {
  std::shared_ptr<HttpRequest> http;
  Params query;
  std::vector<std::string> path;  // what the {…} of the path matched, percent-decoded, in order
  UnixMillis now;                 // what `now` in times meant
};

/// Where a handler runs.
enum class Run : std::uint8_t {
  kInline,  // on the io thread: microseconds, never waits
  kWork,    // on the work pool: milliseconds of computing
  kQuery,   // on the query pool: asks the store and may wait for seconds
};

/// Scopes of tokens (contract, Access); kOpen asks for none.
enum class Scope : std::uint8_t { kOpen, kRead, kWrite, kAdmin };

struct Route {
  using Answer = std::function<HttpResponse(const RouteRequest&)>;
  using Later = std::function<void(std::shared_ptr<RouteRequest>, HttpReply)>;

  std::string method;  // GET also serves HEAD
  std::string path;    // /api/v1/entities/{kind}/{id}; {…} matches one segment, and may be followed by a fixed suffix
  std::string summary;
  Scope scope = Scope::kRead;
  std::vector<Param> query = {};
  /// False: parameters are not looked at (the page reads its own).
  bool checks_query = true;
  Run run = Run::kInline;
  /// Looks at the head before the body is read; answers if the request is to be refused.
  std::function<std::optional<HttpResponse>(const HttpRequest&)> admit = {};
  /// One of the two: answers at once, or later by the reply.
  Answer answer = {};
  Later later = {};
  /// Content types of a body that is taken; empty: the route takes none (and a body of up to 64 KiB is ignored). With
  /// `checks_content_type` the table answers others with 415.
  std::vector<std::string> consumes = {};
  bool checks_content_type = true;
  std::size_t body_limit = 64 * 1024;
  std::string produces = "application/json";
  int success = 200;
  /// JSON Schema of the answer, as text; for OpenAPI. Empty: not described further.
  std::string schema = {};
};

/// The routes of one listener, as its handler.
class RouteTable final : public HttpHandler {
 public:
  struct Context {
    AccessGuard& guard;
    TaskPool& work;
    TaskPool& queries;
    const Clock& clock;
    Metrics& metrics;
  };
  /// Everything in `context` must outlive the table, and what handlers refer to must outlive the pools.
  explicit RouteTable(Context context) : context_(context) {}

  /// Before serving begins. Two routes of the same method and path, or one without handler, are a bug.
  void add(Route route);
  void add(std::vector<Route> routes);
  /// Serves GET for what no route matches, except below /api.
  void set_fallback(Route route);

  /// In the order in which they were added, without the fallback.
  const std::vector<std::shared_ptr<const Route>>& routes() const { return routes_; }

  Admission admit(const HttpRequest& head) override;
  void handle(std::shared_ptr<HttpRequest> request, HttpReply reply) override;

 private:
  struct Match {
    std::shared_ptr<const Route> route;
    std::vector<std::string> path;
    std::optional<HttpResponse> refusal;
  };
  Match match(const HttpRequest& request) const;
  std::optional<HttpResponse> check_query(const Route& route, const HttpRequest& request, UnixMillis now,
                                          Params& out) const;
  static HttpResponse guarded(const Route& route, const RouteRequest& request);

  const Context context_;
  // Shared with tasks on the pools, which may outlive the table.
  std::vector<std::shared_ptr<const Route>> routes_;
  std::vector<std::vector<std::string>> segments_;  // of routes_
  std::shared_ptr<const Route> fallback_;
};

/// A JSON answer.
HttpResponse json_response(std::string body, int status = 200);

}  // namespace weir

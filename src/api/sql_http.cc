#include "api/sql_http.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <random>
#include <thread>

#include "api/problem.h"
#include "api/sql_codec.h"
#include "api/sql_frames.h"
#include "base/base64.h"
#include "base/log.h"

namespace weir {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr int kTooManyQueries = 202, kCannotDecompress = 271, kNotImplemented = 48, kUnknownException = 1002;

std::optional<Pairs> parse_form(std::string_view query) {
  Pairs out;
  while (!query.empty()) {
    std::string_view rest = take_until(query, '&');
    if (rest.empty()) continue;
    const std::string_view key = take_until(rest, '=');
    auto name = percent_decode(key, true);
    auto value = percent_decode(rest, true);
    if (!name || !value) return std::nullopt;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

// What a request shows as its token.
std::string shown_secret(const HttpRequest& request, const Pairs& form) {
  if (const auto bearer = bearer_token(request); !bearer.empty()) return std::string(bearer);
  if (const auto key = request.header("X-ClickHouse-Key"); !key.empty()) return std::string(key);
  constexpr std::string_view kBasic = "Basic ";
  const std::string_view authorization = request.header("Authorization");
  if (authorization.size() > kBasic.size() && equal_ignoring_case(authorization.substr(0, kBasic.size()), kBasic)) {
    if (const auto pair = decode_base64(authorization.substr(kBasic.size()))) {
      const std::size_t colon = pair->find(':');
      if (colon != std::string::npos) return pair->substr(colon + 1);
    }
  }
  for (const auto& [name, value] : form) {
    if (name == "password") return value;
  }
  return {};
}

std::string random_id() {
  thread_local std::mt19937_64 engine{std::random_device{}()};
  const std::uint64_t a = engine(), b = engine();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xffff, a & 0xfff,
                     0x8000 | ((b >> 48) & 0x3fff), b & 0xffffffffffff);
}

std::string_view content_type(std::string_view format) {
  if (format.starts_with("TabSeparated") || format.starts_with("TSV"))
    return "text/tab-separated-values; charset=UTF-8";
  if (format.starts_with("CSVWithNames")) return "text/csv; charset=UTF-8; header=present";
  if (format.starts_with("CSV")) return "text/csv; charset=UTF-8; header=absent";
  if (format.starts_with("JSON") && (format.find("EachRow") != std::string_view::npos || format.starts_with("JSONL"))) {
    return "application/x-ndjson; charset=UTF-8";
  }
  if (format == "NDJSON") return "application/x-ndjson; charset=UTF-8";
  if (format.starts_with("JSON")) return "application/json; charset=UTF-8";
  if (format == "XML") return "application/xml; charset=UTF-8";
  if (format == "Markdown" || format == "MD") return "text/markdown; charset=UTF-8";
  constexpr std::array<std::string_view, 11> kBinary{"Parquet", "Arrow",   "ArrowStream", "ORC", "Avro", "Native",
                                                     "MsgPack", "RawBLOB", "BSONEachRow", "Npy", "Null"};
  if (format.starts_with("RowBinary") || std::ranges::find(kBinary, format) != kBinary.end())
    return "application/octet-stream";
  return "text/plain; charset=UTF-8";
}

std::string summary_json(const SqlSummary& s) {
  return fmt::format(
      R"({{"read_rows":"{}","read_bytes":"{}","written_rows":"{}","written_bytes":"{}","total_rows_to_read":"0","result_rows":"{}","result_bytes":"{}","elapsed_ns":"{}"}})",
      s.read_rows, s.read_bytes, s.written_rows, s.written_bytes, s.result_rows, s.result_bytes, s.elapsed.count());
}

bool is_on(std::string_view value) { return value == "1" || value == "true" || value == "on"; }

// What a request asks for.
struct Ask {
  SqlRequest sql;
  std::string query_id;
  bool has_query = false;
  SqlEncoding encoding = SqlEncoding::kNone;
  int level = 3;
  bool unpack_frames = false;
  std::size_t hold_back = 1 << 20;
};

// Headers that every answer has.
HttpHeaders common_headers(const Ask& ask, const std::string& display_name) {
  return {{"X-ClickHouse-Server-Display-Name", display_name}, {"X-ClickHouse-Query-Id", ask.query_id}};
}

HttpResponse fault_response(const SqlFault& fault, const Ask& ask, const std::string& display_name,
                            const SqlSummary& summary) {
  HttpResponse response;
  response.status = http_status_of_clickhouse(fault.code);
  response.content_type = "text/plain; charset=UTF-8";
  response.headers = common_headers(ask, display_name);
  response.headers.emplace_back("X-ClickHouse-Exception-Code", std::to_string(fault.code));
  response.headers.emplace_back("X-ClickHouse-Summary", summary_json(summary));
  if (fault.code == kTooManyQueries) response.headers.emplace_back("Retry-After", "1");
  response.body = fault.text + "\n";
  return response;
}

HttpResponse plain(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=UTF-8";
  response.body = std::move(body);
  return response;
}

// Holds an answer back while it is small, then lets it go as it comes.
class Outlet final : public SqlSink {
 public:
  Outlet(const HttpReply& reply, const Ask& ask, const SqlHttp::Options& options)
      : reply_(reply), ask_(ask), options_(options), encoder_(BodyEncoder::create(ask.encoding, ask.level)) {}

  void begin(const std::string& format) override { format_ = format; }

  bool write(std::string_view chunk, const SqlSummary& so_far) override {
    // Large pieces are cut, so that little of an answer waits in more than one form.
    constexpr std::size_t kPiece = 1 << 20;
    for (std::size_t at = 0; at < chunk.size(); at += kPiece) {
      held_ += encoder_->add(chunk.substr(at, kPiece));
      if (!stream_ && held_.size() <= ask_.hold_back) continue;
      if (!stream_) stream_ = reply_.stream(head(so_far), options_.waiting_bytes);
      if (!push()) return false;
    }
    return true;
  }

  void finish(const SqlSummary& summary) {
    held_ += encoder_->finish();
    if (stream_) {
      if (push()) stream_->finish();
      return;
    }
    HttpResponse response = head(summary);
    response.body = std::move(held_);
    reply_.send(std::move(response));
  }

  void fail(const SqlFault& fault, const SqlSummary& summary) {
    if (!stream_) {
      reply_.send(fault_response(fault, ask_, options_.display_name, summary));
      return;
    }
    // The head went out with 200: the text at the end is for people, the broken connection for programs.
    if (ask_.encoding == SqlEncoding::kNone) {
      stream_->try_write("\n__exception__\n" + fault.text + "\n");
      const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(2);
      while (!stream_->gone() && stream_->queued_bytes() > 0 && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
    stream_->abort();
  }

 private:
  HttpResponse head(const SqlSummary& summary) const {
    HttpResponse response;
    response.content_type = content_type(format_);
    response.headers = common_headers(ask_, options_.display_name);
    response.headers.emplace_back("X-ClickHouse-Format", format_);
    response.headers.emplace_back("X-ClickHouse-Timezone", "UTC");
    response.headers.emplace_back("X-ClickHouse-Summary", summary_json(summary));
    if (const auto name = encoding_name(ask_.encoding); !name.empty()) {
      response.headers.emplace_back("Content-Encoding", name);
      response.headers.emplace_back("Vary", "Accept-Encoding");
    }
    return response;
  }

  bool push() {
    if (held_.empty()) return true;
    const auto pushed = stream_->write(std::exchange(held_, {}), std::chrono::seconds(30));
    return pushed == ResponseStream::Push::kOk;
  }

  const HttpReply& reply_;
  const Ask& ask_;
  const SqlHttp::Options& options_;
  const std::unique_ptr<BodyEncoder> encoder_;
  std::string format_ = "TabSeparated";
  std::string held_;
  std::shared_ptr<ResponseStream> stream_;
};

std::optional<std::uint64_t> as_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Ask read_ask(const HttpRequest& request, const Pairs& form, const SqlHttp::Options& options) {
  Ask ask;
  bool compression = true, frames = false;  // as ClickHouse's settings stand by default
  std::string_view database = request.header("X-ClickHouse-Database");
  ask.sql.database = database;
  ask.sql.default_format = request.header("X-ClickHouse-Format");
  for (const auto& [name, value] : form) {
    if (name == "query") {
      ask.sql.statement += value;
      ask.has_query = true;
    } else if (name == "database") {
      ask.sql.database = value;
    } else if (name == "default_format") {
      ask.sql.default_format = value;
    } else if (name == "query_id") {
      ask.query_id = value;
    } else if (name.starts_with("param_")) {
      ask.sql.params.emplace_back(name.substr(6), value);
    } else if (name == "user" || name == "password") {
      // Looked at in admit().
    } else if (name == "enable_http_compression") {
      compression = is_on(value);
    } else if (name == "http_zlib_compression_level") {
      ask.level = static_cast<int>(std::clamp<std::uint64_t>(as_number(value).value_or(3), 1, 9));
    } else if (name == "compress") {
      frames = is_on(value);
    } else if (name == "decompress") {
      ask.unpack_frames = is_on(value);
    } else if (name == "buffer_size") {
      ask.hold_back = std::clamp<std::size_t>(as_number(value).value_or(0), 1 << 16, options.answer_bytes);
    } else if (name == "wait_end_of_query" || name == "http_wait_end_of_query") {
      if (is_on(value)) ask.hold_back = options.answer_bytes;
    } else {
      ask.sql.settings.emplace_back(name, value);
    }
  }
  // A client's name for its query goes back in a header and nowhere else.
  const bool plain_id =
      ask.query_id.size() <= 128 && std::ranges::all_of(ask.query_id, [](char c) { return c > ' ' && c < 127; });
  if (ask.query_id.empty() || !plain_id) ask.query_id = random_id();
  if (frames) {
    ask.encoding = SqlEncoding::kFrames;
  } else if (compression) {
    ask.encoding = choose_encoding(request.header("Accept-Encoding"));
  }
  return ask;
}

SqlFault fault_of(int code, std::string_view name, std::string_view message, const std::string& version) {
  while (message.ends_with('.')) message.remove_suffix(1);  // sentences of ours end with one already
  return {code, fmt::format("Code: {}. DB::Exception: {}. ({}) (version {})", code, message, name, version)};
}

}  // namespace

HttpLimits sql_http_limits() {
  constexpr std::size_t kUrl = 1024 * 1024, kHeaders = 64 * 1024;
  HttpLimits limits;
  limits.header_bytes = kUrl + kHeaders;
  limits.connections = 256;
  limits.connections_of_one_client = 192;
  limits.body_bytes = 512 * 1024 * 1024;  // twice the largest body, which stands there packed and unpacked
  limits.body_time = std::chrono::minutes(15);
  limits.answer_time = std::chrono::seconds(330);  // a statement may take 300 s
  return limits;
}

int http_status_of_clickhouse(int code) {
  switch (code) {
    case 194: return 401;  // REQUIRED_PASSWORD
    case 164:
    case 192:
    case 193:
    case 497:
    case 516: return 403;
    // What is wrong with the statement or a value in it.
    case 6:
    case 25:
    case 26:
    case 27:
    case 36:
    case 38:
    case 41:
    case 42:
    case 43:
    case 44:
    case 53:
    case 62:
    case 69:
    case 72:
    case 117:
    case 167:
    case 168:
    case 261:
    case 353:
    case 376:
    case 427:
    case 440:
    case 441:
    case 456:
    case 457:
    case 675:
    case 676: return 400;
    // Names that nothing has.
    case 10:
    case 46:
    case 47:
    case 50:
    case 56:
    case 60:
    case 63:
    case 73:
    case 81:
    case 111:
    case 115:
    case 511: return 404;
    case 159: return 408;
    case 48: return 501;
    case 202: return 503;
    case 394: return 503;  // the process stops, or the client is gone
    default: return 500;
  }
}

SqlHttp::SqlHttp(SqlGateway& gateway, const AccessGuard& guard, Options options)
    : gateway_(gateway), guard_(guard), options_(std::move(options)), pool_("sql", options_.threads, options_.queue) {}

SqlHttp::~SqlHttp() { stop(); }

void SqlHttp::stop() { stop_.request_stop(); }

Admission SqlHttp::admit(const HttpRequest& head) {
  Admission admission;
  admission.body_limit = options_.body_bytes;
  const bool open = head.path == "/ping" || head.path == "/replicas_status";
  if (open) {
    admission.refusal = guard_.check(head, "", {});
    return admission;
  }
  const auto form = parse_form(head.query);
  if (!form) {
    admission.refusal = problem(
        {.status = 400,
         .detail = "The URL holds a % that is not followed by two hexadecimal digits. Write %25 for the character."});
    return admission;
  }
  const std::string secret = shown_secret(head, *form);
  admission.refusal = guard_.check(head, "read", secret);
  if (admission.refusal && options_.access == SqlAccess::kWrite && !guard_.check(head, "admin", secret))
    admission.refusal.reset();
  return admission;
}

void SqlHttp::handle(std::shared_ptr<HttpRequest> request, HttpReply reply) {
  if (request->path == "/ping" || request->path == "/replicas_status") {
    reply.send(plain(200, "Ok.\n"));
    return;
  }
  if (request->path != "/") {
    reply.send(plain(
        404,
        fmt::format("There is no handle {}\n\nUse / or /ping for health checks.\nSend queries from your program with "
                    "POST method or GET /?query=...\n",
                    request->path)));
    return;
  }
  const bool reads = request->method == "GET" || request->method == "HEAD";
  if (request->method == "OPTIONS") {
    HttpResponse response = plain(204, "");
    response.headers.emplace_back("Allow", "GET, HEAD, POST, OPTIONS");
    reply.send(std::move(response));
    return;
  }
  if (!reads && request->method != "POST" && request->method != "PUT") {
    HttpResponse response =
        problem({.status = 405, .detail = "A statement comes by GET or POST. Send it by one of these."});
    response.headers.emplace_back("Allow", "GET, HEAD, POST, OPTIONS");
    reply.send(std::move(response));
    return;
  }
  const bool queued = pool_.try_run([this, request, reply] {
    try {
      answer(*request, reply);
    } catch (const std::exception& error) {
      log::error("sql port: {}", error.what());
      Ask ask;
      ask.query_id = random_id();
      reply.send(fault_response(fault_of(kUnknownException, "UNKNOWN_EXCEPTION", error.what(), gateway_.version()), ask,
                                options_.display_name, {}));
    }
  });
  if (!queued) {
    Ask ask;
    ask.query_id = random_id();
    reply.send(fault_response(
        fault_of(kTooManyQueries, "TOO_MANY_SIMULTANEOUS_QUERIES",
                 "Too many simultaneous queries: all places and the queue are full; try again in a moment",
                 gateway_.version()),
        ask, options_.display_name, {}));
  }
}

void SqlHttp::answer(HttpRequest& request, const HttpReply& reply) {
  const auto form = parse_form(request.query).value_or(Pairs{});
  Ask ask = read_ask(request, form, options_);
  const bool reads = request.method == "GET" || request.method == "HEAD";
  Outlet outlet(reply, ask, options_);
  const auto refuse = [&](const SqlFault& fault) { outlet.fail(fault, {}); };

  if (reads && !ask.has_query && request.body.empty()) {
    reply.send(plain(200, "Ok.\n"));
    return;
  }
  if (media_type(request.header("Content-Type")) == "multipart/form-data") {
    refuse(fault_of(kNotImplemented, "NOT_IMPLEMENTED",
                    "External tables and forms (multipart/form-data) are not taken here; send the statement as the "
                    "body and parameters in the URL",
                    gateway_.version()));
    return;
  }
  // The body, unpacked.
  HttpBody unpacked(request.body.budget());
  HttpBody frames(request.body.budget());
  std::string_view body = request.body.view();
  const auto cannot_unpack = [&](const Error& error) {
    HttpResponse response =
        fault_response(fault_of(kCannotDecompress, "CANNOT_DECOMPRESS", error.message, gateway_.version()), ask,
                       options_.display_name, {});
    switch (error.code) {
      case Code::kDenied: response.status = 413; break;
      case Code::kNotFound: response.status = 415; break;
      case Code::kOverloaded:
        response.status = 503;
        response.headers.emplace_back("Retry-After", "1");
        break;
      default: response.status = 400;
    }
    reply.send(std::move(response));
  };
  const std::string_view encoding = request.header("Content-Encoding");
  if (!body.empty() && !encoding.empty() && !equal_ignoring_case(encoding, "identity")) {
    if (const auto done = decode_body(encoding, body, options_.body_bytes, unpacked); !done)
      return cannot_unpack(done.error());
    request.body.clear();
    body = unpacked.view();
  }
  if (!body.empty() && ask.unpack_frames) {
    if (const auto done = unpack_frames(body, options_.body_bytes, frames); !done) return cannot_unpack(done.error());
    body = frames.view();
  }

  ask.sql.body = body;
  const std::string secret = shown_secret(request, form);
  const bool may_write = !reads && options_.access == SqlAccess::kWrite && !guard_.check(request, "admin", secret);
  ask.sql.access = may_write ? SqlAccess::kWrite : SqlAccess::kRead;
  const auto done = gateway_.run(ask.sql, outlet, stop_.get_token());
  if (done) {
    outlet.finish(*done);
  } else {
    outlet.fail(done.error(), {});
  }
}

}  // namespace weir

#include "api/http_server.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <condition_variable>
#include <ctime>
#include <deque>
#include <mutex>
#include <set>
#include <thread>

#include "api/listen_address.h"
#include "api/problem.h"
#include "base/log.h"

namespace weir {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using Strand = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<tcp, Strand>;
using Acceptor = asio::basic_socket_acceptor<tcp, Strand>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Strand>;
using ErrorCode = boost::system::error_code;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kWriteBytes = 256 * 1024;
constexpr std::size_t kPatientBodyBytes =
    64 * 1024;  // a refused request's body up to this is read, and the connection lives on

void append_date(std::string& out) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  fmt::format_to(std::back_inserter(out), "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                 kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                 kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                 parts.tm_sec);
}

enum class Length { kKnown, kChunked, kUntilClose, kNone };

/// Head of an answer. Header values come from our own code; line breaks in them would be a bug, and are cut.
std::string head_text(const HttpResponse& response, unsigned version, Length length, std::size_t size, bool close) {
  std::string out;
  out.reserve(512);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: ", response.status, status_phrase(response.status));
  append_date(out);
  out += "\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    for (const char c : value) {
      if (c != '\r' && c != '\n' && c != '\0') out += c;
    }
    out += "\r\n";
  };
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) add(name, value);
  if (length == Length::kKnown) add("Content-Length", std::to_string(size));
  if (length == Length::kChunked) add("Transfer-Encoding", "chunked");
  if (close) {
    add("Connection", "close");
  } else if (version < 11) {
    add("Connection", "keep-alive");
  }
  out += "\r\n";
  return out;
}

class Connection;

/// What connections, replies and the server share. Replies may outlive the server; so this is shared, and says when it is gone.
struct Core : std::enable_shared_from_this<Core> {
  Core(HttpLimits limits_in, Metrics& metrics_in)
      : limits(limits_in), metrics(metrics_in), budget(std::make_shared<BodyBudget>(limits_in.body_bytes)) {}

  const HttpLimits limits;
  Metrics& metrics;
  const std::shared_ptr<BodyBudget> budget;

  std::mutex mutex;
  std::condition_variable changed;
  // guarded by mutex
  asio::io_context* context = nullptr;  // null: the server is gone
  bool stopping = false;
  std::set<Connection*> connections;

  /// Runs `f(connection)` on the connection's strand, unless it or the server is gone. The reference that is taken here
  /// always ends up in the io_context: nobody outside may be the last to let go of a connection.
  template <class F>
  void post(const std::weak_ptr<Connection>& weak, F f);
};

/// A stream's queue, between its producer (any thread) and its connection (its strand).
class Stream final : public ResponseStream {
 public:
  Stream(std::size_t limit, std::function<void()> wake) : limit_(limit), wake_(std::move(wake)) {}

  Push try_write(std::string bytes) override {
    std::unique_lock lock(mutex_);
    if (ended_) return Push::kGone;
    if (!fits(bytes.size())) return Push::kFull;
    add(std::move(bytes), lock);
    return Push::kOk;
  }

  Push write(std::string bytes, std::chrono::milliseconds patience) override {
    std::unique_lock lock(mutex_);
    if (!room_.wait_for(lock, patience, [&] { return ended_ || fits(bytes.size()); })) return Push::kFull;
    if (ended_) return Push::kGone;
    add(std::move(bytes), lock);
    return Push::kOk;
  }

  void finish() override { end(End::kFinish, {}); }
  void cut(std::string last_words) override { end(End::kCut, std::move(last_words)); }
  void abort() override { end(End::kAbort, {}); }

  bool gone() const override {
    std::lock_guard lock(mutex_);
    return ended_;
  }
  std::size_t queued_bytes() const override {
    std::lock_guard lock(mutex_);
    return bytes_;
  }
  std::chrono::milliseconds lag() const override {
    std::lock_guard lock(mutex_);
    if (bytes_ == 0) return {};
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - oldest_);
  }

  // For the connection.
  enum class End { kNot, kFinish, kCut, kAbort };
  struct Taken {
    std::string bytes;
    End end = End::kNot;
  };

  /// At most about kWriteBytes of what waits; `end` once nothing more will come behind them.
  Taken take() {
    std::lock_guard lock(mutex_);
    Taken taken;
    if (end_ == End::kAbort) {
      taken.end = end_;
      return taken;
    }
    while (!queue_.empty() &&
           (taken.bytes.empty() || taken.bytes.size() + queue_.front().bytes.size() <= kWriteBytes)) {
      if (taken.bytes.empty()) {
        taken.bytes = std::move(queue_.front().bytes);
      } else {
        taken.bytes += queue_.front().bytes;
      }
      queue_.pop_front();
    }
    in_flight_ = taken.bytes.size();
    if (queue_.empty()) taken.end = end_;
    return taken;
  }
  /// What was taken has been sent.
  void sent() {
    std::lock_guard lock(mutex_);
    bytes_ -= std::min(bytes_, in_flight_);
    in_flight_ = 0;
    oldest_ = queue_.empty() ? Clock::now() : queue_.front().since;
    room_.notify_all();
  }
  void connection_lost() {
    std::lock_guard lock(mutex_);
    ended_ = true;
    queue_.clear();
    bytes_ = 0;
    wake_ = nullptr;
    room_.notify_all();
  }
  bool cut_short() const {
    std::lock_guard lock(mutex_);
    return end_ == End::kCut || end_ == End::kAbort;
  }

 private:
  struct Piece {
    std::string bytes;
    Clock::time_point since;
  };

  bool fits(std::size_t bytes) const { return bytes_ == 0 || bytes_ + bytes <= limit_; }
  void add(std::string bytes, std::unique_lock<std::mutex>& lock) {
    if (bytes.empty()) return;
    const auto now = Clock::now();
    if (bytes_ == 0) oldest_ = now;
    bytes_ += bytes.size();
    queue_.push_back({std::move(bytes), now});
    wake(lock);
  }
  void end(End how, std::string last_words) {
    std::unique_lock lock(mutex_);
    if (ended_ && how != End::kAbort) return;
    ended_ = true;
    if (end_ != End::kAbort) end_ = how;
    if (how != End::kFinish) {
      queue_.clear();
      bytes_ = in_flight_;
    }
    if (!last_words.empty()) {
      bytes_ += last_words.size();
      queue_.push_back({std::move(last_words), Clock::now()});
    }
    room_.notify_all();
    wake(lock);
  }
  void wake(std::unique_lock<std::mutex>& lock) {
    const auto call = wake_;
    lock.unlock();
    if (call) call();
  }

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable room_;
  // guarded by mutex_
  std::function<void()> wake_;
  std::deque<Piece> queue_;
  std::size_t bytes_ = 0;      // queued and in flight
  std::size_t in_flight_ = 0;  // taken by the connection, not sent yet
  Clock::time_point oldest_{};
  bool ended_ = false;
  End end_ = End::kNot;
};

/// What producers hold: lets the connection know when the last of them lets go.
class StreamHandle final : public ResponseStream {
 public:
  explicit StreamHandle(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
  ~StreamHandle() override {
    if (!stream_->gone()) stream_->abort();
  }
  Push try_write(std::string bytes) override { return stream_->try_write(std::move(bytes)); }
  Push write(std::string bytes, std::chrono::milliseconds patience) override {
    return stream_->write(std::move(bytes), patience);
  }
  void finish() override { stream_->finish(); }
  void cut(std::string last_words) override { stream_->cut(std::move(last_words)); }
  void abort() override { stream_->abort(); }
  bool gone() const override { return stream_->gone(); }
  std::size_t queued_bytes() const override { return stream_->queued_bytes(); }
  std::chrono::milliseconds lag() const override { return stream_->lag(); }

 private:
  const std::shared_ptr<Stream> stream_;
};

/// One client. Everything but post_answer() and request_stop() runs on its strand.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Core> core, Socket socket, HttpHandler& handler)
      : core_(std::move(core)),
        limits_(core_->limits),
        handler_(handler),
        socket_(std::move(socket)),
        strand_(socket_.get_executor()),
        watchdog_(strand_),
        answer_timer_(strand_) {
    core_->metrics.http_connections.Increment();
    std::lock_guard lock(core_->mutex);
    core_->connections.insert(this);
  }

  ~Connection() {
    if (stream_) stream_->connection_lost();
    core_->metrics.http_connections.Decrement();
    std::lock_guard lock(core_->mutex);
    core_->connections.erase(this);
    core_->changed.notify_all();
  }

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  static void start(const std::shared_ptr<Connection>& connection, bool refuse) {
    asio::co_spawn(
        connection->strand_,
        [connection, refuse]() -> asio::awaitable<void> {
          try {
            if (refuse) {
              co_await connection->refuse_connection();
            } else {
              co_await connection->serve();
            }
          } catch (const std::exception& error) {
            log::warn("http: a connection ended with an exception: {}", error.what());
          }
          connection->close();
        },
        asio::detached);
  }

  /// The answer to request number `number`.
  void take_answer(std::uint64_t number, HttpResponse response, std::shared_ptr<Stream> stream) {
    if (number != request_number_ || answer_ || !waiting_) {
      if (stream) stream->connection_lost();  // too late: the client has been told something else, or has gone
      return;
    }
    answer_ = std::move(response);
    stream_ = std::move(stream);
    answer_timer_.cancel();
  }

  /// The stream has more, or has ended.
  void wake() {
    if (stream_ && stream_->cut_short()) arm(std::chrono::seconds(2));
    answer_timer_.cancel();
  }

  /// Ends what is idle or endless; with `now` all else too.
  void stop(bool now) {
    stop_ = true;
    if (now) {
      close();
    } else if (idle_) {
      ErrorCode ignored;
      socket_.cancel(ignored);
    } else if (stream_ && endless_) {
      stream_->finish();
    }
    answer_timer_.cancel();
  }

  const std::shared_ptr<Core>& core() const { return core_; }
  const Strand& strand() const { return strand_; }

 private:
  using Parser = beast::http::request_parser<beast::http::buffer_body>;

  // The watchdog: cancels what the socket is doing once a deadline has passed.
  void arm(std::chrono::milliseconds time) {
    timed_out_ = false;
    deadline_ = Clock::now() + time;
    if (watching_ && watch_until_ <= deadline_) return;  // it looks again when it wakes
    watch();
  }
  void disarm() { deadline_ = Clock::time_point::max(); }
  void watch() {
    watching_ = true;
    watch_until_ = deadline_;
    watchdog_.expires_at(watch_until_);
    watchdog_.async_wait([weak = weak_from_this(), until = watch_until_](ErrorCode error) {
      const auto self = weak.lock();
      if (!self || error || until != self->watch_until_) return;
      self->watching_ = false;
      if (self->closed_ || self->deadline_ == Clock::time_point::max()) return;
      if (Clock::now() >= self->deadline_) {
        self->timed_out_ = true;
        ErrorCode ignored;
        self->socket_.cancel(ignored);
      } else {
        self->watch();
      }
    });
  }

  void close() {
    if (closed_) return;
    closed_ = true;
    if (stream_) stream_->connection_lost();
    ErrorCode ignored;
    socket_.close(ignored);
    watchdog_.cancel();
    answer_timer_.cancel();
  }

  asio::awaitable<bool> read_more() {
    if (closed_ || timed_out_) co_return false;
    const auto space = buffer_.prepare(std::min(kReadBytes, buffer_.max_size() - buffer_.size()));
    auto [error, size] = co_await socket_.async_read_some(space, kAwait);
    buffer_.commit(size);
    co_return !error && size > 0;
  }

  asio::awaitable<void> serve() {
    ErrorCode ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    const auto remote = socket_.remote_endpoint(ignored);
    peer_ = ignored ? std::string() : remote.address().to_string();
    while (!closed_ && !stop_) {
      if (!co_await serve_one()) break;
    }
  }

  /// One request and its answer. False: the connection is done with.
  asio::awaitable<bool> serve_one() {
    // Wait for the first byte, empty lines before it left out (RFC 9112, 2.2).
    std::size_t skipped = 0;
    idle_ = true;
    arm(limits_.idle_time);
    while (true) {
      const auto* bytes = static_cast<const char*>(buffer_.data().data());
      std::size_t breaks = 0;
      while (breaks < buffer_.size() && (bytes[breaks] == '\r' || bytes[breaks] == '\n')) ++breaks;
      buffer_.consume(breaks);
      skipped += breaks;
      if (buffer_.size() > 0) break;
      if (stop_ || skipped > 1024 || !co_await read_more()) co_return false;
    }
    idle_ = false;
    if (stop_) co_return false;

    // The head.
    arm(limits_.header_time);
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
    parser_->body_limit(boost::none);
    parser_->eager(false);
    while (true) {
      ErrorCode error;
      buffer_.consume(parser_->put(buffer_.data(), error));
      if (error && error != beast::http::error::need_more) {
        co_return co_await refuse_protocol(error);
      }
      if (parser_->is_header_done()) break;
      if (!co_await read_more()) {
        if (timed_out_) {
          HttpResponse slow = problem(
              {.status = 408, .detail = "The head of the request did not arrive in time. Send it without a pause."});
          co_return co_await refuse_and_linger(std::move(slow));
        }
        co_return false;
      }
    }
    disarm();

    auto request = std::make_shared<HttpRequest>(core_->budget);
    if (auto refusal = take_head(*request)) co_return co_await refuse_and_linger(*std::move(refusal));
    const bool keep_alive = parser_->keep_alive() && request->version >= 11;

    Admission admission = handler_.admit(*request);
    const auto length = parser_->content_length();
    const bool has_body = parser_->chunked() || (length && *length > 0);
    if (!admission.refusal && length && *length > admission.body_limit) {
      admission.refusal = too_large(admission.body_limit);
    }
    if (admission.refusal) {
      if (!has_body) co_return co_await answer_plain(*request, *std::move(admission.refusal), keep_alive);
      const bool short_body = !parser_->chunked() && *length <= kPatientBodyBytes && !request->has_header("Expect");
      if (!short_body) co_return co_await refuse_and_linger(*std::move(admission.refusal));
      if (auto refusal = co_await read_body(*request, kPatientBodyBytes)) co_return false;
      co_return co_await answer_plain(*request, *std::move(admission.refusal), keep_alive);
    }
    if (has_body) {
      if (request->version >= 11 && equal_ignoring_case(request->header("Expect"), "100-continue") &&
          buffer_.size() == 0) {
        if (!co_await write_bytes("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
      }
      if (auto refusal = co_await read_body(*request, admission.body_limit)) {
        if (refusal->status == 0) co_return false;
        request->body.clear();
        co_return co_await refuse_and_linger(*std::move(refusal));
      }
    }
    co_return co_await answer(std::move(request), keep_alive);
  }

  /// Fills `request` from the parser; an answer when it cannot be served.
  std::optional<HttpResponse> take_head(HttpRequest& request) {
    const auto& head = parser_->get();
    request.method = std::string(head.method_string());
    request.target = std::string(head.target());
    request.version = head.version();
    request.peer = peer_;
    std::size_t hosts = 0;
    for (const auto& field : head) {
      request.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
      if (field.name() == beast::http::field::host) ++hosts;
    }
    if (request.version != 10 && request.version != 11) {
      return problem({.status = 505, .detail = "Only HTTP/1.1 and HTTP/1.0 are spoken here."});
    }
    // RFC 9112, 6.1: a coding that is not understood may hide a second request.
    if (request.has_header("Transfer-Encoding") && (!parser_->chunked() || request.version < 11)) {
      return problem(
          {.status = 501, .detail = "The only Transfer-Encoding that is understood is chunked, over HTTP/1.1."});
    }
    if (hosts > 1 || (hosts == 0 && request.version >= 11)) {
      return problem({.status = 400, .detail = "A request has one Host header (RFC 9112, 3.2)."});
    }
    std::string_view target = request.target;
    request.authority = std::string(request.header("Host"));
    for (const std::string_view scheme : {"http://", "https://"}) {
      if (target.size() > scheme.size() && equal_ignoring_case(target.substr(0, scheme.size()), scheme)) {
        target.remove_prefix(scheme.size());
        const std::size_t end = std::min(target.find_first_of("/?"), target.size());
        request.authority = std::string(target.substr(0, end));
        target.remove_prefix(end);
        if (target.empty() || target.front() == '?') request.path = "/";
        break;
      }
    }
    const std::size_t mark = std::min(target.find('?'), target.size());
    if (request.path.empty()) request.path = std::string(target.substr(0, mark));
    if (mark < target.size()) request.query = std::string(target.substr(mark + 1));
    if (const auto fragment = request.query.find('#'); fragment != std::string::npos) request.query.resize(fragment);
    if (request.path.empty() || request.path.front() != '/') {
      return problem({.status = 400, .detail = "The target of a request is a path that begins with /."});
    }
    return std::nullopt;
  }

  static HttpResponse too_large(std::size_t limit) {
    return problem({.status = 413,
                    .detail = fmt::format("The body is larger than {} bytes, which is the most that is taken in one "
                                          "request. Split it into several requests.",
                                          limit)});
  }
  static HttpResponse no_room() {
    return problem({.status = 503,
                    .detail = "Too many bodies are being received at the moment. Try again shortly.",
                    .retry_after_seconds = 1});
  }

  /// Reads the body. An answer when it cannot be taken; one with status 0 when the client has gone.
  asio::awaitable<std::optional<HttpResponse>> read_body(HttpRequest& request, std::size_t limit) {
    const auto last = Clock::now() + limits_.body_time;
    HttpBody& body = request.body;
    const bool chunked = parser_->chunked();
    const std::uint64_t length = chunked ? 0 : parser_->content_length().value();
    HttpResponse gone;
    gone.status = 0;
    if (chunked) {
      while (!parser_->is_done()) {
        if (!body.reserve_more(kReadBytes)) co_return no_room();
        auto& sink = parser_->get().body();
        sink.data = body.spare();
        sink.size = body.spare_size();
        const std::size_t room = sink.size;
        ErrorCode error;
        std::size_t used = 0;
        if (buffer_.size() > 0) {
          used = parser_->put(buffer_.data(), error);
          buffer_.consume(used);
          body.grow(room - sink.size);
          if (body.size() > limit) co_return too_large(limit);
          if (error == beast::http::error::need_buffer) error = {};
          if (error && error != beast::http::error::need_more) co_return broken(error);
          if (parser_->is_done()) break;
          if (used > 0) continue;
          if (buffer_.size() >= limits_.header_bytes) {
            HttpResponse longer =
                problem({.status = 400, .detail = "A chunk's head or a trailer is longer than is allowed."});
            co_return longer;
          }
        }
        if (!co_await read_piece(last)) co_return body_stopped(gone);
      }
    } else {
      if (!body.reserve_more(static_cast<std::size_t>(std::min<std::uint64_t>(length, 2 * kReadBytes))))
        co_return no_room();
      const auto missing = [&] { return static_cast<std::size_t>(length) - body.size(); };
      const std::size_t there = std::min(buffer_.size(), missing());
      if (!body.reserve_more(there)) co_return no_room();
      std::memcpy(body.spare(), buffer_.data().data(), there);
      body.grow(there);
      buffer_.consume(there);
      while (missing() > 0) {
        if (body.spare_size() == 0 && !body.reserve_more(std::min(missing(), body.size()))) co_return no_room();
        if (closed_) co_return gone;
        arm_body(last);
        auto [error, size] = co_await socket_.async_read_some(
            asio::buffer(body.spare(), std::min(missing(), body.spare_size())), kAwait);
        body.grow(size);
        if (error || size == 0) co_return body_stopped(gone);
      }
    }
    body.seal();
    disarm();
    co_return std::nullopt;
  }

  void arm_body(Clock::time_point last) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(last - Clock::now());
    arm(std::max(std::chrono::milliseconds(0), std::min(limits_.body_pause, left)));
  }
  asio::awaitable<bool> read_piece(Clock::time_point last) {
    arm_body(last);
    co_return co_await read_more();
  }
  std::optional<HttpResponse> body_stopped(const HttpResponse& gone) const {
    if (!timed_out_) return gone;
    return problem(
        {.status = 408, .detail = "The body of the request did not arrive in time. Send it without long pauses."});
  }
  static HttpResponse broken(const ErrorCode& error) {
    return problem({.status = 400, .detail = "The request is not valid HTTP/1.1: " + error.message() + "."});
  }

  asio::awaitable<bool> refuse_protocol(ErrorCode error) {
    namespace http = beast::http;
    HttpResponse answer = broken(error);
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      answer = problem({.status = 431,
                        .detail = fmt::format("The head of a request has at most {} bytes: the target and all headers.",
                                              limits_.header_bytes)});
    } else if (error == http::error::bad_version) {
      answer = problem({.status = 505, .detail = "Only HTTP/1.1 and HTTP/1.0 are spoken here."});
    } else if (error == http::error::bad_transfer_encoding) {
      answer = problem({.status = 400,
                        .detail = "Transfer-Encoding and Content-Length exclude each other, and each is given once."});
    }
    co_return co_await refuse_and_linger(std::move(answer));
  }

  /// Answers, throws away what the client still sends, so that it can read the answer, and closes.
  asio::awaitable<bool> refuse_and_linger(HttpResponse response) {
    HttpRequest nothing;
    nothing.method = parser_ && parser_->is_header_done() ? std::string(parser_->get().method_string()) : "GET";
    co_await answer_plain(nothing, std::move(response), false);
    co_await linger();
    co_return false;
  }

  asio::awaitable<void> linger() {
    ErrorCode ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    buffer_.consume(buffer_.size());
    std::size_t seen = 0;
    arm(stop_ ? std::min(limits_.linger_time, std::chrono::milliseconds(500)) : limits_.linger_time);
    while (seen < limits_.linger_bytes && co_await read_more()) {
      seen += buffer_.size();
      buffer_.consume(buffer_.size());
    }
    disarm();
  }

  asio::awaitable<void> refuse_connection() {
    HttpRequest nothing;
    nothing.method = "GET";
    HttpResponse full = problem({.status = 503,
                                 .detail = "Too many connections are open. Try again shortly, and reuse connections.",
                                 .retry_after_seconds = 1});
    co_await answer_plain(nothing, std::move(full), false);
    ErrorCode ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    arm(std::chrono::seconds(1));
    while (co_await read_more()) buffer_.consume(buffer_.size());
  }

  asio::awaitable<bool> write_bytes(std::string_view bytes) {
    while (!bytes.empty()) {
      if (closed_) co_return false;
      const std::string_view piece = bytes.substr(0, kWriteBytes);
      arm(limits_.write_pause);
      auto [error, size] = co_await asio::async_write(socket_, asio::buffer(piece.data(), piece.size()), kAwait);
      if (error) co_return false;
      bytes.remove_prefix(size);
    }
    disarm();
    co_return true;
  }

  /// Sends a whole answer. False: the connection is done with.
  asio::awaitable<bool> answer_plain(const HttpRequest& request, HttpResponse response, bool keep_alive) {
    const bool close = !keep_alive || response.close || stop_;
    const std::string_view content = response.content();
    const bool bodiless = response.status == 204 || response.status == 304;
    const std::string head =
        head_text(response, request.version, bodiless ? Length::kNone : Length::kKnown, content.size(), close);
    const bool send_body = !bodiless && request.method != "HEAD";
    if (send_body && content.size() <= kWriteBytes) {
      if (closed_) co_return false;
      arm(limits_.write_pause);
      const std::array<asio::const_buffer, 2> both{asio::buffer(head), asio::buffer(content.data(), content.size())};
      auto [error, size] = co_await asio::async_write(socket_, both, kAwait);
      disarm();
      co_return !error && !close;
    }
    if (!co_await write_bytes(head)) co_return false;
    if (send_body && !co_await write_bytes(content)) co_return false;
    co_return !close;
  }

  asio::awaitable<bool> answer(std::shared_ptr<HttpRequest> request, bool keep_alive);

  asio::awaitable<bool> answer_stream(const HttpRequest& request, const HttpResponse& head, bool keep_alive) {
    const std::shared_ptr<Stream> stream = stream_;
    const bool chunked = request.version >= 11;
    const bool close = !keep_alive || !chunked || head.close || stop_;
    const bool bodiless = request.method == "HEAD" || head.status == 204 || head.status == 304;
    const Length length = chunked ? Length::kChunked : Length::kUntilClose;
    endless_ = head.content_type == "text/event-stream";
    bool well = co_await write_bytes(head_text(head, request.version, length, 0, close));
    if (bodiless) {
      stream->connection_lost();
      stream_ = nullptr;
      co_return well && !close;
    }
    if (stop_ && endless_) stream->finish();
    while (well && !closed_) {
      Stream::Taken taken = stream->take();
      if (taken.bytes.empty() && taken.end == Stream::End::kNot) {
        answer_timer_.expires_after(std::chrono::hours(1));
        (void)co_await answer_timer_.async_wait(kAwait);  // post_wake() or post_stop() cancel it
        continue;
      }
      if (taken.end == Stream::End::kAbort) {
        well = false;
        break;
      }
      const bool last = taken.end != Stream::End::kNot;
      arm(taken.end == Stream::End::kCut ? std::chrono::milliseconds(2000) : limits_.write_pause);
      ErrorCode error;
      if (chunked) {
        std::string size_line, tail;
        if (!taken.bytes.empty()) {
          size_line = fmt::format("{:x}\r\n", taken.bytes.size());
          tail = "\r\n";
        }
        if (last) tail += "0\r\n\r\n";
        const std::array<asio::const_buffer, 3> parts{asio::buffer(size_line), asio::buffer(taken.bytes),
                                                      asio::buffer(tail)};
        std::tie(error, std::ignore) = co_await asio::async_write(socket_, parts, kAwait);
      } else {
        std::tie(error, std::ignore) = co_await asio::async_write(socket_, asio::buffer(taken.bytes), kAwait);
      }
      disarm();
      stream->sent();
      if (error || taken.end == Stream::End::kCut) well = false;
      if (last) break;
    }
    stream->connection_lost();
    stream_ = nullptr;
    co_return well && !close;
  }

  const std::shared_ptr<Core> core_;
  const HttpLimits& limits_;
  HttpHandler& handler_;
  Socket socket_;
  const Strand strand_;
  Timer watchdog_;
  Timer answer_timer_;  // waits for an answer, or for more of a stream
  std::string peer_;
  beast::flat_buffer buffer_{1024 * 1024};
  std::optional<Parser> parser_;

  Clock::time_point deadline_ = Clock::time_point::max(), watch_until_{};
  bool watching_ = false, timed_out_ = false, closed_ = false;
  bool idle_ = false;     // between requests
  bool stop_ = false;     // the server is stopping
  bool endless_ = false;  // the stream ends only when somebody leaves
  bool waiting_ = false;  // for the answer to request_number_
  std::uint64_t request_number_ = 0;
  std::optional<HttpResponse> answer_;
  std::shared_ptr<Stream> stream_;
};

template <class F>
void Core::post(const std::weak_ptr<Connection>& weak, F f) {
  std::lock_guard lock(mutex);
  if (context == nullptr) return;
  if (auto connection = weak.lock()) {
    const Strand strand = connection->strand();
    asio::post(strand, [connection = std::move(connection), f = std::move(f)]() mutable { f(*connection); });
  }
}

/// The reply to one request of one connection.
class Sink final : public HttpReply::Sink {
 public:
  Sink(const std::shared_ptr<Connection>& connection, std::uint64_t number)
      : core_(connection->core()), connection_(connection), number_(number) {}
  ~Sink() override {
    if (!done_.exchange(true)) {
      post(problem({.status = 500, .detail = "The request was dropped without an answer. This is a bug in Weir."}),
           nullptr);
    }
  }
  void send(HttpResponse response) override {
    if (!done_.exchange(true)) post(std::move(response), nullptr);
  }
  std::shared_ptr<ResponseStream> stream(HttpResponse head, std::size_t limit) override {
    auto stream = std::make_shared<Stream>(limit, [core = core_, weak = connection_] {
      core->post(weak, [](Connection& connection) { connection.wake(); });
    });
    if (done_.exchange(true) || connection_.expired()) {
      stream->connection_lost();
    } else {
      post(std::move(head), stream);
    }
    return std::make_shared<StreamHandle>(std::move(stream));
  }

 private:
  void post(HttpResponse response, std::shared_ptr<Stream> stream) {
    core_->post(connection_, [number = number_, response = std::move(response),
                              stream = std::move(stream)](Connection& connection) mutable {
      connection.take_answer(number, std::move(response), std::move(stream));
    });
  }
  const std::shared_ptr<Core> core_;
  const std::weak_ptr<Connection> connection_;
  const std::uint64_t number_;
  std::atomic<bool> done_{false};
};

asio::awaitable<bool> Connection::answer(std::shared_ptr<HttpRequest> request, bool keep_alive) {
  // The handler may let go of the body long before the answer is there; the rest is needed here.
  HttpRequest head;
  head.method = request->method;
  head.version = request->version;
  ++request_number_;
  answer_.reset();
  waiting_ = true;
  handler_.handle(std::move(request), HttpReply(std::make_shared<Sink>(shared_from_this(), request_number_)));
  const auto until = Clock::now() + limits_.answer_time;
  while (!answer_ && !closed_ && Clock::now() < until) {
    answer_timer_.expires_at(until);
    (void)co_await answer_timer_.async_wait(kAwait);
  }
  waiting_ = false;
  if (closed_) co_return false;
  if (!answer_) {
    HttpResponse late = problem({.status = 503,
                                 .detail = "The answer took too long. Ask for less, or try again later.",
                                 .retry_after_seconds = 5});
    co_return co_await answer_plain(head, std::move(late), keep_alive);
  }
  HttpResponse response = *std::move(answer_);
  answer_.reset();
  if (stream_) co_return co_await answer_stream(head, response, keep_alive);
  co_return co_await answer_plain(head, std::move(response), keep_alive);
}

class Server final : public HttpServer {
 public:
  Server(HttpLimits limits, Metrics& metrics) : core_(std::make_shared<Core>(limits, metrics)), context_(1) {
    core_->context = &context_;
  }

  ~Server() override { stop(std::chrono::milliseconds(0)); }

  Status listen(const HttpListener& listener) {
    WEIR_TRY_ASSIGN(const ListenAddress address, parse_listen_address(listener.address));
    ErrorCode error;
    const auto ip = asio::ip::make_address(address.host, error);
    if (error) return fail(Code::kInvalid, fmt::format("{}: {} is no IP address", listener.name, address.host));
    const tcp::endpoint endpoint(ip, address.port);
    Acceptor acceptor(asio::make_strand(context_));
    const auto failed = [&](std::string_view what) {
      Code code = Code::kInvalid;
      std::string_view next = "Next: give an address of this machine.";
      if (error == asio::error::address_in_use) {
        code = Code::kConflict;
        next = "Next: stop the program that uses it, or choose another port.";
      } else if (error == asio::error::access_denied) {
        code = Code::kDenied;
        next = "Next: choose a port above 1023.";
      }
      return fail(
          code, fmt::format("{}: cannot {} {}: {}. {}", listener.name, what, listener.address, error.message(), next));
    };
    if (acceptor.open(endpoint.protocol(), error)) return failed("open a socket for");
    acceptor.set_option(Acceptor::reuse_address(true), error);
    if (acceptor.bind(endpoint, error)) return failed("listen on");
    if (acceptor.listen(1024, error)) return failed("listen on");
    ports_.push_back(acceptor.local_endpoint(error).port());
    acceptors_.push_back(std::make_unique<Acceptor>(std::move(acceptor)));
    handlers_.push_back(listener.handler);
    return {};
  }

  void run(int threads) {
    for (std::size_t i = 0; i < acceptors_.size(); ++i) {
      asio::co_spawn(acceptors_[i]->get_executor(), accept(*acceptors_[i], *handlers_[i]), asio::detached);
    }
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] {
        while (true) {
          try {
            context_.run();
            return;
          } catch (const std::exception& error) {
            log::error("http: an io thread met an exception and goes on: {}", error.what());
          }
        }
      });
    }
  }

  std::vector<std::uint16_t> ports() const override { return ports_; }

  void stop(std::chrono::milliseconds patience) override {
    if (stopped_.exchange(true)) return;
    // Acceptors belong to the io threads.
    for (const auto& acceptor : acceptors_) {
      asio::post(acceptor->get_executor(), [raw = acceptor.get()] {
        ErrorCode ignored;
        raw->close(ignored);
      });
    }
    const auto all = [&](bool now) {
      for (Connection* connection : core_->connections) {
        auto alive = connection->weak_from_this().lock();  // null: its destructor waits for the mutex that we hold
        if (!alive) continue;
        const Strand strand = alive->strand();
        asio::post(strand, [alive = std::move(alive), now] { alive->stop(now); });
      }
    };
    {
      std::unique_lock lock(core_->mutex);
      core_->stopping = true;
      all(false);
      core_->changed.wait_for(lock, patience, [&] { return core_->connections.empty(); });
      all(true);
      core_->changed.wait_for(lock, std::chrono::milliseconds(500), [&] { return core_->connections.empty(); });
    }
    context_.stop();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
    std::lock_guard lock(core_->mutex);
    core_->context = nullptr;
  }

 private:
  asio::awaitable<void> accept(Acceptor& acceptor, HttpHandler& handler) {
    while (acceptor.is_open()) {
      Socket socket(asio::make_strand(context_));
      auto [error] = co_await acceptor.async_accept(socket, kAwait);
      if (error) {
        if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
        // Out of files or memory: the connection waits in the backlog; look again when some may have been closed.
        Timer pause(asio::make_strand(context_), std::chrono::milliseconds(50));
        (void)co_await pause.async_wait(kAwait);
        continue;
      }
      bool refuse = false, drop = false;
      {
        std::lock_guard lock(core_->mutex);
        refuse = core_->connections.size() >= core_->limits.connections;
        drop = core_->stopping || core_->connections.size() >= core_->limits.connections + 64;
      }
      if (drop) continue;  // closes the socket
      Connection::start(std::make_shared<Connection>(core_, std::move(socket), handler), refuse);
    }
  }

  const std::shared_ptr<Core> core_;
  asio::io_context context_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<HttpHandler*> handlers_;
  std::vector<std::uint16_t> ports_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopped_{false};
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::create(const std::vector<HttpListener>& listeners, HttpLimits limits,
                                                       int io_threads, Metrics& metrics) {
  try {
    // Connections never take more than half of the files that the process may have open: the log and the store need theirs.
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY) {
      limits.connections = std::min(limits.connections, static_cast<std::size_t>(files.rlim_cur) / 2);
    }
    auto server = std::make_unique<Server>(limits, metrics);
    for (const HttpListener& listener : listeners) WEIR_TRY(server->listen(listener));
    server->run(io_threads);
    return server;
  } catch (const std::exception& error) {
    return fail(Code::kInternal, std::string("the HTTP server could not be started: ") + error.what());
  }
}

}  // namespace weir

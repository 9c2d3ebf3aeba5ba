#include "api/http_connection.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "api/http_body_reader.h"
#include "api/http_head_reader.h"
#include "api/http_refusals.h"
#include "base/log.h"

namespace weir::http {
namespace {

/// A refused request's body up to this is read, and the connection lives on.
constexpr std::size_t kPatientBodyBytes = 64 * 1024;
/// What a connection keeps of its buffer from one request to the next.
constexpr std::size_t kKeptBuffer = 4 * kReadBytes;
/// For the last words of an answer that is cut short.
constexpr std::chrono::milliseconds kCutTime{2'000};
/// For a client that was told that the server is full, or whose server stops, to read that.
constexpr std::chrono::milliseconds kRefusedTime{1'000}, kStoppedTime{500};

/// The reply to one request of one connection. Thread-safe.
class Sink final : public HttpReply::Sink {
 public:
  Sink(const std::shared_ptr<Connection>& connection, std::uint64_t number)
      : core_(connection->core()), connection_(connection), number_(number) {}
  ~Sink() override {
    if (!done_.exchange(true)) post(refusal::dropped(), nullptr);
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
    return producer_of(std::move(stream));
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

}  // namespace

void Core::post(const std::weak_ptr<Connection>& weak, std::move_only_function<void(Connection&)> work) {
  std::lock_guard lock(mutex);
  if (context == nullptr) return;
  if (auto connection = weak.lock()) {
    const Strand strand = connection->strand();
    asio::post(strand, [connection = std::move(connection), work = std::move(work)]() mutable { work(*connection); });
  }
}

Connection::Connection(std::shared_ptr<Core> core, std::shared_ptr<Listening> listening, Socket socket,
                       std::uint64_t seat, std::optional<HttpResponse> refusal)
    : core_(std::move(core)),
      listening_(std::move(listening)),
      limits_(listening_->limits),
      seat_(seat),
      refusal_(std::move(refusal)),
      transport_(
          std::make_shared<Transport>(std::move(socket), limits_.header_bytes + kReadBytes, limits_.write_pause)),
      answer_timer_(transport_->strand()) {
  core_->metrics.http_connections.Increment();
  if (seat_ == 0) ++listening_->refusing;
  std::lock_guard lock(core_->mutex);
  core_->connections.insert(this);
}

Connection::~Connection() {
  if (stream_) stream_->connection_lost();
  core_->metrics.http_connections.Decrement();
  if (seat_ == 0) {
    --listening_->refusing;
  } else {
    listening_->seats.leave(seat_);
  }
  std::lock_guard lock(core_->mutex);
  core_->connections.erase(this);
  core_->changed.notify_all();
}

void Connection::start(const std::shared_ptr<Connection>& connection) {
  asio::co_spawn(
      connection->strand(),
      [connection]() -> asio::awaitable<void> {
        try {
          if (connection->refusal_) {
            co_await connection->send_away();
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

void Connection::take_answer(std::uint64_t number, HttpResponse response, std::shared_ptr<Stream> stream) {
  if (number != request_number_ || answer_ || !waiting_) {
    if (stream) stream->connection_lost();  // too late: the client has been told something else, or has gone
    return;
  }
  answer_ = std::move(response);
  stream_ = std::move(stream);
  answer_timer_.cancel();
}

void Connection::wake() {
  if (stream_ && stream_->cut_short()) transport_->arm(kCutTime);
  answer_timer_.cancel();
}

void Connection::give_way() {
  leave_ = true;
  if (yields_) transport_->cancel();
}

void Connection::stop(bool now) {
  stop_ = leave_ = true;
  if (now) {
    close();
  } else if (idle_) {
    transport_->cancel();
  } else if (stream_ && endless_) {
    stream_->finish();
  }
  answer_timer_.cancel();
}

void Connection::close() {
  if (transport_->closed()) return;
  if (stream_) stream_->connection_lost();
  transport_->close();
  answer_timer_.cancel();
}

asio::awaitable<void> Connection::serve() {
  transport_->open();
  peer_ = transport_->peer();
  // A plain flag: of `while (!transport_->closed() && !leave_) { if (!co_await …) break; }` GCC 12 lays out the frame wrongly,
  // and the program ends at the first resumption.
  bool more = true;
  while (more) {
    more = co_await serve_one();
    listening_->seats.set_idle(seat_, Clock::now());
    if (transport_->buffer().capacity() > kKeptBuffer) transport_->buffer().shrink_to_fit();
    more = more && !transport_->closed() && !leave_;
  }
}

asio::awaitable<bool> Connection::serve_one() {
  idle_ = yields_ = true;
  const bool began = co_await await_request(*transport_, limits_, leave_);
  idle_ = false;
  if (!began) co_return false;

  Parser parser;
  BudgetShare head_memory(listening_->budget);
  if (auto refusal = co_await read_head(*transport_, limits_, parser, head_memory)) {
    const Asked nothing;
    co_return co_await refuse_and_linger(nothing, *refusal);
  }
  // Not before: who sends a head slowly is no better than who sends none.
  yields_ = false;
  listening_->seats.set_busy(seat_);
  auto request = std::make_shared<HttpRequest>(listening_->budget);
  request->peer = peer_;
  if (auto refusal = take_head(parser, *request)) {
    const Asked asked{.method = request->method};
    co_return co_await refuse_and_linger(asked, *refusal);
  }
  const bool keep_alive = parser.keep_alive() && request->version >= 11;

  Admission admission = listening_->handler.admit(*request);
  const auto length = parser.content_length();
  if (!admission.refusal && length && *length > admission.body_limit) {
    admission.refusal = refusal::large_body(admission.body_limit);
  }
  if (admission.refusal) {
    co_return co_await serve_refused(*request, parser, *std::move(admission.refusal), keep_alive);
  }
  if (has_body(parser)) {
    if (request->version >= 11 && equal_ignoring_case(request->header("Expect"), "100-continue") &&
        transport_->buffer().size() == 0) {
      if (!co_await transport_->write("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
    }
    if (auto refusal = co_await read_body(*transport_, limits_, parser, *request, admission.body_limit)) {
      request->body.clear();
      const Asked asked{.method = request->method};
      co_return co_await refuse_and_linger(asked, *refusal);
    }
  }
  co_return co_await ask_handler(std::move(request), keep_alive);
}

asio::awaitable<bool> Connection::serve_refused(HttpRequest& request, Parser& parser, HttpResponse refusal,
                                                bool keep_alive) {
  const Asked asked{.method = request.method, .version = request.version};
  if (has_body(parser)) {
    const bool short_body =
        !parser.chunked() && *parser.content_length() <= kPatientBodyBytes && !request.has_header("Expect");
    if (!short_body) co_return co_await refuse_and_linger(asked, refusal);
    if (co_await read_body(*transport_, limits_, parser, request, kPatientBodyBytes)) co_return false;
  }
  co_return co_await answer_plain(asked, refusal, keep_alive);
}

asio::awaitable<bool> Connection::ask_handler(std::shared_ptr<HttpRequest> request, bool keep_alive) {
  // The handler may let go of the request long before the answer is there; this is needed here.
  const Asked asked{.method = request->method, .version = request->version};
  ++request_number_;
  answer_.reset();
  waiting_ = true;
  listening_->handler.handle(std::move(request),
                             HttpReply(std::make_shared<Sink>(shared_from_this(), request_number_)));
  const auto until = Clock::now() + limits_.answer_time;
  while (!answer_ && !transport_->closed() && Clock::now() < until) {
    answer_timer_.expires_at(until);
    (void)co_await answer_timer_.async_wait(kAwait);  // take_answer() and stop() cancel it
  }
  waiting_ = false;
  if (transport_->closed()) co_return false;
  const HttpResponse response = answer_ ? *std::exchange(answer_, std::nullopt) : refusal::late_answer();
  if (stream_) co_return co_await answer_stream(asked, response, keep_alive);
  co_return co_await answer_plain(asked, response, keep_alive);
}

asio::awaitable<bool> Connection::answer_plain(const Asked& asked, const HttpResponse& response, bool keep_alive) {
  const bool close = !keep_alive || response.close || leave_;
  if (!co_await write_answer(*transport_, asked, response, close)) co_return false;
  co_return !close;
}

asio::awaitable<bool> Connection::answer_stream(const Asked& asked, const HttpResponse& head, bool keep_alive) {
  const std::shared_ptr<Stream> stream = stream_;
  const bool close = !keep_alive || asked.version < 11 || head.close || leave_;
  endless_ = head.content_type == "text/event-stream";
  if (stop_ && endless_) stream->finish();
  const bool well = co_await write_stream(*transport_, asked, head, *stream, answer_timer_, close);
  stream_ = nullptr;
  co_return well && !close;
}

asio::awaitable<bool> Connection::refuse_and_linger(const Asked& asked, const HttpResponse& refusal) {
  if (refusal.status == 0) co_return false;  // the client has gone
  co_await write_answer(*transport_, asked, refusal, true);
  transport_->end_of_sending();
  beast::flat_buffer& buffer = transport_->buffer();
  buffer.consume(buffer.size());
  std::size_t seen = 0;
  listening_->seats.set_idle(seat_, Clock::now());  // nobody is kept waiting for one who has been answered
  yields_ = true;
  transport_->arm(stop_ ? std::min(limits_.linger_time, kStoppedTime) : limits_.linger_time);
  while (seen < limits_.linger_bytes && co_await transport_->read_more()) {
    seen += buffer.size();
    buffer.consume(buffer.size());
  }
  transport_->disarm();
  co_return false;
}

asio::awaitable<void> Connection::send_away() {
  const Asked nothing;
  co_await write_answer(*transport_, nothing, *refusal_, true);
  transport_->end_of_sending();
  transport_->arm(kRefusedTime);
  beast::flat_buffer& buffer = transport_->buffer();
  while (co_await transport_->read_more()) buffer.consume(buffer.size());
}

}  // namespace weir::http

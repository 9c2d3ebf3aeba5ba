// One client: its requests one after the other, each with its answer.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "api/http.h"
#include "api/http_answer_writer.h"
#include "api/http_asio.h"
#include "api/http_seats.h"
#include "api/http_server.h"
#include "api/http_stream.h"
#include "api/http_transport.h"
#include "base/metrics.h"

namespace weir::http {

class Connection;

/// What the connections of one listener share. Thread-safe.
struct Listening {
  Listening(HttpHandler& handler_in, const HttpLimits& limits_in)
      : handler(handler_in),
        limits(limits_in),
        budget(std::make_shared<BodyBudget>(limits_in.body_bytes)),
        seats({.all = limits_in.connections,
               .of_one_client = limits_in.connections_of_one_client,
               .spared = limits_in.spared_time}) {}

  HttpHandler& handler;
  const HttpLimits limits;
  const std::shared_ptr<BodyBudget> budget;
  Seats seats;
  std::atomic<std::size_t> refusing{0};  // connections without a seat, which are told so
};

/// What connections, replies and the server share. Replies may outlive the server; so this is shared, and says when it is gone.
struct Core {
  explicit Core(Metrics& metrics_in) : metrics(metrics_in) {}

  Metrics& metrics;

  std::mutex mutex;
  std::condition_variable changed;
  // guarded by mutex
  asio::io_context* context = nullptr;  // null: the server is gone
  bool stopping = false;
  std::set<Connection*> connections;

  /// Runs `work` on the connection's strand, unless it or the server is gone. Thread-safe. The reference that is taken here
  /// always ends up in the io_context: nobody outside may be the last to let go of a connection.
  void post(const std::weak_ptr<Connection>& weak, std::move_only_function<void(Connection&)> work);
};

/// Owned by its coroutine. Everything but the four that only tell and the constructor is called on its strand.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  /// Takes a place in core->connections until it is destroyed, and gives `seat` back then (0: it has none, as the listener
  /// is full; it is told `refusal` and nothing else).
  Connection(std::shared_ptr<Core> core, std::shared_ptr<Listening> listening, Socket socket, std::uint64_t seat,
             std::optional<HttpResponse> refusal);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Serves until the client leaves, is sent away, gives way or stop() is called. From any thread, once.
  static void start(const std::shared_ptr<Connection>& connection);

  /// The answer to request number `number`; with `stream`, its body follows through that. One that nobody waits for any
  /// more goes nowhere.
  void take_answer(std::uint64_t number, HttpResponse response, std::shared_ptr<Stream> stream);
  /// The stream has more, or has ended.
  void wake();
  /// Its seat has been given to somebody else: ends it when there is no answer that it waits for, else behind that answer.
  void give_way();
  /// Ends what is idle or endless; with `now` all else too.
  void stop(bool now);

  const std::shared_ptr<Core>& core() const { return core_; }
  const Strand& strand() const { return transport_->strand(); }
  const std::shared_ptr<Listening>& listening() const { return listening_; }
  std::uint64_t seat() const { return seat_; }

 private:
  asio::awaitable<void> serve();
  /// One request and its answer. This and what follows: false, the connection is done with.
  asio::awaitable<bool> serve_one();
  asio::awaitable<bool> serve_refused(HttpRequest& request, Parser& parser, HttpResponse refusal, bool keep_alive);
  asio::awaitable<bool> ask_handler(std::shared_ptr<HttpRequest> request, bool keep_alive);
  asio::awaitable<bool> answer_plain(const Asked& asked, const HttpResponse& response, bool keep_alive);
  asio::awaitable<bool> answer_stream(const Asked& asked, const HttpResponse& head, bool keep_alive);
  /// Answers, throws away what the client still sends, so that it can read the answer; nothing at all when it has gone.
  asio::awaitable<bool> refuse_and_linger(const Asked& asked, const HttpResponse& refusal);
  asio::awaitable<void> send_away();
  void close();

  const std::shared_ptr<Core> core_;
  const std::shared_ptr<Listening> listening_;
  const HttpLimits& limits_;
  const std::uint64_t seat_;
  const std::optional<HttpResponse> refusal_;
  const std::shared_ptr<Transport> transport_;
  Timer answer_timer_;  // waits for an answer, or for more of a stream
  std::string peer_;

  bool idle_ = false;     // between requests
  bool yields_ = false;   // has no answer to wait for: it is idle, sends its head, or has been sent away
  bool stop_ = false;     // the server is stopping
  bool leave_ = false;    // as soon as it is idle: the server is stopping, or the seat is somebody else's
  bool endless_ = false;  // the stream ends only when somebody leaves
  bool waiting_ = false;  // for the answer to request_number_
  std::uint64_t request_number_ = 0;
  std::optional<HttpResponse> answer_;
  std::shared_ptr<Stream> stream_;
};

}  // namespace weir::http

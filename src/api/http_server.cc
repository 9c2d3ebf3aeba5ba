#include "api/http_server.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <exception>
#include <mutex>
#include <thread>

#include "api/http_asio.h"
#include "api/http_connection.h"
#include "api/http_refusals.h"
#include "api/http_seats.h"
#include "api/listen_address.h"
#include "base/log.h"
#include "base/thread_name.h"

namespace weir {
namespace {

using namespace http;

/// Connections without a seat that are told so at the same time.
constexpr std::size_t kRefusedAtOnce = 64;

/// Connections never take more than half of the files that the process may have open: the log and the store need theirs.
std::vector<HttpListener> within_open_files(std::vector<HttpListener> listeners) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return listeners;
  const std::size_t most = static_cast<std::size_t>(files.rlim_cur) / 2;
  std::size_t wanted = 0;
  for (const HttpListener& listener : listeners) wanted += listener.limits.connections;
  if (wanted <= most) return listeners;
  for (HttpListener& listener : listeners) {
    std::size_t& all = listener.limits.connections;
    std::size_t& of_one = listener.limits.connections_of_one_client;
    of_one = std::max<std::size_t>(of_one * most / wanted, 1);
    all = std::max<std::size_t>(all * most / wanted, 1);
  }
  return listeners;
}

class Server final : public HttpServer {
 public:
  explicit Server(Metrics& metrics) : core_(std::make_shared<Core>(metrics)), context_(1) {
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
    listenings_.push_back(std::make_shared<Listening>(*listener.handler, listener.limits));
    return {};
  }

  void run(int threads) {
    for (std::size_t i = 0; i < acceptors_.size(); ++i) {
      asio::co_spawn(acceptors_[i]->get_executor(), accept(*acceptors_[i], listenings_[i]), asio::detached);
    }
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] {
        name_this_thread("weir-http");
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
  asio::awaitable<void> accept(Acceptor& acceptor, std::shared_ptr<Listening> listening) {
    while (acceptor.is_open()) {
      Socket socket(asio::make_strand(context_));
      tcp::endpoint peer;
      auto [error] = co_await acceptor.async_accept(socket, peer, kAwait);
      if (error) {
        if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
        // Out of files or memory: the connection waits in the backlog; look again when some may have been closed.
        Timer pause(asio::make_strand(context_), std::chrono::milliseconds(50));
        (void)co_await pause.async_wait(kAwait);
        continue;
      }
      try {
        seat(listening, std::move(socket), peer);
      } catch (const std::exception& failure) {
        log::warn("http: a connection could not be taken: {}", failure.what());
      }
    }
  }

  /// Serves a new connection, or tells it that there is no room; where too many are being told so, it is only closed.
  void seat(const std::shared_ptr<Listening>& listening, Socket socket, const tcp::endpoint& peer) {
    {
      std::lock_guard lock(core_->mutex);
      if (core_->stopping) return;
    }
    const Seats::Answer place = listening->seats.take(client_of(peer.address().to_string()), Clock::now());
    if (place.leaving != 0) let_go(*listening, place.leaving);
    std::optional<HttpResponse> refusal;
    if (place.verdict != Seats::Verdict::kSeated) {
      if (listening->refusing >= kRefusedAtOnce) return;
      refusal = place.verdict == Seats::Verdict::kClientFull
                    ? refusal::too_many_of_one_client(listening->limits.connections_of_one_client)
                    : refusal::too_many_connections(listening->limits.connections);
    }
    Connection::start(
        std::make_shared<Connection>(core_, listening, std::move(socket), place.number, std::move(refusal)));
  }

  /// Ends the connection with that seat, once it is idle.
  void let_go(const Listening& listening, std::uint64_t seat) {
    std::lock_guard lock(core_->mutex);
    for (Connection* connection : core_->connections) {
      if (connection->listening().get() != &listening || connection->seat() != seat) continue;
      auto alive = connection->weak_from_this().lock();
      if (!alive) return;
      const Strand strand = alive->strand();
      asio::post(strand, [alive = std::move(alive)] { alive->give_way(); });
      return;
    }
  }

  const std::shared_ptr<Core> core_;
  asio::io_context context_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::vector<std::shared_ptr<Listening>> listenings_;
  std::vector<std::uint16_t> ports_;
  std::vector<std::thread> threads_;
  std::atomic<bool> stopped_{false};
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::create(const std::vector<HttpListener>& listeners, int io_threads,
                                                       Metrics& metrics) {
  try {
    auto server = std::make_unique<Server>(metrics);
    for (const HttpListener& listener : within_open_files(listeners)) WEIR_TRY(server->listen(listener));
    server->run(io_threads);
    return server;
  } catch (const std::exception& error) {
    return fail(Code::kInternal, std::string("the HTTP server could not be started: ") + error.what());
  }
}

}  // namespace weir

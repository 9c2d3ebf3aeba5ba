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
#include "api/listen_address.h"
#include "base/log.h"
#include "base/thread_name.h"

namespace weir {
namespace {

using namespace http;

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

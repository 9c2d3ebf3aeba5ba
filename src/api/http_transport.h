// A client's socket with one deadline, and the bytes that were read and not used yet.
#pragma once

#include <boost/asio/write.hpp>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/http_asio.h"

namespace weir::http {

/// Everything but the constructor and strand() is called on the strand. Always owned by a shared_ptr, as its watchdog may
/// wake after its owner has gone. Nothing here fails with more than false: the connection is then done with.
class Transport final : public std::enable_shared_from_this<Transport> {
 public:
  /// At most `buffer_bytes` of what was read wait to be used. `write_pause`: the time for kWriteBytes to be taken.
  Transport(Socket socket, std::size_t buffer_bytes, std::chrono::milliseconds write_pause);

  const Strand& strand() const { return strand_; }
  /// Sends small pieces at once. Once, before anything is read.
  void open();
  /// The client's address without port; empty when it has gone already.
  std::string peer();

  /// From now on, what is being read or written, or begins to be, fails when `time` has passed. One deadline at a time.
  void arm(std::chrono::milliseconds time);
  void disarm() { deadline_ = Clock::time_point::max(); }
  /// Whether the deadline of the last arm() has passed.
  bool timed_out() const { return timed_out_; }

  /// What is being read or written fails.
  void cancel();
  /// The client sees the end of what was sent; what it sends can still be read.
  void end_of_sending();
  void close();
  bool closed() const { return closed_; }

  beast::flat_buffer& buffer() { return buffer_; }
  /// Adds to buffer(), which has room. False: nothing came before the deadline, or nothing will come.
  asio::awaitable<bool> read_more();
  /// Past buffer(), which is empty. 0: as read_more().
  asio::awaitable<std::size_t> read_into(char* to, std::size_t size);

  /// Piece by piece, each within write_pause. The deadline is gone afterwards, unless it failed.
  asio::awaitable<bool> write(std::string_view bytes);
  /// All in one go, within `time`. The deadline is gone afterwards.
  template <class Buffers>
  asio::awaitable<bool> write_once(const Buffers& buffers, std::chrono::milliseconds time) {
    arm(time);
    auto [error, size] = co_await asio::async_write(socket_, buffers, kAwait);
    disarm();
    co_return !error;
  }
  std::chrono::milliseconds write_pause() const { return write_pause_; }

 private:
  void watch();

  Socket socket_;
  const Strand strand_;
  const std::chrono::milliseconds write_pause_;
  Timer watchdog_;
  beast::flat_buffer buffer_;
  Clock::time_point deadline_ = Clock::time_point::max(), watch_until_{};
  bool watching_ = false, timed_out_ = false, closed_ = false;
};

}  // namespace weir::http

#include "api/http_transport.h"

#include <algorithm>

namespace weir::http {

Transport::Transport(Socket socket, std::size_t buffer_bytes, std::chrono::milliseconds write_pause)
    : socket_(std::move(socket)),
      strand_(socket_.get_executor()),
      write_pause_(write_pause),
      watchdog_(strand_),
      buffer_(buffer_bytes) {}

void Transport::open() {
  ErrorCode ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
}

std::string Transport::peer() {
  ErrorCode error;
  const auto remote = socket_.remote_endpoint(error);
  return error ? std::string() : remote.address().to_string();
}

void Transport::arm(std::chrono::milliseconds time) {
  timed_out_ = false;
  deadline_ = Clock::now() + time;
  if (watching_ && watch_until_ <= deadline_) return;  // it looks again when it wakes
  watch();
}

void Transport::watch() {
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
      self->cancel();
    } else {
      self->watch();
    }
  });
}

void Transport::cancel() {
  ErrorCode ignored;
  socket_.cancel(ignored);
}

void Transport::end_of_sending() {
  ErrorCode ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void Transport::close() {
  if (closed_) return;
  closed_ = true;
  ErrorCode ignored;
  socket_.close(ignored);
  watchdog_.cancel();
}

asio::awaitable<bool> Transport::read_more() {
  if (closed_ || timed_out_) co_return false;
  const auto space = buffer_.prepare(std::min(kReadBytes, buffer_.max_size() - buffer_.size()));
  auto [error, size] = co_await socket_.async_read_some(space, kAwait);
  buffer_.commit(size);
  co_return !error && size > 0;
}

asio::awaitable<std::size_t> Transport::read_into(char* to, std::size_t size) {
  if (closed_) co_return 0;
  auto [error, got] = co_await socket_.async_read_some(asio::buffer(to, size), kAwait);
  co_return error ? 0 : got;
}

asio::awaitable<bool> Transport::write(std::string_view bytes) {
  while (!bytes.empty()) {
    if (closed_) co_return false;
    const std::string_view piece = bytes.substr(0, kWriteBytes);
    arm(write_pause_);
    auto [error, size] = co_await asio::async_write(socket_, asio::buffer(piece.data(), piece.size()), kAwait);
    if (error) co_return false;
    bytes.remove_prefix(size);
  }
  disarm();
  co_return true;
}

}  // namespace weir::http

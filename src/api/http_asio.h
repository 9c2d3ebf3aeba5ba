// What the files of the HTTP server (http_*) share of Asio and Beast. Nobody else includes this: handlers see http.h.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <chrono>
#include <cstddef>

// Asio's coroutine frames come from its own operator new, which GCC 12 sees through when it inlines with AddressSanitizer, and
// not their operator delete; the warning is given at the end of the coroutine, so it is off for who includes this.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

namespace weir::http {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using Clock = std::chrono::steady_clock;
/// A connection has one: what runs on it never runs twice at once.
using Strand = asio::strand<asio::io_context::executor_type>;
using Socket = asio::basic_stream_socket<tcp, Strand>;
using Acceptor = asio::basic_socket_acceptor<tcp, Strand>;
using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Strand>;
using ErrorCode = boost::system::error_code;
/// Coroutines get errors as values.
inline constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

using Parser = beast::http::request_parser<beast::http::buffer_body>;

/// Read from a socket at once.
inline constexpr std::size_t kReadBytes = 64 * 1024;
/// Written to a socket at once: what HttpLimits::write_pause is about.
inline constexpr std::size_t kWriteBytes = 256 * 1024;

}  // namespace weir::http

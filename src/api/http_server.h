// An HTTP/1.1 server: listeners, connections, limits. What is asked and answered is its handlers' business.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/http.h"
#include "base/metrics.h"
#include "base/status.h"

namespace weir {

/// Of one listener: what one of them has used up does not keep the others from serving.
struct HttpLimits {
  std::size_t header_bytes = 16 * 1024;  // of a request's head: the target and all headers
  std::size_t headers = 100;             // of a request
  /// Open at once. Of all listeners together never more than half of the open files that the process may have: then each
  /// gets its part of that.
  std::size_t connections = 768;
  /// Of these, for one client: an IPv4 address, or the first 64 bits of an IPv6 address.
  std::size_t connections_of_one_client = 512;
  /// A connection without a whole request gives way to a new one, when there is no room, after so long.
  std::chrono::milliseconds spared_time{500};
  /// All bodies together that are being received or worked on, and all heads above 64 KiB.
  std::size_t body_bytes = 256 * 1024 * 1024;
  std::chrono::milliseconds header_time{10'000};  // from the first byte of a request to the end of its head
  std::chrono::milliseconds idle_time{75'000};    // between requests
  std::chrono::milliseconds body_time{120'000};   // for all of a body
  std::chrono::milliseconds body_pause{15'000};   // between two pieces of a body
  /// A body that has come for longer than `body_grace` comes with at least so many bytes a second, on average.
  std::size_t body_rate = 1024;
  std::chrono::milliseconds body_grace{20'000};
  std::chrono::milliseconds answer_time{120'000};  // from a whole request to its answer
  std::chrono::milliseconds write_pause{20'000};   // for 256 KiB to be taken by the client
  /// After an answer that came before the request was read: what is still read and thrown away, so that the client can
  /// read the answer instead of meeting a reset connection.
  std::size_t linger_bytes = 64 * 1024 * 1024;
  std::chrono::milliseconds linger_time{5'000};
};

struct HttpListener {
  std::string address;   // host:port; [::1]:3000 for IPv6; port 0: any free one
  std::string name;      // for messages: "API and web"
  HttpHandler* handler;  // must outlive the server
  HttpLimits limits = {};
};

/// Thread-safe. Serves from create() to stop().
///   - Every request gets one answer, in order; requests may be pipelined.
///   - What is not HTTP, or could be read in two ways, gets 400 (431 for a long head, 408 for a slow one, 505, 501) as
///     problem+json and is disconnected.
///   - When there are as many connections as allowed, an idle one gives way; if there is none, the new one gets 503 with
///     Retry-After.
class HttpServer {
 public:
  /// kConflict: a port is in use; kInvalid: an address cannot be read or is not of this machine; kDenied: no right to
  /// listen there. The message names listener, address and what to do.
  static Result<std::unique_ptr<HttpServer>> create(const std::vector<HttpListener>& listeners, int io_threads,
                                                    Metrics& metrics);
  virtual ~HttpServer() = default;

  /// The ports in use, in the order of the listeners.
  virtual std::vector<std::uint16_t> ports() const = 0;

  /// Takes no more connections and requests, ends streams, waits until answers in flight are sent, at most `patience`,
  /// then disconnects everybody. When it returns, no handler is called any more; replies that come later go nowhere.
  virtual void stop(std::chrono::milliseconds patience) = 0;
};

}  // namespace weir

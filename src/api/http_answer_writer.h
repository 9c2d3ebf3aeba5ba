// Writes answers: whole ones, and those that are made while they are sent.
#pragma once

#include <string>

#include "api/http.h"
#include "api/http_asio.h"
#include "api/http_stream.h"
#include "api/http_transport.h"

namespace weir::http {

/// What of a request its answer depends on; the request itself may be gone by then.
struct Asked {
  std::string method = "GET";
  unsigned version = 11;
};

/// Sends a whole answer; `close`: its head says that the connection ends behind it. False: it could not be sent.
asio::awaitable<bool> write_answer(Transport& transport, const Asked& asked, const HttpResponse& response, bool close);

/// Sends `head`, and then what `stream` is given until it ends; a client that does not take it in time ends it too.
/// In chunks; over HTTP/1.0 until the connection closes, so there `close` must be true. Waits for more on `wake`, which
/// whoever fills the stream cancels. False: the client must see a broken connection.
asio::awaitable<bool> write_stream(Transport& transport, const Asked& asked, const HttpResponse& head, Stream& stream,
                                   Timer& wake, bool close);

}  // namespace weir::http

// Reads the head of a request: from the first byte to the empty line, with its limits of time and size.
#pragma once

#include <optional>

#include "api/http.h"
#include "api/http_asio.h"
#include "api/http_server.h"
#include "api/http_transport.h"

namespace weir::http {

/// Waits for the first byte of a request; empty lines before it are left out (RFC 9112, 2.2). False: the client has gone,
/// has sent nothing in time, or `stop` became true meanwhile (cancel the transport so that it is looked at).
asio::awaitable<bool> await_request(Transport& transport, const HttpLimits& limits, const bool& stop);

/// Reads the head into `parser`, which is new. A long one takes its memory from `memory`, which lives as long as the request.
/// An answer when it is not to be taken: the connection then closes behind it, as nobody knows where the next request would
/// begin. An answer with status 0 when the client has gone.
asio::awaitable<std::optional<HttpResponse>> read_head(Transport& transport, const HttpLimits& limits, Parser& parser,
                                                       BudgetShare& memory);

/// Fills `request` (but for peer and body) from a head that was read. An answer when it cannot be served; as above.
std::optional<HttpResponse> take_head(const Parser& parser, HttpRequest& request);

}  // namespace weir::http

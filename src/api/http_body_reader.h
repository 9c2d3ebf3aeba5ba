// Reads the body of a request, by length or in chunks, with its limits of time and size.
#pragma once

#include <cstddef>
#include <optional>

#include "api/http.h"
#include "api/http_asio.h"
#include "api/http_server.h"
#include "api/http_transport.h"

namespace weir::http {

/// Whether the head says that a body follows.
bool has_body(const Parser& parser);

/// Fills request.body, whose budget bounds all bodies together; its end is padded (HttpBody::seal). REQUIRES: has_body().
/// An answer when the body cannot be taken: longer than `limit` (413), slow (408), no valid chunks (400), or no room in the
/// budget (503); then the connection closes behind it. An answer with status 0 when the client has gone.
asio::awaitable<std::optional<HttpResponse>> read_body(Transport& transport, const HttpLimits& limits, Parser& parser,
                                                       HttpRequest& request, std::size_t limit);

}  // namespace weir::http

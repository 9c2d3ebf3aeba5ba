// Speaks HTTP to one Weir.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/status.h"
#include "base/types.h"

namespace weir {

/// One request at a time on one connection, which is opened anew when it breaks. An answer has 30 seconds; once `stop` is asked for,
/// five more. Not thread-safe.
class HttpClient {
 public:
  struct Answer {
    int status = 0;
    std::string body;
    std::chrono::milliseconds retry_after{0};  // what the server asks to wait, at most 5 s
    std::optional<UnixMillis> date;            // the server's clock, in whole seconds
  };

  /// `url` is http://host[:port]; connects, so that nobody there is known at once. `flag` is what people give the URL with.
  ///   kInvalid: the URL cannot be read.  kUnavailable: nobody answers; the message names host, port and flag.
  ///   kCancelled: `stop` was asked for meanwhile.
  static Result<std::unique_ptr<HttpClient>> create(const std::string& url, std::string_view flag,
                                                    const std::stop_token& stop);
  ~HttpClient();

  /// host:port, for people.
  std::string where() const;

  /// One try. kUnavailable: no answer came; the server may have had the request all the same.
  Result<Answer> get(const std::string& target, const std::stop_token& stop);
  Result<Answer> post(const std::string& target, const std::string& content_type, const std::string& body,
                      const std::stop_token& stop);

  /// The body of a 200. 503 waits as the server asks; that, and no answer, is tried again for a minute.
  ///   kCancelled: `stop` was asked for.  kUnavailable: a minute is over.  kInvalid: another status; the message has the server's words.
  Result<std::string> read(const std::string& target, const std::stop_token& stop);

  /// The server's clock when it last answered; nothing before the first answer.
  std::optional<UnixMillis> server_time() const;

 private:
  struct Impl;
  explicit HttpClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// When to try again, and when to give up: waits that double from 50 ms to 2 s, a minute in all.
class Patience {
 public:
  Patience();
  /// Waits until the next try, at least `asked`. False: it is over, or `stop` was asked for (look).
  bool wait(std::chrono::milliseconds asked, const std::stop_token& stop);

 private:
  std::chrono::milliseconds pause_{50};
  std::chrono::steady_clock::time_point ends_;
};

/// `text` in a query of a URL (RFC 3986): all but letters, digits and -._~ as %XX.
std::string percent_encoded(std::string_view text);

}  // namespace weir

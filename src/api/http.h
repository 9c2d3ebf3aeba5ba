// Requests and answers as plain values: what handlers see of HTTP. Beast and Asio stay behind http_server.h.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The bytes of all bodies that are being received or worked on: an upper bound for the whole server. Thread-safe.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t limit) : limit_(limit) {}
  bool take(std::size_t bytes);
  void give(std::size_t bytes) { used_ -= bytes; }
  std::size_t used() const { return used_; }
  std::size_t limit() const { return limit_; }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
};

/// Bytes of a budget that are given back at the end. Not thread-safe.
class BudgetShare {
 public:
  explicit BudgetShare(std::shared_ptr<BodyBudget> budget) : budget_(std::move(budget)) {}
  ~BudgetShare() { budget_->give(taken_); }
  BudgetShare(const BudgetShare&) = delete;
  BudgetShare& operator=(const BudgetShare&) = delete;
  /// So many in all from now on; false when the budget has no room for what is missing.
  bool grow_to(std::size_t bytes) {
    if (bytes <= taken_) return true;
    if (!budget_->take(bytes - taken_)) return false;
    taken_ = bytes;
    return true;
  }

 private:
  const std::shared_ptr<BodyBudget> budget_;
  std::size_t taken_ = 0;
};

/// A request's body. kPadding readable bytes follow it, so that a SIMD parser may read past its end. Not thread-safe.
class HttpBody {
 public:
  static constexpr std::size_t kPadding = 64;

  explicit HttpBody(std::shared_ptr<BodyBudget> budget = nullptr) : budget_(std::move(budget)) {}
  ~HttpBody() { clear(); }
  HttpBody(const HttpBody&) = delete;
  HttpBody& operator=(const HttpBody&) = delete;

  /// For another body that belongs to the same request: what it unpacks to.
  const std::shared_ptr<BodyBudget>& budget() const { return budget_; }

  std::string_view view() const { return {data_, size_}; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void append(std::string_view bytes);
  /// Gives the memory back to the budget; views die.
  void clear();

  /// For the server and decompressors: room for at least `bytes` more, false when the budget has none. Then write to
  /// spare(), and say how much by grow(). seal() zeroes the padding: call it once all is there.
  bool reserve_more(std::size_t bytes);
  char* spare() { return data_ + size_; }
  std::size_t spare_size() const { return capacity_ == 0 ? 0 : capacity_ - kPadding - size_; }
  void grow(std::size_t bytes) { size_ += bytes; }
  void seal();

 private:
  std::shared_ptr<BodyBudget> budget_;  // shared: a request may outlive the server that took it
  char* data_ = nullptr;
  std::size_t size_ = 0, capacity_ = 0;
};

struct HttpRequest {
  std::string method;     // as sent: GET
  std::string target;     // as sent: /api/v1/events?limit=1
  std::string path;       // of the target, still percent-encoded; begins with /
  std::string query;      // of the target after the first ?, still percent-encoded
  std::string authority;  // host[:port] that was asked for: of an absolute target, else of the Host header
  unsigned version = 11;  // 10 or 11
  HttpHeaders headers;    // in order, names as sent
  std::string peer;       // address of the client, without port
  HttpBody body;

  explicit HttpRequest(std::shared_ptr<BodyBudget> budget = nullptr) : body(std::move(budget)) {}

  /// Value of the first header of that name (any case); empty when there is none.
  std::string_view header(std::string_view name) const;
  bool has_header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = {};  // none when empty
  HttpHeaders headers = {};       // others; Content-Length, Connection, Date and Transfer-Encoding are the server's
  std::string body = {};
  /// Used instead of `body` when not empty: bytes that live as long as the program.
  std::string_view fixed_body = {};
  /// Closes the connection after this answer.
  bool close = false;

  std::string_view content() const { return fixed_body.empty() ? std::string_view(body) : fixed_body; }
};

/// An answer whose body is made while it is sent. Thread-safe. Bounded: at most `limit` bytes wait to be sent.
/// A stream ends by finish(), cut() or abort(); letting go of the last reference without one of them is an abort().
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;

  enum class Push {
    kOk,
    kFull,  // the client reads too slowly: nothing was queued
    kGone,  // the client went away, the server is stopping, or the stream has ended: stop producing
  };

  /// Never waits.
  virtual Push try_write(std::string bytes) = 0;
  /// Waits for room, at most `patience`.
  virtual Push write(std::string bytes, std::chrono::milliseconds patience) = 0;
  /// No more will come; what is queued is still sent.
  virtual void finish() = 0;
  /// Throws away what waits, sends `last_words` if the client takes them within two seconds, and ends.
  virtual void cut(std::string last_words) = 0;
  /// Breaks the connection, so that the client sees that the answer is not whole.
  virtual void abort() = 0;

  virtual bool gone() const = 0;
  virtual std::size_t queued_bytes() const = 0;
  /// How long the oldest byte has waited.
  virtual std::chrono::milliseconds lag() const = 0;
};

/// The one answer to one request. Copies are the same answer. Thread-safe. When the last copy goes without an answer, the
/// client gets a 500.
class HttpReply {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void send(HttpResponse response) = 0;
    virtual std::shared_ptr<ResponseStream> stream(HttpResponse head, std::size_t limit) = 0;
  };

  explicit HttpReply(std::shared_ptr<Sink> sink) : sink_(std::move(sink)) {}

  /// The whole answer. Only the first of send() and stream() counts.
  void send(HttpResponse response) const { sink_->send(std::move(response)); }
  /// The head of an answer; its body follows through what is returned. `limit`: bytes that may wait.
  std::shared_ptr<ResponseStream> stream(HttpResponse head, std::size_t limit) const {
    return sink_->stream(std::move(head), limit);
  }

 private:
  std::shared_ptr<Sink> sink_;
};

/// What to do with a request whose head has been read.
struct Admission {
  /// Set: answer this without reading the body.
  std::optional<HttpResponse> refusal;
  /// A longer body is answered with 413.
  std::size_t body_limit = 16 * 1024 * 1024;
};

/// What a listener serves. Both calls come on an io thread, from several at once, and must not block.
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// The body has not been read yet.
  virtual Admission admit(const HttpRequest& head) = 0;
  /// The request is whole. `reply` may be used now or later, from any thread.
  virtual void handle(std::shared_ptr<HttpRequest> request, HttpReply reply) = 0;
};

/// Phrase of a status code (RFC 9110); "Unknown" for others.
std::string_view status_phrase(int status);

/// Percent-decoding (RFC 3986, 2.1); with `plus_is_space` as in form data. Nothing when a % is not followed by two hex digits.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

/// A media type without parameters, in lower case: "Application/JSON; charset=utf-8" is "application/json".
std::string media_type(std::string_view header_value);

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace weir

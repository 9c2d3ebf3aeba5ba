#include "api/http_answer_writer.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <iterator>
#include <string_view>

namespace weir::http {
namespace {

/// For what a client that reads too slowly gets as last words.
constexpr std::chrono::milliseconds kLastWordsTime{2'000};

void append_date(std::string& out) {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  fmt::format_to(std::back_inserter(out), "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                 kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                 kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                 parts.tm_sec);
}

enum class Length : std::uint8_t { kKnown, kChunked, kUntilClose, kNone };

/// Head of an answer. Header values come from our own code; line breaks in them would be a bug, and are cut.
std::string head_text(const HttpResponse& response, unsigned version, Length length, std::size_t size, bool close) {
  std::string out;
  out.reserve(512);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: ", response.status, status_phrase(response.status));
  append_date(out);
  out += "\r\n";
  const auto add = [&](std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    for (const char c : value) {
      if (c != '\r' && c != '\n' && c != '\0') out += c;
    }
    out += "\r\n";
  };
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) add(name, value);
  if (length == Length::kKnown) add("Content-Length", std::to_string(size));
  if (length == Length::kChunked) add("Transfer-Encoding", "chunked");
  if (close) {
    add("Connection", "close");
  } else if (version < 11) {
    add("Connection", "keep-alive");
  }
  out += "\r\n";
  return out;
}

bool has_no_body(const HttpResponse& response) { return response.status == 204 || response.status == 304; }

/// One piece of a stream, as a chunk where the answer is chunked.
asio::awaitable<bool> write_piece(Transport& transport, const Stream::Taken& taken, bool chunked) {
  const auto time = taken.end == Stream::End::kCut ? kLastWordsTime : transport.write_pause();
  std::string size_line, tail;
  if (chunked) {
    if (!taken.bytes.empty()) {
      size_line = fmt::format("{:x}\r\n", taken.bytes.size());
      tail = "\r\n";
    }
    if (taken.end != Stream::End::kNot) tail += "0\r\n\r\n";
  }
  const std::array<asio::const_buffer, 3> parts{asio::buffer(size_line), asio::buffer(taken.bytes), asio::buffer(tail)};
  co_return co_await transport.write_once(parts, time);
}

}  // namespace

asio::awaitable<bool> write_answer(Transport& transport, const Asked& asked, const HttpResponse& response, bool close) {
  const std::string_view content = response.content();
  const Length length = has_no_body(response) ? Length::kNone : Length::kKnown;
  const std::string head = head_text(response, asked.version, length, content.size(), close);
  const bool send_body = !has_no_body(response) && asked.method != "HEAD";
  if (send_body && content.size() <= kWriteBytes) {
    if (transport.closed()) co_return false;
    const std::array<asio::const_buffer, 2> both{asio::buffer(head), asio::buffer(content.data(), content.size())};
    co_return co_await transport.write_once(both, transport.write_pause());
  }
  if (!co_await transport.write(head)) co_return false;
  if (!send_body) co_return true;
  co_return co_await transport.write(content);
}

asio::awaitable<bool> write_stream(Transport& transport, const Asked& asked, const HttpResponse& head, Stream& stream,
                                   Timer& wake, bool close) {
  const bool chunked = asked.version >= 11;
  const Length length = chunked ? Length::kChunked : Length::kUntilClose;
  const std::string text = head_text(head, asked.version, length, 0, close);
  bool well = co_await transport.write(text);
  const bool head_only = asked.method == "HEAD" || has_no_body(head);
  while (well && !head_only && !transport.closed()) {
    const Stream::Taken taken = stream.take(kWriteBytes);
    if (taken.bytes.empty() && taken.end == Stream::End::kNot) {
      wake.expires_after(std::chrono::hours(1));
      (void)co_await wake.async_wait(kAwait);
      continue;
    }
    if (taken.end == Stream::End::kAbort) {
      well = false;
      break;
    }
    well = co_await write_piece(transport, taken, chunked);
    stream.sent();
    if (taken.end == Stream::End::kCut) well = false;
    if (taken.end != Stream::End::kNot) break;
  }
  stream.connection_lost();
  co_return well;
}

}  // namespace weir::http

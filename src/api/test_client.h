// For tests: raw sockets to a server on 127.0.0.1, so that broken requests can be sent too.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string() : found->second;
  }
};

/// A connection; closed at the end. Reads give up after ten seconds.
class Client {
 public:
  /// `from`: the last byte of the client's own address, 127.0.0.`from`.
  explicit Client(std::uint16_t port, int receive_buffer = 0, std::uint8_t from = 1)
      : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    if (receive_buffer > 0) setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const timeval patience{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + from);
    if (from != 1) ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(socket_);
      throw std::runtime_error("cannot connect");
    }
  }
  ~Client() { ::close(socket_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// False when the peer does not take it all.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void half_close() { ::shutdown(socket_, SHUT_WR); }

  /// What comes next, at least one byte; empty when the peer closed (or nothing came in time: see timed_out()).
  std::string read_some() {
    if (!buffer_.empty()) return std::exchange(buffer_, {});
    std::string bytes(65536, '\0');
    const auto got = ::recv(socket_, bytes.data(), bytes.size(), 0);
    timed_out_ = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return bytes;
  }
  /// Everything until the peer closes.
  std::string read_all() {
    std::string all;
    for (std::string more = read_some(); !more.empty(); more = read_some()) all += more;
    return all;
  }
  bool timed_out() const { return timed_out_; }

  /// The head of the next answer; status 0 when the peer closed before. What follows is left for read_some().
  Answer read_head() {
    Answer answer;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return answer;
    }
    const std::string head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    answer.status = head.size() > 12 ? std::stoi(head.substr(9, 3)) : 0;
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
      const std::size_t stop = head.find("\r\n", at);
      const std::string line = head.substr(at, stop - at);
      at = stop + 2;
      const std::size_t colon = line.find(": ");
      std::string name = line.substr(0, colon);
      std::transform(name.begin(), name.end(), name.begin(),
                     [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      answer.headers[name] = colon == std::string::npos ? "" : line.substr(colon + 2);
    }
    return answer;
  }

  /// The next answer, 100 Continue left out; status 0 when the peer closed before it was whole.
  Answer read_answer(bool head_only = false) {
    Answer answer = read_head();
    while (answer.status >= 100 && answer.status < 200) answer = read_head();
    if (answer.status == 0 || head_only || answer.status == 204 || answer.status == 304) return answer;
    if (answer.header("transfer-encoding") == "chunked") {
      while (true) {
        std::size_t line = 0;
        while ((line = buffer_.find("\r\n")) == std::string::npos) {
          if (!fill()) return {};
        }
        std::size_t size = 0;
        std::from_chars(buffer_.data(), buffer_.data() + line, size, 16);
        while (buffer_.size() < line + 2 + size + 2) {
          if (!fill()) return {};
        }
        answer.body += buffer_.substr(line + 2, size);
        buffer_.erase(0, line + 2 + size + 2);
        if (size == 0) return answer;
      }
    }
    const std::string length = answer.header("content-length");
    if (length.empty()) {
      answer.body = read_all();
      return answer;
    }
    const std::size_t size = std::stoul(length);
    while (buffer_.size() < size) {
      if (!fill()) return {};
    }
    answer.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return answer;
  }

  /// True when the peer has closed and sent nothing more.
  bool closed_by_peer() { return read_some().empty() && !timed_out_; }

 private:
  bool fill() {
    std::string kept = std::exchange(buffer_, {});
    const std::string more = read_some();
    buffer_ = std::move(kept) + more;
    return !more.empty();
  }

  int socket_;
  std::string buffer_;
  bool timed_out_ = false;
};

/// The text of a request with Host and, if there is a body, Content-Length; `headers` are lines that end in CR LF.
inline std::string request_text(std::string_view method, std::string_view target, std::string_view body = {},
                                std::string_view headers = {}) {
  std::string text =
      std::string(method) + " " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers);
  if (!body.empty() || method == "POST" || method == "PUT")
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

/// One request on a connection of its own.
inline Answer ask(std::uint16_t port, std::string_view method, std::string_view target, std::string_view body = {},
                  std::string_view headers = {}) {
  Client client(port);
  client.send(request_text(method, target, body, headers));
  return client.read_answer(method == "HEAD");
}

}  // namespace weir::test

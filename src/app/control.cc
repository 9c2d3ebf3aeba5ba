#include "app/control.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <sstream>
#include <thread>
#include <utility>

#include "base/thread_name.h"

namespace weir {
namespace {

constexpr std::string_view kName = "weir.sock";
constexpr std::size_t kLongestLine = 4096;
constexpr int kSliceMillis = 100;
constexpr int kPatienceMillis = 5'000;  // for a client's line

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// A socket's address has room for some hundred bytes, a folder's name may be longer: it is named by an open descriptor of it.
struct Place {
  Fd folder;
  sockaddr_un address{};
  explicit Place(const std::string& directory) : folder(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    address.sun_family = AF_UNIX;
    const std::string path = fmt::format("/proc/self/fd/{}/{}", folder.get(), kName);
    path.copy(address.sun_path, sizeof address.sun_path - 1);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

Fd new_socket() { return Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

bool send_line(const Fd& to, std::string line) {
  std::ranges::replace(line, '\n', ' ');
  line += '\n';
  for (std::string_view left = line; !left.empty();) {
    const ssize_t n = ::send(to.get(), left.data(), left.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// The next line of a peer; nothing when it goes, says too much, or `give_up` says so (asked ten times a second).
template <class GiveUp>
std::optional<std::string> read_line(const Fd& from, std::string& buffer, GiveUp&& give_up) {
  while (true) {
    if (const std::size_t end = buffer.find('\n'); end != std::string::npos) {
      std::string line = buffer.substr(0, end);
      buffer.erase(0, end + 1);
      return line;
    }
    if (buffer.size() > kLongestLine || give_up()) return std::nullopt;
    pollfd wait{.fd = from.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, kSliceMillis) <= 0) continue;
    std::array<char, 1024> piece;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled by recv
    const ssize_t n = ::recv(from.get(), piece.data(), piece.size(), 0);
    if (n <= 0) return std::nullopt;
    buffer.append(piece.data(), static_cast<std::size_t>(n));
  }
}

constexpr std::array kCodes{Code::kInvalid,     Code::kNotFound,   Code::kConflict, Code::kDenied,
                            Code::kUnavailable, Code::kOverloaded, Code::kDiskFull, Code::kDeadline,
                            Code::kCancelled,   Code::kCorrupt,    Code::kInternal};

Code code_named(std::string_view name) {
  for (const Code code : kCodes) {
    if (code_name(code) == name) return code;
  }
  return Code::kInternal;
}

}  // namespace

struct ControlServer::Impl {
  std::map<std::string, Command> commands;
  std::string directory;
  Fd listener;
  std::jthread thread;

  void loop(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      pollfd wait{.fd = listener.get(), .events = POLLIN, .revents = 0};
      if (::poll(&wait, 1, kSliceMillis) <= 0) continue;
      const Fd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client) serve(client, stop);
    }
  }

  void serve(const Fd& client, const std::stop_token& stop) {
    // A client that does not read is left behind.
    const timeval patience{.tv_sec = kPatienceMillis / 1000, .tv_usec = 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    std::string buffer;
    int waited = 0;
    const auto line = read_line(client, buffer, [&] {
      waited += kSliceMillis;
      return stop.stop_requested() || waited > kPatienceMillis;
    });
    if (!line) return;
    std::istringstream in(*line);
    std::string name;
    std::vector<std::string> words;
    in >> name;
    for (std::string word; in >> word;) words.push_back(word);
    const auto command = commands.find(name);
    if (command == commands.end()) {
      send_line(client, fmt::format("! {} The process that holds the data directory does not know \"{}\".",
                                    code_name(Code::kInvalid), name));
      return;
    }
    // Who asked and went away wants no answer.
    std::stop_source gone;
    const std::stop_callback stopping(stop, [&] { gone.request_stop(); });
    std::jthread watcher([&](const std::stop_token& done) {
      std::string more;
      while (read_line(client, more, [&] { return done.stop_requested(); })) {
      }
      gone.request_stop();
    });
    const auto answer =
        command->second(words, [&](const std::string& text) { send_line(client, "- " + text); }, gone.get_token());
    send_line(client,
              answer ? "= " + *answer : fmt::format("! {} {}", code_name(answer.error().code), answer.error().message));
  }
};

ControlServer::ControlServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ControlServer::~ControlServer() {
  impl_->thread.request_stop();
  impl_->thread.join();
  ::unlink((impl_->directory + "/" + std::string(kName)).c_str());
}

Result<std::unique_ptr<ControlServer>> ControlServer::create(const std::string& directory,
                                                             std::map<std::string, Command> commands) {
  auto impl = std::make_unique<Impl>();
  impl->commands = std::move(commands);
  impl->directory = directory;
  const Place place(directory);
  // One that a kill has left behind; nobody else holds the directory.
  ::unlink((directory + "/" + std::string(kName)).c_str());
  impl->listener = new_socket();
  // Linux gives the file the rights of the socket.
  if (!impl->listener || ::fchmod(impl->listener.get(), 0600) != 0 ||
      ::bind(impl->listener.get(), place.get(), sizeof place.address) != 0 || ::listen(impl->listener.get(), 8) != 0) {
    return fail(Code::kUnavailable,
                fmt::format("No socket for commands can be made in {}: {}", directory, std::strerror(errno)));
  }
  std::unique_ptr<ControlServer> server(new ControlServer(std::move(impl)));
  server->impl_->thread = std::jthread([p = server->impl_.get()](const std::stop_token& stop) {
    name_this_thread("control");
    p->loop(stop);
  });
  return server;
}

Result<std::string> ask_holder(const std::string& directory, const std::vector<std::string>& words,
                               const ControlSay& say, const std::stop_token& stop) {
  const Place place(directory);
  const Fd holder = new_socket();
  if (!holder || ::connect(holder.get(), place.get(), sizeof place.address) != 0) {
    return fail(Code::kNotFound,
                fmt::format("The process that holds {} takes no commands ({}).", directory, std::strerror(errno)));
  }
  std::string buffer;
  if (send_line(holder, fmt::format("{}", fmt::join(words, " ")))) {
    while (const auto line = read_line(holder, buffer, [&] { return stop.stop_requested(); })) {
      if (line->size() < 2) continue;
      std::string text = line->substr(2);
      if (line->front() == '-') say(text);
      if (line->front() == '=') return text;
      if (line->front() == '!') {
        const std::size_t space = text.find(' ');
        return fail(code_named(text.substr(0, space)), space == std::string::npos ? text : text.substr(space + 1));
      }
    }
  }
  if (stop.stop_requested()) return fail(Code::kCancelled, "stopped");
  return fail(Code::kUnavailable, "The process that holds the data directory went away before it had answered.");
}

}  // namespace weir

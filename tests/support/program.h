// Runs the built program from outside, and speaks HTTP to it.
#pragma once

#include <sys/types.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace weir::testing {

struct Answer {
  int status = 0;  // 0: nobody answered
  std::string content_type, body;
  boost::json::value json() const;
};

Answer request(std::uint16_t port, const std::string& method, const std::string& target, const std::string& body = "",
               const std::string& content_type = "");

struct Finished {
  int status = -1;
  std::string out, err;
};

/// Runs `weir ARGUMENTS` to its end, at most half a minute. `fail`: what is to go wrong (fail_points.h; empty: the program as it is shipped).
Finished run(const std::vector<std::string>& arguments, const std::string& fail = "");

/// A port of 127.0.0.1 that nobody listens on, below those that the kernel gives to outgoing connections.
std::uint16_t free_port();

/// One `weir up` in a folder of its own, which goes with the object.
class Program {
 public:
  explicit Program(std::vector<std::string> flags = {});
  ~Program();
  Program(const Program&) = delete;

  /// For the starts from now on: other flags, or what is to go wrong (fail_points.h; empty: the program as it is shipped).
  void set_flags(std::vector<std::string> flags) { flags_ = std::move(flags); }
  void set_fail(std::string rules) { fail_ = std::move(rules); }
  /// The folder stays when the object goes: somebody wants to look at it.
  void keep() { keep_ = true; }
  /// All that the program has written so far.
  std::string log() const;

  /// Starts it and waits until /readyz is 200; false (with the log on stderr) when that takes over 20 s, or it ends.
  bool start();
  /// The two halves of start().
  void launch();
  bool wait_ready(std::chrono::milliseconds limit);
  /// Whether the process is there. When it has ended by itself, it is not asked for again.
  bool runs();
  /// Whether it has come as far as taking SIGINT for itself.
  bool blocks_signals() const;
  /// Sends the signal and waits; the exit status, or -1 when a signal ended it.
  int end(int signal);

  Answer get(const std::string& target) const { return request(port, "GET", target); }
  Answer post(const std::vector<std::string>& events) const;
  boost::json::object ledger() const;
  /// Waits until nothing is in flight.
  boost::json::object settled_ledger() const;

  const std::filesystem::path data;
  const std::uint16_t port, sql_port;
  pid_t pid = 0;

 private:
  std::vector<std::string> flags_;
  std::string fail_;
  bool keep_ = false;
};

}  // namespace weir::testing

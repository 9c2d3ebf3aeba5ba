// Commands to the process that holds a data directory, through a Unix socket in it (`weir.sock`).
//
// One line asks: words between spaces. Lines answer: "- TEXT" says how far it is, and the last one is "= TEXT" (done) or
// "! CODE TEXT" (failed). Whoever may write the folder may ask: the socket is the owner's alone (0600). A client that goes away stops what
// it asked for.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/status.h"

namespace weir {

/// Says how far it is; the text has no newline.
using ControlSay = std::function<void(const std::string&)>;

/// Answers from a thread of its own, one command after the other.
class ControlServer {
 public:
  /// `words` are those behind the command's name. Answers the last line.
  using Command = std::function<Result<std::string>(const std::vector<std::string>& words, const ControlSay& say,
                                                    const std::stop_token& stop)>;
  /// `directory` is held by this process. kUnavailable, kDenied: there can be no socket.
  static Result<std::unique_ptr<ControlServer>> create(const std::string& directory,
                                                       std::map<std::string, Command> commands);
  /// Stops the command at hand.
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;

 private:
  struct Impl;
  explicit ControlServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Asks the holder of the directory, and gives the last line. kNotFound: nobody listens there; else what the holder answers.
Result<std::string> ask_holder(const std::string& directory, const std::vector<std::string>& words,
                               const ControlSay& say, const std::stop_token& stop);

}  // namespace weir

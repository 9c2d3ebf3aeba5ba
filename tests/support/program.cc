#include "program.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <thread>

namespace weir::testing {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

pid_t spawn(const std::vector<std::string>& arguments, const std::string& out, const std::string& err,
            const std::string& fail = "") {
  std::vector<std::string> words{fail.empty() ? WEIR_PROGRAM : WEIR_FAILING};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& w : words) argv.push_back(w.data());
  argv.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    const int to = open(out.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    const int errors = open(err.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    dup2(to, 1);
    dup2(errors, 2);
    if (!fail.empty()) setenv("WEIR_FAIL", fail.c_str(), 1);
    execv(argv[0], argv.data());
    _exit(127);
  }
  return pid;
}

std::string read_file(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::filesystem::path new_folder() {
  std::string name = (std::filesystem::temp_directory_path() / "weir-e2e-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) std::abort();
  return name;
}

int wait_for(pid_t pid, std::chrono::seconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
      return -2;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

boost::json::value Answer::json() const {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(body, error);
  return error ? boost::json::value() : value;
}

Answer request(std::uint16_t port, const std::string& method, const std::string& target, const std::string& body,
               const std::string& content_type) {
  boost::asio::io_context io;
  beast::tcp_stream stream(io);
  beast::error_code error;
  stream.connect(boost::asio::ip::tcp::endpoint(boost::asio::ip::address_v4::loopback(), port), error);
  if (error) return {};
  http::request<http::string_body> question(http::string_to_verb(method), target, 11);
  question.set(http::field::host, fmt::format("127.0.0.1:{}", port));
  if (!content_type.empty()) question.set(http::field::content_type, content_type);
  question.body() = body;
  question.prepare_payload();
  http::write(stream, question, error);
  http::response_parser<http::string_body> parser;
  parser.body_limit(64 << 20);
  beast::flat_buffer buffer;
  if (!error) http::read(stream, buffer, parser, error);
  if (error) return {};
  return {static_cast<int>(parser.get().result_int()), std::string(parser.get()[http::field::content_type]),
          parser.get().body()};
}

Finished run(const std::vector<std::string>& arguments, const std::string& fail) {
  const std::filesystem::path folder = new_folder();
  const pid_t pid = spawn(arguments, folder / "out", folder / "err", fail);
  Finished done{wait_for(pid, std::chrono::seconds(30)), read_file(folder / "out"), read_file(folder / "err")};
  std::filesystem::remove_all(folder);
  return done;
}

std::uint16_t free_port() {
  std::random_device chance;
  while (true) {
    const auto port = static_cast<std::uint16_t>(18'000 + chance() % 14'000);
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool free = bind(s, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    close(s);
    if (free) return port;
  }
}

Program::Program(std::vector<std::string> flags)
    : data(new_folder()), port(free_port()), sql_port(free_port()), flags_(std::move(flags)) {}

Program::~Program() {
  if (pid != 0) end(SIGKILL);
  if (!keep_) std::filesystem::remove_all(data);
}

std::string Program::log() const { return read_file(data / "log"); }

bool Program::start() {
  launch();
  if (wait_ready(std::chrono::seconds(20))) return true;
  std::cerr << log();
  return false;
}

void Program::launch() {
  std::vector<std::string> arguments{"up",
                                     "--data-dir",
                                     data / "weir",
                                     "--listen",
                                     fmt::format("127.0.0.1:{}", port),
                                     "--sql-listen",
                                     fmt::format("127.0.0.1:{}", sql_port)};
  arguments.insert(arguments.end(), flags_.begin(), flags_.end());
  pid = spawn(arguments, data / "log", data / "log", fail_);
}

bool Program::blocks_signals() const {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("SigBlk:")) return (std::stoull(line.substr(7), nullptr, 16) >> (SIGINT - 1) & 1) != 0;
  }
  return false;
}

bool Program::wait_ready(std::chrono::milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < deadline && runs()) {
    if (get("/readyz").status == 200) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

bool Program::runs() {
  int status = 0;
  if (pid != 0 && waitpid(pid, &status, WNOHANG) == pid) pid = 0;
  return pid != 0;
}

int Program::end(int signal) {
  if (pid == 0) return -1;
  kill(pid, signal);
  const int status = wait_for(pid, std::chrono::seconds(15));
  pid = 0;
  return status;
}

Answer Program::post(const std::vector<std::string>& events) const {
  std::string body;
  for (const std::string& e : events) body += e + "\n";
  return request(port, "POST", "/api/v1/events", body, "application/x-ndjson");
}

boost::json::object Program::ledger() const {
  const boost::json::value value = get("/api/v1/ledger").json();
  return value.is_object() ? value.as_object() : boost::json::object();
}

boost::json::object Program::settled_ledger() const {
  boost::json::object l;
  for (int i = 0; i < 3000; ++i) {
    l = ledger();
    if (!l.empty() && l.at("in_flight").to_number<std::uint64_t>() == 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return l;
}

}  // namespace weir::testing

// The table of commands.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "app/signals.h"
#include "base/log.h"
#include "base/version.h"
#include "commands/command.h"

namespace weir {
namespace {

const std::vector<Command>& commands() {
  static const std::vector<Command> table{up_command(),      simulate_command(), replay_command(),
                                          rejects_command(), store_command(),    bench_command()};
  return table;
}

std::string overview() {
  std::string out =
      fmt::format("weir {}: real-time abuse monitoring on an event stream\n\nweir COMMAND [--flags]\n\n", kVersion);
  for (const Command& c : commands()) out += fmt::format("  {:<10} {}\n", c.spec.name, c.spec.summary);
  out += "\n`weir COMMAND --help` says more. `weir up` and a browser on http://localhost:3000 are a good start.\n";
  return out;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    std::fputs(overview().c_str(), arguments.empty() ? stderr : stdout);
    return arguments.empty() ? 2 : 0;
  }
  if (arguments[0] == "--version" || arguments[0] == "version") {
    fmt::print("weir {}\n", kVersion);
    return 0;
  }
  std::vector<std::string> names;
  for (const Command& c : commands()) {
    names.emplace_back(c.spec.name);
    if (c.spec.name != arguments[0]) continue;
    const auto values = parse_command(c.spec, {arguments.begin() + 1, arguments.end()},
                                      [](const std::string& name) { return std::getenv(name.c_str()); });
    if (!values) return report(values.error());
    if (values->help_wanted()) {
      std::fputs(help_text(c.spec).c_str(), stdout);
      return 0;
    }
    return c.run(*values);
  }
  const auto meant = nearest(arguments[0], names);
  fmt::print(stderr, "weir: There is no command \"{}\".{} `weir --help` lists them.\n", arguments[0],
             meant ? " Did you mean " + *meant + "?" : "");
  return 2;
}

}  // namespace

int report(const Error& error) {
  failed(error);
  return error.code == Code::kInvalid ? 2 : 1;
}

int failed(const Error& error) {
  fmt::print(stderr, "weir: {}\n", error.message);
  return 1;
}

void configure_log(const Values& values) {
  const std::string& name = values.text("log-level");
  log::configure(name == "debug"   ? log::Level::kDebug
                 : name == "warn"  ? log::Level::kWarn
                 : name == "error" ? log::Level::kError
                                   : log::Level::kInfo,
                 values.text("log-format") == "json" ? log::Format::kJson : log::Format::kText);
}

std::optional<std::uint32_t> partitions_given(const Values& values) {
  if (!values.given("partitions")) return std::nullopt;
  return static_cast<std::uint32_t>(values.count("partitions"));
}

}  // namespace weir

int main(int argc, char** argv) {
  weir::block_stop_signals();
  const int status = weir::run({argv + 1, argv + argc});
  // Everything of ours is closed by now; the engine's own threads do not end cleanly on exit and must not hold us up.
  std::fflush(nullptr);
  std::_Exit(status);
}

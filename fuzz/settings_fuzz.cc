// Settings files (TOML), and addresses to listen on.
// What must hold: a file is refused with a sentence that says so, or every value lies within what its setting allows.
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "api/listen_address.h"
#include "base/check.h"
#include "config/settings.h"
#include "input.h"

namespace weir {
namespace {

const CommandSpec& spec() {
  static const CommandSpec up{
      .name = "up",
      .summary = "",
      .details = "",
      .shared = {"data-dir", "listen", "sql-listen", "sql-access", "database", "partitions", "rate", "attack", "seed",
                 "geo", "retention", "dedupe-window", "insecure", "log-level", "log-format", "config"},
      .own = {}};
  return up;
}

/// A file that is in no folder.
class NamelessFile {
 public:
  explicit NamelessFile(std::string_view text) : fd_(memfd_create("settings", MFD_CLOEXEC)) {
    WEIR_CHECK(fd_ >= 0);
    WEIR_CHECK(::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  ~NamelessFile() { ::close(fd_); }
  NamelessFile(const NamelessFile&) = delete;
  std::string path() const { return fmt::format("/proc/self/fd/{}", fd_); }

 private:
  const int fd_;
};

void check(std::string_view text) {
  const NamelessFile file(text);
  const auto values = parse_command(spec(), {"--config", file.path()}, [](const std::string&) { return nullptr; });
  if (!values) {
    WEIR_CHECK(
        values.error().code == Code::kInvalid && values.error().message.find("settings file") != std::string::npos,
        "{}", values.error().message);
    return;
  }
  constexpr std::int64_t kCentury = 36'500LL * 86'400'000;
  for (const char* duration : {"retention", "dedupe-window"})
    WEIR_CHECK(values->millis(duration) >= 0 && values->millis(duration) <= kCentury);
  WEIR_CHECK(values->count("partitions") >= 1 && values->count("partitions") <= 256);
  if (const auto rate = values->rate("rate")) WEIR_CHECK(*rate >= 0 && *rate <= 10'000'000);
  WEIR_CHECK(!values->text("data-dir").empty() && !values->text("database").empty());
  for (const std::string& geo : values->texts("geo")) WEIR_CHECK(!geo.empty());
  const std::string listen = values->text("listen");
  if (const auto address = parse_listen_address(listen)) {
    WEIR_CHECK(!address->host.empty());
    WEIR_CHECK(address->loopback == is_loopback_address(address->host));
  } else {
    WEIR_CHECK(!address.error().message.empty());
  }
}

}  // namespace
}  // namespace weir

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::check(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}

// Takes the power away: what the process wrote and the disk had not got is gone, and the tables are held against what was sent.
//   power_test [--cycles N] [--seed S]
// The data directory lies on a file system of its own in an image file. At the end of a life the process is killed, and the image is
// copied as it is: what the kernel still held back is not in the copy. The next start finds the copy. Needs root and loop devices;
// ends with 77 (skipped) where they are missing.
#include <fmt/format.h>
#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <random>
#include <thread>

#include "load.h"
#include "oracle.h"
#include "program.h"

namespace weir::testing {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

bool shell(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

/// A file system in an image file, mounted at `place`.
class Disk {
 public:
  explicit Disk(const fs::path& folder) : folder_(folder), place(folder / "disk") {
    fs::create_directories(place);
    usable_ = geteuid() == 0 && shell(fmt::format("truncate -s 4G {}", image().string())) &&
              shell(fmt::format("mkfs.ext4 -q -F {}", image().string())) && mount();
  }
  ~Disk() {
    unmount();
    fs::remove_all(folder_);
  }
  bool usable() const { return usable_; }

  /// What was not yet on the disk is gone. REQUIRES: nobody writes.
  bool cut_power() {
    const fs::path copy = folder_ / "copy";
    const bool copied = shell(fmt::format("cp --sparse=always {} {}", image().string(), copy.string()));
    unmount();
    fs::rename(copy, image());
    return copied && mount();
  }

 private:
  fs::path image() const { return folder_ / "image"; }
  bool mount() { return mounted_ = shell(fmt::format("mount -o loop {} {}", image().string(), place.string())); }
  void unmount() {
    for (int i = 0; mounted_ && i < 50; ++i) {
      if (shell(fmt::format("umount {}", place.string())))
        mounted_ = false;
      else
        std::this_thread::sleep_for(milliseconds(100));
    }
  }
  const fs::path folder_;
  bool usable_ = false, mounted_ = false;

 public:
  const fs::path place;
};

int run_cycles(int cycles, std::uint64_t seed) {
  std::string name = (fs::temp_directory_path() / "weir-power-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return 1;
  Disk disk(name);
  if (!disk.usable()) {
    std::cout << "skipped: it takes root, loop devices and mkfs.ext4 to take the power away\n";
    return 77;
  }
  setenv("TMPDIR", disk.place.c_str(), 1);  // where Program puts its folder
  std::mt19937_64 chance(seed);
  const auto below = [&](std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(chance); };
  Program program({"--rate", "0", "--dedupe-window", "1h", "--retention", "30d"});
  Oracle oracle;
  for (int cycle = 1; cycle <= cycles; ++cycle) {
    if (!program.start()) return 1;
    std::vector<std::string> wrong = oracle.compare(program, 0);
    if (!wrong.empty()) {
      program.end(SIGKILL);
      std::cerr << fmt::format("After power cut {} of seed {}:\n", cycle - 1, seed);
      for (const std::string& w : wrong) std::cerr << "  WRONG: " << w << '\n';
      return 1;
    }
    const milliseconds life(500 + below(7'000));
    {
      const Load load(program, oracle, fmt::format("crash-power-{}-{}", seed, cycle), below(1'000'000'000), 2);
      std::this_thread::sleep_for(life);
      program.end(SIGKILL);
    }
    if (!disk.cut_power()) {
      std::cerr << "the image could not be copied and mounted again\n";
      return 1;
    }
    // To the program, the machine was started anew.
    std::ofstream(program.data / "weir/store/boot_id") << "an earlier boot\n";
    std::cout << fmt::format("{} of {}: after {} ms; {} events acknowledged so far\n", cycle, cycles, life.count(),
                             oracle.acknowledged())
              << std::flush;
  }
  if (!program.start()) return 1;
  const std::vector<std::string> wrong = oracle.compare(program, 0);
  for (const std::string& w : wrong) std::cerr << "  WRONG: " << w << '\n';
  program.end(SIGKILL);
  return wrong.empty() ? 0 : 1;
}

}  // namespace
}  // namespace weir::testing

int main(int argc, char** argv) {
  int cycles = 4;
  std::uint64_t seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--cycles") cycles = std::atoi(argv[i + 1]);
    if (flag == "--seed") seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  return weir::testing::run_cycles(cycles, seed);
}

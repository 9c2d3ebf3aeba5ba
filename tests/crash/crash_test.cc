// Kills `weir up` again and again, at random times and at named places, and holds the tables against what was sent.
//   crash_test [--cycles N] [--seed S]
// The same seed decides the same: settings, places, times, content. What a kill meets within the process is the machine's.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <thread>

#include "load.h"
#include "oracle.h"
#include "program.h"

namespace weir::testing {
namespace {

using std::chrono::milliseconds;

constexpr int kCyclesPerFolder = 10;

/// Where the process can be ended, and within how many passes of the place.
struct Place {
  const char* name;
  std::uint64_t passes;
};
constexpr std::array kWhileRunning{
    Place{"worker.begin", 30},          Place{"worker.begun", 30},           Place{"worker.insert", 30},
    Place{"store.insert/events", 30},   Place{"store.insert/rollups", 30},   Place{"store.insert/rejects", 15},
    Place{"store.inserted/events", 30}, Place{"store.inserted/rollups", 30}, Place{"store.inserted/rejects", 15},
    Place{"worker.commit", 30},         Place{"worker.committed", 30},       Place{"retention.noted", 1},
    Place{"store.drop/rejects", 1},     Place{"retention.dropped", 1}};
constexpr std::array kAtStart{Place{"start.log", 1},
                              Place{"start.store", 1},
                              Place{"store.migrate", 12},
                              Place{"store.migrated", 2},
                              Place{"start.worker", 1},
                              Place{"worker.insert", 1},
                              Place{"store.inserted/events", 1},
                              Place{"worker.commit", 1},
                              Place{"worker.committed", 1}};
constexpr std::array kUnwell{"store.insert=error:unavailable@3x4",          "store.insert/rollups=error:disk_full@5x3",
                             "store.inserted/events=error:unavailable@4x2", "store.insert=late:300@2x3",
                             "worker.commit=error:disk_full@3x2",           "worker.begin=error:disk_full@6x2"};

class Run {
 public:
  explicit Run(std::uint64_t seed) : chance_(seed), seed_(seed) {}

  /// One folder, several cycles. False: something was wrong, and has been told.
  bool folder(int first, int cycles) {
    partitions_ = 1 + below(5);
    shortest_retention_days_ = 30;
    program_.emplace();
    oracle_.emplace();
    story_.clear();
    first_start();
    for (int cycle = first; cycle < first + cycles; ++cycle) {
      if (cycle != first) story_.clear();
      const std::vector<std::string> wrong = one(cycle);
      if (wrong.empty()) continue;
      program_->keep();
      std::cerr << fmt::format("\nCycle {} of seed {} went wrong. What happened:\n{}", cycle, seed_, story_);
      for (const std::string& w : wrong) std::cerr << "  WRONG: " << w << '\n';
      std::cerr << "The folder stays: " << program_->data.string() << "\nIts last words:\n";
      const std::string log = program_->log();
      std::cerr << log.substr(log.size() - std::min<std::size_t>(log.size(), 3'000));
      return false;
    }
    acknowledged_ += oracle_->acknowledged();
    return true;
  }

  std::size_t acknowledged() const { return acknowledged_; }
  int kills() const { return kills_; }
  milliseconds longest_start() const { return longest_start_; }

 private:
  std::uint64_t below(std::uint64_t n) { return std::uniform_int_distribution<std::uint64_t>(0, n - 1)(chance_); }
  template <class Array>
  const auto& any(const Array& array) {
    return array[below(array.size())];
  }
  void tell(const std::string& line) { story_ += "  " + line + '\n'; }

  std::vector<std::string> flags(bool traffic) {
    const std::uint64_t days = below(3) == 0 ? 1 : 30;
    shortest_retention_days_ = std::min(shortest_retention_days_, days);
    std::vector<std::string> out{"--rate",          traffic && below(2) == 0 ? "400" : "0",
                                 "--retention",     fmt::format("{}d", days),
                                 "--dedupe-window", below(2) == 0 ? "1h" : "2h",
                                 "--partitions",    fmt::to_string(partitions_),
                                 "--sql-access",    "write"};
    tell(fmt::format("flags {}", fmt::join(out, " ")));
    return out;
  }

  void kill_now() {
    program_->end(SIGKILL);
    ++kills_;
  }

  /// Traffic, and an end in the middle of it.
  void busy_life(int cycle) {
    program_->set_flags(flags(true));
    std::string fail;
    const bool dies_by_itself = below(100) < 55;
    if (dies_by_itself) {
      const Place& place = any(kWhileRunning);
      fail = fmt::format("{}=die@{}", place.name, 1 + below(place.passes));
    }
    if (!dies_by_itself && below(3) == 0) fail = any(kUnwell);
    program_->set_fail(fail);
    tell(fmt::format("a busy life; to go wrong: {}", fail.empty() ? "nothing" : fail));
    program_->launch();
    program_->wait_ready(milliseconds(20'000));
    const Load load(*program_, *oracle_, fmt::format("crash-{}-{}", seed_, cycle), below(1'000'000'000),
                    1 + static_cast<int>(below(4)));
    const auto start = std::chrono::steady_clock::now();
    const milliseconds life(dies_by_itself ? 2'500 : 50 + below(1'500));
    bool merged = below(3) != 0;
    while (std::chrono::steady_clock::now() < start + life && program_->runs()) {
      std::this_thread::sleep_for(milliseconds(10));
      if (!merged && std::chrono::steady_clock::now() > start + life / 2) {
        merged = true;
        tell("merging all parts when the end comes");
        merger_ = std::jthread([port = program_->sql_port] {
          for (const char* table : {"rollups", "events"})
            request(port, "POST", "/", fmt::format("OPTIMIZE TABLE weir.{} FINAL", table));
        });
      }
    }
    tell(program_->runs() ? "killed" : "ended by itself, as it was told to");
    kill_now();
    if (merger_.joinable()) merger_.join();
  }

  /// Perhaps the very first start ends while the tables are being made, perhaps several times.
  void first_start() {
    for (std::uint64_t n = below(3); n > 0; --n) {
      const std::string fail =
          fmt::format("{}=die@{}", below(4) == 0 ? "store.migrated" : "store.migrate", 1 + below(6));
      tell("a first start that ends at " + fail);
      program_->set_flags(flags(false));
      program_->set_fail(fail);
      program_->launch();
      const auto start = std::chrono::steady_clock::now();
      while (std::chrono::steady_clock::now() < start + milliseconds(3'000) && program_->runs())
        std::this_thread::sleep_for(milliseconds(5));
      kill_now();
    }
  }

  /// Starts that end before they are through.
  void short_lives() {
    for (std::uint64_t n = below(4) == 0 ? 1 + below(2) : 0; n > 0; --n) {
      program_->set_flags(flags(false));
      const bool at_place = below(2) == 0;
      const std::string fail = at_place ? fmt::format("{}=die@1", any(kAtStart).name) : "";
      program_->set_fail(fail);
      program_->launch();
      const milliseconds life(at_place ? 1'500 : 20 + below(400));
      tell(fmt::format("a start that ends {}", at_place ? "at " + fail : fmt::format("after {} ms", life.count())));
      const auto start = std::chrono::steady_clock::now();
      while (std::chrono::steady_clock::now() < start + life && program_->runs())
        std::this_thread::sleep_for(milliseconds(5));
      kill_now();
    }
  }

  std::vector<std::string> one(int cycle) {
    busy_life(cycle);
    short_lives();

    program_->set_flags(flags(false));
    program_->set_fail("");
    tell("a start to look at the tables");
    const auto start = std::chrono::steady_clock::now();
    program_->launch();
    if (!program_->wait_ready(milliseconds(20'000))) return {"it does not come up again within 20 s"};
    longest_start_ =
        std::max(longest_start_, std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - start));
    constexpr Millis kDay = 86'400'000;
    const Millis first_kept = now_millis() - static_cast<Millis>(shortest_retention_days_) * kDay;
    std::vector<std::string> wrong = oracle_->compare(*program_, (first_kept / kDay + 1) * kDay);

    const Sent fresh = good_event("/crash/fresh", fmt::format("fresh-{}", cycle), now_millis());
    const bool taken = program_->post({fresh.raw}).status == 202;
    oracle_->sent({fresh}, taken);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(2);
    const std::string ask = fmt::format("SELECT count() FROM weir.events WHERE id = 'fresh-{}'", cycle);
    bool seen = false;
    while (!seen && std::chrono::steady_clock::now() < deadline)
      seen = query(*program_, ask) == std::vector<std::vector<std::string>>{{"1"}};
    if (!taken || !seen) wrong.push_back("a fresh event does not flow within 2 s");
    if (wrong.empty()) program_->end(below(2) == 0 ? SIGINT : SIGKILL);
    return wrong;
  }

  std::mt19937_64 chance_;
  const std::uint64_t seed_;
  std::uint64_t partitions_ = 1, shortest_retention_days_ = 30;
  std::optional<Program> program_;
  std::optional<Oracle> oracle_;
  std::jthread merger_;
  std::string story_;
  std::size_t acknowledged_ = 0;
  int kills_ = 0;
  milliseconds longest_start_{0};
};

int run_all(int cycles, std::uint64_t seed) {
  Run run(seed);
  for (int done = 0; done < cycles; done += kCyclesPerFolder) {
    if (!run.folder(done + 1, std::min(kCyclesPerFolder, cycles - done))) return 1;
    std::cout << fmt::format("{} of {} cycles: {} kills, {} events acknowledged, none lost, none twice\n",
                             std::min(done + kCyclesPerFolder, cycles), cycles, run.kills(), run.acknowledged())
              << std::flush;
  }
  std::cout << fmt::format("The longest start after a kill took {} ms.\n", run.longest_start().count());
  return 0;
}

}  // namespace
}  // namespace weir::testing

int main(int argc, char** argv) {
  int cycles = 20;
  std::uint64_t seed = 1;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--cycles") cycles = std::atoi(argv[i + 1]);
    if (flag == "--seed") seed = std::strtoull(argv[i + 1], nullptr, 10);
  }
  std::cout << fmt::format("{} cycles, seed {}\n", cycles, seed) << std::flush;
  return weir::testing::run_all(cycles, seed);
}

#include "log_conformance.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "backends/log_rocksdb/rocks_log.h"
#include "backends/memory/memory_log.h"
#include "base/metrics.h"

extern char** environ;

namespace weir::conformance {
namespace {

constexpr UnixMillis kStart{1'700'000'000'000};

class MemoryHarness final : public LogHarness {
 public:
  Result<Opened> open(const LogSettings& s) override {
    drop();
    WEIR_TRY_ASSIGN(
        log_, MemoryLog::create({.partitions = s.partitions, .max_bytes = s.max_bytes, .queue_bytes = s.queue_bytes},
                                disk_, clock_));
    return Opened{*log_, *log_, *log_, *log_};
  }
  void drop() override { log_.reset(); }
  void close() override { log_->close(); }
  ManualClock& clock() override { return clock_; }
  void hold() override { log_->hold(); }
  void release() override { log_->release(); }
  std::string why_no_groups() override { return "memory has no disk to wait for"; }
  std::string why_no_damage() override { return "memory has no files"; }
  std::string why_no_crash_child() override { return "memory ends with its process"; }

 private:
  ManualClock clock_{kStart};
  std::shared_ptr<MemoryLogDisk> disk_ = make_memory_log_disk();
  std::unique_ptr<MemoryLog> log_;
};

class RocksHarness final : public LogHarness {
 public:
  RocksHarness() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-log-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
  }
  ~RocksHarness() override {
    drop();
    std::filesystem::remove_all(root_);
  }
  Result<Opened> open(const LogSettings& s) override {
    drop();
    RocksLogOptions options;
    options.directory = directory();
    options.partitions = partitions_ = s.partitions;
    options.max_bytes = s.max_bytes;
    options.retention_bytes = s.max_bytes;  // the suite trims by itself
    options.queue_bytes = s.queue_bytes;
    WEIR_TRY_ASSIGN(log_, RocksLog::create(options, clock_, metrics_));
    return Opened{*log_, *log_, *log_, *log_};
  }
  void drop() override { log_.reset(); }
  void close() override { log_->close(); }
  ManualClock& clock() override { return clock_; }
  std::optional<std::uint64_t> groups() override { return log_->stats().groups; }
  bool damage(std::string_view needle) override {
    drop();
    for (const auto& entry : std::filesystem::directory_iterator(directory())) {
      std::ifstream in(entry.path(), std::ios::binary);
      std::string bytes(std::istreambuf_iterator<char>(in), {});
      const std::size_t at = bytes.find(needle);
      if (at == std::string::npos) continue;
      bytes[at + 3] = static_cast<char>(bytes[at + 3] ^ 1);
      std::ofstream(entry.path(), std::ios::binary) << bytes;
      return true;
    }
    ADD_FAILURE() << "no file holds the event";
    return false;
  }
  std::vector<std::string> crash_child() override {
    drop();
    return {WEIR_LOG_CRASH_CHILD, directory().string()};
  }

 private:
  std::filesystem::path directory() const { return root_ / "log"; }
  ManualClock clock_{kStart};
  Metrics metrics_;
  std::filesystem::path root_;
  std::uint32_t partitions_ = 0;
  std::unique_ptr<RocksLog> log_;
};

// The number of a child's event; nothing when the child would not have written it so.
std::optional<std::uint64_t> number_of(const std::string& event) {
  if (!event.starts_with("event ")) return std::nullopt;
  const std::uint64_t n = std::strtoull(event.c_str() + 6, nullptr, 10);
  std::string expected = "event " + std::to_string(n) + " ";
  expected.append(n % 97 == 0 ? 30'000 : n % 300, static_cast<char>('a' + n % 26));
  return event == expected ? std::optional(n) : std::nullopt;
}

}  // namespace

void kill_and_check(LogHarness& harness, const LogSettings& settings, std::chrono::milliseconds after,
                    std::uint64_t& next, std::set<std::uint64_t>& acknowledged) {
  std::vector<std::string> command = harness.crash_child();
  command.push_back(std::to_string(settings.partitions));
  command.push_back(std::to_string(next));
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  int pipe[2];
  ASSERT_EQ(::pipe2(pipe, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  pid_t child = 0;
  ASSERT_EQ(::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  std::jthread killer;
  std::string bytes;
  char buffer[4096];
  for (ssize_t n; (n = ::read(pipe[0], buffer, sizeof buffer)) > 0;) {
    bytes.append(buffer, static_cast<std::size_t>(n));
    if (!killer.joinable()) {  // the time counts from the first acknowledgement on
      killer = std::jthread([=] {
        std::this_thread::sleep_for(after);
        ::kill(child, SIGKILL);
      });
    }
  }
  ::close(pipe[0]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself: " << status;
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t n = 0;
    std::memcpy(&n, bytes.data() + i, 8);
    acknowledged.insert(n);
  }

  const auto log = harness.open(settings);
  ASSERT_TRUE(log) << log.error().message;
  std::set<std::uint64_t> found;
  for (std::uint32_t p = 0; p < settings.partitions; ++p) {
    std::uint64_t last = 0;
    Offset from(0);
    while (true) {
      const auto slice = log->reader.read(PartitionId(p), from, 1000, 1 << 20);
      ASSERT_TRUE(slice) << slice.error().message;
      if (slice->empty()) break;
      for (std::size_t i = 0; i < slice->size(); ++i) {
        const auto n = number_of(std::string(slice->event(i)));
        ASSERT_TRUE(n) << "an invented event: " << slice->event(i).substr(0, 80);
        ASSERT_EQ(*n % settings.partitions, p);
        ASSERT_TRUE(found.insert(*n).second) << *n << " is there twice";
        ASSERT_TRUE(last == 0 || *n > last) << "out of order";
        last = *n;
      }
      from = slice->end();
    }
    EXPECT_EQ(log->reader.end(PartitionId(p)), from);
  }
  for (const std::uint64_t n : acknowledged) ASSERT_TRUE(found.contains(n)) << n << " was acknowledged and is missing";
  // What was not acknowledged is the end of what was sent: whole calls, with no hole before them.
  const std::uint64_t end = found.empty() ? next : *found.rbegin() + 1;
  for (std::uint64_t n = next; n < end; ++n) ASSERT_TRUE(found.contains(n)) << n << " is missing before " << end;
  next = end;

  const ProgressState progress = *log->progress.load();
  std::uint64_t committed = 0;
  for (std::uint32_t p = 0; p < settings.partitions; ++p) {
    ASSERT_LE(progress.positions[p], *log->reader.end(PartitionId(p)));
    committed += progress.positions[p].value;
  }
  EXPECT_EQ(progress.tally.total(), committed);
  if (progress.pending) {
    for (const Range& r : progress.pending->ranges) {
      EXPECT_EQ(r.first, progress.positions[r.partition.value]);
      EXPECT_LE(r.end, *log->reader.end(r.partition));
    }
  }
  // Each commit kept how many events it had: together they are what was committed.
  std::uint64_t remembered = 0;
  ASSERT_TRUE(log->progress.identities(UnixMillis(0), [&](std::string_view blob) {
    remembered += std::stoull(std::string(blob));
    return true;
  }));
  EXPECT_EQ(remembered, committed);
  harness.drop();
}

INSTANTIATE_TEST_SUITE_P(Memory, LogConformance, testing::Values([] { return std::make_unique<MemoryHarness>(); }));
INSTANTIATE_TEST_SUITE_P(RocksDb, LogConformance, testing::Values([] { return std::make_unique<RocksHarness>(); }));

}  // namespace weir::conformance

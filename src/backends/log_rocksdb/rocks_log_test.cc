// What is particular to RocksLog; what every log must do is in tests/conformance/log_conformance.h.
#include "backends/log_rocksdb/rocks_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include <cstdlib>
#include <fstream>
#include <future>

#include "backends/log_rocksdb/layout.h"

namespace weir {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr UnixMillis kStart{1'700'000'000'000};

class RocksLogTest : public testing::Test {
 protected:
  RocksLogTest() {
    std::string name = (fs::temp_directory_path() / "weir-rocks-XXXXXX").string();
    root_ = ::mkdtemp(name.data());
    options_.directory = root_ / "log";
    options_.partitions = 2;
    options_.housekeeping = std::chrono::hours(1);  // tests call retain()
  }
  ~RocksLogTest() override {
    log_.reset();
    fs::remove_all(root_);
  }

  Status try_open() {
    log_.reset();
    WEIR_TRY_ASSIGN(log_, RocksLog::create(options_, clock_, metrics_));
    return {};
  }
  RocksLog& open() {
    const Status opened = try_open();
    if (!opened) throw std::runtime_error(opened.error().message);
    return *log_;
  }
  static Status append(RocksLog& log, std::uint32_t partition, std::size_t events, std::size_t bytes) {
    PartitionBatch batch{PartitionId(partition), {}};
    for (std::size_t i = 0; i < events; ++i) batch.events.add(std::string(bytes, static_cast<char>('a' + i % 26)));
    std::vector<PartitionBatch> batches;
    batches.push_back(std::move(batch));
    std::promise<Status> done;
    log.append(std::move(batches), [&](Status s) { done.set_value(std::move(s)); });
    return done.get_future().get();
  }
  static void work_off(RocksLog& log, std::uint32_t partition) {
    const Offset from = log.load()->positions[partition], to = *log.end(PartitionId(partition));
    if (from == to) return;
    const Cut cut{{{PartitionId(partition), from, to}}};
    ASSERT_TRUE(log.begin(cut));
    ASSERT_TRUE(log.commit(cut, {to - from, 0, 0}, "", UnixMillis(1)));
  }
  // The directory as a process that is killed now would leave it: no file came, went or grew while it was copied.
  void copy_as_if_killed(const fs::path& to) const {
    const auto listing = [&] {
      std::map<fs::path, std::uintmax_t> files;
      for (const auto& entry : fs::directory_iterator(options_.directory)) {
        std::error_code gone;
        files[entry.path()] = entry.file_size(gone);
      }
      return files;
    };
    for (int tries = 0; tries < 100; ++tries) {
      const auto before = listing();
      std::error_code gone;
      fs::remove_all(to);
      fs::copy(options_.directory, to, gone);
      if (!gone && listing() == before) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    FAIL() << "the directory never rests";
  }
  std::uint64_t bytes_of(const std::string& extension) const {
    std::uint64_t bytes = 0;
    for (const auto& entry : fs::directory_iterator(options_.directory)) {
      if (entry.path().extension() == extension) bytes += entry.file_size();
    }
    return bytes;
  }
  // The closed log as RocksDB has it.
  void change(const std::function<void(rocksdb::DB&, std::map<std::string, rocksdb::ColumnFamilyHandle*>&)>& use) {
    log_.reset();
    const std::string path = options_.directory.string();
    std::vector<std::string> names;
    ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    families.reserve(names.size());
    for (const std::string& n : names) families.emplace_back(n, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, path, families, &handles, &db).ok());
    std::map<std::string, rocksdb::ColumnFamilyHandle*> by_name;
    for (auto* h : handles) by_name[h->GetName()] = h;
    use(*db, by_name);
    for (auto* h : handles) EXPECT_TRUE(db->DestroyColumnFamilyHandle(h).ok());
    delete db;
  }

  ManualClock clock_{kStart};
  Metrics metrics_;
  fs::path root_;
  RocksLogOptions options_;
  std::unique_ptr<RocksLog> log_;
};

TEST_F(RocksLogTest, OldCommittedEventsAreForgotten) {
  options_.retention_time = std::chrono::minutes(10);
  RocksLog& log = open();
  for (int minute = 0; minute < 20; ++minute) {
    ASSERT_TRUE(append(log, 0, 10, 100));
    ASSERT_TRUE(append(log, 1, 10, 100));
    clock_.advance(std::chrono::minutes(1));
  }
  work_off(log, 0);  // partition 1 is not worked off
  ASSERT_TRUE(log.retain());
  EXPECT_EQ(*log.begin(PartitionId(0)), Offset(100));
  EXPECT_EQ(*log.begin(PartitionId(1)), Offset(0));
  EXPECT_EQ(log.read(PartitionId(0), Offset(100), 1, 1000)->received_at(0), kStart + 600'000);
  EXPECT_EQ(log.stats().kept_bytes, 10'000U + 20'000U);
  clock_.advance(std::chrono::hours(1));
  ASSERT_TRUE(log.retain());
  EXPECT_EQ(*log.begin(PartitionId(0)), Offset(200));
  // Nothing left, and the clock of arrivals still does not go back.
  clock_.jump_to(kStart);
  ASSERT_TRUE(append(open(), 0, 1, 1));
  EXPECT_GE(log_->read(PartitionId(0), Offset(200), 1, 1000)->received_at(0), kStart + 19 * 60'000);
}

TEST_F(RocksLogTest, RetentionFindsThePlaceWithinABlock) {
  options_.retention_time = std::chrono::minutes(10);
  RocksLog& log = open();
  // Appends that wait together share a block, with an arrival each.
  std::atomic<int> waiting = 200;
  for (int i = 0; i < 200; ++i) {
    PartitionBatch batch{PartitionId(0), {}};
    batch.events.add("event " + std::to_string(i));
    std::vector<PartitionBatch> batches;
    batches.push_back(std::move(batch));
    log.append(std::move(batches), [&](const Status& s) {
      EXPECT_TRUE(s);
      --waiting;
    });
    clock_.advance(std::chrono::seconds(6));
  }
  log.flush();
  ASSERT_EQ(waiting, 0);
  EXPECT_LT(log.stats().groups, 100U);
  work_off(log, 0);
  ASSERT_TRUE(log.retain());
  EXPECT_EQ(*log.begin(PartitionId(0)), Offset(100));
  EXPECT_EQ(log.read(PartitionId(0), Offset(100), 1, 1000)->event(0), "event 100");
}

TEST_F(RocksLogTest, TheOldestGoBeyondTheBytesToKeepAndFilesShrink) {
  options_.retention_bytes = 20 << 20;
  RocksLog& log = open();
  for (int round = 0; round < 10; ++round) {
    for (std::uint32_t p = 0; p < 2; ++p) ASSERT_TRUE(append(log, p, 1000, 8'000));
    ASSERT_TRUE(log.write_out());
  }
  const std::uint64_t full = bytes_of(".sst");
  EXPECT_GT(full, 160'000'000U);
  ASSERT_TRUE(log.retain());
  EXPECT_EQ(log.stats().kept_bytes, 160'000'000U) << "what is not committed stays";
  work_off(log, 0);
  work_off(log, 1);
  ASSERT_TRUE(log.retain());
  EXPECT_NEAR(static_cast<double>(log.stats().kept_bytes), 20 << 20, 2 << 20) << "to the block";
  // Files go as soon as RocksDB has moved them out of level 0, which it does by itself.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (bytes_of(".sst") > 60'000'000 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_LT(bytes_of(".sst"), 60'000'000U);
  EXPECT_EQ(log.stats().rewritten_bytes, 0U);
  const Offset begin = *log.begin(PartitionId(0));
  EXPECT_EQ(open().begin(PartitionId(0)), begin);
  EXPECT_EQ(log_->read(PartitionId(0), begin, 1, 1)->size(), 1U);
  EXPECT_NEAR(static_cast<double>(log_->stats().kept_bytes), 20 << 20, 2 << 20) << "to the block";
}

// Once the search for the place answered the middle of what was kept, when nothing was to go.
TEST_F(RocksLogTest, RetainingAgainForgetsNothingMore) {
  options_.retention_bytes = 50'000;
  options_.retention_time = std::chrono::minutes(10);
  RocksLog& log = open();
  for (int i = 0; i < 90; ++i) ASSERT_TRUE(append(log, 0, 1, 1000));
  work_off(log, 0);
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(log.retain());
    EXPECT_EQ(*log.begin(PartitionId(0)), Offset(40));
  }
  // The same by time: for every number of old events.
  for (int old = 0; old < 10; ++old) {
    ASSERT_TRUE(append(log, 1, 1, 10));
    clock_.advance(std::chrono::minutes(1));
  }
  work_off(log, 1);
  for (std::uint64_t gone = 1; gone <= 10; ++gone) {
    clock_.advance(std::chrono::minutes(1));
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(log.retain());
      EXPECT_EQ(*log.begin(PartitionId(1)), Offset(gone));
    }
  }
}

TEST_F(RocksLogTest, AFullLogMakesRoomByItselfOnceItIsWorkedOff) {
  options_.max_bytes = 100'000;
  options_.housekeeping = std::chrono::milliseconds(50);
  RocksLog& log = open();
  while (append(log, 0, 1, 1000)) {
  }
  EXPECT_EQ(append(log, 0, 1, 1000).error().code, Code::kOverloaded);
  work_off(log, 0);
  Status status;
  for (int i = 0; i < 200 && !(status = append(log, 0, 1, 1000)); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(status) << status.error().message;
  EXPECT_NEAR(static_cast<double>(log.stats().kept_bytes), 50'000, 2'000)
      << log.begin(PartitionId(0))->value << " " << log.end(PartitionId(0))->value;
}

TEST_F(RocksLogTest, OptionsThatContradictAreInvalid) {
  options_.max_bytes = 1000;
  options_.retention_bytes = 2000;
  EXPECT_EQ(try_open().error().code, Code::kInvalid);
  options_.retention_bytes = 0;
  options_.partitions = 0;
  EXPECT_EQ(try_open().error().code, Code::kInvalid);
}

TEST_F(RocksLogTest, ADirectoryIsHeldByOne) {
  open();
  const auto second = RocksLog::create(options_, clock_, metrics_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict) << second.error().message;
}

TEST_F(RocksLogTest, ADirectoryThatCannotBeMadeIsNamed) {
  std::ofstream(root_ / "file") << "x";
  options_.directory = root_ / "file" / "log";
  const Status opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kDenied);
  EXPECT_THAT(opened.error().message, HasSubstr(options_.directory.string()));
}

TEST_F(RocksLogTest, ALogOfANewerWeirIsRefused) {
  open();
  change([](rocksdb::DB& db, auto&) { ASSERT_TRUE(db.Put({}, "format", "2").ok()); });
  const Status opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kInvalid);
  EXPECT_THAT(opened.error().message, HasSubstr("newer Weir"));
}

TEST_F(RocksLogTest, ALogThatWasNotWhollyMadeIsMadeAgain) {
  open();
  change([](rocksdb::DB& db, auto& families) {
    for (const char* key : {"format", "id", "partitions", "progress"}) ASSERT_TRUE(db.Delete({}, key).ok());
    ASSERT_TRUE(db.DropColumnFamily(families["events-1"]).ok());
  });
  RocksLog& log = open();
  EXPECT_EQ(log.id().size(), 32U);
  ASSERT_TRUE(append(log, 1, 3, 10));
  EXPECT_EQ(*open().end(PartitionId(1)), Offset(3));
}

TEST_F(RocksLogTest, WithoutASettingALogKeepsItsPartitions) {
  options_.partitions = 7;
  const std::string id = open().id();
  options_.partitions.reset();
  EXPECT_EQ(open().partitions(), 7U);
  EXPECT_EQ(log_->id(), id);
}

// RocksDB's own checksums are right here: the change came before them, as that of a broken memory chip would.
TEST_F(RocksLogTest, AChangedValueIsFoundByTheBlocksOwnChecksum) {
  ASSERT_TRUE(append(open(), 1, 10, 50));
  ASSERT_TRUE(append(*log_, 1, 10, 50));
  for (const std::size_t at : {std::size_t{0}, std::size_t{5}, std::size_t{17}, std::size_t{25}, std::size_t{40},
                               std::size_t{60}, std::size_t{200}}) {
    SCOPED_TRACE(at);
    std::string before;
    const auto flip = [&](rocksdb::DB& db, auto& families) {
      const std::string key = layout::big_endian(9);
      std::string value;
      ASSERT_TRUE(db.Get({}, families["events-1"], key, &value).ok());
      value[at] = static_cast<char>(value[at] ^ 4);
      ASSERT_TRUE(db.Put({}, families["events-1"], key, value).ok());
    };
    change(flip);
    const auto slice = open().read(PartitionId(1), Offset(3), 100, 10'000);
    ASSERT_FALSE(slice);
    EXPECT_EQ(slice.error().code, Code::kCorrupt);
    EXPECT_THAT(slice.error().message, HasSubstr("partition 1 at offset "));
    EXPECT_TRUE(log_->read(PartitionId(1), Offset(10), 100, 10'000)) << "the others can be read";
    change(flip);
    EXPECT_TRUE(open().read(PartitionId(1), Offset(3), 100, 10'000));
  }
}

TEST_F(RocksLogTest, MissingEventsAreFoundAndNamed) {
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(i == 0 ? open() : *log_, 0, 10, 50));
  change([](rocksdb::DB& db, auto& families) {
    ASSERT_TRUE(db.Delete({}, families["events-0"], layout::big_endian(19)).ok());
  });
  const auto slice = open().read(PartitionId(0), Offset(0), 100, 10'000);
  ASSERT_FALSE(slice);
  EXPECT_EQ(slice.error().code, Code::kCorrupt);
  EXPECT_THAT(slice.error().message, HasSubstr("offset 10"));
}

TEST_F(RocksLogTest, AnEndBeforeTheCommittedPositionIsRefused) {
  ASSERT_TRUE(append(open(), 0, 10, 50));
  ASSERT_TRUE(append(*log_, 0, 10, 50));
  work_off(*log_, 0);
  change([](rocksdb::DB& db, auto& families) {
    ASSERT_TRUE(db.Delete({}, families["events-0"], layout::big_endian(19)).ok());
  });
  const Status opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kCorrupt);
  EXPECT_THAT(opened.error().message, HasSubstr("offset 20"));
}

// Cut off at every length, the write-ahead log gives a beginning of what was appended, or says that it is damaged.
TEST_F(RocksLogTest, AWriteAheadLogThatIsCutOffGivesABeginning) {
  RocksLog& log = open();
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(append(log, 0, 1, 40));
  const fs::path copy = root_ / "copy";
  copy_as_if_killed(copy);
  log_.reset();
  fs::path wal;
  for (const auto& entry : fs::directory_iterator(copy)) {
    if (entry.path().extension() == ".log" && entry.file_size() > 0) wal = entry.path();
  }
  ASSERT_FALSE(wal.empty());
  const std::uintmax_t size = fs::file_size(wal);
  const fs::path trial = root_ / "trial";
  options_.directory = trial;
  std::set<std::uint64_t> ends;
  for (std::uintmax_t length = size; length > size / 2; length -= 23) {
    SCOPED_TRACE(length);
    fs::copy(copy, trial);
    fs::resize_file(trial / wal.filename(), length);
    const Status opened = try_open();
    ASSERT_TRUE(opened) << opened.error().message;
    ends.insert(log_->end(PartitionId(0))->value);
    const auto slice = log_->read(PartitionId(0), Offset(0), 100, 10'000);
    ASSERT_TRUE(slice);
    EXPECT_EQ(slice->end(), *log_->end(PartitionId(0)));
    log_.reset();
    fs::remove_all(trial);
  }
  EXPECT_GT(ends.size(), 3U);
  EXPECT_EQ(*ends.rbegin(), 12U);
}

// Going on at an earlier point would give offsets a second time (FORMAT.md).
TEST_F(RocksLogTest, ADamagedWriteAheadLogIsRefused) {
  RocksLog& log = open();
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(append(log, 0, 1, 4'000));
  copy_as_if_killed(root_ / "copy");
  options_.directory = root_ / "copy";
  bool flipped = false;
  for (const auto& entry : fs::directory_iterator(options_.directory)) {
    if (entry.path().extension() != ".log" || entry.file_size() < 40'000) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20'000).put('!');
    flipped = true;
  }
  ASSERT_TRUE(flipped);
  const Status opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::kCorrupt) << opened.error().message;
  EXPECT_THAT(opened.error().message, HasSubstr("restore"));
}

// A disk of 48 MiB of its own, where this process may mount one.
class SmallDisk : public RocksLogTest {
 protected:
  void SetUp() override {
    disk_ = root_ / "disk";
    fs::create_directory(disk_);
    if (::mount("weir", disk_.c_str(), "tmpfs", 0, "size=48m") != 0) {
      GTEST_SKIP() << "a small disk cannot be mounted here: " << std::strerror(errno);
    }
    mounted_ = true;
    options_.directory = disk_ / "log";
    options_.reserve_bytes = 0;
  }
  void TearDown() override {
    log_.reset();
    if (mounted_) {
      EXPECT_EQ(::umount2(disk_.c_str(), MNT_DETACH), 0);
    }
  }
  void fill_disk() const {
    std::ofstream ballast(disk_ / "ballast", std::ios::binary);
    const std::string block(64 * 1024, 'b');
    while (ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {
    }
  }
  // Appends until one is refused; how many were taken.
  std::size_t append_until_refused(Status& refused) {
    std::size_t taken = 0;
    while ((refused = append(*log_, 0, 100, 1000)) && taken < 10'000) ++taken;
    return taken;
  }
  bool append_within(std::chrono::seconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
      if (append(*log_, 0, 1, 10)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }
  fs::path disk_;
  bool mounted_ = false;
};

TEST_F(SmallDisk, AFullDiskRefusesAppendsUntilThereIsSpaceAndLosesNothing) {
  open();
  ASSERT_TRUE(append(*log_, 0, 5, 10));
  for (int round = 0; round < 2; ++round) {
    SCOPED_TRACE(round);
    const std::uint64_t before = log_->end(PartitionId(0))->value;
    if (round > 0) fill_disk();
    Status refused;
    const std::size_t taken = append_until_refused(refused);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kDiskFull) << refused.error().message;
    EXPECT_EQ(log_->end(PartitionId(0))->value, before + taken * 100);
    EXPECT_TRUE(log_->read(PartitionId(0), Offset(0), 10, 10'000)) << "reading goes on";
    EXPECT_FALSE(append(*log_, 1, 1, 10));
    if (round == 0) {
      // What fills the disk is the log itself: forgetting must work, or there would be no way out.
      ASSERT_EQ(::mount("weir", disk_.c_str(), "tmpfs", MS_REMOUNT, "size=128m"), 0);
    } else {
      fs::remove(disk_ / "ballast");
    }
    EXPECT_TRUE(append_within(std::chrono::seconds(15)));
    work_off(*log_, 0);
  }
  // Everything acknowledged is there, also for a process that is killed now.
  const Offset end = *log_->end(PartitionId(0));
  const fs::path copy = root_ / "copy";
  copy_as_if_killed(copy);
  options_.directory = copy;
  open();
  EXPECT_EQ(*log_->end(PartitionId(0)), end);
  Offset from(0);
  while (from < end) {
    const auto slice = log_->read(PartitionId(0), from, 1000, 1 << 20);
    ASSERT_TRUE(slice) << slice.error().message;
    ASSERT_FALSE(slice->empty());
    from = slice->end();
  }
}

TEST_F(SmallDisk, TheReserveIsLeftForWorkingOff) {
  options_.reserve_bytes = 24 << 20;
  open();
  Status refused;
  EXPECT_GT(append_until_refused(refused), 10U);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kDiskFull);
  EXPECT_THAT(refused.error().message, HasSubstr("MiB"));
  struct statvfs disk{};
  ASSERT_EQ(::statvfs(disk_.c_str(), &disk), 0);
  EXPECT_GT(disk.f_bavail * disk.f_frsize, 16U << 20);
  work_off(*log_, 0);
  EXPECT_TRUE(log_->put({{"key", "value"}}));
  ASSERT_EQ(::mount("weir", disk_.c_str(), "tmpfs", MS_REMOUNT, "size=128m"), 0);
  EXPECT_TRUE(append(*log_, 0, 1, 10)) << "at once, as nothing had failed";
}

// One block in the middle is damaged, at every byte of it and cut off at every length: it is found and named, and the blocks around it
// can be read.
TEST_F(RocksLogTest, ADamagedBlockIsNamedAndTheOthersAreRead) {
  const std::size_t size = 32 + 12 + 4 + 5;  // of a block with one event of 5 bytes
  ASSERT_TRUE(append(open(), 0, 1, 5));
  // Each append is a block of its own: block i has one byte changed, block size + i is cut off there, and between two damaged ones
  // stands a whole one.
  for (std::size_t i = 0; i < 4 * size; ++i) ASSERT_TRUE(append(*log_, 0, 1, 5));
  const auto offset_of = [](std::size_t i) { return Offset(1 + 2 * i); };
  change([&](rocksdb::DB& db, auto& families) {
    for (std::size_t i = 0; i < 2 * size - 1; ++i) {
      const std::string key = layout::big_endian(offset_of(i).value);
      std::string value;
      ASSERT_TRUE(db.Get({}, families["events-0"], key, &value).ok());
      ASSERT_EQ(value.size(), size);
      if (i < size) {
        value[i] = static_cast<char>(value[i] ^ (1 << (i % 8)));
      } else {
        value.resize(i - size);
      }
      ASSERT_TRUE(db.Put({}, families["events-0"], key, value).ok());
    }
  });
  open();
  for (std::size_t i = 0; i < 2 * size - 1; ++i) {
    SCOPED_TRACE(i);
    const Offset damaged = offset_of(i);
    const auto slice = log_->read(PartitionId(0), damaged - 1, 100, 10'000);
    ASSERT_FALSE(slice) << "the block before it is whole, and what follows is not passed over in silence";
    EXPECT_EQ(slice.error().code, Code::kCorrupt);
    EXPECT_THAT(slice.error().message,
                HasSubstr("damaged in partition 0 at offset " + std::to_string(damaged.value) + ":"));
    EXPECT_THAT(slice.error().message, HasSubstr("restore the data directory from a copy"));
    const auto before = log_->read(PartitionId(0), damaged - 1, 1, 10'000);
    ASSERT_TRUE(before) << before.error().message;
    EXPECT_EQ(before->event(0), "aaaaa");
    EXPECT_TRUE(log_->read(PartitionId(0), damaged + 1, 1, 10'000)) << "the rest is there";
  }
  EXPECT_TRUE(append(*log_, 0, 1, 5)) << "a log with a damaged block still takes events";
}

TEST_F(RocksLogTest, DamagedProgressIsNamedAndNothingIsOpened) {
  ASSERT_TRUE(append(open(), 0, 3, 5));
  work_off(*log_, 0);
  std::string whole;
  change(
      [&](rocksdb::DB& db, auto& families) { ASSERT_TRUE(db.Get({}, families["default"], "progress", &whole).ok()); });
  const auto opened_with = [&](const std::string& value) {
    change(
        [&](rocksdb::DB& db, auto& families) { ASSERT_TRUE(db.Put({}, families["default"], "progress", value).ok()); });
    return try_open();
  };
  for (const std::size_t at : {std::size_t{0}, std::size_t{5}, whole.size() / 2, whole.size() - 9, whole.size() - 1}) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    for (const std::string& bad : {changed, whole.substr(0, at)}) {
      const Status opened = opened_with(bad);
      ASSERT_FALSE(opened) << at;
      EXPECT_EQ(opened.error().code, Code::kCorrupt);
      EXPECT_THAT(opened.error().message, HasSubstr("record of the worker's progress is damaged"));
    }
  }
  EXPECT_TRUE(opened_with(whole));
}

// Every byte of the memory of a batch, and every length of it.
TEST_F(RocksLogTest, ADamagedMemoryOfIdentitiesIsNamed) {
  const std::string identities(32, 'i');
  const std::size_t size = 8 + identities.size();
  open();
  for (std::size_t i = 0; i <= 2 * size; ++i) {
    ASSERT_TRUE(append(*log_, 0, 1, 5));
    const Cut cut{{{PartitionId(0), Offset(i), Offset(i + 1)}}};
    ASSERT_TRUE(log_->begin(cut));
    ASSERT_TRUE(log_->commit(cut, {1, 0, 0}, identities, UnixMillis(1'000 + static_cast<std::int64_t>(i))));
  }
  std::vector<std::string> numbers;
  change([&](rocksdb::DB& db, auto& families) {
    const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator({}, families["identities"]));
    for (it->SeekToFirst(); it->Valid(); it->Next()) numbers.push_back(it->key().ToString());
    ASSERT_EQ(numbers.size(), 2 * size + 1);
    for (std::size_t i = 0; i < 2 * size; ++i) {
      std::string value;
      ASSERT_TRUE(db.Get({}, families["identities"], numbers[i], &value).ok());
      ASSERT_EQ(value.size(), size);
      if (i < size) {
        value[i] = static_cast<char>(value[i] ^ (1 << (i % 8)));
      } else {
        value.resize(i - size);
      }
      ASSERT_TRUE(db.Put({}, families["identities"], numbers[i], value).ok());
    }
  });
  open();
  std::size_t given = 0;
  const auto count = [&](std::string_view) { return ++given > 0; };
  for (std::size_t i = 0; i < 2 * size; ++i) {
    const Status read = log_->identities(UnixMillis(1'000 + static_cast<std::int64_t>(i)), count);
    ASSERT_FALSE(read) << i;
    EXPECT_EQ(read.error().code, Code::kCorrupt);
    EXPECT_THAT(read.error().message,
                HasSubstr("memory of batch " + std::to_string(layout::from_big_endian(numbers[i])) + " is damaged"));
  }
  EXPECT_EQ(given, 0U);
  EXPECT_TRUE(log_->identities(UnixMillis(1'000 + 2 * static_cast<std::int64_t>(size)), count)) << "the last is whole";
  EXPECT_EQ(given, 1U);
}

TEST(Layout, ProgressSurvivesAndDamageIsFound) {
  ProgressState state{
      {Offset(5), Offset(1ULL << 40)},
      {1, 2, 3},
      Cut{{{PartitionId(1), Offset(1ULL << 40), Offset((1ULL << 40) + 7)}}, VerdictLimits{86'400'000, 600'000}}};
  const std::string bytes = layout::encode_progress(state);
  const auto back = layout::decode_progress(bytes, 2);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->positions, state.positions);
  EXPECT_EQ(back->tally, state.tally);
  EXPECT_EQ(back->pending, state.pending);
  EXPECT_FALSE(layout::decode_progress(bytes, 3));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int change = 1; change < 256; ++change) {
      std::string bad = bytes;
      bad[i] = static_cast<char>(bad[i] ^ change);
      const auto read = layout::decode_progress(bad, 2);
      ASSERT_FALSE(read) << i;
      EXPECT_EQ(read.error().code, Code::kCorrupt);
      EXPECT_THAT(read.error().message, HasSubstr("progress is damaged"));
    }
    EXPECT_FALSE(layout::decode_progress(bytes.substr(0, i), 2)) << i;
    EXPECT_FALSE(layout::decode_progress(bytes + bytes.substr(0, i + 1), 2)) << i;
  }
}

// A record whose checksum is right can still be none of ours; the worker takes the cut's numbers as they are.
TEST(Layout, APendingCutThatGoesOnNowhereIsRefused) {
  const auto read = [](std::vector<Range> ranges, VerdictLimits limits = {}) {
    const ProgressState state{{Offset(5), Offset(7)}, {1, 2, 9}, Cut{std::move(ranges), limits}};
    return layout::decode_progress(layout::encode_progress(state), 2).has_value();
  };
  const auto range = [](std::uint32_t p, std::uint64_t from, std::uint64_t to) {
    return Range{PartitionId(p), Offset(from), Offset(to)};
  };
  EXPECT_TRUE(read({range(0, 5, 6), range(1, 7, 9)}));
  EXPECT_FALSE(read({range(2, 5, 6)})) << "no such partition";
  EXPECT_FALSE(read({range(0, 4, 6)})) << "not where the position is";
  EXPECT_FALSE(read({range(0, 5, 5)})) << "empty";
  EXPECT_FALSE(read({range(1, 7, 9), range(0, 5, 6)})) << "not in order";
  EXPECT_FALSE(read({range(0, 5, 6), range(0, 5, 6)})) << "twice";
  EXPECT_FALSE(read({range(0, 5, 6)}, {-1, 0}));
  EXPECT_FALSE(read({range(0, 5, 6)}, {0, -1}));
}

TEST(Layout, ACutWithoutLimitsIsReadToo) {
  const ProgressState state{{Offset(5)}, {1, 2, 3}, Cut{{{PartitionId(0), Offset(5), Offset(7)}}, std::nullopt}};
  const auto back = layout::decode_progress(layout::encode_progress(state), 1);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->pending, state.pending);
}

TEST(Layout, ABlockThatIsCutOffOrElsewhereIsFound) {
  RawBatch events;
  for (const char* e : {"one", "", "three"}) events.add(e);
  layout::BlockBuilder builder;
  builder.add(events, 0, 1, UnixMillis(10));
  builder.add(events, 1, 3, UnixMillis(20));
  builder.finish(PartitionId(3), Offset(100), 77);
  std::string value = builder.head();
  for (const std::string_view piece : builder.pieces()) value += piece;

  const auto block = layout::BlockView::parse(PartitionId(3), Offset(102), value);
  ASSERT_TRUE(block);
  EXPECT_TRUE(block->verify());
  EXPECT_EQ(block->first(), Offset(100));
  EXPECT_EQ(block->position(), 77U);
  EXPECT_EQ(block->end_position(), 85U);
  EXPECT_EQ(block->bytes().substr(block->begin_of(2)), "three");
  EXPECT_EQ(block->runs(), 2U);
  EXPECT_EQ(block->run_received_at(1), UnixMillis(20));
  EXPECT_EQ(block->run_end(0), 1U);

  EXPECT_FALSE(layout::BlockView::parse(PartitionId(3), Offset(103), value)->verify());
  EXPECT_FALSE(layout::BlockView::parse(PartitionId(2), Offset(102), value)->verify());
  for (std::size_t i = 0; i < value.size(); ++i) {
    const auto cut = layout::BlockView::parse(PartitionId(3), Offset(102), std::string_view(value).substr(0, i));
    ASSERT_FALSE(cut) << i;
    EXPECT_EQ(cut.error().code, Code::kCorrupt);
    EXPECT_THAT(cut.error().message, HasSubstr("block"));
    for (int change = 1; change < 256; ++change) {
      std::string bad = value;
      bad[i] = static_cast<char>(bad[i] ^ change);
      const auto parsed = layout::BlockView::parse(PartitionId(3), Offset(102), bad);
      ASSERT_FALSE(parsed && parsed->verify()) << i;
    }
  }
}

}  // namespace
}  // namespace weir

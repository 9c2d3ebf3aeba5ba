#include "backends/log_rocksdb/rocks_options.h"

#include <fmt/format.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <utility>

#include "base/log.h"

namespace weir::rocks {
namespace {

// RocksDB's own messages, in ours. It would write a file of its own into the directory; and where a write to that file
// fails, as on a full disk, Debian's build (which has assertions on) ends the process.
class Messages final : public rocksdb::Logger {
 public:
  Messages() : Logger(rocksdb::WARN_LEVEL) {}
  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override { write(log::Level::kDebug, format, arguments); }
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < GetInfoLogLevel() || level == rocksdb::HEADER_LEVEL) return;
    write(level >= rocksdb::ERROR_LEVEL ? log::Level::kWarn : log::Level::kDebug, format, arguments);
  }

 private:
  static void write(log::Level level, const char* format, va_list arguments) {
    if (!log::enabled(level)) return;
    char text[1024];
    std::vsnprintf(text, sizeof text, format, arguments);
    std::string_view line(text);
    while (line.ends_with('\n')) line.remove_suffix(1);
    log::write(level, fmt::format("log: RocksDB: {}", line));
  }
};

// Of families whose keys only ever grow: files leave level 0 by being moved, as they overlap nothing, and nothing is written
// twice. Forgetting removes whole files.
rocksdb::ColumnFamilyOptions growing_family(std::size_t memtable_bytes, bool compress) {
  rocksdb::ColumnFamilyOptions o;
  o.write_buffer_size = memtable_bytes;
  o.max_write_buffer_number = 3;
  o.num_levels = 2;
  o.level0_file_num_compaction_trigger = 1;
  o.ttl = 0;
  o.periodic_compaction_seconds = 0;
  o.compression = compress ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  rocksdb::BlockBasedTableOptions table;
  table.no_block_cache = true;  // read once, in order; the page cache is enough
  table.block_size = 64 * 1024;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return o;
}

rocksdb::ColumnFamilyOptions small_family() {
  rocksdb::ColumnFamilyOptions o;
  o.write_buffer_size = 4 * 1024 * 1024;
  o.compression = rocksdb::kNoCompression;
  return o;
}

}  // namespace

void Rewritten::OnCompactionCompleted(rocksdb::DB* /*db*/, const rocksdb::CompactionJobInfo& job) {
  if (job.cf_name.starts_with(kEventsFamily)) bytes_ += job.stats.total_output_bytes;
}

rocksdb::DBOptions database_options(std::shared_ptr<Rewritten> rewritten) {
  rocksdb::DBOptions o;
  o.create_if_missing = true;
  o.create_missing_column_families = true;
  // A record that is cut off at the end was never acknowledged and is dropped. Anything else that is wrong in the write-ahead
  // log refuses to open: going on at an earlier point would give offsets, and with them deduplication tokens, a second time.
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  o.track_and_verify_wals_in_manifest = true;
  o.max_total_wal_size = 256 * 1024 * 1024;
  o.db_write_buffer_size = 128 * 1024 * 1024;
  o.max_background_jobs = 2;
  o.bytes_per_sync = 1024 * 1024;
  o.max_open_files = 256;
  o.max_manifest_file_size = 16 * 1024 * 1024;
  o.info_log = std::make_shared<Messages>();
  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  o.skip_stats_update_on_db_open = true;
  o.listeners.push_back(std::move(rewritten));
  return o;
}

rocksdb::ColumnFamilyOptions family_options(std::string_view name, std::size_t partitions, bool compress) {
  if (name.starts_with(kEventsFamily)) {
    return growing_family(std::clamp<std::size_t>(128 * 1024 * 1024 / partitions, 4 * 1024 * 1024, 32 * 1024 * 1024),
                          compress);
  }
  if (name == kIdentitiesFamily) return growing_family(8 * 1024 * 1024, false);
  return small_family();
}

}  // namespace weir::rocks

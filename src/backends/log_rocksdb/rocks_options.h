// How RocksDB is set up for the log: sizes, levels, recovery, and its messages in our log.
#pragma once

#include <rocksdb/listener.h>
#include <rocksdb/options.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace weir::rocks {

/// Column families: the default one holds records of a few bytes, one holds identities, and each partition has one for events.
inline constexpr std::string_view kIdentitiesFamily = "identities", kEventsFamily = "events-";

/// Counts what compaction writes again; a file that is only moved to another level is not. Thread-safe.
class Rewritten final : public rocksdb::EventListener {
 public:
  void OnCompactionCompleted(rocksdb::DB* db, const rocksdb::CompactionJobInfo& job) override;
  std::uint64_t bytes() const { return bytes_.load(); }

 private:
  std::atomic<std::uint64_t> bytes_{0};
};

rocksdb::DBOptions database_options(std::shared_ptr<Rewritten> rewritten);

/// Of a family by its name, in a log of so many partitions. `compress`: the files of events.
rocksdb::ColumnFamilyOptions family_options(std::string_view name, std::size_t partitions, bool compress);

}  // namespace weir::rocks

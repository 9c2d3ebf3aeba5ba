#include "backends/memory/memory_store.h"

#include <fmt/format.h>

#include "backends/memory/native_reader.h"

namespace weir {
namespace {

std::string day_of(std::uint64_t millis) {
  using namespace std::chrono;
  const auto day = floor<days>(sys_time<milliseconds>(milliseconds(static_cast<std::int64_t>(millis))));
  const year_month_day date(day);
  return fmt::format("{:04}{:02}{:02}", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()));
}

}  // namespace

Status MemoryStore::broken() const { return broken_ ? Status(std::unexpected(*broken_)) : Status(); }

Status MemoryStore::insert(const std::vector<TableBlock>& blocks, std::string_view token) {
  // All is read before anything is kept, so that a bad block leaves nothing behind.
  std::vector<std::vector<NativeBlock>> parsed;
  for (const TableBlock& block : blocks) {
    WEIR_TRY_ASSIGN(parsed.emplace_back(), read_native(block.native));
    std::size_t rows = 0;
    for (const NativeBlock& b : parsed.back()) rows += b.rows;
    if (rows != block.rows) {
      return fail(Code::kInvalid,
                  fmt::format("the block for table {} says {} rows and has {}", block.table, block.rows, rows));
    }
  }
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (broken_ && tables_left_ == 0) return broken();
    if (broken_) --tables_left_;
    Table& table = tables_[blocks[i].table];
    if (!token.empty() && !table.tokens.emplace(token).second) continue;
    table.rows += blocks[i].rows;
    for (const NativeBlock& b : parsed[i]) {
      if (blocks[i].table == "events") {
        stored_ += b.rows;
        if (const NativeColumn* time = b.find("time")) {
          for (std::uint64_t t : time->numbers) ++days_[day_of(t)];
        }
      } else if (blocks[i].table == "rollups") {
        const NativeColumn *step = b.find("step"), *dimension = b.find("dimension"), *events = b.find("events");
        if (step == nullptr || dimension == nullptr || events == nullptr) continue;
        for (std::size_t row = 0; row < b.rows; ++row) {
          if (step->numbers[row] == 3600 && dimension->texts[row].empty()) rolled_up_ += events->numbers[row];
        }
      }
    }
    table.blocks.push_back(blocks[i]);
  }
  return {};
}

Result<std::string> MemoryStore::select(const Select&) {
  return fail(Code::kInvalid, "the store in memory has no SQL; ask its methods");
}

Result<std::string> MemoryStore::check() {
  std::lock_guard lock(mutex_);
  if (broken_ && tables_left_ == 0) return std::unexpected(*broken_);
  return "memory";
}

Result<TableCounts> MemoryStore::counts() {
  std::lock_guard lock(mutex_);
  if (broken_ && tables_left_ == 0) return std::unexpected(*broken_);
  const auto rejects = tables_.find("rejects");
  return TableCounts{stored_, rejects == tables_.end() ? 0 : rejects->second.rows, rolled_up_};
}

Result<std::vector<StorePartition>> MemoryStore::partitions() {
  std::lock_guard lock(mutex_);
  if (broken_ && tables_left_ == 0) return std::unexpected(*broken_);
  std::vector<StorePartition> found;
  found.reserve(days_.size());
  for (const auto& [id, rows] : days_) found.push_back({id, rows});
  return found;
}

Status MemoryStore::drop_partition(const std::string& id) {
  std::lock_guard lock(mutex_);
  if (broken_ && tables_left_ == 0) return broken();
  // The blocks stay, as one may span days; only the counts go.
  if (const auto day = days_.find(id); day != days_.end()) {
    stored_ -= day->second;
    days_.erase(day);
  }
  return {};
}

Result<std::uint64_t> MemoryStore::disk_bytes() {
  std::lock_guard lock(mutex_);
  std::uint64_t bytes = 0;
  for (const auto& [name, table] : tables_) {
    for (const TableBlock& block : table.blocks) bytes += block.native.size();
  }
  return bytes;
}

void MemoryStore::break_after(std::size_t tables, Error error) {
  std::lock_guard lock(mutex_);
  broken_ = std::move(error);
  tables_left_ = tables;
}

void MemoryStore::heal() {
  std::lock_guard lock(mutex_);
  broken_.reset();
}

std::vector<TableBlock> MemoryStore::blocks(const std::string& table) const {
  std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  return found == tables_.end() ? std::vector<TableBlock>() : found->second.blocks;
}

std::uint64_t MemoryStore::rows(const std::string& table) const {
  std::lock_guard lock(mutex_);
  const auto found = tables_.find(table);
  return found == tables_.end() ? 0 : found->second.rows;
}

}  // namespace weir

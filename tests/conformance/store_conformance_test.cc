#include "store_conformance.h"

#include <unistd.h>

#include <filesystem>

#include "backends/memory/memory_store.h"
#include "backends/store_chdb/chdb_store.h"

namespace weir::conformance {
namespace {

class MemoryHarness final : public StoreHarness {
 public:
  Result<Opened> open() override { return Opened{store_, store_, store_}; }
  bool supports_select() override { return false; }
  std::string why_no_select() override { return "memory has no SQL"; }

 private:
  MemoryStore store_;
};

// libchdb opens one data path a process, so each test has a database of its own in one engine.
class ChdbEnvironment final : public testing::Environment {
 public:
  void TearDown() override {
    root_.reset();
    if (!path_.empty()) std::filesystem::remove_all(path_);
  }
  Result<std::unique_ptr<ChdbStore>> database() {
    if (!root_) {
      path_ = std::filesystem::temp_directory_path() / ("weir-store-conformance-" + std::to_string(::getpid()));
      WEIR_TRY_ASSIGN(root_, ChdbStore::create({.path = path_}));
    }
    return root_->sibling("conformance_" + std::to_string(++databases_));
  }

 private:
  std::filesystem::path path_;
  std::unique_ptr<ChdbStore> root_;
  int databases_ = 0;
};

ChdbEnvironment& chdb() {
  static auto* environment = static_cast<ChdbEnvironment*>(testing::AddGlobalTestEnvironment(new ChdbEnvironment));
  return *environment;
}
const bool kRegistered = (chdb(), true);

class ChdbHarness final : public StoreHarness {
 public:
  Result<Opened> open() override {
    WEIR_TRY_ASSIGN(store_, chdb().database());
    return Opened{*store_, *store_, *store_};
  }

 private:
  std::unique_ptr<ChdbStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance, testing::Values([] { return std::make_unique<MemoryHarness>(); }));
INSTANTIATE_TEST_SUITE_P(Chdb, StoreConformance, testing::Values([] { return std::make_unique<ChdbHarness>(); }));

}  // namespace
}  // namespace weir::conformance

#include "index_conformance.h"

#include "backends/memory/memory_index.h"

namespace weir::conformance {
namespace {

class MemoryHarness final : public IndexHarness {
 public:
  Index& index() override { return index_; }

 private:
  MemoryIndex index_;
};

INSTANTIATE_TEST_SUITE_P(Memory, IndexConformance, testing::Values([] { return std::make_unique<MemoryHarness>(); }));

}  // namespace
}  // namespace weir::conformance

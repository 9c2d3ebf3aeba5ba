// The index in memory: looks at every document for every question. For tests, and for tens of thousands of documents.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "ports/index.h"

namespace weir {

/// Thread-safe. Words are runs of letters, digits and bytes outside ASCII; ASCII letters match in either case. Every word of
/// the question must be in the title or the text: as a word, as the beginning of one, inside one, or, from four bytes on,
/// with one byte wrong, missing, too many, or two swapped; a better way of matching scores higher, the title above the text.
class MemoryIndex final : public Index {
 public:
  Status upsert(const std::vector<IndexDocument>& documents) override;
  Result<IndexAnswer> search(const IndexQuery& query) override;
  Status clear() override;

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, IndexDocument> documents_;  // by kind and id; guarded by mutex_
};

}  // namespace weir

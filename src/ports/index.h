// The index: finds entities, findings and rules by words, with typing errors. Derived from the store: it has its own
// position, never holds the store up, and can be made again from it. Conformance suite: tests/conformance/index_conformance.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/types.h"

namespace weir {

/// One thing that can be found. Identity is kind + id; a later upsert replaces.
struct IndexDocument {
  std::string kind;  // user ip asn country email_domain device finding rule
  std::string id;
  std::string title;  // shown, and searched first
  std::string text;   // searched
  UnixMillis time;    // last seen
};

struct IndexQuery {
  std::string text;  // as typed; the last word may be unfinished
  std::optional<std::string> kind;
  std::optional<UnixMillis> from, to;  // from inclusive, to exclusive
  std::size_t limit = 20;
};

struct IndexHit {
  IndexDocument document;
  double score = 0;                                               // larger is better; comparable within one answer
  std::vector<std::pair<std::size_t, std::size_t>> title_ranges;  // what matched, in bytes of title: [from, to)
};

struct IndexAnswer {
  std::vector<IndexHit> hits;                    // best first
  std::map<std::string, std::uint64_t> by_kind;  // how many match, before the limit
};

/// Thread-safe.
class Index {
 public:
  virtual ~Index() = default;
  /// Findable within 2 s of the return. kUnavailable, kOverloaded, kDiskFull: try again.
  virtual Status upsert(const std::vector<IndexDocument>& documents) = 0;
  /// kInvalid: the text is empty. kUnavailable: try again later.
  virtual Result<IndexAnswer> search(const IndexQuery& query) = 0;
  virtual Status clear() = 0;
};

}  // namespace weir

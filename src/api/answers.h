// Answers of the API, read again: what the commands that ask a Weir over HTTP see of it. The other half of what src/queries writes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "base/types.h"
#include "event/ledger.h"

namespace weir {

/// One item of GET /api/v1/rejects.
struct RejectItem {
  UnixMillis received_at;
  std::string reason, field, message, source, id, type;
  std::string raw;   // the exact bytes
  bool cut = false;  // bytes may be missing at the end
  PartitionId partition;
  Offset offset;
};

template <class Item>
struct ListPage {
  std::vector<Item> items;
  std::optional<std::string> next_cursor;
};

/// All of these: kCorrupt when the text is no such answer, as that of another program or version.
Result<ListPage<RejectItem>> read_rejects(std::string_view json);
/// source and id of GET /api/v1/events.
Result<ListPage<std::pair<std::string, std::string>>> read_identities(std::string_view json);
/// GET /api/v1/ledger.
Result<Ledger> read_ledger(std::string_view json);

/// What problem details say to people; the beginning of `body` when it is none.
std::string problem_detail(std::string_view body);

}  // namespace weir

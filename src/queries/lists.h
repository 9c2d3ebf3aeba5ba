// Lists of single things: GET /api/v1/events and GET /api/v1/rejects.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "queries/ask.h"

namespace weir {

/// Names of the filters that a list takes, beside from, to, limit and cursor.
std::span<const std::string_view> event_filters();
std::span<const std::string_view> reject_filters();

/// Values that one filter may be given at most; more is kInvalid.
inline constexpr std::size_t kMostFilterValues = 100;

struct ListRequest {
  /// Filter name and value, as given; a name given twice means either value.
  std::vector<std::pair<std::string, std::string>> filters;
  std::optional<std::string> from, to, cursor;
  std::size_t limit = 100;  // 1–1000, checked by the caller
};

/// Contract 4, `events`: newest first by event time, then partition and offset; each item is a CloudEvent with the extensions
/// weirreceived, weirpartition, weiroffset. Filters are exact; an address is compared in its canonical text, a domain in lower
/// case, as they are stored.
/// Errors: kInvalid names the parameter (an unknown filter; status or asn that is no number; a cursor that is none, or of a list with
/// other filters); else those of Statement::ask.
Result<std::string> events_json(const QueryContext& context, const ListRequest& request);

/// Contract 4, `rejects`: newest arrival first; from and to bound the arrival. Bytes of `raw` that are no UTF-8 show as U+FFFD there;
/// such an item has the exact bytes in `raw_base64` beside it. `cut` says that bytes may be missing at the end, as the first 64 KiB
/// are kept.
Result<std::string> rejects_json(const QueryContext& context, const ListRequest& request);

}  // namespace weir

// What was rejected, in groups: GET /api/v1/rejects/groups.
#pragma once

#include <optional>
#include <string>

#include "base/status.h"
#include "queries/ask.h"

namespace weir {

struct RejectGroupsRequest {
  std::optional<std::string> from, to;  // of the arrival; no `to`: no end, no `from`: 24 h before `to`, or before now
  std::size_t limit = 100;              // 1–1000, checked by the caller
};

/// `{"items":[{"reason","field","source","count","first_seen","last_seen","message"}],"groups","rejects","from"}`: one item for each
/// reason, field and source, the largest first, at most `limit`. `message` is the sentence of the newest reject of the group; `groups` and
/// `rejects` count all there are, also those that `limit` leaves out.
/// Errors: kInvalid names the parameter; else those of Statement::ask.
Result<std::string> reject_groups_json(const QueryContext& context, const RejectGroupsRequest& request);

}  // namespace weir

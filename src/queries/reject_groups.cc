#include "queries/reject_groups.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "event/decoder.h"
#include "queries/row_reader.h"
#include "queries/time_range.h"

namespace weir {

Result<std::string> reject_groups_json(const QueryContext& context, const RejectGroupsRequest& request) {
  constexpr std::int64_t kDay = 86'400'000;
  const UnixMillis now = context.clock.now();
  WEIR_TRY_ASSIGN(const TimeBounds bounds, parse_bounds(request.from, request.to, now));
  const UnixMillis from = bounds.from.value_or(bounds.to.value_or(now) - kDay);

  Statement ask;
  const std::string end = bounds.to ? " AND received_at < " + ask.millis(*bounds.to) : "";
  ask += fmt::format(
      "SELECT reason, field, source, n, oldest, newest, sentence, count() OVER () AS all_groups, sum(n) OVER () AS "
      "all_rejects FROM (SELECT reason, field, source, count() AS n, min(received_at) AS oldest, max(received_at) AS "
      "newest, argMax(message, (received_at, partition, offset)) AS sentence FROM rejects WHERE received_at >= {}{} "
      "GROUP BY reason, field, source) ORDER BY n DESC, reason, field, source LIMIT {}",
      ask.millis(from), end, request.limit);
  WEIR_TRY_ASSIGN(const std::string answer, ask.ask(context));

  std::string out = R"({"items":[)";
  const auto at = std::back_inserter(out);
  std::uint64_t groups = 0, rejects = 0;
  RowReader reader(answer);
  while (reader.more()) {
    const std::string_view reason = reader.text(), field = reader.text(), source = reader.text();
    const std::uint64_t count = reader.u64();
    const UnixMillis oldest(reader.i64()), newest(reader.i64());
    const std::string_view message = reader.text();
    groups = reader.u64();
    rejects = reader.u64();
    if (reader.broken()) break;
    out += out.back() == '[' ? R"({"reason":)" : R"(,{"reason":)";
    append_json_string(out, reason);
    out += R"(,"field":)";
    append_json_string(out, field);
    out += R"(,"source":)";
    append_json_string(out, source);
    fmt::format_to(at, R"(,"count":{},"first_seen":"{}","last_seen":"{}","message":)", count, format_rfc3339(oldest),
                   format_rfc3339(newest));
    append_json_string(out, message);
    out += '}';
  }
  if (reader.broken()) return fail(Code::kInternal, "The store's answer for groups of rejects could not be read.");
  fmt::format_to(at, R"(],"groups":{},"rejects":{},"from":"{}"}})", groups, rejects, format_rfc3339(from));
  return out;
}

}  // namespace weir

#include "app/reject_pages.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir {

RejectPages::RejectPages(HttpClient& client, const RejectFilter& filter)
    : client_(client), target_("/api/v1/rejects?") {
  const auto add = [&](std::string_view name, const std::optional<std::string>& value) {
    if (value) target_ += fmt::format("{}={}&", name, percent_encoded(*value));
  };
  add("reason", filter.reason);
  add("field", filter.field);
  add("source", filter.source);
  add("from", filter.from);
  add("to", filter.to);
}

Result<std::optional<std::vector<RejectItem>>> RejectPages::next(const std::stop_token& stop) {
  if (done_) return std::nullopt;
  std::string target = fmt::format("{}limit={}", target_, limit_);
  if (cursor_) target += "&cursor=" + *cursor_;
  WEIR_TRY_ASSIGN(const std::string body, client_.read(target, stop));
  WEIR_TRY_ASSIGN(auto page, read_rejects(body));
  cursor_ = std::move(page.next_cursor);
  done_ = !cursor_;
  // As many as make a page of some megabytes, going by this one: rejects have from a few bytes to 64 KiB.
  constexpr std::size_t kPageBytes = 4 << 20U, kMost = 1000;
  const std::size_t each = body.size() / std::max<std::size_t>(page.items.size(), 1) + 1;
  limit_ = std::clamp<std::size_t>(std::min(kPageBytes / each, limit_ * 4), 1, kMost);
  return std::move(page.items);
}

}  // namespace weir

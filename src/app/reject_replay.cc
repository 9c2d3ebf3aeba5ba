#include "app/reject_replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "api/answers.h"
#include "base/fail_point.h"
#include "event/decoder.h"
#include "event/event_type.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostItems = 500, kMostBytes = 1 << 20U;
/// How long after its beginning a request may have been taken: longer than a client waits for its answer.
constexpr std::int64_t kTakenWithin = 10 * 60'000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

bool goes_alone(const RejectItem& item) {
  return item.raw.find('\n') != std::string::npos || trimmed(item.raw).empty();
}

class Replay {
 public:
  Replay(HttpClient& client, RejectMarks& marks, RejectReplayCounts& counts, const std::stop_token& stop,
         const std::function<void()>& on_progress)
      : client_(client), marks_(marks), counts_(counts), stop_(stop), on_progress_(on_progress) {}

  Status run(const RejectFilter& filter) {
    RejectPages pages(client_, filter);
    while (true) {
      WEIR_TRY_ASSIGN(auto page, pages.next(stop_));
      if (!page) return {};
      WEIR_TRY(take(*std::move(page)));
    }
  }

 private:
  /// One page: what is in doubt is settled first, then all that is unsent goes out.
  Status take(std::vector<RejectItem> page) {
    std::vector<RejectItem> unsent, doubtful;
    for (RejectItem& item : page) {
      switch (marks_.state(item)) {
        case RejectMarks::State::kSent: ++counts_.sent_before; break;
        case RejectMarks::State::kInDoubt: doubtful.push_back(std::move(item)); break;
        case RejectMarks::State::kUnsent:
          if (item.cut) {
            ++counts_.cut;
          } else if (item.raw.empty()) {
            ++counts_.empty;
          } else {
            unsent.push_back(std::move(item));
          }
      }
    }
    if (!doubtful.empty()) {
      const std::size_t before = doubtful.size();
      WEIR_TRY(settle(doubtful));
      counts_.found_sent += before - doubtful.size();
      counts_.sent_before += before - doubtful.size();
      std::ranges::move(doubtful, std::back_inserter(unsent));
    }
    std::vector<RejectItem> batch;
    std::size_t bytes = 0;
    for (RejectItem& item : unsent) {
      if (goes_alone(item)) {
        std::vector<RejectItem> one;
        one.push_back(std::move(item));
        WEIR_TRY(send(std::move(one)));
        continue;
      }
      bytes += item.raw.size() + 1;
      batch.push_back(std::move(item));
      if (batch.size() < kMostItems && bytes < kMostBytes) continue;
      WEIR_TRY(send(std::exchange(batch, {})));
      bytes = 0;
    }
    if (batch.empty()) return {};
    return send(std::move(batch));
  }

  /// One request, until all of it was taken.
  Status send(std::vector<RejectItem> items) {
    Patience patience;
    while (!items.empty()) {
      const bool alone = items.size() == 1 && goes_alone(items.front());
      std::string body;
      for (const RejectItem& item : items) body.append(item.raw).append(alone ? "" : "\n");
      // There is one: the server has just given the page.
      const auto now = client_.server_time();
      if (!now) return fail(Code::kCorrupt, client_.where() + " does not say what time it is. Is it a Weir?");
      WEIR_TRY(marks_.begin(items, *now));
      WEIR_TRY(fail_point("rejects.begun"));
      const auto answer =
          client_.post("/api/v1/events", alone ? "application/cloudevents+json" : "application/x-ndjson", body, stop_);
      if (answer && answer->status == 202) {
        WEIR_TRY(fail_point("rejects.taken"));
        WEIR_TRY(marks_.done());
        counts_.sent += items.size();
        on_progress_();
        return {};
      }
      if (answer && answer->status != 503) {
        for (const RejectItem& item : items) marks_.settle(item, false);
        WEIR_TRY(marks_.sync());
        return fail(Code::kInvalid, fmt::format("{} refused the events with status {}: {}", client_.where(),
                                                answer->status, problem_detail(answer->body)));
      }
      if (!patience.wait(answer ? answer->retry_after : milliseconds(0), stop_)) {
        if (stop_.stop_requested()) return fail(Code::kCancelled, "stopped while the server could not take more");
        if (!answer) return std::unexpected(answer.error());
        return fail(Code::kUnavailable, fmt::format("{} could not take more events for a minute (503): {}",
                                                    client_.where(), problem_detail(answer->body)));
      }
      const std::size_t before = items.size();
      WEIR_TRY(settle(items));
      counts_.sent += before - items.size();
      if (items.size() < before) patience = {};
      on_progress_();
    }
    return {};
  }

  /// Finds out which of `items`, all in doubt, were sent; marks those, and leaves the others.
  Status settle(std::vector<RejectItem>& items) {
    WEIR_TRY(wait_for_worker());
    WEIR_TRY_ASSIGN(const auto admitted, admitted_of(items));
    WEIR_TRY_ASSIGN(auto back, came_back(items));
    std::vector<RejectItem> left;
    for (RejectItem& item : items) {
      bool sent = admitted.contains({item.source, item.id});
      if (!sent) {
        auto& times = back[std::string(trimmed(item.raw))];
        const auto one = std::ranges::find_if(times, [&](UnixMillis t) { return t >= marks_.begun(item).value_or(t); });
        sent = one != times.end();
        if (sent) times.erase(one);
      }
      marks_.settle(item, sent);
      if (!sent) left.push_back(std::move(item));
    }
    items = std::move(left);
    return marks_.sync();
  }

  /// Until all that the log holds by now has been judged.
  Status wait_for_worker() {
    Patience patience;
    std::optional<std::uint64_t> received;
    while (true) {
      WEIR_TRY_ASSIGN(const std::string body, client_.read("/api/v1/ledger", stop_));
      WEIR_TRY_ASSIGN(const Ledger ledger, read_ledger(body));
      if (!received) received = ledger.received;
      if (ledger.admitted + ledger.duplicate + ledger.rejected >= *received) return {};
      if (patience.wait(milliseconds(0), stop_)) continue;
      if (stop_.stop_requested()) return fail(Code::kCancelled, "stopped while it was found out what had arrived");
      return fail(Code::kUnavailable,
                  fmt::format("Whether a request had arrived at {} cannot be said yet: its worker is a minute behind. "
                              "Run this again later; nothing was lost or sent twice.",
                              client_.where()));
    }
  }

  /// source and id of those that are among the events.
  Result<std::set<std::pair<std::string, std::string>>> admitted_of(const std::vector<RejectItem>& items) {
    std::map<std::string, std::set<std::string>> ids;
    for (const RejectItem& item : items) {
      // Longer ones are never admitted.
      if (item.source.empty() || item.id.empty() || item.source.size() > kMaxIdentityBytes ||
          item.id.size() > kMaxIdentityBytes) {
        continue;
      }
      ids[item.source].insert(item.id);
    }
    std::set<std::pair<std::string, std::string>> found;
    const auto look = [&](const std::string& target) -> Status {
      std::string cursor;
      while (true) {
        WEIR_TRY_ASSIGN(const std::string body, client_.read(target + cursor, stop_));
        WEIR_TRY_ASSIGN(auto page, read_identities(body));
        found.insert(page.items.begin(), page.items.end());
        if (!page.next_cursor) return {};
        cursor = "&cursor=" + *page.next_cursor;
      }
    };
    for (const auto& [source, those] : ids) {
      const std::string begin = "/api/v1/events?limit=1000&source=" + percent_encoded(source);
      std::string target = begin;
      std::size_t some = 0;
      for (const std::string& id : those) {
        target += "&id=" + percent_encoded(id);
        constexpr std::size_t kMostIds = 50, kLongest = 4096;
        if (++some < kMostIds && target.size() < kLongest) continue;
        WEIR_TRY(look(target));
        target = begin;
        some = 0;
      }
      if (some > 0) WEIR_TRY(look(target));
    }
    return found;
  }

  /// Bytes, and arrivals, of the rejects that came while `items` were being sent and are not known to be others.
  Result<std::map<std::string, std::vector<UnixMillis>>> came_back(const std::vector<RejectItem>& items) {
    std::map<std::string, std::vector<UnixMillis>> back;
    std::optional<UnixMillis> first, last;
    for (const RejectItem& item : items) {
      const auto begun = marks_.begun(item);
      if (!begun) continue;
      first = std::min(first.value_or(*begun), *begun);
      last = std::max(last.value_or(*begun), *begun);
    }
    if (!first) return back;
    for (const RejectItem& item : items) back[std::string(trimmed(item.raw))];
    RejectPages pages(client_, {.from = format_rfc3339(*first), .to = format_rfc3339(*last + kTakenWithin)});
    while (true) {
      WEIR_TRY_ASSIGN(const auto page, pages.next(stop_));
      if (!page) return back;
      for (const RejectItem& item : *page) {
        if (marks_.state(item) != RejectMarks::State::kUnsent) continue;  // one that was there to be sent
        const auto found = back.find(std::string(trimmed(item.raw)));
        if (found != back.end()) found->second.push_back(item.received_at);
      }
    }
  }

  HttpClient& client_;
  RejectMarks& marks_;
  RejectReplayCounts& counts_;
  const std::stop_token& stop_;
  const std::function<void()>& on_progress_;
};

}  // namespace

Status replay_rejects(HttpClient& client, const RejectFilter& filter, RejectMarks& marks, RejectReplayCounts& counts,
                      const std::stop_token& stop, const std::function<void()>& on_progress) {
  return Replay(client, marks, counts, stop, on_progress).run(filter);
}

}  // namespace weir

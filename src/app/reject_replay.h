// Sends rejects through the front door again, each of them once.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>

#include "app/http_client.h"
#include "app/reject_marks.h"
#include "app/reject_pages.h"
#include "base/status.h"

namespace weir {

struct RejectReplayCounts {
  std::uint64_t sent = 0;  // by this run
  std::uint64_t sent_before = 0;
  std::uint64_t found_sent = 0;  // of sent_before: an interrupted request that had arrived, as was found out
  std::uint64_t cut = 0;         // skipped: bytes may be missing
  std::uint64_t empty = 0;       // skipped: there is nothing to send
};

/// Sends the bytes of all rejects of `filter` to POST /api/v1/events of the Weir that they are of: many in one NDJSON body, those that hold a
/// line feed, or nothing but white space, alone. What `marks` knows as sent is not sent again.
///
/// When no answer came (also in a run before this one), or a 503, the server is asked whether the rejects are among the events that it admitted, or
/// among the rejects that came since the request began; what is not there is sent again. So each reject is sent once, unless the server
/// takes a request that nobody waits for any more into its log only after it was asked, or events were removed meanwhile.
///
/// What is rejected again is a new reject, of another offset: another run sends it.
/// `counts` is right at any time, also after an error. `on_progress` is called after every request.
///   kCancelled: `stop` was asked for; call again to go on.  kInvalid: the server refuses a request, with its own words.
///   Else errors of HttpClient and RejectMarks; all of them: call again to go on.
Status replay_rejects(HttpClient& client, const RejectFilter& filter, RejectMarks& marks, RejectReplayCounts& counts,
                      const std::stop_token& stop, const std::function<void()>& on_progress);

}  // namespace weir

// One event as it came: the first byte says whether events are kept for ever (odd) or 30 days, the rest is the event.
// What must hold: the verdict and the values are those of a plain decoder; padding changes nothing; an admitted event, written
// again from its values, is the same event; its partition follows from its identity; a reject has a sentence.
#include <fmt/format.h>

#include "api/http.h"
#include "base/check.h"
#include "base/json_text.h"
#include "event/plain_decoder_for_tests.h"
#include "input.h"

namespace weir {
namespace {

constexpr UnixMillis kNow(1'795'012'000'000);  // 2026-11-18T14:26:40Z
constexpr std::int64_t kMonth = 30LL * 86'400'000;

/// An admitted event in Weir's own spelling.
std::string write(const EventView& event) {
  std::string out = R"({"specversion":"1.0","type":)";
  append_json_string(out, info(event.type).name);
  for (const auto& [key, value] : {std::pair{"source", event.source}, {"id", event.id}, {"weirtruth", event.truth}}) {
    out += fmt::format(",\"{}\":", key);
    append_json_string(out, value);
  }
  out += fmt::format(R"(,"time":"{}","data":{{)", format_rfc3339(event.time));
  bool first = true;
  for (std::size_t f = 0; f < kFields; ++f) {
    const auto field = static_cast<Field>(f);
    if (!event.has(field)) continue;
    out += fmt::format("{}\"{}\":", first ? "" : ",", info(field).json);
    first = false;
    switch (info(field).kind) {
      case FieldKind::kStatus: out += fmt::format("{}", event.status); break;
      case FieldKind::kAsn: out += fmt::format("{}", event.asn); break;
      case FieldKind::kBytes: out += fmt::format("{}", event.bytes); break;
      case FieldKind::kLatency: out += fmt::format("{}", event.latency_ms); break;
      default: append_json_string(out, event[field]);
    }
  }
  return out + "}}";
}

void check_same(const EventView& a, const EventView& b, std::string_view json) {
  WEIR_CHECK(a.type == b.type && a.time == b.time && a.source == b.source && a.id == b.id && a.truth == b.truth &&
                 a.email_domain == b.email_domain && a.present == b.present && a.text == b.text &&
                 a.status == b.status && a.asn == b.asn && a.bytes == b.bytes && a.latency_ms == b.latency_ms,
             "written again it is another event: {}", json);
}

void check(std::string_view raw, std::int64_t retention) {
  static Decoder plainly(DecodeLimits{}), padded(DecodeLimits{}), again(DecodeLimits{});
  static IdentityReader identities;
  for (Decoder* d : {&plainly, &padded, &again}) d->set_limits({.retention_millis = retention});

  const fuzz::Exact exact(raw);
  EventView event;
  Reject reject;
  const bool admitted = plainly.decode(exact.view(), kNow, false, event, reject);
  const std::string difference = plain::difference(raw, kNow, retention, admitted, event, reject);
  WEIR_CHECK(difference.empty(), "{}: {}", difference, raw);

  const fuzz::Exact with_padding(std::string(raw) + std::string(Decoder::kPadding, '"'));
  EventView event_padded;
  Reject reject_padded;
  const bool same = padded.decode(with_padding.view().substr(0, raw.size()), kNow, true, event_padded, reject_padded);
  WEIR_CHECK(same == admitted);
  constexpr std::uint32_t kPartitions = 1 << 20;
  const std::uint32_t partition = identities.partition(exact.view(), kPartitions, false);
  WEIR_CHECK(partition < kPartitions);
  WEIR_CHECK(partition == identities.partition(with_padding.view().substr(0, raw.size()), kPartitions, true));
  if (!admitted) {
    WEIR_CHECK(reject.reason == reject_padded.reason && reject.field == reject_padded.field &&
               reject.message == reject_padded.message);
    WEIR_CHECK(!reject.message.empty() && reject.message.size() < 400 && is_utf8(reject.message), "{}", reject.message);
    return;
  }
  check_same(event, event_padded, raw);
  WEIR_CHECK(partition == identity_hash(event.source, event.id).low % kPartitions, "another partition: {}", raw);
  const std::string json = write(event);
  if (json.size() > kMaxEventBytes) return;
  EventView second;
  WEIR_CHECK(again.decode(json, kNow, false, second, reject), "{}: {}", reject.message, json);
  check_same(event, second, json);
}

}  // namespace
}  // namespace weir

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::fuzz::Input input(data, size);
  const std::int64_t retention = input.byte() % 2 == 0 ? weir::kMonth : 0;
  weir::check(input.rest(), retention);
  return 0;
}

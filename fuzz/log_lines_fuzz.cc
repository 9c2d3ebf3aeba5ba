// Lines of logs: the first byte chooses the format (its value modulo 4, in the order of LogFormat), the rest are lines.
// What must hold: no step beyond the bytes, and every event is one that a worker admits.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "formats/event_json.h"
#include "formats/line_parser.h"

namespace weir {
namespace {

void read_line(LineParser& parser, LogFormat format, std::string_view line) {
  static Decoder decoder(DecodeLimits{.retention_millis = 0});
  static const Zone zone = Zone::named("America/New_York").value_or(Zone());
  static constexpr UnixMillis kNow{1'795'500'000'000};
  if (parser.parse(line) != LineKind::kEvents) return;
  const LineEvent& event = parser.event();
  if (format == LogFormat::kCloudEvents) {
    for (const Span& value : event.time_values) {
      WEIR_CHECK(value.size >= 2 && value.from + value.size <= line.size() && line[value.from] == '"');
      WEIR_CHECK(line[value.from + value.size - 1] == '"');
    }
    return;
  }
  WEIR_CHECK(parser.time().has_value() && event.repeat >= 1 && event.repeat <= kMaxRepeat);
  const auto moment = moment_of(*parser.time(), zone, kNow);
  if (!moment || moment->value < 0) return;
  std::string json;
  append_cloud_event(json, event.event, "\"file:fuzz\"", "1", *moment);
  EventView decoded;
  Reject reject;
  const bool admitted = decoder.decode(json, std::max(kNow, *moment), false, decoded, reject);
  WEIR_CHECK(admitted || reject.reason == Reason::kTooLarge, "{}: {}", reject.message, json);
}

}  // namespace
}  // namespace weir

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  if (size == 0) return 0;
  const auto format = static_cast<LogFormat>(data[0] % 4);
  LineParser parser(format);
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    // A copy of its own: the sanitizer then sees every step beyond the line.
    const std::string line(text.substr(0, end));
    read_line(parser, format, line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return 0;
}

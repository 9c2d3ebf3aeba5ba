#include "simulate/writer.h"

#include <bit>

#include "base/check.h"
#include "base/json_text.h"

namespace weir::simulate {
namespace {

/// `,"name":` and the opening quote of a text, in 16 bytes that are copied whole.
struct Key {
  std::array<char, 16> text{};
  std::uint8_t size = 0;
};

bool is_number(Field f) {
  const FieldKind kind = info(f).kind;
  return kind == FieldKind::kStatus || kind == FieldKind::kAsn || kind == FieldKind::kBytes ||
         kind == FieldKind::kLatency;
}

const std::array<Key, kFields>& keys() {
  static const std::array<Key, kFields> table = [] {
    std::array<Key, kFields> all;
    for (std::size_t i = 0; i < kFields; ++i) {
      const auto f = static_cast<Field>(i);
      std::string key = ",\"" + std::string(info(f).json) + "\":";
      if (!is_number(f)) key += '"';
      WEIR_CHECK(key.size() <= 16, "field {} does not fit", key);
      key.copy(all[i].text.data(), key.size());
      all[i].size = static_cast<std::uint8_t>(key.size());
    }
    return all;
  }();
  return table;
}

}  // namespace

void write_second(Pen& pen, std::int64_t second) {
  std::int64_t days = second / 86400, rest = second % 86400;
  if (rest < 0) {
    rest += 86400;
    --days;
  }
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto doe = static_cast<std::uint64_t>(days - era * 146097);
  const std::uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const std::uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::uint64_t mp = (5 * doy + 2) / 153;
  const std::uint64_t month = mp < 10 ? mp + 3 : mp - 9;
  const auto year = static_cast<std::uint64_t>(static_cast<std::int64_t>(yoe) + era * 400 + (month <= 2 ? 1 : 0));
  const auto s = static_cast<std::uint64_t>(rest);
  pen.dec_padded(year, 4).put('-').dec_padded(month, 2).put('-').dec_padded(doy - (153 * mp + 2) / 5 + 1, 2);
  pen.put('T').dec_padded(s / 3600, 2).put(':').dec_padded(s / 60 % 60, 2).put(':').dec_padded(s % 60, 2).put('.');
}

Writer::Writer(std::string_view run) {
  WEIR_CHECK(run.size() <= kMaxRunBytes, "the name of a run has {} bytes", run.size());
  prefix_ = "{\"specversion\":\"1.0\",\"id\":";
  append_json_string(prefix_, run);
  prefix_.back() = '-';  // where the string's quote was
}

void Writer::time(Pen& pen, UnixMillis t) {
  std::int64_t second = t.value / 1000, millis = t.value % 1000;
  if (millis < 0) {
    millis += 1000;
    --second;
  }
  if (second != second_) {
    second_ = second;
    Pen text(second_text_.data());
    write_second(text, second);
  }
  pen.put(std::string_view(second_text_.data(), second_text_.size()))
      .dec_padded(static_cast<std::uint64_t>(millis), 3)
      .put('Z');
}

void Writer::field(Pen& pen, const Draft& draft, Field f) {
  const auto i = static_cast<std::size_t>(f);
  const Key& key = keys()[i];
  char* at = pen.at();
  std::memcpy(at, key.text.data(), key.text.size());
  pen = Pen(at + key.size);
  switch (f) {
    case Field::kIp:
      if (draft.flaw == Flaw::kBadIp) {
        pen.put("10.999.1");
      } else {
        draft.ip.write(pen);
      }
      pen.put('"');
      break;
    case Field::kStatus:
      if (draft.flaw == Flaw::kStatusAsText) {
        pen.put('"').dec(draft.number[i]).put('"');
      } else {
        pen.dec(draft.number[i]);
      }
      break;
    case Field::kAsn:
    case Field::kBytes: pen.dec(draft.number[i]); break;
    case Field::kLatencyMs: {
      const std::uint64_t tenths = draft.number[i];
      pen.dec(tenths / 10);
      if (tenths % 10 != 0) pen.put('.').put(static_cast<char>('0' + tenths % 10));
      break;
    }
    case Field::kSessionId: pen.put("s-").hex_padded(draft.number[i], 12).put('"'); break;
    case Field::kDeviceId: pen.put("d-").hex_padded(draft.number[i], 8).put('"'); break;
    case Field::kDelivery:
      pen.put(draft.flaw == Flaw::kUnknownDelivery ? std::string_view("queued") : draft.text[i]).put('"');
      break;
    default: pen.put(draft.text[i]).put('"'); break;
  }
}

std::string_view Writer::write(const Draft& draft, std::uint64_t id, UnixMillis at) {
  static_assert(Writer::kMaxRunBytes * 6 + 2048 < sizeof(out_), "an escaped byte takes six");
  Pen pen(out_.data());
  pen.put(prefix_).dec(id).put("\",\"source\":\"").put(source_name(draft.source)).put("\",\"type\":\"");
  pen.put(draft.flaw == Flaw::kUnknownType ? std::string_view("api.requst") : info(draft.type).name);
  pen.put("\",\"time\":\"");
  std::int64_t millis = at.value - draft.late_millis;
  if (draft.flaw == Flaw::kClockAhead) millis += 3 * kMaxFutureMillis;
  time(pen, UnixMillis(millis));
  if (!draft.truth.empty()) pen.put("\",\"weirtruth\":\"").put(draft.truth);
  pen.put("\",\"data\":{");
  char* const first = pen.at();
  FieldSet rest = draft.has;
  if (draft.flaw == Flaw::kNoIp) rest &= ~bit(Field::kIp);
  for (; rest != 0; rest &= rest - 1) field(pen, draft, static_cast<Field>(std::countr_zero(rest)));
  *first = ' ';  // the first field's comma; every event has a field
  pen.put("}}");
  std::string_view text(out_.data(), static_cast<std::size_t>(pen.at() - out_.data()));
  if (draft.flaw == Flaw::kCutOff) text.remove_suffix(text.size() / 3);
  if (draft.flaw == Flaw::kNoSpecversion) {
    constexpr std::string_view kSpec = "\"specversion\":\"1.0\",";
    out_[kSpec.size()] = '{';
    text.remove_prefix(kSpec.size());
  }
  return text;
}

}  // namespace weir::simulate

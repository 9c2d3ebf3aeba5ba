#include "stages/encode.h"

namespace weir {
namespace {

// Places in EventEncoder::columns_: first these, then the texts of the fields in the order of kTextFields.
enum Fixed : std::size_t {
  kTime,
  kReceivedAt,
  kId,
  kAsn,
  kStatus,
  kLatency,
  kBytes,
  kPartition,
  kOffset,
  kPresent,
  kFixed,
};

constexpr std::array kTextFields{Field::kUserId,    Field::kIp,        Field::kEmail,
                                 Field::kPath,      Field::kReferrer,  Field::kRecipient,
                                 Field::kMessageId, Field::kSessionId, Field::kDeviceId};

template <class Columns>
void finish_block(Columns& columns, std::size_t& rows, std::string& out) {
  if (rows == 0) return;
  native::append_block(out, columns, rows);
  for (native::Column& c : columns) c.data.clear();
  rows = 0;
}

}  // namespace

EventEncoder::EventEncoder(const Vocabulary& words)
    : words_(words),
      columns_{{"time", "DateTime64(3, 'UTC')", {}},
               {"received_at", "DateTime64(3, 'UTC')", {}},
               {"id", "String", {}},
               {"asn", "UInt32", {}},
               {"status", "UInt16", {}},
               {"latency_ms", "Float64", {}},
               {"bytes", "UInt64", {}},
               {"partition", "UInt32", {}},
               {"offset", "UInt64", {}},
               {"present", "UInt32", {}}} {
  for (Field field : kTextFields) columns_.push_back({info(field).column, "String", {}});
  names_ = native::names(columns_);
  for (std::size_t w = 0; w < kWords; ++w) names_.append(", ").append(column_of(static_cast<Word>(w)));
}

void EventEncoder::add(const EventView& event, const Vocabulary::Numbers& numbers, PartitionId partition,
                       Offset offset) {
  native::append_fixed(columns_[kTime].data, event.time.value);
  native::append_fixed(columns_[kReceivedAt].data, event.received_at.value);
  native::append_string(columns_[kId].data, event.id);
  native::append_fixed(columns_[kAsn].data, event.asn);
  native::append_fixed(columns_[kStatus].data, event.status);
  native::append_fixed(columns_[kLatency].data, event.latency_ms);
  native::append_fixed(columns_[kBytes].data, event.bytes);
  native::append_fixed(columns_[kPartition].data, partition.value);
  native::append_fixed(columns_[kOffset].data, offset.value);
  native::append_fixed(columns_[kPresent].data, event.present);
  for (std::size_t i = 0; i < kTextFields.size(); ++i)
    native::append_string(columns_[kFixed + i].data, event[kTextFields[i]]);
  for (std::size_t w = 0; w < kWords; ++w) numbers_[w].push_back(numbers[w]);
  ++rows_;
}

void EventEncoder::finish(std::string& out) {
  if (rows_ == 0) return;
  std::size_t bytes = 64;
  for (const native::Column& c : columns_) bytes += native::kColumnOverhead + c.data.size();
  for (std::size_t w = 0; w < kWords; ++w)
    bytes += native::kColumnOverhead + words_[static_cast<Word>(w)].native().size() + rows_ * sizeof(std::uint32_t);
  native::make_room(out, bytes);
  native::append_header(out, columns_.size() + kWords, rows_);
  for (native::Column& c : columns_) {
    native::append_column(out, c);
    c.data.clear();
  }
  for (std::size_t w = 0; w < kWords; ++w) {
    const auto word = static_cast<Word>(w);
    native::append_string(out, column_of(word));
    native::append_string(out, "LowCardinality(String)");
    native::append_low_cardinality(out, words_[word].native(), words_[word].size(), numbers_[w]);
    numbers_[w].clear();
  }
  rows_ = 0;
}

RejectEncoder::RejectEncoder()
    : columns_{{{"received_at", "DateTime64(3, 'UTC')", {}},
                {"reason", "String", {}},
                {"field", "String", {}},
                {"message", "String", {}},
                {"source", "String", {}},
                {"id", "String", {}},
                {"type", "String", {}},
                {"raw", "String", {}},
                {"partition", "UInt32", {}},
                {"offset", "UInt64", {}}}},
      names_(native::names(columns_)) {}

void RejectEncoder::add(const Reject& reject, std::string_view raw, UnixMillis received_at, PartitionId partition,
                        Offset offset) {
  native::append_fixed(columns_[0].data, received_at.value);
  native::append_string(columns_[1].data, reason_name(reject.reason));
  native::append_string(columns_[2].data, reject.field);
  native::append_string(columns_[3].data, reject.message);
  native::append_string(columns_[4].data, reject.source);
  native::append_string(columns_[5].data, reject.id);
  native::append_string(columns_[6].data, reject.type);
  native::append_string(columns_[7].data, raw.substr(0, kMaxEventBytes));
  native::append_fixed(columns_[8].data, partition.value);
  native::append_fixed(columns_[9].data, offset.value);
  ++rows_;
}

void RejectEncoder::finish(std::string& out) { finish_block(columns_, rows_, out); }

}  // namespace weir

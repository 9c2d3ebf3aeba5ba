#include "stages/encode.h"

namespace weir {
namespace {

// Places in EventEncoder::columns_: first these, then the texts of the fields in the order of kTextFields.
enum Fixed : std::size_t {
  kTime,
  kReceivedAt,
  kType,
  kSource,
  kId,
  kAsn,
  kStatus,
  kLatency,
  kBytes,
  kEmailDomain,
  kTruth,
  kPartition,
  kOffset,
  kPresent,
  kFixed,
};

constexpr std::array kTextFields{Field::kUserId,   Field::kIp,         Field::kEmail,    Field::kOutcome,
                                 Field::kReason,   Field::kAuthMethod, Field::kMethod,   Field::kPath,
                                 Field::kReferrer, Field::kRecipient,  Field::kDelivery, Field::kTemplate,
                                 Field::kProvider, Field::kMessageId,  Field::kDsn,      Field::kUserAgent,
                                 Field::kCountry,  Field::kSessionId,  Field::kDeviceId};

template <class Columns>
void finish_block(Columns& columns, std::size_t& rows, std::string& out) {
  if (rows == 0) return;
  native::append_block(out, columns, rows);
  for (native::Column& c : columns) c.data.clear();
  rows = 0;
}

}  // namespace

EventEncoder::EventEncoder()
    : columns_{{"time", "DateTime64(3, 'UTC')", {}},
               {"received_at", "DateTime64(3, 'UTC')", {}},
               {"type", "String", {}},
               {"source", "String", {}},
               {"id", "String", {}},
               {"asn", "UInt32", {}},
               {"status", "UInt16", {}},
               {"latency_ms", "Float64", {}},
               {"bytes", "UInt64", {}},
               {"email_domain", "String", {}},
               {"truth", "String", {}},
               {"partition", "UInt32", {}},
               {"offset", "UInt64", {}},
               {"present", "UInt32", {}}} {
  for (Field field : kTextFields) columns_.push_back({info(field).column, "String", {}});
  names_ = native::names(columns_);
}

void EventEncoder::add(const EventView& event, PartitionId partition, Offset offset) {
  native::append_fixed(columns_[kTime].data, event.time.value);
  native::append_fixed(columns_[kReceivedAt].data, event.received_at.value);
  native::append_string(columns_[kType].data, info(event.type).name);
  native::append_string(columns_[kSource].data, event.source);
  native::append_string(columns_[kId].data, event.id);
  native::append_fixed(columns_[kAsn].data, event.asn);
  native::append_fixed(columns_[kStatus].data, event.status);
  native::append_fixed(columns_[kLatency].data, event.latency_ms);
  native::append_fixed(columns_[kBytes].data, event.bytes);
  native::append_string(columns_[kEmailDomain].data, event.email_domain);
  native::append_string(columns_[kTruth].data, event.truth);
  native::append_fixed(columns_[kPartition].data, partition.value);
  native::append_fixed(columns_[kOffset].data, offset.value);
  native::append_fixed(columns_[kPresent].data, event.present);
  for (std::size_t i = 0; i < kTextFields.size(); ++i)
    native::append_string(columns_[kFixed + i].data, event[kTextFields[i]]);
  ++rows_;
}

void EventEncoder::finish(std::string& out) { finish_block(columns_, rows_, out); }

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

// A row of the table `events`, and the CloudEvent that it is.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/types.h"
#include "event/event_type.h"
#include "queries/row_reader.h"

namespace weir {

/// Views live as long as the answer that was read.
struct EventRow {
  UnixMillis time, received_at;
  std::string_view type, source, id, truth, email_domain;
  PartitionId partition;
  Offset offset;
  FieldSet present = 0;
  std::array<std::string_view, kFields> text{};  // fields of text; empty for numbers
  std::uint16_t status = 0;
  std::uint32_t asn = 0;
  std::uint64_t bytes = 0;
  double latency_ms = 0;

  bool has(Field field) const { return (present & bit(field)) != 0; }
  std::string_view operator[](Field field) const { return text[static_cast<std::size_t>(field)]; }
};

/// The columns of `events` that read_event() expects, in its order, comma-separated.
std::string event_columns();
EventRow read_event(RowReader& reader);
/// CloudEvents JSON with the fields that the event has (`present`), and the extensions weirreceived, weirpartition,
/// weiroffset, and weirtruth where the simulator set it.
void append_event_json(std::string& out, const EventRow& row);

}  // namespace weir

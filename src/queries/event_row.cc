#include "queries/event_row.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "event/decoder.h"

namespace weir {

namespace {

/// Every field, in the order of event_type.h.
template <class F>
void each_field(F&& visit) {
  for (std::size_t i = 0; i < kFields; ++i) visit(info(static_cast<Field>(i)));
}

}  // namespace

std::string event_columns() {
  std::string columns = "time, received_at, type, source, id, truth, email_domain, partition, offset, present";
  each_field([&](const FieldInfo& field) {
    columns += ", ";
    columns += field.column;
  });
  return columns;
}

EventRow read_event(RowReader& reader) {
  EventRow row;
  row.time = UnixMillis(reader.i64());
  row.received_at = UnixMillis(reader.i64());
  row.type = reader.text();
  row.source = reader.text();
  row.id = reader.text();
  row.truth = reader.text();
  row.email_domain = reader.text();
  row.partition = PartitionId(reader.u32());
  row.offset = Offset(reader.u64());
  row.present = reader.u32();
  each_field([&](const FieldInfo& field) {
    switch (field.kind) {
      case FieldKind::kStatus: row.status = reader.u16(); break;
      case FieldKind::kAsn: row.asn = reader.u32(); break;
      case FieldKind::kBytes: row.bytes = reader.u64(); break;
      case FieldKind::kLatency: row.latency_ms = reader.f64(); break;
      default: row.text[static_cast<std::size_t>(field.field)] = reader.text();
    }
  });
  return row;
}

void append_event_json(std::string& out, const EventRow& row) {
  const auto member = [&](std::string_view name, std::string_view value) {
    out += ",\"";
    out += name;
    out += "\":";
    append_json_string(out, value);
  };
  out += R"({"specversion":"1.0")";
  member("id", row.id);
  member("source", row.source);
  member("type", row.type);
  out += R"(,"time":")";
  append_rfc3339(out, row.time);
  out += R"(","weirreceived":")";
  append_rfc3339(out, row.received_at);
  fmt::format_to(std::back_inserter(out), R"(","weirpartition":{},"weiroffset":{})", row.partition.value,
                 row.offset.value);
  if (!row.truth.empty()) member("weirtruth", row.truth);
  out += R"(,"data":{)";
  const std::size_t data_begins = out.size();
  each_field([&](const FieldInfo& field) {
    if (!row.has(field.field)) return;
    if (out.size() > data_begins) out += ',';
    out += '"';
    out += field.json;
    out += "\":";
    switch (field.kind) {
      case FieldKind::kStatus: fmt::format_to(std::back_inserter(out), "{}", row.status); break;
      case FieldKind::kAsn: fmt::format_to(std::back_inserter(out), "{}", row.asn); break;
      case FieldKind::kBytes: fmt::format_to(std::back_inserter(out), "{}", row.bytes); break;
      case FieldKind::kLatency: fmt::format_to(std::back_inserter(out), "{}", row.latency_ms); break;
      default: append_json_string(out, row[field.field]);
    }
  });
  out += "}}";
}

}  // namespace weir

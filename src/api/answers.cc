#include "api/answers.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/base64.h"
#include "event/decoder.h"

namespace weir {
namespace {

namespace json = boost::json;

/// Runs `read` on the parsed text; what is missing or of another type throws in there.
template <class Read>
auto reading(std::string_view text, std::string_view what, Read read) -> Result<decltype(read(json::object()))> {
  try {
    return read(json::parse({text.data(), text.size()}).as_object());
  } catch (const std::exception&) {
    return fail(Code::kCorrupt, "The answer is not that of a Weir's " + std::string(what) +
                                    ". Is it a Weir of this version that listens there?");
  }
}

std::string text(const json::object& object, std::string_view name) {
  return std::string(object.at({name.data(), name.size()}).as_string());
}

template <class Item, class Read>
ListPage<Item> page(const json::object& answer, Read read) {
  ListPage<Item> out;
  for (const json::value& item : answer.at("items").as_array()) out.items.push_back(read(item.as_object()));
  if (const json::value& cursor = answer.at("next_cursor"); !cursor.is_null()) out.next_cursor = cursor.as_string();
  return out;
}

RejectItem reject_item(const json::object& item) {
  RejectItem out;
  out.received_at = parse_rfc3339(text(item, "received_at")).value();
  out.reason = text(item, "reason");
  out.field = text(item, "field");
  out.message = text(item, "message");
  out.source = text(item, "source");
  out.id = text(item, "id");
  out.type = text(item, "type");
  out.raw = item.contains("raw_base64") ? decode_base64(text(item, "raw_base64")).value() : text(item, "raw");
  out.cut = item.at("cut").as_bool();
  out.partition = PartitionId(item.at("partition").to_number<std::uint32_t>());
  out.offset = Offset(item.at("offset").to_number<std::uint64_t>());
  return out;
}

}  // namespace

Result<ListPage<RejectItem>> read_rejects(std::string_view json) {
  return reading(json, "rejects", [](const json::object& answer) { return page<RejectItem>(answer, reject_item); });
}

Result<ListPage<std::pair<std::string, std::string>>> read_identities(std::string_view json) {
  return reading(json, "events", [](const json::object& answer) {
    return page<std::pair<std::string, std::string>>(
        answer, [](const json::object& item) { return std::pair(text(item, "source"), text(item, "id")); });
  });
}

Result<Ledger> read_ledger(std::string_view json) {
  return reading(json, "ledger", [](const json::object& answer) {
    const auto number = [&](std::string_view name) {
      return answer.at({name.data(), name.size()}).to_number<std::uint64_t>();
    };
    return Ledger{.received = number("received"),
                  .admitted = number("admitted"),
                  .duplicate = number("duplicate"),
                  .rejected = number("rejected"),
                  .in_flight = number("in_flight"),
                  .stored = number("stored"),
                  .expired = number("expired"),
                  .rolled_up = number("rolled_up")};
  });
}

std::string problem_detail(std::string_view body) {
  const auto detail = reading(body, "problems", [](const json::object& problem) { return text(problem, "detail"); });
  return detail.value_or(std::string(body.substr(0, 300)));
}

}  // namespace weir

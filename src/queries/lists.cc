#include "queries/lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <map>

#include "base/base64.h"
#include "base/json_text.h"
#include "event/decoder.h"
#include "event/event_type.h"
#include "event/reject.h"
#include "queries/cursor.h"
#include "queries/event_row.h"
#include "queries/places.h"
#include "queries/row_reader.h"
#include "queries/time_range.h"

namespace weir {

namespace {

constexpr std::array<std::string_view, 13> kEventFilters{"type",      "user_id", "ip",     "country",  "asn",
                                                         "outcome",   "path",    "status", "delivery", "email_domain",
                                                         "device_id", "source",  "id"};
constexpr std::array<std::string_view, 3> kRejectFilters{"reason", "field", "source"};

using Filters = std::map<std::string, std::vector<std::string>, std::less<>>;

Result<Filters> sort_filters(const ListRequest& request, std::span<const std::string_view> known) {
  Filters filters;
  for (const auto& [name, value] : request.filters) {
    if (std::ranges::find(known, name) == known.end())
      return bad_parameter(name.substr(0, 80), "there is no such filter here");
    auto& values = filters[name];
    if (values.size() == kMostFilterValues)
      return bad_parameter(name, fmt::format("given more than {} times", kMostFilterValues));
    values.push_back(value);
  }
  for (auto& [name, values] : filters) {
    std::ranges::sort(values);
    values.erase(std::ranges::unique(values).begin(), values.end());
  }
  return filters;
}

/// What makes this list this list: a cursor goes on only in the same one.
std::uint64_t hash_of(std::string_view list, const Filters& filters, const ListRequest& request) {
  StableHash hash;
  hash.add(list);
  for (const auto& [name, values] : filters) {
    hash.add(name);
    hash.add(std::to_string(values.size()));
    for (const std::string& value : values) hash.add(value);
  }
  for (const auto& bound : {request.from, request.to}) hash.add(bound ? "=" + *bound : "");
  return hash.value();
}

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

Result<std::string> event_condition(Statement& ask, std::string_view name, const std::vector<std::string>& values) {
  std::string list;
  bool zero = false;
  for (const std::string& value : values) {
    if (!list.empty()) list += ", ";
    if (name == "status") {
      const auto number = whole_number<std::uint16_t>(value);
      if (!number || *number < 100 || *number > 599)
        return bad_parameter(name, "expected an HTTP status, 100 to 599; got \"" + value.substr(0, 40) + '"');
      list += std::to_string(*number);
    } else if (name == "asn") {
      const auto number = whole_number<std::uint32_t>(value);
      if (!number)
        return bad_parameter(name,
                             "expected the number of a network, 0 to 4294967295; got \"" + value.substr(0, 40) + '"');
      zero = zero || *number == 0;
      list += std::to_string(*number);
    } else if (name == "ip") {
      std::array<char, 48> buffer;
      const auto canonical = canonical_ip(value, buffer);
      list += ask.text(canonical ? *canonical : std::string_view(value));
    } else if (name == "email_domain") {
      list += ask.text(lower(value));
    } else {
      list += ask.text(value);
    }
  }
  // 0 stands for "has none" in the column; network 0 is a real, if odd, value.
  const std::string real_zero = zero ? fmt::format(" AND bitTest(present, {})", static_cast<int>(Field::kAsn)) : "";
  return fmt::format(" AND {} IN ({}){}", name, list, real_zero);
}

struct Listing {
  Filters filters;
  std::uint64_t hash = 0;
  TimeBounds bounds;
  std::optional<CursorPlace> after;
};

Result<Listing> prepare(const QueryContext& context, std::string_view list, const ListRequest& request,
                        std::span<const std::string_view> known) {
  Listing made;
  WEIR_TRY_ASSIGN(made.filters, sort_filters(request, known));
  made.hash = hash_of(list, made.filters, request);
  WEIR_TRY_ASSIGN(made.bounds, parse_bounds(request.from, request.to, context.clock.now()));
  if (request.cursor) {
    const auto cursor = Cursor::decode(*request.cursor);
    if (!cursor)
      return bad_parameter("cursor",
                           "not one that Weir gave; take `next_cursor` of an earlier answer as it is, or leave it out");
    if (cursor->filters != made.hash)
      return bad_parameter("cursor", "of a list with other filters; ask with the same ones, or leave it out");
    made.bounds = cursor->bounds;
    made.after = cursor->place;
  }
  return made;
}

/// Asks for one page, newest first. Answers rows of RowBinary, one after the other.
/// First for the times of its rows alone, in the order of the table, which stops as soon as there are enough (asked to sort by
/// partition and offset as well, the engine reads all of the time in question: 3.8 M rows instead of 60,000 for the newest 12);
/// then for the rows at those times. The newest stretch of time is asked first and older, longer ones only while the page is not
/// full: a filter that many events meet is answered from the last minutes, without reading days that nobody will see
/// (measured: 18 ms against 154 ms on 14 million rows).
/// `condition` gets the statement for its parameters and adds the list's filters.
Result<std::string> ask_page(const QueryContext& context, std::string_view table, std::string_view columns,
                             std::string_view column, const Listing& listing, std::size_t limit,
                             const std::function<Status(Statement&, std::string&)>& condition) {
  constexpr std::array<std::int64_t, 3> kStretches{5 * 60'000, 2 * 3'600'000, 26 * 3'600'000};
  const auto began = context.clock.steady();
  const auto limits = [&] {
    ReadLimits limits;
    const auto spent = std::chrono::duration_cast<std::chrono::milliseconds>(context.clock.steady() - began);
    limits.time = std::max(limits.time - spent, std::chrono::milliseconds(100));
    return limits;
  };
  const auto conditions = [&](Statement& ask) -> Result<std::string> {
    std::string where;
    if (listing.after) {
      const std::string time = ask.millis(listing.after->time);
      const std::string partition = ask.number(listing.after->partition.value),
                        offset = ask.number(listing.after->offset.value);
      // The time alone comes first, as it is what the table is sorted by.
      where += fmt::format(" AND {0} <= {1} AND ({0} < {1} OR partition < {2} OR (partition = {2} AND offset < {3}))",
                           column, time, partition, offset);
    }
    WEIR_TRY(condition(ask, where));
    return where;
  };
  UnixMillis newest = context.clock.now();
  if (listing.bounds.to) newest = std::min(newest, *listing.bounds.to);
  if (listing.after) newest = std::min(newest, listing.after->time);

  std::vector<UnixMillis> times;
  std::optional<UnixMillis> upper = listing.bounds.to;
  for (std::size_t stretch = 0; stretch <= kStretches.size(); ++stretch) {
    std::optional<UnixMillis> lower = listing.bounds.from;
    bool last = true;
    if (stretch < kStretches.size()) {
      const UnixMillis begin = newest - kStretches[stretch];
      if (!lower || begin > *lower) {
        lower = begin;
        last = false;
      }
    }
    Statement ask;
    WEIR_TRY_ASSIGN(std::string where, conditions(ask));
    if (lower) where += fmt::format(" AND {} >= {}", column, ask.millis(*lower));
    if (upper) where += fmt::format(" AND {} < {}", column, ask.millis(*upper));
    ask += fmt::format("SELECT {0} FROM {1} WHERE 1{2} ORDER BY {0} DESC LIMIT {3}", column, table, where,
                       limit - times.size());
    WEIR_TRY_ASSIGN(const std::string answer, ask.ask(context, limits()));
    RowReader reader(answer);
    while (reader.more()) times.emplace_back(reader.i64());
    if (reader.broken()) return fail(Code::kInternal, "The store's answer for a list could not be read.");
    if (last || times.size() >= limit) break;
    upper = lower;
  }
  if (times.empty()) return std::string();
  Statement ask;
  WEIR_TRY_ASSIGN(const std::string where, conditions(ask));
  ask +=
      fmt::format("SELECT {0} FROM {1} WHERE {2} IN ({3}){4} ORDER BY {2} DESC, partition DESC, offset DESC LIMIT {5}",
                  columns, table, column, time_list(times), where, limit);
  return ask.ask(context, limits());
}

constexpr std::array<std::string_view, 7> kRejectTexts{"reason", "field", "message", "source", "id", "type", "raw"};

struct RejectRow {
  CursorPlace place;
  std::array<std::string_view, kRejectTexts.size()> texts;
};

/// Whether bytes may be missing at the end of what is kept. The checks that come after that of the size have seen an event that fits;
/// those before it say nothing of its size, so that 64 KiB may be all there was, or not.
bool cut_off(std::string_view reason, std::string_view raw) {
  if (raw.size() < kMaxEventBytes) return false;
  return reason == reason_name(Reason::kTooLarge) || reason == reason_name(Reason::kMalformedJson) ||
         reason == reason_name(Reason::kNotCloudEvent);
}

RejectRow read_reject(RowReader& reader) {
  RejectRow row;
  row.place.time = UnixMillis(reader.i64());
  row.place.partition = PartitionId(reader.u32());
  row.place.offset = Offset(reader.u64());
  for (std::string_view& text : row.texts) text = reader.text();
  return row;
}

void append_end(std::string& out, const Listing& listing, bool more, const CursorPlace& last) {
  out += R"(],"next_cursor":)";
  if (more) {
    append_json_string(out, Cursor{listing.hash, listing.bounds, last}.encode());
  } else {
    out += "null";
  }
  out += '}';
}

}  // namespace

std::span<const std::string_view> event_filters() { return kEventFilters; }
std::span<const std::string_view> reject_filters() { return kRejectFilters; }

Result<std::string> events_json(const QueryContext& context, const ListRequest& request) {
  WEIR_TRY_ASSIGN(const Listing listing, prepare(context, "events", request, kEventFilters));
  const auto condition = [&](Statement& ask, std::string& where) -> Status {
    for (const auto& [name, values] : listing.filters) {
      WEIR_TRY_ASSIGN(const std::string text, event_condition(ask, name, values));
      where += text;
    }
    return {};
  };
  // One more than asked for: whether there is a next page.
  WEIR_TRY_ASSIGN(const std::string answer,
                  ask_page(context, "events", event_columns(), "time", listing, request.limit + 1, condition));

  std::string out = R"({"items":[)";
  out.reserve(answer.size() * 2 + 256);
  RowReader reader(answer);
  CursorPlace last;
  std::size_t items = 0;
  while (reader.more() && items < request.limit) {
    const EventRow row = read_event(reader);
    if (reader.broken()) break;
    if (items++ > 0) out += ',';
    append_event_json(out, row);
    last = {row.time, row.partition, row.offset};
  }
  if (reader.broken()) return fail(Code::kInternal, "The store's answer for a list of events could not be read.");
  append_end(out, listing, reader.more(), last);
  return out;
}

Result<std::string> rejects_json(const QueryContext& context, const ListRequest& request) {
  WEIR_TRY_ASSIGN(const Listing listing, prepare(context, "rejects", request, kRejectFilters));
  const auto condition = [&](Statement& ask, std::string& where) -> Status {
    for (const auto& [name, values] : listing.filters) {
      std::string list;
      for (const std::string& value : values) {
        if (!list.empty()) list += ", ";
        list += ask.text(value);
      }
      where += fmt::format(" AND {} IN ({})", name, list);
    }
    return {};
  };
  WEIR_TRY_ASSIGN(
      const std::string answer,
      ask_page(context, "rejects", "received_at, partition, offset, reason, field, message, source, id, type, raw",
               "received_at", listing, request.limit + 1, condition));

  std::string out = R"({"items":[)";
  out.reserve(answer.size() + answer.size() / 2 + 256);
  RowReader reader(answer);
  CursorPlace last;
  std::size_t items = 0;
  while (reader.more() && items < request.limit) {
    const RejectRow row = read_reject(reader);
    if (reader.broken()) break;
    if (items++ > 0) out += ',';
    out += R"({"received_at":")";
    append_rfc3339(out, row.place.time);
    out += '"';
    for (std::size_t i = 0; i < kRejectTexts.size(); ++i) {
      out += ",\"";
      out += kRejectTexts[i];
      out += "\":";
      append_json_string(out, row.texts[i]);
    }
    const std::string_view raw = row.texts.back();
    if (!is_utf8(raw)) {
      out += R"(,"raw_base64":")";
      append_base64(out, raw);
      out += '"';
    }
    fmt::format_to(std::back_inserter(out), R"(,"cut":{},"partition":{},"offset":{}}})",
                   cut_off(row.texts.front(), raw), row.place.partition.value, row.place.offset.value);
    last = row.place;
  }
  if (reader.broken()) return fail(Code::kInternal, "The store's answer for a list of rejects could not be read.");
  append_end(out, listing, reader.more(), last);
  return out;
}

}  // namespace weir

// Parameters of the query API as routes hand them on. The first byte (modulo 6) chooses the question, the rest is `name=value&…`,
// percent-encoded.
// What must hold: no value gets into the text of a statement; answers are JSON; a refusal is kInvalid with a sentence; a cursor that is
// taken is written again to the same text; a time that is taken lies in the years that RFC 3339 can write.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/http.h"
#include "base/check.h"
#include "base/json_text.h"
#include "event/decoder.h"
#include "input.h"
#include "queries/cursor.h"
#include "queries/fake_store.h"
#include "queries/lists.h"
#include "queries/search.h"
#include "queries/series.h"
#include "queries/time_range.h"
#include "queries/top.h"

namespace weir {
namespace {

constexpr UnixMillis kNow(1'795'012'000'000);

struct Pairs {
  std::vector<std::pair<std::string, std::string>> all;
  std::optional<std::string> get(std::string_view name) const {
    for (const auto& [key, value] : all) {
      if (key == name) return value;
    }
    return std::nullopt;
  }
};

/// As RouteTable does it: what is not UTF-8 does not get so far.
std::optional<Pairs> read(std::string_view query) {
  Pairs pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decode(pair.substr(0, equals), true);
    const auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value || !is_utf8(*name) || !is_utf8(*value) || value->size() > 4096) return std::nullopt;
    pairs.all.emplace_back(*name, *value);
  }
  return pairs;
}

void check_time(const std::string& text) {
  const auto time = parse_time(text, kNow);
  if (!time) return;
  const std::string written = format_rfc3339(*time);
  const auto again = parse_rfc3339(written);
  WEIR_CHECK(again && *again == *time, "{} is {}, which is written as {}", text, time->value, written);
}

void check_cursor(const std::string& text) {
  const auto cursor = Cursor::decode(text);
  if (!cursor) return;
  WEIR_CHECK(cursor->encode() == text, "{} is taken for {}", text, cursor->encode());
}

/// The segments are in order, do not overlap and lie around what was asked for.
void check_cover(const TimeRange& range) {
  const std::int64_t from = range.from.value / 1000, to = range.to.value / 1000;
  for (const std::int64_t coarsest : {1, 60, 3600}) {
    std::int64_t at = INT64_MIN;
    for (const Segment& s : cover(from, to, coarsest, kNow)) {
      WEIR_CHECK(s.from < s.to && s.stored <= coarsest && s.from % s.stored == 0 && s.to % s.stored == 0);
      WEIR_CHECK(at == INT64_MIN || s.from == at, "a gap at {}", at);
      at = s.to;
    }
    WEIR_CHECK(from >= to || at >= to, "it ends at {} and not at {}", at, to);
  }
}

void check_answer(const Result<std::string>& answer, const FakeStore& store, const Pairs& pairs) {
  for (const Select& asked : store.asked) {
    for (const auto& [name, value] : pairs.all) {
      const bool telling = value.size() > 4 && value.find_first_of("'\"`\\;\t\n") != std::string::npos;
      WEIR_CHECK(!telling || asked.sql.find(value) == std::string::npos, "{} is in {}", value, asked.sql);
    }
    WEIR_CHECK(std::ranges::all_of(asked.sql, [](char c) { return c == '\n' || (c >= ' ' && c < 127); }), "{}",
               asked.sql);
  }
  if (answer) {
    WEIR_CHECK(nlohmann::json::accept(*answer), "{}", *answer);
  } else {
    WEIR_CHECK(answer.error().code == Code::kInvalid && !answer.error().message.empty(), "{}", answer.error().message);
  }
}

void ask(unsigned question, const Pairs& pairs) {
  FakeStore store;
  const ManualClock clock(kNow);
  const QueryContext context{store, clock};
  const auto from = pairs.get("from"), to = pairs.get("to");
  const auto text = [&](std::string_view name) { return pairs.get(name).value_or(""); };
  for (const auto& bound : {from, to}) {
    if (bound) check_time(*bound);
  }
  if (const auto range = parse_range(from, to, kNow)) check_cover(*range);
  if (const auto cursor = pairs.get("cursor")) check_cursor(*cursor);
  switch (question) {
    case 0:
    case 1: {
      ListRequest request{.from = from, .to = to, .cursor = pairs.get("cursor")};
      for (const auto& [name, value] : pairs.all) {
        if (name != "from" && name != "to" && name != "cursor") request.filters.emplace_back(name, value);
      }
      check_answer(question == 0 ? events_json(context, request) : rejects_json(context, request), store, pairs);
      break;
    }
    case 2:
      check_answer(
          series_json(
              context,
              {.metric = text("metric"), .from = from, .to = to, .step = pairs.get("step"), .by = pairs.get("by")}),
          store, pairs);
      break;
    case 3:
      check_answer(
          top_json(context, {.dimension = text("dimension"), .metric = text("metric"), .from = from, .to = to}), store,
          pairs);
      break;
    case 4: {
      const SearchText search = parse_search(text("q"));
      WEIR_CHECK(search.words.size() == search.exact.size() && search.words.size() <= 8 && search.filters.size() <= 8);
      const std::string title = text("title");
      std::size_t end = 0;
      for (const auto& [begin, stop] : highlight(title, search.words)) {
        WEIR_CHECK(begin >= end && begin < stop && stop <= title.size());
        end = stop;
      }
      check_answer(search_json(context, {.text = text("q"), .kind = pairs.get("kind"), .from = from, .to = to}), store,
                   pairs);
      break;
    }
    default:
      for (const auto& [name, value] : pairs.all) {
        check_time(value);
        check_cursor(value);
      }
  }
}

}  // namespace
}  // namespace weir

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  weir::fuzz::Input input(data, size);
  const unsigned question = input.byte() % 6U;
  if (const auto pairs = weir::read(input.rest())) weir::ask(question, *pairs);
  return 0;
}

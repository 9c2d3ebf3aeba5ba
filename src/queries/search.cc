#include "queries/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <tuple>

#include "base/json_text.h"
#include "event/decoder.h"
#include "queries/entity_kinds.h"
#include "queries/event_row.h"
#include "queries/row_reader.h"
#include "queries/time_range.h"

namespace weir {

namespace {

constexpr std::size_t kLongest = 1000, kMostWords = 8;
constexpr std::int64_t kMinute = 60'000, kDay = 86'400'000;
constexpr std::array<std::int64_t, 3> kBack{15 * kMinute, 120 * kMinute, kDay};
constexpr std::chrono::milliseconds kPatience{1500}, kFixedCost{100};

constexpr std::array<std::pair<std::string_view, std::string_view>, 21> kFieldNames{{
    {"user", "user_id"},
    {"user_id", "user_id"},
    {"account", "user_id"},
    {"ip", "ip"},
    {"address", "ip"},
    {"country", "country"},
    {"asn", "asn"},
    {"network", "asn"},
    {"type", "type"},
    {"outcome", "outcome"},
    {"path", "path"},
    {"method", "method"},
    {"status", "status"},
    {"delivery", "delivery"},
    {"email_domain", "email_domain"},
    {"domain", "email_domain"},
    {"device", "device_id"},
    {"device_id", "device_id"},
    {"source", "source"},
    {"id", "id"},
    {"email", "email"},
}};

/// Texts of an event that words may be in.
constexpr std::array<std::string_view, 7> kSearched{"user_id", "ip", "path", "id", "email", "recipient", "device_id"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Also an unfinished value finds: what people type is seldom whole.
constexpr bool may_be_unfinished(std::string_view column) {
  return column == "user_id" || column == "path" || column == "email_domain" || column == "device_id" ||
         column == "source" || column == "id" || column == "email" || column == "ip";
}

std::string filter_condition(Statement& ask, std::string_view column, const std::string& value) {
  if (column == "asn" || column == "status") {
    const std::size_t skip = column == "asn" && lower(std::string_view(value).substr(0, 2)) == "as" ? 2 : 0;
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(value.data() + skip, value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number == 0) return " AND 0";
    return fmt::format(" AND {} = {}", column, number);
  }
  const std::string placeholder = ask.text(column == "country" ? [&] {
    std::string upper = value;
    for (char& c : upper) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return upper;
  }()
                                                               : value);
  if (may_be_unfinished(column)) return fmt::format(" AND startsWith({}, {})", column, placeholder);
  return fmt::format(" AND {} = {}", column, placeholder);
}

struct Hit {
  std::string kind, id, title, snippet;
  double score = 0;
  UnixMillis time;
};

struct Found {
  std::vector<Hit> hits;
  std::map<std::string, std::uint64_t> by_kind;
};

std::string range_condition(Statement& ask, const TimeBounds& bounds) {
  std::string text = "1";
  if (bounds.from) text += " AND time >= " + ask.millis(*bounds.from);
  if (bounds.to) text += " AND time < " + ask.millis(*bounds.to);
  return text;
}

/// How well `value` has the words: 1 is one of them, then begins with one, then has it inside.
double score_of(std::string_view value, const std::vector<std::string>& words) {
  const std::string text = lower(value);
  double best = 0.3;
  for (const std::string& word : words) {
    if (text == word) return 1;
    if (text.starts_with(word)) best = std::max(best, 0.8);
    if (text.find(word) != std::string::npos) best = std::max(best, 0.6);
  }
  return best;
}

/// Words without what is neither letter nor digit: `lena.jonsson` is two.
std::vector<std::string> parts_of(const std::vector<std::string>& words) {
  std::vector<std::string> parts;
  for (const std::string& word : words) {
    std::string part;
    for (const char c : word + ' ') {
      if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
        part += c;
      } else if (!part.empty()) {
        parts.push_back(std::exchange(part, {}));
      }
    }
  }
  if (parts.size() > kMostWords) parts.resize(kMostWords);
  return parts;
}

/// `near`: ids that are a letter or two away, instead of those that have the words.
Status find_entities(const QueryContext& context, const SearchRequest& request, const SearchText& text,
                     const TimeBounds& bounds, bool near, std::chrono::milliseconds time, Found& found) {
  Statement ask;
  bool first = true;
  const std::vector<std::string> near_words = near ? parts_of(text.words) : std::vector<std::string>();
  if (near && near_words.empty()) return {};
  for (const EntityKind& kind : kEntityKinds) {
    if (request.kind && *request.kind != kind.name) continue;
    const bool named = std::ranges::any_of(text.filters, [&](const auto& f) { return f.first == kind.column; });
    if (text.words.empty() && !named) continue;
    if (near && (kind.name == "ip" || kind.name == "asn" || kind.name == "country")) continue;
    std::string where =
        range_condition(ask, bounds) + fmt::format(" AND {} != {}", kind.column, kind.name == "asn" ? "0" : "''");
    for (const auto& [column, value] : text.filters) where += filter_condition(ask, column, value);
    std::string having;
    bool possible = true;
    for (const std::string& word : near ? near_words : text.words) {
      if (near) {
        if (word.size() < 4) {
          having += fmt::format(" AND position(lower(id), {}) > 0", ask.text(word));
          continue;
        }
        // Parts of the id that are as long as the word, give or take a letter, so that an unfinished word finds too. The first letter must
        // be right: without that, every id would have to be measured.
        having += fmt::format(
            " AND arrayExists(t -> startsWith(t, {5}) AND arrayExists(n -> damerauLevenshteinDistance(substring(t, 1, "
            "n), {0}) <= "
            "{1}, [{2}, {3}, {4}]), splitByRegexp('[^a-z0-9]+', lower(id)))",
            ask.text(word), word.size() < 8 ? 1 : 2, word.size() - 1, word.size(), word.size() + 1,
            ask.text(word.substr(0, 1)));
        continue;
      }
      if (kind.name == "asn") {
        const std::string_view digits =
            word.starts_with("as") ? std::string_view(word).substr(2) : std::string_view(word);
        possible = possible && !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
        where += fmt::format(" AND startsWith(toString(asn), {})", ask.text(digits));
      } else if (kind.name == "country") {
        possible = possible && word.size() == 2;
        where += fmt::format(" AND lower(country) = {}", ask.text(word));
      } else {
        // One or two letters are inside of nearly everything.
        const std::string_view inside =
            word.size() > 2 ? " AND positionCaseInsensitive({}, {}) > 0" : " AND startsWith(lower({}), {})";
        where += fmt::format(fmt::runtime(inside), kind.column, ask.text(word));
      }
    }
    if (!possible) continue;
    std::string order = "n DESC";
    if (!text.words.empty()) {
      const std::string word = ask.text(text.words.front());
      order = fmt::format("lower(id) = {0} DESC, startsWith(lower(id), {0}) DESC, n DESC", word);
    }
    if (!first) ask += " UNION ALL ";
    first = false;
    ask += fmt::format(
        "SELECT * FROM (SELECT '{0}' AS kind, {1} AS id, count() AS n, max(time) AS newest, count() OVER () AS total "
        "FROM events WHERE {2} "
        "GROUP BY id HAVING 1{3} ORDER BY {4}, id LIMIT {5})",
        kind.name, kind.name == "asn" ? "toString(asn)" : fmt::format("toString({})", kind.column), where, having,
        order, request.limit);
  }
  if (first) return {};
  WEIR_TRY_ASSIGN(const std::string answer, ask.ask(context, {.time = time}));
  RowReader reader(answer);
  std::vector<std::string> words = text.words;
  for (const auto& [column, value] : text.filters) words.push_back(lower(value));
  while (reader.more()) {
    Hit hit;
    hit.kind = reader.text();
    hit.id = reader.text();
    const std::uint64_t n = reader.u64();
    hit.time = UnixMillis(reader.i64());
    found.by_kind[hit.kind] = reader.u64();
    hit.title = hit.kind == "asn" ? "AS" + hit.id : hit.id;
    hit.snippet = fmt::format("{} event{}", n, n == 1 ? "" : "s");
    hit.score = near ? 0.3 : score_of(hit.title, words);
    found.hits.push_back(std::move(hit));
  }
  if (reader.broken()) return fail(Code::kInternal, "The store's answer for a search could not be read.");
  return {};
}

std::string title_of(const EventRow& row) {
  std::string who(row[Field::kUserId]);
  const bool failed = row[Field::kOutcome] == "failure";
  const auto type = event_type_named(row.type);
  if (!type) return std::string(row.type);
  switch (*type) {
    case EventType::kSignup: return "New account, " + who;
    case EventType::kLogin: return (failed ? "Login failed, " : "Login succeeded, ") + who;
    case EventType::kLogout: return "Logged out, " + who;
    case EventType::kPasswordChange: return (failed ? "Password change failed, " : "Password changed, ") + who;
    case EventType::kPasswordReset: return "Password reset asked for, " + who;
    case EventType::kMfa: return (failed ? "Second factor failed, " : "Second factor passed, ") + who;
    case EventType::kApiRequest: return fmt::format("{} {}, {}", row[Field::kMethod], row[Field::kPath], row.status);
    case EventType::kEmailSend: return fmt::format("Email {}, {}", row[Field::kDelivery], row[Field::kRecipient]);
  }
  return who;
}

std::string snippet_of(const EventRow& row) {
  std::string text;
  const auto add = [&](std::string_view part) {
    if (part.empty()) return;
    if (!text.empty()) text += ", ";
    text += part;
  };
  if (*event_type_named("api.request") == event_type_named(row.type)) add(row[Field::kUserId]);
  add(row[Field::kIp]);
  if (row.asn != 0) add("AS" + std::to_string(row.asn));
  add(row[Field::kCountry]);
  add(row[Field::kDeviceId]);
  add(row[Field::kUserAgent]);
  if (text.empty()) add(row.source);
  return text;
}

Status find_events(const QueryContext& context, const SearchRequest& request, const SearchText& text,
                   const TimeBounds& bounds, std::chrono::milliseconds time, Found& found) {
  if (request.kind && *request.kind != "event") return {};
  Statement ask;
  std::string where = range_condition(ask, bounds);
  for (const auto& [column, value] : text.filters) where += filter_condition(ask, column, value);
  for (const std::string& word : text.words) {
    const std::string placeholder = ask.text(word);
    where += " AND (0";
    for (std::string_view column : kSearched)
      where += fmt::format(" OR positionCaseInsensitive({}, {}) > 0", column, placeholder);
    where += ')';
  }
  ask += fmt::format("SELECT {} FROM events WHERE {} ORDER BY time DESC, partition DESC, offset DESC LIMIT {}",
                     event_columns(), where, request.limit);
  WEIR_TRY_ASSIGN(const std::string answer, ask.ask(context, {.time = time}));
  RowReader reader(answer);
  std::uint64_t n = 0;
  while (reader.more()) {
    const EventRow row = read_event(reader);
    if (reader.broken()) break;
    Hit hit{.kind = "event",
            .id = std::string(row.id),
            .title = title_of(row),
            .snippet = snippet_of(row),
            .score = 0.5,
            .time = row.time};
    if (std::ranges::find(text.words, lower(row.id)) != text.words.end()) hit.score = 1;
    found.hits.push_back(std::move(hit));
    ++n;
  }
  if (reader.broken()) return fail(Code::kInternal, "The store's answer for a search could not be read.");
  if (n > 0) found.by_kind["event"] = n;
  return {};
}

void append_highlights(std::string& out, const Hit& hit, const std::vector<std::string>& words) {
  out += R"(,"highlights":[)";
  for (const auto& [field, text] :
       {std::pair<std::string_view, std::string_view>{"title", hit.title}, {"snippet", hit.snippet}}) {
    const auto ranges = highlight(text, words);
    if (ranges.empty()) continue;
    if (out.back() != '[') out += ',';
    fmt::format_to(std::back_inserter(out), R"({{"field":"{}","ranges":[)", field);
    for (const auto& [begin, end] : ranges)
      fmt::format_to(std::back_inserter(out), "{}[{},{}]", out.back() == '[' ? "" : ",", begin, end);
    out += "]}";
  }
  out += ']';
}

}  // namespace

SearchText parse_search(std::string_view text) {
  SearchText parsed;
  std::size_t at = 0;
  // A word, or what stands between quotes; an open quote ends with the text.
  const auto take = [&](bool stop_at_colon) {
    std::string taken;
    if (at < text.size() && text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) taken += text[at];
      if (at < text.size()) ++at;
      return taken;
    }
    for (; at < text.size() && !is_space(text[at]); ++at) {
      if (stop_at_colon && text[at] == ':') break;
      taken += text[at];
    }
    return taken;
  };
  while (true) {
    while (at < text.size() && is_space(text[at])) ++at;
    if (at >= text.size()) break;
    const std::size_t begin = at;
    if (text[at] != '"') {
      const std::string name = lower(take(true));
      const auto* field =
          std::ranges::find(kFieldNames, std::string_view(name), &std::pair<std::string_view, std::string_view>::first);
      if (at < text.size() && text[at] == ':' && field != kFieldNames.end()) {
        ++at;
        const std::string value = take(false);
        if (!value.empty() && parsed.filters.size() < kMostWords) parsed.filters.emplace_back(field->second, value);
        continue;
      }
      at = begin;
    }
    std::string word = lower(take(false));
    if (!word.empty() && parsed.words.size() < kMostWords) parsed.words.push_back(std::move(word));
  }
  return parsed;
}

std::vector<std::pair<std::size_t, std::size_t>> highlight(std::string_view text,
                                                           const std::vector<std::string>& words) {
  const std::string low = lower(text);
  std::vector<bool> marked(text.size(), false);
  for (const std::string& word : words) {
    if (word.empty()) continue;
    for (std::size_t at = low.find(word); at != std::string::npos; at = low.find(word, at + word.size())) {
      std::fill_n(marked.begin() + static_cast<std::ptrdiff_t>(at), word.size(), true);
    }
  }
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  std::size_t units = 0;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    // A continuation byte belongs to the character before it.
    if ((byte & 0xC0U) == 0x80U) continue;
    if (marked[i] != inside) {
      if (marked[i]) {
        ranges.emplace_back(units, units);
      } else {
        ranges.back().second = units;
      }
      inside = marked[i];
    }
    units += byte >= 0xF0U ? 2 : 1;
  }
  if (inside) ranges.back().second = units;
  return ranges;
}

Result<std::string> search_json(const QueryContext& context, const SearchRequest& request) {
  const auto began = context.clock.steady();
  const auto spent = [&] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(context.clock.steady() - began);
  };
  if (request.text.size() > kLongest) return bad_parameter("q", fmt::format("longer than {} bytes", kLongest));
  const SearchText text = parse_search(request.text);
  if (text.words.empty() && text.filters.empty()) return bad_parameter("q", "is empty: type what to look for");
  if (request.kind && *request.kind != "event" && *request.kind != "finding" && *request.kind != "rule" &&
      entity_kind_named(*request.kind) == nullptr) {
    return bad_parameter("kind", "expected one of event finding rule user ip asn country email_domain device");
  }
  WEIR_TRY_ASSIGN(const TimeBounds bounds, parse_bounds(request.from, request.to, context.clock.now()));

  Found found;
  const UnixMillis newest = bounds.to.value_or(context.clock.now());
  for (std::size_t stretch = 0; stretch <= kBack.size(); ++stretch) {
    TimeBounds looked = bounds;
    bool last = true;
    if (!bounds.from && stretch < kBack.size()) {
      looked.from = newest - kBack[stretch];
      last = false;
    }
    const auto before = spent();
    const std::chrono::milliseconds time =
        last && bounds.from ? std::chrono::milliseconds(10'000) : std::chrono::milliseconds(3000);
    Found these;
    Status done = find_entities(context, request, text, looked, false, time, these);
    if (done) done = find_events(context, request, text, looked, time, these);
    if (done && these.hits.empty()) done = find_entities(context, request, text, looked, true, time, these);
    if (!done) {
      // What was found in a shorter time is an answer; nothing at all is an error.
      if (stretch > 0 && done.error().code == Code::kDeadline) break;
      return std::unexpected(std::move(done).error());
    }
    found = std::move(these);
    // The next stretch is about ten times as long; what takes longer with it is what is beyond the fixed cost of asking.
    const auto took = spent() - before;
    const auto next = took + 9 * std::max(took - kFixedCost, std::chrono::milliseconds(0));
    if (last || found.hits.size() >= request.limit || spent() + next > kPatience) break;
  }

  std::ranges::sort(found.hits, [](const Hit& a, const Hit& b) {
    if (a.score != b.score) return a.score > b.score;
    if (a.time != b.time) return a.time > b.time;
    return std::tie(a.kind, a.id) < std::tie(b.kind, b.id);
  });
  if (found.hits.size() > request.limit) found.hits.resize(request.limit);
  std::vector<std::string> words = text.words;
  for (const auto& [column, value] : text.filters) words.push_back(lower(value));

  std::string out = R"({"query":)";
  append_json_string(out, request.text);
  out += R"(,"hits":[)";
  for (const Hit& hit : found.hits) {
    if (out.back() != '[') out += ',';
    out += R"({"kind":)";
    append_json_string(out, hit.kind);
    out += R"(,"id":)";
    append_json_string(out, hit.id);
    out += R"(,"title":)";
    append_json_string(out, hit.title);
    out += R"(,"snippet":)";
    append_json_string(out, hit.snippet);
    append_highlights(out, hit, words);
    fmt::format_to(std::back_inserter(out), R"(,"score":{:.3g},"time":"{}"}})", hit.score, format_rfc3339(hit.time));
  }
  out += R"(],"facets":{"kind":{)";
  for (const auto& [kind, n] : found.by_kind)
    fmt::format_to(std::back_inserter(out), R"({}"{}":{})", out.back() == '{' ? "" : ",", kind, n);
  fmt::format_to(std::back_inserter(out), R"(}}}},"took_ms":{}}})", spent().count());
  return out;
}

}  // namespace weir

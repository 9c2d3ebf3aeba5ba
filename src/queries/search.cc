#include "queries/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>
#include <tuple>

#include "base/json_text.h"
#include "event/decoder.h"
#include "queries/entity_kinds.h"
#include "queries/event_row.h"
#include "queries/places.h"
#include "queries/row_reader.h"
#include "queries/stretches.h"
#include "queries/time_range.h"

namespace weir {

namespace {

constexpr std::size_t kLongest = 1000, kMostWords = 8;
constexpr std::size_t kMostIds = 1000;         // of a kind, from one stretch
constexpr std::size_t kEventsOfName = 20;      // that come with a name that was typed whole
constexpr std::size_t kNamesOfBeginning = 50;  // of a kind, from all of the table
constexpr std::size_t kShortestBeginning = 4;  // that is looked for in all of the table
constexpr std::size_t kShortestId = 6;         // of an event, to be looked for in all of the table
using std::chrono::milliseconds;
// How long a search goes on: when it has what was typed or a full list; when it has something; when it has nothing; for names that
// are nearly it; when `from` says how far back it should look.
constexpr milliseconds kFoundPatience{100}, kSomethingPatience{400}, kNothingPatience{600}, kNearPatience{350},
    kGivenPatience{3000};
// Limits of single questions: of a first one, of looking for a whole name, beyond the patience that is left, of reading rows.
constexpr milliseconds kFirstLimit{3000}, kExactLimit{400}, kGrace{150}, kRowsLimit{3000};

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

std::string range_condition(Statement& ask, const TimeBounds& bounds) {
  std::string text = "1";
  if (bounds.from) text += " AND time >= " + ask.millis(*bounds.from);
  if (bounds.to) text += " AND time < " + ask.millis(*bounds.to);
  return text;
}

/// Addresses are kept in canonical text: anything else cannot be in one, and the column need not be read.
bool can_be_in_ip(std::string_view word) {
  return word.find_first_not_of("0123456789abcdef.:") == std::string_view::npos;
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

/// Conditions on the ids of one kind. Nothing: no id of this kind can have the words.
struct IdConditions {
  std::string where, having;
};
std::optional<IdConditions> conditions_of(Statement& ask, const EntityKind& kind,
                                          const std::vector<std::string>& words) {
  IdConditions made;
  for (const std::string& word : words) {
    if (kind.name == "asn") {
      const std::string_view digits =
          word.starts_with("as") ? std::string_view(word).substr(2) : std::string_view(word);
      if (digits.empty() || digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
      // Of the groups, not of the rows: text is made of each number once.
      made.having += fmt::format(" AND startsWith(name, {})", ask.text(digits));
    } else if (kind.name == "country") {
      if (word.size() != 2) return std::nullopt;
      made.where += fmt::format(" AND lower(country) = {}", ask.text(word));
    } else {
      if (kind.name == "ip" && !can_be_in_ip(word)) return std::nullopt;
      // One or two letters are inside of nearly everything.
      const std::string_view inside =
          word.size() > 2 ? " AND positionCaseInsensitive({}, {}) > 0" : " AND startsWith(lower({}), {})";
      made.where += fmt::format(fmt::runtime(inside), kind.column, ask.text(word));
    }
  }
  return made;
}

/// The same for ids that are a letter or two away.
std::optional<IdConditions> near_conditions_of(Statement& ask, const EntityKind& kind,
                                               const std::vector<std::string>& parts) {
  if (kind.name == "ip" || kind.name == "asn" || kind.name == "country") return std::nullopt;
  IdConditions made;
  for (const std::string& word : parts) {
    if (word.size() < 4) {
      made.having += fmt::format(" AND position(lower(name), {}) > 0", ask.text(word));
      continue;
    }
    // Parts of the id that are as long as the word, give or take a letter, so that an unfinished word finds too. The first letter must
    // be right: without that, every id would have to be measured.
    made.having += fmt::format(
        " AND arrayExists(t -> startsWith(t, {5}) AND arrayExists(n -> damerauLevenshteinDistance(substring(t, 1, "
        "n), {0}) <= "
        "{1}, [{2}, {3}, {4}]), splitByRegexp('[^a-z0-9]+', lower(name)))",
        ask.text(word), word.size() < 8 ? 1 : 2, word.size() - 1, word.size(), word.size() + 1,
        ask.text(word.substr(0, 1)));
  }
  return made;
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

/// One search: what it has found, and how far back it has looked.
class Search {
 public:
  Search(const QueryContext& context, const SearchRequest& request, const SearchText& text, const TimeBounds& bounds)
      : context_(context), request_(request), text_(text), bounds_(bounds), began_(context.clock.steady()) {}

  Status run() {
    if (request_.kind == "finding" || request_.kind == "rule") return {};  // there are none yet
    WEIR_TRY_ASSIGN(Stretches stretches, Stretches::read(context_, bounds_));
    Stretches again = stretches;
    WEIR_TRY(look_back(stretches, false));
    if (entities_.empty() && events_.empty() && !near_words_.empty()) {
      // Nobody has that name. What was looked at says nothing about names that are nearly it: once more from the newest.
      near_began_ = spent();
      const std::optional<UnixMillis> looked = looked_back_to_;
      WEIR_TRY(look_back(again, true));
      if (entities_.empty()) looked_back_to_ = looked;
    }
    return read_events();
  }

  /// Best first, at most as many as were asked for.
  std::vector<Hit> hits() const {
    std::vector<std::string> words = text_.words;
    for (const auto& [column, value] : text_.filters) words.push_back(lower(value));
    std::vector<Hit> hits = event_hits_;
    for (const auto& [key, entity] : entities_) {
      const auto& [kind, id] = key;
      Hit hit{.kind = kind, .id = id, .title = kind == "asn" ? "AS" + id : id, .snippet = {}, .time = entity.newest};
      hit.snippet = fmt::format("{} event{}", entity.events, entity.events == 1 ? "" : "s");
      hit.score = near_began_ ? 0.3 : score_of(hit.title, words);
      hits.push_back(std::move(hit));
    }
    std::ranges::sort(hits, [](const Hit& a, const Hit& b) {
      if (a.score != b.score) return a.score > b.score;
      if (a.time != b.time) return a.time > b.time;
      return std::tie(a.kind, a.id) < std::tie(b.kind, b.id);
    });
    if (hits.size() > request_.limit) hits.resize(request_.limit);
    return hits;
  }

  std::map<std::string, std::uint64_t> by_kind() const {
    // Ids beyond the most that a stretch gives are known by their number alone.
    std::map<std::string, std::uint64_t> found, counts = most_ids_;
    for (const auto& [key, entity] : entities_) ++found[key.first];
    for (const auto& [kind, n] : found) counts[kind] = std::max(counts[kind], n);
    if (!event_hits_.empty()) counts["event"] = event_hits_.size();
    return counts;
  }

  /// Nothing: all of the time that was asked for.
  std::optional<UnixMillis> looked_back_to() const { return looked_back_to_; }

  milliseconds spent() const { return std::chrono::duration_cast<milliseconds>(context_.clock.steady() - began_); }

 private:
  struct Entity {
    std::uint64_t events = 0;
    UnixMillis newest{INT64_MIN};
  };

  bool wants(std::string_view kind) const { return !request_.kind || *request_.kind == kind; }

  /// Until when it goes on looking, by what it has.
  milliseconds patience() const {
    if (near_began_) return *near_began_ + kNearPatience;
    if (request_.from) return kGivenPatience;
    if (exact_ || entities_.size() + events_.size() >= request_.limit) return kFoundPatience;
    return entities_.empty() && events_.empty() ? kNothingPatience : kSomethingPatience;
  }

  bool is_full() const {
    const bool events_full = near_began_ || !wants("event") || events_.size() >= request_.limit;
    const bool entities_full = !may_have_entities_ || entities_.size() >= request_.limit;
    return events_full && entities_full;
  }

  Status look_back(Stretches& stretches, bool near) {
    Pace pace(request_.first_stretch);
    bool first = true;
    while (true) {
      const auto left = patience() - spent();
      const auto size = first ? std::optional(pace.first()) : pace.next(left);
      if (!size) break;
      const auto stretch = stretches.next(*size);
      if (!stretch) break;
      const auto began = context_.clock.steady();
      const milliseconds time = first ? kFirstLimit : left + kGrace;
      Status done = near ? ask_entities(stretch->time, near, time) : look(stretch->time, time);
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(context_.clock.steady() - began);
      if (done && first && !near && !stretch->last && !exact_) {
        done = look_for_the_very(stretch->time.from, kExactLimit);
        // It costs what it costs, and is only an extra.
        if (!done && is_limit(done.error())) done = {};
      }
      if (!done) {
        // What was found in a shorter time is an answer; nothing looked at is an error.
        if ((!first || near) && is_limit(done.error())) break;
        return done;
      }
      looked_back_to_ = stretch->last ? std::nullopt : stretch->time.from;
      if (stretch->last || is_full()) break;
      pace.read(stretch->events, took);
      first = false;
    }
    return {};
  }

  static bool is_limit(const Error& error) { return error.code == Code::kDeadline || error.code == Code::kOverloaded; }

  Status look(const TimeBounds& time, milliseconds limit) {
    const auto began = spent();
    WEIR_TRY(ask_entities(time, false, limit));
    if (!wants("event") || events_.size() >= request_.limit) return {};
    return ask_events(time, std::max(limit - (spent() - began), milliseconds(50)));
  }

  Status ask_entities(const TimeBounds& time, bool near, milliseconds limit) {
    Statement ask;
    bool first = true;
    for (const EntityKind& kind : kEntityKinds) {
      if (!wants(kind.name)) continue;
      const bool named = std::ranges::any_of(text_.filters, [&](const auto& f) { return f.first == kind.column; });
      if (text_.words.empty() && !named) continue;
      const auto conditions = near ? near_conditions_of(ask, kind, near_words_) : conditions_of(ask, kind, text_.words);
      if (!conditions) continue;
      std::string where = range_condition(ask, time);
      for (const auto& [column, value] : text_.filters) where += filter_condition(ask, column, value);
      std::string order = "n DESC";
      if (!text_.words.empty()) {
        const std::string word = ask.text(text_.words.front());
        order = fmt::format("lower(name) = {0} DESC, startsWith(lower(name), {0}) DESC, n DESC", word);
      }
      if (!first) ask += " UNION ALL ";
      first = false;
      ask += fmt::format(
          "SELECT * FROM (SELECT '{0}' AS kind, toString({1}) AS name, count() AS n, max(time) AS newest, "
          "count() OVER () AS total FROM events WHERE {2} AND {1} != {3}{4} GROUP BY {1} HAVING 1{5} "
          "ORDER BY {6}, name LIMIT {7})",
          kind.name, kind.column, where, kind.name == "asn" ? "0" : "''", conditions->where, conditions->having, order,
          std::max(request_.limit, kMostIds));
    }
    may_have_entities_ = !first;
    if (first) return {};
    return take_entities(ask, time, limit);
  }

  /// Whole names, and those that begin with the word as it was typed, are looked for in all the time before `until`: that is fast
  /// in one column, so that who types a name finds it, however old.
  Status look_for_the_very(std::optional<UnixMillis> until, milliseconds limit) {
    if (text_.exact.size() != 1 || !text_.filters.empty() || text_.exact.front().size() < 3) return {};
    const std::string& word = text_.exact.front();
    const TimeBounds time{bounds_.from, until};
    std::array<char, 48> buffer;
    const auto ip = canonical_ip(word, buffer);
    const bool mail = word.find('@') != std::string::npos;
    Statement ask;
    std::string text;
    const auto add = [&](std::string_view kind, std::string_view column, std::string_view value) {
      if (!wants(kind)) return;
      text += fmt::format(
          "{0}SELECT * FROM (SELECT '{1}' AS kind, toString({2}) AS name, count() AS n, max(time) AS newest, "
          "count() OVER () AS total, "
          "groupArraySorted({5})((-toUnixTimestamp64Milli(time), partition, offset)) AS places FROM events WHERE {3} "
          "AND "
          "{6} GROUP BY {2} ORDER BY {2} = {4} DESC, n DESC LIMIT {7})",
          text.empty() ? "" : " UNION ALL ", kind, column, range_condition(ask, time), ask.text(value), kEventsOfName,
          fmt::format(fmt::runtime(ip || word.size() < kShortestBeginning ? "{} = {}" : "startsWith({}, {})"), column,
                      ask.text(value)),
          kNamesOfBeginning);
    };
    if (ip) {
      add("ip", "ip", *ip);
    } else {
      add("user", "user_id", word);
      if (!mail) add("device", "device_id", word);
      if (!mail && word.find('.') != std::string::npos) add("email_domain", "email_domain", lower(word));
    }
    if (!text.empty()) {
      ask += text;
      WEIR_TRY(take_entities(ask, time, limit, true));
      very_before_ = until;
    }
    if (!wants("event") || ip || events_.size() >= request_.limit) return {};
    Statement ask_events;
    std::string where = range_condition(ask_events, time);
    const std::string value = ask_events.text(word);
    if (mail) {
      where += fmt::format(" AND (email = {0} OR recipient = {0})", value);
    } else if (!exact_ && word.size() >= kShortestId) {
      where += fmt::format(" AND id = {}", value);
    } else {
      return {};
    }
    const std::size_t before = events_.size();
    WEIR_TRY(take_events(ask_events, where, limit));
    exact_ = exact_ || events_.size() > before;
    return {};
  }

  /// `places`: each has its newest events with it.
  Status take_entities(const Statement& ask, const TimeBounds& time, milliseconds limit, bool places = false) {
    WEIR_TRY_ASSIGN(const std::string answer, ask.ask(context_, {.time = limit}));
    RowReader reader(answer);
    while (reader.more()) {
      std::string kind(reader.text()), id(reader.text());
      const std::uint64_t n = reader.u64();
      const UnixMillis newest(reader.i64());
      std::uint64_t& most = most_ids_[kind];
      most = std::max(most, reader.u64());
      for (std::uint64_t n_places = places ? reader.count() : 0; n_places > 0 && !reader.broken(); --n_places) {
        const UnixMillis at(-reader.i64());
        const PartitionId partition(reader.u32());
        add_event({at, partition, Offset(reader.u64())});
      }
      if (places) very_names_.emplace(kind, id);
      const bool whole = std::ranges::find(text_.words, lower(id)) != text_.words.end() ||
                         std::ranges::any_of(text_.filters, [&](const auto& f) { return f.second == id; });
      const std::pair key(std::move(kind), std::move(id));
      Entity& entity = entities_[key];
      // The very name was counted in all the time before; stretches that come later must not count it again.
      exact_ = exact_ || whole;
      if (entity.events > 0 && very_before_ && time.to && *time.to <= *very_before_ && very_names_.contains(key)) {
        continue;
      }
      entity.events += n;
      entity.newest = std::max(entity.newest, newest);
    }
    if (reader.broken()) return fail(Code::kInternal, "The store's answer for a search could not be read.");
    return {};
  }

  Status ask_events(const TimeBounds& time, milliseconds limit) {
    Statement ask;
    std::string where = range_condition(ask, time);
    for (const auto& [column, value] : text_.filters) where += filter_condition(ask, column, value);
    for (const std::string& word : text_.words) {
      const std::string placeholder = ask.text(word);
      where += " AND (0";
      for (std::string_view column : kSearched) {
        if (column == "ip" && !can_be_in_ip(word)) continue;
        where += fmt::format(" OR positionCaseInsensitive({}, {}) > 0", column, placeholder);
      }
      where += ')';
    }
    return take_events(ask, where, limit);
  }

  /// Where the newest ones are; what they say is read once, for those that are shown.
  Status take_events(Statement& ask, std::string_view where, milliseconds limit) {
    ask += fmt::format("SELECT time, partition, offset FROM events WHERE {} ORDER BY time DESC LIMIT {}", where,
                       request_.limit - events_.size());
    WEIR_TRY_ASSIGN(const std::string answer, ask.ask(context_, {.time = limit}));
    WEIR_TRY_ASSIGN(const std::vector<CursorPlace> places, read_places(answer));
    for (const CursorPlace& place : places) add_event(place);
    return {};
  }

  void add_event(const CursorPlace& place) {
    if (!wants("event") || events_.size() >= request_.limit) return;
    if (std::ranges::find(events_, place) == events_.end()) events_.push_back(place);
  }

  Status read_events() {
    if (events_.empty()) return {};
    WEIR_TRY_ASSIGN(const std::string answer, ask_events_at(context_, events_, {.time = kRowsLimit}));
    RowReader reader(answer);
    while (reader.more()) {
      const EventRow row = read_event(reader);
      if (reader.broken()) break;
      Hit hit{.kind = "event",
              .id = std::string(row.id),
              .title = title_of(row),
              .snippet = snippet_of(row),
              .score = 0.5,
              .time = row.time};
      if (std::ranges::find(text_.words, lower(row.id)) != text_.words.end()) hit.score = 1;
      event_hits_.push_back(std::move(hit));
    }
    if (reader.broken()) return fail(Code::kInternal, "The store's answer for a search could not be read.");
    return {};
  }

  const QueryContext& context_;
  const SearchRequest& request_;
  const SearchText& text_;
  const TimeBounds bounds_;
  const std::chrono::steady_clock::time_point began_;
  const std::vector<std::string> near_words_ = parts_of(text_.words);

  std::map<std::pair<std::string, std::string>, Entity> entities_;  // by kind and id
  std::map<std::string, std::uint64_t> most_ids_;                   // by kind: the most in one stretch
  std::vector<CursorPlace> events_;
  std::vector<Hit> event_hits_;
  bool may_have_entities_ = true;                             // an id of some kind can have the words
  bool exact_ = false;                                        // something has the very name that was typed
  std::optional<UnixMillis> very_before_;                     // in all the time before this were counted …
  std::set<std::pair<std::string, std::string>> very_names_;  // … these, by kind and id
  std::optional<milliseconds> near_began_;
  std::optional<UnixMillis> looked_back_to_;
};

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
    std::string word = take(false);
    if (word.empty() || parsed.words.size() == kMostWords) continue;
    parsed.words.push_back(lower(word));
    parsed.exact.push_back(std::move(word));
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
  if (request.text.size() > kLongest) return bad_parameter("q", fmt::format("longer than {} bytes", kLongest));
  const SearchText text = parse_search(request.text);
  if (text.words.empty() && text.filters.empty()) return bad_parameter("q", "is empty: type what to look for");
  if (request.kind && *request.kind != "event" && *request.kind != "finding" && *request.kind != "rule" &&
      entity_kind_named(*request.kind) == nullptr) {
    return bad_parameter("kind", "expected one of event finding rule user ip asn country email_domain device");
  }
  WEIR_TRY_ASSIGN(const TimeBounds bounds, parse_bounds(request.from, request.to, context.clock.now()));

  Search search(context, request, text, bounds);
  WEIR_TRY(search.run());
  std::vector<std::string> words = text.words;
  for (const auto& [column, value] : text.filters) words.push_back(lower(value));

  std::string out = R"({"query":)";
  append_json_string(out, request.text);
  out += R"(,"hits":[)";
  for (const Hit& hit : search.hits()) {
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
  for (const auto& [kind, n] : search.by_kind())
    fmt::format_to(std::back_inserter(out), R"({}"{}":{})", out.back() == '{' ? "" : ",", kind, n);
  fmt::format_to(std::back_inserter(out), R"(}}}},"took_ms":{},"searched_back_to":)", search.spent().count());
  if (const auto time = search.looked_back_to()) {
    fmt::format_to(std::back_inserter(out), R"("{}"}})", format_rfc3339(*time));
  } else {
    out += "null}";
  }
  return out;
}

}  // namespace weir

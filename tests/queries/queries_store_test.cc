// The questions of src/queries against the embedded store, filled by the worker's own encoders with simulated traffic.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <filesystem>
#include <map>
#include <set>

#include "backends/store_chdb/chdb_store.h"
#include "base/clock.h"
#include "queries/entity.h"
#include "queries/lists.h"
#include "queries/overview.h"
#include "queries/quality.h"
#include "queries/reject_groups.h"
#include "queries/search.h"
#include "queries/series.h"
#include "queries/stretches.h"
#include "queries/time_range.h"
#include "queries/top.h"
#include "simulate/simulation.h"
#include "stages/encode.h"
#include "stages/rollup.h"

namespace weir {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class QueriesStoreTest : public testing::Test {
 protected:
  // libchdb opens one data path a process, so all tests share the store and what is in it: three hours of traffic, up to now.
  static void SetUpTestSuite() {
    shared_path = std::filesystem::temp_directory_path() / ("weir-queries-test-" + std::to_string(getpid()));
    auto store = ChdbStore::create({.path = shared_path});
    ASSERT_TRUE(store) << store.error().message;
    shared_store = std::move(*store);
    Simulation simulation({.seed = 3, .run = "q"});
    const UnixMillis now = wall_clock.now();
    for (int batch = 0; batch < 12; ++batch) {
      RawBatch events;
      const UnixMillis from = now - 3 * 3'600'000 + batch * 900'000;
      simulation.generate(2500, from, from + 900'000, events);
      insert(events);
    }
  }
  static void TearDownTestSuite() {
    shared_store.reset();
    std::filesystem::remove_all(shared_path);
  }

  static void insert(const RawBatch& raw) {
    Decoder decoder({});
    Vocabulary words;
    EventEncoder events(words);
    RejectEncoder rejects;
    RollupBuilder rollups(words);
    EventView event;
    Reject reject;
    for (std::size_t i = 0; i < raw.size(); ++i) {
      const Offset offset(next_offset++);
      const PartitionId partition(static_cast<std::uint32_t>(offset.value % 4));
      const UnixMillis received = wall_clock.now();
      if (decoder.decode(raw[i], received, false, event, reject)) {
        // As if each had come when it happened: seconds in which nothing came in time teach the overview nothing.
        event.received_at = std::min(received, event.time);
        const Vocabulary::Numbers numbers = words.numbers(event);
        events.add(event, numbers, partition, offset);
        rollups.add(event, numbers);
      } else {
        rejects.add(reject, raw[i], received, partition, offset);
        rollups.add_reject(received);
      }
    }
    std::vector<TableBlock> blocks(3);
    blocks[0] = {"events", events.columns(), events.rows(), {}};
    events.finish(blocks[0].native);
    blocks[1] = {"rejects", rejects.columns(), rejects.rows(), {}};
    rejects.finish(blocks[1].native);
    blocks[2] = {"rollups", RollupBuilder::columns(), 0, {}};
    blocks[2].rows = RollupBuilder::finish(std::array{&rollups}, blocks[2].native);
    std::erase_if(blocks, [](const TableBlock& block) { return block.rows == 0; });
    const Status done = shared_store->insert(blocks, "t" + std::to_string(next_offset));
    ASSERT_TRUE(done) << done.error().message;
  }

  /// Rows of tab-separated text.
  static std::vector<std::vector<std::string>> sql(const std::string& text) {
    const auto answer = shared_store->select({.sql = text, .format = "TabSeparated"});
    EXPECT_TRUE(answer) << answer.error().message;
    std::vector<std::vector<std::string>> rows;
    std::istringstream lines(answer.value_or(""));
    for (std::string line; std::getline(lines, line);) {
      std::vector<std::string> row;
      std::istringstream cells(line);
      for (std::string cell; std::getline(cells, cell, '\t');) row.push_back(cell);
      rows.push_back(row);
    }
    return rows;
  }
  static double one(const std::string& text) { return std::stod(sql(text).at(0).at(0)); }

  static json::value parsed(const Result<std::string>& answer) {
    EXPECT_TRUE(answer) << answer.error().message;
    return json::parse(answer.value_or("null"));
  }
  json::value series(const SeriesRequest& request) const { return parsed(series_json(context_, request)); }
  json::array top(const TopRequest& request) const {
    return parsed(top_json(context_, request)).at("items").as_array();
  }

  static std::string time_text(UnixMillis time) { return format_rfc3339(time); }
  static std::string sql_time(UnixMillis time) {
    return "fromUnixTimestamp64Milli(" + std::to_string(time.value) + ")";
  }

  static inline std::filesystem::path shared_path;
  static inline std::unique_ptr<ChdbStore> shared_store;
  static inline std::uint64_t next_offset = 0;
  static inline SystemClock wall_clock;
  QueryContext context_{*shared_store, wall_clock};
};

TEST_F(QueriesStoreTest, EveryMetricHasASeriesInEveryStepAndByEveryDimension) {
  const json::value metrics = json::parse(metrics_json());
  for (const json::value& metric : metrics.at("items").as_array()) {
    const std::string name(metric.at("name").as_string());
    for (std::string step : {"1s", "10s", "1m", "5m", "1h", "1d"}) {
      const auto answer = series_json(context_, {.metric = name, .from = "now-2h", .step = step});
      EXPECT_TRUE(answer) << name << " " << step << ": " << answer.error().message;
    }
    for (const json::value& by : metric.at("by").as_array()) {
      const auto answer =
          series_json(context_, {.metric = name, .from = "now-2h", .step = "5m", .by = std::string(by.as_string())});
      EXPECT_TRUE(answer) << name << " " << by << ": " << answer.error().message;
    }
  }
}

TEST_F(QueriesStoreTest, ASeriesSumsToWhatRawEventsCount) {
  const UnixMillis hour(wall_clock.now().value / 3'600'000 * 3'600'000);
  // Bounds that cut through an hour and a minute, so that all three stored steps are needed.
  const UnixMillis from = hour - 2 * 3'600'000 + 600'000, to = hour - 1'234'000;
  const std::string range = " time >= " + sql_time(from) + " AND time < " + sql_time(to);
  for (std::string step : {"1s", "10s", "1m", "5m", "1h"}) {
    std::map<std::string, std::int64_t> sums, counted;
    // `from` is floored to the step: compare from there.
    const json::value answer =
        series({.metric = "events", .from = time_text(from), .to = time_text(to), .step = step, .by = "type"});
    const std::string floored(answer.at("from").as_string());
    for (const json::value& one : answer.at("series").as_array()) {
      for (const json::value& point : one.at("points").as_array())
        sums[std::string(one.at("key").as_string())] += point.at(1).to_number<std::int64_t>();
    }
    for (const auto& row : sql("SELECT type, count() FROM events WHERE time >= parseDateTime64BestEffort('" + floored +
                               "', 3, 'UTC') AND time < " + sql_time(to) + " GROUP BY type")) {
      counted[row[0]] = std::stoll(row[1]);
    }
    EXPECT_EQ(sums, counted) << step;
    EXPECT_FALSE(sums.empty());
  }
}

TEST_F(QueriesStoreTest, RatiosQuantilesAndUniquesAreThoseOfTheRawEvents) {
  const UnixMillis hour(wall_clock.now().value / 3'600'000 * 3'600'000);
  const std::string from = time_text(hour - 3'600'000), to = time_text(hour);
  const std::string where = " time >= " + sql_time(hour - 3'600'000) + " AND time < " + sql_time(hour);
  const auto value = [&](std::string metric) {
    const json::value answer = series({.metric = std::move(metric), .from = from, .to = to, .step = "1h"});
    return answer.at("series").at(0).at("points").at(0).at(1).to_number<double>();
  };
  EXPECT_NEAR(value("login_failure_ratio"),
              one("SELECT countIf(outcome = 'failure') / count() FROM events WHERE type = 'account.login' AND" + where),
              1e-5);
  EXPECT_NEAR(value("api_error_ratio"),
              one("SELECT countIf(status >= 400) / count() FROM events WHERE type = 'api.request' AND" + where), 1e-5);
  const double p95 = one("SELECT quantileExact(0.95)(latency_ms) FROM events WHERE type = 'api.request' AND" + where);
  EXPECT_NEAR(value("api_latency_p95"), p95, p95 * 0.03);
  const double ips = one("SELECT uniqExact(ip) FROM events WHERE ip != '' AND" + where);
  EXPECT_NEAR(value("unique_ips"), ips, ips * 0.06);
  const double share = one("SELECT sum(n) / (SELECT count() FROM events WHERE ip != '' AND" + where +
                           ") FROM (SELECT count() AS n FROM events WHERE ip != '' AND" + where +
                           " GROUP BY ip ORDER BY n DESC LIMIT 10)");
  EXPECT_NEAR(value("ip_top10_share"), share, share * 0.25);
}

TEST_F(QueriesStoreTest, TopListsAreThoseOfTheRawEvents) {
  const UnixMillis to = UnixMillis(wall_clock.now().value / 1000 * 1000) - 60'000, from = to - 5'000'000;
  const std::string where = " time >= " + sql_time(from) + " AND time < " + sql_time(to);
  const std::map<std::string, std::string> keys{{"ip", "ip"},
                                                {"user_id", "user_id"},
                                                {"country", "country"},
                                                {"asn", "if(asn = 0, '', toString(asn))"},
                                                {"path", "path"},
                                                {"method", "method"},
                                                {"status", "if(status = 0, '', toString(status))"},
                                                {"user_agent", "user_agent"},
                                                {"email_domain", "email_domain"},
                                                {"delivery", "delivery"},
                                                {"type", "type"},
                                                {"outcome", "outcome"},
                                                {"source", "source"}};
  for (const auto& [dimension, key] : keys) {
    const json::array items =
        top({.dimension = dimension, .metric = "events", .from = time_text(from), .to = time_text(to), .limit = 5});
    const double all = one("SELECT count() FROM events WHERE" + where);
    const auto rows = sql("SELECT " + key + " AS k, count() AS n FROM events WHERE" + where +
                          " AND k != '' GROUP BY k ORDER BY n DESC, k LIMIT 5");
    ASSERT_EQ(items.size(), rows.size()) << dimension;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(std::string(items[i].at("key").as_string()), rows[i][0]) << dimension;
      EXPECT_EQ(items[i].at("value").to_number<double>(), std::stod(rows[i][1])) << dimension;
      EXPECT_NEAR(items[i].at("share").to_number<double>(), std::stod(rows[i][1]) / all, 1e-5) << dimension;
    }
  }
}

TEST_F(QueriesStoreTest, EveryMetricHasATopList) {
  const json::value metrics = json::parse(metrics_json());
  for (const json::value& metric : metrics.at("items").as_array()) {
    const std::string name(metric.at("name").as_string());
    if (name == "rejects" || name == "duplicates" || name == "late") continue;
    for (std::string dimension : {"ip", "country", "type", "asn", "status"}) {
      const auto answer = top_json(context_, {.dimension = dimension, .metric = name});
      EXPECT_TRUE(answer) << name << " " << dimension << ": " << answer.error().message;
    }
  }
}

TEST_F(QueriesStoreTest, APagedListHasEveryEventOnceWhileMoreArrive) {
  ListRequest request{
      .filters = {{"type", "account.login"}, {"type", "account.signup"}}, .from = "now-2h", .limit = 97};
  std::vector<std::string> ids;
  std::string last = "9";
  // What is there before the first page must be in the list; what comes later may. The offset tells events apart: the simulator sends
  // some twice, and nothing deduplicates here.
  const auto before =
      sql("SELECT toString(offset) FROM events WHERE type IN ('account.login', 'account.signup') AND time >= now64(3) "
          "- 7190");
  Simulation simulation({.seed = 4, .run = "later"});
  while (true) {
    const json::value page = parsed(events_json(context_, request));
    for (const json::value& item : page.at("items").as_array()) {
      ids.push_back(std::to_string(item.at("weiroffset").to_number<std::uint64_t>()));
      const std::string time(item.at("time").as_string());
      EXPECT_LE(time, last);
      last = time;
    }
    RawBatch more;
    simulation.generate(200, wall_clock.now() - 3'600'000, wall_clock.now(), more);
    insert(more);
    if (page.at("next_cursor").is_null()) break;
    request.cursor = std::string(page.at("next_cursor").as_string());
    ASSERT_LT(ids.size(), 100'000U);
  }
  const std::set<std::string> unique(ids.begin(), ids.end());
  EXPECT_EQ(unique.size(), ids.size());
  EXPECT_GT(before.size(), 100U);
  for (const auto& row : before) EXPECT_TRUE(unique.contains(row[0])) << row[0];
}

TEST_F(QueriesStoreTest, HostileTextComesBackAsItWentInAndFiltersForWhatItIs) {
  const std::vector<std::string> texts{"'; DROP TABLE events; --",
                                       "back\\slash \"quote\" `tick`",
                                       "tab\tnew\nline\r",
                                       std::string("nul\0inside", 10),
                                       "\xF0\x9F\x98\x80\xE2\x80\xAE",
                                       "{x:String} %s {p0:String}",
                                       "\\",
                                       "\\'",
                                       "\\N",
                                       "\\0",
                                       "",
                                       "NULL",
                                       "\x7f\x01\b\f"};
  RawBatch raw;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const json::value event{{"specversion", "1.0"},
                            {"id", "h" + texts[i]},
                            {"source", "/hostile" + texts[i]},
                            {"type", "account.login"},
                            {"time", time_text(wall_clock.now())},
                            {"data",
                             {{"user_id", "u" + texts[i]},
                              {"ip", "2001:DB8::1"},
                              {"outcome", "success"},
                              {"user_agent", texts[i]},
                              {"asn", 0}}}};
    raw.add(json::serialize(event));
  }
  insert(raw);
  for (const std::string& text : texts) {
    const json::value found = parsed(events_json(
        context_, {.filters = {{"id", "h" + text}, {"user_id", "u" + text}, {"source", "/hostile" + text}}}));
    ASSERT_EQ(found.at("items").as_array().size(), 1U) << text;
    const json::value& item = found.at("items").at(0);
    EXPECT_EQ(std::string(item.at("id").as_string()), "h" + text);
    EXPECT_EQ(std::string(item.at("data").at("user_agent").as_string()), text);
    EXPECT_EQ(std::string(item.at("data").at("ip").as_string()), "2001:db8::1");
    EXPECT_EQ(item.at("data").at("asn").to_number<int>(), 0);
    EXPECT_FALSE(item.at("data").as_object().contains("country"));
    EXPECT_EQ(item.at("data").as_object().size(), 5U);
  }
  EXPECT_EQ(parsed(events_json(context_, {.filters = {{"asn", "0"}}, .limit = 1000})).at("items").as_array().size(),
            texts.size());
  EXPECT_EQ(parsed(events_json(context_, {.filters = {{"ip", "2001:db8:0::1"}}, .limit = 1000}))
                .at("items")
                .as_array()
                .size(),
            texts.size());
}

TEST_F(QueriesStoreTest, RejectsAreListedAndFiltered) {
  const auto count = static_cast<std::size_t>(one("SELECT count() FROM rejects"));
  ASSERT_GT(count, 3U);
  std::size_t seen = 0;
  ListRequest request{.limit = 3};
  while (true) {
    const json::value page = parsed(rejects_json(context_, request));
    seen += page.at("items").as_array().size();
    if (page.at("next_cursor").is_null()) break;
    request.cursor = std::string(page.at("next_cursor").as_string());
  }
  EXPECT_EQ(seen, count);
  const std::string reason = sql("SELECT reason FROM rejects LIMIT 1").at(0).at(0);
  const json::value part = parsed(rejects_json(context_, {.filters = {{"reason", reason}}, .limit = 1000}));
  EXPECT_EQ(static_cast<double>(part.at("items").as_array().size()),
            one("SELECT count() FROM rejects WHERE reason = '" + reason + "'"));
}

TEST_F(QueriesStoreTest, RejectsHaveTheirExactBytesAndFilterByField) {
  RawBatch raw;
  raw.add(std::string_view("\xff\x00{", 3));
  raw.add(R"({"specversion":"1.0","id":"f","source":"/fields","type":"account.login","time":"now","data":{}})");
  raw.add(R"({"specversion":"1.0","id":"g","source":"/fields","type":"account.login","data":{}})");
  raw.add(std::string(64 * 1024 + 1, 'x'));
  insert(raw);
  const json::array broken =
      parsed(rejects_json(context_,
                          {.filters = {{"reason", "malformed_json"}, {"source", ""}, {"field", ""}}, .limit = 1000}))
          .at("items")
          .as_array();
  EXPECT_TRUE(std::ranges::any_of(broken, [](const json::value& item) {
    return item.as_object().contains("raw_base64") && item.at("raw_base64").as_string() == "/wB7";
  }));
  EXPECT_EQ(std::ranges::count_if(broken, [](const json::value& item) { return item.at("cut").as_bool(); }), 1);
  const json::array missing =
      parsed(rejects_json(context_, {.filters = {{"source", "/fields"}, {"field", "time"}}})).at("items").as_array();
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing.at(0).at("id").as_string(), "g");
}

TEST_F(QueriesStoreTest, GroupsOfRejectsAddUp) {
  RawBatch raw;
  for (int i = 0; i < 3; ++i) {
    raw.add(R"({"specversion":"1.0","id":"u","source":"/groups","type":"account.login","time":"x","data":{}})");
    raw.add(
        R"({"specversion":"1.0","id":"u","source":"/groups'\\","type":"a'b","time":"2026-01-01T00:00:00Z","data":{}})");
  }
  insert(raw);
  const json::value all = parsed(reject_groups_json(context_, {.limit = 1000}));
  const json::array& groups = all.at("items").as_array();
  EXPECT_EQ(all.at("groups").to_number<std::size_t>(), groups.size());
  EXPECT_EQ(static_cast<double>(all.at("rejects").to_number<std::int64_t>()), one("SELECT count() FROM rejects"));
  std::int64_t sum = 0, before = INT64_MAX;
  for (const json::value& group : groups) {
    const auto count = group.at("count").to_number<std::int64_t>();
    EXPECT_LE(count, before);
    before = count;
    sum += count;
    EXPECT_LE(std::string(group.at("first_seen").as_string()), std::string(group.at("last_seen").as_string()));
    EXPECT_FALSE(group.at("message").as_string().empty());
    // Each group is the list that its reason, field and source filter for.
    const auto text = [&](const char* name) { return std::string(group.at(name).as_string()); };
    const json::array items =
        parsed(
            rejects_json(context_,
                         {.filters = {{"reason", text("reason")}, {"field", text("field")}, {"source", text("source")}},
                          .limit = 1000}))
            .at("items")
            .as_array();
    ASSERT_EQ(static_cast<std::int64_t>(items.size()), count) << group;
    EXPECT_EQ(items.at(0).at("message"), group.at("message")) << group;
    EXPECT_EQ(items.at(0).at("received_at"), group.at("last_seen")) << group;
    EXPECT_EQ(items.at(items.size() - 1).at("received_at"), group.at("first_seen")) << group;
  }
  EXPECT_EQ(sum, all.at("rejects").to_number<std::int64_t>());
  const json::value largest = parsed(reject_groups_json(context_, {.limit = 1}));
  EXPECT_EQ(largest.at("items").as_array().size(), 1U);
  EXPECT_EQ(largest.at("rejects"), all.at("rejects"));
  EXPECT_EQ(parsed(reject_groups_json(context_, {.to = "now-1d"})).at("rejects").to_number<int>(), 0);
}

TEST_F(QueriesStoreTest, FindsEntitiesByWholeUnfinishedAndMistypedWords) {
  RawBatch raw;
  raw.add(json::serialize(json::value{{"specversion", "1.0"},
                                      {"id", "search-1"},
                                      {"source", "/search"},
                                      {"type", "account.logout"},
                                      {"time", time_text(wall_clock.now())},
                                      {"data", {{"user_id", "Lena.Jonsson"}, {"ip", "192.0.2.1"}}}}));
  insert(raw);
  const auto has = [&](const std::string& text) {
    const json::value answer = parsed(search_json(context_, {.text = text, .limit = 1000}));
    return std::ranges::any_of(answer.at("hits").as_array(), [](const json::value& hit) {
      return hit.at("kind").as_string() == "user" && hit.at("id").as_string() == "Lena.Jonsson";
    });
  };
  for (std::string text :
       {"Lena.Jonsson", "lena.jo", "jonss", "user:Lena.Jon", "lena jonsson", "jonson", "lena.jnosson", "jomss", "le"}) {
    EXPECT_TRUE(has(text)) << text;
  }
  for (std::string text : {"lena.brandt", "jqqson", "user:jonsson", "onsson.lena"}) EXPECT_FALSE(has(text)) << text;
}

TEST_F(QueriesStoreTest, SearchesEventsAndEveryKind) {
  const auto row = sql("SELECT id, ip, asn, country, device_id, email_domain FROM events WHERE type = 'account.signup' "
                       "AND device_id != '' AND asn != 0 AND country != '' LIMIT 1")
                       .at(0);
  const std::vector<std::pair<std::string, std::string>> wanted{{"event", row[0]},  {"ip", row[1]},
                                                                {"asn", row[2]},    {"country", row[3]},
                                                                {"device", row[4]}, {"email_domain", row[5]}};
  for (const auto& [kind, id] : wanted) {
    const json::value answer = parsed(search_json(context_, {.text = id, .kind = kind}));
    ASSERT_FALSE(answer.at("hits").as_array().empty()) << kind << " " << id;
    EXPECT_EQ(std::string(answer.at("hits").at(0).at("id").as_string()), id) << kind;
    EXPECT_EQ(answer.at("hits").at(0).at("kind").as_string(), kind);
    EXPECT_TRUE(answer.at("facets").at("kind").as_object().contains(kind));
  }
  for (std::string text : {"type:account.login outcome:failure", "status:404", "asn:AS64500", "country:se", "'\\\"",
                           "x:y:z \"", "status:x"}) {
    EXPECT_TRUE(search_json(context_, {.text = text})) << text;
  }
}

TEST_F(QueriesStoreTest, TellsAboutAnEntity) {
  const std::string user =
      sql("SELECT user_id FROM events WHERE user_id != '' GROUP BY user_id ORDER BY count() DESC LIMIT 1").at(0).at(0);
  const json::value entity = parsed(entity_json(context_, "user", user));
  std::int64_t events = 0;
  for (const auto& [type, n] : entity.at("counts").as_object()) events += n.to_number<std::int64_t>();
  EXPECT_EQ(static_cast<double>(events), one("SELECT count() FROM events WHERE user_id = '" + user + "'"));
  EXPECT_EQ(entity.at("timeline").as_array().size(), 24U);
  std::int64_t in_timeline = 0;
  for (const json::value& hour : entity.at("timeline").as_array()) in_timeline += hour.at(1).to_number<std::int64_t>();
  EXPECT_EQ(in_timeline, events);
  EXPECT_FALSE(entity.at("linked").as_array().empty());
  for (std::string kind : {"ip", "asn", "country", "email_domain", "device"}) {
    const std::string column = kind == "device" ? "device_id" : kind;
    const std::string id =
        sql("SELECT toString(" + column + ") AS k FROM events WHERE k NOT IN ('', '0') LIMIT 1").at(0).at(0);
    EXPECT_TRUE(entity_json(context_, kind, id)) << kind << " " << id;
    EXPECT_EQ(entity_json(context_, kind, "4294967294.x").error().code, Code::kNotFound);
  }
}

TEST_F(QueriesStoreTest, StretchesAreAllEventsNewestFirst) {
  const UnixMillis now = wall_clock.now();
  for (const TimeBounds& bounds :
       {TimeBounds{}, TimeBounds{now - 7'000'123, now - 1'234'567}, TimeBounds{{}, now - 3'600'000}}) {
    auto stretches = Stretches::read(context_, bounds);
    ASSERT_TRUE(stretches) << stretches.error().message;
    const std::uint64_t expected = stretches->left();
    double counted = 0, last_from = 1e300;
    std::size_t many = 0;
    while (const auto stretch = stretches->next(3000)) {
      ++many;
      std::string where = " WHERE 1";
      if (stretch->time.from) where += " AND time >= " + sql_time(*stretch->time.from);
      if (stretch->time.to) where += " AND time < " + sql_time(*stretch->time.to);
      const double events = one("SELECT count() FROM events" + where);
      // Within an hour or a minute they are spread evenly, but not exactly.
      EXPECT_NEAR(events, static_cast<double>(stretch->events), 700) << where;
      counted += events;
      const double from = stretch->time.from ? static_cast<double>(stretch->time.from->value) : 0;
      EXPECT_LT(from, last_from);
      last_from = from;
    }
    std::string where = " WHERE 1";
    if (bounds.from) where += " AND time >= " + sql_time(*bounds.from);
    if (bounds.to) where += " AND time < " + sql_time(*bounds.to);
    EXPECT_EQ(counted, one("SELECT count() FROM events" + where));
    EXPECT_NEAR(static_cast<double>(expected), counted, counted * 0.05);
    EXPECT_GT(many, 2U);
  }
}

TEST_F(QueriesStoreTest, ASearchInManyStretchesFindsWhatOneInAllFinds) {
  const std::vector<std::string> row =
      sql("SELECT user_id, ip, id, device_id, email_domain FROM events WHERE type = 'account.signup' AND "
          "device_id != '' ORDER BY time LIMIT 1")
          .at(0);
  const auto answer = [&](std::string text, std::uint64_t first, std::optional<std::string> kind = {}) {
    return parsed(
        search_json(context_, {.text = std::move(text), .kind = std::move(kind), .limit = 50, .first_stretch = first}));
  };
  // Known things that are the oldest of the table: found whole, wherever the stretches end.
  for (const auto& [kind, id] : {std::pair{"user", row[0]}, {"ip", row[1]}, {"device", row[3]}}) {
    const json::value in_all = answer(id, 10'000'000, kind), in_parts = answer(id, 500, kind);
    ASSERT_FALSE(in_parts.at("hits").as_array().empty()) << kind << " " << id;
    EXPECT_EQ(in_parts.at("hits").at(0).at("id").as_string(), id);
    EXPECT_EQ(in_parts.at("hits").at(0).at("snippet"), in_all.at("hits").at(0).at("snippet")) << id;
    EXPECT_EQ(in_parts.at("hits").at(0).at("time"), in_all.at("hits").at(0).at("time")) << id;
    EXPECT_TRUE(in_all.at("searched_back_to").is_null());
  }
  // The beginning of a name is found in all of the table too, and its events are counted once.
  const json::value whole = answer(row[0].substr(0, row[0].size() - 1), 500, "user");
  const auto hits_of = [&](const json::value& found) {
    std::map<std::string, std::string> hits;
    for (const json::value& hit : found.at("hits").as_array())
      hits[std::string(hit.at("id").as_string())] = std::string(hit.at("snippet").as_string());
    return hits;
  };
  ASSERT_TRUE(hits_of(whole).contains(row[0]));
  EXPECT_EQ(hits_of(whole)[row[0]], hits_of(answer(row[0], 10'000'000, "user"))[row[0]]);
  const json::value event = answer(row[2], 500);
  ASSERT_FALSE(event.at("hits").as_array().empty()) << row[2];
  EXPECT_EQ(event.at("hits").at(0).at("id").as_string(), row[2]);
  EXPECT_EQ(event.at("hits").at(0).at("score").to_number<double>(), 1);
  // Filters alone, and words with filters.
  for (const std::string& text :
       {"user:" + row[0], std::string("type:account.signup outcome:failure"), "domain:" + row[4], "id:" + row[2]}) {
    const json::value in_all = answer(text, 10'000'000), in_parts = answer(text, 500);
    const std::size_t most = std::min<std::size_t>(in_all.at("hits").as_array().size(), 1);
    EXPECT_GE(in_parts.at("hits").as_array().size(), most) << text;
    EXPECT_EQ(in_all.at("hits").as_array().empty(), in_parts.at("hits").as_array().empty()) << text;
  }
  // With `from` it takes the time that it needs.
  const json::value hits =
      parsed(search_json(context_, {.text = row[0], .from = "now-4h", .limit = 1000, .first_stretch = 500}));
  EXPECT_TRUE(hits.at("searched_back_to").is_null());
  EXPECT_EQ(
      static_cast<double>(std::ranges::count_if(
          hits.at("hits").as_array(), [](const json::value& hit) { return hit.at("kind").as_string() == "event"; })),
      one("SELECT count() FROM events WHERE positionCaseInsensitive(concat(user_id, ' ', email, ' ', recipient), '" +
          row[0] + "') > 0"));
}

TEST_F(QueriesStoreTest, AnEntityIsTheSameInManyStretches) {
  const std::string user =
      sql("SELECT user_id FROM events WHERE user_id != '' GROUP BY user_id ORDER BY count() DESC LIMIT 1").at(0).at(0);
  const Result<std::string> in_all = entity_json(context_, "user", user),
                            in_parts = entity_json(context_, "user", user, 1000);
  ASSERT_TRUE(in_parts) << in_parts.error().message;
  EXPECT_EQ(*in_all, *in_parts);
  EXPECT_TRUE(parsed(in_parts).at("counted_back_to").is_null());
}

TEST_F(QueriesStoreTest, ATopListOfAPartIsNearlyThatOfAll) {
  const TopRequest request{.dimension = "path", .metric = "events", .from = "now-150m", .to = "now-15m", .limit = 5};
  TopRequest part = request;
  part.most_counted = 5000;
  const json::value sampled = parsed(top_json(context_, part));
  const json::array whole = top(request), some = sampled.at("items").as_array();
  EXPECT_LT(sampled.at("sampled").to_number<double>(), 0.5);
  ASSERT_EQ(whole.size(), some.size());
  EXPECT_EQ(whole[0].at("key"), some[0].at("key"));
  for (const json::value& one : some) {
    for (const json::value& same : whole) {
      if (same.at("key") != one.at("key")) continue;
      EXPECT_NEAR(one.at("value").to_number<double>(), same.at("value").to_number<double>(),
                  same.at("value").to_number<double>() * 0.3);
      EXPECT_NEAR(one.at("share").to_number<double>(), same.at("share").to_number<double>(),
                  same.at("share").to_number<double>() * 0.3);
    }
  }
}

TEST_F(QueriesStoreTest, TheQualityAddsUp) {
  const json::value quality = parsed(quality_json(context_, {}));
  std::int64_t rejected = 0;
  for (const json::value& item : quality.at("rejects").as_array())
    rejected += item.at("count").to_number<std::int64_t>();
  EXPECT_EQ(static_cast<double>(rejected), one("SELECT count() FROM rejects"));
  std::int64_t events = 0;
  for (const json::value& item : quality.at("types").as_array()) {
    events += item.at("count").to_number<std::int64_t>();
    EXPECT_FALSE(item.at("last_seen").is_null());
  }
  EXPECT_EQ(static_cast<double>(events), one("SELECT count() FROM events WHERE time > now64(3) - 86400"));
  for (const json::value& item : quality.at("missing_optional").as_array()) {
    if (item.at("type").as_string() != "account.login" || item.at("field").as_string() != "device_id") continue;
    EXPECT_NEAR(item.at("ratio").to_number<double>(),
                one("SELECT countIf(device_id = '') / count() FROM events WHERE type = 'account.login'"), 1e-5);
  }
}

TEST_F(QueriesStoreTest, TheOverviewReadsTheStore) {
  OverviewSource source(context_, [] { return std::string("[]"); });
  const auto answer = source.json();
  ASSERT_TRUE(answer) << answer.error().message;
  const json::value overview = json::parse(*answer);
  EXPECT_EQ(overview.at("tiles").as_array().size(), 8U);
  // The oldest of the 60 minutes are long over, and have not changed since.
  const UnixMillis minute(wall_clock.now().value / 60'000 * 60'000 - 30 * 60'000);
  const double counted =
      one("SELECT count() FROM events WHERE time >= " + sql_time(minute) + " AND time < " + sql_time(minute + 60'000));
  const json::value& spark = overview.at("tiles").at(0).at("sparkline");
  ASSERT_EQ(spark.as_array().size(), 60U);
  ASSERT_FALSE(spark.at(29).is_null()) << *answer;
  EXPECT_NEAR(spark.at(29).to_number<double>(), counted / 60, 1);
}

}  // namespace
}  // namespace weir

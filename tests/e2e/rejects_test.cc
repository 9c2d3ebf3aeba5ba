// `weir rejects`: what was rejected leaves the program whole, and comes back once.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <boost/beast/core/detail/base64.hpp>
#include <ctime>
#include <set>
#include <sstream>
#include <thread>

#include "program.h"

namespace weir::testing {
namespace {

namespace json = boost::json;

std::string time_text(std::int64_t seconds_from_now) {
  const std::time_t at = std::time(nullptr) + seconds_from_now;
  std::tm utc{};
  gmtime_r(&at, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

constexpr std::int64_t kDay = 86'400;

std::string old_login(int id, const char* space = "") {
  return fmt::format(
      R"({{"specversion":"1.0","type":"account.login","source":"/old shop","id":"{0}",{2}"time":"{1}","data":{{"user_id":"ü{0}","ip":"192.0.2.1","outcome":"success"}}}})",
      id, time_text(-3 * kDay), space);
}

std::uint64_t number(const json::object& l, const char* key) { return l.at(key).to_number<std::uint64_t>(); }

std::string from_base64(const std::string& text) {
  namespace base64 = boost::beast::detail::base64;
  std::string out(base64::decoded_size(text.size()), '\0');
  out.resize(base64::decode(out.data(), text.data(), text.size()).first);
  return out;
}

class WeirRejects : public ::testing::Test {
 protected:
  // Without a window nothing but the replay itself keeps an event from being counted twice.
  WeirRejects() : program_({"--rate", "0", "--retention", "1d", "--dedupe-window", "0"}) {}

  std::string url() const { return fmt::format("http://127.0.0.1:{}", program_.port); }
  std::string marks() const { return program_.data / "marks" / "sent"; }
  void alone(const std::string& event) {
    EXPECT_EQ(request(program_.port, "POST", "/api/v1/events", event, "application/cloudevents+json").status, 202);
    sent_.insert(event);
  }
  void send_old(int count) {
    std::vector<std::string> events;
    for (int i = 0; i < count; ++i) events.push_back(old_login(i));
    EXPECT_EQ(program_.post(events).status, 202);
    sent_.insert(events.begin(), events.end());
  }
  Finished rejects(std::vector<std::string> arguments, const std::string& fail = "") {
    arguments.insert(arguments.begin(), "rejects");
    arguments.insert(arguments.end(), {"--to-url", url()});
    if (arguments[1] == "replay") arguments.insert(arguments.end(), {"--marks", marks()});
    return run(arguments, fail);
  }
  void restart_with(const std::string& retention) {
    EXPECT_EQ(program_.end(SIGTERM), 0);
    program_.set_flags({"--rate", "0", "--retention", retention, "--dedupe-window", "0"});
    ASSERT_TRUE(program_.start());
  }

  Program program_;
  std::multiset<std::string> sent_;
};

TEST_F(WeirRejects, AreExportedOnceWithTheirExactBytes) {
  ASSERT_TRUE(program_.start());
  send_old(1500);
  const std::string torn = old_login(7, "\n");
  alone(torn);
  alone("{\xff\n{");
  alone("  \n");
  alone(std::string("nul\0", 4));
  const std::string large = "{\"x\":\"" + std::string(100'000, 'y');
  EXPECT_EQ(program_.post({large}).status, 202);
  sent_.insert(large.substr(0, 65'536));
  EXPECT_EQ(number(program_.settled_ledger(), "rejected"), sent_.size());

  const Finished all = rejects({"export"});
  ASSERT_EQ(all.status, 0) << all.err;
  EXPECT_NE(all.err.find("Done: 1505 rejects"), std::string::npos) << all.err;
  EXPECT_NE(all.err.find("1 of them may lack bytes"), std::string::npos) << all.err;
  std::multiset<std::string> got;
  std::set<std::pair<std::uint64_t, std::uint64_t>> places;
  std::istringstream lines(all.out);
  for (std::string line; std::getline(lines, line);) {
    const json::object item = json::parse(line).as_object();
    for (const char* name : {"reason", "field", "message", "received_at"}) EXPECT_TRUE(item.at(name).is_string());
    got.insert(item.contains("raw") ? std::string(item.at("raw").as_string())
                                    : from_base64(std::string(item.at("raw_base64").as_string())));
    places.emplace(number(item, "partition"), number(item, "offset"));
  }
  EXPECT_TRUE(got == sent_);
  EXPECT_EQ(places.size(), sent_.size());

  const Finished some = rejects({"export", "--format", "raw", "--reason", "time_too_old", "--field", "time", "--source",
                                 "/old shop", "--from", "now-1h"});
  EXPECT_EQ(some.status, 0) << some.err;
  EXPECT_EQ(std::ranges::count(some.out, '\n'), 1502) << "one of them holds a line feed";
  EXPECT_NE(some.out.find(torn + "\n"), std::string::npos);
  EXPECT_EQ(rejects({"export", "--source", "", "--reason", "time_too_old"}).out, "");
  EXPECT_EQ(rejects({"export", "--to", "now-1h"}).out, "");

  const json::value groups = program_.get("/api/v1/rejects/groups").json();
  EXPECT_EQ(groups.at("items").at(0).at("reason").as_string(), "time_too_old");
  EXPECT_EQ(groups.at("items").at(0).at("count").to_number<int>(), 1501);
  EXPECT_EQ(groups.at("rejects").to_number<std::size_t>(), sent_.size());
}

// What was too old is not any more; a replay that is killed at the worst places sends the rest, and nothing twice.
TEST_F(WeirRejects, AreSentAgainOnceThoughTheReplayIsKilled) {
  ASSERT_TRUE(program_.start());
  send_old(1500);
  alone(old_login(2000, "\n"));
  const json::object before = program_.settled_ledger();
  EXPECT_EQ(number(before, "rejected"), sent_.size());
  restart_with("30d");

  const std::vector<std::string> replay{"replay", "--reason", "time_too_old"};
  EXPECT_EQ(rejects(replay, "rejects.taken=die@3").status, -1) << "killed after the Weir had it";
  EXPECT_EQ(rejects(replay, "rejects.begun=die@2").status, -1) << "killed before the Weir had it";
  EXPECT_EQ(rejects(replay, "rejects.taken=die").status, -1);
  const Finished rest = rejects(replay);
  EXPECT_EQ(rest.status, 0) << rest.err;
  json::object after = program_.settled_ledger();
  EXPECT_EQ(number(after, "received"), number(before, "received") + sent_.size()) << rest.out;
  EXPECT_EQ(number(after, "admitted"), sent_.size());
  EXPECT_EQ(number(after, "rejected"), number(before, "rejected"));
  EXPECT_TRUE(after.at("balanced").as_bool());
  EXPECT_EQ(request(program_.sql_port, "POST", "/", "SELECT count() = uniqExact(source, id) FROM weir.events").body,
            "1\n");

  const Finished again = rejects(replay);
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_NE(again.out.find("0 rejects sent, 1501 had been sent before"), std::string::npos) << again.out;
  EXPECT_EQ(number(program_.settled_ledger(), "received"), number(after, "received"));
}

// What comes back is found among the rejects, as it has no identity to be found by among the events.
TEST_F(WeirRejects, ThatAreRejectedAgainAreFoundToo) {
  ASSERT_TRUE(program_.start());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(program_.post({"no json", "neither \xff", "no json"}).status, 202);
  alone("{\n{");
  const std::string large(70'000, 'x');
  EXPECT_EQ(program_.post({large}).status, 202);
  EXPECT_EQ(number(program_.settled_ledger(), "rejected"), 62U);
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  const std::vector<std::string> replay{"replay", "--reason", "malformed_json", "--to", time_text(0)};
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  EXPECT_EQ(rejects(replay, "rejects.taken=die").status, -1);
  EXPECT_EQ(rejects(replay, "rejects.taken=die").status, -1);
  const Finished rest = rejects(replay);
  EXPECT_EQ(rest.status, 0) << rest.err;
  EXPECT_NE(rest.out.find("1 skipped that may lack bytes"), std::string::npos) << rest.out;
  EXPECT_NE(rest.out.find("by a request that was interrupted"), std::string::npos) << rest.out;
  EXPECT_EQ(number(program_.settled_ledger(), "received"), 62U + 61U);
  EXPECT_EQ(rejects(replay).status, 0);
  EXPECT_EQ(number(program_.settled_ledger(), "received"), 62U + 61U);
}

TEST_F(WeirRejects, SaysWhatIsMeantAndWhatIsWrong) {
  ASSERT_TRUE(program_.start());
  const Finished none = rejects({"export"});
  EXPECT_EQ(none.status, 0) << none.err;
  EXPECT_EQ(none.out, "");
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
           {"delete"}, {"replay"}, {"export", "more"}, {"export", "--marks", "x"}, {"export", "--format", "xml"}}) {
    const Finished f = rejects(wrong);
    EXPECT_EQ(f.status, 2) << fmt::format("{}", fmt::join(wrong, " ")) << f.err;
  }
  const Finished when = rejects({"export", "--from", "whenever"});
  EXPECT_EQ(when.status, 1);
  EXPECT_NE(when.err.find("'from'"), std::string::npos) << when.err;
  const Finished nobody = run({"rejects", "export", "--to-url", fmt::format("http://127.0.0.1:{}", free_port())});
  EXPECT_EQ(nobody.status, 1);
  EXPECT_NE(nobody.err.find("--to-url"), std::string::npos) << nobody.err;
}

}  // namespace
}  // namespace weir::testing

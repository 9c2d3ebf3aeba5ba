#include "config/settings.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace weir {
namespace {

CommandSpec spec() {
  return {.name = "up",
          .summary = "all of it",
          .shared = {"data-dir", "listen", "sql-listen", "rate", "retention", "geo", "insecure", "config", "seed",
                     "partitions", "attack"},
          .own = {{"speed", SettingKind::kNumber, "max", "X", "how fast"}}};
}

std::map<std::string, std::string> g_environment;

Result<Values> parse(std::vector<std::string> arguments) {
  return parse_command(spec(), arguments, [](const std::string& name) -> const char* {
    const auto found = g_environment.find(name);
    return found == g_environment.end() ? nullptr : found->second.c_str();
  });
}

class SettingsTest : public testing::Test {
 protected:
  void SetUp() override { g_environment.clear(); }
};

TEST_F(SettingsTest, WordsBehindAValueArePositionals) {
  CommandSpec replay{.name = "replay",
                     .summary = "sends",
                     .shared = {"data-dir", "insecure"},
                     .own = {{"speed", SettingKind::kNumber, "max", "X", "how fast"}},
                     .positionals = "FILE…",
                     .positionals_required = true};
  const auto v =
      parse_command(replay, {"--speed", "2", "a.log", "b.log", "--insecure", "c.log", "--data-dir=d", "e.log"},
                    [](const std::string&) -> const char* { return nullptr; });
  ASSERT_TRUE(v) << v.error().message;
  EXPECT_EQ(v->positionals(), (std::vector<std::string>{"a.log", "b.log", "c.log", "e.log"}));
  EXPECT_EQ(v->text("speed"), "2");
  EXPECT_EQ(v->text("data-dir"), "d");
  const auto twice = parse_command(replay, {"--speed", "2", "--speed", "3", "a.log"},
                                   [](const std::string&) -> const char* { return nullptr; });
  EXPECT_FALSE(twice);
}

TEST_F(SettingsTest, ASwitchCanBeSwitchedOff) {
  EXPECT_TRUE(parse({"--insecure"})->on("insecure"));
  EXPECT_TRUE(parse({"--insecure=true"})->on("insecure"));
  EXPECT_FALSE(parse({"--insecure=false"})->on("insecure"));
  EXPECT_FALSE(parse({"--insecure=0"})->on("insecure"));
  g_environment = {{"WEIR_INSECURE", "true"}};
  EXPECT_FALSE(parse({"--insecure=false"})->on("insecure")) << "flags go first";
  EXPECT_NE(parse({"--insecure=maybe"}).error().message.find("true or false"), std::string::npos);
}

TEST_F(SettingsTest, WordsBehindTwoDashesAreNoFlags) {
  CommandSpec replay{.name = "replay", .summary = "sends", .shared = {"data-dir"}, .own = {}, .positionals = "FILE…"};
  const auto v = parse_command(replay, {"a.log", "--", "--data-dir", "-b.log", "--"},
                               [](const std::string&) -> const char* { return nullptr; });
  ASSERT_TRUE(v) << v.error().message;
  EXPECT_EQ(v->positionals(), (std::vector<std::string>{"a.log", "--data-dir", "-b.log", "--"}));
  EXPECT_FALSE(v->given("data-dir"));
}

TEST_F(SettingsTest, AListGoesOnToTheNextFlag) {
  const auto v = parse({"--geo", "a.mmdb", "[b,c].mmdb", "--seed", "5", "--geo=d.mmdb"});
  ASSERT_TRUE(v) << v.error().message;
  EXPECT_EQ(v->texts("geo"), (std::vector<std::string>{"a.mmdb", "[b,c].mmdb", "d.mmdb"}));
  EXPECT_EQ(v->count("seed"), 5U);
}

TEST_F(SettingsTest, DefaultsAreThoseOfTheTable) {
  const auto v = parse({});
  ASSERT_TRUE(v) << v.error().message;
  EXPECT_EQ(v->text("data-dir"), "./data");
  EXPECT_EQ(v->rate("rate"), 2000.0);
  EXPECT_EQ(v->millis("retention"), 30LL * 86'400'000);
  EXPECT_FALSE(v->on("insecure"));
  EXPECT_FALSE(v->given("rate"));
  EXPECT_TRUE(v->texts("geo").empty());
}

TEST_F(SettingsTest, FlagsBeatVariablesBeatTheFile) {
  const auto file = std::filesystem::temp_directory_path() / ("weir-settings-" + std::to_string(getpid()) + ".toml");
  std::ofstream(file) << "rate = 7\nseed = 3\ninsecure = true\ngeo = [\"a\", \"b\"]\nretention = \"1d\"\n";
  g_environment = {{"WEIR_RATE", "8"}, {"WEIR_SEED", "4"}};
  const auto v = parse({"--config", file, "--rate=9", "--sql-listen", "off"});
  ASSERT_TRUE(v) << v.error().message;
  EXPECT_EQ(v->rate("rate"), 9.0);
  EXPECT_EQ(v->count("seed"), 4U);
  EXPECT_EQ(v->millis("retention"), 86'400'000);
  EXPECT_TRUE(v->on("insecure"));
  EXPECT_EQ(v->texts("geo"), (std::vector<std::string>{"a", "b"}));
  std::ofstream(file) << "rate = = 7\n";
  EXPECT_NE(parse({"--config", file}).error().message.find("line 1"), std::string::npos);
  std::ofstream(file) << "retension = \"1d\"\n";
  EXPECT_NE(parse({"--config", file}).error().message.find("retention"), std::string::npos);
  g_environment = {};
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"rate = [1, 2]", "one value"},  {"rate = []", "one value"},       {"data-dir = 5", "must be a text"},
      {"listen = 3000", "a text"},     {"geo = [1]", "list of texts"},   {"geo = [[\"a\"]]", "list of texts"},
      {"[rate]\na = 1", "rate"},       {"rate = \"fast\"", "\"fast\""},  {"insecure = 2", "true or false"},
      {"seed = 2026-01-01", "seed"},   {"seed = 1\nseed = 2", "line 2"}, {"listen = \"\xff\"", "line 1"},
      {std::string("\0", 1), "line 1"}};
  for (const auto& [text, expected] : wrong) {
    std::ofstream(file) << text;
    const auto v = parse({"--config", file});
    ASSERT_FALSE(v) << text;
    EXPECT_NE(v.error().message.find(expected), std::string::npos) << text << "\n" << v.error().message;
  }
  std::ofstream(file) << "";
  EXPECT_TRUE(parse({"--config", file})) << "an empty file says nothing";
  std::filesystem::remove(file);
  const std::string folder = std::filesystem::temp_directory_path();
  EXPECT_NE(parse({"--config", folder}).error().message.find(folder), std::string::npos);
}

TEST_F(SettingsTest, WrongUsageSaysWhatIsWrong) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
      {{"--rate", "fast"}, "--rate is \"fast\""},
      {{"--listen", "nowhere:port"}, "HOST:PORT"},
      {{"--listen", "localhost"}, "HOST:PORT"},
      {{"--retenton", "1d"}, "Did you mean --retention?"},
      {{"--teleport"}, "Unknown flag --teleport"},
      {{"--rate"}, "--rate needs a value: --rate EVENTS/S."},
      {{"--rate="}, "--rate is \"\""},
      {{"--rate", "1", "--rate", "2"}, "--rate is given twice"},
      {{"--geo", "--data-dir", "d"}, "--geo needs a value"},
      {{"--RATE", "5"}, "Did you mean --rate?"},
      {{"-r"}, "Unknown flag -r"},
      {{"--config="}, "--config is \"\""},
      {{"extra"}, "takes no \"extra\""},
      {{"--seed", "-1"}, "whole number"},
      {{"--speed", "0"}, "above 0"},
      {{"--rate", "10000001"}, "from 0 to 10000000"},
      {{"--rate", "1e300"}, "from 0 to 10000000"},
      {{"--partitions", "0"}, "from 1 to 256"},
      {{"--partitions", "4294967297"}, "from 1 to 256"},
      {{"--data-dir", ""}, "--data-dir is \"\"; it must not be empty"},
      {{"--geo", ""}, "must not be empty"},
      {{"--retention", "36501d"}, "at most 36500d"},
      {{"--config", "/nowhere/x.toml"}, "cannot be read"},
  };
  for (const auto& [arguments, expected] : cases) {
    const auto v = parse(arguments);
    ASSERT_FALSE(v) << expected;
    EXPECT_EQ(v.error().code, Code::kInvalid);
    EXPECT_NE(v.error().message.find(expected), std::string::npos) << v.error().message;
  }
  EXPECT_TRUE(parse({"--help"})->help_wanted());
  EXPECT_EQ(parse({"--attack", ""})->text("attack"), "") << "no attack";
}

// Found by fuzzing: the library ended the program on what was no time behind a date.
TEST_F(SettingsTest, AFileThatTheLibraryStumblesOverIsRefused) {
  const std::string file = testing::TempDir() + "weir-settings-stumble.toml";
  for (const char* text : {"seed = 1979-05-27T&07:32:00Z\n", "seed = 1979-05-27 &", "seed = 07:32:0"}) {
    std::ofstream(file) << text;
    const auto v = parse({"--config", file});
    ASSERT_FALSE(v) << text;
    EXPECT_NE(v.error().message.find(file), std::string::npos) << v.error().message;
  }
}

// Found by fuzzing: a Cyrillic letter behind a number.
TEST_F(SettingsTest, LettersThatAreNotAsciiStandInTextsAndCommentsOnly) {
  const std::string file = testing::TempDir() + "weir-settings-letters.toml";
  const auto parse_text = [&](std::string_view text) {
    std::ofstream(file) << text;
    return parse({"--config", file});
  };
  const auto wrong = parse_text("listen = \"ä\" # ä\nseed = 1С\n");
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().message.find("line 2"), std::string::npos) << wrong.error().message;
  EXPECT_FALSE(parse_text("ä = 1\n"));
  for (const char* right : {"data-dir = \"ä\\\"ä\"\n# ä\n", "data-dir = 'ä\\'\nseed = 1 # ä",
                            "data-dir = \"\"\"ä\n\"ä\"\"\"\"\n", "data-dir = '''ä'ä'''''\n",
                            "\xef\xbb\xbf"
                            "seed = 1\n"}) {
    const auto v = parse_text(right);
    EXPECT_TRUE(v) << right << (v ? "" : v.error().message);
  }
}

TEST_F(SettingsTest, HelpNamesEveryFlag) {
  const std::string help = help_text(spec());
  for (const char* part : {"--data-dir DIR", "--insecure", "--speed X", "(default 30d)", "WEIR_DATA_DIR"})
    EXPECT_NE(help.find(part), std::string::npos) << part;
}

TEST(Duration, Units) {
  EXPECT_EQ(parse_duration("10m"), 600'000);
  EXPECT_EQ(parse_duration("0"), 0);
  EXPECT_EQ(parse_duration("500ms"), 500);
  for (const char* bad : {"", "10", "m", "-1d", "1w", "99999999999999999999d", "1000000000d", "876001h"})
    EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace weir

// The house keeps its plan: src/ROOMS and the #includes of the tree say the same.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct Room {
  std::set<std::string> may_include;
  std::size_t level;
};

std::map<std::string, Room> read_table(std::istream& in) {
  std::map<std::string, Room> rooms;
  std::string line;
  while (std::getline(in, line)) {
    if (line.empty() || line[0] == '#') continue;
    std::stringstream columns(line);
    std::string name, uses;
    std::getline(columns, name, '|');
    std::getline(columns, uses, '|');
    name.erase(name.find_last_not_of(' ') + 1);
    Room room{{name}, rooms.size()};
    std::stringstream words(uses);
    for (std::string word; words >> word;) room.may_include.insert(word);
    rooms.emplace(name, room);
  }
  return rooms;
}

std::map<std::string, Room> table() {
  std::ifstream in(fs::path(WEIR_SOURCE_DIR) / "src/ROOMS");
  EXPECT_TRUE(in) << "src/ROOMS cannot be read";
  return read_table(in);
}

/// The room of a path below src/: its folder, or the first two folders below backends/.
std::string room_of(const fs::path& below_src) {
  auto part = below_src.begin();
  std::string room = part->string();
  if (room == "backends" && ++part != below_src.end()) room += "/" + part->string();
  return room;
}

/// What is wrong with one include of a file in `from`; empty when nothing is.
/// Tests may use every room that stands above theirs: real neighbours are better than doubles.
std::string fault(const std::map<std::string, Room>& rooms, const std::string& from, const std::string& to,
                  bool test = false) {
  const auto room = rooms.find(from);
  if (room == rooms.end()) return "the room " + from + " is not in src/ROOMS";
  if (!rooms.contains(to)) return "";  // a third-party header
  if (test && rooms.at(to).level < room->second.level) return "";
  if (!room->second.may_include.contains(to)) return "src/ROOMS does not let " + from + " include " + to;
  return "";
}

TEST(Rooms, EveryIncludeIsAllowed) {
  const auto rooms = table();
  const fs::path src = fs::path(WEIR_SOURCE_DIR) / "src";
  const std::regex include("^\\s*#\\s*include\\s*\"([^\"]+)\"");
  std::size_t seen = 0;
  for (const auto& entry : fs::recursive_directory_iterator(src)) {
    const auto extension = entry.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    const fs::path below = fs::relative(entry.path(), src);
    std::ifstream in(entry.path());
    std::string line;
    for (int number = 1; std::getline(in, line); ++number) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      ++seen;
      const bool test = entry.path().stem().string().ends_with("_test");
      const std::string problem = fault(rooms, room_of(below), room_of(fs::path(match[1].str())), test);
      EXPECT_EQ(problem, "") << below.string() << ":" << number << ": " << line;
    }
  }
  EXPECT_GT(seen, 20U);
}

TEST(Rooms, TableAndFoldersAgree) {
  const auto rooms = table();
  const fs::path src = fs::path(WEIR_SOURCE_DIR) / "src";
  for (const auto& [name, room] : rooms) {
    EXPECT_TRUE(fs::is_directory(src / name)) << name << " is in src/ROOMS, and there is no such folder";
    for (const std::string& used : room.may_include) {
      ASSERT_TRUE(rooms.contains(used)) << name << " may include " << used << ", which is no room";
      if (used != name) {
        EXPECT_LT(rooms.at(used).level, room.level) << name << " may include " << used << ", which is not above it";
      }
    }
  }
  for (const auto& entry : fs::recursive_directory_iterator(src)) {
    if (entry.path().extension() == ".cc" && entry.path().parent_path() != src) {
      EXPECT_TRUE(rooms.contains(room_of(fs::relative(entry.path(), src)))) << entry.path();
    }
  }
}

TEST(Rooms, AForbiddenIncludeIsFound) {
  std::stringstream text("base | | b\nevent | base | e\n");
  const auto rooms = read_table(text);
  EXPECT_EQ(fault(rooms, "event", "base"), "");
  EXPECT_NE(fault(rooms, "base", "event"), "");
  EXPECT_NE(fault(rooms, "nowhere", "base"), "");
  EXPECT_EQ(fault(rooms, "base", "boost"), "");
  EXPECT_NE(fault(rooms, "base", "event", true), "");
}

}  // namespace

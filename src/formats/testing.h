// For the tests of this room.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "event/decoder.h"
#include "formats/line_parser.h"
#include "formats/replay_plan.h"

namespace weir {

/// A folder of its own for a test, removed at its end.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "weir-formats-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no folder for the test at " << name;
    path_ = name;
  }
  ~TestFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::filesystem::path write(const std::string& name, std::string_view text) const {
    const auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// `2026-03-27T13:06:56Z` as a moment.
inline UnixMillis at(std::string_view rfc3339) {
  const auto moment = parse_rfc3339(rfc3339);
  EXPECT_TRUE(moment.has_value()) << rfc3339;
  return moment.value_or(UnixMillis());
}

/// The fields of an event in one line: `user_id=root ip=192.0.2.1 …`, in the order of Field.
inline std::string fields_of(const EventView& event) {
  std::string out;
  for (std::size_t i = 0; i < kFields; ++i) {
    const auto field = static_cast<Field>(i);
    if (!event.has(field)) continue;
    if (!out.empty()) out += ' ';
    out += std::string(info(field).column) + '=';
    out += info(field).kind == FieldKind::kStatus  ? std::to_string(event.status)
           : info(field).kind == FieldKind::kBytes ? std::to_string(event.bytes)
                                                   : std::string(event[field]);
  }
  return out;
}

/// What a parser makes of a line: `skipped`, `malformed`, or the fields, with `N × ` in front of repeated ones.
inline std::string read(LineParser& parser, std::string_view line) {
  // A copy without anything behind it: the sanitizer sees every step beyond the end.
  const std::vector<char> bytes(line.begin(), line.end());
  switch (parser.parse(std::string_view(bytes.data(), bytes.size()))) {
    case LineKind::kSkipped: return "skipped";
    case LineKind::kMalformed: return "malformed";
    case LineKind::kEvents: break;
  }
  const LineEvent& event = parser.event();
  return (event.repeated ? std::to_string(event.repeat) + " × " : "") + fields_of(event.event);
}

/// All events of a plan, as raw JSON. Pauses are not kept.
inline std::vector<std::string> all_events(ReplayPlan& plan, BatchLimits limits = {}) {
  std::vector<std::string> events;
  RawBatch batch;
  while (true) {
    const auto due = plan.next_due();
    if (!due) {
      ADD_FAILURE() << due.error().message;
      return events;
    }
    if (!*due) return events;
    const Status status = plan.next_batch(limits, **due, batch);
    if (!status || batch.empty()) {
      ADD_FAILURE() << (status ? "an empty batch although an event is due" : status.error().message);
      return events;
    }
    for (std::size_t i = 0; i < batch.size(); ++i) events.emplace_back(batch[i]);
  }
}

}  // namespace weir

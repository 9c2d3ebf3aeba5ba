// Bodies of POST /api/v1/events. The first byte (modulo 4) chooses one event, an array, lines, or binary mode; for the latter the lines up to
// an empty one are headers (`name: value`). The rest is the body.
// What must hold: the pieces stand in the body in order, and what is between them is white space, commas and the array's brackets; an array
// that is JSON gives its elements; in binary mode the event is JSON exactly when its body is, and then says what headers and body said.
#include <nlohmann/json.hpp>
#include <vector>

#include "api/event_bodies.h"
#include "base/check.h"
#include "base/json_text.h"
#include "input.h"

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

/// Whether nlohmann's word counts: it takes a zero byte for the end, skips a byte order mark, and refuses numbers beyond a double.
bool readable(std::string_view text) {
  return text.find('\0') == std::string_view::npos && text.find("\xef\xbb\xbf") == std::string_view::npos &&
         text.find_first_of("eE") == std::string_view::npos && text.size() < 2'000;
}

void check_pieces(BodyMode mode, std::string_view body) {
  std::vector<std::string_view> pieces;
  const bool whole = split_events(mode, body, [&](std::string_view piece) { pieces.push_back(piece); });
  const char* at = body.data();
  std::string between;
  for (const std::string_view piece : pieces) {
    WEIR_CHECK(piece.data() >= at && piece.data() + piece.size() <= body.data() + body.size(),
               "a piece stands elsewhere");
    WEIR_CHECK(!piece.empty() || body.empty());
    between.append(at, piece.data()).append("#");
    at = piece.data() + piece.size();
    if (mode == BodyMode::kLines) WEIR_CHECK(piece.find('\n') == std::string_view::npos);
    if (!event_bodies::trimmed(body).empty()) WEIR_CHECK(event_bodies::trimmed(piece) == piece);
  }
  between.append(at, body.data() + body.size());
  if (whole) {
    std::erase_if(between, event_bodies::is_space);
    std::string expected(pieces.size(), '#');
    if (mode == BodyMode::kBatch) {
      expected = "[";
      for (std::size_t i = 0; i < pieces.size(); ++i) expected += i == 0 ? "#" : ",#";
      expected += ']';
    }
    WEIR_CHECK(between == expected || (pieces.size() == 1 && mode == BodyMode::kOne), "{} between the pieces", between);
  }
  if (mode == BodyMode::kOne) WEIR_CHECK(whole && pieces.size() == 1);
  if (mode != BodyMode::kBatch || !readable(body)) return;
  const Json array = Json::parse(body, nullptr, false);
  const bool is_array = array.is_array();
  bool all_json = whole;
  for (const std::string_view piece : pieces) all_json = all_json && Json::accept(piece);
  WEIR_CHECK(is_array == all_json, "an array is JSON exactly when its pieces are");
  if (!is_array) return;
  WEIR_CHECK(array.size() == pieces.size());
  for (std::size_t i = 0; i < pieces.size(); ++i) WEIR_CHECK(array[i] == Json::parse(pieces[i]));
}

/// nlohmann keeps the last of members with the same name; here they are counted.
std::size_t members(const std::string& object) {
  std::size_t n = 0;
  const nlohmann::json::parser_callback_t count = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json&) {
    if (event == nlohmann::json::parse_event_t::key && depth == 1) ++n;
    return true;
  };
  const nlohmann::json parsed = nlohmann::json::parse(object, count);
  return parsed.is_object() ? n : 0;
}

void check_binary(const HttpRequest& head, std::string_view body) {
  const std::string event = binary_event(head, body);
  if (!readable(body) || !readable(event) || !is_utf8(event)) return;
  const bool json = Json::accept(body);
  if (!json) {
    WEIR_CHECK(!Json::accept(event), "a body that is no JSON became {}", event);
    return;
  }
  const Json made = Json::parse(event, nullptr, false);
  WEIR_CHECK(made.is_object(), "{}", event);
  std::size_t expected = 1;
  for (const auto& [name, value] : head.headers) {
    std::string lower = name;
    for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    if (lower.size() <= 3 || !lower.starts_with("ce-")) continue;
    lower.erase(0, 3);
    if (lower == "data" || lower == "data_base64" || lower == "datacontenttype") continue;
    ++expected;
    WEIR_CHECK(made.contains(lower) && made[lower].is_string(), "the attribute {} is lost: {}", lower, event);
  }
  if (!head.header("Content-Type").empty()) {
    ++expected;
    WEIR_CHECK(made["datacontenttype"] == std::string(head.header("Content-Type")));
  }
  WEIR_CHECK(made["data"] == Json::parse(body), "{}", event);
  WEIR_CHECK(members(event) == expected, "{} members, {} were given: {}", members(event), expected, event);
}

}  // namespace
}  // namespace weir

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, size);
  const auto mode = static_cast<BodyMode>(input.byte() % 4);
  if (mode != BodyMode::kBinary) {
    check_pieces(mode, fuzz::Exact(input.rest()).view());
    return 0;
  }
  HttpRequest head;
  while (!input.empty()) {
    const std::string_view line = input.until('\n');
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    head.headers.emplace_back(line.substr(0, colon),
                              colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1));
  }
  check_binary(head, fuzz::Exact(input.rest()).view());
  return 0;
}

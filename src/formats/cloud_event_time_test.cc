#include "formats/cloud_event_time.h"

#include "formats/testing.h"

namespace weir {
namespace {

/// The values found, each in its quotes, one behind the other.
std::string found(std::string_view json) {
  const std::vector<char> bytes(json.begin(), json.end());
  const std::string_view text(bytes.data(), bytes.size());
  std::vector<Span> spans;
  find_time_values(text, spans);
  std::string out;
  for (const Span& span : spans) out += text.substr(span.from, span.size);
  return out;
}

TEST(CloudEventTime, IsTheOneOfTheEventItself) {
  EXPECT_EQ(found(R"({"time":"a"})"), R"("a")");
  EXPECT_EQ(found(R"( { "x" : 1 , "time" : "a" } )"), R"("a")");
  EXPECT_EQ(found(R"({"data":{"time":"no","x":[{"time":"no"}]},"time":"yes","z":"}"})"), R"("yes")");
  EXPECT_EQ(found(R"({"a":"\"time\":","b":"\\","time":"yes"})"), R"("yes")");
  EXPECT_EQ(found(R"({"time":"a","time":"b"})"), R"("a""b")");
  EXPECT_EQ(found(R"({"a":[1,[2,{"b":null}],"]"],"time":"yes"})"), R"("yes")");
}

TEST(CloudEventTime, OfNothingElse) {
  for (const char* text :
       {"", "{", "{}", "[]", "{\"time\"", "{\"time\":", "{\"time\":\"", "{\"time\":\"a", "{\"time\":\"a\"",
        "{\"time\":5}", "{\"time\":null}", "[{\"time\":\"a\"}]", "{\"Time\":\"a\"}", "{\"x\":{\"time\":\"a\"}}",
        "{time:\"a\"}", "{\"a\\", "\"time\":\"a\"", "{\"time\":{\"time\":\"a\"}}"}) {
    EXPECT_EQ(found(text), "") << text;
  }
}

}  // namespace
}  // namespace weir

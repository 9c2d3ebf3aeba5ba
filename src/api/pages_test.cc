// The page's files, the schemas, the empty lists, and what describes the API.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "api/http_server.h"
#include "api/json_schema.h"
#include "api/openapi.h"
#include "api/page.h"
#include "api/routes_lists.h"
#include "api/test_client.h"

namespace weir {
namespace {

using test::Answer;
using test::ask;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::array kAssets{
    WebAsset{"/assets/app-1a2b.js", "text/javascript; charset=utf-8", "\"e1\"", true, "plain script", "packed script"},
    WebAsset{"/favicon.svg", "image/svg+xml", "\"e2\"", false, "<svg/>", {}},
    WebAsset{"/index.html", "text/html; charset=utf-8", "\"e3\"", false, "<html>index</html>", {}},
};

class PagesTest : public ::testing::Test {
 protected:
  void start(std::span<const WebAsset> assets) {
    table_.add(schema_routes());
    table_.add(empty_list_routes());
    table_.add(openapi_routes(table_));
    table_.set_fallback(page_route(assets));
    server_ = HttpServer::create({{"127.0.0.1:0", "test", &table_}}, 2, metrics_).value();
    port_ = server_->ports().at(0);
  }
  ~PagesTest() override { server_.reset(); }

  Metrics metrics_;
  OpenAuthorizer authorizer_;
  AccessGuard guard_{true, authorizer_};
  ManualClock clock_{UnixMillis(1'700'000'000'000)};
  TaskPool work_{"work", 1, 8};
  TaskPool queries_{"queries", 1, 2};
  RouteTable table_{RouteTable::Context{guard_, work_, queries_, clock_, metrics_}};
  std::unique_ptr<HttpServer> server_;
  std::uint16_t port_ = 0;
};

TEST_F(PagesTest, FilesOfThePage) {
  start(kAssets);
  Answer answer = ask(port_, "GET", "/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "<html>index</html>");
  EXPECT_EQ(answer.header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(answer.header("cache-control"), "no-cache");
  EXPECT_THAT(answer.header("content-security-policy"), HasSubstr("script-src 'self';"));
  EXPECT_THAT(answer.header("content-security-policy"), HasSubstr("frame-ancestors 'none'"));
  EXPECT_THAT(answer.header("content-security-policy"), Not(HasSubstr("unsafe")));
  EXPECT_EQ(answer.header("x-content-type-options"), "nosniff");
  EXPECT_EQ(answer.header("referrer-policy"), "no-referrer");

  answer = ask(port_, "GET", "/assets/app-1a2b.js");
  EXPECT_EQ(answer.body, "plain script");
  EXPECT_EQ(answer.header("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(answer.header("vary"), "Accept-Encoding");
  answer = ask(port_, "GET", "/assets/app-1a2b.js", "", "Accept-Encoding: br, gzip;q=0.5\r\n");
  EXPECT_EQ(answer.body, "packed script");
  EXPECT_EQ(answer.header("content-encoding"), "gzip");
  EXPECT_EQ(ask(port_, "GET", "/assets/app-1a2b.js", "", "Accept-Encoding: gzip;q=0\r\n").body, "plain script");
  answer = ask(port_, "GET", "/favicon.svg", "", "If-None-Match: \"x\", W/\"e2\"\r\n");
  EXPECT_EQ(answer.status, 304);
  EXPECT_EQ(answer.header("etag"), "\"e2\"");

  // The page finds its own way from any path; a file that is not there is not the page.
  for (const char* path : {"/events?type=x&y=%zz", "/findings/abc", "/index.html", "/..%2f..%2fetc%2fpasswd",
                           "//etc/passwd", "/%c0%ae/x", "/entity/user/lena.jonsson", "/entity/ip/203.0.113.47",
                           "/entity/email_domain/a%2fb.example.org", "/findings/f-1.2"}) {
    EXPECT_EQ(ask(port_, "GET", path).body, "<html>index</html>") << path;
  }
  for (const char* path :
       {"/assets/app-0000.js", "/assets/app", "/entity.js", "/robots.txt", "/etc/passwd%00.html", "/.env"})
    EXPECT_EQ(ask(port_, "GET", path).status, 404) << path;
  EXPECT_EQ(ask(port_, "GET", "/%zz").status, 400);
  EXPECT_EQ(ask(port_, "POST", "/", "x").header("allow"), "GET, HEAD");
  EXPECT_EQ(ask(port_, "GET", "/api/nope").header("content-type"), "application/problem+json");
}

TEST_F(PagesTest, WithoutAPageThereIsOneThatSaysSo) {
  start({});
  const Answer answer = ask(port_, "GET", "/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.body, HasSubstr("<title>Weir</title>"));
  EXPECT_THAT(answer.body, HasSubstr("scripts/web build"));
  EXPECT_THAT(answer.header("content-security-policy"), HasSubstr("default-src 'self'"));
}

TEST_F(PagesTest, Schemas) {
  start({});
  for (const TypeInfo& type : event_types()) {
    const Answer answer = ask(port_, "GET", "/schemas/" + std::string(type.name) + ".json");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.header("content-type"), "application/schema+json");
    const auto schema = boost::json::parse(answer.body);
    EXPECT_EQ(schema.at("$schema").as_string(), "https://json-schema.org/draft/2020-12/schema");
    const auto& data = schema.at("properties").at("data");
    EXPECT_EQ(data.at("required").as_array().size(), type.required.size());
    for (const auto& name : data.at("required").as_array())
      EXPECT_TRUE(data.at("properties").as_object().contains(name.as_string()));
    EXPECT_EQ(data.at("properties").as_object().size(), static_cast<std::size_t>(std::popcount(type.allowed)));
  }
  const Answer answer = ask(port_, "GET", "/schemas/account.teleport.json");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, HasSubstr("account.login"));
  EXPECT_EQ(ask(port_, "GET", "/schemas/..%2f..%2fetc%2fpasswd%00.json").status, 404);
}

/// WEIR_WRITE_SCHEMAS=1 writes the files anew.
TEST(Schemas, FilesInTheTreeAreWhatTheTableMakes) {
  for (const TypeInfo& type : event_types()) {
    const auto path = std::filesystem::path("schemas") / (std::string(type.name) + ".json");
    const std::string expected = event_schema(type.type);
    if (std::getenv("WEIR_WRITE_SCHEMAS") != nullptr) {
      std::filesystem::create_directories("schemas");
      std::ofstream(path) << expected;
    }
    std::ifstream file(path);
    ASSERT_TRUE(file) << path << " is missing: run this test with WEIR_WRITE_SCHEMAS=1";
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(text.str(), expected) << path << " is old: run this test with WEIR_WRITE_SCHEMAS=1";
  }
}

TEST_F(PagesTest, FindingsAndRulesAreEmpty) {
  start({});
  const std::string empty = R"({"items":[],"next_cursor":null})";
  EXPECT_EQ(ask(port_, "GET", "/api/v1/findings").body, empty);
  EXPECT_EQ(ask(port_, "GET",
                "/api/v1/"
                "findings?status=new&status=in_progress&level=high&rule=x&entity=user:y&from=now-1d&to=now&limit=1000")
                .body,
            empty);
  EXPECT_EQ(ask(port_, "GET", "/api/v1/rules?limit=1").body, empty);
  for (const char* wrong : {"limit=0", "limit=1001", "limit=", "cursor=AAAA", "cursor=garbage", "cursor=%00",
                            "cursor=eyJhIjoxfQ==", "status=odd", "from=lately", "bogus_parameter=1"}) {
    const Answer answer = ask(port_, "GET", "/api/v1/findings?" + std::string(wrong));
    EXPECT_EQ(answer.status, 400) << wrong;
    EXPECT_THAT(answer.body, HasSubstr(std::string(wrong).substr(0, std::string(wrong).find('='))));
  }
  EXPECT_EQ(ask(port_, "GET", "/api/v1/findings/x").status, 404);
  EXPECT_EQ(ask(port_, "GET", "/api/v1/findings/x/events").status, 404);
  EXPECT_EQ(ask(port_, "PATCH", "/api/v1/findings/x", "{}", "Content-Type: application/json\r\n").status, 404);
  EXPECT_EQ(ask(port_, "DELETE", "/api/v1/findings").status, 405);
}

TEST_F(PagesTest, TheApiDescribesItself) {
  start({});
  const Answer answer = ask(port_, "GET", "/openapi.json");
  EXPECT_EQ(answer.status, 200);
  const auto document = boost::json::parse(answer.body);
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  const auto& paths = document.at("paths").as_object();
  for (const auto& route : table_.routes()) {
    std::string method = route->method;
    std::transform(method.begin(), method.end(), method.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    ASSERT_TRUE(paths.contains(route->path)) << route->path;
    const auto& operation = paths.at(route->path).at(method);
    EXPECT_EQ(operation.at("summary").as_string(), route->summary);
    std::size_t places = 0;
    for (const char c : route->path) places += c == '{';
    const auto* parameters = operation.as_object().if_contains("parameters");
    EXPECT_EQ(parameters == nullptr ? 0 : parameters->as_array().size(), route->query.size() + places) << route->path;
  }
  const Answer docs = ask(port_, "GET", "/docs");
  EXPECT_EQ(docs.status, 200);
  EXPECT_THAT(docs.header("content-type"), HasSubstr("text/html"));
  EXPECT_THAT(docs.header("content-security-policy"), HasSubstr("default-src 'self'"));
  for (const auto& route : table_.routes()) EXPECT_THAT(docs.body, HasSubstr(route->path));
  EXPECT_THAT(docs.body, Not(HasSubstr("<script")));
  EXPECT_THAT(docs.body, Not(HasSubstr("style=")));
  EXPECT_THAT(docs.body, Not(HasSubstr("http://")));
  EXPECT_EQ(ask(port_, "GET", "/docs/docs.css").header("content-type"), "text/css; charset=utf-8");
}

}  // namespace
}  // namespace weir

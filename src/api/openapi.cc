#include "api/openapi.h"

#include <fmt/format.h>

#include "api/page.h"
#include "base/json_text.h"
#include "base/version.h"

namespace weir {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string type_schema(const Param& param) {
  switch (param.type) {
    case ParamType::kText: return fmt::format(R"({{"type":"string","maxLength":{}}})", param.longest);
    case ParamType::kInteger: {
      std::string out = fmt::format(R"({{"type":"integer","minimum":{},"maximum":{})", param.least, param.most);
      if (!param.default_value.empty()) out += ",\"default\":" + param.default_value;
      return out + "}";
    }
    case ParamType::kTime: {
      std::string out = R"({"type":"string","description":"RFC 3339, now, or now-15m, now-2h, now-7d")";
      if (!param.default_value.empty()) out += ",\"default\":" + quoted(param.default_value);
      return out + "}";
    }
    case ParamType::kChoice: {
      std::string list;
      for (const std::string& choice : param.choices) list += (list.empty() ? "" : ",") + quoted(choice);
      std::string out = "{\"enum\":[" + list + "]";
      if (!param.default_value.empty()) out += ",\"default\":" + quoted(param.default_value);
      return out + "}";
    }
    case ParamType::kCursor: return R"({"type":"string"})";
  }
  return "{}";
}

/// Names of the {…} in a path.
std::vector<std::string> places(std::string_view path) {
  std::vector<std::string> out;
  for (auto open = path.find('{'); open != std::string_view::npos; open = path.find('{', open + 1)) {
    out.emplace_back(path.substr(open + 1, path.find('}', open) - open - 1));
  }
  return out;
}

std::string_view scope_name(Scope scope) {
  switch (scope) {
    case Scope::kOpen: return "";
    case Scope::kRead: return "read";
    case Scope::kWrite: return "write";
    case Scope::kAdmin: return "admin";
  }
  return "";
}

std::string operation(const Route& route) {
  std::string out = "{\"summary\":" + quoted(route.summary);
  std::string parameters;
  for (const std::string& place : places(route.path)) {
    parameters += fmt::format(R"({}{{"name":{},"in":"path","required":true,"schema":{{"type":"string"}}}})",
                              parameters.empty() ? "" : ",", quoted(place));
  }
  for (const Param& param : route.query) {
    const std::string schema =
        param.repeated ? R"({"type":"array","items":)" + type_schema(param) + "}" : type_schema(param);
    parameters += fmt::format(R"({}{{"name":{},"in":"query","required":{},"description":{},"schema":{}}})",
                              parameters.empty() ? "" : ",", quoted(param.name), param.required,
                              quoted(param.description), schema);
  }
  if (!parameters.empty()) out += ",\"parameters\":[" + parameters + "]";
  if (!route.consumes.empty()) {
    std::string types;
    for (const std::string& type : route.consumes) types += (types.empty() ? "" : ",") + quoted(type) + ":{}";
    out += ",\"requestBody\":{\"required\":true,\"content\":{" + types + "}}";
  }
  out += fmt::format(
      R"(,"responses":{{"{}":{{"description":{},"content":{{{}:{{{}}}}}}},"default":{{"description":"What went wrong (RFC 9457).","content":{{"application/problem+json":{{"schema":{{"$ref":"#/components/schemas/Problem"}}}}}}}}}})",
      route.success, quoted(status_phrase(route.success)), quoted(route.produces),
      route.schema.empty() ? "" : "\"schema\":" + route.schema);
  const std::string_view scope = scope_name(route.scope);
  if (scope.empty()) {
    out += ",\"security\":[]";
  } else {
    out += fmt::format(R"(,"security":[{{"token":["{}"]}}])", scope);
  }
  return out + "}";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '&': out += "&amp;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string_view kind_of(const Param& param) {
  switch (param.type) {
    case ParamType::kText: return "text";
    case ParamType::kInteger: return "whole number";
    case ParamType::kTime: return "time";
    case ParamType::kChoice: return "choice";
    case ParamType::kCursor: return "cursor";
  }
  return "";
}

constexpr std::string_view kStyle = R"(:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{font-size:1.1rem;margin:2.5rem 0 .25rem;font-family:ui-monospace,monospace}
p{margin:.25rem 0}
table{border-collapse:collapse;margin:.5rem 0;width:100%}
th,td{text-align:left;vertical-align:top;padding:.2rem .75rem .2rem 0;border-bottom:1px solid #8884}
code{font-family:ui-monospace,monospace;overflow-wrap:anywhere}
.note{opacity:.75}
)";

std::string docs_page(const RouteTable& table) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Weir: API</title>"
      "<meta name=\"viewport\" content=\"width=device-width\"><link rel=\"stylesheet\" "
      "href=\"/docs/docs.css\"></head><body>\n"
      "<h1>Weir: API</h1>\n<p>Version ";
  out += kVersion;
  out +=
      ". The same as <a href=\"/openapi.json\">OpenAPI 3.1</a>; event types as JSON Schema at "
      "<code>/schemas/TYPE.json</code>.</p>\n"
      "<p>Times are RFC 3339, UTC, with milliseconds; parameters also take <code>now</code>, <code>now-15m</code>, "
      "<code>now-2h</code>, "
      "<code>now-7d</code>. Errors are <code>application/problem+json</code> and say what to do. Where tokens exist, "
      "send "
      "<code>Authorization: Bearer TOKEN</code>.</p>\n";
  for (const auto& route : table.routes()) {
    out += fmt::format("<h2>{} {}</h2>\n<p>{}</p>\n", escaped(route->method), escaped(route->path),
                       escaped(route->summary));
    std::string note = "Answers " + std::to_string(route->success) + ", " + route->produces + ".";
    if (!route->consumes.empty()) {
      std::string types;
      for (const std::string& type : route->consumes) types += (types.empty() ? "" : ", ") + type;
      note += " Takes " + types + ".";
    }
    if (route->scope != Scope::kOpen) note += fmt::format(" Scope: {}.", scope_name(route->scope));
    out += "<p class=\"note\">" + escaped(note) + "</p>\n";
    if (route->query.empty()) continue;
    out += "<table><tr><th>parameter</th><th>kind</th><th>default</th><th>meaning</th></tr>\n";
    for (const Param& param : route->query) {
      std::string meaning = param.description;
      if (param.required) meaning = "Required. " + meaning;
      if (param.repeated) meaning += " Given several times, any of them.";
      if (!param.choices.empty()) {
        std::string choices;
        for (const std::string& choice : param.choices) choices += (choices.empty() ? "" : ", ") + choice;
        meaning += " One of: " + choices + ".";
      }
      out += fmt::format("<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td>{}</td></tr>\n", escaped(param.name),
                         kind_of(param), escaped(param.default_value), escaped(meaning));
    }
    out += "</table>\n";
  }
  return out + "</body></html>\n";
}

}  // namespace

std::string openapi_document(const RouteTable& table) {
  // Methods of one path stand together.
  std::vector<std::pair<std::string, std::string>> paths;
  for (const auto& route : table.routes()) {
    std::string method = route->method;
    std::transform(method.begin(), method.end(), method.begin(), [](char c) { return static_cast<char>(c | 0x20); });
    auto found = std::find_if(paths.begin(), paths.end(), [&](const auto& path) { return path.first == route->path; });
    if (found == paths.end()) found = paths.insert(paths.end(), {route->path, ""});
    found->second += fmt::format("{}\"{}\":{}", found->second.empty() ? "" : ",", method, operation(*route));
  }
  std::string out = fmt::format(
      R"({{"openapi":"3.1.0","info":{{"title":"Weir","version":"{}","description":"Real-time abuse monitoring on an event stream.","license":{{"name":"Apache-2.0","identifier":"Apache-2.0"}}}},"servers":[{{"url":"/"}}],"paths":{{)",
      kVersion);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    out += fmt::format("{}{}:{{{}}}", i == 0 ? "" : ",", quoted(paths[i].first), paths[i].second);
  }
  out +=
      R"(},"components":{"securitySchemes":{"token":{"type":"http","scheme":"bearer"}},"schemas":{"Problem":{"type":"object","required":["type","title","status","detail"],"properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},"parameter":{"type":"string"},"field":{"type":"string"}}}}}})";
  return out + "\n";
}

std::vector<Route> openapi_routes(const RouteTable& table) {
  std::vector<Route> routes;
  routes.push_back({.method = "GET",
                    .path = "/openapi.json",
                    .summary = "This API as OpenAPI 3.1.",
                    .scope = Scope::kOpen,
                    .answer = [&table](const RouteRequest&) { return json_response(openapi_document(table)); }});
  routes.push_back({.method = "GET",
                    .path = "/docs",
                    .summary = "This API for people.",
                    .scope = Scope::kOpen,
                    .answer =
                        [&table](const RouteRequest&) {
                          HttpResponse response;
                          add_page_headers(response);
                          response.headers.emplace_back("Cache-Control", "no-cache");
                          response.content_type = "text/html; charset=utf-8";
                          response.body = docs_page(table);
                          return response;
                        },
                    .produces = "text/html"});
  routes.push_back({.method = "GET",
                    .path = "/docs/docs.css",
                    .summary = "The style of /docs.",
                    .scope = Scope::kOpen,
                    .answer =
                        [](const RouteRequest&) {
                          HttpResponse response;
                          add_page_headers(response);
                          response.content_type = "text/css; charset=utf-8";
                          response.fixed_body = kStyle;
                          return response;
                        },
                    .produces = "text/css"});
  return routes;
}

}  // namespace weir

#include "api/routes.h"

#include <fmt/format.h>

#include <charconv>

#include "api/problem.h"
#include "base/check.h"
#include "base/json_text.h"
#include "base/log.h"
#include "queries/time_range.h"

namespace weir {
namespace {

constexpr std::size_t kLongestCursor = 400;

std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> out;
  path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    out.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    path.remove_prefix(slash + 1);
  }
}

/// What {…} of `pattern` matched, if `segment` fits.
bool fits(std::string_view pattern, std::string_view segment, std::vector<std::string_view>& captured) {
  if (pattern.empty() || pattern.front() != '{') return pattern == segment;
  const std::string_view suffix = pattern.substr(pattern.find('}') + 1);
  if (segment.size() <= suffix.size() || !segment.ends_with(suffix)) return false;
  captured.push_back(segment.substr(0, segment.size() - suffix.size()));
  return true;
}

std::string_view name_of(Scope scope) {
  switch (scope) {
    case Scope::kOpen: return "";
    case Scope::kRead: return "read";
    case Scope::kWrite: return "write";
    case Scope::kAdmin: return "admin";
  }
  return "admin";
}

bool below_api(std::string_view path) { return path == "/api" || path.starts_with("/api/"); }

/// Methods as metric labels: a closed set, whatever clients invent.
std::string method_label(const std::string& method) {
  for (const char* known : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    if (method == known) return method;
  }
  return "other";
}

/// Counts the answer, whoever sends it.
class CountingSink final : public HttpReply::Sink {
 public:
  CountingSink(HttpReply inner, Metrics& metrics, std::string route, std::string method)
      : inner_(std::move(inner)), metrics_(metrics), route_(std::move(route)), method_(std::move(method)) {}
  void send(HttpResponse response) override {
    count(response.status);
    inner_.send(std::move(response));
  }
  std::shared_ptr<ResponseStream> stream(HttpResponse head, std::size_t limit) override {
    count(head.status);
    return inner_.stream(std::move(head), limit);
  }

 private:
  void count(int status) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began_;
    metrics_.http_requests(route_, method_, status).Increment();
    metrics_.http_request_seconds(route_).Observe(took.count());
  }
  const HttpReply inner_;
  Metrics& metrics_;
  const std::string route_, method_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

HttpResponse wrong_parameter(std::string_view name, std::string why) {
  return problem({.status = 400,
                  .detail = "The parameter '" + std::string(name) + "' " + std::move(why) + ".",
                  .parameter = std::string(name)});
}

}  // namespace

Param limit_param(std::int64_t default_value) {
  return {.name = "limit",
          .type = ParamType::kInteger,
          .description = "How many items at most.",
          .default_value = std::to_string(default_value),
          .least = 1,
          .most = 1000};
}

Param cursor_param() {
  return {.name = "cursor",
          .type = ParamType::kCursor,
          .description = "Where to go on: `next_cursor` of the answer before.",
          .longest = kLongestCursor};
}

bool Params::has(std::string_view name) const { return !value(name).texts.empty(); }

const Params::Value& Params::value(std::string_view name) const {
  const auto found = values_.find(name);
  WEIR_CHECK(found != values_.end(), "the route declares no parameter {}", name);
  return found->second;
}

const std::string& Params::text(std::string_view name) const {
  static const std::string kNone;
  const Value& v = value(name);
  return v.texts.empty() ? kNone : v.texts.front();
}

const std::vector<std::string>& Params::all(std::string_view name) const { return value(name).texts; }

std::optional<std::int64_t> Params::integer(std::string_view name) const {
  const Value& v = value(name);
  WEIR_CHECK(v.type == ParamType::kInteger, "{} is no integer parameter", name);
  return v.texts.empty() ? std::nullopt : std::optional(v.number);
}

std::optional<UnixMillis> Params::time(std::string_view name) const {
  const Value& v = value(name);
  WEIR_CHECK(v.type == ParamType::kTime, "{} is no time parameter", name);
  return v.texts.empty() ? std::nullopt : std::optional(UnixMillis(v.number));
}

HttpResponse json_response(std::string body, int status) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/json";
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.body = std::move(body);
  return response;
}

void RouteTable::add(Route route) {
  WEIR_CHECK(!route.answer != !route.later, "{} {} needs one handler", route.method, route.path);
  for (const auto& other : routes_) {
    WEIR_CHECK(other->method != route.method || other->path != route.path, "{} {} twice", route.method, route.path);
  }
  segments_.push_back(split_path(route.path));
  routes_.push_back(std::make_shared<const Route>(std::move(route)));
}

void RouteTable::add(std::vector<Route> routes) {
  for (Route& route : routes) add(std::move(route));
}

void RouteTable::set_fallback(Route route) { fallback_ = std::make_shared<const Route>(std::move(route)); }

RouteTable::Match RouteTable::match(const HttpRequest& request) const {
  Match match;
  const std::vector<std::string> segments = split_path(request.path);
  const std::string_view wanted = request.method == "HEAD" ? std::string_view("GET") : std::string_view(request.method);
  std::string allowed;
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (segments_[i].size() != segments.size()) continue;
    std::vector<std::string_view> captured;
    bool same = true;
    for (std::size_t k = 0; same && k < segments.size(); ++k) same = fits(segments_[i][k], segments[k], captured);
    if (!same) continue;
    if (routes_[i]->method != wanted) {
      if (!allowed.empty()) allowed += ", ";
      allowed += routes_[i]->method;
      if (routes_[i]->method == "GET") allowed += ", HEAD";
      continue;
    }
    match.route = routes_[i];
    for (const std::string_view part : captured) {
      auto decoded = percent_decode(part, false);
      if (!decoded || !is_utf8(*decoded)) {
        match.refusal = problem({.status = 400, .detail = "The path of the request is not percent-encoded UTF-8."});
        return match;
      }
      match.path.push_back(*std::move(decoded));
    }
    return match;
  }
  if (!allowed.empty()) {
    match.refusal = problem({.status = 405, .detail = request.path + " takes " + allowed + "."});
    match.refusal->headers.emplace_back("Allow", allowed);
  } else if (fallback_ && !below_api(request.path)) {
    match.route = fallback_;
    if (wanted != "GET") {
      match.refusal = problem({.status = 405, .detail = "The page's files can only be read."});
      match.refusal->headers.emplace_back("Allow", "GET, HEAD");
    }
  } else {
    match.refusal =
        problem({.status = 404, .detail = "There is nothing at " + request.path + ". /docs lists what there is."});
  }
  return match;
}

std::optional<HttpResponse> RouteTable::check_query(const Route& route, const HttpRequest& request, UnixMillis now,
                                                    Params& out) const {
  for (const Param& param : route.query) out.values_[param.name].type = param.type;
  std::string_view rest = request.query;
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decode(pair.substr(0, equals), true);
    const auto text = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    const std::string shown = name && is_utf8(*name) ? *name : std::string(pair.substr(0, equals));
    const auto found =
        std::find_if(route.query.begin(), route.query.end(), [&](const Param& p) { return p.name == shown; });
    if (found == route.query.end()) {
      std::string known;
      for (const Param& p : route.query) known += (known.empty() ? "" : ", ") + p.name;
      return wrong_parameter(shown.substr(0, 200),
                             "is not known here; " + (known.empty() ? "this call takes none" : "known are: " + known));
    }
    if (!text || !is_utf8(*text)) return wrong_parameter(shown, "is not percent-encoded UTF-8");
    const Param& param = *found;
    if (text->size() > param.longest)
      return wrong_parameter(shown, "is longer than " + std::to_string(param.longest) + " bytes");
    Params::Value& value = out.values_[param.name];
    if (!value.texts.empty() && !param.repeated) return wrong_parameter(shown, "is given twice");
    if (value.texts.size() >= 100) return wrong_parameter(shown, "is given more than 100 times");
    value.texts.push_back(*text);
  }
  for (const Param& param : route.query) {
    Params::Value& value = out.values_[param.name];
    if (value.texts.empty()) {
      if (param.required) return wrong_parameter(param.name, "is missing");
      if (param.default_value.empty()) continue;
      value.texts.push_back(param.default_value);
    }
    for (const std::string& text : value.texts) {
      switch (param.type) {
        case ParamType::kText: break;
        case ParamType::kInteger: {
          const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value.number);
          if (text.empty() || error != std::errc() || end != text.data() + text.size() || value.number < param.least ||
              value.number > param.most) {
            return wrong_parameter(param.name,
                                   fmt::format("is not a whole number from {} to {}", param.least, param.most));
          }
          break;
        }
        case ParamType::kTime: {
          const auto time = parse_time(text, now);
          if (!time) {
            return wrong_parameter(
                param.name, "is not a time: give RFC 3339 (2026-01-31T12:00:00Z), now, or now-15m, now-2h, now-7d");
          }
          value.number = time->value;
          break;
        }
        case ParamType::kChoice:
          if (std::find(param.choices.begin(), param.choices.end(), text) == param.choices.end()) {
            std::string known;
            for (const std::string& choice : param.choices) known += (known.empty() ? "" : ", ") + choice;
            return wrong_parameter(param.name, "is not one of: " + known);
          }
          break;
        case ParamType::kCursor:
          if (text.empty() ||
              text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") !=
                  std::string::npos) {
            return wrong_parameter(param.name, "is not one that an answer gave as next_cursor");
          }
          break;
      }
    }
  }
  return std::nullopt;
}

Admission RouteTable::admit(const HttpRequest& head) {
  Admission admission;
  Match found = match(head);
  const Scope scope = found.route != nullptr ? found.route->scope : Scope::kOpen;
  // A stranger is told nothing, not even what exists.
  admission.refusal = context_.guard.check(head, name_of(scope), bearer_token(head));
  if (!admission.refusal) admission.refusal = std::move(found.refusal);
  if (!admission.refusal && !found.route->consumes.empty()) {
    admission.body_limit = found.route->body_limit;
    if (found.route->checks_content_type) {
      const std::string type = media_type(head.header("Content-Type"));
      const auto& known = found.route->consumes;
      if (std::find(known.begin(), known.end(), type) == known.end()) {
        std::string list;
        for (const std::string& one : known) list += (list.empty() ? "" : ", ") + one;
        admission.refusal = problem({.status = 415, .detail = "The Content-Type of the body is to be " + list + "."});
      } else if (const auto coding = head.header("Content-Encoding");
                 !coding.empty() && !equal_ignoring_case(coding, "identity")) {
        admission.refusal =
            problem({.status = 415, .detail = "This body is not unpacked here. Send it without Content-Encoding."});
      }
    }
  } else if (!admission.refusal) {
    admission.body_limit = 64 * 1024;
  }
  if (!admission.refusal && found.route->admit) admission.refusal = found.route->admit(head);
  if (admission.refusal) {
    const std::string route = found.route != nullptr ? found.route->path : "none";
    context_.metrics.http_requests(route, method_label(head.method), admission.refusal->status).Increment();
  }
  return admission;
}

HttpResponse RouteTable::guarded(const Route& route, const RouteRequest& request) {
  try {
    return route.answer(request);
  } catch (const std::bad_alloc&) {
    return problem(
        {.status = 503, .detail = "There is not enough memory for this answer. Ask for less, or try again later."});
  } catch (const std::exception& error) {
    log::error("http: {} {} met an exception: {}", route.method, route.path, error.what());
    return problem({.status = 500, .detail = "Something in Weir failed; its log says what. Please report it."});
  }
}

void RouteTable::handle(std::shared_ptr<HttpRequest> request, HttpReply inner) {
  Match found = match(*request);
  const std::shared_ptr<const Route> shared = found.route;
  const Route& route = *shared;  // admit() has refused what matches none
  const HttpReply reply(
      std::make_shared<CountingSink>(std::move(inner), context_.metrics, route.path, method_label(request->method)));
  auto routed = std::make_shared<RouteRequest>();
  routed->http = std::move(request);
  routed->path = std::move(found.path);
  routed->now = context_.clock.now();
  if (auto refusal =
          !route.checks_query ? std::nullopt : check_query(route, *routed->http, routed->now, routed->query)) {
    reply.send(*std::move(refusal));
    return;
  }
  const auto run = [shared, routed, reply] {
    const Route& route = *shared;
    if (!route.later) {
      reply.send(guarded(route, *routed));
      return;
    }
    try {
      route.later(routed, reply);
    } catch (const std::exception& error) {
      log::error("http: {} {} met an exception: {}", route.method, route.path, error.what());
      reply.send(problem({.status = 500, .detail = "Something in Weir failed; its log says what. Please report it."}));
    }
  };
  if (route.run == Run::kInline) {
    run();
    return;
  }
  TaskPool& pool = route.run == Run::kWork ? context_.work : context_.queries;
  if (!pool.try_run(run)) {
    reply.send(problem({.status = 503,
                        .detail = "Too many requests are waiting for an answer. Try again shortly.",
                        .retry_after_seconds = 1}));
  }
}

}  // namespace weir

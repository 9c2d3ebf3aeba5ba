#include "api/routes_ingest.h"

#include <fmt/format.h>

#include "api/decompress.h"
#include "api/event_bodies.h"
#include "api/problem.h"
#include "base/json_text.h"
#include "base/log.h"

namespace weir {
namespace {

constexpr std::size_t kMostBytes = 16 * 1024 * 1024;
/// Splitting this much takes well under a millisecond: an io thread can do that itself.
constexpr std::size_t kInlineBytes = 512 * 1024;
/// An item of the answer of validate is larger than the smallest event; this bounds the answer.
constexpr std::size_t kMostVerdicts = 100'000;

static_assert(HttpBody::kPadding >= Decoder::kPadding);

std::optional<HttpResponse> refuse(const HttpRequest& head) {
  if (!body_mode(head)) {
    return problem(
        {.status = 415,
         .detail = "Send events as application/cloudevents+json (one), application/cloudevents-batch+json (an array), "
                   "application/x-ndjson (one a line), or as JSON with ce-* headers (binary mode)."});
  }
  if (!content_coding(head.header("Content-Encoding"))) {
    return problem({.status = 415, .detail = "The Content-Encoding of events is gzip, zstd, or none."});
  }
  return std::nullopt;
}

/// Unpacks the body in its place. An answer when that fails.
std::optional<HttpResponse> unpack(HttpRequest& request, std::shared_ptr<HttpBody>& unpacked) {
  if (request.body.empty()) return problem({.status = 400, .detail = "The body is empty. Send at least one event."});
  const ContentCoding coding = content_coding(request.header("Content-Encoding")).value();
  if (coding == ContentCoding::kNone) return std::nullopt;
  unpacked = std::make_shared<HttpBody>(request.body.budget());
  const Status status = decompress(coding, request.body.view(), kMostBytes, *unpacked);
  request.body.clear();
  if (!status) {
    if (status.error().code == Code::kDenied) return problem({.status = 413, .detail = status.error().message});
    return problem(status.error());
  }
  if (unpacked->empty()) return problem({.status = 400, .detail = "The body is empty. Send at least one event."});
  return std::nullopt;
}

/// Calls `each(bytes, padded)` for every event of the body. `again` is called when what came so far does not count.
template <class Each, class Again>
void for_each_event(const HttpRequest& head, std::string_view body, Each each, Again again) {
  const BodyMode mode = body_mode(head).value();
  if (mode == BodyMode::kBinary) {
    std::string event = binary_event(head, body);
    const std::size_t size = event.size();
    event.append(HttpBody::kPadding, '\0');
    each(std::string_view(event).substr(0, size));
    return;
  }
  if (!split_events(mode, body, each)) {
    again();
    const std::string_view one = event_bodies::trimmed(body);
    each(one.empty() ? body : one);
  }
}

class Ingest : public std::enable_shared_from_this<Ingest> {
 public:
  Ingest(LogAppender& log, TaskPool& work, Metrics& metrics) : log_(log), work_(work), metrics_(metrics) {}

  void handle(const std::shared_ptr<RouteRequest>& request, const HttpReply& reply) const {
    const HttpRequest& http = *request->http;
    if (http.body.size() <= kInlineBytes && !http.has_header("Content-Encoding")) {
      take(*request->http, reply);
      return;
    }
    if (!work_.try_run([self = shared_from_this(), request, reply] {
          try {
            self->take(*request->http, reply);
          } catch (const std::exception& error) {
            log::error("http: taking events met an exception: {}", error.what());
            reply.send(problem(
                {.status = 503,
                 .detail = "There is not enough memory for this body. Send smaller ones, or try again later."}));
          }
        })) {
      reply.send(problem({.status = 503,
                          .detail = "Too many large bodies are waiting. Try again shortly.",
                          .retry_after_seconds = 1}));
    }
  }

 private:
  void take(HttpRequest& request, const HttpReply& reply) const {
    std::shared_ptr<HttpBody> unpacked;
    if (auto refusal = unpack(request, unpacked)) {
      reply.send(*std::move(refusal));
      return;
    }
    const std::string_view body = unpacked ? unpacked->view() : request.body.view();
    thread_local IdentityReader identity;
    const std::uint32_t partitions = log_.partitions();
    std::vector<PartitionBatch> batches(partitions);
    const auto reset = [&] {
      for (std::uint32_t i = 0; i < partitions; ++i) {
        batches[i].partition = PartitionId(i);
        batches[i].events.clear();
        // Spread evenly, with an eighth to spare; 256 bytes an event.
        const std::size_t share = body.size() / partitions;
        batches[i].events.reserve(share / 256 + 16, share + share / 8 + 256);
      }
    };
    reset();
    std::size_t events = 0;
    for_each_event(
        request, body,
        [&](std::string_view event) {
          batches[identity.partition(event, partitions, true)].events.add(event);
          ++events;
        },
        [&] {
          reset();
          events = 0;
        });
    request.body.clear();
    unpacked.reset();
    std::erase_if(batches, [](const PartitionBatch& batch) { return batch.events.empty(); });
    if (events == 0) {
      reply.send(json_response(R"({"received":0})", 202));
      return;
    }
    log_.append(std::move(batches), [events, reply, &metrics = metrics_](const Status& status) {
      if (!status) {
        reply.send(problem(status.error()));
        return;
      }
      metrics.events_received.Increment(static_cast<double>(events));
      reply.send(json_response(fmt::format(R"({{"received":{}}})", events), 202));
    });
  }

  LogAppender& log_;
  TaskPool& work_;
  Metrics& metrics_;
};

HttpResponse validate(const RouteRequest& request, DecodeLimits limits) {
  std::shared_ptr<HttpBody> unpacked;
  if (auto refusal = unpack(*request.http, unpacked)) return *std::move(refusal);
  const std::string_view body = unpacked ? unpacked->view() : request.http->body.view();
  Decoder decoder(limits);
  EventView event;
  std::string items;
  std::size_t index = 0;
  for_each_event(
      *request.http, body,
      [&](std::string_view raw) {
        if (index >= kMostVerdicts) {
          ++index;
          return;
        }
        Reject reject;
        fmt::format_to(std::back_inserter(items), R"({}{{"index":{},)", index == 0 ? "" : ",", index);
        ++index;
        if (decoder.decode(raw, request.now, true, event, reject)) {
          items += R"("verdict":"ok","reason":null,"field":null,"message":null})";
          return;
        }
        items += R"("verdict":"rejected","reason":")";
        items += reason_name(reject.reason);
        items += R"(","field":)";
        if (reject.field.empty()) {
          items += "null";
        } else {
          append_json_string(items, reject.field);
        }
        items += R"(,"message":)";
        append_json_string(items, reject.message);
        items += '}';
      },
      [&] {
        items.clear();
        index = 0;
      });
  if (index > kMostVerdicts) {
    return problem({.status = 413,
                    .detail = fmt::format("The body has {} events; at most {} are validated in one request. Split it.",
                                          index, kMostVerdicts)});
  }
  return json_response("{\"items\":[" + items + "]}");
}

const std::vector<std::string>& taken_types() {
  static const std::vector<std::string> kTypes{"application/cloudevents+json", "application/cloudevents-batch+json",
                                               "application/x-ndjson", "application/json"};
  return kTypes;
}

}  // namespace

std::vector<Route> ingest_routes(LogAppender& log, TaskPool& work, Metrics& metrics, DecodeLimits limits) {
  const auto ingest = std::make_shared<Ingest>(log, work, metrics);  // shared: std::function copies what it holds
  std::vector<Route> routes;
  routes.push_back(
      {.method = "POST",
       .path = "/api/v1/events",
       .summary = "Takes events. Answers once they are durable; what is no event is counted too, and rejected later.",
       .scope = Scope::kWrite,
       .admit = refuse,
       .later = [ingest](const std::shared_ptr<RouteRequest>& request,
                         const HttpReply& reply) { ingest->handle(request, reply); },
       .consumes = taken_types(),
       .checks_content_type = false,
       .body_limit = kMostBytes,
       .success = 202,
       .schema = R"({"type":"object","required":["received"],"properties":{"received":{"type":"integer"}}})"});
  routes.push_back(
      {.method = "POST",
       .path = "/api/v1/events/validate",
       .summary = "Says of each event whether it would be admitted, and why not. Stores nothing.",
       .scope = Scope::kWrite,
       .run = Run::kWork,
       .admit = refuse,
       .answer = [limits](const RouteRequest& request) { return validate(request, limits); },
       .consumes = taken_types(),
       .checks_content_type = false,
       .body_limit = kMostBytes,
       .schema =
           R"({"type":"object","required":["items"],"properties":{"items":{"type":"array","items":{"type":"object","required":["index","verdict","reason","field","message"],"properties":{"index":{"type":"integer"},"verdict":{"enum":["ok","rejected"]},"reason":{"type":["string","null"]},"field":{"type":["string","null"]},"message":{"type":["string","null"]}}}}}})"});
  return routes;
}

}  // namespace weir

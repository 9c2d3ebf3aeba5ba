#include "base/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>

#include "base/version.h"

namespace weir {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

// 1 ms to 60 s: what a person notices, with steps around the promised 150 ms.
const Buckets& latency_buckets() {
  static const Buckets buckets{0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1,
                               0.15,  0.2,   0.3,   0.5,  1,    2,    5,    10,    60};
  return buckets;
}

prometheus::Counter& counter(prometheus::Registry& r, const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(r).Add({});
}
prometheus::Gauge& gauge(prometheus::Registry& r, const char* name, const char* help) {
  return prometheus::BuildGauge().Name(name).Help(help).Register(r).Add({});
}
prometheus::Histogram& histogram(prometheus::Registry& r, const char* name, const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(r).Add({}, latency_buckets());
}

}  // namespace

Metrics::Metrics() : Metrics(std::make_shared<prometheus::Registry>()) {}

Metrics::Metrics(std::shared_ptr<prometheus::Registry> registry)
    : events_received(counter(*registry, "weir_events_received_total", "Events taken into the log by this process.")),
      events_duplicate(
          counter(*registry, "weir_events_duplicate_total", "Events seen before within the deduplication window.")),
      events_late(counter(*registry, "weir_events_late_total",
                          "Admitted events whose time is over a minute behind their arrival.")),
      worker_batches(counter(*registry, "weir_worker_batches_total", "Batches committed.")),
      worker_retries(
          counter(*registry, "weir_worker_retries_total", "Attempts to write a batch that had to be made again.")),
      freshness_seconds(
          histogram(*registry, "weir_freshness_seconds", "From the arrival of an event to its row being selectable.")),
      store_insert_seconds(histogram(*registry, "weir_store_insert_seconds", "Writing one batch to all tables.")),
      store_insert_failures(counter(*registry, "weir_store_insert_failures_total", "Writes to the store that failed.")),
      log_append_seconds(
          histogram(*registry, "weir_log_append_seconds", "From an append to its being durable in the log.")),
      http_connections(gauge(*registry, "weir_http_connections", "Open HTTP connections.")),
      dedupe_identities(gauge(*registry, "weir_dedupe_identities", "Identities (source + id) held for deduplication.")),
      dedupe_window_seconds(
          gauge(*registry, "weir_dedupe_window_seconds",
                "Deduplication window in force; smaller than configured when the memory bound shortens it.")),
      rollup_differences(gauge(*registry, "weir_rollup_differences",
                               "Hours whose rollups do not count what the rows of events say, as last looked at.")),
      live_clients_dropped(
          counter(*registry, "weir_live_clients_dropped_total", "Live clients cut off because they read too slowly.")),
      registry_(std::move(registry)),
      admitted_(prometheus::BuildCounter()
                    .Name("weir_events_admitted_total")
                    .Help("Events admitted, by type.")
                    .Register(*registry_)),
      rejected_(prometheus::BuildCounter()
                    .Name("weir_events_rejected_total")
                    .Help("Events rejected, by reason.")
                    .Register(*registry_)),
      lag_(prometheus::BuildGauge()
               .Name("weir_worker_lag_events")
               .Help("Events in the log that are not committed yet.")
               .Register(*registry_)),
      requests_(prometheus::BuildCounter()
                    .Name("weir_http_requests_total")
                    .Help("HTTP requests answered.")
                    .Register(*registry_)),
      request_seconds_(prometheus::BuildHistogram()
                           .Name("weir_http_request_seconds")
                           .Help("Time to answer an HTTP request.")
                           .Register(*registry_)),
      findings_(
          prometheus::BuildGauge().Name("weir_findings_open").Help("Open findings, by level.").Register(*registry_)),
      queue_(prometheus::BuildGauge().Name("weir_queue_bytes").Help("Bytes waiting in a queue.").Register(*registry_)),
      queue_limit_(
          prometheus::BuildGauge().Name("weir_queue_limit_bytes").Help("Bound of a queue.").Register(*registry_)) {
  prometheus::BuildGauge()
      .Name("weir_build_info")
      .Help("Always 1; the labels say what runs.")
      .Register(*registry_)
      .Add({{"version", std::string(kVersion)}})
      .Set(1);
  for (const char* level : {"informational", "low", "medium", "high", "critical"}) findings_open(level).Set(0);
}

void Metrics::observe_freshness(double seconds, std::uint64_t events) {
  const Buckets& bounds = latency_buckets();
  std::vector<double> increments(bounds.size() + 1);
  const auto bucket = std::ranges::lower_bound(bounds, seconds) - bounds.begin();
  increments[static_cast<std::size_t>(bucket)] = static_cast<double>(events);
  freshness_seconds.ObserveMultiple(increments, seconds * static_cast<double>(events));
}

std::string Metrics::text() const { return prometheus::TextSerializer().Serialize(registry_->Collect()); }

prometheus::Counter& Metrics::events_admitted(const std::string& type) { return admitted_.Add({{"type", type}}); }
prometheus::Counter& Metrics::events_rejected(const std::string& reason) { return rejected_.Add({{"reason", reason}}); }
prometheus::Gauge& Metrics::worker_lag(unsigned partition) {
  return lag_.Add({{"partition", std::to_string(partition)}});
}
prometheus::Counter& Metrics::http_requests(const std::string& route, const std::string& method, int code) {
  return requests_.Add({{"route", route}, {"method", method}, {"code", std::to_string(code)}});
}
prometheus::Histogram& Metrics::http_request_seconds(const std::string& route) {
  return request_seconds_.Add({{"route", route}}, latency_buckets());
}
prometheus::Gauge& Metrics::findings_open(const std::string& level) { return findings_.Add({{"level", level}}); }
prometheus::Gauge& Metrics::queue_bytes(const std::string& queue) { return queue_.Add({{"queue", queue}}); }
prometheus::Gauge& Metrics::queue_limit_bytes(const std::string& queue) { return queue_limit_.Add({{"queue", queue}}); }

}  // namespace weir

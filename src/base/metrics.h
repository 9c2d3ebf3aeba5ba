// Every metric that Weir exports, in one place. Names and units follow Prometheus: base units (seconds, bytes), `_total` for
// counters. What a metric means stands in its help text in metrics.cc.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <array>
#include <memory>
#include <string>

namespace weir {

/// Thread-safe. One a process, made by `app` and passed by reference. Adding to a counter takes no lock once its labels have
/// been looked up; look up labels outside hot loops and keep the reference, which lives as long as the Metrics.
class Metrics {
 public:
  Metrics();

  /// The Prometheus text format (version 0.0.4) of everything.
  std::string text() const;

  prometheus::Counter& events_received;
  prometheus::Counter& events_duplicate;
  prometheus::Counter& events_late;
  prometheus::Counter& events_admitted(const std::string& type);
  prometheus::Counter& events_rejected(const std::string& reason);
  prometheus::Gauge& worker_lag(unsigned partition);
  prometheus::Counter& worker_batches;
  prometheus::Counter& worker_retries;
  prometheus::Histogram& freshness_seconds;
  /// As freshness_seconds.Observe, for many events at once.
  void observe_freshness(double seconds, std::uint64_t events);
  prometheus::Histogram& store_insert_seconds;
  prometheus::Counter& store_insert_failures;
  prometheus::Histogram& log_append_seconds;
  prometheus::Counter& http_requests(const std::string& route, const std::string& method, int code);
  prometheus::Histogram& http_request_seconds(const std::string& route);
  prometheus::Gauge& http_connections;
  prometheus::Gauge& findings_open(const std::string& level);
  prometheus::Gauge& queue_bytes(const std::string& queue);
  prometheus::Gauge& queue_limit_bytes(const std::string& queue);
  prometheus::Gauge& dedupe_identities;
  prometheus::Gauge& dedupe_window_seconds;
  prometheus::Gauge& rollup_differences;
  prometheus::Counter& live_clients_dropped;

 private:
  // Built first: the references above point into it.
  explicit Metrics(std::shared_ptr<prometheus::Registry> registry);
  std::shared_ptr<prometheus::Registry> registry_;
  prometheus::Family<prometheus::Counter>& admitted_;
  prometheus::Family<prometheus::Counter>& rejected_;
  prometheus::Family<prometheus::Gauge>& lag_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& request_seconds_;
  prometheus::Family<prometheus::Gauge>& findings_;
  prometheus::Family<prometheus::Gauge>& queue_;
  prometheus::Family<prometheus::Gauge>& queue_limit_;
};

}  // namespace weir

// Fills country and network of an event from its address, where they are missing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "event/decoder.h"

namespace weir {

/// Reads MaxMind-format databases (MaxMind DB file format 2.0) with libmaxminddb. Thread-safe.
class Enricher {
 public:
  /// Opens every file: those with a country fill `country`, those with an autonomous system number fill `asn`.
  /// kNotFound, kInvalid: the message names the file and what is wrong with it.
  static Result<std::unique_ptr<Enricher>> open(const std::vector<std::string>& files);
  ~Enricher();

  /// Only where the event has an ip and lacks the field. Views that it sets live as long as the Enricher.
  void enrich(EventView& event) const;

 private:
  Enricher();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weir

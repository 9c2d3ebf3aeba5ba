// Reads one raw event (CloudEvents 1.0, JSON) and says what it is: an event, or a reject with its reason (contract 3).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/types.h"
#include "event/event_type.h"
#include "event/reject.h"

namespace weir {

/// An admitted event, as views. Which views live how long is said by whoever fills it.
struct EventView {
  EventType type = EventType::kLogin;
  UnixMillis time, received_at;
  std::string_view source, id;
  std::string_view truth;         // extension `weirtruth`; for scoring only
  std::string_view email_domain;  // of recipient or email, lower case; empty when there is none
  FieldSet present = 0;
  std::array<std::string_view, kFields>
      text{};                // of fields whose kind is text, ip, outcome, delivery, country; canonical
  std::uint16_t status = 0;  // HTTP status
  std::uint32_t asn = 0;
  std::uint64_t bytes = 0;
  double latency_ms = 0;

  bool has(Field f) const { return (present & bit(f)) != 0; }
  std::string_view operator[](Field f) const { return text[static_cast<std::size_t>(f)]; }
};

struct DecodeLimits {
  /// Events older than this at their arrival are rejected as time_too_old; 0: none is.
  std::int64_t retention_millis = 30LL * 24 * 3600 * 1000;
};

/// Reuses its buffers: no allocation per event once warm. One thread at a time.
class Decoder {
 public:
  explicit Decoder(DecodeLimits limits);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  /// For the events from now on.
  void set_limits(DecodeLimits limits);

  /// Bytes that must be readable behind `raw` for the fast path. Ask with `padded = false` when they are not.
  static constexpr std::size_t kPadding = 64;

  /// Decodes `raw`, which arrived at `received_at` (all verdicts on time compare with that, so that reading the log again
  /// gives the same verdict). True: `event` is filled; its views live until the next call, and those of texts without
  /// escapes may point into `raw`. False: `reject` is filled.
  bool decode(std::string_view raw, UnixMillis received_at, bool padded, EventView& event, Reject& reject);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// source and id of a raw event, as far as they can be read: what its partition follows from. Reads what Decoder reads: the
/// same event in another spelling (escapes, order of keys) has the same identity.
class IdentityReader {
 public:
  IdentityReader();
  ~IdentityReader();
  /// Partition of an event: hash of source + id modulo `partitions`; events whose identity cannot be read go by the hash of
  /// their bytes. `padded` as in Decoder::decode.
  std::uint32_t partition(std::string_view raw, std::uint32_t partitions, bool padded);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// 128 bits of XXH3 over source, a zero byte's length-safe separator, and id.
struct IdentityHash {
  std::uint64_t high = 0, low = 0;
  bool operator==(const IdentityHash&) const = default;
};
IdentityHash identity_hash(std::string_view source, std::string_view id);

/// RFC 3339 to milliseconds (cut, not rounded); any offset, lower-case t and z, any number of fraction digits, second 60 as
/// the next minute's first. Nothing when it cannot be read.
std::optional<UnixMillis> parse_rfc3339(std::string_view text);
/// YYYY-MM-DDTHH:MM:SS.mmmZ
std::string format_rfc3339(UnixMillis time);
void append_rfc3339(std::string& out, UnixMillis time);

/// Canonical text of an IP address: IPv4 dotted, IPv6 by RFC 5952, IPv4-mapped IPv6 as IPv4. Nothing when it is none.
/// The view points into `text` when that is canonical already, else into `buffer`.
std::optional<std::string_view> canonical_ip(std::string_view text, std::array<char, 48>& buffer);

}  // namespace weir

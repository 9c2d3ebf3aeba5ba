// An event before it is written as JSON.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "event/event_type.h"
#include "simulate/pen.h"
#include "simulate/world.h"

namespace weir::simulate {

/// What a broken producer does to an event; each ends in a reject.
enum class Flaw : std::uint8_t {
  kNone,
  kNoIp,
  kStatusAsText,
  kBadIp,
  kUnknownType,
  kCutOff,
  kNoSpecversion,
  kClockAhead,
  kUnknownDelivery
};

/// One event as fields. Texts are views: of constants, of the population, or of the draft's own scratch memory; they last
/// until the next begin(). Texts must need no escaping in JSON (nothing in this room does). Not copyable for that reason.
class Draft {
 public:
  Draft() = default;
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  EventType type = EventType::kApiRequest;
  Source source = Source::kEdgeEu1;
  Flaw flaw = Flaw::kNone;
  std::uint32_t late_millis = 0;  // how long the producer held it back
  std::string_view truth;         // `weirtruth`; empty for none
  FieldSet has = 0;
  Address ip;
  std::array<std::string_view, kFields> text{};
  /// Of number fields; latency in 1/10 ms. Session and device are numbers too, written as hexadecimal names.
  std::array<std::uint64_t, kFields> number{};

  void begin(EventType t, Source s) {
    type = t;
    source = s;
    flaw = Flaw::kNone;
    late_millis = 0;
    truth = {};
    has = 0;
    used_ = 0;
  }
  void set(Field f, std::string_view value) {
    text[static_cast<std::size_t>(f)] = value;
    has |= bit(f);
  }
  void set(Field f, std::uint64_t value) {
    number[static_cast<std::size_t>(f)] = value;
    has |= bit(f);
  }
  void set_ip(Address value) {
    ip = value;
    has |= bit(Field::kIp);
  }
  void drop(FieldSet fields) { has &= ~fields; }
  bool holds(Field f) const { return (has & bit(f)) != 0; }
  std::uint64_t number_of(Field f) const { return number[static_cast<std::size_t>(f)]; }

  void outcome(bool success) { set(Field::kOutcome, kOutcomes[success ? 0 : 1]); }
  void network(const Network& n) {
    set(Field::kCountry, countries()[n.country].code);
    set(Field::kAsn, n.asn);
  }

  /// Composes a text in scratch memory: `set_made(Field::kEmail, [&](Pen& pen) { … })`. All texts of one event together
  /// have kScratch bytes; none in this room comes near.
  template <class Make>
  void set_made(Field f, Make make) {
    Pen pen(scratch_.data() + used_);
    make(pen);
    const auto size = static_cast<std::size_t>(pen.at() - scratch_.data()) - used_;
    set(f, std::string_view(scratch_.data() + used_, size));
    used_ += size;
  }

 private:
  static constexpr std::size_t kScratch = 1024;
  std::size_t used_ = 0;
  std::array<char, kScratch> scratch_{};
};

}  // namespace weir::simulate

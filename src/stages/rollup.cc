#include "stages/rollup.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <vector>

#include "stages/native_block.h"

namespace weir {
namespace {

enum Counter : std::uint8_t {
  kEvents,
  kLate,
  kEventsLate,
  kLogins,
  kLoginFailures,
  kSignups,
  kPasswordChanges,
  kPasswordResets,
  kMfaFailures,
  kApiRequests,
  kApiErrors,
  kEmails,
  kEmailsArrived,
  kEmailDeferrals,
  kEmailBounces,
  kEmailComplaints,
  kRejects,
  kDuplicates,
  kCounters,
};
constexpr std::array<std::string_view, kCounters> kCounterColumns{"events",           "late",
                                                                  "events_late",      "logins",
                                                                  "login_failures",   "signups",
                                                                  "password_changes", "password_resets",
                                                                  "mfa_failures",     "api_requests",
                                                                  "api_errors",       "emails",
                                                                  "emails_arrived",   "email_deferrals",
                                                                  "email_bounces",    "email_complaints",
                                                                  "rejects",          "duplicates"};

enum Dimension : std::uint8_t {
  kTotal,
  kType,
  kCountry,
  kAsn,
  kOutcome,
  kStatus,
  kMethod,
  kDelivery,
  kEmailDomain,
  kSource,
  kPresence,
  kDimensions
};
constexpr std::array<std::string_view, kDimensions> kDimensionNames{
    "", "type", "country", "asn", "outcome", "status", "method", "delivery", "email_domain", "source", "field"};

struct Hash64 {
  using is_avalanching = void;
  std::size_t operator()(std::uint64_t v) const noexcept {
    v ^= v >> 32;
    v *= 0x9E3779B97F4A7C15ULL;
    return v ^ (v >> 29);
  }
};

using Counts = std::array<std::uint32_t, kCounters>;

/// How often a value came in a bucket: bucket and value are both part of the key.
struct BucketValue {
  std::uint32_t bucket;
  std::uint64_t value;
  bool operator==(const BucketValue&) const = default;
};
struct BucketValueHash {
  using is_avalanching = void;
  std::size_t operator()(const BucketValue& k) const noexcept {
    return Hash64{}(k.value ^ (std::uint64_t{k.bucket} * 0xD6E8FEB86659FD93ULL));
  }
};
using ValueCounts = boost::unordered_flat_map<BucketValue, std::uint64_t, BucketValueHash>;

// Keys of a dimension are numbers: of its word in the vocabulary, of the network in Impl::networks, or the status itself. 0 is
// "has none", except for the total, whose only key it is.
constexpr std::uint32_t kOther = RollupBuilder::kMaxKeys + 1;

/// The word that a dimension counts by; nothing for those that are numbers.
constexpr std::optional<Word> word_of(Dimension dimension) {
  switch (dimension) {
    case kType: return Word::kType;
    case kCountry: return Word::kCountry;
    case kOutcome: return Word::kOutcome;
    case kMethod: return Word::kMethod;
    case kDelivery: return Word::kDelivery;
    case kEmailDomain: return Word::kEmailDomain;
    case kSource: return Word::kSource;
    default: return std::nullopt;
  }
}

struct Row {
  std::uint32_t bucket;
  Dimension dimension;
  std::uint32_t key;
  Counts counts{};
};

std::uint64_t row_key(std::uint32_t bucket, Dimension dimension, std::uint32_t key) {
  return std::uint64_t{bucket} << 32 | std::uint64_t{dimension} << 24 | key;  // key <= kOther < 2^24
}

/// What an event adds to, as a short list.
struct Increments {
  std::array<Counter, 4> list{};
  std::uint8_t n = 0;
  void add(Counter c) { list[n++] = c; }
};

Increments increments_of(const EventView& event) {
  Increments inc;
  inc.add(kEvents);
  const bool failed = event[Field::kOutcome] == kOutcomes[1];
  switch (event.type) {
    case EventType::kSignup: inc.add(kSignups); break;
    case EventType::kLogin:
      inc.add(kLogins);
      if (failed) inc.add(kLoginFailures);
      break;
    case EventType::kLogout: break;
    case EventType::kPasswordChange: inc.add(kPasswordChanges); break;
    case EventType::kPasswordReset: inc.add(kPasswordResets); break;
    case EventType::kMfa:
      if (failed) inc.add(kMfaFailures);
      break;
    case EventType::kApiRequest:
      inc.add(kApiRequests);
      if (event.status >= 400) inc.add(kApiErrors);
      break;
    case EventType::kEmailSend: {
      inc.add(kEmails);
      const std::string_view d = event[Field::kDelivery];
      if (d == "sent" || d == "delivered")
        inc.add(kEmailsArrived);
      else if (d == "deferred")
        inc.add(kEmailDeferrals);
      else if (d == "bounced")
        inc.add(kEmailBounces);
      else
        inc.add(kEmailComplaints);
      break;
    }
  }
  return inc;
}

/// The upper half of a float: what quantilesBFloat16 keeps of it.
std::uint32_t bfloat16(double value) { return std::bit_cast<std::uint32_t>(static_cast<float>(value)) & 0xFFFF0000U; }

/// Which fields an event has, as a key to count by: minute (32 bits), type (8), fields (24).
std::uint64_t presence_key(const EventView& event) {
  static_assert(kFields <= 24);
  const auto minute = static_cast<std::uint32_t>(event.time.value / 60'000);
  return std::uint64_t{minute} << 32 | std::uint64_t{static_cast<std::uint8_t>(event.type)} << 24 | event.present;
}

std::uint32_t second_of(UnixMillis time) { return static_cast<std::uint32_t>(time.value / 1000); }

std::uint64_t hash_of(std::string_view text) { return XXH3_64bits(text.data(), text.size()); }

}  // namespace

struct RollupBuilder::Impl {
  explicit Impl(const Vocabulary& w) : words(w) {}

  const Vocabulary& words;
  boost::unordered_flat_map<std::uint32_t, std::uint32_t, Hash64> network_numbers;
  std::vector<std::uint32_t> networks{0};                                 // AS numbers; number 0 is none
  boost::unordered_flat_map<std::uint64_t, std::uint32_t, Hash64> index;  // row_key → place in rows
  std::vector<Row> rows;                                                  // by second
  ValueCounts ips, users, latencies;                                      // by second
  boost::unordered_flat_map<std::uint64_t, std::uint32_t, Hash64> presence;

  // The rows of the seconds that events had last, as most share one; late ones, in between, have theirs in other places.
  struct Recent {
    std::uint32_t second = ~0U;
    std::array<std::vector<std::uint32_t>, kDimensions> places;  // of a key: place in rows + 1, or 0
    void forget() {
      second = ~0U;
      for (auto& p : places) p.clear();
    }
  };
  std::array<Recent, 16> recent;

  Row& row(std::uint32_t second, Dimension dimension, std::uint32_t key) {
    Recent& at_hand = recent[second % recent.size()];
    if (at_hand.second != second) {
      at_hand.forget();
      at_hand.second = second;
    }
    auto& places = at_hand.places[dimension];
    if (key < places.size() && places[key] != 0) return rows[places[key] - 1];
    const auto [at, fresh] =
        index.try_emplace(row_key(second, dimension, key), static_cast<std::uint32_t>(rows.size()));
    if (fresh) rows.push_back({second, dimension, key, {}});
    if (places.size() <= key) places.resize(key + 1, 0);
    places[key] = at->second + 1;
    return rows[at->second];
  }

  void bump(std::uint32_t second, Dimension dimension, std::uint32_t key, const Increments& inc) {
    if (key == 0) return;
    Row& r = row(second, dimension, std::min(key, kOther));
    for (std::uint8_t i = 0; i < inc.n; ++i) ++r.counts[inc.list[i]];
  }

  std::uint32_t network_number(std::uint32_t asn) {
    const auto [at, fresh] = network_numbers.try_emplace(asn, static_cast<std::uint32_t>(networks.size()));
    if (fresh) networks.push_back(asn);
    return at->second;
  }

  void add(const EventView& event, const Vocabulary::Numbers& numbers) {
    const std::uint32_t second = second_of(event.time);
    const Increments inc = increments_of(event);
    Row& total = row(second, kTotal, 0);
    for (std::uint8_t i = 0; i < inc.n; ++i) ++total.counts[inc.list[i]];
    if (event.received_at - event.time > kLateMillis) {
      ++total.counts[kEventsLate];
      ++row(second_of(event.received_at), kTotal, 0).counts[kLate];
    }

    for (const Dimension d : {kType, kCountry, kOutcome, kMethod, kDelivery, kEmailDomain, kSource})
      bump(second, d, numbers[static_cast<std::size_t>(*word_of(d))], inc);
    if (event.has(Field::kAsn)) bump(second, kAsn, network_number(event.asn), inc);
    bump(second, kStatus, event.status, inc);

    if (const std::string_view ip = event[Field::kIp]; !ip.empty()) ++ips[{second, hash_of(ip)}];
    if (const std::string_view user = event[Field::kUserId]; !user.empty()) ++users[{second, hash_of(user)}];
    if (event.has(Field::kLatencyMs)) ++latencies[{second, bfloat16(event.latency_ms)}];
    ++presence[presence_key(event)];
  }

  std::string key_text(Dimension dimension, std::uint32_t key) const {
    if (dimension == kTotal) return {};
    if (key == kOther) return std::string(kOtherKey);
    if (dimension == kAsn) return std::to_string(networks[key]);
    if (dimension == kStatus) return std::to_string(key);
    return std::string(words[*word_of(dimension)].text(key));
  }

  void clear() {
    network_numbers.clear();
    networks.resize(1);
    index.clear();
    rows.clear();
    ips.clear();
    users.clear();
    latencies.clear();
    presence.clear();
    for (Recent& r : recent) r.forget();
  }
};

namespace {

enum Columns : std::size_t {
  kStepColumn,
  kTimeColumn,
  kDimensionColumn,
  kKeyColumn,
  kFirstCounter,
  kIpHashes = kFirstCounter + kCounters,
  kIpCounts,
  kUserHashes,
  kLatencyValues,
  kLatencyCounts,
  kColumns
};

std::array<native::Column, kColumns> make_columns() {
  std::array<native::Column, kColumns> c;
  c[kStepColumn] = {"step", "UInt16", {}};
  c[kTimeColumn] = {"time", "DateTime('UTC')", {}};
  c[kDimensionColumn] = {"dimension", "String", {}};
  c[kKeyColumn] = {"key", "String", {}};
  for (std::size_t i = 0; i < kCounters; ++i) c[kFirstCounter + i] = {kCounterColumns[i], "UInt64", {}};
  c[kIpHashes] = {"ip_hashes", "Array(UInt64)", {}};
  c[kIpCounts] = {"ip_counts", "Array(UInt64)", {}};
  c[kUserHashes] = {"user_hashes", "Array(UInt64)", {}};
  c[kLatencyValues] = {"latency_values", "Array(Float32)", {}};
  c[kLatencyCounts] = {"latency_counts", "Array(UInt64)", {}};
  return c;
}

/// Values with their buckets and counts. A value may stand several times in a bucket: the states that these become take that.
struct Values {
  struct Item {
    std::uint64_t value;
    std::uint32_t bucket, count;
  };
  std::vector<Item> items;

  void add(const ValueCounts& counts) {
    items.reserve(items.size() + counts.size());
    for (const auto& [k, n] : counts) items.push_back({k.value, k.bucket, static_cast<std::uint32_t>(n)});
  }
  void coarsen(std::uint32_t factor) {
    for (Item& i : items) i.bucket /= factor;
  }
};

/// The items of `values` ordered by bucket: those of the bucket that has place p in `places` are [begin[p], begin[p + 1]).
struct ByBucket {
  std::vector<Values::Item> items;
  std::vector<std::uint32_t> begin;

  using Places = boost::unordered_flat_map<std::uint32_t, std::uint32_t, Hash64>;
  ByBucket(const Values& values, const Places& places) : items(values.items.size()), begin(places.size() + 1) {
    for (const auto& i : values.items) ++begin[places.find(i.bucket)->second + 1];
    for (std::size_t p = 1; p < begin.size(); ++p) begin[p] += begin[p - 1];
    std::vector<std::uint32_t> next(begin.begin(), begin.end() - 1);
    for (const auto& i : values.items) items[next[places.find(i.bucket)->second]++] = i;
  }
  std::span<const Values::Item> of(std::uint32_t place) const {
    return {items.data() + begin[place], items.data() + begin[place + 1]};
  }
};

/// Rows in which each (bucket, dimension, key) stands once.
class Table {
 public:
  Counts& at(std::uint32_t bucket, Dimension dimension, std::uint32_t key) {
    const auto [at, fresh] =
        index_.try_emplace(row_key(bucket, dimension, key), static_cast<std::uint32_t>(rows_.size()));
    if (fresh) rows_.push_back({bucket, dimension, key, {}});
    return rows_[at->second].counts;
  }
  void add(const Row& r, std::uint32_t key) {
    Counts& to = at(r.bucket, r.dimension, key);
    for (std::size_t i = 0; i < kCounters; ++i) to[i] += r.counts[i];
  }
  const std::vector<Row>& rows() const { return rows_; }
  Table coarser(std::uint32_t factor) const {
    Table out;
    for (Row r : rows_) {
      r.bucket /= factor;
      out.add(r, r.key);
    }
    return out;
  }

 private:
  boost::unordered_flat_map<std::uint64_t, std::uint32_t, Hash64> index_;
  std::vector<Row> rows_;
};

}  // namespace

/// What several builders have counted, as one, on its way into a block.
class RollupBuilder::Joined {
 public:
  void add(const Impl& from) {
    std::array<std::vector<std::uint32_t>, kDimensions> known;  // numbers there → numbers here + 1
    for (const Row& r : from.rows) {
      auto& numbers = known[r.dimension];
      if (numbers.size() <= r.key) numbers.resize(r.key + 1, 0);
      if (numbers[r.key] == 0) numbers[r.key] = number(r.dimension, from.key_text(r.dimension, r.key)) + 1;
      by_second_.add(r, numbers[r.key] - 1);
    }
    ips_.add(from.ips);
    users_.add(from.users);
    latencies_.add(from.latencies);
    for (const auto& [key, events] : from.presence) {
      const auto minute = static_cast<std::uint32_t>(key >> 32);
      const TypeInfo& type = event_types()[key >> 24 & 0xFF];
      for (FieldSet left = key & 0xFFFFFF; left != 0; left &= left - 1) {
        std::string name(type.name);
        name += '.';
        name += info(static_cast<Field>(std::countr_zero(left))).json;
        presence_.at(minute, kPresence, number(kPresence, name))[kEvents] += events;
      }
    }
  }

  std::size_t write(std::string& out) {
    if (by_second_.rows().empty()) return 0;
    emit_level(1, by_second_, nullptr);
    coarsen(60);
    const Table by_minute = by_second_.coarser(60);
    emit_level(60, by_minute, &presence_);
    coarsen(60);
    const Table hours_of_presence = presence_.coarser(60);
    emit_level(3600, by_minute.coarser(60), &hours_of_presence);
    columns_[kIpHashes].data += ip_values_;
    columns_[kIpCounts].data += ip_counts_;
    columns_[kUserHashes].data += user_values_;
    columns_[kLatencyValues].data += latency_values_;
    columns_[kLatencyCounts].data += latency_counts_;
    native::append_block(out, columns_, rows_);
    return rows_;
  }

 private:
  std::uint32_t number(Dimension dimension, std::string_view key) {
    Dictionary& keys = keys_[dimension];
    if (dimension != kPresence && key == kOtherKey) return kOther;
    const std::uint32_t n = keys.number(key);
    return dimension == kPresence ? n : std::min(n, kOther);
  }

  void coarsen(std::uint32_t factor) {
    for (Values* v : {&ips_, &users_, &latencies_}) v->coarsen(factor);
  }

  void emit_level(std::uint32_t step, const Table& table, const Table* presence) {
    ByBucket::Places places;
    for (const Row& r : table.rows()) places.try_emplace(r.bucket, static_cast<std::uint32_t>(places.size()));
    const ByBucket ips(ips_, places), users(users_, places), latencies(latencies_, places);
    for (const Row& r : table.rows()) {
      if (r.dimension == kTotal) {
        const std::uint32_t place = places.find(r.bucket)->second;
        for (const auto& item : ips.of(place)) {
          native::append_fixed(ip_values_, item.value);
          native::append_fixed(ip_counts_, std::uint64_t{item.count});
          ++ips_end_;
        }
        for (const auto& item : users.of(place)) {
          native::append_fixed(user_values_, item.value);
          ++users_end_;
        }
        for (const auto& item : latencies.of(place)) {
          native::append_fixed(latency_values_, static_cast<std::uint32_t>(item.value));
          native::append_fixed(latency_counts_, std::uint64_t{item.count});
          ++latencies_end_;
        }
      }
      emit(step, r);
    }
    if (presence != nullptr) {
      for (const Row& r : presence->rows()) emit(step, r);
    }
  }

  void emit(std::uint32_t step, const Row& r) {
    ++rows_;
    native::append_fixed(columns_[kStepColumn].data, static_cast<std::uint16_t>(step));
    native::append_fixed(columns_[kTimeColumn].data, r.bucket * step);
    native::append_string(columns_[kDimensionColumn].data, kDimensionNames[r.dimension]);
    native::append_string(columns_[kKeyColumn].data,
                          r.key == kOther && r.dimension != kPresence ? kOtherKey : keys_[r.dimension].text(r.key));
    for (std::size_t i = 0; i < kCounters; ++i)
      native::append_fixed(columns_[kFirstCounter + i].data, std::uint64_t{r.counts[i]});
    native::append_fixed(columns_[kIpHashes].data, ips_end_);
    native::append_fixed(columns_[kIpCounts].data, ips_end_);
    native::append_fixed(columns_[kUserHashes].data, users_end_);
    native::append_fixed(columns_[kLatencyValues].data, latencies_end_);
    native::append_fixed(columns_[kLatencyCounts].data, latencies_end_);
  }

  std::array<Dictionary, kDimensions> keys_;
  Table by_second_, presence_;  // presence by minute
  Values ips_, users_, latencies_;

  std::array<native::Column, kColumns> columns_ = make_columns();
  std::size_t rows_ = 0;
  std::uint64_t ips_end_ = 0, users_end_ = 0, latencies_end_ = 0;
  // Elements of the arrays; in their columns the offsets go first.
  std::string ip_values_, ip_counts_, user_values_, latency_values_, latency_counts_;
};

RollupBuilder::RollupBuilder(const Vocabulary& words) : impl_(std::make_unique<Impl>(words)) {}
RollupBuilder::~RollupBuilder() = default;
RollupBuilder::RollupBuilder(RollupBuilder&&) noexcept = default;

void RollupBuilder::add(const EventView& event, const Vocabulary::Numbers& numbers) { impl_->add(event, numbers); }
void RollupBuilder::add_duplicate(UnixMillis arrival) {
  ++impl_->row(second_of(arrival), kTotal, 0).counts[kDuplicates];
}
void RollupBuilder::add_reject(UnixMillis arrival) { ++impl_->row(second_of(arrival), kTotal, 0).counts[kRejects]; }

const std::string& RollupBuilder::columns() {
  static const std::string text = native::names(make_columns());
  return text;
}

std::size_t RollupBuilder::finish(std::span<RollupBuilder* const> builders, std::string& out) {
  Joined joined;
  for (RollupBuilder* b : builders) {
    joined.add(*b->impl_);
    b->impl_->clear();
  }
  return joined.write(out);
}

}  // namespace weir

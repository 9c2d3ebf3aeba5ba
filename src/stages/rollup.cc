#include "stages/rollup.h"

#include <xxhash.h>

#include <array>
#include <bit>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstring>
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

constexpr std::array<std::uint32_t, 3> kSteps{1, 60, 3600};

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

struct StringHash {
  using is_avalanching = void;
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const noexcept { return XXH3_64bits(s.data(), s.size()); }
};

/// Keys of a dimension as small numbers, for one batch.
class Keys {
 public:
  std::uint32_t number(std::string_view key) {
    if (const auto found = numbers_.find(key); found != numbers_.end()) return found->second;
    if (names_.size() >= RollupBuilder::kMaxKeys) {
      if (other_ == kNone) other_ = add(RollupBuilder::kOtherKey);
      return other_;
    }
    return add(key);
  }
  std::string_view name(std::uint32_t number) const { return names_[number]; }
  void clear() {
    numbers_.clear();
    names_.clear();
    other_ = kNone;
  }

 private:
  static constexpr std::uint32_t kNone = ~0U;
  std::uint32_t add(std::string_view key) {
    const auto number = static_cast<std::uint32_t>(names_.size());
    names_.emplace_back(key);
    numbers_.emplace(std::string(key), number);
    return number;
  }
  boost::unordered_flat_map<std::string, std::uint32_t, StringHash, std::equal_to<>> numbers_;
  std::vector<std::string> names_;
  std::uint32_t other_ = kNone;
};

struct Row {
  std::uint32_t bucket;
  Dimension dimension;
  std::uint32_t key;
  Counts counts{};
};

std::uint64_t row_key(std::uint32_t bucket, Dimension dimension, std::uint32_t key) {
  return std::uint64_t{bucket} << 32 | std::uint64_t{dimension} << 24 | key;  // key < kMaxKeys + 1 < 2^24
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

}  // namespace

struct RollupBuilder::Impl {
  std::array<Keys, kDimensions> keys;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t, Hash64> index;  // row_key → place in rows
  std::vector<Row> rows;                                                  // by second
  ValueCounts ips, users, latencies;                                      // by second
  boost::unordered_flat_map<std::uint32_t, std::array<std::array<std::uint32_t, kFields>, kEventTypes>>
      presence;  // by minute

  // The rows of the second that the last event had, as neighbours mostly share it: key number + 1 → place + 1.
  std::uint32_t cached_second = ~0U;
  std::array<std::vector<std::uint32_t>, kDimensions> cached_rows;

  Row& row(std::uint32_t second, Dimension dimension, std::uint32_t key) {
    if (second != cached_second) {
      for (auto& places : cached_rows) places.clear();
      cached_second = second;
    }
    auto& places = cached_rows[dimension];
    if (key < places.size() && places[key] != 0) return rows[places[key] - 1];
    const auto [at, fresh] =
        index.try_emplace(row_key(second, dimension, key), static_cast<std::uint32_t>(rows.size()));
    if (fresh) rows.push_back({second, dimension, key, {}});
    if (places.size() <= key) places.resize(key + 1, 0);
    places[key] = at->second + 1;
    return rows[at->second];
  }

  void bump(std::uint32_t second, Dimension dimension, std::string_view key, const Increments& inc) {
    if (key.empty()) return;
    Row& r = row(second, dimension, keys[dimension].number(key));
    for (std::uint8_t i = 0; i < inc.n; ++i) ++r.counts[inc.list[i]];
  }

  static std::string_view number_text(std::uint32_t value, std::array<char, 12>& buffer) {
    std::size_t at = buffer.size();
    do {
      buffer[--at] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    return {buffer.data() + at, buffer.size() - at};
  }

  void add(const EventView& event) {
    const auto second = static_cast<std::uint32_t>(event.time.value / 1000);
    const Increments inc = increments_of(event);
    Row& total = row(second, kTotal, 0);
    for (std::uint8_t i = 0; i < inc.n; ++i) ++total.counts[inc.list[i]];
    if (event.received_at - event.time > kLateMillis) {
      ++total.counts[kEventsLate];
      ++row(second_of(event.received_at), kTotal, 0).counts[kLate];
    }

    std::array<char, 12> digits{};
    bump(second, kType, info(event.type).name, inc);
    bump(second, kCountry, event[Field::kCountry], inc);
    if (event.has(Field::kAsn)) bump(second, kAsn, number_text(event.asn, digits), inc);
    bump(second, kOutcome, event[Field::kOutcome], inc);
    if (event.status != 0) bump(second, kStatus, number_text(event.status, digits), inc);
    bump(second, kMethod, event[Field::kMethod], inc);
    bump(second, kDelivery, event[Field::kDelivery], inc);
    bump(second, kEmailDomain, event.email_domain, inc);
    bump(second, kSource, event.source, inc);

    if (const std::string_view ip = event[Field::kIp]; !ip.empty()) ++ips[{second, XXH3_64bits(ip.data(), ip.size())}];
    if (const std::string_view user = event[Field::kUserId]; !user.empty())
      ++users[{second, XXH3_64bits(user.data(), user.size())}];
    if (event.has(Field::kLatencyMs)) ++latencies[{second, bfloat16(event.latency_ms)}];

    auto& fields = presence[second / 60][static_cast<std::size_t>(event.type)];
    for (FieldSet left = event.present; left != 0; left &= left - 1)
      ++fields[static_cast<std::size_t>(std::countr_zero(left))];
  }

  static std::uint32_t second_of(UnixMillis time) { return static_cast<std::uint32_t>(time.value / 1000); }

  void merge(Impl& other) {
    for (const Row& r : other.rows) {
      Row& mine = row(r.bucket, r.dimension,
                      r.dimension == kTotal ? 0 : keys[r.dimension].number(other.keys[r.dimension].name(r.key)));
      for (std::size_t i = 0; i < kCounters; ++i) mine.counts[i] += r.counts[i];
    }
    for (const auto& [k, n] : other.ips) ips[k] += n;
    for (const auto& [k, n] : other.users) users[k] += n;
    for (const auto& [k, n] : other.latencies) latencies[k] += n;
    for (const auto& [minute, types] : other.presence) {
      auto& mine = presence[minute];
      for (std::size_t t = 0; t < kEventTypes; ++t) {
        for (std::size_t f = 0; f < kFields; ++f) mine[t][f] += types[t][f];
      }
    }
    other.clear();
  }

  void clear() {
    for (Keys& k : keys) k.clear();
    index.clear();
    rows.clear();
    ips.clear();
    users.clear();
    latencies.clear();
    presence.clear();
    cached_second = ~0U;
    for (auto& places : cached_rows) places.clear();
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

/// The values of each bucket, next to each other and in order, with their counts.
struct Grouped {
  struct Item {
    std::uint32_t bucket;
    std::uint64_t value, count;
  };
  std::vector<Item> items;

  explicit Grouped(const ValueCounts& counts) {
    items.reserve(counts.size());
    for (const auto& [k, n] : counts) items.push_back({k.bucket, k.value, n});
    std::ranges::sort(items, [](const Item& a, const Item& b) {
      return a.bucket != b.bucket ? a.bucket < b.bucket : a.value < b.value;
    });
  }
  std::span<const Item> of(std::uint32_t bucket) const {
    const auto range = std::ranges::equal_range(items, bucket, {}, &Item::bucket);
    return {range.begin(), range.end()};
  }
};

ValueCounts coarser(const ValueCounts& fine, std::uint32_t factor) {
  ValueCounts out;
  out.reserve(fine.size());
  for (const auto& [k, n] : fine) out[{k.bucket / factor, k.value}] += n;
  return out;
}

}  // namespace

RollupBuilder::RollupBuilder() : impl_(std::make_unique<Impl>()) {}
RollupBuilder::~RollupBuilder() = default;
RollupBuilder::RollupBuilder(RollupBuilder&&) noexcept = default;
RollupBuilder& RollupBuilder::operator=(RollupBuilder&&) noexcept = default;

void RollupBuilder::add(const EventView& event) { impl_->add(event); }
void RollupBuilder::add_duplicate(UnixMillis arrival) {
  ++impl_->row(Impl::second_of(arrival), kTotal, 0).counts[kDuplicates];
}
void RollupBuilder::add_reject(UnixMillis arrival) {
  ++impl_->row(Impl::second_of(arrival), kTotal, 0).counts[kRejects];
}
void RollupBuilder::merge(RollupBuilder& other) { impl_->merge(*other.impl_); }

const std::string& RollupBuilder::columns() {
  static const std::string text = native::names(make_columns());
  return text;
}

std::size_t RollupBuilder::finish(std::string& out) {
  Impl& in = *impl_;
  if (in.rows.empty()) return 0;
  auto columns = make_columns();
  std::size_t rows = 0;
  std::uint64_t ips_end = 0, users_end = 0, latencies_end = 0;
  std::string ip_values, ip_counts, user_values, latency_values, latency_counts;  // elements; the offsets go first

  auto emit = [&](std::uint32_t step, const Row& r) {
    ++rows;
    native::append_fixed(columns[kStepColumn].data, static_cast<std::uint16_t>(step));
    native::append_fixed(columns[kTimeColumn].data, r.bucket * step);
    native::append_string(columns[kDimensionColumn].data, kDimensionNames[r.dimension]);
    native::append_string(columns[kKeyColumn].data,
                          r.dimension == kTotal ? std::string_view() : in.keys[r.dimension].name(r.key));
    for (std::size_t i = 0; i < kCounters; ++i)
      native::append_fixed(columns[kFirstCounter + i].data, std::uint64_t{r.counts[i]});
  };
  auto end_arrays = [&] {
    native::append_fixed(columns[kIpHashes].data, ips_end);
    native::append_fixed(columns[kIpCounts].data, ips_end);
    native::append_fixed(columns[kUserHashes].data, users_end);
    native::append_fixed(columns[kLatencyValues].data, latencies_end);
    native::append_fixed(columns[kLatencyCounts].data, latencies_end);
  };

  // Presence joins the other rows, from the minute on.
  std::vector<Row> minute_presence;
  for (const auto& [minute, types] : in.presence) {
    for (std::size_t t = 0; t < kEventTypes; ++t) {
      for (std::size_t f = 0; f < kFields; ++f) {
        if (types[t][f] == 0) continue;
        std::string name(event_types()[t].name);
        name += '.';
        name += info(static_cast<Field>(f)).json;
        Row r{minute, kPresence, in.keys[kPresence].number(name), {}};
        r.counts[kEvents] = types[t][f];
        minute_presence.push_back(r);
      }
    }
  }

  std::vector<Row> level = std::move(in.rows);
  std::vector<Row> presence = std::move(minute_presence);
  ValueCounts ips = std::move(in.ips), users = std::move(in.users), latencies = std::move(in.latencies);
  auto fold = [](const std::vector<Row>& fine, std::uint32_t factor) {
    boost::unordered_flat_map<std::uint64_t, std::uint32_t, Hash64> index;
    std::vector<Row> coarse;
    for (const Row& r : fine) {
      const std::uint32_t bucket = r.bucket / factor;
      const auto [at, fresh] =
          index.try_emplace(row_key(bucket, r.dimension, r.key), static_cast<std::uint32_t>(coarse.size()));
      if (fresh) coarse.push_back({bucket, r.dimension, r.key, {}});
      Counts& to = coarse[at->second].counts;
      for (std::size_t i = 0; i < kCounters; ++i) to[i] += r.counts[i];
    }
    return coarse;
  };

  for (std::size_t s = 0; s < kSteps.size(); ++s) {
    if (s > 0) {
      const std::uint32_t factor = kSteps[s] / kSteps[s - 1];
      level = fold(level, factor);
      ips = coarser(ips, factor);
      users = coarser(users, factor);
      latencies = coarser(latencies, factor);
      if (s > 1) presence = fold(presence, factor);
    }
    const Grouped by_ip(ips), by_user(users), by_latency(latencies);
    for (const Row& r : level) {
      emit(kSteps[s], r);
      if (r.dimension == kTotal) {
        for (const auto& item : by_ip.of(r.bucket)) {
          native::append_fixed(ip_values, item.value);
          native::append_fixed(ip_counts, item.count);
          ++ips_end;
        }
        for (const auto& item : by_user.of(r.bucket)) {
          native::append_fixed(user_values, item.value);
          ++users_end;
        }
        for (const auto& item : by_latency.of(r.bucket)) {
          native::append_fixed(latency_values, static_cast<std::uint32_t>(item.value));
          native::append_fixed(latency_counts, item.count);
          ++latencies_end;
        }
      }
      end_arrays();
    }
    if (s > 0) {
      for (const Row& r : presence) {
        emit(kSteps[s], r);
        end_arrays();
      }
    }
  }
  columns[kIpHashes].data += ip_values;
  columns[kIpCounts].data += ip_counts;
  columns[kUserHashes].data += user_values;
  columns[kLatencyValues].data += latency_values;
  columns[kLatencyCounts].data += latency_counts;
  native::append_block(out, columns, rows);
  in.clear();
  return rows;
}

}  // namespace weir

#include "pipeline/worker.h"

#include <algorithm>
#include <cstring>
#include <future>

#include "base/check.h"
#include "base/fail_point.h"
#include "base/log.h"
#include "stages/dedupe.h"
#include "stages/encode.h"
#include "stages/enrich.h"
#include "stages/rollup.h"
#include "stages/vocabulary.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

/// Arrivals of a batch, run by run: what freshness is told from.
struct Arrival {
  UnixMillis at;
  std::uint64_t events;
};

/// Progress keeps one text a batch: for each partition its number and the number of bytes (both 32 bits, little endian), then
/// that many bytes of Deduplicator::take_delta().
void append_identities(std::string& out, PartitionId partition, std::string_view delta) {
  const auto size = static_cast<std::uint32_t>(delta.size());
  out.append(reinterpret_cast<const char*>(&partition.value), 4);
  out.append(reinterpret_cast<const char*>(&size), 4);
  out.append(delta);
}

}  // namespace

/// What belongs to one partition. Touched by one thread at a time.
struct Worker::Lane {
  Lane(PartitionId p, const WorkerOptions& options, std::uint32_t partitions)
      : partition(p),
        decoders{Decoder(options.limits), Decoder(options.limits)},
        dedupe({.window_millis = options.dedupe_window_millis, .max_bytes = options.dedupe_max_bytes / partitions}) {}

  const PartitionId partition;
  std::array<Decoder, 2> decoders;
  Deduplicator dedupe;
  Vocabulary words;
  EventEncoder events{words};
  RejectEncoder rejects;
  RollupBuilder rollups{words};

  // Of the batch at hand.
  Tally tally;
  std::array<std::uint64_t, kEventTypes> by_type{};
  std::array<std::uint64_t, kReasons> by_reason{};
  std::uint64_t late = 0;
  std::vector<Arrival> arrivals;

  /// The way of an event: the order of stages stands here. An event is decoded while the one before it waits for the memory
  /// of identities, which is larger than any cache: two decoders take turns, as an event's views live in its decoder.
  void take(const LogSlice& slice, const Enricher* enricher) {
    std::array<EventView, 2> events_at_hand;
    std::array<IdentityHash, 2> identities;
    std::array<bool, 2> decoded{};
    Reject reject;
    for (std::size_t i = 0; i <= slice.size(); ++i) {
      if (i < slice.size()) {
        const std::size_t turn = i % 2;
        const std::string_view raw = slice.event(i);
        const UnixMillis arrival = slice.received_at(i);
        if (arrivals.empty() || arrivals.back().at != arrival) arrivals.push_back({arrival, 0});
        ++arrivals.back().events;
        decoded[turn] = decoders[turn].decode(raw, arrival, true, events_at_hand[turn], reject);
        if (decoded[turn]) {
          const EventView& event = events_at_hand[turn];
          identities[turn] = identity_hash(event.source, event.id);
          dedupe.prefetch(identities[turn]);
        } else {
          ++tally.rejected;
          ++by_reason[static_cast<std::size_t>(reject.reason)];
          rejects.add(reject, raw, arrival, partition, slice.first + i);
          rollups.add_reject(arrival);
        }
      }
      if (i > 0 && decoded[(i - 1) % 2]) {
        const std::size_t turn = (i - 1) % 2;
        admit(events_at_hand[turn], identities[turn], slice.first + (i - 1), enricher);
      }
    }
  }

  void admit(EventView& event, const IdentityHash& identity, Offset offset, const Enricher* enricher) {
    if (!dedupe.first(identity, event.received_at)) {
      ++tally.duplicate;
      rollups.add_duplicate(event.received_at);
      return;
    }
    ++tally.admitted;
    ++by_type[static_cast<std::size_t>(event.type)];
    if (event.received_at - event.time > kLateMillis) ++late;
    if (enricher != nullptr) enricher->enrich(event);
    // Detection looks at admitted events here, in the order of the log.
    const Vocabulary::Numbers numbers = words.numbers(event);
    rollups.add(event, numbers);
    events.add(event, numbers, partition, offset);
  }
};

/// A batch with everything that writing it needs.
struct Worker::Prepared {
  Cut cut;
  bool begun = false;  // its cut is durable already
  std::vector<TableBlock> blocks;
  Tally tally;
  std::string identities;
  UnixMillis newest_arrival{0};
  std::array<std::uint64_t, kEventTypes> by_type{};
  std::array<std::uint64_t, kReasons> by_reason{};
  std::uint64_t late = 0;
  std::vector<Arrival> arrivals;
};

Worker::Worker(const WorkerOptions& options, Parts parts) : options_(options), parts_(parts) {}

Worker::~Worker() { stop(milliseconds(0)); }

Result<std::unique_ptr<Worker>> Worker::create(const WorkerOptions& options, Parts parts, std::uint32_t partitions) {
  std::unique_ptr<Worker> worker(new Worker(options, parts));
  if (Status restored = worker->restore(partitions); !restored)
    return fail(restored.error(), "restoring the worker's place");
  return worker;
}

Status Worker::restore(std::uint32_t partitions) {
  log_id_ = parts_.log.id();
  WEIR_TRY_ASSIGN(ProgressState state, parts_.progress.load());
  WEIR_CHECK(state.positions.size() == partitions, "{} positions, {} partitions", state.positions.size(), partitions);
  next_ = state.positions;
  committed_ = state.positions;
  redo_ = state.pending;
  const VerdictLimits first_limits = redo_ && redo_->limits ? *redo_->limits : settings();
  const std::int64_t window = std::max(first_limits.dedupe_window_millis, options_.dedupe_window_millis);
  for (std::uint32_t p = 0; p < partitions; ++p) {
    lanes_.push_back(std::make_unique<Lane>(PartitionId(p), options_, partitions));
    lanes_[p]->dedupe.set_window(window);
  }

  // Identities matter from one window before the oldest event that is still to be looked at. Events to come arrive after the newest that
  // the log has, but perhaps before what the clock says now: it may be ahead, and be set right later.
  UnixMillis newest{0}, oldest = parts_.clock.now();
  for (std::uint32_t p = 0; p < partitions; ++p) {
    WEIR_TRY_ASSIGN(const LogSlice first, parts_.log.read(PartitionId(p), next_[p], 1, 1));
    if (!first.empty()) oldest = std::min(oldest, first.received_at(0));
    WEIR_TRY_ASSIGN(const Offset begin, parts_.log.begin(PartitionId(p)));
    WEIR_TRY_ASSIGN(const Offset end, parts_.log.end(PartitionId(p)));
    if (begin == end) continue;
    const Result<LogSlice> last = parts_.log.read(PartitionId(p), end - 1, 1, 1);
    if (!last && last.error().code == Code::kNotFound) continue;  // retention has just taken it
    if (!last) return std::unexpected(last.error());
    if (!last->empty()) newest = std::max(newest, last->received_at(0));
  }
  if (newest.value > 0) oldest = std::min(oldest, newest);
  bool damaged = false;
  WEIR_TRY(parts_.progress.identities(oldest - window, [&](std::string_view bytes) {
    while (bytes.size() >= 8) {
      std::uint32_t partition = 0, size = 0;
      std::memcpy(&partition, bytes.data(), 4);
      std::memcpy(&size, bytes.data() + 4, 4);
      if (partition >= partitions || size > bytes.size() - 8 ||
          !lanes_[partition]->dedupe.restore(bytes.substr(8, size), oldest)) {
        damaged = true;
        return false;
      }
      bytes.remove_prefix(8 + size);
    }
    damaged = !bytes.empty();
    return !damaged;
  }));
  if (damaged)
    return fail(Code::kCorrupt, "the memory of identities is damaged; duplicates of the last window cannot be told");
  judge_by(first_limits);
  if (redo_) {
    parts_.gate.begin_batch();
    gate_closed_ = true;
  }
  return {};
}

void Worker::judge_by(const VerdictLimits& limits) {
  for (const auto& lane : lanes_) {
    for (Decoder& decoder : lane->decoders) decoder.set_limits({.retention_millis = limits.retention_millis});
    lane->dedupe.set_window(limits.dedupe_window_millis);
  }
}

void Worker::start() {
  writer_ = std::jthread([this] { write_loop(); });
  preparer_ = std::jthread([this](std::stop_token stop) { prepare_loop(stop); });
}

void Worker::stop(milliseconds drain) {
  if (!preparer_.joinable()) return;
  const auto deadline = parts_.clock.steady() + drain;
  while (parts_.clock.steady() < deadline && status().healthy && status().lag_events > 0)
    std::this_thread::sleep_for(milliseconds(5));
  preparer_.request_stop();
  aborting_ =
      true;  // a write that keeps failing is not tried again; its cut is begun and will be done again at the next start
  ready_.close();
  preparer_.join();
  writer_.join();
}

void Worker::prepare_loop(std::stop_token stop) {
  auto last_start = parts_.clock.steady() - options_.interval;
  while (!stop.stop_requested()) {
    if (!redo_) {
      if (!parts_.log.wait(next_, milliseconds(200), stop)) continue;
      const auto now = parts_.clock.steady();
      if (!backlog_ && now < last_start + options_.interval) {
        std::this_thread::sleep_for(std::chrono::duration_cast<milliseconds>(last_start + options_.interval - now));
      }
    }
    last_start = parts_.clock.steady();
    auto batch = prepare(redo_ ? &*redo_ : nullptr);
    if (!batch) {
      set_problem(batch.error().message);
      log::error("The worker cannot read the log: {}", batch.error().message);
      std::this_thread::sleep_for(milliseconds(500));
      continue;
    }
    if (redo_) {
      redo_.reset();
      judge_by(settings());
    }
    {
      std::lock_guard lock(status_mutex_);
      status_.prepare_seconds += std::chrono::duration<double>(parts_.clock.steady() - last_start).count();
    }
    if (!*batch) continue;
    if (!ready_.push(std::make_shared<Prepared>(std::move(**batch)), 1)) return;
  }
}

Result<std::optional<Worker::Prepared>> Worker::prepare(const Cut* again) {
  // Read: from every partition its share, and what others leave of theirs is not missed for long.
  std::vector<LogSlice> slices;
  const std::size_t share = std::max<std::size_t>(options_.batch_events / lanes_.size(), 1);
  const std::size_t share_bytes = std::max<std::size_t>(options_.batch_bytes / lanes_.size(), 1);
  std::size_t total = 0;
  bool full = false;
  if (again != nullptr) {
    for (const Range& range : again->ranges) {
      WEIR_CHECK(range.first == next_[range.partition.value], "a begun batch does not start at the committed position");
      LogSlice whole;
      Offset from = range.first;
      WEIR_TRY_ASSIGN(whole, parts_.log.read(range.partition, from, range.end - range.first, ~std::size_t{0}));
      if (whole.size() < range.end - range.first) {
        return fail(Code::kCorrupt, fmt::format("partition {} has {} of the {} events of a batch that was begun",
                                                range.partition.value, whole.size(), range.end - range.first));
      }
      whole.truncate(range.end - range.first);
      total += whole.size();
      slices.push_back(std::move(whole));
    }
  } else {
    for (std::uint32_t p = 0; p < lanes_.size(); ++p) {
      WEIR_TRY_ASSIGN(LogSlice slice, parts_.log.read(PartitionId(p), next_[p], share, share_bytes));
      full = full || slice.size() >= share || slice.bytes() >= share_bytes / 2;
      total += slice.size();
      if (!slice.empty()) slices.push_back(std::move(slice));
    }
    if (slices.empty()) return std::nullopt;
  }
  backlog_ = full;

  Prepared batch;
  batch.begun = again != nullptr;
  batch.cut.limits = again != nullptr ? again->limits : settings();
  for (const LogSlice& slice : slices) batch.cut.ranges.push_back({slice.partition, slice.first, slice.end()});

  // Decode, admit, encode: partitions are independent, so threads share them out.
  const std::size_t threads = total < 2'000 ? 1 : std::min<std::size_t>(options_.threads, slices.size());
  std::atomic<std::size_t> next_slice{0};
  auto work = [&] {
    for (std::size_t i; (i = next_slice++) < slices.size();)
      lanes_[slices[i].partition.value]->take(slices[i], parts_.enricher);
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t t = 1; t < threads; ++t) others.emplace_back(work);
    work();
  }
  for (const LogSlice& slice : slices) next_[slice.partition.value] = slice.end();
  finish_lanes(batch);
  return batch;
}

void Worker::finish_lanes(Prepared& batch) {
  TableBlock events{"events", lanes_[0]->events.columns(), 0, {}},
      rejects{"rejects", lanes_[0]->rejects.columns(), 0, {}}, rollups{"rollups", RollupBuilder::columns(), 0, {}};
  std::vector<RollupBuilder*> counted;
  for (const Range& range : batch.cut.ranges) {
    Lane& lane = *lanes_[range.partition.value];
    counted.push_back(&lane.rollups);
    events.rows += lane.events.rows();
    lane.events.finish(events.native);
    rejects.rows += lane.rejects.rows();
    lane.rejects.finish(rejects.native);
    append_identities(batch.identities, lane.partition, lane.dedupe.take_delta());
    batch.tally += std::exchange(lane.tally, {});
    for (std::size_t i = 0; i < kEventTypes; ++i) batch.by_type[i] += std::exchange(lane.by_type[i], 0);
    for (std::size_t i = 0; i < kReasons; ++i) batch.by_reason[i] += std::exchange(lane.by_reason[i], 0);
    batch.late += std::exchange(lane.late, 0);
    batch.arrivals.insert(batch.arrivals.end(), lane.arrivals.begin(), lane.arrivals.end());
    lane.arrivals.clear();
  }
  rollups.rows = RollupBuilder::finish(counted, rollups.native);
  for (const Range& range : batch.cut.ranges) lanes_[range.partition.value]->words.clear();
  for (const Arrival& a : batch.arrivals) batch.newest_arrival = std::max(batch.newest_arrival, a.at);
  if (events.rows > 0) batch.blocks.push_back(std::move(events));
  if (rejects.rows > 0) batch.blocks.push_back(std::move(rejects));
  batch.blocks.push_back(std::move(rollups));

  std::size_t identities = 0;
  std::int64_t window = options_.dedupe_window_millis;
  for (const auto& lane : lanes_) {
    identities += lane->dedupe.size();
    window = std::min(window, lane->dedupe.window_millis());
  }
  parts_.metrics.dedupe_identities.Set(static_cast<double>(identities));
  parts_.metrics.dedupe_window_seconds.Set(static_cast<double>(window) / 1000);
  std::lock_guard lock(status_mutex_);
  status_.dedupe_identities = identities;
  status_.dedupe_window_millis = window;
}

std::string Worker::token_of(const Cut& cut) const {
  std::string token = log_id_;
  for (const Range& r : cut.ranges) token += fmt::format(":{}:{}-{}", r.partition.value, r.first.value, r.end.value);
  return token;
}

void Worker::write_loop() {
  while (auto batch = ready_.pop()) {
    if (!write(**batch)) return;
  }
}

bool Worker::write(Prepared& batch) {
  milliseconds pause(50);
  // Each step is tried until it succeeds or the process stops: accepted events are never given up.
  auto insist = [&](const char* doing, auto&& step) {
    while (true) {
      const Status status = step();
      if (status) return true;
      parts_.metrics.worker_retries.Increment();
      set_problem(fmt::format("{}: {}", doing, status.error().message));
      log::error("The worker waits {} ms and tries again. {}: {}", pause.count(), doing, status.error().message);
      if (aborting_) return false;
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, milliseconds(2'000));
    }
  };
  if (!batch.begun && !insist("recording the batch", [&]() -> Status {
        WEIR_TRY(fail_point("worker.begin"));
        WEIR_TRY(parts_.progress.begin(batch.cut));
        return fail_point("worker.begun");
      })) {
    return false;
  }
  batch.begun = true;
  // Past this line a crash leads to the same batch again.

  const auto start = parts_.clock.steady();
  const std::string token = token_of(batch.cut);
  if (!std::exchange(gate_closed_, false)) parts_.gate.begin_batch();
  const bool written = insist("writing to the store",
                              [&]() -> Status {
                                WEIR_TRY(fail_point("worker.insert"));
                                Status status = parts_.store.insert(batch.blocks, token);
                                if (!status) parts_.metrics.store_insert_failures.Increment();
                                return status;
                              }) &&
                       // Past this line every table has the batch.
                       insist("committing the batch", [&]() -> Status {
                         WEIR_TRY(fail_point("worker.commit"));
                         return parts_.progress.commit(batch.cut, batch.tally, batch.identities, batch.newest_arrival);
                       });
  if (written) {
    std::lock_guard lock(status_mutex_);
    for (const Range& r : batch.cut.ranges) committed_[r.partition.value] = r.end;
  }
  parts_.gate.end_batch();
  if (!written) return false;
  // Past this line the batch is everywhere, and never looked at again.
  if (Status after = fail_point("worker.committed"); !after) log::warn("{}", after.error().message);
  account(batch, std::chrono::duration<double>(parts_.clock.steady() - start).count());
  return true;
}

void Worker::account(const Prepared& batch, double insert_seconds) {
  Metrics& m = parts_.metrics;
  const UnixMillis now = parts_.clock.now();
  m.store_insert_seconds.Observe(insert_seconds);
  m.worker_batches.Increment();
  m.events_duplicate.Increment(static_cast<double>(batch.tally.duplicate));
  m.events_late.Increment(static_cast<double>(batch.late));
  for (std::size_t i = 0; i < kEventTypes; ++i) {
    if (batch.by_type[i] != 0)
      m.events_admitted(std::string(event_types()[i].name)).Increment(static_cast<double>(batch.by_type[i]));
  }
  for (std::size_t i = 0; i < kReasons; ++i) {
    if (batch.by_reason[i] != 0)
      m.events_rejected(std::string(reason_name(static_cast<Reason>(i))))
          .Increment(static_cast<double>(batch.by_reason[i]));
  }
  UnixMillis oldest = now;
  for (const Arrival& a : batch.arrivals) {
    const double millis = static_cast<double>(std::max<std::int64_t>(now - a.at, 0));
    parts_.freshness.add(now, millis, a.events);
    m.observe_freshness(millis / 1000, a.events);
    oldest = std::min(oldest, a.at);
  }
  const std::int64_t horizon = batch.newest_arrival.value - 2 * options_.dedupe_window_millis;
  std::uint64_t batches = 0;
  {
    std::lock_guard lock(status_mutex_);
    status_.healthy = true;
    status_.message.clear();
    batches = ++status_.batches;
    status_.last_insert_seconds = insert_seconds;
    status_.write_seconds += insert_seconds;
  }
  if (batches % 512 == 0) {
    if (Status trimmed = parts_.progress.trim_identities(UnixMillis(horizon)); !trimmed) {
      log::warn("Old identities could not be removed, they only take space: {}", trimmed.error().message);
    }
  }
  auto live = std::make_shared<LiveBatch>();
  live->committed_at = now;
  live->admitted = batch.tally.admitted;
  live->duplicate = batch.tally.duplicate;
  live->rejected = batch.tally.rejected;
  live->oldest_arrival_ms = oldest.value;
  parts_.feed.publish(std::move(live));
}

void Worker::set_problem(std::string message) {
  std::lock_guard lock(status_mutex_);
  status_.healthy = false;
  status_.message = std::move(message);
}

WorkerStatus Worker::status() const {
  std::vector<Offset> committed;
  WorkerStatus status;
  {
    std::lock_guard lock(status_mutex_);
    status = status_;
    committed = committed_;
  }
  for (std::uint32_t p = 0; p < committed.size(); ++p) {
    const auto end = parts_.log.end(PartitionId(p));
    if (!end) continue;
    const std::uint64_t lag = *end > committed[p] ? *end - committed[p] : 0;
    status.lag_events += lag;
    parts_.metrics.worker_lag(p).Set(static_cast<double>(lag));
  }
  return status;
}

}  // namespace weir

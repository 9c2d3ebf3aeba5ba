#include "simulate/simulation.h"

#include <array>

#include "base/check.h"
#include "event/decoder.h"
#include "simulate/attack.h"
#include "simulate/calm.h"
#include "simulate/population.h"
#include "simulate/writer.h"

namespace weir {

static_assert(kMaxRunNameBytes == simulate::Writer::kMaxRunBytes);

using namespace simulate;  // NOLINT: the room's own inside

namespace {

/// An event that its producer will send again, byte for byte.
struct Repeat {
  std::uint64_t due = 0;  // when this many calm events have been; 0 for a free place
  std::string event;
  Source source = Source::kEdgeEu1;
  std::uint64_t id = 0;
};

}  // namespace

struct Simulation::Impl {
  explicit Impl(const SimulationOptions& options)
      : population(options.seed),
        calm(options.seed, population),
        episodes(options.run, options.seed),
        writer(options.run),
        repeats_random(options.seed, 4),
        attack_random(options.seed, 5),
        id_text(options.run + "-"),
        id_prefix(id_text.size()) {
    set_rate(options.rate);
  }

  void set_rate(double rate) {
    if (!(rate > 0)) rate = 1;
    nanos_per_event = static_cast<std::int64_t>(1e9 / rate);
    if (nanos_per_event < 1) nanos_per_event = 1;
  }
  std::int64_t elapsed() const { return attack_nanos / 1'000'000; }

  void add(std::string_view event, Source source, std::uint64_t id, std::span<RawBatch> out) {
    if (out.size() == 1) return out[0].add(event);
    id_text.resize(id_prefix + 20);
    Pen pen(id_text.data() + id_prefix);
    pen.dec(id);
    id_text.resize(static_cast<std::size_t>(pen.at() - id_text.data()));
    out[identity_hash(source_name(source), id_text).low % out.size()].add(event);
  }

  void attack_event(UnixMillis time, std::span<RawBatch> out) {
    --owed;
    attack->next(draft, elapsed());
    const std::uint64_t id = ++ids;
    add(writer.write(draft, id, time), draft.source, id, out);
  }

  void calm_event(UnixMillis time, std::span<RawBatch> out) {
    ++calm_count;
    if (attack) {
      // A calm event is 1/rate of a second of the attack's time too.
      attack_nanos += nanos_per_event;
      const Intensity strength = attack->intensity(elapsed());
      owed += (strength >> 16) + (attack_random.below(65'536) < (strength & 0xffff) ? 1 : 0);
    }
    if (calm_count >= next_repeat) return repeat(out);
    calm.next(draft);
    if (attack && draft.type == EventType::kApiRequest) strain();
    const std::uint64_t id = ++ids;
    const std::string_view event = writer.write(draft, id, time);
    add(event, draft.source, id, out);
    if (repeats_random.chance(0.003)) remember(event, id);
  }

  void strain() {
    const Strain s = attack->strain(elapsed());
    if (s.latency == 256 || !draft.holds(Field::kLatencyMs)) return;
    draft.set(Field::kLatencyMs, draft.number_of(Field::kLatencyMs) * s.latency / 256);
    if (attack_random.hits(s.unavailable)) draft.set(Field::kStatus, std::uint64_t{503});
  }

  void remember(std::string_view event, std::uint64_t id) {
    for (Repeat& r : repeats) {
      if (r.due != 0) continue;
      r.due = calm_count + 2 + repeats_random.below(1'500);
      r.event = event;
      r.source = draft.source;
      r.id = id;
      next_repeat = std::min(next_repeat, r.due);
      return;
    }
  }

  void repeat(std::span<RawBatch> out) {
    Repeat* first = nullptr;
    std::uint64_t second_due = UINT64_MAX;
    for (Repeat& r : repeats) {
      if (r.due == 0) continue;
      if (first == nullptr || r.due < first->due) {
        if (first != nullptr) second_due = std::min(second_due, first->due);
        first = &r;
      } else {
        second_due = std::min(second_due, r.due);
      }
    }
    WEIR_CHECK(first != nullptr, "a repeat is due at {} and there is none", next_repeat);
    add(first->event, first->source, first->id, out);
    first->due = 0;
    next_repeat = second_due;
  }

  Population population;
  Calm calm;
  Episodes episodes;
  Writer writer;
  Random repeats_random;
  Random attack_random;  // when attack events come; attacks draw what they hold from streams of their own
  Draft draft;
  std::uint64_t ids = 0, calm_count = 0;
  std::array<Repeat, 16> repeats;
  std::uint64_t next_repeat = UINT64_MAX;
  std::int64_t nanos_per_event = 0;
  std::optional<Scenario> scenario;
  std::unique_ptr<Attack> attack;
  std::int64_t attack_nanos = 0;
  std::uint32_t owed = 0;  // attack events that come before the next calm one
  std::string id_text;     // RUN- and room for a number
  const std::size_t id_prefix;
};

Simulation::Simulation(const SimulationOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Simulation::~Simulation() = default;
Simulation::Simulation(Simulation&&) noexcept = default;
Simulation& Simulation::operator=(Simulation&&) noexcept = default;

void Simulation::set_attack(std::optional<Scenario> attack) {
  Impl& s = *impl_;
  s.scenario = attack;
  s.attack = attack ? make_attack(*attack, s.population, s.episodes) : nullptr;
  s.attack_nanos = 0;
  s.owed = 0;
}

std::optional<Scenario> Simulation::attack() const { return impl_->scenario; }

void Simulation::set_rate(double events_per_second) { impl_->set_rate(events_per_second); }

double Simulation::load() const {
  if (!impl_->attack) return 1;
  return 1 + static_cast<double>(impl_->attack->intensity(impl_->elapsed())) / 65536.0;
}

void Simulation::generate(std::size_t n, UnixMillis from, UnixMillis to, RawBatch& out) {
  generate(n, from, to, std::span(&out, 1));
}

void Simulation::generate(std::size_t n, UnixMillis from, UnixMillis to, std::span<RawBatch> partitions) {
  WEIR_CHECK(!partitions.empty(), "nowhere to put {} events", n);
  Impl& s = *impl_;
  const std::int64_t span = to - from;
  for (std::size_t i = 0; i < n; ++i) {
    const UnixMillis time = from + span * static_cast<std::int64_t>(i) / static_cast<std::int64_t>(n);
    if (s.owed > 0) {
      s.attack_event(time, partitions);
    } else {
      s.calm_event(time, partitions);
    }
  }
}

}  // namespace weir

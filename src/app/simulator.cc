#include "app/simulator.h"

#include <fmt/format.h>

#include <random>

#include "base/log.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{20};
/// What is made in one go, whatever is owed: some megabytes, and some milliseconds in which it cannot be stopped.
constexpr double kMostAtOnce = 20'000;
/// What a simulator that was held up makes up for at once; older debts are forgotten, as time has gone on without them.
constexpr double kLongestDebtSeconds = 1.0;

}  // namespace

Result<std::optional<Scenario>> attack_named(const std::string& text) {
  if (text.empty() || text == "0" || text == "none") return std::nullopt;
  if (text == "1") return Scenario::kMixed;
  if (const auto scenario = scenario_named(text)) return scenario;
  std::string names;
  for (const auto& info : scenarios()) names += (names.empty() ? "" : ", ") + std::string(info.name);
  return fail(Code::kInvalid, "There is no attack called \"" + text + "\". There are: " + names + ".");
}

std::string new_run_name() {
  std::random_device chance;
  return fmt::format("{:x}{:06x}", SystemClock().now().value / 1000, chance() & 0xFFFFFFU);
}

Simulator::Simulator(SimulationOptions options, Settings settings, EventSink& sink, const Clock& clock)
    : sink_(sink), clock_(clock), simulation_(options), settings_(std::move(settings)) {
  simulation_.set_rate(settings_.rate);
  simulation_.set_attack(settings_.attack);
}

Simulator::~Simulator() { stop(); }

void Simulator::start() {
  thread_ = std::jthread([this](std::stop_token stop) { loop(stop); });
}

void Simulator::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

Simulator::Settings Simulator::settings() const {
  std::lock_guard lock(mutex_);
  return settings_;
}

void Simulator::change(const Settings& settings) {
  std::lock_guard lock(mutex_);
  settings_ = settings;
  changed_.notify_all();
}

std::string Simulator::problem() const {
  std::lock_guard lock(mutex_);
  return problem_;
}

void Simulator::loop(std::stop_token stop) {
  Settings now = settings();
  auto last = clock_.steady();
  UnixMillis last_wall = clock_.now();
  double owed = 0;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, stop, owed >= kMostAtOnce ? milliseconds(0) : kTick, [&] { return settings_ != now; });
      if (settings_.attack != now.attack) simulation_.set_attack(settings_.attack);
      if (settings_.rate != now.rate) simulation_.set_rate(settings_.rate);
      now = settings_;
    }
    const auto at = clock_.steady();
    const UnixMillis wall = clock_.now();
    const double seconds = std::chrono::duration<double>(at - last).count();
    last = at;
    const double rate = now.running ? now.rate * simulation_.load() : 0;
    owed = std::min(owed + seconds * rate, std::max(kLongestDebtSeconds * rate, 1.0));
    if (rate == 0) owed = 0;
    const auto n = static_cast<std::size_t>(std::min(owed, kMostAtOnce));
    if (n > 0) {
      owed -= static_cast<double>(n);
      RawBatch events;
      simulation_.generate(n, std::min(last_wall, wall), wall, events);
      Status sent = sink_.send(std::move(events), stop);
      std::lock_guard lock(mutex_);
      if (!sent && sent.error().code != Code::kCancelled) {
        if (problem_.empty()) log::warn("The simulator cannot send its events: {}", sent.error().message);
        problem_ = sent.error().message;
      } else {
        problem_.clear();
      }
    }
    last_wall = wall;
  }
}

}  // namespace weir

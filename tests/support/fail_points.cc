#include "fail_points.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <thread>

#include "base/fail_point.h"

namespace weir::testing {
namespace {

constexpr std::array<std::pair<std::string_view, Code>, 5> kCodes{{{"disk_full", Code::kDiskFull},
                                                                   {"unavailable", Code::kUnavailable},
                                                                   {"overloaded", Code::kOverloaded},
                                                                   {"corrupt", Code::kCorrupt},
                                                                   {"deadline", Code::kDeadline}}};

template <class T>
bool number(std::string_view text, T& value) {
  return !text.empty() &&
         std::from_chars(text.data(), text.data() + text.size(), value).ptr == text.data() + text.size();
}

/// Cuts `text` at the last `mark`; what follows goes to `value`.
bool take_number(std::string_view& text, char mark, std::uint64_t& value) {
  const std::size_t at = text.rfind(mark);
  if (at == std::string_view::npos || !number(text.substr(at + 1), value)) return false;
  text = text.substr(0, at);
  return true;
}

std::expected<FailRule, std::string> parse_rule(std::string_view text) {
  const auto bad = [&] { return std::unexpected(fmt::format("\"{}\" is no rule of WEIR_FAIL", text)); };
  FailRule rule;
  const std::size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) return bad();
  std::string_view name = text.substr(0, equals), action = text.substr(equals + 1);
  if (const std::size_t slash = name.find('/'); slash != std::string_view::npos) {
    rule.which = name.substr(slash + 1);
    name = name.substr(0, slash);
  }
  rule.name = name;
  take_number(action, 'x', rule.times);
  take_number(action, '@', rule.from);
  if (action == "die") return rule;
  if (action.starts_with("late:") && number(action.substr(5), rule.millis)) {
    rule.action = FailRule::Action::kLate;
    return rule;
  }
  if (action.starts_with("error:")) {
    for (const auto& [word, code] : kCodes) {
      if (action.substr(6) != word) continue;
      rule.action = FailRule::Action::kError;
      rule.code = code;
      return rule;
    }
  }
  return bad();
}

struct LiveRule {
  explicit LiveRule(FailRule r) : rule(std::move(r)) {}
  FailRule rule;
  std::atomic<std::uint64_t> calls{0};
};

std::deque<LiveRule>& live_rules() {
  static auto* rules = [] {
    auto* out = new std::deque<LiveRule>;
    const char* text = std::getenv("WEIR_FAIL");
    if (text == nullptr || *text == '\0') return out;
    auto parsed = parse_fail_rules(text);
    if (!parsed) {
      std::fprintf(stderr, "%s\n", parsed.error().c_str());
      std::abort();
    }
    for (FailRule& rule : *parsed) out->emplace_back(std::move(rule));
    return out;
  }();
  return *rules;
}

}  // namespace

std::expected<std::vector<FailRule>, std::string> parse_fail_rules(std::string_view text) {
  std::vector<FailRule> rules;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    auto rule = parse_rule(text.substr(0, comma));
    if (!rule) return std::unexpected(rule.error());
    rules.push_back(std::move(*rule));
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
  }
  return rules;
}

}  // namespace weir::testing

namespace weir {

Status fail_point(std::string_view name, std::string_view which) {
  using testing::FailRule;
  for (auto& live : testing::live_rules()) {
    if (!live.rule.meets(name, which) || !live.rule.acts_at(++live.calls)) continue;
    switch (live.rule.action) {
      case FailRule::Action::kDie: kill(getpid(), SIGKILL); std::abort();
      case FailRule::Action::kLate: std::this_thread::sleep_for(std::chrono::milliseconds(live.rule.millis)); break;
      case FailRule::Action::kError:
        return fail(live.rule.code, fmt::format("a test lets {}{}{} fail", name, which.empty() ? "" : "/", which));
    }
  }
  return {};
}

}  // namespace weir

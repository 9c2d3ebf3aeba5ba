#include "queries/overview_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>
#include <random>

#include "event/decoder.h"

namespace weir {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::int64_t kStart = parse_rfc3339("2026-11-24T11:00:00Z")->value / 1000;

/// Traffic of a service, by second: Poisson numbers around rates that a test may change.
class Traffic {
 public:
  explicit Traffic(unsigned seed = 1) : random_(seed) {}

  std::map<Count, double> rates{{Count::kLogins, 60},        {Count::kLoginFailures, 7},
                                {Count::kSignups, 0.6},      {Count::kPasswordResets, 0.4},
                                {Count::kMfaFailures, 0.12}, {Count::kApiRequests, 1700},
                                {Count::kApiErrors, 20},     {Count::kEmails, 180},
                                {Count::kEmailBounces, 3.5}, {Count::kEmailComplaints, 0.05}};
  double scale = 1;
  /// Above 1: numbers come in bursts (variance ÷ mean).
  double burst = 1;

  SecondCounts second(std::int64_t at) {
    SecondCounts one{.second = at};
    for (const auto& [count, rate] : rates) {
      std::poisson_distribution<std::uint64_t> groups(rate * scale / burst);
      one.counts[static_cast<std::size_t>(count)] =
          static_cast<std::uint64_t>(static_cast<double>(groups(random_)) * burst);
    }
    auto& c = one.counts;
    const auto n = [&](Count count) { return c[static_cast<std::size_t>(count)]; };
    c[0] = n(Count::kLogins) + n(Count::kSignups) + n(Count::kPasswordResets) + n(Count::kMfaFailures) +
           n(Count::kApiRequests) + n(Count::kEmails);
    return one;
  }

 private:
  std::mt19937 random_;
};

class OverviewModelTest : public testing::Test {
 protected:
  /// Plays seconds until `seconds` have passed since the start; `each` is called after each.
  void play(std::int64_t seconds, const std::function<void()>& each = {}) {
    for (; played_ < seconds; ++played_) {
      model_.put(traffic_.second(kStart + played_));
      now_ = UnixMillis((kStart + played_ + 1) * 1000);
      model_.advance(now_);
      if (each) each();
    }
  }
  OverviewView view() const { return model_.view(now_); }
  OverviewState state() const { return view().state; }
  OverviewTile tile(std::string_view metric) const {
    const OverviewView all = view();
    return *std::ranges::find(all.tiles, metric, &OverviewTile::metric);
  }
  void attack_logins() {
    traffic_.rates[Count::kLogins] = 260;
    traffic_.rates[Count::kLoginFailures] = 205;
  }
  void calm_logins() {
    traffic_.rates[Count::kLogins] = 60;
    traffic_.rates[Count::kLoginFailures] = 7;
  }

  Traffic traffic_;
  OverviewModel model_;
  std::int64_t played_ = 0;
  UnixMillis now_{kStart * 1000};
};

TEST_F(OverviewModelTest, WithoutEventsSaysSoAndShowsNoNumbers) {
  model_.advance(now_);
  EXPECT_EQ(state(), OverviewState::kNormal);
  EXPECT_THAT(view().sentence, StartsWith("No events yet."));
  for (const OverviewTile& one : view().tiles) {
    EXPECT_FALSE(one.value || one.baseline || one.change) << one.metric;
    EXPECT_TRUE(std::ranges::none_of(one.sparkline, [](const auto& v) { return v.has_value(); }));
  }
}

TEST_F(OverviewModelTest, LearnsForAMinuteAndThenKnowsWhatIsUsual) {
  play(15);
  EXPECT_EQ(state(), OverviewState::kNormal);
  EXPECT_THAT(view().sentence, StartsWith("Normal so far."));
  EXPECT_NEAR(*tile("events").value, 1941, 60);
  EXPECT_FALSE(tile("events").baseline);
  play(65);
  EXPECT_NEAR(*tile("events").baseline, 1941, 40);
  EXPECT_NEAR(*tile("events").change, 1, 0.05);
  EXPECT_NEAR(*tile("login_failures").baseline, 7, 1);
  EXPECT_NEAR(*tile("login_failure_ratio").baseline, 7. / 60, 0.03);
  play(600);
  EXPECT_NEAR(*tile("signups").baseline, 0.6, 0.15);
  EXPECT_NEAR(*tile("mfa_failures").baseline, 0.12, 0.06);
  EXPECT_THAT(
      view().sentence,
      testing::MatchesRegex("Normal. 1,9[0-9][0-9] events a second, nothing unusual in the last (9|10) minutes."));
}

TEST_F(OverviewModelTest, SeesAnAttackThatBeginsSeventeenSecondsAfterTheFirstEvent) {
  play(17, [&] { ASSERT_EQ(state(), OverviewState::kNormal); });
  attack_logins();
  std::int64_t noticed = 0;
  play(37, [&] {
    if (noticed == 0 && state() != OverviewState::kNormal) noticed = played_ - 16;
  });
  EXPECT_GT(noticed, 0);
  EXPECT_LE(noticed, 5);
  EXPECT_EQ(state(), OverviewState::kAttack);
  // It stays one, for as long as it goes on, although there were but seconds of calm to learn from.
  play(17 + 900, [&] { ASSERT_TRUE(played_ < 30 || state() == OverviewState::kAttack) << played_; });
  calm_logins();
  std::int64_t left_attack = 0, normal = 0;
  play(17 + 1000, [&] {
    if (left_attack == 0 && state() != OverviewState::kAttack) left_attack = played_ - 916;
    if (normal == 0 && state() == OverviewState::kNormal) normal = played_ - 916;
  });
  EXPECT_GT(left_attack, 0);
  EXPECT_LE(left_attack, 20);
  EXPECT_GT(normal, 0);
  EXPECT_LE(normal, 40);
}

TEST_F(OverviewModelTest, TellsAnAttackInWords) {
  play(600);
  attack_logins();
  play(640);
  EXPECT_THAT(
      view().sentence,
      testing::MatchesRegex(
          "Failed logins are (29|30|31)× usual since 11:10: 2[01][0-9] a second instead of (6.[0-9]+|7|7.[0-9]+)."));
  EXPECT_GT(*tile("login_failures").change, 10);
}

TEST_F(OverviewModelTest, NamesWhatElseIsUnusual) {
  play(600);
  attack_logins();
  traffic_.rates[Count::kPasswordResets] = 12;
  traffic_.rates[Count::kApiErrors] = 120;
  play(640);
  EXPECT_THAT(view().sentence, HasSubstr(" Also unusual: "));
  EXPECT_THAT(view().sentence, HasSubstr("API errors"));
}

TEST_F(OverviewModelTest, SeesASlowAttack) {
  play(900);
  traffic_.rates[Count::kLoginFailures] = 7 * 2;
  play(1000);
  EXPECT_EQ(state(), OverviewState::kElevated);
}

TEST_F(OverviewModelTest, GivesNoFalseAlarmInHoursOfCalmWithARhythm) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    model_ = OverviewModel();
    traffic_ = Traffic(seed);
    traffic_.burst = seed;  // the third comes in threes
    played_ = 0;
    play(3 * 3600, [&] {
      // A day squeezed into six hours: it doubles and halves, four times as fast as it really does.
      traffic_.scale = std::exp(std::log(2.) * std::sin(2 * std::numbers::pi * static_cast<double>(played_) / 21'600));
      ASSERT_EQ(state(), OverviewState::kNormal) << "seed " << seed << " at " << played_ << ": " << view().sentence;
    });
  }
}

TEST_F(OverviewModelTest, GivesNoFalseAlarmForASmallService) {
  traffic_.scale = 0.002;  // four events a second
  play(2 * 3600, [&] { ASSERT_EQ(state(), OverviewState::kNormal) << played_ << ": " << view().sentence; });
  traffic_.scale = 0.00002;  // two a minute
  play(4 * 3600, [&] { ASSERT_EQ(state(), OverviewState::kNormal) << played_ << ": " << view().sentence; });
}

TEST_F(OverviewModelTest, MoreOfEverythingIsNoAttack) {
  play(900);
  traffic_.scale = 4;
  play(1800, [&] { ASSERT_NE(state(), OverviewState::kAttack) << view().sentence; });
  EXPECT_EQ(state(), OverviewState::kNormal) << view().sentence;
  attack_logins();
  play(1830);
  EXPECT_EQ(state(), OverviewState::kAttack);
}

TEST_F(OverviewModelTest, AStreamThatStoodStillTeachesNothing) {
  play(120);
  traffic_.scale = 0;
  play(720);
  EXPECT_THAT(view().sentence, StartsWith("Quiet. No event has happened for 10 minutes."));
  EXPECT_EQ(state(), OverviewState::kNormal);
  traffic_.scale = 1;
  play(900, [&] { ASSERT_EQ(state(), OverviewState::kNormal) << played_ << ": " << view().sentence; });
  EXPECT_NEAR(*tile("events").baseline, 1941, 60);
  // A gap is shown as a gap.
  const auto line = tile("events").sparkline;
  EXPECT_TRUE(line[59]);
  EXPECT_FALSE(line[50]);
  EXPECT_TRUE(line[45]);
  EXPECT_FALSE(line[43]);
}

TEST_F(OverviewModelTest, ASilenceThatIsOverIsNoPartOfTheRate) {
  play(120);
  traffic_.scale = 0;
  play(150);
  EXPECT_LT(*tile("events").value, 1200);
  traffic_.scale = 1;
  play(170);
  EXPECT_NEAR(*tile("events").value, 1941, 120);
}

TEST_F(OverviewModelTest, OfFewThingsNoShareIsTold) {
  traffic_.rates = {
      {Count::kApiRequests, 0.1}, {Count::kApiErrors, 0.1}, {Count::kEmails, 20}, {Count::kEmailBounces, 2}};
  play(60);
  EXPECT_EQ(tile("api_error_ratio").value, std::nullopt);
  EXPECT_NEAR(*tile("email_bounce_ratio").value, 0.1, 0.05);
}

TEST_F(OverviewModelTest, SaysTheSameAfterARestart) {
  std::vector<SecondCounts> all;
  for (std::int64_t s = 0; s < 1200; ++s) {
    if (s == 900) attack_logins();
    all.push_back(traffic_.second(kStart + s));
  }
  OverviewModel first, again;
  for (const SecondCounts& one : all) {
    first.put(one);
    first.advance(UnixMillis((one.second + 1) * 1000));
  }
  const UnixMillis now((kStart + 1200) * 1000);
  for (auto one = all.rbegin(); one != all.rend(); ++one) again.put(*one);
  again.advance(now);
  EXPECT_EQ(first.view(now).state, OverviewState::kAttack);
  EXPECT_EQ(again.view(now).state, OverviewState::kAttack);
  EXPECT_EQ(first.view(now).sentence, again.view(now).sentence);
}

TEST_F(OverviewModelTest, LateEventsChangeWhatWasCounted) {
  play(100);
  const double before = *tile("events").value;
  SecondCounts late = traffic_.second(kStart + 95);
  late.counts[0] += 600;
  model_.put(late);
  model_.advance(now_);
  EXPECT_NEAR(*tile("events").value, before + 10, 4);
  // Far in the past: nothing of it is known any more.
  model_.put({.second = kStart - 5000, .counts = {99}});
  model_.advance(now_);
  EXPECT_FALSE(tile("events").sparkline[0]);
}

TEST_F(OverviewModelTest, TheWindowSlidesByTheMillisecond) {
  play(120);
  SecondCounts running{.second = kStart + 120, .counts = {3000}};
  model_.put(running);
  now_ = UnixMillis((kStart + 120) * 1000 + 500);
  model_.advance(now_);
  const double first = *tile("events").value;
  running.counts[0] = 3100;
  model_.put(running);
  model_.advance(now_);
  EXPECT_NEAR(*tile("events").value, first + 100. / 60, 1e-6);
}

TEST_F(OverviewModelTest, FollowsTheStreamForLongerThanItsMemory) {
  traffic_.rates = {{Count::kApiRequests, 10}};
  play(2 * 3600 + 100);
  EXPECT_NEAR(*tile("events").value, 10, 2);
  for (const auto& value : tile("events").sparkline) {
    ASSERT_TRUE(value);
    EXPECT_NEAR(*value, 10, 3);
  }
  EXPECT_EQ(tile("login_failure_ratio").value, std::nullopt);
  EXPECT_THAT(view().sentence, HasSubstr("nothing unusual in the last hour."));
}

}  // namespace
}  // namespace weir

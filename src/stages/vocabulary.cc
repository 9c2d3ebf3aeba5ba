#include "stages/vocabulary.h"

namespace weir {
namespace {

// Words from this one on are fields; those before it are attributes of the event.
constexpr auto kFirstField = static_cast<std::size_t>(Word::kOutcome);
constexpr std::array<std::string_view, kFirstField> kAttributes{"type", "source", "email_domain", "truth"};
constexpr std::array<Field, kWords - kFirstField> kRepeatingFields{
    Field::kOutcome,  Field::kReason,   Field::kAuthMethod, Field::kMethod,    Field::kDelivery,
    Field::kTemplate, Field::kProvider, Field::kDsn,        Field::kUserAgent, Field::kCountry};

}  // namespace

std::string_view column_of(Word word) {
  const auto n = static_cast<std::size_t>(word);
  return n < kFirstField ? kAttributes[n] : info(kRepeatingFields[n - kFirstField]).column;
}

Vocabulary::Numbers Vocabulary::numbers(const EventView& event) {
  Numbers n;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled below
  const auto look_up = [&](std::size_t word, std::string_view text) { n[word] = dictionaries_[word].number(text); };
  look_up(static_cast<std::size_t>(Word::kType), info(event.type).name);
  look_up(static_cast<std::size_t>(Word::kSource), event.source);
  look_up(static_cast<std::size_t>(Word::kEmailDomain), event.email_domain);
  look_up(static_cast<std::size_t>(Word::kTruth), event.truth);
  for (std::size_t i = 0; i < kRepeatingFields.size(); ++i) look_up(kFirstField + i, event[kRepeatingFields[i]]);
  return n;
}

void Vocabulary::clear() {
  for (Dictionary& d : dictionaries_) d.clear();
}

}  // namespace weir

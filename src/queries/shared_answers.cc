#include "queries/shared_answers.h"

#include <algorithm>
#include <new>

#include "base/log.h"

namespace weir {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kOverhead = 256;  // of a question that is kept, beside its text and its answer

Result<std::string> made_by(const SharedAnswers::Make& make) {
  try {
    return make();
  } catch (const std::bad_alloc&) {
    return fail(Code::kOverloaded, "There is not enough memory for this answer. Ask for less, or try again later.");
  } catch (const std::exception& error) {
    log::error("queries: a question met an exception: {}", error.what());
    return fail(Code::kInternal, "Something in Weir failed; its log says what. Please report it.");
  }
}

/// What goes wrong for one must not keep the others from their answer.
void deliver_to(const SharedAnswers::Deliver& deliver, const SharedAnswers::Answer& answer) {
  try {
    deliver(answer);
  } catch (const std::exception& error) {
    log::error("queries: an answer could not be given: {}", error.what());
  }
}

}  // namespace

void SharedAnswers::ask(const std::string& question, milliseconds max_age, const Make& make, Deliver deliver) {
  {
    std::unique_lock lock(mutex_);
    const Time now = clock_.steady();
    Question& asked = questions_[question];
    if (asked.answer && now < asked.until && now - asked.begun < max_age) {
      ++counts_.kept;
      const Answer answer = asked.answer;
      lock.unlock();
      deliver_to(deliver, answer);
      return;
    }
    if (asked.making) {
      ++counts_.joined;
      (now - asked.making_since < max_age ? asked.waiting : asked.next).push_back(std::move(deliver));
      return;
    }
    asked.making = true;
    asked.making_since = now;
    asked.waiting.push_back(std::move(deliver));
  }
  // Who came too late for this answer gets the next one, all of them the same.
  while (true) {
    const Answer answer = std::make_shared<const Result<std::string>>(made_by(make));
    std::vector<Deliver> waiting;
    bool again = false;
    {
      std::lock_guard lock(mutex_);
      ++counts_.made;
      const Time now = clock_.steady();
      const auto found = questions_.find(question);
      Question& asked = found->second;
      const Time begun = asked.making_since;
      waiting = std::exchange(asked.waiting, std::exchange(asked.next, {}));
      again = !asked.waiting.empty();
      asked.making = again;
      asked.making_since = now;
      counts_.bytes -= std::exchange(asked.bytes, 0);
      asked.answer = nullptr;
      const std::size_t bytes = answer->has_value() ? (*answer)->size() + question.size() + kOverhead : 0;
      if (answer->has_value() && max_age.count() > 0 && bytes <= options_.bytes / 4) {
        asked.answer = answer;
        asked.begun = begun;
        asked.until = now + (now - begun) * options_.age_of_cost;
        asked.bytes = bytes;
        counts_.bytes += bytes;
      } else if (!again) {
        questions_.erase(found);
      }
      make_room(now);
    }
    for (const Deliver& one : waiting) deliver_to(one, answer);
    if (!again) return;
  }
}

void SharedAnswers::forget(Questions::iterator question) {
  counts_.bytes -= std::exchange(question->second.bytes, 0);
  question->second.answer = nullptr;
  if (!question->second.making) questions_.erase(question);
}

void SharedAnswers::make_room(Time now) {
  // Few questions are kept at a time: looking at all of them costs nothing beside the answer that was just made.
  for (auto one = questions_.begin(); one != questions_.end();) {
    const auto next = std::next(one);
    if (one->second.answer && one->second.until <= now) forget(one);
    one = next;
  }
  while (counts_.bytes > options_.bytes) {
    const auto oldest = std::ranges::min_element(
        questions_, {}, [](const auto& one) { return one.second.answer ? one.second.begun : Time::max(); });
    forget(oldest);
  }
}

SharedAnswers::Counts SharedAnswers::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace weir

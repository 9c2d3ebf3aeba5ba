#include "formats/replay_plan.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/json_text.h"
#include "event/event_type.h"
#include "formats/event_json.h"

namespace weir {
namespace {

// What RFC 3339 can write.
constexpr UnixMillis kFirstMoment{-62'167'219'200'000}, kLastMoment{253'402'300'799'999};

UnixMillis clamp(UnixMillis t) { return std::clamp(t, kFirstMoment, kLastMoment); }

}  // namespace

/// A file and how far it was read.
struct ReplayPlan::Source {
  LogSurvey survey;
  std::size_t number = 0;
  std::string source_json;
  std::unique_ptr<LogFileReader> reader;  // only while it is being read
  bool begun = false, ended = false;
  LogCounts ended_counts;
  std::uint64_t ended_bytes = 0;
  LogRecord record;          // the next line
  std::uint32_t repeat = 0;  // events of it that were handed out
  UnixMillis reached;        // the newest time so far: never goes back, so that due times never do
};

namespace {

/// For a heap: true when `a` comes after `b`.
template <class Source>
bool later(const Source* a, const Source* b) {
  return std::pair(a->reached, a->number) > std::pair(b->reached, b->number);
}

}  // namespace

ReplayPlan::ReplayPlan(ReplayOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}
ReplayPlan::~ReplayPlan() = default;

Result<std::unique_ptr<ReplayPlan>> ReplayPlan::create(ReplayOptions options, const Clock& clock,
                                                       const std::stop_token& stop, const ReadProgress& progress) {
  if (options.files.empty()) return fail(Code::kInvalid, "No file to replay was named.");
  if (options.speed && !(std::isfinite(*options.speed) && *options.speed > 0)) {
    return fail(Code::kInvalid, "The speed of a replay must be a number above 0, or max.");
  }
  std::unordered_map<std::string, std::string> paths;
  for (const auto& path : options.files) {
    const std::string name = path.filename().string();
    if (name.size() + 5 > kMaxIdentityBytes) {
      return fail(Code::kInvalid,
                  "The name of " + path.string() +
                      " is longer than 251 bytes, and it is the source of its events. Rename the file.");
    }
    if (const auto [other, added] = paths.emplace(name, path.string());
        !added && options.format != LogFormat::kCloudEvents) {
      return fail(Code::kInvalid,
                  other->second + " and " + path.string() +
                      " have the same name, so their events could not be told apart (an event's source is the "
                      "name of its file, its id the line). Rename one of them.");
    }
  }
  std::unique_ptr<ReplayPlan> plan(new ReplayPlan(std::move(options), clock));
  const UnixMillis now = clock.now();
  std::uint64_t read = 0;
  for (const auto& path : plan->options_.files) {
    ReadProgress step;
    if (progress) step = [&](std::uint64_t bytes) { progress(read + bytes); };
    WEIR_TRY_ASSIGN(auto survey, survey_log(path, plan->options_.format, plan->options_.zone, now, stop, step));
    read += survey.bytes;
    auto source = std::make_unique<Source>();
    source->survey = std::move(survey);
    source->number = plan->sources_.size();
    append_json_string(source->source_json, "file:" + path.filename().string());
    plan->sources_.push_back(std::move(source));
  }
  for (const auto& source : plan->sources_) {
    const LogSurvey& survey = source->survey;
    plan->events_ += survey.counts.events;
    if (survey.oldest && (!plan->oldest_ || *survey.oldest < *plan->oldest_)) plan->oldest_ = survey.oldest;
    if (survey.newest && (!plan->newest_ || *survey.newest > *plan->newest_)) plan->newest_ = survey.newest;
  }
  // Files are opened when their first event comes up. One without any time comes first: it has to wait for nothing.
  std::optional<UnixMillis> begin;
  for (const auto& source : plan->sources_) {
    const auto& first = source->survey.first;
    source->reached = first.value_or(kFirstMoment);
    if (first && (!begin || *first < *begin)) begin = first;
    plan->order_.push_back(source.get());
  }
  std::ranges::make_heap(plan->order_, later<Source>);
  plan->begin_ = begin.value_or(now);
  if (plan->newest_) plan->shift_ = now - *plan->newest_;
  return plan;
}

/// Goes to the next line of `source`, which must not be at its end.
Status ReplayPlan::advance(Source& source) {
  if (!source.begun) {
    WEIR_TRY_ASSIGN(source.reader, LogFileReader::open(source.survey));
    source.begun = true;
  }
  source.repeat = 0;
  WEIR_TRY_ASSIGN(const bool more, source.reader->next(source.record));
  if (!more) {
    source.ended = true;
    source.ended_counts = source.reader->counts();
    source.ended_bytes = source.reader->position();
    source.reader.reset();
  } else if (source.record.time) {
    source.reached = std::max(source.reached, *source.record.time);
  }
  return {};
}

/// Makes the first of `order_` a source whose record is the next event; empties it at the end.
Status ReplayPlan::settle() {
  if (!started_) started_ = clock_.now();
  while (!order_.empty()) {
    Source& source = *order_.front();
    const bool done = source.begun && source.repeat == source.record.event->repeat;
    if (source.begun && !done) return {};
    std::ranges::pop_heap(order_, later<Source>);
    order_.pop_back();
    WEIR_TRY(advance(source));
    if (source.ended) continue;
    order_.push_back(&source);
    std::ranges::push_heap(order_, later<Source>);
  }
  return {};
}

UnixMillis ReplayPlan::due(const Source& source) {
  if (!options_.speed) return *started_;
  // `reached` is before `begin_` only in a file without times.
  const double after = std::max(0.0, static_cast<double>(source.reached - begin_) / *options_.speed);
  const double room = static_cast<double>(kLastMoment - *started_);
  return after >= room ? kLastMoment : *started_ + static_cast<std::int64_t>(after);
}

UnixMillis ReplayPlan::moved(UnixMillis time, UnixMillis due) const {
  if (options_.time == ReplayTime::kKeep) return time;
  return clamp(options_.speed ? due : time + shift_);
}

void ReplayPlan::append(const Source& source, UnixMillis due, std::string& event) {
  const LogRecord& record = source.record;
  const LineEvent& line = *record.event;
  if (options_.format != LogFormat::kCloudEvents) {
    std::string id = std::to_string(record.line);
    if (line.repeated) id += "." + std::to_string(source.repeat + 1);
    append_cloud_event(event, line.event, source.source_json, id, moved(*record.time, due));
    return;
  }
  if (!record.time || options_.time == ReplayTime::kKeep) {
    event += record.text;
    return;
  }
  std::size_t done = 0;
  for (const Span& value : line.time_values) {
    event += record.text.substr(done, value.from - done);
    event += '"';
    append_rfc3339(event, moved(*record.time, due));
    event += '"';
    done = value.from + value.size;
  }
  event += record.text.substr(done);
}

Result<std::optional<UnixMillis>> ReplayPlan::next_due() {
  WEIR_TRY(settle());
  if (order_.empty()) return std::optional<UnixMillis>();
  return std::optional(due(*order_.front()));
}

Status ReplayPlan::next_batch(const BatchLimits& limits, UnixMillis until, RawBatch& out) {
  out.clear();
  while (out.size() < limits.events) {
    WEIR_TRY(settle());
    if (order_.empty()) break;
    Source& source = *order_.front();
    const UnixMillis at = due(source);
    if (at > until) break;
    event_.clear();
    append(source, at, event_);
    if (!out.empty() && out.bytes() + event_.size() > limits.bytes) break;
    out.add(event_);
    ++source.repeat;
  }
  return {};
}

LogCounts ReplayPlan::counts() const {
  LogCounts sum;
  for (const auto& source : sources_) {
    if (!source->begun) continue;
    const LogCounts counts = source->ended ? source->ended_counts : source->reader->counts();
    sum.lines += counts.lines;
    sum.events += counts.events;
    sum.skipped += counts.skipped;
    sum.malformed += counts.malformed;
    // Of the line that is read ahead, some events may not have been handed out.
    if (!source->ended && source->record.event != nullptr) sum.events -= source->record.event->repeat - source->repeat;
  }
  return sum;
}

std::uint64_t ReplayPlan::bytes_total() const {
  std::uint64_t sum = 0;
  for (const auto& source : sources_) sum += source->survey.bytes;
  return sum;
}

std::uint64_t ReplayPlan::bytes_read() const {
  std::uint64_t sum = 0;
  for (const auto& source : sources_) {
    if (source->begun) sum += source->ended ? source->ended_bytes : source->reader->position();
  }
  return sum;
}

std::uint64_t ReplayPlan::events_total() const { return events_; }

std::optional<UnixMillis> ReplayPlan::oldest_sent() const {
  if (!oldest_ || (options_.time == ReplayTime::kNow && options_.speed)) return std::nullopt;
  return moved(*oldest_, *oldest_);
}

}  // namespace weir

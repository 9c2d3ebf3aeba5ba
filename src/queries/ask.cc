#include "queries/ask.h"

#include <fmt/format.h>

#include <algorithm>

namespace weir {

namespace {
// What DateTime (32 bits of seconds) holds, less a year: 2105-01-01T00:00:00Z.
constexpr std::int64_t kLastSecond = 4'260'211'200;
}  // namespace

std::string Statement::param(std::string_view type, std::string value) {
  std::string name = fmt::format("p{}", params_.size());
  std::string placeholder = fmt::format("{{{}:{}}}", name, type);
  params_.emplace(std::move(name), std::move(value));
  return placeholder;
}

std::string Statement::text(std::string_view value) {
  std::string escaped;
  escaped.reserve(value.size());
  for (char c : value) {
    switch (c) {
      case '\\': escaped += "\\\\"; break;
      case '\t': escaped += "\\t"; break;
      case '\n': escaped += "\\n"; break;
      case '\r': escaped += "\\r"; break;
      case '\0': escaped += "\\0"; break;
      default: escaped += c;
    }
  }
  return param("String", std::move(escaped));
}

std::string Statement::millis(UnixMillis value) {
  const std::int64_t cut = std::clamp<std::int64_t>(value.value, 0, kLastSecond * 1000);
  return fmt::format("fromUnixTimestamp64Milli({}, 'UTC')", param("Int64", std::to_string(cut)));
}

std::string Statement::seconds(std::int64_t value) {
  return fmt::format("toDateTime({}, 'UTC')",
                     param("UInt32", std::to_string(std::clamp<std::int64_t>(value, 0, kLastSecond))));
}

Result<std::string> Statement::ask(const QueryContext& context, const ReadLimits& limits) const {
  Result<std::string> answer = context.store.select({sql_, params_, "RowBinary", limits});
  if (answer) return answer;
  const Error& error = answer.error();
  switch (error.code) {
    case Code::kDeadline:
    case Code::kOverloaded:
      return fail(error.code, "This asks for more than is allowed at once (" + error.message +
                                  "). Narrow it: a shorter time between `from` and `to`, or one more filter.");
    case Code::kUnavailable:
    case Code::kCancelled:
    case Code::kDiskFull: return answer;
    default: return fail(Code::kInternal, "The store could not answer: " + error.message);
  }
}

std::unexpected<Error> bad_parameter(std::string_view name, std::string_view what) {
  return fail(Code::kInvalid, fmt::format("Parameter `{}`: {}", name, what));
}

}  // namespace weir

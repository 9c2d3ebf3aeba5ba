// How a question is asked: one place that builds statements, names their parameters and turns errors of the store into words
// for the person who asked.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"
#include "base/types.h"
#include "ports/store.h"

namespace weir {

/// What every question needs. Borrowed; must outlive the questions.
struct QueryContext {
  StoreReader& store;
  const Clock& clock;
};

/// A statement in the making. Text is trusted (written in this room), values are not: they become parameters.
class Statement {
 public:
  explicit Statement(std::string sql = {}) : sql_(std::move(sql)) {}

  Statement& operator+=(std::string_view text) {
    sql_ += text;
    return *this;
  }
  /// Any bytes. ClickHouse reads a parameter as a field of TabSeparated, so that a backslash, tab, line feed or zero byte has to
  /// be escaped; this does so.
  std::string text(std::string_view value);
  std::string number(std::uint64_t value) { return param("UInt64", std::to_string(value)); }
  /// A point in time as DateTime64(3, 'UTC'); cut to 1970 … 2105, which is as far as the tables reach.
  std::string millis(UnixMillis value);
  /// A point in time as DateTime('UTC'), for rollups.
  std::string seconds(std::int64_t value);

  /// Asks in RowBinary (read it with RowReader). Errors:
  ///   kDeadline, kOverloaded: too much was asked; the message says to narrow it.  kUnavailable: try again later.
  ///   kInternal: everything else, kInvalid of the store too: the statement is ours, so it is not the caller who is wrong.
  Result<std::string> ask(const QueryContext& context, const ReadLimits& limits = {}) const;

 private:
  /// Makes `value` a parameter of ClickHouse type `type`; answers the placeholder to stand in the text.
  std::string param(std::string_view type, std::string value);

  std::string sql_;
  std::map<std::string, std::string> params_;
};

/// A 400 that names the parameter: `name` and what is wrong with it.
std::unexpected<Error> bad_parameter(std::string_view name, std::string_view what);

}  // namespace weir

// Faults in ClickHouse's words: number, name, and a sentence.
#pragma once

#include <expected>
#include <string_view>

#include "ports/sql_gateway.h"

namespace weir {

/// ClickHouse's error numbers that Weir itself gives.
namespace sql_code {
inline constexpr int kBadArguments = 36;
inline constexpr int kUnknownFunction = 46;
inline constexpr int kUnknownTable = 60;
inline constexpr int kSyntaxError = 62;
inline constexpr int kUnknownFormat = 73;
inline constexpr int kUnknownDatabase = 81;
inline constexpr int kUnknownSetting = 115;
inline constexpr int kReadonly = 164;
inline constexpr int kTooManyQueries = 202;
inline constexpr int kCancelled = 394;
inline constexpr int kUnknownParameter = 456;
inline constexpr int kBadParameter = 457;
inline constexpr int kAccessDenied = 497;
}  // namespace sql_code

/// "SYNTAX_ERROR" for 62; empty when Weir does not give that number itself.
std::string_view sql_code_name(int code);

/// A fault in ClickHouse's words; `message` without number and name.
SqlFault make_sql_fault(int code, std::string_view message);

namespace sql {

/// The answer of a check that refuses a statement.
std::unexpected<SqlFault> refuse(int code, std::string_view message);
/// `what` is something that the vetting does not know: it might mean anything, so it is refused.
std::unexpected<SqlFault> not_understood(std::string_view what);

}  // namespace sql
}  // namespace weir

#include "backends/store_chdb/sql_fault.h"

#include <fmt/format.h>

namespace weir {

std::string_view sql_code_name(int code) {
  switch (code) {
    case sql_code::kBadArguments: return "BAD_ARGUMENTS";
    case sql_code::kUnknownFunction: return "UNKNOWN_FUNCTION";
    case sql_code::kUnknownTable: return "UNKNOWN_TABLE";
    case sql_code::kSyntaxError: return "SYNTAX_ERROR";
    case sql_code::kUnknownFormat: return "UNKNOWN_FORMAT";
    case sql_code::kUnknownDatabase: return "UNKNOWN_DATABASE";
    case sql_code::kUnknownSetting: return "UNKNOWN_SETTING";
    case sql_code::kReadonly: return "READONLY";
    case sql_code::kTooManyQueries: return "TOO_MANY_SIMULTANEOUS_QUERIES";
    case sql_code::kCancelled: return "QUERY_WAS_CANCELLED";
    case sql_code::kUnknownParameter: return "UNKNOWN_QUERY_PARAMETER";
    case sql_code::kBadParameter: return "BAD_QUERY_PARAMETER";
    case sql_code::kAccessDenied: return "ACCESS_DENIED";
    default: return "";
  }
}

SqlFault make_sql_fault(int code, std::string_view message) {
  return {code, fmt::format("Code: {}. DB::Exception: {}. ({})", code, message, sql_code_name(code))};
}

namespace sql {

std::unexpected<SqlFault> refuse(int code, std::string_view message) {
  return std::unexpected(make_sql_fault(code, message));
}

std::unexpected<SqlFault> not_understood(std::string_view what) {
  return refuse(
      sql_code::kAccessDenied,
      fmt::format("Not enough privileges: the SQL port of Weir does not let through what it does not understand: {}",
                  what));
}

}  // namespace sql
}  // namespace weir

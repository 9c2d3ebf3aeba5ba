// The lists of sql_names.h, to be asked: what a statement may name, and what it may call.
#pragma once

#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace weir::sql {

/// One of the lists. Immutable.
class NameSet {
 public:
  explicit NameSet(std::string_view list);
  /// As the engine compares: exactly, or ignoring case where it does.
  bool has(std::string_view name) const;
  /// Ignoring case always: for lists of what is refused.
  bool resembles(std::string_view name) const;

 private:
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> any_case_;
  std::unordered_set<std::string> all_lowered_;
  std::vector<std::string_view> patterns_;
};

/// All lists, each under the name that it has in sql_names.h.
struct Names {
  NameSet functions, special_functions, aggregates, refused_functions, higher_order;
  NameSet table_functions, refused_table_functions, system_tables, refused_system_tables;
  NameSet keywords, types, engines, output_formats, input_formats;
  NameSet settings, write_settings, refused_settings, ignored_settings, table_settings;
  std::vector<std::string_view> combinators;
};
const Names& names();

enum class Call { kAllowed, kRefused, kUnknown };
/// May a name stand before a parenthesis?
Call judge_call(std::string_view name);

/// formatRow and its like: their first argument is a format, which writes files on its way when it is one with a schema.
bool takes_format(std::string_view function);

/// Databases that nobody changes through the port.
bool is_reserved_database(std::string_view name);

}  // namespace weir::sql

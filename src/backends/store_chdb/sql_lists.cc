#include "backends/store_chdb/sql_lists.h"

#include <algorithm>

#include "backends/store_chdb/sql_names.h"
#include "backends/store_chdb/sql_text.h"

namespace weir::sql {
namespace {

std::vector<std::string_view> split(std::string_view list) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < list.size();) {
    while (at < list.size() && is_blank(list[at])) ++at;
    std::size_t end = at;
    while (end < list.size() && !is_blank(list[end])) ++end;
    if (end > at) out.push_back(list.substr(at, end - at));
    at = end;
  }
  return out;
}

}  // namespace

NameSet::NameSet(std::string_view list) {
  for (std::string_view name : split(list)) {
    const bool any_case = name.front() == '~';
    if (any_case) name.remove_prefix(1);
    if (name.back() == '*') {
      patterns_.push_back(name.substr(0, name.size() - 1));
    } else {
      names_.emplace(name);
      all_lowered_.insert(lowered(name));
      if (any_case) any_case_.insert(lowered(name));
    }
  }
}

bool NameSet::has(std::string_view name) const {
  return names_.contains(std::string(name)) || any_case_.contains(lowered(name)) ||
         std::ranges::any_of(patterns_, [&](std::string_view p) { return name.starts_with(p); });
}

bool NameSet::resembles(std::string_view name) const { return all_lowered_.contains(lowered(name)); }

const Names& names() {
  static const Names all{
      .functions = NameSet(sql_names::kFunctions),
      .special_functions = NameSet(sql_names::kSpecialFunctions),
      .aggregates = NameSet(sql_names::kAggregates),
      .refused_functions = NameSet(sql_names::kRefusedFunctions),
      .higher_order = NameSet(sql_names::kHigherOrder),
      .table_functions = NameSet(sql_names::kTableFunctions),
      .refused_table_functions = NameSet(sql_names::kRefusedTableFunctions),
      .system_tables = NameSet(sql_names::kSystemTables),
      .refused_system_tables = NameSet(sql_names::kRefusedSystemTables),
      .keywords = NameSet(sql_names::kKeywords),
      .types = NameSet(sql_names::kTypes),
      .engines = NameSet(sql_names::kEngines),
      .output_formats = NameSet(sql_names::kOutputFormats),
      .input_formats = NameSet(sql_names::kInputFormats),
      .settings = NameSet(sql_names::kSettings),
      .write_settings = NameSet(sql_names::kWriteSettings),
      .refused_settings = NameSet(sql_names::kRefusedSettings),
      .ignored_settings = NameSet(sql_names::kIgnoredSettings),
      .table_settings = NameSet(sql_names::kTableSettings),
      .combinators = split(sql_names::kCombinators),
  };
  return all;
}

Call judge_call(std::string_view name) {
  const Names& n = names();
  if (n.functions.has(name) || n.special_functions.has(name) || n.aggregates.has(name) || n.table_functions.has(name) ||
      n.types.has(name) || n.engines.has(name)) {
    return Call::kAllowed;
  }
  if (n.refused_functions.resembles(name) || n.refused_table_functions.resembles(name)) return Call::kRefused;
  // Suffixes of aggregates, from the outside in: countIf, uniqStateOrNull, quantilesTDigestIfMerge …
  std::string_view rest = name;
  for (bool cut = true; cut;) {
    cut = false;
    for (const std::string_view suffix : n.combinators) {
      if (rest.size() <= suffix.size() || !rest.ends_with(suffix)) continue;
      rest.remove_suffix(suffix.size());
      if (n.aggregates.has(rest)) return Call::kAllowed;
      cut = true;
      break;
    }
  }
  return Call::kUnknown;
}

bool takes_format(std::string_view function) { return function == "formatRow" || function == "formatRowNoNewline"; }

bool is_reserved_database(std::string_view name) {
  return name == "default" || name == "system" || name == "information_schema" || name == "INFORMATION_SCHEMA" ||
         name == "_temporary_and_external_tables";
}

}  // namespace weir::sql

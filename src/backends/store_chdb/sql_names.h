// The reviewed lists of what a foreign statement may name. Every name that the engine knows is in one list or the other; a test
// asks the engine and fails when a newer one knows more. What is in neither list is refused.
#pragma once

#include <string_view>

namespace weir::sql_names {

/// Names separated by blanks and line breaks; a leading ~ means that the engine does not mind upper and lower case.
extern const std::string_view kFunctions;
extern const std::string_view kAggregates;
/// Functions of the language, which the engine does not list.
extern const std::string_view kSpecialFunctions;
/// Refused: they read files, reach the network, wait, show what the machine is or has, or look into other tables by name.
extern const std::string_view kRefusedFunctions;
/// Functions that take a function as an argument, and would call one that is given by its bare name.
extern const std::string_view kHigherOrder;
/// Suffixes of aggregate functions.
extern const std::string_view kCombinators;
extern const std::string_view kTableFunctions;
extern const std::string_view kRefusedTableFunctions;
/// Tables of the database `system`.
extern const std::string_view kSystemTables;
extern const std::string_view kRefusedSystemTables;
/// Words that stand before a parenthesis in the engine's own spelling of a statement and call nothing.
extern const std::string_view kKeywords;
/// Types, codecs, indexes that take arguments (in CREATE and ALTER).
extern const std::string_view kTypes;
extern const std::string_view kEngines;
/// Formats of answers, and of data to insert. None of them needs a schema file.
extern const std::string_view kOutputFormats;
extern const std::string_view kInputFormats;
/// Settings that shape or limit an answer; a * at the end stands for any rest.
extern const std::string_view kSettings;
/// Settings that are taken besides by those who may write.
extern const std::string_view kWriteSettings;
/// Settings that the patterns above would let in, and that are refused nevertheless.
extern const std::string_view kRefusedSettings;
/// Settings of ClickHouse's HTTP side that are taken and mean nothing here.
extern const std::string_view kIgnoredSettings;
/// Settings of tables that may be given in CREATE and ALTER.
extern const std::string_view kTableSettings;

}  // namespace weir::sql_names

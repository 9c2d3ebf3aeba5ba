// Every setting of Weir, declared once. From the table come the flags, the WEIR_* variables, the keys of the TOML file, the
// checks and the help texts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace weir {

enum class SettingKind : std::uint8_t {
  kText,      // not empty
  kSwitch,    // present or not, or =true, =false; in variables and files true/false, 1/0
  kCount,     // whole number within [least, most]
  kRate,      // events a second from 0 to 10 million, or `max`
  kNumber,    // number > 0, or `max`
  kDuration,  // 30d, 10m, 90s, 500ms, 0; a hundred years at most
  kAddress,   // host:port
  kChoice,    // one of `choices`
  kTexts,     // one or more texts
};

struct Setting {
  std::string_view name;  // --name, WEIR_NAME (upper case, _ for -), `name` in the file
  SettingKind kind;
  std::string_view default_value;  // empty: none
  std::string_view placeholder;    // in help: --name PLACEHOLDER
  std::string_view help;
  std::vector<std::string_view> choices = {};
  bool off_allowed = false;                           // kAddress: `off` too
  std::uint64_t least = 0, most = ~std::uint64_t{0};  // kCount
  bool empty_allowed = false;                         // kText: an empty text says something
};

/// Settings that several commands share; contract 2 is the source of names and defaults.
const Setting& setting(std::string_view name);

/// What a command takes.
struct CommandSpec {
  std::string_view name;
  std::string_view summary;              // one line for the list of commands
  std::string_view details;              // further lines for its own help
  std::vector<std::string_view> shared;  // names in the shared table
  std::vector<Setting> own;
  std::string_view positionals = {};  // FILE… in help; empty: none are taken
  bool positionals_required = false;
};

/// Values of one run, checked. Asking for a setting that the command does not take is a bug.
class Values {
 public:
  /// The text; empty when the setting has no value.
  const std::string& text(std::string_view name) const;
  bool on(std::string_view name) const;
  std::uint64_t count(std::string_view name) const;
  /// Events a second; nothing: `max`.
  std::optional<double> rate(std::string_view name) const;
  std::int64_t millis(std::string_view name) const;
  const std::vector<std::string>& texts(std::string_view name) const;
  bool given(std::string_view name) const;  // by flag, variable or file; not only by default
  const std::vector<std::string>& positionals() const { return positionals_; }
  bool help_wanted() const { return help_; }

 private:
  friend Result<Values> parse_command(const CommandSpec&, const std::vector<std::string>&,
                                      const std::function<const char*(const std::string&)>&);
  struct Value {
    SettingKind kind;
    std::vector<std::string> texts;
    bool given = false;
  };
  const Value& value(std::string_view name) const;
  std::map<std::string, Value, std::less<>> values_;
  std::vector<std::string> positionals_;
  bool help_ = false;
};

/// Flags first, then variables, then the file of --config, then defaults. kInvalid: wrong usage; the message says what was given, what
/// is allowed, and for an unknown flag the nearest known one. `getenv` may answer null.
Result<Values> parse_command(const CommandSpec& spec, const std::vector<std::string>& arguments,
                             const std::function<const char*(const std::string&)>& getenv);

std::string help_text(const CommandSpec& spec);

/// 30d, 10m, 2h, 90s, 500ms or 0, in milliseconds; a hundred years at most.
std::optional<std::int64_t> parse_duration(std::string_view text);

/// The candidate that is nearest to `word` by edit distance, when it is near enough to be meant.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace weir

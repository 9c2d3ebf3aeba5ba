#include "config/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>

namespace {
/// Where the library finds that it is wrong about itself, which texts from outside can bring about in 3.3.0 (`x = 1979-05-27T&`).
struct TomlStumble {};
[[noreturn]] void toml_stumbles() { throw TomlStumble(); }
}  // namespace

#define TOML_EXCEPTIONS 0
#define TOML_ASSERT(expression) (static_cast<bool>(expression) ? void() : toml_stumbles())
#include <toml++/toml.h>

#include "base/check.h"

namespace weir {
namespace {

const std::vector<Setting>& shared_settings() {
  using enum SettingKind;
  static const std::vector<Setting> table{
      {"data-dir", kText, "./data", "DIR", "where log and tables live; one process at a time"},
      {"listen", kAddress, "127.0.0.1:3000", "HOST:PORT", "API and web page"},
      {"sql-listen",
       kAddress,
       "127.0.0.1:8123",
       "HOST:PORT",
       "ClickHouse HTTP interface of the embedded store; `off` for none",
       {},
       true},
      {"sql-access", kChoice, "read", "ACCESS", "`write` lets SQL clients create and insert", {"read", "write"}},
      {"database", kText, "weir", "NAME", "database of the tables"},
      {.name = "partitions",
       .kind = kCount,
       .default_value = "4",
       .placeholder = "N",
       .help = "partitions of a new log",
       .least = 1,
       .most = 256},
      {"rate", kRate, "2000", "EVENTS/S", "events a second of the simulator, or `max`; 0 for none"},
      {.name = "attack",
       .kind = kText,
       .default_value = "none",
       .placeholder = "SCENARIO",
       .help = "attack that the simulator plays; 1 = mixed, none = off",
       .empty_allowed = true},
      {"seed", kCount, "1", "N", "seed of the simulator: the same seed, the same content"},
      {"geo", kTexts, "", "FILE…", "MaxMind-format databases that fill in country and network of an address"},
      {"retention", kDuration, "30d", "TIME", "how long events are kept, and how old an event may be; 0 = for ever"},
      {"dedupe-window", kDuration, "10m", "TIME", "how long after its arrival an event is known again"},
      {"insecure", kSwitch, "", "", "allow a listener off loopback without a token"},
      {"log-level",
       kChoice,
       "info",
       "LEVEL",
       "least important line of the program's own log",
       {"debug", "info", "warn", "error"}},
      {"log-format", kChoice, "text", "FORMAT", "of the program's own log", {"text", "json"}},
      {"config", kText, "", "FILE", "TOML file with settings: `listen = \"127.0.0.1:3000\"`"},
  };
  return table;
}

constexpr std::uint64_t kMostRate = 10'000'000;

std::string variable_of(std::string_view name) {
  std::string out = "WEIR_";
  for (char c : name) out.push_back(c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c))));
  return out;
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool is_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  unsigned port = 0;
  const std::string_view digits = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc() && end == digits.data() + digits.size() && port <= 65'535;
}

/// What is wrong with a value; empty when nothing is.
std::string fault(const Setting& s, const std::string& text) {
  switch (s.kind) {
    case SettingKind::kText:
    case SettingKind::kTexts: return text.empty() && !s.empty_allowed ? "it must not be empty" : "";
    case SettingKind::kSwitch:
      return text == "true" || text == "false" || text == "1" || text == "0" || text.empty()
                 ? ""
                 : "it must be true or false";
    case SettingKind::kCount: {
      std::uint64_t n = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
      if (error != std::errc() || end != text.data() + text.size()) return "it must be a whole number";
      return n >= s.least && n <= s.most ? "" : fmt::format("it must be a whole number from {} to {}", s.least, s.most);
    }
    case SettingKind::kRate:
    case SettingKind::kNumber: {
      if (text == "max") return "";
      const auto n = parse_number(text);
      const bool fits = n && (s.kind == SettingKind::kRate ? *n >= 0 && *n <= kMostRate : *n > 0);
      return fits ? ""
             : s.kind == SettingKind::kRate
                 ? fmt::format("it must be a number of events a second from 0 to {}, or max", kMostRate)
                 : "it must be a number above 0, or max";
    }
    case SettingKind::kDuration:
      return parse_duration(text) ? "" : "it must be a time like 30d, 12h, 10m, 90s or 0, and at most 36500d";
    case SettingKind::kAddress:
      if (s.off_allowed && text == "off") return "";
      return is_address(text) ? "" : s.off_allowed ? "it must be HOST:PORT, or off" : "it must be HOST:PORT";
    case SettingKind::kChoice:
      return std::ranges::find(s.choices, text) != s.choices.end()
                 ? ""
                 : fmt::format("it must be {}", fmt::join(s.choices, " or "));
  }
  return "";
}

struct FileValue {
  std::vector<std::string> texts;
  bool list = false;
  bool all_texts = false;
};

/// What is wrong with the kind of a value in the file; empty when nothing is.
std::string fault(const Setting& s, const FileValue& value) {
  const bool text = s.kind == SettingKind::kText || s.kind == SettingKind::kTexts || s.kind == SettingKind::kAddress ||
                    s.kind == SettingKind::kChoice;
  if (value.list && s.kind != SettingKind::kTexts) return "it must be one value, not a list";
  if (text && !value.all_texts)
    return s.kind == SettingKind::kTexts ? "it must be a list of texts" : "it must be a text";
  return "";
}

/// The place of the first byte outside of texts and comments that is not ASCII. No setting has one there, and the library's tables of letters and blanks
/// are wrong in 3.3.0: what it does then is undefined.
std::size_t find_bare_non_ascii(std::string_view text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  const auto is_at = [&](std::size_t at, std::string_view what) { return text.substr(at, what.size()) == what; };
  std::size_t i = text.starts_with(kMark) ? kMark.size() : 0;
  while (i < text.size()) {
    const char c = text[i];
    if (static_cast<unsigned char>(c) >= 0x80) return i;
    if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
      continue;
    }
    ++i;
    if (c != '"' && c != '\'') continue;
    const std::string three(3, c);
    const bool long_text = is_at(i - 1, three);
    const std::string_view close = std::string_view(three).substr(0, long_text ? 3 : 1);
    if (long_text) i += 2;
    while (i < text.size() && !is_at(i, close) && (long_text || text[i] != '\n'))
      i += c == '"' && text[i] == '\\' ? 2 : 1;
    i = std::min(i + close.size(), text.size());
    // A long text may end with quotes of its own.
    for (int more = 0; long_text && more < 2 && i < text.size() && text[i] == c; ++more) ++i;
  }
  return std::string_view::npos;
}

/// Values of the TOML file, as text.
Result<std::map<std::string, FileValue>> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  // A folder can be opened, and fails when it is read.
  if (in && in.peek() != std::ifstream::traits_type::eof()) text << in.rdbuf();
  std::error_code error;
  if (in.bad() || !in.is_open() || std::filesystem::is_directory(path, error)) {
    return fail(Code::kInvalid,
                "The settings file " + path + " cannot be read. Check the name after --config (or in WEIR_CONFIG).");
  }
  const std::string content = text.str();
  if (const std::size_t at = find_bare_non_ascii(content); at != std::string::npos) {
    return fail(
        Code::kInvalid,
        fmt::format("The settings file {}, line {}: a letter or blank that is not ASCII stands outside of quotes. "
                    "Correct the line.",
                    path, 1 + std::count(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(at), '\n')));
  }
  toml::parse_result parsed;
  try {
    parsed = toml::parse(content, path);
  } catch (const TomlStumble&) {
    return fail(
        Code::kInvalid,
        fmt::format("The settings file {} is no TOML that can be read. Look for values without quotes, like dates.",
                    path));
  }
  if (!parsed) {
    const toml::source_position at = parsed.error().source().begin;
    return fail(Code::kInvalid, fmt::format("The settings file {}, line {}: {}. Correct the line.", path, at.line,
                                            parsed.error().description()));
  }
  std::map<std::string, FileValue> out;
  auto scalar = [](const toml::node& node) -> std::optional<std::string> {
    if (auto s = node.value_exact<std::string>()) return *s;
    if (auto b = node.value_exact<bool>()) return *b ? "true" : "false";
    if (auto n = node.value_exact<std::int64_t>()) return std::to_string(*n);
    if (auto d = node.value_exact<double>()) return fmt::format("{}", *d);
    return std::nullopt;
  };
  for (const auto& [key, node] : parsed.table()) {
    FileValue& value = out[std::string(key.str())];
    std::vector<std::string>& texts = value.texts;
    bool fits = true;
    value.list = node.is_array();
    value.all_texts = node.is_string();
    if (const toml::array* array = node.as_array()) {
      value.all_texts = std::ranges::all_of(*array, [](const toml::node& element) { return element.is_string(); });
      for (const toml::node& element : *array) {
        const auto text = scalar(element);
        fits = fits && text.has_value();
        texts.push_back(text.value_or(""));
      }
    } else {
      const auto one = scalar(node);
      fits = one.has_value();
      texts.push_back(one.value_or(""));
    }
    if (!fits)
      return fail(Code::kInvalid,
                  fmt::format("The settings file {}: {} must be a text, a number, true or false, or a list of texts.",
                              path, key.str()));
  }
  return out;
}

bool is_flag(std::string_view word) { return word.size() > 2 && word.starts_with("--"); }

using Texts = std::map<std::string, std::vector<std::string>, std::less<>>;

/// Takes the words behind the command apart. What the values are worth is looked at later.
Result<Texts> read_flags(const CommandSpec& spec, const std::vector<const Setting*>& settings,
                         const std::vector<std::string>& words, std::vector<std::string>& positionals, bool& help) {
  const auto wrong = [&](std::string what) {
    return fail(Code::kInvalid, fmt::format("{} See `weir {} --help`.", what, spec.name));
  };
  Texts flags;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {  // what follows are no flags, whatever it looks like
      positionals.insert(positionals.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (word.size() < 2 || word.front() != '-') {
      positionals.push_back(word);
      continue;
    }
    if (word == "-h" || word == "--help") {
      help = true;
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string flag = word.substr(0, equals);
    const auto found =
        std::ranges::find_if(settings, [&](const Setting* s) { return flag == fmt::format("--{}", s->name); });
    if (found == settings.end()) {
      std::vector<std::string> known{"--help"};
      for (const Setting* s : settings) known.push_back("--" + std::string(s->name));
      const auto meant = nearest(flag, known);
      return wrong(fmt::format("Unknown flag {} for `weir {}`.{}", flag, spec.name,
                               meant ? " Did you mean " + *meant + "?" : ""));
    }
    const Setting& s = **found;
    const bool many = s.kind == SettingKind::kTexts;
    std::vector<std::string>& texts = flags[std::string(s.name)];
    if (!texts.empty() && !many && s.kind != SettingKind::kSwitch) return wrong(flag + " is given twice.");
    if (equals != std::string::npos) {
      texts.push_back(word.substr(equals + 1));
    } else if (s.kind == SettingKind::kSwitch) {
      texts.assign(1, "true");
    } else if (i + 1 == words.size() || is_flag(words[i + 1])) {
      return wrong(fmt::format("{} needs a value: {} {}.", flag, flag, s.placeholder));
    } else {
      texts.push_back(words[++i]);
      // A list goes on to the next flag.
      while (many && i + 1 < words.size() && (words[i + 1].size() < 2 || words[i + 1].front() != '-'))
        texts.push_back(words[++i]);
    }
  }
  return flags;
}

std::vector<const Setting*> all_settings(const CommandSpec& spec) {
  std::vector<const Setting*> out;
  for (const Setting& s : spec.own) out.push_back(&s);
  for (std::string_view name : spec.shared) out.push_back(&setting(name));
  return out;
}

}  // namespace

const Setting& setting(std::string_view name) {
  const auto found = std::ranges::find(shared_settings(), name, &Setting::name);
  WEIR_CHECK(found != shared_settings().end(), "no setting {}", name);
  return *found;
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (text == "0") return 0;
  std::int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || n < 0) return std::nullopt;
  const std::string_view unit(end, text.data() + text.size());
  const std::int64_t millis = unit == "ms"  ? 1
                              : unit == "s" ? 1'000
                              : unit == "m" ? 60'000
                              : unit == "h" ? 3'600'000
                              : unit == "d" ? 86'400'000
                                            : 0;
  constexpr std::int64_t kHundredYears = 36'500LL * 86'400'000;
  if (millis == 0 || n > kHundredYears / millis) return std::nullopt;
  return n * millis;
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::optional<std::string> best;
  std::size_t best_distance = std::max<std::size_t>(word.size() / 2, 2);
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  for (const std::string& c : candidates) {
    // Levenshtein's distance, one row at a time.
    std::vector<std::size_t> row(c.size() + 1);
    std::iota(row.begin(), row.end(), 0U);
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j <= c.size(); ++j) {
        const std::size_t changed = diagonal + (lower(word[i - 1]) != c[j - 1] ? 1 : 0);
        diagonal = row[j];
        row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = c;
    }
  }
  return best;
}

Result<Values> parse_command(const CommandSpec& spec, const std::vector<std::string>& arguments,
                             const std::function<const char*(const std::string&)>& getenv) {
  const std::vector<const Setting*> settings = all_settings(spec);
  Values out;
  WEIR_TRY_ASSIGN(const auto flags, read_flags(spec, settings, arguments, out.positionals_, out.help_));
  if (out.help_) return out;
  if (!out.positionals_.empty() && spec.positionals.empty()) {
    return fail(Code::kInvalid, fmt::format("`weir {}` takes no \"{}\". See `weir {} --help`.", spec.name,
                                            out.positionals_[0], spec.name));
  }
  if (out.positionals_.empty() && spec.positionals_required) {
    return fail(Code::kInvalid,
                fmt::format("`weir {}` needs {}. See `weir {} --help`.", spec.name, spec.positionals, spec.name));
  }

  // The file's name comes by flag or variable; its keys rank below both.
  std::map<std::string, FileValue> file;
  std::string file_name;
  if (const auto given = flags.find("config"); given != flags.end()) {
    file_name = given->second[0];
    if (file_name.empty()) return fail(Code::kInvalid, "--config is \"\"; it must name a file.");
  } else if (const char* variable = getenv("WEIR_CONFIG"); variable != nullptr) {
    file_name = variable;
  }
  if (!file_name.empty()) {
    WEIR_TRY_ASSIGN(file, read_file(file_name));
    std::vector<std::string> known;
    for (const Setting& s : shared_settings()) known.emplace_back(s.name);
    for (const Setting& s : spec.own) known.emplace_back(s.name);
    for (const auto& [key, value] : file) {
      if (std::ranges::find(known, key) != known.end()) continue;
      const auto meant = nearest(key, known);
      return fail(Code::kInvalid, fmt::format("The settings file {} has the unknown key {}.{}", file_name, key,
                                              meant ? " Did you mean " + *meant + "?" : ""));
    }
  }

  for (const Setting* one : settings) {
    const Setting& s = *one;
    const std::string name(s.name);
    Values::Value value{s.kind, {}, true};
    std::string origin = "--" + name;
    const std::string variable = variable_of(name);
    if (const auto flag = flags.find(s.name); flag != flags.end()) {
      value.texts = flag->second;
    } else if (const char* text = getenv(variable); text != nullptr && *text != '\0') {
      origin = "The variable " + variable;
      value.texts = {text};
    } else if (const auto found = file.find(name); found != file.end()) {
      origin = "The settings file's " + name;
      value.texts = found->second.texts;
      if (const std::string wrong = fault(s, found->second); !wrong.empty()) {
        return fail(Code::kInvalid, fmt::format("{} in {} is of the wrong type; {}.", origin, file_name, wrong));
      }
    } else {
      value.given = false;
      if (!s.default_value.empty()) value.texts = {std::string(s.default_value)};
    }
    for (const std::string& text : value.texts) {
      if (const std::string wrong = fault(s, text); !wrong.empty()) {
        return fail(Code::kInvalid,
                    fmt::format("{} is \"{}\"; {}. See `weir {} --help`.", origin, text, wrong, spec.name));
      }
    }
    out.values_.emplace(name, std::move(value));
  }
  return out;
}

const Values::Value& Values::value(std::string_view name) const {
  const auto found = values_.find(name);
  WEIR_CHECK(found != values_.end(), "this command does not take {}", name);
  return found->second;
}

const std::string& Values::text(std::string_view name) const {
  static const std::string none;
  const Value& v = value(name);
  return v.texts.empty() ? none : v.texts.front();
}

bool Values::on(std::string_view name) const { return text(name) == "true" || text(name) == "1"; }

std::uint64_t Values::count(std::string_view name) const {
  std::uint64_t n = 0;
  const std::string& t = text(name);
  std::from_chars(t.data(), t.data() + t.size(), n);
  return n;
}

std::optional<double> Values::rate(std::string_view name) const {
  return text(name) == "max" ? std::nullopt : std::optional<double>(parse_number(text(name)).value_or(0));
}

std::int64_t Values::millis(std::string_view name) const { return parse_duration(text(name)).value_or(0); }
const std::vector<std::string>& Values::texts(std::string_view name) const { return value(name).texts; }
bool Values::given(std::string_view name) const { return value(name).given; }

std::string help_text(const CommandSpec& spec) {
  std::string out = fmt::format("weir {} [--flags]{}{}\n{}\n", spec.name, spec.positionals.empty() ? "" : " ",
                                spec.positionals, spec.summary);
  if (!spec.details.empty()) out += fmt::format("{}\n", spec.details);
  out += "\n";
  for (const Setting* s : all_settings(spec)) {
    const std::string left = fmt::format("--{}{}{}", s->name, s->placeholder.empty() ? "" : " ", s->placeholder);
    out += fmt::format("  {:<26} {}{}\n", left, s->help,
                       s->default_value.empty() ? "" : fmt::format(" (default {})", s->default_value));
  }
  out +=
      "\nEach flag is also a variable (WEIR_DATA_DIR for --data-dir) and a key of the TOML file of --config; flags go "
      "first.\n";
  return out;
}

}  // namespace weir

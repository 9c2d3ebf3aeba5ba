// Statements of the SQL port, as far as they are judged without the engine. The first byte chooses the rights and the reader, the rest is the
// statement; for settings `name=value`; for joined answers the format up to a line's end, then chunks with zero bytes between.
// What must hold: tokens and the blanks between them are the text; what was vetted is vetted again to the same; an INSERT's head and rows are
// its text; a setting that is taken is within its cap; a joined chunk is a part of the chunk.
#include <algorithm>
#include <charconv>

#include "backends/store_chdb/sql_chunks.h"
#include "backends/store_chdb/sql_insert.h"
#include "backends/store_chdb/sql_settings.h"
#include "backends/store_chdb/sql_text.h"
#include "backends/store_chdb/sql_vet.h"
#include "base/check.h"
#include "input.h"

namespace weir {
namespace {

bool all_blank(std::string_view text) { return std::ranges::all_of(text, sql::is_blank); }

void check_tokens(std::string_view text) {
  const auto tokens = sql::Tokens::of(text);
  if (!tokens) {
    WEIR_CHECK(tokens.error().code != 0 && !tokens.error().text.empty());
    return;
  }
  std::size_t at = 0;
  for (const sql::Token& token : *tokens) {
    WEIR_CHECK(token.at >= at && text.substr(token.at, token.source.size()) == token.source && !token.source.empty());
    WEIR_CHECK(all_blank(text.substr(at, token.at - at)), "something between tokens is left out: {}", text);
    WEIR_CHECK(token.depth >= 0);
    at = token.at + token.source.size();
  }
  WEIR_CHECK(all_blank(text.substr(at)));
  for (std::size_t i = 0; i < tokens->size(); ++i) {
    WEIR_CHECK(tokens->skip_name(i) >= i && tokens->skip_name(i) <= tokens->size());
    if (tokens->is_punct(i, "(")) WEIR_CHECK(tokens->closing(i) < tokens->size());
  }
}

void check_vetting(std::string_view text, SqlAccess access) {
  const auto vetted = vet_statement(text, access, "weir");
  if (!vetted) {
    WEIR_CHECK(vetted.error().code != 0 && !vetted.error().text.empty());
    return;
  }
  WEIR_CHECK(
      access == SqlAccess::kWrite || vetted->kind == StatementKind::kSelect || vetted->kind == StatementKind::kShow,
      "a reader may change something: {}", text);
  WEIR_CHECK(vetted->format.empty() || is_output_format(vetted->format) || vetted->kind == StatementKind::kInsertData);
  if (vetted->kind == StatementKind::kInsertData) return;
  const auto again = vet_statement(vetted->text, access, "weir");
  WEIR_CHECK(again && again->kind == vetted->kind && again->text == vetted->text && again->format.empty(),
             "vetted again it is another statement: {}", vetted->text);
}

void check_parameters(std::string_view text) {
  const SqlPairs params{{"a", "x`\\'.y"}, {"b", "weir.events"}};
  const auto put = put_identifiers(text, params);
  if (!put) return;
  const auto tokens = sql::Tokens::of(*put);
  WEIR_CHECK(tokens, "a name breaks the statement: {}", *put);
  for (const sql::Token& token : *tokens) {
    WEIR_CHECK(token.kind != sql::Token::Kind::kParam || sql::lowered(token.type) != "identifier");
  }
}

void check_insert(std::string_view text) {
  if (const auto parts = split_insert(text)) {
    WEIR_CHECK(parts->head.data() == text.data() && parts->rows.data() >= parts->head.data() + parts->head.size());
    WEIR_CHECK(parts->rows.data() + parts->rows.size() == text.data() + text.size());
  }
  static_cast<void>(are_plain_values(text));
}

void check_setting(std::string_view text, SqlAccess access, bool clamp) {
  const std::size_t equals = std::min(text.find('='), text.size());
  const std::string_view name = text.substr(0, equals);
  std::string value(text.substr(std::min(equals + 1, text.size())));
  const SqlCaps caps;
  const auto use = vet_setting(name, value, access, caps, clamp);
  if (!use || *use != SettingUse::kApply) return;
  const std::pair<std::string_view, std::uint64_t> bounded[] = {
      {"max_execution_time", caps.seconds}, {"max_memory_usage", caps.memory_bytes}, {"max_threads", caps.threads}};
  for (const auto& [bound, most] : bounded) {
    if (name != bound) continue;
    double number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    WEIR_CHECK(error == std::errc() && end == value.data() + value.size() && number >= 0 &&
                   number <= static_cast<double>(most) && number > 0,
               "{} = {} is taken", name, value);
  }
}

void check_chunks(fuzz::Input input) {
  auto joiner = ChunkJoiner::of(input.until('\n'));
  if (!joiner) return;
  while (!input.empty()) {
    const fuzz::Exact chunk(input.until('\0'));
    const std::string_view part = joiner->next(chunk.view());
    WEIR_CHECK(part.empty() || (part.data() >= chunk.view().data() &&
                                part.data() + part.size() <= chunk.view().data() + chunk.view().size()));
  }
  static_cast<void>(joiner->end());
}

}  // namespace
}  // namespace weir

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace weir;
  fuzz::Input input(data, size);
  const std::uint8_t how = input.byte();
  const SqlAccess access = (how & 1U) != 0 ? SqlAccess::kWrite : SqlAccess::kRead;
  const fuzz::Exact text(input.rest());
  switch (how / 2 % 4) {
    case 0:
      check_tokens(text.view());
      check_vetting(text.view(), access);
      check_parameters(text.view());
      break;
    case 1: check_insert(text.view()); break;
    case 2: check_setting(text.view(), access, (how & 8U) != 0); break;
    default: check_chunks(input); break;
  }
  return 0;
}

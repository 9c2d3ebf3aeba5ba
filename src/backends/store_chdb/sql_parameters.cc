#include "backends/store_chdb/sql_parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "backends/store_chdb/sql_fault.h"
#include "backends/store_chdb/sql_text.h"
#include "backends/store_chdb/sql_tokens.h"

namespace weir {

std::expected<std::string, SqlFault> put_identifiers(std::string_view normal, const SqlPairs& params) {
  const auto tokens = sql::Tokens::of(normal);
  if (!tokens) return std::unexpected(tokens.error());
  std::string out;
  std::size_t from = 0;
  for (const sql::Token& token : *tokens) {
    if (token.kind != sql::Token::Kind::kParam || sql::lowered(token.type) != "identifier") continue;
    const auto found =
        std::ranges::find(params.rbegin(), params.rend(), token.value, &std::pair<std::string, std::string>::first);
    if (found == params.rend())
      return sql::refuse(sql_code::kUnknownParameter, fmt::format("Substitution `{}` is not set", token.value));
    const std::string& value = found->second;
    out += normal.substr(from, token.at - from);
    from = token.at + token.source.size();
    const bool compound = !value.empty() && !value.starts_with('.') && !value.ends_with('.') &&
                          value.find("..") == std::string::npos &&
                          std::ranges::all_of(value, [](char c) { return sql::is_word_char(c) || c == '.'; });
    out += '`';
    for (const char c : value) {
      if (c == '`' || c == '\\') out += '\\';
      if (c == '.' && compound) {
        out += "`.`";
      } else {
        out += c;
      }
    }
    out += '`';
  }
  out += normal.substr(from);
  return out;
}

}  // namespace weir

// A statement in the engine's own spelling, token by token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "ports/sql_gateway.h"

namespace weir::sql {

struct Token {
  enum class Kind : std::uint8_t { kWord, kQuoted, kString, kNumber, kParam, kPunct };
  Kind kind;
  std::string_view source;
  std::string value;   // of a name or a string, without quotes; of a parameter, its name
  std::string type;    // of a parameter
  std::size_t at = 0;  // where it begins in the text
  int depth = 0;       // of parentheses and brackets around it
};

/// Tokens by their index; one past the end is none of anything. Views into the text that it was made of.
class Tokens {
 public:
  /// The engine's own spelling has no comments, no heredocs, no double quotes, no semicolons; anything else is refused.
  static std::expected<Tokens, SqlFault> of(std::string_view text);

  std::size_t size() const { return tokens_.size(); }
  bool empty() const { return tokens_.empty(); }
  const Token& operator[](std::size_t i) const { return tokens_[i]; }
  auto begin() const { return tokens_.begin(); }
  auto end() const { return tokens_.end(); }

  bool is(std::size_t i, Token::Kind kind) const { return i < size() && tokens_[i].kind == kind; }
  bool is_word(std::size_t i, std::string_view word) const;
  bool is_one_of(std::size_t i, std::initializer_list<std::string_view> words) const;
  bool is_punct(std::size_t i, std::string_view punct) const;
  bool is_name(std::size_t i) const { return is(i, Token::Kind::kWord) || is(i, Token::Kind::kQuoted); }

  /// The index behind the name at i, perhaps a compound one (database.table); i when there is none.
  std::size_t skip_name(std::size_t i) const;
  /// The index of the parenthesis that closes the one at i; size() when none does.
  std::size_t closing(std::size_t i) const;
  /// What stands at i, for a message; empty at the end.
  std::string_view shown(std::size_t i, std::size_t most = 40) const;

 private:
  std::vector<Token> tokens_;
};

}  // namespace weir::sql

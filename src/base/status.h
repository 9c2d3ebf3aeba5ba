// Errors of an unwell world, as values. A bad event is no error (it is data: event/reject.h); a bug is WEIR_CHECK (base/check.h).
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// What the caller can do about it; not where it came from.
enum class Code {
  kInvalid,      // the request itself is wrong: change it
  kNotFound,     // what was named does not exist
  kConflict,     // somebody else holds it, or it exists already
  kDenied,       // not allowed
  kUnavailable,  // the other side is away: try again later
  kOverloaded,   // a bound is reached: wait, then try again
  kDiskFull,     // no space: somebody must act, then try again
  kDeadline,     // it took longer than allowed
  kCancelled,    // the process is stopping
  kCorrupt,      // stored bytes are not what was written
  kInternal,     // a library failed in a way that is not understood
};

std::string_view code_name(Code code);

/// True for errors that can pass by themselves: the same call may succeed later.
bool is_transient(Code code);

struct Error {
  Code code = Code::kInternal;
  std::string message;  // for people: what happened, where, why, what to do next
};

/// A value or an Error. Must be looked at.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

using Status = Result<void>;

inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected<Error>(Error{code, std::move(message)});
}

/// The same error with words in front: what was being done.
inline std::unexpected<Error> fail(const Error& error, std::string_view doing) {
  return std::unexpected<Error>(Error{error.code, std::string(doing) + ": " + error.message});
}

#define WEIR_CONCAT_INNER(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_INNER(a, b)

/// Returns the error of a Status or Result to the caller, else goes on.
#define WEIR_TRY(expression)                                                 \
  do {                                                                       \
    if (auto weir_status = (expression); !weir_status) {                     \
      return std::unexpected<::weir::Error>(std::move(weir_status).error()); \
    }                                                                        \
  } while (false)

/// `WEIR_TRY_ASSIGN(auto x, f());` declares x as the value of f(), or returns its error to the caller.
#define WEIR_TRY_ASSIGN(declaration, expression)                                                   \
  auto WEIR_CONCAT(weir_result_, __LINE__) = (expression);                                         \
  if (!WEIR_CONCAT(weir_result_, __LINE__)) {                                                      \
    return std::unexpected<::weir::Error>(std::move(WEIR_CONCAT(weir_result_, __LINE__)).error()); \
  }                                                                                                \
  declaration = *std::move(WEIR_CONCAT(weir_result_, __LINE__))

}  // namespace weir

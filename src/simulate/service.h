// How the simulated service answers and what mail it sends: what calm traffic and attacks have in common.
#pragma once

#include <cstdint>
#include <string_view>

#include "simulate/draft.h"
#include "simulate/population.h"
#include "simulate/random.h"

namespace weir::simulate {

/// An API request and its answer: method, path, status, latency, bytes. `param` picks the product, order or word.
void put_request(Draft& draft, const Path& path, std::uint32_t param);
/// Fills status, latency and size: mostly what the path answers when it works, now and then an honest error.
void put_answer(Draft& draft, const Path& path, Random& random);
/// An answer that is not the usual one. `tenths`: latency in 1/10 ms.
void put_answer(Draft& draft, std::uint16_t status, std::uint64_t tenths, std::uint64_t bytes);

enum class Mail : std::uint8_t {
  kWelcome,
  kLoginAlert,
  kPasswordReset,
  kPasswordChanged,
  kReceipt,
  kNewsletter,
  kMessage,
  kInvite
};
enum class Delivery : std::uint8_t { kSent, kDelivered, kDeferred, kBounced, kComplained };

/// One `email.send`. `message` ties the events of one mail together.
void put_mail(Draft& draft, Mail mail, std::uint64_t message, std::uint8_t provider, Delivery delivery, Random& random);

/// The path of the API with this method and text. REQUIRES: it is in paths().
const Path& path_named(std::string_view method, std::string_view text);

}  // namespace weir::simulate

#include "simulate/service.h"

#include "base/check.h"

namespace weir::simulate {

void put_request(Draft& draft, const Path& path, std::uint32_t param) {
  draft.set(Field::kMethod, path.method);
  switch (path.kind) {
    case PathKind::kPlain: draft.set(Field::kPath, path.text); break;
    // Few products get most of the looks.
    case PathKind::kProduct: {
      const std::uint64_t half = param & 0xffff;
      draft.set_made(Field::kPath, [&](Pen& pen) {
        pen.put(path.text).dec(10'000 + half * half * 4'000 / (std::uint64_t{65'536} * 65'536));
      });
      break;
    }
    case PathKind::kOrder:
      draft.set_made(Field::kPath, [&](Pen& pen) { pen.put(path.text).dec(700'000 + param % 40'000); });
      break;
    case PathKind::kThread:
      draft.set_made(Field::kPath, [&](Pen& pen) { pen.put(path.text).dec(1 + param % 9'000); });
      break;
    case PathKind::kWord:
      draft.set_made(Field::kPath, [&](Pen& pen) { pen.put(path.text).put(search_words()[param % 32]); });
      break;
  }
}

void put_answer(Draft& draft, std::uint16_t status, std::uint64_t tenths, std::uint64_t bytes) {
  draft.set(Field::kStatus, status);
  draft.set(Field::kLatencyMs, tenths);
  draft.set(Field::kBytes, bytes);
}

void put_answer(Draft& draft, const Path& path, Random& random) {
  const std::uint64_t latency = random.log_normal(path.median_tenths, path.sigma);
  const std::uint32_t luck = random.below(10'000);
  if (luck >= 340) [[likely]] {
    const bool cached = luck < 900 && path.ok == 200 && path.method == "GET";
    if (cached) return put_answer(draft, 304, latency / 3 + 5, 0);
    return put_answer(draft, path.ok, latency, path.bytes == 0 ? 0 : random.log_normal(path.bytes, 140));
  }
  if (luck < 30) {
    if (luck < 13) return put_answer(draft, 500, latency * 2, 180);
    if (luck < 19) return put_answer(draft, 502, latency / 2, 160);
    if (luck < 25) return put_answer(draft, 503, latency / 2, 160);
    return put_answer(draft, 504, 100'000 + latency, 160);
  }
  const bool writes = path.method != "GET";
  const bool by_number =
      path.kind == PathKind::kProduct || path.kind == PathKind::kOrder || path.kind == PathKind::kThread;
  std::uint16_t status = 404;
  if (luck < 110) {
    status = 401;  // the token has run out
  } else if (luck < 140) {
    status = 403;
  } else if (luck < 155) {
    status = 429;
  } else if (writes) {
    status = luck < 220 ? 400 : luck < 290 ? 422 : 409;
  } else if (!by_number && luck < 250) {
    status = 400;
  }
  put_answer(draft, status, latency / 2 + 5, 240);
}

void put_mail(Draft& draft, Mail mail, std::uint64_t message, std::uint8_t provider, Delivery delivery,
              Random& random) {
  static constexpr std::string_view kTemplates[]{"welcome", "login_alert", "password_reset", "password_changed",
                                                 "receipt", "newsletter",  "message",        "invite"};
  draft.set(Field::kTemplate, kTemplates[static_cast<std::size_t>(mail)]);
  draft.set(Field::kProvider, mail_providers()[provider].name);
  draft.set(Field::kDelivery, kDeliveries[static_cast<std::size_t>(delivery)]);
  draft.set_made(Field::kMessageId, [&](Pen& pen) { pen.hex_padded(message, 14).put("@mail.harbour.example"); });
  const std::uint32_t kind = random.below(8);
  switch (delivery) {
    case Delivery::kDelivered: draft.set(Field::kDsn, "2.0.0"); break;
    case Delivery::kDeferred: draft.set(Field::kDsn, kind < 4 ? "4.2.2" : kind < 6 ? "4.4.1" : "4.7.0"); break;
    case Delivery::kBounced: draft.set(Field::kDsn, kind < 5 ? "5.1.1" : kind < 7 ? "5.2.2" : "5.7.1"); break;
    case Delivery::kSent:
    case Delivery::kComplained: break;
  }
}

const Path& path_named(std::string_view method, std::string_view text) {
  for (const Path& path : paths()) {
    if (path.method == method && path.text == text) return path;
  }
  WEIR_CHECK(false, "no path {} {}", method, text);
}

}  // namespace weir::simulate

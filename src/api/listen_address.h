// Where to listen, and whether that is only this machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace weir {

struct ListenAddress {
  std::string host;  // an IP address without brackets
  std::uint16_t port = 0;
  bool loopback = false;  // only programs of this machine can connect
};

/// `host:port`, where host is an IPv4 address, an IPv6 address in brackets, or localhost (127.0.0.1).
/// kInvalid: cannot be read; the message says what is expected.
Result<ListenAddress> parse_listen_address(std::string_view text);

/// Whether a listener may be opened there: off loopback only when tokens guard it or the operator insists.
/// kInvalid: the address cannot be read; kDenied: it is off loopback and nothing guards it. `flag` is named in the message.
Status check_listen_address(std::string_view text, std::string_view flag, bool tokens_exist, bool insecure);

/// True for 127.0.0.0/8 and ::1, in any spelling.
bool is_loopback_address(std::string_view ip);

}  // namespace weir

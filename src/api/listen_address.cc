#include "api/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>

namespace weir {
namespace {

enum class Family { kNone, kV4, kV6 };

Family family_of(const std::string& ip) {
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, ip.c_str(), bytes.data()) == 1) return Family::kV4;
  if (inet_pton(AF_INET6, ip.c_str(), bytes.data()) == 1) return Family::kV6;
  return Family::kNone;
}

}  // namespace

bool is_loopback_address(std::string_view ip) {
  const std::string text(ip);
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) != 1) return false;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return v6.s6_addr[12] == 127;
  return IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return fail(Code::kInvalid,
                fmt::format("{} is no address to listen on: {}. Give an IP address (or localhost) and a "
                            "port, as in 127.0.0.1:3000 or [::1]:3000",
                            text.empty() ? "an empty text" : text, why));
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong("the port is missing");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  ListenAddress address;
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || error != std::errc() || end != port.data() + port.size())
    return wrong("the port is no number up to 65535");
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  address.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  const Family family = family_of(address.host);
  if (family == Family::kNone) return wrong("the host is no IP address");
  if (bracketed != (family == Family::kV6)) return wrong("an IPv6 address, and nothing else, stands in brackets");
  address.loopback = is_loopback_address(address.host);
  return address;
}

Status check_listen_address(std::string_view text, std::string_view flag, bool tokens_exist, bool insecure) {
  WEIR_TRY_ASSIGN(const ListenAddress address, parse_listen_address(text));
  if (address.loopback || tokens_exist || insecure) return {};
  return fail(
      Code::kDenied,
      fmt::format("{} {}: other machines could reach this, and no token guards it. Next: create one with "
                  "'weir token create NAME --scopes read,write,admin', listen on 127.0.0.1, or give --insecure if "
                  "something else guards the network",
                  flag, text));
}

}  // namespace weir

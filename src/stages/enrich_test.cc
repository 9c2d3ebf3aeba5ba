// --geo against a small database that the test writes itself, byte by byte (MaxMind DB file format 2.0).
#include "stages/enrich.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <filesystem>
#include <fstream>

namespace weir {
namespace {

std::string mm_text(std::string_view s) {
  return std::string(1, static_cast<char>(2 << 5 | static_cast<int>(s.size()))) + std::string(s);
}
std::string mm_map(int pairs) { return std::string(1, static_cast<char>(7 << 5 | pairs)); }
std::string mm_uint32(std::uint32_t v) {
  std::string out(1, static_cast<char>(6 << 5 | 4));
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(v >> shift));
  return out;
}
std::string mm_uint16(std::uint16_t v) {
  return std::string(1, static_cast<char>(5 << 5 | 2)) + static_cast<char>(v >> 8) + static_cast<char>(v & 255);
}
// Types above 7 have a second byte: type - 7.
std::string mm_uint64(std::uint8_t v) { return std::string("\x01\x02", 2) + static_cast<char>(v); }
std::string mm_array(int elements) { return std::string(1, static_cast<char>(elements)) + "\x04"; }

/// A database of IPv4 addresses in which 192.0.2.0/24 has `record` and all else has nothing.
std::string database(const std::string& record) {
  constexpr std::uint32_t kNodes = 24;  // one for each bit of the prefix
  constexpr std::uint32_t kPrefix = 0xC00002;
  std::string tree;
  auto put24 = [&](std::uint32_t v) {
    for (int shift = 16; shift >= 0; shift -= 8) tree.push_back(static_cast<char>(v >> shift & 255));
  };
  for (std::uint32_t bit = 0; bit < kNodes; ++bit) {
    const bool right = (kPrefix >> (kNodes - 1 - bit) & 1U) != 0;
    const std::uint32_t next =
        bit + 1 == kNodes ? kNodes + 16 : bit + 1;  // beyond the nodes: 16 bytes of zeros, then the data
    put24(right ? kNodes : next);
    put24(right ? next : kNodes);
  }
  const std::string metadata = mm_map(9) + mm_text("binary_format_major_version") + mm_uint16(2) +
                               mm_text("binary_format_minor_version") + mm_uint16(0) + mm_text("build_epoch") +
                               mm_uint64(1) + mm_text("database_type") + mm_text("Test") + mm_text("description") +
                               mm_map(1) + mm_text("en") + mm_text("Test") + mm_text("ip_version") + mm_uint16(4) +
                               mm_text("languages") + mm_array(1) + mm_text("en") + mm_text("node_count") +
                               mm_uint32(kNodes) + mm_text("record_size") + mm_uint16(24);
  return tree + std::string(16, '\0') + record + "\xab\xcd\xefMaxMind.com" + metadata;
}

class EnrichTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("weir-geo-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  static EventView event(std::string_view ip) {
    EventView e;
    e.present = bit(Field::kIp);
    e.text[static_cast<std::size_t>(Field::kIp)] = ip;
    return e;
  }
  std::filesystem::path folder_;
};

TEST_F(EnrichTest, FillsWhatIsMissingAndNothingElse) {
  const auto country =
      file("country.mmdb", database(mm_map(1) + mm_text("country") + mm_map(1) + mm_text("iso_code") + mm_text("NO")));
  const auto asn = file("asn.mmdb", database(mm_map(1) + mm_text("autonomous_system_number") + mm_uint32(64500)));
  const auto enricher = Enricher::open({country, asn});
  ASSERT_TRUE(enricher) << enricher.error().message;

  EventView e = event("192.0.2.7");
  (*enricher)->enrich(e);
  EXPECT_EQ(e[Field::kCountry], "NO");
  EXPECT_EQ(e.asn, 64500U);
  EXPECT_TRUE(e.has(Field::kCountry) && e.has(Field::kAsn));

  EventView given = event("192.0.2.7");
  given.present |= bit(Field::kCountry);
  given.text[static_cast<std::size_t>(Field::kCountry)] = "SE";
  (*enricher)->enrich(given);
  EXPECT_EQ(given[Field::kCountry], "SE");
  EXPECT_EQ(given.asn, 64500U);

  EventView elsewhere = event("198.51.100.1"), six = event("2001:db8::1"), none;
  (*enricher)->enrich(elsewhere);
  (*enricher)->enrich(six);
  (*enricher)->enrich(none);
  EXPECT_EQ(elsewhere.present, bit(Field::kIp));
  EXPECT_EQ(six.present, bit(Field::kIp));
  EXPECT_EQ(none.present, 0U);
}

TEST_F(EnrichTest, AFileThatIsNoDatabaseIsNamed) {
  const auto missing = Enricher::open({folder_ / "nowhere.mmdb"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::kNotFound);
  EXPECT_NE(missing.error().message.find("nowhere.mmdb"), std::string::npos);
  const auto garbage = Enricher::open({file("garbage.mmdb", "no database")});
  ASSERT_FALSE(garbage);
  EXPECT_EQ(garbage.error().code, Code::kInvalid);
}

}  // namespace
}  // namespace weir

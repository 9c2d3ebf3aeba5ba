#include "stages/enrich.h"

#include <maxminddb.h>

#include <cstring>

namespace weir {

struct Enricher::Impl {
  struct Database {
    MMDB_s handle{};
    Database() = default;
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;
    ~Database() { MMDB_close(&handle); }
  };
  std::vector<std::unique_ptr<Database>> databases;
};

Enricher::Enricher() : impl_(std::make_unique<Impl>()) {}
Enricher::~Enricher() = default;

Result<std::unique_ptr<Enricher>> Enricher::open(const std::vector<std::string>& files) {
  std::unique_ptr<Enricher> enricher(new Enricher);
  for (const std::string& file : files) {
    auto database = std::make_unique<Impl::Database>();
    const int status = MMDB_open(file.c_str(), MMDB_MODE_MMAP, &database->handle);
    if (status != MMDB_SUCCESS) {
      std::memset(&database->handle, 0, sizeof database->handle);
      return fail(status == MMDB_FILE_OPEN_ERROR ? Code::kNotFound : Code::kInvalid,
                  "The --geo file " + file + " cannot be read: " + MMDB_strerror(status) +
                      ". It must be a MaxMind-format database (.mmdb).");
    }
    enricher->impl_->databases.push_back(std::move(database));
  }
  return enricher;
}

void Enricher::enrich(EventView& event) const {
  if (!event.has(Field::kIp) || (event.has(Field::kCountry) && event.has(Field::kAsn))) return;
  const std::string_view text = event[Field::kIp];
  char address[48];
  if (text.size() >= sizeof address) return;
  std::memcpy(address, text.data(), text.size());
  address[text.size()] = '\0';
  for (const auto& database : impl_->databases) {
    int gai = 0, error = 0;
    MMDB_lookup_result_s found = MMDB_lookup_string(&database->handle, address, &gai, &error);
    if (gai != 0 || error != MMDB_SUCCESS || !found.found_entry) continue;
    MMDB_entry_data_s value;
    if (!event.has(Field::kCountry) &&
        MMDB_get_value(&found.entry, &value, "country", "iso_code", nullptr) == MMDB_SUCCESS && value.has_data &&
        value.type == MMDB_DATA_TYPE_UTF8_STRING && value.data_size == 2) {
      event.text[static_cast<std::size_t>(Field::kCountry)] = {value.utf8_string, value.data_size};
      event.present |= bit(Field::kCountry);
    }
    if (!event.has(Field::kAsn) &&
        MMDB_get_value(&found.entry, &value, "autonomous_system_number", nullptr) == MMDB_SUCCESS && value.has_data &&
        value.type == MMDB_DATA_TYPE_UINT32) {
      event.asn = value.uint32;
      event.present |= bit(Field::kAsn);
    }
  }
}

}  // namespace weir

#include "backends/store_chdb/chdb_library.h"

#include <dlfcn.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace weir {
namespace {

std::vector<std::string> places() {
  std::vector<std::string> out;
  if (const char* given = std::getenv("WEIR_CHDB_LIBRARY"); given != nullptr && *given != '\0') out.emplace_back(given);
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    out.push_back(self.parent_path() / "lib/libchdb.so");
    out.push_back(self.parent_path().parent_path() / "lib/weir/libchdb.so");
  }
#ifdef WEIR_CHDB_BUILD_PATH
  out.emplace_back(WEIR_CHDB_BUILD_PATH);
#endif
  return out;
}

Result<ChdbLibrary> open() {
  void* handle = nullptr;
  std::string tried;
  for (const std::string& place : places()) {
    if (access(place.c_str(), R_OK) != 0) {
      tried += "\n  " + place + ": not there";
      continue;
    }
    handle = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle != nullptr) break;
    const char* why = dlerror();
    tried += "\n  " + place + ": " + (why != nullptr ? why : "cannot be loaded");
  }
  if (handle == nullptr) {
    return fail(Code::kNotFound, "The embedded ClickHouse engine (libchdb.so) was not found. Looked at:" + tried +
                                     "\nRun `make build`, or name the file in WEIR_CHDB_LIBRARY.");
  }
  ChdbLibrary lib{};
  std::string missing;
  auto take = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(handle, name));
    if (function == nullptr) missing += std::string(" ") + name;
  };
  take(lib.connect, "chdb_connect");
  take(lib.close_conn, "chdb_close_conn");
  take(lib.query_n, "chdb_query_n");
  take(lib.query_with_params_n, "chdb_query_with_params_n");
  take(lib.destroy_query_result, "chdb_destroy_query_result");
  take(lib.result_buffer, "chdb_result_buffer");
  take(lib.result_length, "chdb_result_length");
  take(lib.result_elapsed, "chdb_result_elapsed");
  take(lib.result_rows_read, "chdb_result_rows_read");
  take(lib.result_bytes_read, "chdb_result_bytes_read");
  take(lib.result_storage_rows_read, "chdb_result_storage_rows_read");
  take(lib.result_storage_bytes_read, "chdb_result_storage_bytes_read");
  take(lib.result_rows_written, "chdb_result_rows_written");
  take(lib.result_bytes_written, "chdb_result_bytes_written");
  take(lib.result_error, "chdb_result_error");
  take(lib.stream_query_n, "chdb_stream_query_n");
  take(lib.stream_query_with_params_n, "chdb_stream_query_with_params_n");
  take(lib.stream_fetch_result, "chdb_stream_fetch_result");
  take(lib.stream_cancel_query, "chdb_stream_cancel_query");
  take(lib.stream_insert_n, "chdb_stream_insert_n");
  take(lib.stream_insert_error, "chdb_stream_insert_error");
  take(lib.stream_append, "chdb_stream_append");
  take(lib.stream_done, "chdb_stream_done");
  take(lib.stream_cancel_insert, "chdb_stream_cancel_insert");
  take(lib.destroy_insert_stream, "chdb_destroy_insert_stream");
  take(lib.classify_query_n, "chdb_classify_query_n");
  take(lib.set_signal_handlers_enabled, "chdb_set_signal_handlers_enabled");
  if (!missing.empty())
    return fail(Code::kInvalid, "libchdb.so lacks functions:" + missing + ". Weir needs version 26.7.");
  // Signals are the program's own business.
  lib.set_signal_handlers_enabled(false);
  return lib;
}

}  // namespace

Result<const ChdbLibrary*> ChdbLibrary::load() {
  static const Result<ChdbLibrary> loaded = open();
  if (!loaded) return std::unexpected(loaded.error());
  return &*loaded;
}

}  // namespace weir

// libchdb's C functions, as far as Weir uses them. The library ships no header; names and shapes are those of chdb 26.7
// (chdb.h of its repository), found at run time, so that a command that needs no store does not load half a gigabyte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/status.h"

namespace weir {

struct chdb_connection_;
struct chdb_result_;
using chdb_connection = chdb_connection_*;
using chdb_insert_stream = void*;

struct ChdbQueryAnalysis {
  std::uint32_t struct_size = sizeof(ChdbQueryAnalysis);
  std::uint32_t statement_count = 0;  // 0: does not parse
  std::uint32_t flags = 0;
  // 0 reads, 1 changes a database, 2 changes what is global, 3 controls or writes outside of the tables, 4 unknown
  std::uint32_t query_class = 4;
};

struct ChdbLibrary {
  chdb_connection* (*connect)(int argc, char** argv);  // null: failed. Only one data path a process.
  void (*close_conn)(chdb_connection*);
  chdb_result_* (*query_n)(chdb_connection, const char* sql, std::size_t, const char* format, std::size_t);
  chdb_result_* (*query_with_params_n)(chdb_connection, const char* sql, std::size_t, const char* format, std::size_t,
                                       const char* const* names, const std::size_t* name_sizes,
                                       const char* const* values, const std::size_t* value_sizes, std::size_t count);
  void (*destroy_query_result)(chdb_result_*);
  char* (*result_buffer)(chdb_result_*);
  std::size_t (*result_length)(chdb_result_*);
  double (*result_elapsed)(chdb_result_*);
  std::uint64_t (*result_rows_read)(chdb_result_*);
  std::uint64_t (*result_bytes_read)(chdb_result_*);
  std::uint64_t (*result_storage_rows_read)(chdb_result_*);
  std::uint64_t (*result_storage_bytes_read)(chdb_result_*);
  std::uint64_t (*result_rows_written)(chdb_result_*);  // materialised views included
  std::uint64_t (*result_bytes_written)(chdb_result_*);
  const char* (*result_error)(chdb_result_*);  // null: none
  // A stream of results. The connection takes no other statement while one is open; fetch gives an empty result at the end.
  chdb_result_* (*stream_query_n)(chdb_connection, const char* sql, std::size_t, const char* format, std::size_t);
  chdb_result_* (*stream_query_with_params_n)(chdb_connection, const char* sql, std::size_t, const char* format,
                                              std::size_t, const char* const* names, const std::size_t* name_sizes,
                                              const char* const* values, const std::size_t* value_sizes,
                                              std::size_t count);
  chdb_result_* (*stream_fetch_result)(chdb_connection, chdb_result_* stream);
  void (*stream_cancel_query)(chdb_connection, chdb_result_* stream);
  // An INSERT without FORMAT clause whose data follows in pieces. Never null; look at stream_insert_error.
  chdb_insert_stream (*stream_insert_n)(chdb_connection, const char* sql, std::size_t, const char* format, std::size_t);
  const char* (*stream_insert_error)(chdb_insert_stream);
  int (*stream_append)(chdb_insert_stream, const char*, std::size_t);  // 0: taken
  chdb_result_* (*stream_done)(chdb_insert_stream);
  void (*stream_cancel_insert)(chdb_insert_stream);
  void (*destroy_insert_stream)(chdb_insert_stream);
  // What a text would do, on the engine's own parse, without running it. 0: answered. `database` may be null.
  int (*classify_query_n)(chdb_connection, const char* sql, std::size_t, const char* database, std::size_t,
                          ChdbQueryAnalysis*);
  void (*set_signal_handlers_enabled)(bool);

  /// Loads the library once a process. Looks at $WEIR_CHDB_LIBRARY, beside the program (lib/libchdb.so, ../lib/weir/libchdb.so)
  /// and where the build put it. kNotFound says where it looked.
  static Result<const ChdbLibrary*> load();
};

}  // namespace weir

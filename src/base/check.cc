#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace weir {

void check_failed(const char* file, int line, const char* condition, const std::string& details) {
  std::fprintf(stderr, "weir: bug at %s:%d: %s does not hold. %s\nPlease report this with the lines above it.\n", file,
               line, condition, details.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace weir

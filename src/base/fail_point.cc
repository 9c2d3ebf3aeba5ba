// Alone in its file: a program that brings its own definition does not take this one from the library.
#include "base/fail_point.h"

namespace weir {

Status fail_point(std::string_view, std::string_view) { return {}; }

}  // namespace weir

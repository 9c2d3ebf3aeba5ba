// Named places at which a test can make the world unwell: a call that fails, comes late, or never returns because the process is gone.
//
// The shipped program has none of that: fail_point() is then an empty function. A test program links another definition
// (tests/support/fail_points.h), which does what the variable WEIR_FAIL says. Names are written where they are used, as
// PART.STEP: `grep -rn 'fail_point(' src` lists them.
#pragma once

#include <string_view>

#include "base/status.h"

namespace weir {

/// Success, or the failure that a test wants of this place: return it as if the call behind it had failed. `which` tells one of
/// several (a table, a partition) apart. Not for the way of a single event. Thread-safe.
Status fail_point(std::string_view name, std::string_view which = {});

}  // namespace weir

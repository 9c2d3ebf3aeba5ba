// Lists that are there and empty until detection fills them: findings and rules.
#pragma once

#include <vector>

#include "api/routes.h"

namespace weir {

std::vector<Route> empty_list_routes();

}  // namespace weir

// Routes about Weir itself: ledger, health, metrics, the simulator.
#pragma once

#include <vector>

#include "api/routes.h"
#include "api/services.h"

namespace weir {

/// Everything must outlive the routes.
std::vector<Route> system_routes(LedgerSource& ledger, HealthSource& health, SimulationControl& simulation,
                                 Metrics& metrics);

}  // namespace weir

// A subcommand: its flags, and what runs.
#pragma once

#include <string_view>

#include "config/settings.h"

namespace weir {

struct Command {
  CommandSpec spec;
  int (*run)(const Values& values);  // the exit status: 0 done, 1 failed, 2 wrong usage
};

Command up_command();
Command simulate_command();
Command replay_command();
Command bench_command();

/// Prints "weir: MESSAGE" on stderr and answers the exit status that fits the error: 2 for kInvalid, else 1.
int report(const Error& error);

}  // namespace weir

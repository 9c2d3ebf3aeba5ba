// A subcommand: its flags, and what runs.
#pragma once

#include <cstdint>
#include <optional>
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
Command rejects_command();
Command store_command();
Command bench_command();

/// Prints "weir: MESSAGE" on stderr and answers the exit status that fits the error: 2 for kInvalid, else 1.
int report(const Error& error);
/// Prints as report() does, and answers 1: the words on the command line are fine, the world is not as it should be.
int failed(const Error& error);

/// --log-level and --log-format.
void configure_log(const Values& values);

/// --partitions, when it was given: a log that is there already has a number of its own.
std::optional<std::uint32_t> partitions_given(const Values& values);

}  // namespace weir

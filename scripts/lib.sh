# Sourced by the other scripts: where the tree is, how to speak to a person.
# shellcheck shell=bash
# shellcheck disable=SC2034  # used by those that source this
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '%s\n' "$*"; }
fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

# quietly NAME COMMAND…: shows the command's output only when it fails. Returns its status.
quietly() {
  local name=$1 log status=0
  shift
  log=$(mktemp)
  "$@" >"$log" 2>&1 </dev/null || status=$?
  if [ $status != 0 ]; then
    tail -n 60 "$log" >&2
    say "$name: '$*' failed with status $status; the end of its output is above." >&2
  fi
  rm -f "$log"
  return $status
}

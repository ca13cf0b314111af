#!/bin/sh
# sabotage.sh BUILD [RECORD]: spoils every gradient of every record in turn, and prints which check notices; fails if none
# does. See tests/sabotage.c.
set -u
build=${1:?"usage: sabotage.sh BUILD [RECORD]"}
shift
[ -x "$build/tests/sabotage" ] || { echo "sabotage.sh: no $build/tests/sabotage (build with -DTAPER_TESTS=ON)" >&2; exit 2; }
"$build/tests/sabotage" "$@"

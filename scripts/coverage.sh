#!/bin/sh
# coverage.sh BUILD: writes docs/coverage.md, what the tests compare of every operation, loss and module. Fails where
# something has neither a test nor a reason (tests/coverage_reasons.h). See tests/coverage.c.
set -eu
build=$(cd "${1:?"usage: coverage.sh BUILD"}" && pwd)
cd "$(dirname "$0")/.."
new=$(mktemp)
trap 'rm -f "$new"' EXIT
"$build/tests/coverage" . "$build" >"$new"
cat "$new" >docs/coverage.md

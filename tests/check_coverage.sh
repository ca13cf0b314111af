#!/bin/sh
# check_coverage.sh SOURCE BUILD: docs/coverage.md is what the tests make today, and everything public that computes has a
# golden case or a reason.
set -eu
source=$(cd "$1" && pwd)
build=$(cd "$2" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$source"

if ! "$build/tests/coverage" . "$build" >"$place/now" 2>"$place/holes"; then
    cat "$place/holes"
    echo "add cases of PyTorch's (tests/golden), or a reason to tests/coverage_reasons.h"
    exit 1
fi
if ! diff docs/coverage.md "$place/now"; then
    echo "docs/coverage.md is not up to date: sh scripts/coverage.sh $build"
    exit 1
fi

# A function and a module that nobody tests must be noticed.
mkdir -p "$place/include/taper"
cp include/taper/*.h "$place/include/taper"
ln -s "$source/tests" "$place/tests"
printf 'TP_API tp_tensor *tp_unheard_of(tp_tensor *x);\nTP_API tp_module *tp_unheard_of_layer(void);\n' >"$place/include/taper/unheard.h"
if "$build/tests/coverage" "$place" "$build" >/dev/null 2>"$place/holes"; then
    echo "an operation without a case was not noticed"
    exit 1
fi
[ "$(grep -c '^HOLE: unheard_of has' "$place/holes")" = 3 ] && grep -q '^HOLE: unheard_of_layer has' "$place/holes"

#!/bin/sh
# instructions.sh BUILD [--record | CASE]: counts the instructions of the key benchmarks under callgrind, with AVX2 kernels
# and one thread, and compares them with bench/instructions.txt: more than 3 % above fails, more than 3 % below asks for
# a new record. --record writes the file. No clock is read, so that a busy machine does not matter; counts belong to a
# compiler and a C library, which the file names. CASE: only the cases that begin so.
set -u
build=$(cd "${1:?"usage: instructions.sh BUILD [--record | CASE]"}" && pwd) || exit 2
mode=${2:-}
cd "$(dirname "$0")/.." || exit 2
program=$build/bench/bench_cases
record=bench/instructions.txt
[ -x "$program" ] || { echo "instructions.sh: no $program (build with -DTAPER_BENCH=ON)" >&2; exit 2; }
command -v valgrind >/dev/null || { echo "SKIPPED: valgrind is not here"; exit 77; }

here=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt" | head -n 1)
here="$("${here:-cc}" --version | head -n 1); $(ldd --version 2>/dev/null | head -n 1)"
there=$(sed -n 's/^# counted with //p' "$record")
if [ "$mode" != --record ] && [ "$here" != "$there" ]; then
    echo "note: the record was counted with $there; this is $here"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
grep '^#' "$record" | grep -v '^# counted with ' >"$work/new"
echo "# counted with $here" >>"$work/new"
failed=0
only=
[ "$mode" = --record ] || only=$mode
grep "^$only" "$record" | grep -v '^#' >"$work/cases"
[ -s "$work/cases" ] || { echo "instructions.sh: no case begins with '$only'" >&2; exit 2; }
while read -r case steps before; do
    if ! TAPER_ISA=avx2 TAPER_NUM_THREADS=1 valgrind --tool=callgrind --callgrind-out-file="$work/out" \
        --toggle-collect=counted_steps "$program" --count "$case" "$steps" >/dev/null 2>"$work/log" </dev/null; then
        echo "FAILED   $case"
        cat "$work/log"
        failed=$((failed + 1))
        echo "$case $steps $before" >>"$work/new"
        continue
    fi
    now=$(sed -n 's/^\(summary\|totals\): \([0-9]*\).*/\2/p' "$work/out" | head -n 1)
    echo "$case $steps $now" >>"$work/new"
    awk -v case="$case" -v steps="$steps" -v before="$before" -v now="$now" 'BEGIN {
        change = before > 0 ? 100 * (now / before - 1) : 0
        word = before == 0 ? "new" : change > 3 ? "MORE" : change < -3 ? "less" : "same"
        printf "%-5s %-32s %12.1f instructions a step (%+.1f %%)\n", word, case, now / steps, change
        exit word == "MORE" }' || failed=$((failed + 1))
done <"$work/cases"
if [ "$mode" = --record ]; then
    cp "$work/new" "$record"
    echo "recorded in $record"
    exit 0
fi
[ $failed -eq 0 ] || echo "$failed more than 3 % above the record; where it is meant: sh scripts/instructions.sh BUILD --record"
[ $failed -eq 0 ]

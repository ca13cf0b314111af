#!/bin/sh
# bench.sh BUILD [FLAGS]: runs the benchmarks: bench/run.sh BUILD FLAGS if there is one, else each program of bench/ in turn.
set -eu
build=$(cd "${1:?"usage: bench.sh BUILD [FLAGS]"}" && pwd)
shift
cd "$(dirname "$0")/.."
if [ -f bench/run.sh ]; then
    exec sh bench/run.sh "$build" "$@"
fi
ran=0
for program in "$build"/bench/*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    echo
    echo "== $(basename "$program")"
    "$program"
    ran=$((ran + 1))
done
[ $ran -gt 0 ] || {
    echo "bench/ holds no benchmark" >&2
    exit 1
}

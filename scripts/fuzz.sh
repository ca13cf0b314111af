#!/bin/sh
# fuzz.sh BUILD [SECONDS] [TARGET ...]: gives each target (or those named) of tests/fuzz/ so many seconds (20) of
# libFuzzer's inputs. What was interesting stays in BUILD/corpus/, from where the next run goes on; an input that
# fails is left in BUILD/found/.
set -u
build=$1
seconds=${2:-20}
shift
[ $# -gt 0 ] && shift
mkdir -p "$build/corpus" "$build/found"
"$build"/tests/fuzz --seeds "$build/corpus" >/dev/null || exit 1
failed=
for target in ${*:-$(ls "$build/corpus")}; do
    printf '%-16s ' "$target"
    if TAPER_FUZZ=$target "$build"/tests/libfuzzer -max_total_time="$seconds" -rss_limit_mb=1000 -timeout=10 \
        -max_len=16384 -artifact_prefix="$build/found/$target-" -print_final_stats=1 \
        "$build/corpus/$target" >"$build/found/$target.log" 2>&1; then
        sed -n 's/^stat::number_of_executed_units: */inputs: /p' "$build/found/$target.log"
    else
        failed="$failed $target"
        grep -m 1 -E 'ERROR|runtime error|^[a-z_]*: [a-z]' "$build/found/$target.log" || echo "failed"
        sed -n 's/.*Test unit written to /    /p' "$build/found/$target.log"
    fi
done
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }

#!/bin/sh
# All benchmarks of a build folder: the C programs, then the main job. TAPER_SST2 says where SST-2 is, TAPER_PYTHON
# which Python has the peers.
set -eu
build=${1:-build}
here=$(dirname "$0")
for program in "$build"/bench/bench_*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    echo "== $(basename "$program")"
    "$program" || echo "FAILED: $program"
done
data=${TAPER_SST2:-$here/../../shared/sst2}
python=${TAPER_PYTHON:-python3}
if [ ! -f "$data/train.tsv" ]; then
    echo "SKIPPED: the main job (SST-2 is neither at \$TAPER_SST2 nor at ../shared/sst2)"
elif ! command -v "$python" >/dev/null; then
    echo "SKIPPED: the main job (no $python)"
else
    echo "== main job"
    "$python" "$here/main_job.py" "$build" "$data" "$python"
fi

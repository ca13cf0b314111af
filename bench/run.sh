#!/bin/sh
# run.sh BUILD [--quick] [--only TEXT] [--page FILE]: all benchmarks of a build folder, and one table (table.py).
# TAPER_SST2 says where SST-2 is, TAPER_PYTHON which Python has the peers, TAPER_VW which has vowpalwabbit.
set -eu
build=${1:?"usage: run.sh BUILD [--quick] [--only TEXT] [--page FILE]"}
shift
here=$(cd "$(dirname "$0")" && pwd)
TAPER_SST2=${TAPER_SST2:-$here/../../shared/sst2}
export TAPER_SST2
python=${TAPER_PYTHON:-python3}
if command -v "$python" >/dev/null; then
    libtorch=$(sh "$here/peers/libtorch.sh" "$python" "$build") || libtorch=
    exec "$python" "$here/table.py" "$build" --libtorch "$libtorch" "$@"
fi
echo "SKIPPED: the peers, the main job and the table (no $python)"
"$build/bench/bench_bounds"
for case in add add_grad predict sparse:10106 adam:10107 dense:10106 perceptron:16:784:128:64:10 \
    perceptron:256:784:512:512:10 layer_norm:4096:768 adam:10000000 exp:10000000 matmul:256 matmul:1024; do
    "$build/bench/bench_cases" "$case"
done

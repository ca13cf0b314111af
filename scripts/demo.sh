#!/bin/sh
# demo.sh [BUILD]: everything from a bare machine to a trained model. `make demo` runs it; where there is no make
# yet, `sh scripts/demo.sh` does the same.
set -eu
cd "$(dirname "$0")/.."
build=${1:-build}
model=demo-model.safetensors
taper=$build/tool/taper

# Shows a command, then runs it.
run() {
    echo
    echo "\$ $*"
    "$@"
}

sh scripts/setup.sh
echo "Building ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
make build BUILD="$build" >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}

run "$taper" train --train data/demo/train.tsv --dev data/demo/dev.tsv --epochs 5 --batch-size 16 --lr 0.01 \
    --out $model
run "$taper" eval $model data/demo/dev.tsv
echo
echo "\$ $taper predict $model -    # three sentences from standard input"
"$taper" predict $model - <<'END'
a warm , funny and wonderfully acted film
a dull , lifeless mess that wastes a good cast
it is not without charm , but the story never comes together
END

#!/bin/sh
# golden.sh [NAME...]: runs the scripts of tests/golden (all, or those named) in a copy of the project, and compares
# what they write with what is committed: the tests' expected values, byte for byte. Fails if anything differs.
# TAPER_PYTHON names a Python with torch 2.13.0, scikit-learn, nltk, pandas, safetensors and mpmath; TAPER_SST2 the
# folder of SST-2 (or ../shared/sst2). The committed values come from an Intel processor: on one of another maker PyTorch's
# MKL rounds some roots, exponentials and products in another way, and sixteen files differ in last bits.
set -eu
cd "$(dirname "$0")/.."
python=${TAPER_PYTHON:-python3}
sst2=${TAPER_SST2:-../shared/sst2}
sst2=$(cd "$sst2" 2>/dev/null && pwd) || sst2=

copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
trap 'exit 1' INT TERM
cp -R src tests "$copy"

# Not by itself: lecture_runs.py needs the lecture's program, porter_live.py compares with a library of Taper's, and
# mlp.py needs a processor with AVX-512.
names=${*:-$(cd tests/golden && ls ./*.py | sed 's|^\./||; s|\.py$||' |
    grep -v -x -e pack -e draws -e operation_cases -e index_cases -e lecture_runs -e porter_live -e mlp)}
failed=0 differs=0
for name in $names; do
    case $name in
    count_vectorizer | porter | table)
        if [ -z "$sst2" ]; then
            echo "$name: skipped, there is no SST-2 at TAPER_SST2"
            continue
        fi
        set -- "$sst2"
        ;;
    *) set -- ;;
    esac
    echo "$name"
    if ! (cd "$copy/tests/golden" && "$python" "$name.py" "$@" >log 2>&1); then
        tail -n 3 "$copy/tests/golden/log"
        failed=1
    fi
done
rm -rf "$copy/tests/golden/log" "$copy/tests/golden/__pycache__"
# Sources that a script writes are formatted afterwards.
bytes() { case $1 in *.h) tr -d '[:space:]' <"$1" ;; *) cat "$1" ;; esac; }
for file in $(cd "$copy" && find src tests -type f); do
    cmp -s "$file" "$copy/$file" || [ "$(bytes "$file" | cksum)" = "$(bytes "$copy/$file" | cksum)" ] || {
        echo "$file is not what its script writes" >&2
        failed=1 differs=1
    }
done
if [ $failed = 0 ]; then
    echo "what the scripts write is what is committed"
elif [ $differs = 1 ] && ! grep -q GenuineIntel /proc/cpuinfo 2>/dev/null; then
    echo "last bits of PyTorch's values depend on the processor's maker, which here is not Intel" >&2
fi
exit $failed

#!/bin/sh
# check_lecture.sh SOURCE BUILD: the lecture example on SST-2 against what the Python program printed: the text
# identical, losses within 2e-5, accuracies within one sentence.
set -u
source=$1 build=$2
data=${TAPER_SST2:-$source/../shared/sst2}
if [ ! -f "$data/train.tsv" ]; then
    echo "SKIPPED: SST-2 is neither at \$TAPER_SST2 nor at ../shared/sst2"
    exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

# Compares two outputs; prints what differs, and the largest distance of a loss.
compare() {
    awk -v name="$3" '
        function number(line) { return match(line, /[0-9]+\.[0-9]+$/) ? substr(line, RSTART) : "" }
        function words(line) { sub(/[0-9]+\.[0-9]+$/, "", line); return line }
        NR == FNR { want[FNR] = $0; n = FNR; next }
        {
            seen = FNR
            if ($0 == want[FNR]) next
            a = number($0); b = number(want[FNR])
            distance = a > b ? a - b : b - a
            allowed = $0 ~ /train accuracy/ ? 1.6e-5 : $0 ~ /accuracy/ ? 1.15e-3 : 2.05e-5
            if (a == "" || b == "" || words($0) != words(want[FNR]) || distance > allowed) {
                print name ": line " FNR ": " $0; print "    instead of " want[FNR]; bad = 1
            }
            if ($0 ~ /loss/ && distance > worst) worst = distance
        }
        END {
            if (seen != n) { print name ": " seen " lines instead of " n; bad = 1 }
            printf "%s: %d lines, largest distance of a loss %g\n", name, seen, worst
            exit bad
        }' "$1" "$2"
}

for golden in "$source"/tests/golden/lecture/*.txt; do
    name=$(basename "$golden" .txt)
    "$build/examples/lecture" "$data" "${name%-*}" "${name#*-}" 2>"$work/times" | sed -n '/^\[872 rows/,$p' >"$work/out"
    compare "$golden" "$work/out" "$name" || failed=1
done
# The comparison notices a loss that is off, a changed word and a missing line.
golden=$source/tests/golden/lecture/0-16.txt
"$build/examples/lecture" "$data" 0 16 2>/dev/null | sed -n '/^\[872 rows/,$p' >"$work/out"
for edit in 's/Step 500 mean training loss: 0.55/Step 500 mean training loss: 0.56/' 's/Epoch 1/Epoch 2/' '$d'; do
    sed "$edit" "$work/out" >"$work/wrong"
    if compare "$golden" "$work/wrong" sabotage >/dev/null; then
        echo "the comparison did not notice: $edit"
        failed=1
    fi
done
# A batch size that leaves a single sentence at the end, in both files.
for batch in 113 13; do
    "$build/examples/lecture" "$data" 0 $batch >"$work/out" 2>/dev/null || failed=1
    grep -q 'Early stopping' "$work/out" || failed=1
done
exit $failed

#!/bin/sh
# check_from_pytorch.sh SOURCE BUILD: every name of Taper's in docs/from-pytorch.md and in the other documents is in the
# headers, and every public function of the headers below is in docs/from-pytorch.md, by itself or as a form of one that
# is (NAME_n, NAME_dim, NAME_), or in tests/from_pytorch_helpers.txt.
set -u
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
page=$source/docs/from-pytorch.md
helpers=$source/tests/from_pytorch_helpers.txt
export LC_ALL=C

names() { # the names in files: two of a double underscore are the library's own
    grep -ohE '(tp|TP)_[A-Za-z0-9_]*[A-Za-z0-9]_?' "$@" | grep -vi '^tp__' | sort -u
}

names "$source"/include/taper/*.h "$build"/include/taper/*.h >"$work/known"
for document in "$source"/README.md "$source"/docs/*.md; do
    case $document in
    */add-an-op.md) continue ;; # it adds names
    esac
    names "$document" | comm -23 - "$work/known" >"$work/unknown"
    if [ -s "$work/unknown" ]; then
        echo "${document#"$source/"} names what no header has: $(tr '\n' ' ' <"$work/unknown")"
        failed=1
    fi
done

headers=
for name in tensor autograd functional ops reduce shape indexing linalg sparse embedding losses nn layers activations summary \
    optim schedule average data; do
    [ -e "$source/include/taper/$name.h" ] && headers="$headers $source/include/taper/$name.h"
done
# Public functions, and macros in small letters.
cat $headers "$build/include/taper/elementwise.h" |
    sed -n 's/^TP_API .*[ *]\(tp_[a-z0-9_]*\)(.*/\1/p; s/^#define \(tp_[a-z0-9_]*\)(.*/\1/p' | sort -u >"$work/functions"
[ "$(wc -l <"$work/functions")" -gt 300 ] || failed=1
missing() { # PAGE: functions that it does not have
    names "$1" >"$work/mentioned"
    sed -n 's/^\(tp_[a-z0-9_]*\)$/\1/p' "$helpers" >>"$work/mentioned"
    awk 'NR == FNR { known[$1] = 1; next }
        {
            name = $1
            found = name in known
            while (!found && (sub(/_$/, "", name) || sub(/_(n|with|dim|tensor|scalar|integer|f32|f64|i32|i64|u8|bool)$/, "", name)))
                found = name in known || (name "_") in known
            if (!found) print $1
        }' "$work/mentioned" "$work/functions"
}
missing "$page" >"$work/missing"
if [ -s "$work/missing" ]; then
    echo "docs/from-pytorch.md lacks (name them there, or in tests/from_pytorch_helpers.txt):" \
        "$(tr '\n' ' ' <"$work/missing")"
    failed=1
fi
sed -n 's/^\(tp_[a-z0-9_]*\)$/\1/p' "$helpers" | sort -u | comm -23 - "$work/known" >"$work/unknown"
if [ -s "$work/unknown" ]; then
    echo "tests/from_pytorch_helpers.txt names what no header has: $(tr '\n' ' ' <"$work/unknown")"
    failed=1
fi

# Without a line of the page, something must be missing.
grep -v 'tp_matmul' "$page" >"$work/page"
missing "$work/page" | grep -q '^tp_matmul$' || {
    echo "a missing name is not found"
    failed=1
}
exit $failed

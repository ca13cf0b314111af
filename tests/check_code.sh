#!/bin/sh
# check_code.sh SOURCE BUILD: the code that headers and documents show compiles without a warning and runs without an
# error, and every program of docs/reference/examples prints what stands at its end.
set -u
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 pieces=0 programs=0
mkdir "$work/blocks" "$work/run"

compile() { # FILE
    "${CC:-cc}" -std=c11 -D_GNU_SOURCE -O0 -Wall -Wextra -Werror -I"$source/include" -I"$build/include" \
        -I"$source/tests" -o "$work/program" "$1" "$build/libtaper.a" -lpthread -lm >"$work/messages" 2>&1
}
wrong() { # WHERE WHAT FILE
    echo "$1: $2"
    sed 's/^/    /' "$3"
    failed=1
}

(cd "$source" && LC_ALL=C awk -v out="$work/blocks" -f tests/code_blocks.awk include/taper/*.h README.md docs/*.md)
for block in "$work"/blocks/*.c; do
    where=$(sed -n '1s/^\/\/ //p' "$block")
    pieces=$((pieces + 1))
    if ! compile "$block"; then
        wrong "$where" "the code does not compile" "$work/messages"
    elif ! (cd "$work/run" && ../program >"$work/messages" 2>&1); then
        wrong "$where" "the code fails" "$work/messages"
    fi
done

for example in "$source"/docs/reference/examples/*.c; do
    programs=$((programs + 1))
    name=docs/reference/examples/${example##*/}
    sed -n '/^\/\* Output:$/,/^\*\/$/p' "$example" | sed '1d;$d' >"$work/expected"
    if ! compile "$example"; then
        wrong "$name" "it does not compile" "$work/messages"
    elif ! (cd "$work/run" && ../program >"$work/output" 2>"$work/messages"); then
        wrong "$name" "it fails" "$work/messages"
    elif ! diff "$work/expected" "$work/output" >"$work/messages"; then
        wrong "$name" "it prints something else (< expected, > printed)" "$work/messages"
    fi
done

# A comparison that could not fail would be worth nothing.
echo "something else" | diff "$work/expected" - >/dev/null && {
    echo "the comparison does not see a difference"
    failed=1
}
[ $pieces -gt 0 ] && [ $programs -gt 0 ] || failed=1
echo "code: $pieces pieces, $programs programs"
exit $failed

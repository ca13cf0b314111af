#!/bin/sh
# check_symbols.sh SOURCE BUILD: the shared library exports what the public headers promise, all of it and nothing
# else; and the library calls nothing that would end or speak for the program that uses it.
set -eu
source=$(cd "$1" && pwd)
build=$(cd "$2" && pwd)
command -v nm >/dev/null 2>&1 || {
    echo "SKIPPED: nm is not here"
    exit 77
}
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
failed=0

LC_ALL=C
export LC_ALL
nm -D --defined-only "$build/libtaper.so" | awk '$2 != "A" { print $3 }' | sort -u >"$place/exported"
if grep -vE '^tp_[a-z0-9]' "$place/exported" >"$place/wrong"; then
    echo "exported, but not named tp_...:"
    cat "$place/wrong"
    failed=1
fi

# The declarations of all headers, macros expanded, one to a line; TP_API is the attribute `visibility`.
for header in "$source"/include/taper/*.h "$build"/include/taper/*.h; do
    [ -e "$header" ] && echo "#include \"$header\""
done >"$place/all.c"
"${CC:-cc}" -std=c11 -E -P -I"$source/include" -I"$build/include" "$place/all.c" >"$place/all.i"
tr '\n;' ' \n' <"$place/all.i" | sed -n 's/.*visibility("default"))) *//p' | grep -oE '^[^(]*tp_[A-Za-z0-9_]+ *\(' |
    grep -oE 'tp_[A-Za-z0-9_]+ *\($' | tr -d ' (' | sort -u >"$place/declared"
comm -23 "$place/declared" "$place/exported" >"$place/missing"
comm -13 "$place/declared" "$place/exported" >"$place/undeclared"
if [ -s "$place/missing" ]; then
    echo "declared in a public header, but not in the library:"
    cat "$place/missing"
    failed=1
fi
if [ -s "$place/undeclared" ]; then
    echo "exported, but in no public header:"
    cat "$place/undeclared"
    failed=1
fi

# Ending the program, or writing where nobody asked for it. Writing to a stream that the caller hands in is fine.
forbidden="abort exit _exit _Exit quick_exit pthread_exit raise kill system longjmp siglongjmp
    __assert __assert_fail __assert_rtn
    printf vprintf __printf_chk __vprintf_chk puts putchar putchar_unlocked perror stdout stderr stdin"
forbidden=$(echo $forbidden)
nm -A -u "$build/libtaper.a" 2>/dev/null | sed 's/@.*//' | awk -v forbidden="$forbidden" '
    BEGIN { count = split(forbidden, name, " "); for (i = 1; i <= count; i++) banned[name[i]] = 1 }
    $NF in banned { sub(/^[^:]*:/, ""); print "uses what a library must not: " $0; wrong++ }
    END { exit wrong > 0 }' || failed=1

echo "symbols: $(wc -l <"$place/exported") exported, $(wc -l <"$place/declared") declared"
exit $failed

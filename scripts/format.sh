#!/bin/sh
# format.sh [--check]: formats every C source in place, or says which are not formatted. What the scripts of
# tests/golden have written is left alone. Releases of clang-format differ in small things, so only the project's one
# counts; with another, it changes nothing and exits with 77 (skipped).
set -eu
release=14
cd "$(dirname "$0")/.."

formatter=
for name in "${CLANG_FORMAT:-}" clang-format-$release clang-format; do
    [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 && formatter=$name && break
done
if [ -z "$formatter" ]; then
    echo "Please install clang-format $release (Debian package clang-format)." >&2
    exit 1
fi
version=$("$formatter" --version)
case $version in
*"version $release."*) ;;
*)
    echo "SKIPPED: the format is that of clang-format $release; this is $version" >&2
    exit 77
    ;;
esac

sources() {
    find src include tool tests examples bench docs -path tests/golden -prune -o -type f \
        \( -name '*.[ch]' -o -name '*.def' \) -print0
}
if [ "${1:-}" = --check ]; then
    wrong=$(sources | xargs -0 "$formatter" --dry-run --Werror --style=file 2>&1 |
        sed -n 's/^\([^ :]*\):[0-9]*:[0-9]*: error: .*/    \1/p' | sort | uniq -c) || true
    if [ -n "$wrong" ]; then
        printf 'Not formatted (places, file); make format does it:\n%s\n' "$wrong"
        exit 1
    fi
    echo "format: all as clang-format $release writes it"
else
    sources | xargs -0 "$formatter" -i --style=file
fi

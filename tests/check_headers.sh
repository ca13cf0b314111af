#!/bin/sh
# check_headers.sh SOURCE BUILD: every public header compiles alone, and twice in one file, without a warning, as C11
# and as C++11 to C++20, with gcc and with clang. So does the program of tests/installed, which uses their macros.
set -eu
source=$(cd "$1" && pwd)
build=$(cd "$2" && pwd)
warnings="-Wall -Wextra -Wpedantic -Wconversion -Werror"
failed=0 compiled=0

check() { # COMPILER LANGUAGE STANDARD
    if ! command -v "$1" >/dev/null 2>&1; then
        [ "$3" = c++14 ] || [ "$3" = c++17 ] || [ "$3" = c++20 ] || echo "SKIPPED: headers as $2: $1 is not here"
        return 0
    fi
    for folder in "$source/include" "$build/include"; do
        for header in "$folder"/taper/*.h; do
            [ -e "$header" ] || continue
            name=taper/${header##*/}
            printf '#include <%s>\n#include <%s>\n' "$name" "$name" >"$place/alone"
            compile "$1" "$2" "$3" "$place/alone" "$name"
        done
    done
    compile "$1" "$2" "$3" "$source/tests/installed/main.c" "tests/installed/main.c"
}

compile() { # COMPILER LANGUAGE STANDARD FILE NAME
    compiled=$((compiled + 1))
    "$1" "-std=$3" $warnings -fsyntax-only -I"$source/include" -I"$build/include" -x "$2" "$4" || {
        echo "$5 does not compile cleanly with $1 -std=$3"
        failed=1
    }
}

place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
check gcc c c11
check clang c c11
for standard in c++11 c++14 c++17 c++20; do
    check g++ c++ $standard
    check clang++ c++ $standard
done
[ $compiled -gt 0 ] || {
    echo "SKIPPED: neither gcc nor clang is here"
    exit 77
}
echo "headers: $compiled compilations"
exit $failed

#!/bin/sh
# check_install.sh SOURCE BUILD: installs into a folder of its own, moves that folder, and builds the program of
# tests/installed against it: through pkg-config and through CMake, shared and static, as C and as C++.
set -eu
source=$(cd "$1" && pwd)
build=$(cd "$2" && pwd)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
warnings="-Wall -Wextra -Wpedantic -Wconversion -Werror"
failed=0

env -u DESTDIR cmake --install "$build" --prefix "$place/before" >"$place/log" 2>&1 || {
    cat "$place/log"
    exit 1
}
mv "$place/before" "$place/prefix"
if grep -rIl -e "$place" -e "$source" -e "$build" "$place/prefix"; then
    echo "the files above name the folder of the build or of the installation"
    failed=1
fi
package=$(find "$place/prefix" -name taper.pc)
libraries=$(dirname "$(dirname "$package")")

# try WHAT COMMAND...: the command builds "$place/program", which must run.
try() {
    what=$1
    shift
    rm -f "$place/program"
    if "$@" >"$place/log" 2>&1 && LD_LIBRARY_PATH=$libraries "$place/program" >>"$place/log" 2>&1; then
        echo "works: $what"
    else
        echo "fails: $what: $*"
        cat "$place/log"
        failed=1
    fi
}

main=$source/tests/installed/main.c
if command -v pkg-config >/dev/null 2>&1; then
    export PKG_CONFIG_PATH="${package%/*}"
    flags=$(pkg-config --cflags --libs taper)
    all_flags=$(pkg-config --static --cflags --libs taper)
    try "pkg-config, C" "${CC:-cc}" -std=c11 $warnings "$main" -o "$place/program" $flags
    try "pkg-config, C, static" "${CC:-cc}" -std=c11 $warnings "$main" -o "$place/program" \
        $(echo "$all_flags" | sed 's/-ltaper/-l:libtaper.a/')
    if command -v "${CXX:-c++}" >/dev/null 2>&1; then
        try "pkg-config, C++" "${CXX:-c++}" -std=c++11 $warnings -x c++ "$main" -x none -o "$place/program" $flags
    else
        echo "SKIPPED: the C++ program: no C++ compiler is here"
    fi
else
    echo "SKIPPED: building through pkg-config: it is not here"
fi

if cmake -S "$source/tests/installed" -B "$place/consumer" -DCMAKE_PREFIX_PATH="$place/prefix" >"$place/log" 2>&1 &&
    cmake --build "$place/consumer" >>"$place/log" 2>&1; then
    for program in with_shared with_static with_cxx; do
        [ -x "$place/consumer/$program" ] || continue
        try "CMake, $program" cp "$place/consumer/$program" "$place/program"
    done
else
    echo "fails: the CMake project"
    cat "$place/log"
    failed=1
fi

# The command is part of the installation, and knows which release it is.
if [ -x "$build/tool/taper" ]; then
    "$place/prefix/bin/taper" --version | grep -q '[0-9]\.[0-9]' || {
        echo "fails: taper --version"
        failed=1
    }
fi
exit $failed

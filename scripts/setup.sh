#!/bin/sh
# setup.sh [test|check|avx512]: makes sure that what the build needs is here, and installs what is missing where apt-get
# may be used (as root, or through a sudo that asks nothing). Quiet when nothing is missing.
#   (none)   a C compiler, cmake 3.20 or newer, make
#   test     the same, and, if they can be had, a C++ compiler and pkg-config, for the tests that use them
#   check    the same, and clang with its run-time libraries, clang-format, valgrind, for contributors
#   avx512   the same as with nothing, and what scripts/avx512.sh makes an emulated machine of
set -eu
level=${1:-build}
oldest_cmake=3.20

c_works() {
    for cc in ${CC:-} cc gcc clang; do
        echo '#include <stdio.h>' | "$cc" -fsyntax-only -x c - 2>/dev/null && return 0
    done
    return 1
}

cxx_works() {
    for cxx in ${CXX:-} c++ g++ clang++; do
        echo '#include <cstdio>' | "$cxx" -fsyntax-only -x c++ - 2>/dev/null && return 0
    done
    return 1
}

# clang links a program with the sanitizers only if its run-time libraries are here.
clang_works() {
    program=$(mktemp)
    echo 'int main(void) { return 0; }' | clang -fsanitize=address -x c - -o "$program" 2>/dev/null && works=0 || works=1
    rm -f "$program"
    return $works
}

cmake_works() {
    cmake --version 2>/dev/null | awk -v oldest=$oldest_cmake '
        NR == 1 { split($3, have, "."); split(oldest, want, ".")
                  found = have[1] + 0 > want[1] + 0 || (have[1] + 0 == want[1] + 0 && have[2] + 0 >= want[2] + 0) }
        END { exit !found }'
}

have() { command -v "$1" >/dev/null 2>&1; }

# The Debian packages that are missing: the ones without which nothing goes on, and the ones that are only wished for.
look() {
    needed= wished=
    c_works || needed="$needed gcc libc6-dev"
    cmake_works || needed="$needed cmake"
    have make || needed="$needed make"
    if [ "$level" = test ]; then
        cxx_works || wished="$wished g++"
        have pkg-config || wished="$wished pkg-config"
    elif [ "$level" = check ]; then
        have gcc || needed="$needed gcc libc6-dev"
        have g++ || needed="$needed g++"
        clang_works || needed="$needed clang libclang-rt-dev"
        have clang-format || needed="$needed clang-format"
        have valgrind || needed="$needed valgrind libc6-dbg"
        have pkg-config || needed="$needed pkg-config"
    elif [ "$level" = avx512 ]; then
        [ -n "${BOCHS:-}" ] || have bochs || needed="$needed bochs bochs-term"
        [ -r /usr/share/bochs/BIOS-bochs-latest ] || needed="$needed bochsbios"
        [ -r /usr/share/vgabios/vgabios.bin ] || needed="$needed vgabios"
        [ -r /usr/lib/ISOLINUX/isolinux.bin ] || needed="$needed isolinux"
        [ -r /usr/lib/syslinux/modules/bios/ldlinux.c32 ] || needed="$needed syslinux-common"
        have xorriso || needed="$needed xorriso"
        have cpio || needed="$needed cpio"
        have busybox || needed="$needed busybox-static"
        have strip || needed="$needed binutils"
    fi
}

# apt-get, or nothing where it is missing or would ask for a password.
find_apt() {
    have apt-get || return 0
    if [ "$(id -u)" = 0 ]; then
        echo "env DEBIAN_FRONTEND=noninteractive apt-get"
    elif sudo -n true 2>/dev/null; then
        echo "sudo -n env DEBIAN_FRONTEND=noninteractive apt-get"
    fi
}

case $level in
build | test | check | avx512) ;;
*)
    echo "setup.sh: '$level' is neither nothing, 'test', 'check', nor 'avx512'" >&2
    exit 2
    ;;
esac

look
[ -n "$needed$wished" ] || exit 0

apt=$(find_apt)
if [ -n "$apt" ]; then
    echo "Installing:$needed$wished"
    log=$(mktemp)
    {
        $apt update || true # an old list is better than none
        $apt install -y --no-install-recommends -o DPkg::Lock::Timeout=120 $needed $wished
    } </dev/null >"$log" 2>&1 || cat "$log" >&2
    rm -f "$log"
    look
fi

if [ -n "$needed" ]; then
    echo "Please install what is missing (cmake has to be $oldest_cmake or newer); on Debian: apt install$needed" >&2
    exit 1
fi
[ -z "$wished" ] || echo "Going on without, some tests will be skipped:$wished"

#!/bin/sh
# install.sh BUILD PREFIX: installs what was built; DESTDIR goes before the prefix.
set -eu
build=${1:?"usage: install.sh BUILD PREFIX"}
prefix=${2:?"usage: install.sh BUILD PREFIX"}
cmake --install "$build" --prefix "$prefix"
# The loader finds a new shared library in a system folder only once its cache is written again.
if [ -z "${DESTDIR:-}" ] && [ "$(id -u)" = 0 ] && command -v ldconfig >/dev/null 2>&1; then
    ldconfig
fi

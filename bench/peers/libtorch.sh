#!/bin/sh
# libtorch.sh PYTHON BUILD: compiles libtorch.cc against the torch of PYTHON, and prints the program's path. It is
# compiled again when its source or the torch has changed.
set -eu
python=$1
here=$(cd "$(dirname "$0")" && pwd)
out=$2/bench/libtorch
command -v g++ >/dev/null || { echo "no g++" >&2; exit 77; }
flags=$("$python" -c '
import os, torch
from torch.utils import cpp_extension as c
lib = os.path.join(os.path.dirname(torch.__file__), "lib")
print(" ".join(["-D_GLIBCXX_USE_CXX11_ABI=%d" % torch.compiled_with_cxx11_abi()]
               + ["-isystem " + p for p in c.include_paths()]
               + ["-L" + lib, "-Wl,-rpath," + lib, "-Wl,--no-as-needed", "-ltorch_cpu", "-ltorch", "-lc10"]))
' 2>/dev/null) || { echo "no torch with headers (set TAPER_PYTHON)" >&2; exit 77; }
if [ ! -x "$out" ] || [ "$here/libtorch.cc" -nt "$out" ] || [ "$(cat "$out.flags" 2>/dev/null)" != "$flags" ]; then
    # shellcheck disable=SC2086
    g++ -std=c++20 -O2 -march=native "$here/libtorch.cc" -o "$out" $flags >&2
    echo "$flags" >"$out.flags"
fi
echo "$out"

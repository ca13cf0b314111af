#!/bin/sh
# reference.sh [OUT [INCLUDE]]: writes docs/reference/ (or OUT) from the public headers. INCLUDE is a build's folder of
# generated headers; without one they are made here. Fails where a public declaration has no comment.
set -eu
source=$(cd "$(dirname "$0")/.." && pwd)
out=${1:-$source/docs/reference}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

generated=${2:-}
if [ -z "$generated" ]; then
    generated=$work/include
    mkdir -p "$generated/taper"
    "${CC:-cc}" -std=c11 -D_GNU_SOURCE -I"$source/src" -o "$work/header" "$source/src/ops/header/elementwise_header.c"
    "$work/header" "$generated/taper/elementwise.h"
fi
mkdir -p "$out"
rm -f "$out"/*.md
LC_ALL=C awk -v out="$out" -v examples="$source/docs/reference/examples" \
    -v concepts="$source/docs/reference/concepts.txt" -f "$source/scripts/reference.awk" \
    "$source"/include/taper/*.h "$generated"/taper/*.h

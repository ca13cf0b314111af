#!/bin/sh
# check_snippets.sh SOURCE BUILD: the row of an elementwise op in docs/add-an-op.md builds, and has the gradient that the
# page says. (check_code.sh looks at all other code that documents show.)
set -u
source=$1 build=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# docs/add-an-op.md: the row of an elementwise op, added to a copy of the source.
row=$(sed -n 's/^    \(UNARY(logcosh.*\)$/\1/p' "$source/docs/add-an-op.md")
[ -n "$row" ] || {
    echo "docs/add-an-op.md: the row is not there"
    exit 1
}
mkdir "$work/src" && cp -r "$source/src/." "$work/src/" && printf '%s\n' "$row" >>"$work/src/backend/cpu/elementwise.def"
cat >"$work/row.c" <<'END'
#include "taper/ops.h"
#include <math.h>
#include <stdio.h>
static tp_tensor *function(tp_tensor *const *inputs, int n, void *argument)
{
    (void)n, (void)argument;
    return tp_logcosh(inputs[0]);
}
int main(void)
{
    tp_tensor *x = tp_requires_grad_(tp_from_text(TP_F64, "[-2, 0, 0.5, 3]"), true);
    const double first = tp_item(tp_select(tp_logcosh(x), 0, 0));
    const int right = fabs(first - log(cosh(-2.0))) < 1e-15 &&
                      tp_gradcheck(function, &x, 1, NULL, .second_order = true) == TP_OK;
    tp_report(stderr);
    tp_finish();
    return right ? 0 : 1;
}
END
mkdir -p "$work/include/taper" && cc -I"$work/src" -o "$work/header" "$work/src/ops/header/elementwise_header.c" &&
    "$work/header" "$work/include/taper/elementwise.h" || exit 1
flags="-std=c11 -D_GNU_SOURCE -O1 -w -fopenmp-simd -ffp-contract=off -I$work/include -I$work/src -I$source/include"
# All that know the table of kernels, which has grown.
for unit in $(cd "$work/src" && grep -lE 'cpu/table.h|ops/elementwise.h' -r . --include='*.c' | grep -v /kernels/) backend/cpu/isa.c; do
    cc $flags -c "$work/src/$unit" -o "$work/$(basename "$unit" .c).o" || exit 1
done
# The baseline's kernels are enough: without TP_X86_KERNELS nothing else is picked.
for kernel in elementwise reduce optim; do
    cc $flags -DTP_ISA=baseline -c "$work/src/backend/cpu/kernels/$kernel.c" -o "$work/kernel_$kernel.o" || exit 1
done
cc $flags -o "$work/row" "$work/row.c" "$work"/*.o "$build/libtaper.a" -lpthread -lm && "$work/row" || {
    echo "docs/add-an-op.md: the row does not do what the page says"
    exit 1
}
echo "the row of docs/add-an-op.md holds"

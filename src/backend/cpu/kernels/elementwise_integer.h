/* The rows of elementwise.def that integers have, for the type T: no gradients. */
#include "backend/cpu/kernels/words_integer.h"
#define X x[i]
#define A a[i]
#define B b[i]
#define C c[i]
#define P p
#define Q q
#define R r
#define KERNEL_ANY KERNEL
#define KERNEL_NUMBER KERNEL
#define KERNEL_DIVISION KERNEL
#define KERNEL_FLOAT NO_KERNEL
#define KERNEL_REAL NO_KERNEL
#define UNARY(name, kind, forward, gradient, low, high, documentation) \
    KERNEL_##kind(name##_, T, READ_1, forward)
#define UNARY_WITH(name, kind, numbers, forward, gradient, low, high, documentation) \
    KERNEL_##kind(name##_, T, READ_1 READ_NUMBERS, forward)
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    KERNEL_##kind(name##_, T, READ_2, forward)
#define TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation) \
    KERNEL_##kind(name##_, T, READ_3, forward)
#define TERNARY_WITH(name, kind, numbers, forward, gradient_a, gradient_b, gradient_c, low, high, \
                     documentation)                                                               \
    KERNEL_##kind(name##_, T, READ_3 READ_NUMBERS, forward)
#ifndef TP__TESTED_AS_BYTES
#define TEST(name, forward, documentation) KERNEL(name##_, bool, READ_1, forward)
#define COMPARE(name, forward, documentation) KERNEL(name##_, bool, READ_2, forward)
#endif
#define BITS(name, kind, forward, documentation) KERNEL(name##_, T, READ_1, forward)
#define TWO_BITS(name, kind, forward, documentation) KERNEL(name##_, T, READ_2, forward)
#include "backend/cpu/elementwise_rows.h"
#include "backend/cpu/kernels/words_end.h"
#undef KERNEL_ANY
#undef KERNEL_NUMBER
#undef KERNEL_DIVISION
#undef KERNEL_FLOAT
#undef KERNEL_REAL
#undef T
#undef W
#undef SUFFIX
#undef TP__NEGATIVE
#undef TP__BIT_NOT
#undef TP__TESTED_AS_BYTES

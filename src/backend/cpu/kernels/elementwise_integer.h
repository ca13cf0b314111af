/* The rows of elementwise.def that integers have, for the type T: no gradients. */
#include "backend/cpu/kernels/words_integer.h"
#define X x[i]
#define A a[i]
#define B b[i]
#define UNARY(name, kind, forward, gradient, low, high, documentation) UNARY_##kind(name, forward)
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    BINARY_##kind(name, forward)
#define UNARY_ANY(name, forward) UNARY_KERNEL(name##_, T, forward)
#define UNARY_NUMBER(name, forward) UNARY_KERNEL(name##_, T, forward)
#define UNARY_FLOAT(name, forward)
#define BINARY_ANY(name, forward) BINARY_KERNEL(name##_, T, forward)
#define BINARY_NUMBER(name, forward) BINARY_KERNEL(name##_, T, forward)
#define BINARY_FLOAT(name, forward)
#define TEST(name, forward, documentation) UNARY_KERNEL(name##_, bool, forward)
#define COMPARE(name, forward, documentation) BINARY_KERNEL(name##_, bool, forward)
#include "backend/cpu/elementwise.def"
WHERE_KERNEL
#include "backend/cpu/kernels/words_end.h"
#undef UNARY_ANY
#undef UNARY_NUMBER
#undef UNARY_FLOAT
#undef BINARY_ANY
#undef BINARY_NUMBER
#undef BINARY_FLOAT
#undef T
#undef W
#undef SUFFIX
#undef TP__NEGATIVE

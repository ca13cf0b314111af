/* All rows of elementwise.def for the floating type T: forward kernels, then gradient kernels. */
#include "backend/cpu/kernels/words_float.h"
#define X x[i]
#define A a[i]
#define B b[i]
#define UNARY(name, kind, forward, gradient, low, high, documentation) UNARY_KERNEL(name##_, T, forward)
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    BINARY_KERNEL(name##_, T, forward)
#define TEST(name, forward, documentation) UNARY_KERNEL(name##_, bool, forward)
#define COMPARE(name, forward, documentation) BINARY_KERNEL(name##_, bool, forward)
#include "backend/cpu/elementwise.def"
WHERE_KERNEL
#include "backend/cpu/kernels/words_end.h"

#include "backend/cpu/kernels/words_float.h"
#define X a[i]
#define A a[i]
#define B b[i]
#define Y y[i]
#define G g[i]
#define UNARY(name, kind, forward, gradient, low, high, documentation) \
    GRADIENT_KERNEL(name##_grad_a_, gradient)
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    GRADIENT_KERNEL(name##_grad_a_, gradient_a)                                       \
    GRADIENT_KERNEL(name##_grad_b_, gradient_b)
#define TEST(name, forward, documentation)
#define COMPARE(name, forward, documentation)
#include "backend/cpu/elementwise.def"
#include "backend/cpu/kernels/words_end.h"
#undef T
#undef SUFFIX
#undef TP__LIBM
#undef TP__MATH

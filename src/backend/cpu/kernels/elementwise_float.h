/* All rows of elementwise.def for the floating type T: forward kernels, then gradient kernels. */
#include "backend/cpu/kernels/words_float.h"
#define X x[i]
#define A a[i]
#define B b[i]
#define C c[i]
#define P p
#define Q q
#define R r
#define UNARY(name, kind, forward, gradient, low, high, documentation) KERNEL(name##_, T, READ_1, forward)
#define UNARY_WITH(name, kind, numbers, forward, gradient, low, high, documentation) \
    KERNEL(name##_, T, READ_1 READ_NUMBERS, forward)
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    KERNEL(name##_, T, READ_2, forward)
#define TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation) \
    KERNEL(name##_, T, READ_3, forward)
#define TERNARY_WITH(name, kind, numbers, forward, gradient_a, gradient_b, gradient_c, low, high, \
                     documentation)                                                               \
    KERNEL(name##_, T, READ_3 READ_NUMBERS, forward)
#define TEST(name, forward, documentation) KERNEL(name##_, bool, READ_1, forward)
#define COMPARE(name, forward, documentation) KERNEL(name##_, bool, READ_2, forward)
#include "backend/cpu/elementwise_rows.h"
#include "backend/cpu/kernels/words_end.h"

#include "backend/cpu/kernels/words_float.h"
#define X a[i]
#define A a[i]
#define B b[i]
#define C c[i]
#define Y y[i]
#define G g[i]
#define P p
#define Q q
#define R r
#define UNARY(name, kind, forward, gradient, low, high, documentation) \
    KERNEL(name##_grad_a_, T, READ_GRADIENT, gradient)
#define UNARY_WITH(name, kind, numbers, forward, gradient, low, high, documentation) \
    KERNEL(name##_grad_a_, T, READ_GRADIENT READ_NUMBERS, gradient)
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) \
    KERNEL(name##_grad_a_, T, READ_GRADIENT, gradient_a)                              \
    KERNEL(name##_grad_b_, T, READ_GRADIENT, gradient_b)
#define THREE_GRADIENTS(name, read, gradient_a, gradient_b, gradient_c) \
    KERNEL(name##_grad_a_, T, read, gradient_a)                         \
    KERNEL(name##_grad_b_, T, read, gradient_b)                         \
    KERNEL(name##_grad_c_, T, read, gradient_c)
#define TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation) \
    THREE_GRADIENTS(name, READ_GRADIENT, gradient_a, gradient_b, gradient_c)
#define TERNARY_WITH(name, kind, numbers, forward, gradient_a, gradient_b, gradient_c, low, high, \
                     documentation)                                                               \
    THREE_GRADIENTS(name, READ_GRADIENT READ_NUMBERS, gradient_a, gradient_b, gradient_c)
#include "backend/cpu/elementwise_rows.h"
#include "backend/cpu/kernels/words_end.h"
#undef THREE_GRADIENTS
#undef T
#undef SUFFIX
#undef TP__LIBM
#undef TP__MATH
#undef TP__LARGEST
#undef TP__PRODUCT

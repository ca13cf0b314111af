/* Reads the rows of elementwise.def. Whoever includes this defines what it wants of them: a WITH that is not
 * defined is read as the plain form, a plain form that is not defined as ROW(name), and ROW as nothing. All
 * are forgotten afterwards. */
#ifndef ROW
#define ROW(name)
#endif
#ifndef UNARY
#define UNARY(name, kind, forward, gradient, low, high, documentation) ROW(name)
#endif
#ifndef BINARY
#define BINARY(name, kind, forward, gradient_a, gradient_b, low, high, documentation) ROW(name)
#endif
#ifndef TERNARY
#define TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation) ROW(name)
#endif
#ifndef UNARY_WITH
#define UNARY_WITH(name, kind, numbers, forward, gradient, low, high, documentation) \
    UNARY(name, kind, forward, gradient, low, high, documentation)
#endif
#ifndef TERNARY_WITH
#define TERNARY_WITH(name, kind, numbers, forward, gradient_a, gradient_b, gradient_c, low, high, \
                     documentation)                                                               \
    TERNARY(name, kind, forward, gradient_a, gradient_b, gradient_c, low, high, documentation)
#endif
#ifndef TEST
#define TEST(name, forward, documentation) ROW(name)
#endif
#ifndef COMPARE
#define COMPARE(name, forward, documentation) ROW(name)
#endif
#ifndef BITS
#define BITS(name, kind, forward, documentation) ROW(name)
#endif
#ifndef TWO_BITS
#define TWO_BITS(name, kind, forward, documentation) ROW(name)
#endif

#include "backend/cpu/elementwise.def"

#undef ROW
#undef UNARY
#undef BINARY
#undef TERNARY
#undef UNARY_WITH
#undef TERNARY_WITH
#undef TEST
#undef COMPARE
#undef BITS
#undef TWO_BITS

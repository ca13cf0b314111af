/* The words of elementwise.def as expressions over the floating type T, whose name ends in TP__T (f32, f64).
 */
#include "backend/cpu/kernels/words_functions.h"

#define NUM(c) ((T)(c))
#define NEG(a) (-(a))
#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define MUL(a, b) ((a) * (b))
#define PRODUCT(a, b) TP__PRODUCT(a, b)
#define DIV(a, b) ((a) / (b))
#define EQ(a, b) ((a) == (b))
#define NE(a, b) ((a) != (b))
#define LT(a, b) ((a) < (b))
#define LE(a, b) ((a) <= (b))
#define GT(a, b) ((a) > (b))
#define GE(a, b) ((a) >= (b))
#define AND(a, b) ((a) & (b))
#define OR(a, b) ((a) | (b))
#define SELECT(condition, a, b) ((condition) ? (a) : (b))
#define ZERO NUM(0)
#define SIGN(a) ((a) > 0 ? NUM(1) : (a) < 0 ? NUM(-1) : NUM(0))
#define ABS(a) TP__LIBM(fabs)(a)
#define FLOOR(a) TP__LIBM(floor)(a)
#define CEIL(a) TP__LIBM(ceil)(a)
#define TRUNC(a) TP__LIBM(trunc)(a)
#define ROUND(a) TP__LIBM(rint)(a)
#define SQRT(a) TP__LIBM(sqrt)(a)
#define COPYSIGN(a, b) TP__LIBM(copysign)(a, b)
#define FMA(a, b, c) TP__LIBM(fma)(a, b, c)
#define LARGEST TP__LARGEST
#define CALL(name, a) TP__MATH(name)(a)
#define CALL_2(name, a, b) TP__MATH(name)(a, b)
#undef NORMAL
#undef NORMAL_DENSITY
#define NORMAL(a) CALL(normal, a)
#define NORMAL_DENSITY(a) CALL(normal_density, a)

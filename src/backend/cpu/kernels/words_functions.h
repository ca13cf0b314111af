/* The words of elementwise.def for functions: the one list of them.
 *
 * Each reader of the rows says what a function is: CALL(name, a) and CALL_2(name, a, b) are tp__NAME_f32 or
 * tp__NAME_f64 in the kernels, and the operation tp_NAME in gradients that are recorded. So a function that a
 * gradient names must be a row, too; one that only values need must not. Words made of others follow. */
#ifndef TAPER_BACKEND_CPU_KERNELS_WORDS_FUNCTIONS_H
#define TAPER_BACKEND_CPU_KERNELS_WORDS_FUNCTIONS_H

#define EXP(a) CALL(exp, a)
#define EXP2(a) CALL(exp2, a)
#define EXPM1(a) CALL(expm1, a)
#define LOG(a) CALL(log, a)
#define LOG1P(a) CALL(log1p, a)
#define LOG1P_UNIT(a) CALL(log1p_unit, a)
#define LOG2(a) CALL(log2, a)
#define LOG10(a) CALL(log10, a)
#define SIN(a) CALL(sin, a)
#define COS(a) CALL(cos, a)
#define TAN(a) CALL(tan, a)
#define ASIN(a) CALL(asin, a)
#define ACOS(a) CALL(acos, a)
#define ATAN(a) CALL(atan, a)
#define SINH(a) CALL(sinh, a)
#define COSH(a) CALL(cosh, a)
#define TANH(a) CALL(tanh, a)
#define ASINH(a) CALL(asinh, a)
#define ACOSH(a) CALL(acosh, a)
#define ATANH(a) CALL(atanh, a)
#define ERF(a) CALL(erf, a)
#define ERFC(a) CALL(erfc, a)
#define ERFINV(a) CALL(erfinv, a)
#define SIGMOID(a) CALL(sigmoid, a)
#define POW(a, b) CALL_2(pow, a, b)
#define ATAN2(a, b) CALL_2(atan2, a, b)
#define HYPOT(a, b) CALL_2(hypot, a, b)
#define XLOGY(a, b) CALL_2(xlogy, a, b)
#define FMOD(a, b) CALL_2(fmod, a, b)
#define REMAINDER(a, b) CALL_2(remainder, a, b)
#define FLOOR_DIVIDE(a, b) CALL_2(floor_divide, a, b)

/* The probability that a normal variable is below a, and its density: functions in kernels (words_float.h).
 */
#define NORMAL(a) MUL(NUM(0.5), ADD(NUM(1), ERF(MUL(a, NUM(0.7071067811865476)))))
#define NORMAL_DENSITY(a) MUL(NUM(0.3989422804014327), EXP(MUL(NUM(-0.5), MUL(a, a))))
/* a limited to [low, high]; NaN stays. */
#define CLAMP(a, low, high) SELECT(LT(a, low), low, SELECT(GT(a, high), high, a))
/* 1 / (A^2 + B^2), but 0 at (0, 0). */
#define ATAN2_SCALE \
    SELECT(EQ(ADD(MUL(A, A), MUL(B, B)), NUM(0)), NUM(0), DIV(NUM(1), ADD(MUL(A, A), MUL(B, B))))
/* sqrt(2 / pi) (a + 0.044715 a^3). */
#define GELU_INNER(a) MUL(NUM(0.7978845608028654), ADD(a, MUL(NUM(0.044715), MUL(MUL(a, a), a))))

#endif

/* fmod, remainder, floor_divide, with PyTorch's meaning of signs and of divisors that are 0.
 *
 * A remainder is exact, whatever the size of the quotient: the C library's fmod gives the same bits as any
 * other. It is the one function of it that is called. */
#ifndef TAPER_BACKEND_CPU_MATH_DIVISION_H
#define TAPER_BACKEND_CPU_MATH_DIVISION_H

#include <math.h>
#include <stdbool.h>

#define TP__DIVISION(T, suffix, f)                                               \
    static inline T tp__fmod_##suffix(T a, T b)                                  \
    {                                                                            \
        return fmod##f(a, b);                                                    \
    }                                                                            \
    /* With the sign of b. */                                                    \
    static inline T tp__remainder_##suffix(T a, T b)                             \
    {                                                                            \
        const T rest = fmod##f(a, b);                                            \
        return rest != 0 && (b < 0) != (rest < 0) ? rest + b : rest;             \
    }                                                                            \
    /* floor(a / b) of the exact quotient. */                                    \
    static inline T tp__floor_divide_##suffix(T a, T b)                          \
    {                                                                            \
        const T rest = fmod##f(a, b);                                            \
        T quotient = (a - rest) / b;                                             \
        quotient = rest != 0 && (b < 0) != (rest < 0) ? quotient - 1 : quotient; \
        T whole = floor##f(quotient);                                            \
        whole = quotient - whole > (T)0.5 ? whole + 1 : whole;                   \
        whole = quotient == 0 ? copysign##f((T)0, a / b) : whole;                \
        return b == 0 ? a / b : whole;                                           \
    }
TP__DIVISION(float, f32, f)
TP__DIVISION(double, f64, )
#undef TP__DIVISION

#endif

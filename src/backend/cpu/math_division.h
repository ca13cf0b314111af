/* fmod, remainder, floor_divide, with PyTorch's meaning of signs and of divisors that are 0.
 *
 * A remainder is exact, whatever the size of the quotient: any way gives the same bits. Where the quotient is
 * small it takes one division; otherwise the C library's fmod does it. */
#ifndef TAPER_BACKEND_CPU_MATH_DIVISION_H
#define TAPER_BACKEND_CPU_MATH_DIVISION_H

#include <math.h>
#include <stdbool.h>

/* A quotient of floats that is no whole number is at least 2^-24 away from one, so that below 2^28 it is not
 * rounded to one in double. The product is exact, and so is the rest. */
static inline float tp__fmod_f32(float a, float b)
{
    const double quotient = (double)a / (double)b;
    if (!(fabs(quotient) < 0x1p28))
        return fmodf(a, b);
    const double whole = trunc(quotient), divisor = whole == 0 ? 1 : (double)b; /* b may be infinite */
    return copysignf((float)fma(-whole, divisor, (double)a), a);
}

/* Here a quotient may be rounded up to a whole number; the rest then has the other sign. */
static inline double tp__fmod_f64(double a, double b)
{
    const double quotient = a / b;
    if (!(fabs(quotient) < 0x1p52))
        return fmod(a, b);
    const double whole = trunc(quotient), rest = fma(-whole, whole == 0 ? 1 : b, a);
    const bool beyond = a < 0 ? rest > 0 : rest < 0;
    return copysign(beyond ? fabs(b) - fabs(rest) : rest, a);
}

#define TP__DIVISION(T, suffix, f)                                               \
    /* With the sign of b. */                                                    \
    static inline T tp__remainder_##suffix(T a, T b)                             \
    {                                                                            \
        const T rest = tp__fmod_##suffix(a, b);                                  \
        return rest != 0 && (b < 0) != (rest < 0) ? rest + b : rest;             \
    }                                                                            \
    /* floor(a / b) of the exact quotient. */                                    \
    static inline T tp__floor_divide_##suffix(T a, T b)                          \
    {                                                                            \
        const T rest = tp__fmod_##suffix(a, b);                                  \
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

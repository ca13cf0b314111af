/* asinh, acosh, atanh.
 *
 * All three are logarithms of 1 + u, where u keeps its relative accuracy near 0. */
#ifndef TAPER_BACKEND_CPU_MATH_HYPERBOLIC_H
#define TAPER_BACKEND_CPU_MATH_HYPERBOLIC_H

#include "backend/cpu/math_log.h"

/* log(1 + u), or, where x is `large`, log(2 x). */
static inline double tp__log_of_sum(double u, double x, bool large)
{
    const double v = large ? x : 1.0 + u;
    double k;
    const double m = tp__log_split(v, &k);
    const double lost = u < 1.0 ? u - (v - 1.0) : 1.0 - (v - u);
    const double sum = tp__log_sum(large ? k + 1.0 : k, m - 1.0, large ? 0.0 : lost / v);
    return tp__log_ends(v, sum);
}

/* asinh(a) = log(1 + a + a^2 / (1 + sqrt(a^2 + 1))). */
static inline double tp__asinh_f64(double x)
{
    const double a = fabs(x), square = a * a;
    const double result = tp__log_of_sum(a + square / (1.0 + sqrt(square + 1.0)), a, a > 0x1p28);
    return copysign(a < 0x1p-28 ? a : result, x);
}

/* acosh(1 + t) = log(1 + t + sqrt(2 t + t^2)). */
static inline double tp__acosh_f64(double x)
{
    const double t = x - 1.0;
    const double result = tp__log_of_sum(t + sqrt(fma(t, t, 2.0 * t)), x, x > 0x1p28);
    return x < 1.0 ? (double)NAN : result;
}

/* atanh(a) = log(1 + 2 a / (1 - a)) / 2. */
static inline double tp__atanh_f64(double x)
{
    const double a = fabs(x);
    const double u = 2.0 * a / (1.0 - a);
    const double result = 0.5 * tp__log_of_sum(u, u, false);
    return copysign(a < 0x1p-28 ? a : a > 1.0 ? (double)NAN : result, x);
}

static inline float tp__asinh_f32(float x)
{
    return (float)tp__asinh_f64((double)x);
}

static inline float tp__acosh_f32(float x)
{
    return (float)tp__acosh_f64((double)x);
}

static inline float tp__atanh_f32(float x)
{
    return (float)tp__atanh_f64((double)x);
}

#endif

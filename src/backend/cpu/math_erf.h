/* erf, erfc, erfinv. Near 0 erf is an odd polynomial; elsewhere erfc(u) = e^(-u^2) W(t) / (1 + 2 u), t = (u -
 * 2) / (u
 * + 2). */
#ifndef TAPER_BACKEND_CPU_MATH_ERF_H
#define TAPER_BACKEND_CPU_MATH_ERF_H

#include "backend/cpu/math_log.h"

/* erfc(u) for 0 <= u <= 28. */
static inline double tp__erfc_positive(double u)
{
    const double square = u * u, low = fma(u, u, -square);
    const double t = (u - 2.0) / (u + 2.0);
    return tp__exp_parts(-square, -low, 0.0) * (tp__poly_erfc(t) / fma(2.0, u, 1.0));
}

static inline double tp__erf_f64(double x)
{
    double a = fabs(x);
    a = a > 7.0 ? 7.0 : a;
    const double near = fma(a, tp__poly_erf(a * a), a);
    return copysign(a < 1.0 ? near : 1.0 - tp__erfc_positive(a), x);
}

static inline double tp__erfc_f64(double x)
{
    double a = fabs(x);
    a = a > 28.0 ? 28.0 : a;
    const double near = 1.0 - fma(x, tp__poly_erf(a * a), x);
    const double positive = tp__erfc_positive(a);
    const double far = x < 0.0 ? 2.0 - positive : positive;
    return a < 0.46875 ? near : far;
}

static inline float tp__erf_f32(float x)
{
    double a = fabs((double)x);
    a = a > 4.0 ? 4.0 : a;
    return copysignf((float)(a * tp__poly_erff(fma(a, a, -8.0))), x);
}

static inline float tp__erfc_f32(float x)
{
    return (float)tp__erfc_f64((double)x);
}

/* x P(w) with w = -log(1 - x^2), in three pieces, the outer two over the root of w. */
static inline double tp__erfinv_f64(double x)
{
    const double w = -tp__log_f64(fma(-x, x, 1.0)), s = sqrt(w);
    const double near = tp__poly_erfinv(w - 3.125);
    const double middle = tp__poly_erfinv_middle(s - 3.25);
    const double far = tp__poly_erfinv_far(s - 5.125);
    const double result = x * (w < 6.25 ? near : w < 16.0 ? middle : far);
    return fabs(x) == 1.0 ? copysign((double)INFINITY, x) : result;
}

static inline float tp__erfinv_f32(float x)
{
    return (float)tp__erfinv_f64((double)x);
}

#endif

/* erf, erfc, erfinv, normal. Near 0 erf is an odd polynomial; elsewhere, with t = (u - 2) / (u + 2),
 * erfc(u) = e^(-u^2) W(t) / (1 + 2 u). */
#ifndef TAPER_BACKEND_CPU_MATH_ERF_H
#define TAPER_BACKEND_CPU_MATH_ERF_H

#include "backend/cpu/math_exp.h"
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

/* The probability that a normal variable is below x, and its density there. In float both are made of e^(-x^2
 * / 2), the probability with a polynomial on the side where it is small, which loses nothing there. */
static inline double tp__normal_f64(double x)
{
    return 0.5 * (1.0 + tp__erf_f64(x * 0.7071067811865476));
}

static inline double tp__normal_density_f64(double x)
{
    return 0.3989422804014327 * tp__exp_f64(-0.5 * (x * x));
}

/* 0 where it would be subnormal. */
static inline float tp__exp_half_square_f32(float x)
{
    const float y = -0.5f * (x * x), whole = tp__exp_whole_f32(y);
    const float e = tp__exp_of_rest_f32(tp__exp_rest_f32(y, whole));
    const float scaled = tp__from_bits_f32(tp__bits_f32(e) + (tp__bits_f32(whole) << 23));
    return y < -87.0f ? 0.0f : scaled;
}

static inline float tp__normal_f32(float x)
{
    const float t = 1.0f / fmaf(0.3f, fabsf(x), 1.0f), s = 1.0f - t;
    const float beyond = tp__exp_half_square_f32(x) * (t * fmaf(s, tp__poly_normal(s), 0.5f));
    return x < 0.0f ? beyond : 1.0f - beyond;
}

static inline float tp__normal_density_f32(float x)
{
    return 0.3989422804014327f * tp__exp_half_square_f32(x);
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

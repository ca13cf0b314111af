/* exp, exp2, expm1, sigmoid, tanh, sinh, cosh.
 *
 * x = k ln(2) + r with |r| <= ln(2) / 2, e^x = 2^k e^r. Float results are computed in double, where a plain
 * sum is as good as exact, but for exp_f32. */
#ifndef TAPER_BACKEND_CPU_MATH_EXP_H
#define TAPER_BACKEND_CPU_MATH_EXP_H

#include "backend/cpu/math_bits.h"

/* The steps of exp in double: k, x / ln(2) rounded, in the low bits of k + TP__ROUND_F64; the rest in two
 * parts, r and what r has lost; and e^rest. */
static inline double tp__exp_whole_f64(double x)
{
    return x * TP__LOG2_E + TP__ROUND_F64;
}

static inline double tp__exp_rest_f64(double x, double low, double k, double *lost)
{
    const double high = fma(-k, TP__LN2_1, x), rest = fma(-k, TP__LN2_2, low), r = high + rest;
    *lost = (high - r) + rest;
    return r;
}

static inline double tp__exp_of_rest_f64(double r, double lost)
{
    return 1.0 + (r + fma(r * r, tp__poly_exp(r), lost));
}

/* e^(x + low) 2^shift for |x| <= 1500; `low` is small against x. Scaled in two halves, so that subnormal
 * results are rounded once. */
static inline double tp__exp_parts(double x, double low, double shift)
{
    const double k = tp__exp_whole_f64(x) - TP__ROUND_F64;
    double lost;
    const double r = tp__exp_rest_f64(x, low, k, &lost), e = tp__exp_of_rest_f64(r, lost);
    const double half = tp__rint_f64((k + shift) * 0.5);
    return e * tp__power_of_2_f64(half) * tp__power_of_2_f64((k + shift) - half);
}

static inline double tp__exp_f64(double x)
{
    x = x > 710.0 ? 710.0 : x;
    x = x < -746.0 ? -746.0 : x;
    return tp__exp_parts(x, 0.0, 0.0);
}

/* The polynomial and the steps of SLEEF's expf in its form of 1 ulp, which PyTorch uses: bits follow it. The
 * first step gives k, x / ln(2) rounded, in the low bits of k + TP__ROUND_F32; the second x - k ln(2), and
 * the third e^s for what is left. */
static inline float tp__exp_whole_f32(float x)
{
    return x * 1.442695040888963407359924681001892137426645954152985934135449406931f + TP__ROUND_F32;
}

static inline float tp__exp_rest_f32(float x, float whole)
{
    const float k = whole - TP__ROUND_F32;
    return fmaf(k, -1.428606765330187045e-06f, fmaf(k, -0.693145751953125f, x));
}

static inline float tp__exp_of_rest_f32(float s)
{
    float u = 0.000198527617612853646278381f;
    u = fmaf(u, s, 0.00139304355252534151077271f);
    u = fmaf(u, s, 0.00833336077630519866943359f);
    u = fmaf(u, s, 0.0416664853692054748535156f);
    u = fmaf(u, s, 0.166666671633720397949219f);
    u = fmaf(u, s, 0.5f);
    return 1.0f + fmaf(s * s, u, s);
}

static inline float tp__exp_f32(float x)
{
    const float whole = tp__exp_whole_f32(x), k = whole - TP__ROUND_F32;
    const float half = (k * 0.5f + TP__ROUND_F32) - TP__ROUND_F32;
    float u = tp__exp_of_rest_f32(tp__exp_rest_f32(x, whole));
    u = u * tp__power_of_2_f32(half) * tp__power_of_2_f32(k - half);
    u = x < -104.0f ? 0.0f : u;
    return x > 104.0f ? INFINITY : u;
}

/* e^x for |x| <= 700, good to 2^-43: the core of results in float. */
static inline double tp__exp_core_f32(double x)
{
    const double k = tp__rint_f64(x * TP__LOG2_E);
    const double r = fma(-k, TP__LN2_2, fma(-k, TP__LN2_1, x));
    return (1.0 + fma(r * r, tp__poly_expf(r), r)) * tp__power_of_2_f64(k);
}

/* Nearer to the truth than tp__exp_f32, and to the exp of PyTorch builds that have Intel's library. */
static inline float tp__exp_rounded_f32(float x)
{
    double v = (double)x;
    v = v > 200.0 ? 200.0 : v;
    v = v < -200.0 ? -200.0 : v;
    return (float)tp__exp_core_f32(v);
}

static inline double tp__exp2_f64(double x)
{
    x = x > 1025.0 ? 1025.0 : x;
    x = x < -1080.0 ? -1080.0 : x;
    const double k = tp__rint_f64(x);
    const double f = x - k;
    const double r = f * TP__LN2_HIGH;
    const double c = fma(f, TP__LN2_HIGH, -r) + f * TP__LN2_LOW;
    const double e = 1.0 + (r + fma(r * r, tp__poly_exp(r), c));
    const double half = tp__rint_f64(k * 0.5);
    return e * tp__power_of_2_f64(half) * tp__power_of_2_f64(k - half);
}

static inline float tp__exp2_f32(float x)
{
    double v = (double)x;
    v = v > 200.0 ? 200.0 : v;
    v = v < -200.0 ? -200.0 : v;
    const double k = tp__rint_f64(v);
    const double r = (v - k) * TP__LN2_HIGH;
    return (float)((1.0 + fma(r * r, tp__poly_expf(r), r)) * tp__power_of_2_f64(k));
}

/* 2^k (e^r - 1) + (2^k - 1) in two parts for -700 <= x <= 710, times 1/2, so that k = 1024 has a power of 2.
 */
static inline double tp__half_expm1(double x, double *low)
{
    const double k = tp__rint_f64(x * TP__LOG2_E);
    const double high = fma(-k, TP__LN2_1, x);
    const double r = fma(-k, TP__LN2_2, high);
    const double c = fma(-k, TP__LN2_2, high - r);
    const double p = fma(r * r, tp__poly_exp(r), c);
    const double s = tp__power_of_2_f64(k - 1.0);
    const double whole = s - 0.5;
    const double u = fma(s, r, whole);
    const double v = fma(s, p, fma(s, r, whole - u));
    const double sum = u + v;
    *low = (u - sum) + v;
    return sum;
}

static inline double tp__expm1_f64(double x)
{
    double v = x > 710.0 ? 710.0 : x;
    v = v < -40.0 ? -40.0 : v;
    double low;
    const double result = 2.0 * tp__half_expm1(v, &low);
    return fabs(x) < 0x1p-54 ? x : result;
}

static inline float tp__expm1_f32(float x)
{
    double v = (double)x;
    v = v > 100.0 ? 100.0 : v;
    v = v < -100.0 ? -100.0 : v;
    const double near = fma(v * v, fma(v, fma(v, 1.0 / 24, 1.0 / 6), 0.5), v);
    const double far = tp__exp_core_f32(v) - 1.0;
    return x == 0.0f ? x : (float)(fabs(v) < 0x1p-9 ? near : far);
}

static inline float tp__sigmoid_f32(float x)
{
    return 1.0f / (1.0f + tp__exp_f32(0.0f - x));
}

static inline double tp__sigmoid_f64(double x)
{
    return 1.0 / (1.0 + tp__exp_f64(0.0 - x));
}

/* e / (e + 1) with e = (e^2a - 1) / 2, a = |x|; the quotient is corrected by what its parts have lost. */
static inline double tp__tanh_f64(double x)
{
    double a = fabs(x);
    a = a > 22.0 ? 22.0 : a;
    double low;
    const double e = tp__half_expm1(2.0 * a, &low);
    const double under = e + 1.0, under_low = (e < 1.0 ? (1.0 - under) + e : (e - under) + 1.0) + low;
    const double inverse = 1.0 / under, q = e * inverse;
    const double result = q + inverse * (fma(-q, under, e) + fma(-q, under_low, low));
    return copysign(a < 0x1p-28 ? a : result, x);
}

static inline float tp__tanh_f32(float x)
{
    double a = fabs((double)x);
    a = a > 10.0 ? 10.0 : a;
    const double e = tp__exp_core_f32(2.0 * a);
    const double near = fma(a * a, a * (-1.0 / 3), a);
    return copysignf((float)(a < 0x1p-9 ? near : (e - 1.0) / (e + 1.0)), x);
}

static inline double tp__cosh_f64(double x)
{
    double a = fabs(x);
    a = a > 712.0 ? 712.0 : a;
    const double e = tp__exp_parts(a, 0.0, -1.0);
    return e + 0.25 / e;
}

static inline double tp__sinh_f64(double x)
{
    double a = fabs(x);
    a = a > 712.0 ? 712.0 : a;
    const double e = tp__exp_parts(a, 0.0, -1.0);
    const double z = a * a;
    const double near = fma(a * z, tp__poly_sinh(z), a);
    return copysign(a < 1.0 ? near : e - 0.25 / e, x);
}

static inline float tp__cosh_f32(float x)
{
    double a = fabs((double)x);
    a = a > 100.0 ? 100.0 : a;
    const double e = tp__exp_core_f32(a);
    return (float)(0.5 * (e + 1.0 / e));
}

static inline float tp__sinh_f32(float x)
{
    double a = fabs((double)x);
    a = a > 100.0 ? 100.0 : a;
    const double e = tp__exp_core_f32(a), z = a * a;
    const double near = fma(a * z, fma(z, 1.0 / 120, 1.0 / 6), a);
    return copysignf((float)(a < 0x1p-5 ? near : 0.5 * (e - 1.0 / e)), x);
}

#endif

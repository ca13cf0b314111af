/* log, log1p, log2, log10, pow, xlogy.
 *
 * x = 2^k m with m within sqrt(2) of 1, log(x) = k ln(2) + log(m). With f = m - 1 and s = f / (2 + f),
 * log(m) = 2 atanh(s) = f - s (f - R(s)), R(s) = 2 s^2 (1/3 + s^2 / 5 + ...). */
#ifndef TAPER_BACKEND_CPU_MATH_LOG_H
#define TAPER_BACKEND_CPU_MATH_LOG_H

#include "backend/cpu/math_exp.h"

#define TP__SQRT_HALF_BITS UINT64_C(0x3fe6a09e667f3bcd)
#define TP__ONE_BITS UINT64_C(0x3ff0000000000000)
#define TP__MANTISSA_BITS UINT64_C(0x000fffffffffffff)

/* Returns m and writes k for a normal x > 0. */
static inline double tp__log_split(double x, double *k)
{
    const uint64_t u = tp__bits_f64(x) + (TP__ONE_BITS - TP__SQRT_HALF_BITS);
    /* The biased exponent put into the low bits of 2^52 is a number without a conversion. */
    *k = tp__from_bits_f64((u >> 52) | UINT64_C(0x4330000000000000)) - (0x1p52 + 1023);
    return tp__from_bits_f64((u & TP__MANTISSA_BITS) + TP__SQRT_HALF_BITS);
}

static inline double tp__log_split_any(double x, double *k)
{
    const bool subnormal = x < 0x1p-1022;
    const double m = tp__log_split(subnormal ? x * 0x1p54 : x, k);
    *k = subnormal ? *k - 54.0 : *k;
    return m;
}

/* `result` where 0 < x < infinity; what the logarithm is elsewhere. */
static inline double tp__log_ends(double x, double result)
{
    result = x < (double)INFINITY ? result : x;
    result = x == 0.0 ? -(double)INFINITY : result;
    return x < 0.0 ? (double)NAN : result;
}

/* k ln(2) + log(1 + f) + c. */
static inline double tp__log_sum(double k, double f, double c)
{
    const double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
    const double tail = fma(s, fma(z, tp__poly_log(z), half), fma(k, TP__LN2_2, c));
    return fma(k, TP__LN2_1, f - (half - tail));
}

static inline double tp__log_f64(double x)
{
    double k;
    const double m = tp__log_split_any(x, &k);
    return tp__log_ends(x, tp__log_sum(k, m - 1.0, 0.0));
}

/* 1 + x loses c, which is put back as c / (1 + x). */
static inline double tp__log1p_f64(double x)
{
    const double u = 1.0 + x;
    double k;
    const double m = tp__log_split(u, &k);
    const double lost = x < 1.0 ? x - (u - 1.0) : 1.0 - (u - x);
    const double sum = tp__log_sum(k, m - 1.0, lost / u);
    return fabs(x) < 0x1p-54 ? x : tp__log_ends(u, sum);
}

/* log(1 + f), for results in float. */
static inline double tp__log_core_f32(double f)
{
    const double s = f / (2.0 + f), z = s * s;
    return f - s * (f - z * tp__poly_logf(z));
}

static inline float tp__log_f32(float x)
{
    double k;
    const double m = tp__log_split((double)x, &k);
    return (float)tp__log_ends((double)x, fma(k, TP__LN2_HIGH, tp__log_core_f32(m - 1.0)));
}

static inline float tp__log1p_f32(float x)
{
    const double v = (double)x, u = 1.0 + v;
    double k;
    const double m = tp__log_split(u, &k);
    const double far = tp__log_ends(u, fma(k, TP__LN2_HIGH, tp__log_core_f32(m - 1.0)));
    const double near = v - v * v * fma(v, -1.0 / 3, 0.5);
    return x == 0.0f ? x : (float)(fabs(v) < 0x1p-15 ? near : far);
}

/* log(1 + x) for 0 <= x <= 1, to 3 ulp in float: what is left of a sum of exponentials beside the largest. */
static inline float tp__log1p_unit_f32(float x)
{
    const float s = x / (2.0f + x), z = s * s;
    return s * fmaf(z, tp__poly_log1p_unit(z), 2.0f);
}

static inline double tp__log1p_unit_f64(double x)
{
    return tp__log1p_f64(x);
}

static inline double tp__log2_f64(double x)
{
    double k;
    const double m = tp__log_split_any(x, &k);
    return tp__log_ends(x, fma(tp__log_sum(0.0, m - 1.0, 0.0), TP__LOG2_E, k));
}

static inline float tp__log2_f32(float x)
{
    double k;
    const double m = tp__log_split((double)x, &k);
    return (float)tp__log_ends((double)x, fma(tp__log_core_f32(m - 1.0), TP__LOG2_E, k));
}

static inline double tp__log10_f64(double x)
{
    double k;
    const double m = tp__log_split_any(x, &k);
    const double low = fma(tp__log_sum(0.0, m - 1.0, 0.0), TP__LOG10_E, k * TP__LOG10_2_2);
    return tp__log_ends(x, fma(k, TP__LOG10_2_1, low));
}

static inline float tp__log10_f32(float x)
{
    double k;
    const double m = tp__log_split((double)x, &k);
    const double low = fma(tp__log_core_f32(m - 1.0), TP__LOG10_E, k * TP__LOG10_2_2);
    return (float)tp__log_ends((double)x, fma(k, TP__LOG10_2_1, low));
}

/* log(x) in two parts, to about 2^-66, for 0 < x < infinity. */
static inline double tp__log_pair(double x, double *low)
{
    double k;
    const double m = tp__log_split_any(x, &k);
    const double f = m - 1.0, t = m + 1.0, t_low = f - (t - 2.0);
    /* s = f / (2 + f), its square and its cube, each in two parts. */
    const double s = f / t, s_low = (fma(-s, t, f) - s * t_low) / t;
    const double z = s * s, z_low = fma(s, s, -z) + 2.0 * s * s_low;
    const double c = z * s, c_low = fma(z, s, -c) + fma(z, s_low, z_low * s);
    /* log(m) = 2 s + s^3 (2/3 + z P(z)). */
    const double p = z * tp__poly_log_tail(z);
    const double a = TP__TWO_THIRDS_1 + p, a_low = (TP__TWO_THIRDS_1 - a) + p + TP__TWO_THIRDS_2;
    const double b = c * a, b_low = fma(c, a, -b) + fma(c, a_low, c_low * a);
    /* k ln(2) + 2 s + b, largest first. */
    const double whole = k * TP__LN2_1;
    const double u = whole + 2.0 * s;
    const double u_low = k == 0.0 ? 0.0 : (whole - u) + 2.0 * s;
    const double v = u + b;
    const double v_low = (u - v) + b + (u_low + fma(k, TP__LN2_2, fma(2.0, s_low, b_low)));
    const double high = v + v_low;
    *low = (v - high) + v_low;
    return high;
}

/* What x^y is, given |x|^y for 0 < |x| < infinity and finite y: C's rules. */
static inline double tp__pow_ends(double x, double y, double result)
{
    const double b = fabs(y), h = 0.5 * b;
    const bool whole = !(b < 0x1p52) || (b + 0x1p52) - 0x1p52 == b;
    const bool odd = whole && b < 0x1p53 && (h + 0x1p52) - 0x1p52 != h;
    const double signless = odd ? x : 1.0;
    result = x < 0.0 && !whole && x > -(double)INFINITY ? (double)NAN : result;
    result = copysign(1.0, signless) < 0.0 ? -result : result;
    result = fabs(x) == 1.0 && b == (double)INFINITY ? 1.0 : result;
    return y == 0.0 || x == 1.0 ? 1.0 : result;
}

static inline double tp__pow_f64(double x, double y)
{
    const double a = fabs(x);
    double low;
    double high = tp__log_pair(a, &low);
    const bool ordinary = a > 0.0 && a < (double)INFINITY;
    high = ordinary ? high : tp__log_ends(a, high);
    const double product = y * high;
    const double rest = fma(y, high, -product) + y * low;
    double e = product > 710.0 ? 710.0 : product;
    e = e < -746.0 ? -746.0 : e;
    const double result = tp__exp_parts(e, ordinary && e == product ? rest : 0.0, 0.0);
    return tp__pow_ends(x, y, result);
}

static inline float tp__pow_f32(float x, float y)
{
    const double a = fabs((double)x), v = (double)y;
    double k;
    const double m = tp__log_split(a, &k);
    double e = v * tp__log_ends(a, tp__log_sum(k, m - 1.0, 0.0));
    e = e > 200.0 ? 200.0 : e;
    e = e < -200.0 ? -200.0 : e;
    return (float)tp__pow_ends((double)x, v, tp__exp_core_f32(e));
}

/* x log(y): 0 where x is 0, unless y is NaN. */
static inline double tp__xlogy_f64(double x, double y)
{
    const double product = x * tp__log_f64(y);
    return y != y ? y : x == 0.0 ? 0.0 : product;
}

static inline float tp__xlogy_f32(float x, float y)
{
    const float product = x * tp__log_f32(y);
    return y != y ? y : x == 0.0f ? 0.0f : product;
}

#endif

/* sin, cos, tan, atan, asin, acos, atan2, hypot.
 *
 * The number of quarter turns x 2/pi is needed modulo 4 only. x = M 2^(8 i) with a whole i, and M below 2^61
 * (2^32 for floats), times 2^(8 i) 2/pi modulo 4 out of a table, so that arguments of any size go one way. */
#ifndef TAPER_BACKEND_CPU_MATH_TRIG_H
#define TAPER_BACKEND_CPU_MATH_TRIG_H

#include "backend/cpu/math_bits.h"

/* i for x, from its exponent; 0 while M = x is small enough. */
static inline int64_t tp__turns_index(double x, int64_t bits, int64_t last)
{
    const int64_t exponent = (int64_t)((tp__bits_f64(x) >> 52) & 0x7ff) - (1022 + bits);
    const int64_t positive = exponent > 0 ? exponent : 0;
    const int64_t index = (int64_t)((uint64_t)positive >> 3);
    return index < last ? index : last;
}

static inline double tp__turns_scale(int64_t index)
{
    return tp__from_bits_f64((uint64_t)(1023 - 8 * index) << 52);
}

/* r within pi / 4 of 0 with x = r + q pi / 2; the low two bits of q count. For floats. */
static inline double tp__reduce_f32(float x, uint64_t *q)
{
    const double v = (double)x;
    const int64_t i = tp__turns_index(v, 24, 13);
    const double m = v * tp__turns_scale(i);
    const double p = m * tp__turns_0[i], p_low = fma(m, tp__turns_0[i], -p);
    const double shifted = p + TP__ROUND_F64;
    *q = tp__bits_f64(shifted);
    const double f = (p - (shifted - TP__ROUND_F64)) + (p_low + fma(m, tp__turns_1[i], m * tp__turns_2[i]));
    return f * TP__PIO2_1;
}

static inline double tp__two_sum(double a, double b, double *low)
{
    const double s = a + b, t = s - a;
    *low = *low + ((a - (s - t)) + (b - t));
    return s;
}

/* x without the multiple of 4 nearest to it, for |x| < 2^62. The first step leaves less than 2^12, and a
 * multiple of 4 where it is not exact. */
static inline double tp__modulo_4(double x)
{
    x = x - ((x + 0x1.8p56) - 0x1.8p56);
    return x - ((x + 0x1.8p54) - 0x1.8p54);
}

/* The same for doubles, r in two parts. */
static inline double tp__reduce_f64(double x, double *r_low, uint64_t *q)
{
    const int64_t i = tp__turns_index(x, 53, 121);
    const double m = x * tp__turns_scale(i);
    const double p0 = m * tp__turns_0[i], e0 = fma(m, tp__turns_0[i], -p0);
    const double p1 = m * tp__turns_1[i], e1 = fma(m, tp__turns_1[i], -p1);
    const double p2 = m * tp__turns_2[i], e2 = fma(m, tp__turns_2[i], -p2);
    double low = 0.0;
    double f = tp__two_sum(tp__modulo_4(p0), tp__modulo_4(e0), &low);
    f = tp__two_sum(f, tp__modulo_4(p1), &low);
    const double shifted = f + TP__ROUND_F64;
    *q = tp__bits_f64(shifted);
    f = f - (shifted - TP__ROUND_F64);
    f = tp__two_sum(f, p2, &low);
    f = tp__two_sum(f, e1, &low);
    low = low + fma(m, tp__turns_3[i], e2);
    const double high = f + low;
    low = (f - high) + low;
    const double r = high * TP__PIO2_1;
    *r_low = fma(high, TP__PIO2_1, -r) + fma(high, TP__PIO2_2, low * TP__PIO2_1);
    return r;
}

static inline double tp__negate_if(double x, uint64_t bit)
{
    return tp__from_bits_f64(tp__bits_f64(x) ^ bit << 63);
}

static inline double tp__sin_part_f32(double r)
{
    const double z = r * r;
    return fma(r * z, tp__poly_sinf(z), r);
}

static inline double tp__cos_part_f32(double r)
{
    const double z = r * r;
    return fma(z * z, tp__poly_cosf(z), fma(z, -0.5, 1.0));
}

static inline double tp__sin_part_f64(double r, double low)
{
    const double z = r * r;
    return r + fma(r * z, tp__poly_sin(z), fma(-0.5 * z, low, low));
}

static inline double tp__cos_part_f64(double r, double low)
{
    const double z = r * r, half = 0.5 * z, w = 1.0 - half;
    return w + (((1.0 - w) - half) + fma(z * z, tp__poly_cos(z), -r * low));
}

static inline float tp__sin_f32(float x)
{
    uint64_t q;
    const double r = tp__reduce_f32(x, &q);
    const double v = q & 1 ? tp__cos_part_f32(r) : tp__sin_part_f32(r);
    return x == 0.0f ? x : (float)tp__negate_if(v, q >> 1 & 1);
}

static inline float tp__cos_f32(float x)
{
    uint64_t q;
    const double r = tp__reduce_f32(x, &q);
    const double v = q & 1 ? tp__sin_part_f32(r) : tp__cos_part_f32(r);
    return (float)tp__negate_if(v, (q + 1) >> 1 & 1);
}

static inline float tp__tan_f32(float x)
{
    uint64_t q;
    const double r = tp__reduce_f32(x, &q);
    const double s = tp__sin_part_f32(r), c = tp__cos_part_f32(r);
    return x == 0.0f ? x : (float)((q & 1 ? -c : s) / (q & 1 ? s : c));
}

static inline double tp__sin_f64(double x)
{
    uint64_t q;
    double low;
    const double r = tp__reduce_f64(x, &low, &q);
    const double v = q & 1 ? tp__cos_part_f64(r, low) : tp__sin_part_f64(r, low);
    return fabs(x) < 0x1p-27 ? x : tp__negate_if(v, q >> 1 & 1);
}

static inline double tp__cos_f64(double x)
{
    uint64_t q;
    double low;
    const double r = tp__reduce_f64(x, &low, &q);
    const double v = q & 1 ? tp__sin_part_f64(r, low) : tp__cos_part_f64(r, low);
    return tp__negate_if(v, (q + 1) >> 1 & 1);
}

static inline double tp__tan_f64(double x)
{
    uint64_t q;
    double low;
    const double r = tp__reduce_f64(x, &low, &q);
    const double s = tp__sin_part_f64(r, low), c = tp__cos_part_f64(r, low);
    return fabs(x) < 0x1p-27 ? x : (q & 1 ? -c : s) / (q & 1 ? s : c);
}

/* The angle of the point (x, y), or, if `left`, of (-x, y), for y >= 0 and x >= 0, not both 0 or infinite:
 * with t = (y - x) / (y + x) it is pi / 4 + atan(t), and near 0 and pi / 2 it is atan(y / x) and pi / 2 -
 * atan(x / y); to the left it is what is missing to pi. */
static inline double tp__atan_point(double y, double x, bool left)
{
    const double tangent = 0x1.a827999fcef32p-2; /* of pi / 8 */
    const bool small = y <= tangent * x, large = x < tangent * y;
    const double over = small ? y : large ? -x : y - x;
    const double under = small ? x : large ? y : y + x;
    const double right = small ? 0.0 : large ? TP__PIO2_1 : TP__PIO4_1;
    const double right_low = small ? 0.0 : large ? TP__PIO2_2 : TP__PIO4_2;
    const double other = small ? 2.0 * TP__PIO2_1 : large ? TP__PIO2_1 : TP__3PIO4_1;
    const double other_low = small ? 2.0 * TP__PIO2_2 : large ? TP__PIO2_2 : TP__3PIO4_2;
    const double base = left ? other : right, base_low = left ? other_low : right_low;
    const double q = over / under, t = left ? -q : q, z = t * t;
    return base + (t + fma(t * z, tp__poly_atan(z), base_low));
}

static inline double tp__atan_ratio(double y, double x)
{
    return tp__atan_point(y, x, false);
}

static inline double tp__atan_f64(double x)
{
    double a = fabs(x);
    a = a > 0x1p60 ? 0x1p60 : a;
    return copysign(a < 0x1p-28 ? a : tp__atan_ratio(a, 1.0), x);
}

static inline float tp__atan_f32(float x)
{
    return (float)tp__atan_f64((double)x);
}

static inline double tp__asin_f64(double x)
{
    const double a = fabs(x);
    return copysign(a < 0x1p-28 ? a : tp__atan_ratio(a, sqrt(fma(-a, a, 1.0))), x);
}

static inline float tp__asin_f32(float x)
{
    return (float)tp__asin_f64((double)x);
}

static inline double tp__acos_f64(double x)
{
    const double a = tp__atan_ratio(sqrt(fma(-x, x, 1.0)), fabs(x));
    return x < 0.0 ? (2.0 * TP__PIO2_1 - a) + 2.0 * TP__PIO2_2 : a;
}

static inline float tp__acos_f32(float x)
{
    return (float)tp__acos_f64((double)x);
}

/* The angle of the point (x, y), C's rules for zeros and infinities. */
static inline double tp__atan2_f64(double y, double x)
{
    double a = fabs(y), b = fabs(x);
    const bool both_zero = a == 0.0 && b == 0.0;
    const bool one_infinite = a == (double)INFINITY || b == (double)INFINITY;
    /* So that sums do not overflow; where one is infinite, the other does not matter. */
    const double scale = a > 0x1p1000 || b > 0x1p1000 ? 0x1p-10 : 1.0;
    const double a_one = a == (double)INFINITY ? 1.0 : 0.0, b_one = b == (double)INFINITY ? 1.0 : 0.0;
    a = one_infinite && !(a != a) ? a_one : a * scale;
    b = one_infinite && !(b != b) ? b_one : b * scale;
    const double angle = tp__atan_point(a, both_zero ? 1.0 : b, copysign(1.0, x) < 0.0);
    return x != x || y != y ? x + y : copysign(angle, y);
}

static inline float tp__atan2_f32(float y, float x)
{
    return (float)tp__atan2_f64((double)y, (double)x);
}

/* sqrt(x^2 + y^2) without overflow on the way; infinite where one is, even if the other is NaN. */
static inline double tp__hypot_f64(double x, double y)
{
    const double a = fabs(x), b = fabs(y), most = a > b ? a : b;
    const double scale = most > 0x1p500 ? 0x1p-600 : most < 0x1p-400 ? 0x1p600 : 1.0;
    const double back = most > 0x1p500 ? 0x1p600 : most < 0x1p-400 ? 0x1p-600 : 1.0;
    const double u = a * scale, v = b * scale;
    const double square = u * u, low = fma(u, u, -square);
    const double sum = fma(v, v, square), root = sqrt(sum);
    /* One step towards the root of the exact sum. */
    const double lost = fma(v, v, square - sum) + low;
    const double better = root + (fma(-root, root, sum) + lost) / (2.0 * root);
    const double result = (root > 0.0 && root < (double)INFINITY ? better : root) * back;
    return a == (double)INFINITY || b == (double)INFINITY ? (double)INFINITY : result;
}

static inline float tp__hypot_f32(float x, float y)
{
    const double u = (double)x, v = (double)y;
    const float result = (float)sqrt(fma(u, u, v * v));
    return fabsf(x) == INFINITY || fabsf(y) == INFINITY ? INFINITY : result;
}

#endif

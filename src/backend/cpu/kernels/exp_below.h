/* scale e^(x - top) for x not above top, as products of two factors that are left to the caller: the
 * exponentials of a softmax, one at a time or GROUP of them with the same bits. A group goes through each
 * step as a whole, so that one number's latency passes while the others are computed. */
#ifndef TAPER_BACKEND_CPU_KERNELS_EXP_BELOW_H
#define TAPER_BACKEND_CPU_KERNELS_EXP_BELOW_H

#include "backend/cpu/math.h"

#define GROUP 32
#define EACH _Pragma("omp simd") for (int i = 0; i < GROUP; i++)

/* With d = x - top and k the whole number next to d / ln(2), e^d = 2^k e^s for s = d - k ln(2). There is no
 * overflow to look for, the scale is part of the polynomial, and ln(2) is one number, whose error shows only
 * in what is far below the largest: results for a scale of 1 are within 0.81 + 0.03 |k| ulp, exact for x =
 * top, and 0 below 2^-126. */
typedef struct exps_f32 {
    float top, lowest, c[7]; /* e^s for |s| <= ln(2) / 2, highest power first */
} exps_f32;

/* Not inlined: were `lowest` known, compilers would make a comparison and a selection of one instruction. */
static __attribute__((noinline)) exps_f32 scaled_exps_f32(float top, double scale)
{
    const float s = (float)scale;
    return (exps_f32){.top = top,
                      .lowest = -88.0296919f,
                      .c = {s * 0x1.6d10fcp-10f, s * 0x1.120b62p-7f, s * 0x1.55551ap-5f, s * 0x1.5554dep-3f,
                            s * 0.5f, s, s}};
}

/* At the lowest d, -127 ln(2), k + 127 is 0, and so is the number with those bits for an exponent. */
static inline float distance_f32(float x, const exps_f32 *e)
{
    const float d = x - e->top;
    return d < e->lowest ? e->lowest : d;
}

/* k + 127, in the low bits. */
#define WHOLE_OF_0 (TP__ROUND_F32 + 127)
static inline float whole_f32(float d)
{
    return fmaf(d, 1.44269504f, WHOLE_OF_0);
}

static inline float rest_f32(float d, float whole)
{
    return fmaf(whole - WHOLE_OF_0, -0.693147182f, d);
}

static inline float power_f32(float whole)
{
    return tp__from_bits_f32(tp__bits_f32(whole) << 23);
}

static inline float exp_below_f32(float x, const exps_f32 *e, float *power)
{
    const float d = distance_f32(x, e), whole = whole_f32(d), s = rest_f32(d, whole);
    float u = fmaf(e->c[0], s, e->c[1]);
    u = fmaf(u, s, e->c[2]);
    u = fmaf(u, s, e->c[3]);
    u = fmaf(u, s, e->c[4]);
    u = fmaf(u, s, e->c[5]);
    *power = power_f32(whole);
    return fmaf(u, s, e->c[6]);
}

static inline __attribute__((always_inline)) void exps_below_f32(const float *x, const exps_f32 *e, float *u,
                                                                 float *power)
{
    float s[GROUP], whole[GROUP];
    EACH s[i] = distance_f32(x[i], e);
    EACH whole[i] = whole_f32(s[i]);
    EACH s[i] = rest_f32(s[i], whole[i]);
    EACH u[i] = fmaf(e->c[0], s[i], e->c[1]);
    EACH u[i] = fmaf(u[i], s[i], e->c[2]);
    EACH u[i] = fmaf(u[i], s[i], e->c[3]);
    EACH u[i] = fmaf(u[i], s[i], e->c[4]);
    EACH u[i] = fmaf(u[i], s[i], e->c[5]);
    EACH u[i] = fmaf(u[i], s[i], e->c[6]);
    EACH power[i] = power_f32(whole[i]);
}

/* In double that of math.h will do. */
typedef struct exps_f64 {
    double top, scale;
} exps_f64;

static inline exps_f64 scaled_exps_f64(double top, double scale)
{
    return (exps_f64){top, scale};
}

static inline double exp_below_f64(double x, const exps_f64 *e, double *scale)
{
    *scale = e->scale;
    return tp__exp_f64(x - e->top);
}

static inline __attribute__((always_inline)) void exps_below_f64(const double *x, const exps_f64 *e,
                                                                 double *u, double *scale)
{
    EACH u[i] = exp_below_f64(x[i], e, &scale[i]);
}

#endif

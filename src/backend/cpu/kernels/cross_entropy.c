/* Softmax cross-entropy of one row of logits: what the loss needs of it, and its gradient. The arithmetic and
 * the order of additions are those of log_softmax in reduce_float.h, and depend on the row's length alone. */
#include "backend/cpu/caches.h"
#include "backend/cpu/isa.h"
#include "backend/cpu/math.h"
#include "backend/cpu/table.h"

#include <math.h>
#include <string.h>

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

static int level_power(int64_t n)
{
    int bits = 0;
    for (uint64_t rest = n > 1 ? (uint64_t)n - 1 : 0; rest; rest >>= 1)
        bits++;
    return bits / 4 > 4 ? bits / 4 : 4;
}

/* e^x = 2^k e^s for what is not above 0, with 0 in place of subnormal results: the steps of tp__exp_f32 but
 * for the scaling, which is one. */
#define LOWEST (-87.0f)
static inline float rest_below_f32(float x, float whole)
{
    return x < LOWEST ? 0.0f : tp__exp_rest_f32(x, whole);
}

static inline float power_below_f32(float x, float whole)
{
    return x < LOWEST ? 0.0f : tp__from_bits_f32((tp__bits_f32(whole) + 127) << 23);
}

static inline float exp_below_f32(float x)
{
    const float whole = tp__exp_whole_f32(x);
    return tp__exp_of_rest_f32(rest_below_f32(x, whole)) * power_below_f32(x, whole);
}

/* exp((x - top) - total) of a group, which goes through each step as a whole, so that one number's latency
 * passes while the others are computed. */
#define GROUP 32
#define EACH _Pragma("omp simd") for (int i = 0; i < GROUP; i++)
static inline __attribute__((always_inline)) void exps_below_f32(const float *x, float top, float total,
                                                                 float *out)
{
    float d[GROUP], whole[GROUP], s[GROUP];
    EACH d[i] = (x[i] - top) - total, whole[i] = tp__exp_whole_f32(d[i]);
    EACH s[i] = rest_below_f32(d[i], whole[i]), whole[i] = power_below_f32(d[i], whole[i]);
    EACH s[i] = tp__exp_of_rest_f32(s[i]);
    EACH out[i] = s[i] * whole[i];
}

static inline double exp_below_f64(double x)
{
    return tp__exp_f64(x);
}

static inline void exps_below_f64(const double *x, double top, double total, double *out)
{
    EACH out[i] = tp__exp_f64((x[i] - top) - total);
}

#define T float
#define SUFFIX _f32
#define WIDTH 8
#define MATH(name) tp__##name##_f32
#include "backend/cpu/kernels/cross_entropy_float.h"

#define T double
#define SUFFIX _f64
#define WIDTH 4
#define MATH(name) tp__##name##_f64
#include "backend/cpu/kernels/cross_entropy_float.h"

const tp__cross_entropy_table TP__NAME(cross_entropy_table) = {
    .statistics = {statistics_f32, statistics_f64},
    .gradient = {gradient_f32, gradient_f64},
};

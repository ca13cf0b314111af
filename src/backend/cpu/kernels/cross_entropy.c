/* Softmax cross-entropy of one row of logits: what the loss needs of it, and its gradient. The arithmetic and
 * the order of additions are those of log_softmax in reduce_float.h, and depend on the row's length alone. */
#include "backend/cpu/isa.h"
#include "backend/cpu/math.h"
#include "backend/cpu/table.h"

#include <math.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

static int level_power(int64_t n)
{
    int bits = 0;
    for (uint64_t rest = n > 1 ? (uint64_t)n - 1 : 0; rest; rest >>= 1)
        bits++;
    return bits / 4 > 4 ? bits / 4 : 4;
}

/* A line of the caches. */
#define LINE 64

/* Copies `size` bytes to what will not be read soon: whole lines go to memory without being fetched first. */
static inline void store_past_caches(void *to, const void *from, size_t size)
{
    char *out = to;
    const char *in = from;
    size_t head = -(uintptr_t)out & (LINE - 1);
    head = head < size ? head : size;
    memcpy(out, in, head);
    size_t i = head;
#ifdef __SSE2__
    for (; i + LINE <= size; i += LINE) {
        __m128 v[4];
        memcpy(v, in + i, LINE);
        for (int k = 0; k < 4; k++)
            _mm_stream_ps((float *)(void *)(out + i + 16 * k), v[k]);
    }
#endif
    memcpy(out + i, in + i, size - i);
}

/* Makes such stores visible to other threads. */
static inline void end_of_stores(void)
{
#ifdef __SSE2__
    _mm_sfence();
#endif
}

/* tp__exp_f32 for x <= 0, with 0 in place of subnormal results: its polynomial, and one step of scaling. */
static inline float exp_below_f32(float x)
{
    const float whole =
        x * 1.442695040888963407359924681001892137426645954152985934135449406931f + TP__ROUND_F32;
    const float q = whole - TP__ROUND_F32;
    float s = fmaf(q, -0.693145751953125f, x);
    s = fmaf(q, -1.428606765330187045e-06f, s);
    float u = 0.000198527617612853646278381f;
    u = fmaf(u, s, 0.00139304355252534151077271f);
    u = fmaf(u, s, 0.00833336077630519866943359f);
    u = fmaf(u, s, 0.0416664853692054748535156f);
    u = fmaf(u, s, 0.166666671633720397949219f);
    u = fmaf(u, s, 0.5f);
    u = 1.0f + fmaf(s * s, u, s);
    u *= tp__from_bits_f32((tp__bits_f32(whole) + 127) << 23);
    return x < -87.0f ? 0.0f : u;
}

static inline double exp_below_f64(double x)
{
    return tp__exp_f64(x);
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

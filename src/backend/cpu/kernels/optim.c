/* The optimizers' element formulas, one pass over a parameter and its state.
 *
 * The roundings are PyTorch's (torch.optim, single-tensor form): numbers are double until they meet an
 * array, and are then rounded to its type; lerp, addcmul and add with a factor are fused, addcdiv is not. */
#include "backend/cpu/isa.h"
#include "backend/cpu/table.h"

#include <math.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))

/* Moments of what has long had no gradient decay into the subnormal numbers, where arithmetic is ten times
 * slower, and stay there. Far below anything that could move a parameter they are taken for 0: a first moment
 * below TINY_1 moves it by less than step_size / eps * TINY_1, and a second one below TINY_2 is lost when eps
 * is added to its root. The next gradient that can move the parameter at all swallows the difference. Where
 * this does not follow, because the parameter is near 0 or eps is small, moments stay as they are. It takes
 * many steps from there to the subnormal numbers, so that one step in some is enough to look (`settles`). */
#define CALM 0x1p-20

#define T double
#define NAME(name) name##_f64
#define FMA fma
#define SQRT sqrt
#define FABS fabs
#define TINY_1 0x1p-900
#define TINY_2 0x1p-950
#define TRY_FAINT(n, p, g, m, v, k, settles) false
#include "backend/cpu/kernels/adam_float.h"
#undef T
#undef NAME
#undef FMA
#undef SQRT
#undef FABS
#undef TINY_1
#undef TINY_2
#undef TRY_FAINT

struct adam_constants_f32;
static bool try_faint(int64_t n, float *p, const float *g, float *m, float *v,
                      const struct adam_constants_f32 *k, bool settles);
#define T float
#define NAME(name) name##_f32
#define FMA fmaf
#define SQRT sqrtf
#define FABS fabsf
#define TINY_1 0x1p-100f
#define TINY_2 0x1p-120f
#define TRY_FAINT try_faint
#include "backend/cpu/kernels/adam_float.h"

/* Parameters that are held near 0 (under an L2 penalty, say) keep subnormal moments, which no rule may drop:
 * they are as large as what they move. Where subnormal operands and results of a product, a fused one or a
 * quotient cost thirty times what others do, an element whose moment and gradient are FAINT is computed in
 * units of the smallest subnormal number, where they are whole numbers of 22 bits: added to ROUNDING, a fused
 * result is rounded to a whole number, once. With eps not below 2^-100, no quotient in such units overflows.
 *
 * Some of the moments are looked at to find out whether it is worth it; if so, blocks with such elements are
 * computed that way. */
#define FAINT_LIMIT 0x1p-127f
#define ROUNDING 0x1.8p23f
enum { FAINT_BLOCK = 32 };

static bool seems_faint(int64_t n, const float *m)
{
    enum { LINE = 16, EVERY = 16 * LINE };
    int faint = 0;
    for (int64_t i = 0; i + LINE <= n; i += EVERY)
        _Pragma("omp simd reduction(| : faint)") for (int k = 0; k < LINE; k++) faint |=
            (m[i + k] != 0) & (fabsf(m[i + k]) < 0x1p-126f);
    return faint;
}

static bool has_faint(int64_t n, const float *g, const float *m)
{
    int faint = 0;
    _Pragma("omp simd reduction(| : faint)") for (int64_t i = 0; i < n; i++) faint |=
        (fabsf(m[i]) < FAINT_LIMIT) & (fabsf(g[i]) < FAINT_LIMIT) & ((m[i] != 0) | (g[i] != 0));
    return faint;
}

static inline uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define SIGN_BIT 0x80000000u

/* The whole number that was added to ROUNDING; `like` gives its sign, for the sake of 0. */
static inline float whole_of(float shifted, float like)
{
    return copysignf(shifted - ROUNDING, like);
}

/* A subnormal number in units of 2^-149, and back from whole ones. */
static inline float units_of(float x)
{
    return from_bits(bits_of((float)(int32_t)(bits_of(x) & ~SIGN_BIT)) | (bits_of(x) & SIGN_BIT));
}

static inline float of_units(float units)
{
    return from_bits((uint32_t)(int32_t)fabsf(units) | (bits_of(units) & SIGN_BIT));
}

/* The number that is `over` / `below` units: a subnormal one is a whole number of them. `quotient` is rounded
 * to 24 bits, and what is left of `over` tells on which side of a half it was. */
static inline float quotient_of_units(float quotient, float over, float below)
{
    const bool small = fabsf(quotient) < 0x1p23f;
    const float near = rintf(quotient), left = fmaf(-quotient, below, over);
    const bool half = (fabsf(quotient - near) == 0.5f) & (left != 0);
    const float whole = copysignf(half ? quotient + copysignf(0.5f, left) : near, quotient);
    return small ? of_units(small ? whole : 0) : from_bits(bits_of(quotient) - (149u << 23));
}

static void adam_faint(int64_t n, float *restrict p, const float *restrict g, float *restrict m,
                       float *restrict v, const adam_constants_f32 *k, bool settles)
{
    const float factor = k->factor, fresh2 = k->fresh2, beta2 = k->beta2, c = k->c, eps = k->eps,
                minus_step = k->minus_step, inverse = k->inverse, rest = k->rest,
                tiny1 = settles ? TINY_1 : 0, tiny2 = settles ? TINY_2 : 0;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
        const float p_ = p[i];
        const bool calm = fabsf(p_) > (float)CALM;
        const bool faint = !calm & (fabsf(g[i]) < FAINT_LIMIT) & (fabsf(m[i]) < FAINT_LIMIT);
        /* What is faint counts as 0 in the formula for all others, and its square is 0. */
        const float g_ = faint ? 0 : g[i], old = faint ? 0 : m[i];
        float m_ = fmaf(factor, g_ - old, old);
        float v_ = fmaf(fresh2 * g_, g_, v[i] * beta2);
        m_ = (calm & (fabsf(m_) < tiny1)) ? 0 : m_;
        v_ = (calm & (v_ < tiny2)) ? 0 : v_;
        const float below = quotient_f32(sqrtf(v_), c, inverse, rest) + eps;

        const float g_units = units_of(faint ? g[i] : 0), m_units = units_of(faint ? m[i] : 0);
        const float more = g_units - m_units;
        const float moved = whole_of(fmaf(factor, more, m_units + ROUNDING), fmaf(factor, more, m_units));
        const float stepped = minus_step * (faint ? moved : m_);
        const float over = faint ? whole_of(fmaf(minus_step, moved, ROUNDING), stepped) : stepped;
        const float quotient = over / below;
        m[i] = faint ? of_units(moved) : m_;
        v[i] = v_;
        p[i] = p_ + (faint ? quotient_of_units(quotient, over, below) : quotient);
    }
}

static bool try_faint(int64_t n, float *p, const float *g, float *m, float *v, const adam_constants_f32 *k,
                      bool settles)
{
    if (k->minus_step < -1 || k->eps < 0x1p-100f || !seems_faint(n, m))
        return false;
    for (int64_t i = 0; i < n; i += FAINT_BLOCK) {
        const int64_t size = n - i < FAINT_BLOCK ? n - i : FAINT_BLOCK;
        if (has_faint(size, g + i, m + i))
            adam_faint(size, p + i, g + i, m + i, v + i, k, settles);
        else
            adam_part_f32(size, p + i, g + i, m + i, v + i, NULL, k, true, settles);
    }
    return true;
}

/* g, or with momentum a running sum of it, which begins as a copy of the first one. */
#define SGD(T, name, fma_)                                                                  \
    static void name(int64_t n, T *restrict p, const T *restrict g, T *restrict buffer,     \
                     const tp__sgd_numbers *numbers)                                        \
    {                                                                                       \
        const T sign = numbers->maximize ? -1 : 1, weight_decay = (T)numbers->weight_decay, \
                momentum = (T)numbers->momentum, fresh = (T)(1 - numbers->dampening),       \
                minus_lr = (T)-numbers->lr;                                                 \
        const bool decays = numbers->weight_decay != 0, first = numbers->first,             \
                   nesterov = numbers->nesterov;                                            \
        if (!buffer) {                                                                      \
            _Pragma("omp simd") for (int64_t i = 0; i < n; i++)                             \
            {                                                                               \
                const T g_ = decays ? fma_(p[i], weight_decay, sign * g[i]) : sign * g[i];  \
                p[i] = fma_(g_, minus_lr, p[i]);                                            \
            }                                                                               \
            return;                                                                         \
        }                                                                                   \
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++)                                 \
        {                                                                                   \
            const T g_ = decays ? fma_(p[i], weight_decay, sign * g[i]) : sign * g[i];      \
            const T sum = first ? g_ : fma_(g_, fresh, buffer[i] * momentum);               \
            buffer[i] = sum;                                                                \
            p[i] = fma_(nesterov ? fma_(sum, momentum, g_) : sum, minus_lr, p[i]);          \
        }                                                                                   \
    }

SGD(float, sgd_f32, fmaf)
SGD(double, sgd_f64, fma)

const tp__optim_table TP__NAME(optim_table) = {adam_f32, adam_f64, sgd_f32, sgd_f64};

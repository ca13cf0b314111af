/* The optimizers' element formulas, one pass over a parameter and its state.
 *
 * The roundings are PyTorch's (torch.optim, single-tensor form): numbers are double until they meet an
 * array, and are then rounded to its type; lerp, addcmul and add with a factor are fused, addcdiv is not. */
#include "backend/cpu/isa.h"
#include "backend/cpu/table.h"

#include <math.h>
#include <string.h>

/* x / c for many x and one c > 0: rounded as a division is, but several times faster where there is a fused
 * multiply-add. With z + y close to 1 / c, q is less than one unit in the last place off; then q + r z, with
 * the exact remainder r, is the rounded quotient (Markstein 1990). The remainder of an infinity is NaN.
 * Nothing underflows for what is divided here: square roots, by c between 1e-8 and 1. */
#ifdef __FMA__
#define QUOTIENT_BY(T, fma_) T inverse = 1 / c, rest = fma_(-inverse, c, 1) * inverse;
#define QUOTIENT(T, fma_, result, x)               \
    const T guess_ = fma_((x), inverse, (x)*rest); \
    const T remainder_ = fma_(-guess_, c, (x));    \
    const T result = remainder_ == remainder_ ? fma_(remainder_, inverse, guess_) : (x)*inverse;
#else
#define QUOTIENT_BY(T, fma_)
#define QUOTIENT(T, fma_, result, x) const T result = (x) / c;
#endif

/* Moments of what has long had no gradient decay into the subnormal numbers, where arithmetic is ten times
 * slower, and stay there. Far below anything that could move a parameter they are taken for 0: a first moment
 * below TINY_1 moves it by less than step_size / eps * TINY_1, and a second one below TINY_2 is lost when eps
 * is added to its root. The next gradient that can move the parameter at all swallows the difference. Where
 * this does not follow, because the parameter is near 0 or eps is small, moments stay as they are. */
#define CALM 0x1p-20
#define TINY_1_float 0x1p-100f
#define TINY_2_float 0x1p-120f
#define TINY_1_double 0x1p-900
#define TINY_2_double 0x1p-950

/* Parameters that are held near 0 (under an L2 penalty, say) keep subnormal moments, which no rule may drop:
 * they are as large as what they move. Subnormal operands and results of a product, a fused one or a quotient
 * cost thirty times what others do. Below, an element whose moment and gradient are FAINT is computed in
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

typedef struct adam_constants {
    float factor, fresh2, beta2, c, eps, minus_step, tiny1, tiny2;
} adam_constants;

static void adam_faint(int64_t n, float *restrict p, const float *restrict g, float *restrict m,
                       float *restrict v, const adam_constants *k)
{
    const float factor = k->factor, fresh2 = k->fresh2, beta2 = k->beta2, c = k->c, eps = k->eps,
                minus_step = k->minus_step, tiny1 = k->tiny1, tiny2 = k->tiny2;
    QUOTIENT_BY(float, fmaf)
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
        const float root = sqrtf(v_);
        QUOTIENT(float, fmaf, corrected, root)
        const float below = corrected + eps;

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

/* The formula of one element, with constants for what a loop need not ask again. */
#define ADAM_LOOP(begin, end, T, fma_, sqrt_, fabs_, GRADIENT, MOMENT, MAXIMUM) \
    _Pragma("omp simd") for (int64_t i = begin; i < (end); i++)                 \
    {                                                                           \
        T p_ = p[i];                                                            \
        const T g_ = GRADIENT;                                                  \
        T m_ = MOMENT;                                                          \
        T v_ = fma_(fresh2 * g_, g_, v[i] * beta2);                             \
        const bool calm = fabs_(p_) > (T)CALM;                                  \
        m_ = (calm & (fabs_(m_) < tiny1)) ? 0 : m_;                             \
        v_ = (calm & (v_ < tiny2)) ? 0 : v_;                                    \
        m[i] = m_;                                                              \
        v[i] = v_;                                                              \
        const T root = sqrt_(MAXIMUM);                                          \
        QUOTIENT(T, fma_, corrected, root)                                      \
        p[i] = p_ + (minus_step * m_) / (corrected + eps);                      \
    }

#define ADAM(T, name, fma_, sqrt_, fabs_, FAINT)                                                           \
    static void name(int64_t n, T *restrict p, const T *restrict g, T *restrict m, T *restrict v,          \
                     T *restrict v_max, const tp__adam_numbers *numbers)                                   \
    {                                                                                                      \
        const T sign = numbers->maximize ? -1 : 1, weight_decay = (T)numbers->weight_decay,                \
                decay = (T)numbers->decay, beta2 = (T)numbers->beta2, fresh1 = (T)(1 - numbers->beta1),    \
                fresh2 = (T)(1 - numbers->beta2), c = (T)numbers->root_correction, eps = (T)numbers->eps,  \
                minus_step = (T)-numbers->step_size;                                                       \
        const bool near = fresh1 < (T)0.5;                                                                 \
        const T factor = near ? fresh1 : fresh1 - 1;                                                       \
        const bool settles = numbers->step_size < 0x1p50 * numbers->eps &&                                 \
                             numbers->eps * numbers->root_correction >= 0x1p-34 &&                         \
                             numbers->beta1 <= numbers->beta2;                                             \
        const T tiny1 = settles ? TINY_1_##T : 0, tiny2 = settles ? TINY_2_##T : 0;                        \
        QUOTIENT_BY(T, fma_)                                                                               \
        if (near && !v_max && !numbers->maximize && numbers->weight_decay == 0 && numbers->decay == 1) {   \
            FAINT                                                                                          \
            ADAM_LOOP(0, n, T, fma_, sqrt_, fabs_, g[i], fma_(factor, g_ - m[i], m[i]), v_)                \
            return;                                                                                        \
        }                                                                                                  \
        if (!v_max) {                                                                                      \
            ADAM_LOOP(0, n, T, fma_, sqrt_, fabs_,                                                         \
                      (p_ *= decay,                                                                        \
                       numbers->weight_decay != 0 ? fma_(p_, weight_decay, sign * g[i]) : sign * g[i]),    \
                      fma_(factor, g_ - m[i], near ? m[i] : g_), v_)                                       \
            return;                                                                                        \
        }                                                                                                  \
        ADAM_LOOP(                                                                                         \
            0, n, T, fma_, sqrt_, fabs_,                                                                   \
            (p_ *= decay, numbers->weight_decay != 0 ? fma_(p_, weight_decay, sign * g[i]) : sign * g[i]), \
            fma_(factor, g_ - m[i], near ? m[i] : g_),                                                     \
            (v_max[i] = v_max[i] > v_ || v_max[i] != v_max[i] ? v_max[i] : v_))                            \
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

/* The plain formula, block by block as it suits. */
static void adam_blocks(int64_t n, float *restrict p, const float *restrict g, float *restrict m,
                        float *restrict v, const adam_constants *k)
{
    const float factor = k->factor, fresh2 = k->fresh2, beta2 = k->beta2, c = k->c, eps = k->eps,
                minus_step = k->minus_step, tiny1 = k->tiny1, tiny2 = k->tiny2;
    QUOTIENT_BY(float, fmaf)
    for (int64_t begin = 0; begin < n; begin += FAINT_BLOCK) {
        const int64_t end = n - begin < FAINT_BLOCK ? n : begin + FAINT_BLOCK;
        if (has_faint(end - begin, g + begin, m + begin)) {
            adam_faint(end - begin, p + begin, g + begin, m + begin, v + begin, k);
            continue;
        }
        ADAM_LOOP(begin, end, float, fmaf, sqrtf, fabsf, g[i], fmaf(factor, g_ - m[i], m[i]), v_)
    }
}

#define TRY_FAINT                                                                             \
    if (minus_step >= -1 && eps >= 0x1p-100f && seems_faint(n, m)) {                          \
        const adam_constants all = {factor, fresh2, beta2, c, eps, minus_step, tiny1, tiny2}; \
        adam_blocks(n, p, g, m, v, &all);                                                     \
        return;                                                                               \
    }
ADAM(float, adam_f32, fmaf, sqrtf, fabsf, TRY_FAINT)
ADAM(double, adam_f64, fma, sqrt, fabs, )

const tp__optim_table TP__NAME(optim_table) = {adam_f32, adam_f64, sgd_f32, sgd_f64};

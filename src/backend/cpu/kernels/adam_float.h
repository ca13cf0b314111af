/* Adam and AdamW, in plain C for one type T; optim.c says what the names stand for. */

/* Elements between the two loops of a block: their roots stay in the first-level cache. One loop over a root
 * and two quotients is a chain longer than what most processors look ahead. */
#define BLOCK 128

typedef struct NAME(adam_constants) {
    T factor, fresh2, beta2, c, inverse, rest, eps, minus_step, sign, weight_decay, decay;
    bool near; /* factor is the weight of the gradient, not the moment's less 1 */
} NAME(adam_constants);

/* x / c for many x and one c from 1e-8 to 1: rounded as a division is, but several times faster where there
 * is a fused multiply-add. With inverse + rest close to 1 / c, the guess is less than one unit in the last
 * place off; its exact remainder then gives the rounded quotient (Markstein 1990), and nothing underflows for
 * what is divided here: square roots. A finite quotient is not below x, and the remainder of an infinity is
 * NaN. */
INLINE T NAME(quotient)(T x, T c, T inverse, T rest)
{
#ifdef __FMA__
    const T guess = FMA(x, inverse, x * rest), remainder = FMA(-guess, c, x);
    const T quotient = FMA(remainder, inverse, guess);
    return quotient > x ? quotient : x;
#else
    (void)inverse, (void)rest;
    return x / c;
#endif
}

/* A plain step has no decay of either kind, no v_max, and the gradient's own sign. */
INLINE void NAME(adam_part)(int64_t n, T *restrict p, const T *restrict g, T *restrict m, T *restrict v,
                            T *restrict v_max, const NAME(adam_constants) * k, const bool plain,
                            const bool settles)
{
    const T factor = k->factor, fresh2 = k->fresh2, beta2 = k->beta2, c = k->c, eps = k->eps,
            minus_step = k->minus_step, inverse = k->inverse, rest = k->rest, sign = k->sign,
            weight_decay = k->weight_decay, decay = k->decay;
    const bool near = plain || k->near, decays = weight_decay != 0;
    T root[BLOCK];
    for (int64_t begin = 0; begin < n; begin += BLOCK, p += BLOCK, g += BLOCK, m += BLOCK, v += BLOCK) {
        const int64_t size = n - begin < BLOCK ? n - begin : BLOCK;
        if (!plain && decay != 1)
#pragma omp simd
            for (int64_t i = 0; i < size; i++)
                p[i] *= decay;
#pragma omp simd
        for (int64_t i = 0; i < size; i++) {
            const T g_ = plain ? g[i] : decays ? FMA(p[i], weight_decay, sign * g[i]) : sign * g[i];
            T m_ = FMA(factor, g_ - m[i], near ? m[i] : g_);
            T v_ = FMA(fresh2 * g_, g_, v[i] * beta2);
            if (settles) {
                const bool calm = FABS(p[i]) > (T)CALM;
                m_ = (calm & (FABS(m_) < TINY_1)) ? 0 : m_;
                v_ = (calm & (v_ < TINY_2)) ? 0 : v_;
            }
            m[i] = m_;
            v[i] = v_;
            root[i] = SQRT(v_);
        }
        if (!plain && v_max) {
#pragma omp simd
            for (int64_t i = 0; i < size; i++) {
                v_max[i] = v_max[i] > v[i] || v_max[i] != v_max[i] ? v_max[i] : v[i];
                root[i] = SQRT(v_max[i]);
            }
            v_max += BLOCK;
        }
#pragma omp simd
        for (int64_t i = 0; i < size; i++) {
            p[i] += (minus_step * m[i]) / (NAME(quotient)(root[i], c, inverse, rest) + eps);
        }
    }
}

static void NAME(adam)(int64_t n, T *restrict p, const T *restrict g, T *restrict m, T *restrict v,
                       T *restrict v_max, const tp__adam_numbers *numbers)
{
    const T fresh1 = (T)(1 - numbers->beta1), c = (T)numbers->root_correction, inverse = 1 / c;
    const bool near = fresh1 < (T)0.5, settles = numbers->settles;
    const NAME(adam_constants) k = {.factor = near ? fresh1 : fresh1 - 1,
                                    .fresh2 = (T)(1 - numbers->beta2),
                                    .beta2 = (T)numbers->beta2,
                                    .c = c,
                                    .inverse = inverse,
                                    .rest = FMA(-inverse, c, 1) * inverse,
                                    .eps = (T)numbers->eps,
                                    .minus_step = (T)-numbers->step_size,
                                    .sign = numbers->maximize ? -1 : 1,
                                    .weight_decay = (T)numbers->weight_decay,
                                    .decay = (T)numbers->decay,
                                    .near = near};
    if (!near || v_max || numbers->maximize || numbers->weight_decay != 0 || numbers->decay != 1)
        NAME(adam_part)(n, p, g, m, v, v_max, &k, false, settles);
    else if (numbers->slow_subnormals && TRY_FAINT(n, p, g, m, v, &k, settles))
        return;
    else if (settles)
        NAME(adam_part)(n, p, g, m, v, NULL, &k, true, true);
    else
        NAME(adam_part)(n, p, g, m, v, NULL, &k, true, false);
}

#undef BLOCK

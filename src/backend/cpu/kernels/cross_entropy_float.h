/* The kernels of cross_entropy.c for the floating type T. */
#define FUNCTION(name) PASTE(name, SUFFIX)
#define VECTOR FUNCTION(vector)
typedef T VECTOR __attribute__((vector_size(WIDTH * sizeof(T))));

#define V T
#define SUM(name) PASTE(FUNCTION(name), _scalar)
#include "backend/cpu/kernels/reduce_sum.h"
#define V VECTOR
#define SUM(name) PASTE(FUNCTION(name), _vector)
#include "backend/cpu/kernels/reduce_sum.h"

/* A piece of a row that stays in the first-level cache between two steps. */
#define BLOCK 512

static inline T FUNCTION(sum_contiguous)(int64_t n, const T *x)
{
    T total = 0;
    if (n < WIDTH) {
        PASTE(FUNCTION(one_column), _scalar)(n, x, 1, &total);
        return total;
    }
    VECTOR lanes;
    PASTE(FUNCTION(one_column), _vector)(n / WIDTH, x, WIDTH, &lanes);
    for (int64_t i = n - n % WIDTH; i < n; i++)
        total += x[i];
    for (int i = 0; i < WIDTH; i++)
        total += lanes[i];
    return total;
}

/* The largest element; NaN may be passed over, since the sum of exponentials then is NaN anyway. */
static inline T FUNCTION(largest)(int64_t n, const T *x)
{
    enum { LANES = 64 };
    T lanes[LANES], result = -(T)INFINITY;
    int64_t i = 0;
    for (int k = 0; k < LANES; k++)
        lanes[k] = result;
    for (; i + LANES <= n; i += LANES)
        _Pragma("omp simd") for (int k = 0; k < LANES; k++) lanes[k] =
            x[i + k] > lanes[k] ? x[i + k] : lanes[k];
    for (; i < n; i++)
        result = x[i] > result ? x[i] : result;
    for (int k = 0; k < LANES; k++)
        result = lanes[k] > result ? lanes[k] : result;
    return result;
}

/* The sum of exp(x - top) over a block or less. */
static inline __attribute__((always_inline)) T FUNCTION(sum_of_exps)(int64_t n, const T *x, T top)
{
    T block[BLOCK];
    int64_t begin = 0;
    for (; begin + GROUP <= n; begin += GROUP)
        FUNCTION(exps_below)(x + begin, top, 0, block + begin);
    _Pragma("omp simd") for (int64_t i = begin; i < n; i++) block[i] = FUNCTION(exp_below)(x[i] - top);
    return FUNCTION(sum_contiguous)(n, block);
}

static void FUNCTION(statistics)(int64_t n, const void *from, const void *next, const void *weight,
                                 bool smooth, void *to)
{
    const T *x = from, *w = weight;
    T *out = to, block[BLOCK], total = 0;
    const T top = FUNCTION(largest)(n, x);
    for (int64_t begin = 0; begin < n; begin += BLOCK) {
        const int64_t size = n - begin < BLOCK ? n - begin : BLOCK;
        for (int64_t i = 0; next && i < size; i += (int64_t)(TP__LINE / sizeof(T)))
            __builtin_prefetch((const T *)next + begin + i, 0, 2);
        total += size == BLOCK ? FUNCTION(sum_of_exps)(BLOCK, x + begin, top)
                               : FUNCTION(sum_of_exps)(size, x + begin, top);
    }
    out[0] = top;
    out[1] = total = MATH(log)(total);
    if (!smooth)
        return;
    T sum = 0;
    for (int64_t begin = 0; begin < n; begin += BLOCK) {
        const int64_t size = n - begin < BLOCK ? n - begin : BLOCK;
        if (w)
            for (int64_t i = 0; i < size; i++)
                block[i] = ((x[begin + i] - top) - total) * w[begin + i];
        else
            for (int64_t i = 0; i < size; i++)
                block[i] = (x[begin + i] - top) - total;
        sum += FUNCTION(sum_contiguous)(size, block);
    }
    out[2] = sum;
}

/* The gradient's formula, for the numbers that make up no group. */
#define FEW(begin, end)                                                  \
    _Pragma("omp simd") for (int64_t k = begin; k < (end); k++) out[k] = \
        (w ? each * w[k] : each) - FUNCTION(exp_below)((x[k] - top) - total) * softmax;

/* Inlined for each combination of what there is. */
static inline __attribute__((always_inline)) void FUNCTION(row_gradient)(int64_t n, const T *x, T top,
                                                                         T total, const T *w, T each,
                                                                         T softmax, bool past_caches, T *out)
{
    enum { IN_LINE = TP__LINE / sizeof(T) };
    int64_t begin = past_caches ? tp__before_line(out, sizeof(T), n) : 0;
    FEW(0, begin)
    for (; begin + GROUP <= n; begin += GROUP) {
        T e[GROUP], *to = past_caches ? e : out + begin;
        for (int i = 0; past_caches && i < GROUP; i += IN_LINE)
            __builtin_prefetch(x + begin + 8 * BLOCK + i, 0, 2);
        FUNCTION(exps_below)(x + begin, top, total, e);
        EACH to[i] = (w ? each * w[begin + i] : each) - e[i] * softmax;
        if (past_caches)
            tp__store_past_caches(out + begin, e, sizeof e);
    }
    FEW(begin, n)
}

static void FUNCTION(gradient)(int64_t n, const void *from, const void *statistics, const void *weight,
                               double to_each, double to_softmax, bool past_caches, void *out)
{
    const T *x = from, *w = weight, *s = statistics;
    const T each = (T)to_each, softmax = (T)to_softmax;
    if (w && each != 0)
        FUNCTION(row_gradient)(n, x, s[0], s[1], w, each, softmax, past_caches, out);
    else if (past_caches)
        FUNCTION(row_gradient)(n, x, s[0], s[1], NULL, each, softmax, true, out);
    else
        FUNCTION(row_gradient)(n, x, s[0], s[1], NULL, each, softmax, false, out);
}

#undef FEW
#undef BLOCK
#undef FUNCTION
#undef VECTOR
#undef T
#undef SUFFIX
#undef WIDTH
#undef MATH

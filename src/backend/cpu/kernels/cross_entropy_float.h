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

static void FUNCTION(statistics)(int64_t n, const void *from, const void *next, const void *weight,
                                 bool smooth, void *to)
{
    const T *x = from, *w = weight;
    T *out = to, block[BLOCK], total = 0;
    const T top = FUNCTION(largest)(n, x);
    for (int64_t begin = 0; begin < n; begin += BLOCK) {
        const int64_t size = n - begin < BLOCK ? n - begin : BLOCK;
        for (int64_t i = 0; next && i < size; i += (int64_t)(LINE / sizeof(T)))
            __builtin_prefetch((const T *)next + begin + i, 0, 2);
        _Pragma("omp simd") for (int64_t i = 0; i < size; i++) block[i] =
            FUNCTION(exp_below)(x[begin + i] - top);
        total += FUNCTION(sum_contiguous)(size, block);
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

static void FUNCTION(gradient)(int64_t n, const void *from, const void *statistics, const void *weight,
                               double to_each, double to_softmax, bool past_caches, void *to)
{
    const T *x = from, *w = weight, *s = statistics, top = s[0], total = s[1];
    const T each = (T)to_each, softmax = (T)to_softmax;
    T block[BLOCK];
    if (each == 0)
        w = NULL;
    for (int64_t begin = 0; begin < n; begin += BLOCK, x += BLOCK) {
        const int64_t size = n - begin < BLOCK ? n - begin : BLOCK;
        T *out = past_caches ? block : (T *)to + begin;
        for (int64_t i = 0; past_caches && i < size; i += (int64_t)(LINE / sizeof(T)))
            __builtin_prefetch(x + 8 * BLOCK + i, 0, 2);
        if (w)
            _Pragma("omp simd") for (int64_t i = 0; i < size; i++) out[i] =
                each * w[begin + i] - FUNCTION(exp_below)((x[i] - top) - total) * softmax;
        else
            _Pragma("omp simd") for (int64_t i = 0; i < size; i++) out[i] =
                each - FUNCTION(exp_below)((x[i] - top) - total) * softmax;
        if (past_caches)
            store_past_caches((T *)to + begin, block, (size_t)size * sizeof(T));
    }
    if (past_caches)
        end_of_stores();
}

#undef BLOCK
#undef FUNCTION
#undef VECTOR
#undef T
#undef SUFFIX
#undef WIDTH
#undef MATH

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

static inline T FUNCTION(largest)(int64_t n, const T *x)
{
    T result = -(T)INFINITY, sum_of_odd = 0;
    _Pragma("omp simd reduction(max : result) reduction(+ : sum_of_odd)") for (int64_t i = 0; i < n; i++)
    {
        result = x[i] > result ? x[i] : result;
        sum_of_odd += x[i] == x[i] ? 0 : x[i];
    }
    return sum_of_odd == 0 ? result : sum_of_odd;
}

static void FUNCTION(statistics)(int64_t n, const void *from, const void *weight, bool smooth, void *to)
{
    const T *x = from, *w = weight;
    T *out = to, block[BLOCK], total = 0;
    const T top = FUNCTION(largest)(n, x);
    for (int64_t begin = 0; begin < n; begin += BLOCK) {
        const int64_t size = n - begin < BLOCK ? n - begin : BLOCK;
        _Pragma("omp simd") for (int64_t i = 0; i < size; i++) block[i] = MATH(exp)(x[begin + i] - top);
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
                               double to_each, double to_softmax, void *to)
{
    const T *x = from, *w = weight, *s = statistics, top = s[0], total = s[1];
    const T each = (T)to_each, softmax = (T)to_softmax;
    T *out = to;
    if (w && each != 0)
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++) out[i] =
            each * w[i] - MATH(exp)((x[i] - top) - total) * softmax;
    else
        _Pragma("omp simd") for (int64_t i = 0; i < n; i++) out[i] =
            each - MATH(exp)((x[i] - top) - total) * softmax;
}

#undef BLOCK
#undef FUNCTION
#undef VECTOR
#undef T
#undef SUFFIX
#undef WIDTH
#undef MATH

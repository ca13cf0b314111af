/* The kernels of reduce.c for the floating type T. */
#define FUNCTION(name) PASTE(name, SUFFIX)
#define VECTOR FUNCTION(vector)
typedef T VECTOR __attribute__((vector_size(WIDTH * sizeof(T))));

#define V T
#define SUM(name) PASTE(FUNCTION(name), _scalar)
#include "backend/cpu/kernels/reduce_sum.h"
#define V VECTOR
#define SUM(name) PASTE(FUNCTION(name), _vector)
#include "backend/cpu/kernels/reduce_sum.h"

/* ---- Sums ---- */

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

/* Columns that lie side by side, WIDTH of them at a time. */
static void FUNCTION(sum_side_by_side)(int64_t n, int64_t m, const T *x, int64_t stride, T *out,
                                       int64_t out_stride)
{
    int64_t j = 0;
    for (; j + 4 * WIDTH <= m; j += 4 * WIDTH) {
        VECTOR sums[4];
        PASTE(FUNCTION(four_columns), _vector)(n, x + j, stride, WIDTH, sums);
        for (int i = 0; i < 4 * WIDTH; i++)
            out[(j + i) * out_stride] += sums[i / WIDTH][i % WIDTH];
    }
    for (; j + WIDTH <= m; j += WIDTH) {
        VECTOR sum;
        PASTE(FUNCTION(one_column), _vector)(n, x + j, stride, &sum);
        for (int i = 0; i < WIDTH; i++)
            out[(j + i) * out_stride] += sum[i];
    }
    for (; j < m; j++) {
        T sum;
        PASTE(FUNCTION(one_column), _scalar)(n, x + j, stride, &sum);
        out[j * out_stride] += sum;
    }
}

static void FUNCTION(sum)(int64_t n, int64_t m, const void *from, int64_t stride, int64_t step, void *to,
                          int64_t out_stride)
{
    const T *x = from;
    T *out = to;
    int64_t j = 0;
    if (stride == 1 && n >= WIDTH) {
        for (; j < m; j++)
            out[j * out_stride] += FUNCTION(sum_contiguous)(n, x + j * step);
        return;
    }
    if (step == 1 && m >= WIDTH) {
        FUNCTION(sum_side_by_side)(n, m, x, stride, out, out_stride);
        return;
    }
    if (stride >= step)
        for (; j + 4 <= m; j += 4) {
            T sums[4];
            PASTE(FUNCTION(four_columns), _scalar)(n, x + j * step, stride, step, sums);
            for (int k = 0; k < 4; k++)
                out[(j + k) * out_stride] += sums[k];
        }
    for (; j < m; j++) {
        T sum;
        PASTE(FUNCTION(one_column), _scalar)(n, x + j * step, stride, &sum);
        out[j * out_stride] += sum;
    }
}

/* ---- One number of many ---- */

/* PyTorch's order: 4 vectors side by side, then pairs of them, then their lanes, then the rest. */
static void FUNCTION(prod)(int64_t n, const void *from, void *to)
{
    const T *x = from;
    T product = 1;
    int64_t i = 0;
    if (n >= 4 * WIDTH) {
        T lanes[4 * WIDTH];
        memcpy(lanes, x, sizeof lanes);
        for (i = 4 * WIDTH; i + 4 * WIDTH <= n; i += 4 * WIDTH)
            for (int k = 0; k < 4 * WIDTH; k++)
                lanes[k] *= x[i + k];
        for (int k = 0; k < WIDTH; k++)
            lanes[k] = (lanes[k] * lanes[WIDTH + k]) * (lanes[2 * WIDTH + k] * lanes[3 * WIDTH + k]);
        for (int k = 1; k < WIDTH; k++)
            lanes[0] *= lanes[k];
        product = lanes[0];
    }
    for (; i < n; i++)
        product *= x[i];
    *(T *)to = product;
}

/* The sum of (x - shift)^2 in double, in 8 lanes. */
static inline double FUNCTION(sum_of_squares)(int64_t n, const T *x, double shift)
{
    double lanes[8] = {0}, total = 0;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++) {
            const double d = (double)x[i + k] - shift;
            lanes[k] += d * d;
        }
    for (; i < n; i++)
        total += ((double)x[i] - shift) * ((double)x[i] - shift);
    for (int k = 0; k < 8; k++)
        total += lanes[k];
    return total;
}

static void FUNCTION(norm)(int64_t n, const void *x, void *to)
{
    *(T *)to = (T)sqrt(FUNCTION(sum_of_squares)(n, x, 0));
}

static void FUNCTION(variance)(int64_t n, const void *from, double correction, bool root, void *to)
{
    const T *x = from;
    double lanes[8] = {0}, total = 0;
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++)
            lanes[k] += (double)x[i + k];
    for (; i < n; i++)
        total += (double)x[i];
    for (int k = 0; k < 8; k++)
        total += lanes[k];
    const double count = (double)n - correction;
    const double result =
        FUNCTION(sum_of_squares)(n, x, n ? total / (double)n : (double)NAN) / (count > 0 ? count : 0);
    *(T *)to = (T)(root ? sqrt(result) : result);
}

/* ---- Distances ---- */

/* The lanes of WIDTH rows of b side by side, of which `turned` has the columns. */
static inline void FUNCTION(sums_of_distances)(int64_t k, const T *a, const VECTOR *turned, VECTOR *sums)
{
    VECTOR lanes[8] = {{0}};
    int64_t i = 0;
    for (; i + 8 <= k; i += 8)
        for (int l = 0; l < 8; l++) {
            const VECTOR d = a[i + l] - turned[i + l];
            lanes[l] += d * d;
        }
#define LANE(l)                                    \
    if (i + l < k) {                               \
        const VECTOR d = a[i + l] - turned[i + l]; \
        lanes[l] += d * d;                         \
    }
    LANE(0)
    LANE(1)
    LANE(2)
    LANE(3)
    LANE(4)
    LANE(5)
    LANE(6)
#undef LANE
    *sums = ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

static inline T FUNCTION(distance)(int64_t k, const T *a, const T *b)
{
    T lanes[8] = {0};
    int64_t i = 0;
    for (; i + 8 <= k; i += 8)
        for (int l = 0; l < 8; l++)
            lanes[l] += (a[i + l] - b[i + l]) * (a[i + l] - b[i + l]);
    for (int l = 0; i + l < k; l++)
        lanes[l] += (a[i + l] - b[i + l]) * (a[i + l] - b[i + l]);
    for (int width = 4; width; width /= 2)
        for (int l = 0; l < width; l++)
            lanes[l] += lanes[l + width];
    return LIBM(sqrt)(lanes[0]);
}

/* Rows of b are turned where they are short enough, and there are rows of a to make it worth while. */
static void FUNCTION(distances)(int64_t rows, int64_t m, int64_t k, const void *of_a, const void *of_b,
                                void *to)
{
    enum { LONGEST = 256, FEWEST = 4 };
    const T *a = of_a, *b = of_b;
    T *out = to;
    VECTOR turned[LONGEST];
    int64_t j = 0;
    for (; k <= LONGEST && rows >= FEWEST && j + WIDTH <= m; j += WIDTH) {
        for (int64_t i = 0; i < k; i++)
            for (int l = 0; l < WIDTH; l++)
                turned[i][l] = b[(j + l) * k + i];
        for (int64_t r = 0; r < rows; r++) {
            VECTOR sums;
            FUNCTION(sums_of_distances)(k, a + r * k, turned, &sums);
            T squares[WIDTH];
            memcpy(squares, &sums, sizeof sums);
            _Pragma("omp simd") for (int l = 0; l < WIDTH; l++) out[r * m + j + l] = LIBM(sqrt)(squares[l]);
        }
    }
    for (; j < m; j++)
        for (int64_t r = 0; r < rows; r++)
            out[r * m + j] = FUNCTION(distance)(k, a + r * k, b + j * k);
}

/* out += the sum of ratios[j] (own - other[j]), for a few vectors of columns while there are as many. Each is
 * loaded and stored by itself, since compilers keep an array that is copied as a whole in memory. */
#define ADD_GRADIENT(vectors)                                                  \
    for (; c + vectors * WIDTH <= k; c += vectors * WIDTH) {                   \
        VECTOR sums[vectors], mine[vectors], theirs;                           \
        for (int v = 0; v < vectors; v++) {                                    \
            memcpy(&sums[v], to + c + v * WIDTH, sizeof theirs);               \
            memcpy(&mine[v], own + c + v * WIDTH, sizeof theirs);              \
        }                                                                      \
        for (int64_t j = 0; j < m; j++)                                        \
            for (int v = 0; v < vectors; v++) {                                \
                memcpy(&theirs, other + j * k + c + v * WIDTH, sizeof theirs); \
                sums[v] += ratios[j] * (mine[v] - theirs);                     \
            }                                                                  \
        for (int v = 0; v < vectors; v++)                                      \
            memcpy(to + c + v * WIDTH, &sums[v], sizeof theirs);               \
    }
static inline void FUNCTION(add_gradient)(int64_t m, int64_t k, const T *ratios, const T *own, const T *other,
                                          T *to)
{
    int64_t c = 0;
    ADD_GRADIENT(4)
    ADD_GRADIENT(1)
    for (; c < k; c++)
        for (int64_t j = 0; j < m; j++)
            to[c] += ratios[j] * (own[c] - other[j * k + c]);
}
#undef ADD_GRADIENT

/* Some of the other rows at a time, which stay in the cache meanwhile. */
static void FUNCTION(distances_gradient)(int64_t n, int64_t m, int64_t k, const void *own, const void *other,
                                         const void *distances, const void *gradients, int64_t row,
                                         int64_t column, void *to)
{
    enum { SOME = 64 };
    const T *y = distances, *g = gradients;
    T ratios[SOME];
    for (int64_t begin = 0; begin < m; begin += SOME)
        for (int64_t i = 0; i < n; i++) {
            const int64_t size = m - begin < SOME ? m - begin : SOME, at = i * row + begin * column;
            for (int64_t j = 0; j < size; j++)
                ratios[j] = y[at + j * column] == 0 ? 0 : g[at + j * column] / y[at + j * column];
            FUNCTION(add_gradient)
            (size, k, ratios, (const T *)own + i * k, (const T *)other + begin * k, (T *)to + i * k);
        }
}

/* ---- The softmax family ---- */

/* NaN where there is one; -INFINITY for none. */
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

static void FUNCTION(softmax)(int64_t n, const void *from, void *to)
{
    const T *x = from;
    T *out = to;
    const T top = FUNCTION(largest)(n, x);
    LOOP(MATH(exp)(x[i] - top))
    const T total = FUNCTION(sum_contiguous)(n, out);
    LOOP(out[i] / total)
}

/* The sum of exp(x - top), a block at a time. */
static inline T FUNCTION(sum_of_exp)(int64_t n, const T *x, T top)
{
    enum { BLOCK = 512 };
    T block[BLOCK], total = 0;
    for (int64_t begin = 0; begin < n; begin += BLOCK) {
        const int64_t size = n - begin < BLOCK ? n - begin : BLOCK;
        _Pragma("omp simd") for (int64_t i = 0; i < size; i++) block[i] = MATH(exp)(x[begin + i] - top);
        total += FUNCTION(sum_contiguous)(size, block);
    }
    return total;
}

static void FUNCTION(log_softmax)(int64_t n, const void *from, void *to)
{
    const T *x = from;
    T *out = to;
    const T top = FUNCTION(largest)(n, x), total = MATH(log)(FUNCTION(sum_of_exp)(n, x, top));
    LOOP((x[i] - top) - total)
}

static void FUNCTION(logsumexp)(int64_t n, const void *from, void *to)
{
    const T *x = from;
    T top = FUNCTION(largest)(n, x);
    top = LIBM(fabs)(top) == (T)INFINITY ? 0 : top;
    *(T *)to = MATH(log)(FUNCTION(sum_of_exp)(n, x, top)) + top;
}

static void FUNCTION(softmax_gradient)(int64_t n, const void *result, const void *gradient, void *to)
{
    enum { BLOCK = 512 };
    const T *y = result, *g = gradient;
    T *out = to, block[BLOCK], total = 0;
    for (int64_t begin = 0; begin < n; begin += BLOCK) {
        const int64_t size = n - begin < BLOCK ? n - begin : BLOCK;
        for (int64_t i = 0; i < size; i++)
            block[i] = g[begin + i] * y[begin + i];
        total += FUNCTION(sum_contiguous)(size, block);
    }
    LOOP((g[i] - total) * y[i])
}

static void FUNCTION(log_softmax_gradient)(int64_t n, const void *result, const void *gradient, void *to)
{
    const T *y = result, *g = gradient;
    T *out = to;
    const T total = FUNCTION(sum_contiguous)(n, g);
    LOOP(g[i] - MATH(exp)(y[i]) * total)
}

/* ---- Losses ---- */

#define AT_LEAST(a, low) ((a) < (low) ? (low) : (a))

static int64_t FUNCTION(outside_unit)(int64_t n, const void *from)
{
    const T *x = from;
    int bad = 0;
    _Pragma("omp simd reduction(| : bad)") for (int64_t i = 0; i < n; i++) bad |= !(x[i] >= 0) | !(x[i] <= 1);
    for (int64_t i = 0; bad && i < n; i++)
        if (!(x[i] >= 0 && x[i] <= 1))
            return i;
    return -1;
}

static void FUNCTION(bce)(int64_t n, const void *input, const void *target, const void *weight, void *to)
{
    const T *x = input, *y = target, *w = weight;
    T *out = to;
    LOOP((y[i] - 1) * AT_LEAST(MATH(log1p)(-x[i]), (T)-100) - y[i] * AT_LEAST(MATH(log)(x[i]), (T)-100))
    if (w)
        LOOP(out[i] * w[i])
}

/* The one gradient, or the first of many, which the loops then replace by their own. */
#define GRADIENT_LOOP(expression) \
    if (one_g) {                  \
        const T gi = g[0];        \
        LOOP(expression(gi))      \
    } else {                      \
        LOOP(expression(g[i]))    \
    }

static void FUNCTION(bce_gradient)(int64_t n, const void *gradient, bool one_g, const void *input,
                                   const void *target, const void *weight, double divisor, void *to)
{
    const T *g = gradient, *x = input, *y = target, *w = weight;
    const T by = (T)divisor;
    T *out = to;
#define UNWEIGHTED(gi) ((gi) * (x[i] - y[i]) / AT_LEAST((1 - x[i]) * x[i], (T)1e-12f))
#define WEIGHTED(gi) (UNWEIGHTED(gi) * w[i])
#define UNWEIGHTED_MEAN(gi) (UNWEIGHTED(gi) / by)
#define WEIGHTED_MEAN(gi) (WEIGHTED(gi) / by)
    if (w) {
        GRADIENT_LOOP(WEIGHTED_MEAN)
    } else {
        GRADIENT_LOOP(UNWEIGHTED_MEAN)
    }
#undef UNWEIGHTED
}

#define LOG_SIGMOID(x) (((x) < 0 ? (x) : 0) - MATH(log1p)(MATH(exp)(-LIBM(fabs)(x))))

static void FUNCTION(bce_logits)(int64_t n, const void *input, const void *target, const void *weight,
                                 const void *pos_weight, void *to)
{
    const T *x = input, *y = target, *w = weight, *p = pos_weight;
    T *out = to;
    if (p)
        LOOP((1 - y[i]) * x[i] - ((p[i] - 1) * y[i] + 1) * LOG_SIGMOID(x[i]))
    else
        LOOP((1 - y[i]) * x[i] - LOG_SIGMOID(x[i]))
    if (w)
        LOOP(out[i] * w[i])
}

static void FUNCTION(bce_logits_gradient)(int64_t n, const void *gradient, bool one_g, const void *input,
                                          const void *target, const void *weight, const void *pos_weight,
                                          double divisor, void *to)
{
    const T *g = gradient, *x = input, *y = target, *w = weight, *p = pos_weight;
    const T by = (T)divisor;
    T *out = to;
#define PLAIN(gi) ((MATH(sigmoid)(x[i]) - y[i]) * (gi))
#define POSITIVE(gi) (((p[i] * y[i] + 1 - y[i]) * MATH(sigmoid)(x[i]) - p[i] * y[i]) * (gi))
    if (p) {
        GRADIENT_LOOP(POSITIVE)
    } else {
        GRADIENT_LOOP(PLAIN)
    }
    if (w)
        LOOP(out[i] * w[i])
    if (by != 1)
        LOOP(out[i] / by)
#undef PLAIN
#undef POSITIVE
}

static void FUNCTION(mse)(int64_t n, const void *input, const void *target, void *to)
{
    const T *x = input, *y = target;
    T *out = to;
    LOOP((x[i] - y[i]) * (x[i] - y[i]))
}

static void FUNCTION(mse_gradient)(int64_t n, const void *gradient, bool one_g, const void *input,
                                   const void *target, double divisor, void *to)
{
    const T *g = gradient, *x = input, *y = target;
    const T scale = (T)(2 / divisor);
    T *out = to;
#define SCALED(gi) (scale * (x[i] - y[i]) * (gi))
    GRADIENT_LOOP(SCALED)
#undef SCALED
}

static void FUNCTION(huber)(int64_t n, const void *input, const void *target, double width, double curve,
                            double slope, void *to)
{
    const T *x = input, *y = target;
    const T end = (T)width, half = (T)(0.5 * width), by = (T)curve, times = (T)slope;
    T *out = to;
#define DISTANCE LIBM(fabs)(x[i] - y[i])
    LOOP(DISTANCE < end ? (T)0.5 * DISTANCE * DISTANCE / by : (DISTANCE - half) * times)
#undef DISTANCE
}

static void FUNCTION(huber_gradient)(int64_t n, const void *gradient, bool one_g, const void *input,
                                     const void *target, double width, double curve, double slope,
                                     double divisor, void *to)
{
    const T *g = gradient, *x = input, *y = target;
    const T end = (T)width, by = (T)curve, times = (T)slope, share = (T)(1 / divisor);
    T *out = to;
#define DISTANCE (x[i] - y[i])
#define BENT(gi)                                                                \
    (LIBM(fabs)(DISTANCE) >= end ? LIBM(copysign)(share, DISTANCE) * (gi)*times \
                                 : share * DISTANCE * (gi) / by)
    GRADIENT_LOOP(BENT)
#undef BENT
#undef DISTANCE
}

#undef AT_LEAST
#undef GRADIENT_LOOP
#undef WEIGHTED
#undef UNWEIGHTED_MEAN
#undef WEIGHTED_MEAN
#undef LOG_SIGMOID
#undef FUNCTION
#undef VECTOR
#undef T
#undef SUFFIX
#undef WIDTH
#undef LIBM
#undef MATH

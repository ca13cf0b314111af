/* The kernels of cross_entropy.c for the floating type T. */
#define FUNCTION(name) PASTE(name, SUFFIX)
#define EXPS FUNCTION(exps)

/* A piece of a row that stays in the first-level cache between two steps. */
#define BLOCK (8192 / (int)sizeof(T))

/* Asks for the numbers of a group two blocks further on. */
#define ASK_AHEAD(x)                                             \
    for (int k = 0; k < GROUP; k += (int)(TP__LINE / sizeof(T))) \
        __builtin_prefetch((x) + 2 * BLOCK + k, 0, 2);

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
    for (int half = LANES / 2; half && n >= LANES; half /= 2)
        for (int k = 0; k < half; k++)
            lanes[k] = lanes[k + half] > lanes[k] ? lanes[k + half] : lanes[k];
    result = lanes[0];
    for (; i < n; i++)
        result = x[i] > result ? x[i] : result;
    return result;
}

/* Sums run side by side over a block, and are added up in double. */
static inline double FUNCTION(total)(const T sums[GROUP])
{
    enum { QUARTER = GROUP / 4 };
    double total = 0;
    for (int i = 0; i < QUARTER; i++)
        total += ((double)sums[i] + (double)sums[QUARTER + i]) +
                 ((double)sums[2 * QUARTER + i] + (double)sums[3 * QUARTER + i]);
    return total;
}

/* The sum of exp(x - top) over a block or less. */
static inline double FUNCTION(sum_of_exps)(int64_t n, const T *x, T top, bool ask_ahead)
{
    const EXPS e = FUNCTION(scaled_exps)(top, 1);
    T sums[GROUP] = {0}, u[GROUP], power[GROUP];
    for (; n >= GROUP; n -= GROUP, x += GROUP) {
        if (ask_ahead)
            ASK_AHEAD(x)
        FUNCTION(exps_below)(x, &e, u, power);
        EACH sums[i] = FMA(u[i], power[i], sums[i]);
    }
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++)
    {
        T factor;
        const T v = FUNCTION(exp_below)(x[i], &e, &factor);
        sums[i] = FMA(v, factor, sums[i]);
    }
    return FUNCTION(total)(sums);
}

/* A block's exponentials are taken from the largest element so far, so that a row is read once from memory.
 */
static T FUNCTION(log_sum)(int64_t n, const T *x, int64_t after, T *largest)
{
    T top = -(T)INFINITY;
    double total = 0;
    for (int64_t begin = 0; begin < n; begin += BLOCK) {
        const int64_t size = n - begin < BLOCK ? n - begin : BLOCK;
        const T of_block = FUNCTION(largest)(size, x + begin);
        if (begin && of_block > top)
            total *= tp__exp_f64((double)top - (double)of_block);
        top = of_block > top ? of_block : top;
        total += FUNCTION(sum_of_exps)(size, x + begin, top == -(T)INFINITY ? 0 : top,
                                       begin + 3 * BLOCK <= n + after);
    }
    *largest = top;
    return (T)tp__log_f64(total);
}

/* The sum of the log-probabilities, each times its weight if there are weights. */
static T FUNCTION(sum_of_logs)(int64_t n, const T *x, T top, T total, const T *w)
{
    double sum = 0;
    for (int64_t begin = 0; begin < n; begin += BLOCK) {
        const int64_t end = n - begin < BLOCK ? n : begin + BLOCK;
        T sums[GROUP] = {0};
        for (int64_t at = begin; at < end; at += GROUP) {
            const int64_t count = end - at < GROUP ? end - at : GROUP;
            for (int64_t i = 0; i < count; i++) {
                const T v = (x[at + i] - top) - total;
                sums[i] += w ? v * w[at + i] : v;
            }
        }
        sum += FUNCTION(total)(sums);
    }
    return (T)sum;
}

static void FUNCTION(statistics)(int64_t n, const void *x, int64_t after, const void *weight, bool smooth,
                                 void *to)
{
    T *out = to;
    out[1] = FUNCTION(log_sum)(n, x, after, &out[0]);
    if (smooth)
        out[2] = FUNCTION(sum_of_logs)(n, x, out[0], out[1], weight);
}

/* out = each * weight - exp(x - top): for the numbers that make up no group, and for a row. */
static inline __attribute__((always_inline)) void FUNCTION(few)(int64_t n, const T *x, const EXPS *e,
                                                                const T *w, T each, T *out)
{
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++)
    {
        T power;
        const T u = FUNCTION(exp_below)(x[i], e, &power);
        out[i] = FMA(-u, power, w ? each * w[i] : each);
    }
}

/* Inlined for each combination of what there is. */
static inline __attribute__((always_inline)) void
FUNCTION(row_gradient)(int64_t n, const T *x, const EXPS *e, const T *w, T each, bool past_caches, T *out)
{
    int64_t begin = past_caches ? tp__before_line(out, sizeof(T), n) : 0;
    FUNCTION(few)(begin, x, e, w, each, out);
    for (; begin + GROUP <= n; begin += GROUP) {
        T u[GROUP], power[GROUP], line[GROUP], *to = past_caches ? line : out + begin;
        if (past_caches)
            ASK_AHEAD(x + begin)
        FUNCTION(exps_below)(x + begin, e, u, power);
        EACH to[i] = FMA(-u[i], power[i], w ? each * w[begin + i] : each);
        if (past_caches)
            tp__store_past_caches(out + begin, line, sizeof line);
    }
    FUNCTION(few)(n - begin, x + begin, e, w ? w + begin : NULL, each, out + begin);
}

static void FUNCTION(gradient)(int64_t n, const void *x, const void *statistics, const void *weight,
                               double to_each, double to_softmax, bool past_caches, void *out)
{
    const T *w = weight, *s = statistics, each = (T)to_each;
    const EXPS e = FUNCTION(scaled_exps)(s[0], to_softmax * (double)MATH(exp)(-s[1]));
    if (w && each != 0)
        FUNCTION(row_gradient)(n, x, &e, w, each, past_caches, out);
    else if (past_caches)
        FUNCTION(row_gradient)(n, x, &e, NULL, each, true, out);
    else
        FUNCTION(row_gradient)(n, x, &e, NULL, each, false, out);
}

#undef BLOCK
#undef ASK_AHEAD
#undef EXPS
#undef FUNCTION
#undef T
#undef SUFFIX
#undef FMA
#undef MATH

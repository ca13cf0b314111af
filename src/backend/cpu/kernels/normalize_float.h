/* The kernels of normalize.c for the floating type T. STEP numbers are added up side by side, in vectors of
 * WIDE, and then by fours: how wide the vectors are changes no bit. */
#define FUNCTION(name) PASTE(name, SUFFIX)
#define VECTOR FUNCTION(vector)
typedef T VECTOR __attribute__((vector_size(WIDE * sizeof(T))));

#define COUNT (STEP / WIDE)
typedef struct FUNCTION(sums) {
    VECTOR v[COUNT];
} FUNCTION(sums);
#define SUMS FUNCTION(sums)

/* A vector anywhere in memory. */
#define PLACE FUNCTION(place)
typedef T PLACE __attribute__((vector_size(WIDE * sizeof(T)), aligned(sizeof(T)), may_alias));
#define AT(x) (*(const PLACE *)(const void *)(x))
#define INTO(x) (*(PLACE *)(void *)(x))
#define ALL(value) ((value) - (VECTOR){0})

static inline double FUNCTION(total)(const SUMS *s)
{
    enum { QUARTER = STEP / 4 };
    T parts[STEP];
    double total = 0;
    memcpy(parts, s, sizeof parts);
    for (int i = 0; i < QUARTER; i++)
        parts[i] = (parts[i] + parts[QUARTER + i]) + (parts[2 * QUARTER + i] + parts[3 * QUARTER + i]);
    for (int i = 0; i < QUARTER; i++)
        total += (double)parts[i];
    return total;
}

/* A loop over the whole steps in a block: `statement` may use i, and k for the vector in the step. */
#define GROUPS(size, statement)                                           \
    for (; i + STEP <= (size); i += STEP) {                               \
        _Pragma("GCC unroll 4") for (int k = 0; k < COUNT; k++) statement \
    }

static inline double FUNCTION(sum)(int64_t n, const T *x)
{
    double total = 0;
    for (int64_t begin = 0; begin < n; begin += BLOCK, x += BLOCK) {
        const int64_t size = n - begin < BLOCK ? n - begin : BLOCK;
        SUMS s = {{{0}}};
        int64_t i = 0;
        GROUPS(size, { s.v[k] += AT(x + i + k * WIDE); })
        total += FUNCTION(total)(&s);
        for (; i < size; i++)
            total += (double)x[i];
    }
    return total;
}

/* The sum of x - shift, or of the squares. */
static inline __attribute__((always_inline)) double FUNCTION(sum_around)(int64_t n, const T *x, T shift,
                                                                         bool squared)
{
    const VECTOR shifts = ALL(shift);
    double total = 0;
    for (int64_t begin = 0; begin < n; begin += BLOCK, x += BLOCK) {
        const int64_t size = n - begin < BLOCK ? n - begin : BLOCK;
        SUMS s = {{{0}}};
        int64_t i = 0;
        GROUPS(size, {
            const VECTOR d = AT(x + i + k * WIDE) - shifts;
            s.v[k] += squared ? d * d : d;
        })
        total += FUNCTION(total)(&s);
        for (; i < size; i++) {
            const T d = x[i] - shift;
            total += (double)(squared ? d * d : d);
        }
    }
    return total;
}

/* The first sum is off by what the type cannot tell of the numbers. Where their mean is large against their
 * deviation, that is found once more, from numbers as small as the deviation. */
static void FUNCTION(moments)(int64_t n, const void *from, bool centred, double *mean, double *variance)
{
    const T *x = from;
    *mean = centred ? FUNCTION(sum)(n, x) / (double)n : 0;
    const T shift = (T)*mean;
    *variance = FUNCTION(sum_around)(n, x, shift, true) / (double)n;
    if (*mean * *mean > 4 * *variance)
        *mean = (double)shift + FUNCTION(sum_around)(n, x, shift, false) / (double)n;
    const double off = *mean - (double)shift;
    *variance -= off * off;
}

/* A mean as a number of the type and what is left of it: x - mean loses nothing where the mean is large
 * against the deviation. */
#define MEAN(mean) m = (T)(mean), rest = (T)((mean) - (double)(T)(mean))

/* Rows are short and read twice, and those that come next are not foreseen by the processor: their lines are
 * asked for on the way through this one. How far on they are; rows too long for that ask for themselves. */
#define NEXT_ROW(n) ((n) <= LONGEST_AHEAD ? (n) : 0)
#define ASK_FOR(x)                                                     \
    for (int byte = 0; byte < STEP * (int)sizeof(T); byte += TP__LINE) \
        __builtin_prefetch((const char *)(x) + byte);

#define EACH(begin, end, statement)                             \
    _Pragma("omp simd") for (int64_t i = begin; i < (end); i++) \
    {                                                           \
        statement;                                              \
    }

/* Writes y[i] for i < n, and asks for the row in `next`. */
#define WRITE_ROW(next, expression)                                         \
    {                                                                       \
        int64_t begin = past_caches ? tp__before_line(y, sizeof(T), n) : 0; \
        EACH(0, begin, y[i] = expression)                                   \
        for (; begin + STEP <= n; begin += STEP) {                          \
            ASK_FOR((next) + begin)                                         \
            if (past_caches) {                                              \
                T step[STEP];                                               \
                EACH(begin, begin + STEP, step[i - begin] = expression)     \
                tp__store_past_caches(y + begin, step, sizeof step);        \
            } else {                                                        \
                EACH(begin, begin + STEP, y[i] = expression)                \
            }                                                               \
        }                                                                   \
        EACH(begin, n, y[i] = expression)                                   \
    }

/* y = ((x - mean) * scale) * weight + bias. */
static void FUNCTION(apply)(int64_t n, const void *from, double mean, double scale, const void *weight,
                            const void *bias, bool past_caches, void *to)
{
    const T *x = from, *w = weight, *b = bias, MEAN(mean), s = (T)scale;
    T *y = to;
    if (w && b)
        WRITE_ROW(x + NEXT_ROW(n), (x[i] - m - rest) * s * w[i] + b[i])
    else if (w)
        WRITE_ROW(x + NEXT_ROW(n), (x[i] - m - rest) * s * w[i])
    else if (b)
        WRITE_ROW(x + NEXT_ROW(n), (x[i] - m - rest) * s + b[i])
    else
        WRITE_ROW(x + NEXT_ROW(n), (x[i] - m - rest) * s)
}

static void FUNCTION(apply_one)(int64_t n, const void *from, double mean, double scale, double weight,
                                double bias, void *to)
{
    const T *x = from, MEAN(mean), s = (T)scale, w = (T)weight, b = (T)bias;
    T *y = to;
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++) y[i] = (x[i] - m - rest) * s * w + b;
}

/* Adds up g w and g w h of a row, h being (x - mean) * scale, and adds g h and g to the gradients of weight
 * and bias. Asks for what is in `soon` and `later`, which may be NULL. Inlined for each combination of what
 * there is. */
static inline __attribute__((always_inline)) void FUNCTION(row_sums)(int64_t n, const T *x, const T *g, T m,
                                                                     T rest, T s, const T *w, T *dw, T *db,
                                                                     const T *soon, const T *later,
                                                                     double sums[2])
{
    const VECTOR means = ALL(m), rests = ALL(rest), scales = ALL(s);
    sums[0] = sums[1] = 0;
    for (int64_t begin = 0; begin < n; begin += BLOCK) {
        const int64_t end = n - begin < BLOCK ? n : begin + BLOCK;
        SUMS plain = {{{0}}}, with = {{{0}}};
        int64_t i = begin;
        GROUPS(end, {
            const int64_t at = i + k * WIDE;
            if (soon && k * (int)sizeof(VECTOR) % TP__LINE == 0) {
                __builtin_prefetch(soon + at);
                __builtin_prefetch(later + at);
            }
            const VECTOR h = (AT(x + at) - means - rests) * scales;
            VECTOR gi = AT(g + at);
            if (dw)
                INTO(dw + at) += gi * h;
            if (db)
                INTO(db + at) += gi;
            if (w)
                gi *= AT(w + at);
            plain.v[k] += gi;
            with.v[k] += gi * h;
        })
        sums[0] += FUNCTION(total)(&plain);
        sums[1] += FUNCTION(total)(&with);
        for (; i < end; i++) {
            const T h = (x[i] - m - rest) * s;
            T gi = g[i];
            if (dw)
                dw[i] += gi * h;
            if (db)
                db[i] += gi;
            if (w)
                gi *= w[i];
            sums[0] += (double)gi;
            sums[1] += (double)(gi * h);
        }
    }
}

static void FUNCTION(gradient)(int64_t n, const void *input, const void *gradient, double mean, double scale,
                               bool centred, const void *weight, bool past_caches, void *to,
                               void *weight_sums, void *bias_sums)
{
    const T *x = input, *g = gradient, *w = weight, MEAN(mean), s = (T)scale;
    T *y = to, *dw = weight_sums, *db = bias_sums;
    const T *later = x + NEXT_ROW(n), *soon = y && !past_caches ? y : later;
    double sums[2];
    if (w && dw && db)
        FUNCTION(row_sums)(n, x, g, m, rest, s, w, dw, db, soon, later, sums);
    else if (w && dw)
        FUNCTION(row_sums)(n, x, g, m, rest, s, w, dw, NULL, soon, later, sums);
    else if (!w && !dw && !db)
        FUNCTION(row_sums)(n, x, g, m, rest, s, NULL, NULL, NULL, soon, later, sums);
    else
        FUNCTION(row_sums)(n, x, g, m, rest, s, w, dw, db, soon, later, sums);
    if (!y)
        return;
    const T first = centred ? (T)(sums[0] / (double)n) : 0, second = (T)(sums[1] / (double)n);
    if (w)
        WRITE_ROW(g + NEXT_ROW(n), s * (g[i] * w[i] - first - (x[i] - m - rest) * s * second))
    else
        WRITE_ROW(g + NEXT_ROW(n), s * (g[i] - first - (x[i] - m - rest) * s * second))
}

static void FUNCTION(sums_one)(int64_t n, const void *x, const void *g, double mean, double scale,
                               double sums[2])
{
    const T MEAN(mean);
    FUNCTION(row_sums)(n, x, g, m, rest, (T)scale, NULL, NULL, NULL, NULL, NULL, sums);
}

static void FUNCTION(gradient_one)(int64_t n, const void *input, const void *gradient, double mean,
                                   double scale, double weight, double first, double second, void *to)
{
    const T *x = input, *g = gradient, MEAN(mean), s = (T)scale, sw = (T)(scale * weight);
    const T a = (T)first, b = (T)second;
    T *out = to;
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++) out[i] = sw * (g[i] - a - (x[i] - m - rest) * s * b);
}

#undef STEP
#undef COUNT
#undef GROUPS
#undef SUMS
#undef PLACE
#undef AT
#undef INTO
#undef ALL
#undef MEAN
#undef NEXT_ROW
#undef ASK_FOR
#undef EACH
#undef WRITE_ROW
#undef FUNCTION
#undef VECTOR
#undef T
#undef SUFFIX
#undef WIDE

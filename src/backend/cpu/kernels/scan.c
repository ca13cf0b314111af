/* Running sums, products and log-sums, norms of any power, and extremes. Every order is fixed by the number
 * of elements alone: the same bits for any instruction set and any number of threads. */
#include "backend/cpu/isa.h"
#include "backend/cpu/math.h"
#include "backend/cpu/table.h"

#include <math.h>

/* Columns whose running values are held at a time, lanes of a row, and rows that are scanned side by side. */
enum { HELD = 64, LANES = 16, BLOCK = 512, SIDE = 16 };

/* log(exp(a) + exp(b)); NaN if one is. The infinities of one sign would give NaN, and are themselves. */
static inline double log_add_exp(double a, double b)
{
    const double high = a > b ? a : b, low = a > b ? b : a;
    const double sum = tp__log1p_f64(tp__exp_f64(low - high)) + high;
    return a != a || b != b ? a + b : low == high && low - high != 0 ? high : sum;
}

/* Runs over the rows of each block of columns; `first` and `next` say what the running value `s` becomes. */
#define SCAN(name, T, first, next)                                                        \
    static void name(int64_t n, int64_t columns, int64_t row, const void *from, void *to) \
    {                                                                                     \
        const T *x = from;                                                                \
        T *out = to;                                                                      \
        if (columns == 1) {                                                               \
            double s = 0;                                                                 \
            for (int64_t i = 0; i < n; i++) {                                             \
                const double v = (double)x[i * row];                                      \
                s = i ? (next) : (first);                                                 \
                out[i * row] = (T)s;                                                      \
            }                                                                             \
            return;                                                                       \
        }                                                                                 \
        for (int64_t begin = 0; begin < columns; begin += HELD) {                         \
            const int64_t m = columns - begin < HELD ? columns - begin : HELD;            \
            double held[HELD];                                                            \
            for (int64_t i = 0; i < n; i++) {                                             \
                const T *in = x + i * row + begin;                                        \
                T *at = out + i * row + begin;                                            \
                if (i) {                                                                  \
                    _Pragma("omp simd") for (int64_t c = 0; c < m; c++)                   \
                    {                                                                     \
                        const double v = (double)in[c];                                   \
                        double s = held[c];                                               \
                        s = (next);                                                       \
                        held[c] = s;                                                      \
                        at[c] = (T)s;                                                     \
                    }                                                                     \
                } else {                                                                  \
                    for (int64_t c = 0; c < m; c++) {                                     \
                        const double v = (double)in[c];                                   \
                        held[c] = (first);                                                \
                        at[c] = (T)held[c];                                               \
                    }                                                                     \
                }                                                                         \
            }                                                                             \
        }                                                                                 \
    }

/* Sums begin at 0: a first -0 becomes 0. */
#define SCANS(T, suffix)                   \
    SCAN(cumsum_##suffix, T, 0 + v, s + v) \
    SCAN(cumprod_##suffix, T, v, s *v)     \
    SCAN(logcumsumexp_##suffix, T, 0 + v, log_add_exp(v, s))
SCANS(float, f32)
SCANS(double, f64)

/* Along `rows` rows that are `row` elements apart, their elements `step` (1 or -1): a running value is a long
 * chain of operations, and those of SIDE rows go side by side. Tiles are turned, so that their columns lie
 * together. */
#define LOGCUMSUMEXP_ROWS(name, T)                                                                   \
    static void name(int64_t n, int64_t rows, int64_t row, int64_t step, const void *from, void *to) \
    {                                                                                                \
        const T *x = from;                                                                           \
        T *out = to;                                                                                 \
        for (int64_t begin = 0; begin < rows; begin += SIDE, x += SIDE * row, out += SIDE * row) {   \
            const int64_t m = rows - begin < SIDE ? rows - begin : SIDE;                             \
            double held[SIDE], tile[SIDE][SIDE] = {{0}};                                             \
            for (int64_t i = 0; i < n; i += SIDE) {                                                  \
                const int64_t w = n - i < SIDE ? n - i : SIDE;                                       \
                for (int64_t r = 0; r < m; r++)                                                      \
                    for (int64_t j = 0; j < w; j++)                                                  \
                        tile[j][r] = (double)x[r * row + (i + j) * step];                            \
                for (int r = 0; i == 0 && r < SIDE; r++)                                             \
                    tile[0][r] = held[r] = 0 + tile[0][r];                                           \
                for (int64_t j = i == 0; j < w; j++)                                                 \
                    _Pragma("omp simd") for (int r = 0; r < SIDE; r++) tile[j][r] = held[r] =        \
                        log_add_exp(tile[j][r], held[r]);                                            \
                for (int64_t r = 0; r < m; r++)                                                      \
                    for (int64_t j = 0; j < w; j++)                                                  \
                        out[r * row + (i + j) * step] = (T)tile[j][r];                               \
            }                                                                                        \
        }                                                                                            \
    }
LOGCUMSUMEXP_ROWS(logcumsumexp_rows_f32, float)
LOGCUMSUMEXP_ROWS(logcumsumexp_rows_f64, double)

#define RECURRENCE(name, T)                                                                                 \
    static void name(int64_t n, int64_t columns, int64_t row, const void *add, const void *times, void *to) \
    {                                                                                                       \
        const T *a = add, *b = times;                                                                       \
        T *out = to;                                                                                        \
        for (int64_t begin = 0; begin < columns; begin += HELD) {                                           \
            const int64_t m = columns - begin < HELD ? columns - begin : HELD;                              \
            double held[HELD];                                                                              \
            for (int64_t i = 0; i < n; i++) {                                                               \
                const int64_t at = i * row + begin;                                                         \
                for (int64_t c = 0; c < m; c++) {                                                           \
                    held[c] = i ? (double)a[at + c] + (double)b[at + c] * held[c] : (double)a[at + c];      \
                    out[at + c] = (T)held[c];                                                               \
                }                                                                                           \
            }                                                                                               \
        }                                                                                                   \
    }
RECURRENCE(recurrence_f32, float)
RECURRENCE(recurrence_f64, double)

/* ---- Norms ---- */

/* The sum of TERM over i < n, where v is |x[i]|: in lanes, a block at a time so that TERM vectorises. */
#define SUM_OF(TERM)                                             \
    for (int64_t begin = 0; begin < n; begin += BLOCK) {         \
        const int64_t m = n - begin < BLOCK ? n - begin : BLOCK; \
        double block[BLOCK];                                     \
        _Pragma("omp simd") for (int64_t i = 0; i < m; i++)      \
        {                                                        \
            const double v = fabs((double)x[begin + i]);         \
            block[i] = (TERM);                                   \
        }                                                        \
        for (int64_t i = m; i % LANES; i++)                      \
            block[i] = 0;                                        \
        for (int64_t i = 0; i < m; i += LANES)                   \
            for (int k = 0; k < LANES; k++)                      \
                lanes[k] += block[i + k];                        \
    }

#define POWER_NORM(name, T)                                                              \
    static void name(int64_t n, const void *from, double p, void *to)                    \
    {                                                                                    \
        const T *x = from;                                                               \
        double lanes[LANES] = {0}, total = 0;                                            \
        if (p == 0)                                                                      \
            SUM_OF(v != 0 ? 1 : 0)                                                       \
        else if (p == 1)                                                                 \
            SUM_OF(v)                                                                    \
        else if (p == 2)                                                                 \
            SUM_OF(v *v)                                                                 \
        else if (p == 3)                                                                 \
            SUM_OF(v *v *v)                                                              \
        else if (fabs(p) != (double)INFINITY)                                            \
            SUM_OF(tp__pow_f64(v, p))                                                    \
        else                                                                             \
            for (int64_t i = 0; i < n; i++) {                                            \
                const double v = fabs((double)x[i]);                                     \
                total = i == 0 || v != v || (p > 0 ? v > total : v < total) ? v : total; \
                if (v != v)                                                              \
                    break;                                                               \
            }                                                                            \
        for (int step = LANES / 2; step; step /= 2)                                      \
            for (int k = 0; k < step; k++)                                               \
                lanes[k] += lanes[k + step];                                             \
        *(T *)to = (T)(fabs(p) == (double)INFINITY ? total                               \
                       : p == 0 || p == 1          ? lanes[0]                            \
                       : p == 2                    ? sqrt(lanes[0])                      \
                                                   : tp__pow_f64(lanes[0], 1 / p));                         \
    }
POWER_NORM(power_norm_f32, float)
POWER_NORM(power_norm_f64, double)

/* ---- Extremes ---- */

/* v instead of s if it is more extreme or NaN; a NaN s stays. */
#define MORE(s, v, COMPARE) ((((v)COMPARE(s)) | ((v) != (v))) ? (v) : (s))

#define EXTREME(T, name, COMPARE)                                                                            \
    static void name(int64_t n, int64_t columns, int64_t row, const void *from, void *to)                    \
    {                                                                                                        \
        const T *x = from;                                                                                   \
        T *out = to;                                                                                         \
        if (columns == 1) {                                                                                  \
            T lanes[LANES];                                                                                  \
            int64_t i = 0;                                                                                   \
            for (int k = 0; k < LANES; k++)                                                                  \
                lanes[k] = x[0];                                                                             \
            if (row == 1)                                                                                    \
                for (; i + LANES <= n; i += LANES)                                                           \
                    _Pragma("omp simd") for (int k = 0; k < LANES; k++) lanes[k] =                           \
                        MORE(lanes[k], x[i + k], COMPARE);                                                   \
            for (; i < n; i++)                                                                               \
                lanes[0] = MORE(lanes[0], x[i * row], COMPARE);                                              \
            for (int k = 1; k < LANES; k++)                                                                  \
                lanes[0] = MORE(lanes[0], lanes[k], COMPARE);                                                \
            *out = lanes[0];                                                                                 \
            return;                                                                                          \
        }                                                                                                    \
        for (int64_t c = 0; c < columns; c++)                                                                \
            out[c] = x[c];                                                                                   \
        for (int64_t i = 1; i < n; i++) {                                                                    \
            const T *in = x + i * row;                                                                       \
            _Pragma("omp simd") for (int64_t c = 0; c < columns; c++) out[c] = MORE(out[c], in[c], COMPARE); \
        }                                                                                                    \
    }
#define EXTREMES(T, suffix)      \
    EXTREME(T, amax_##suffix, >) \
    EXTREME(T, amin_##suffix, <)
EXTREMES(bool, b8)
EXTREMES(uint8_t, u8)
EXTREMES(int32_t, i32)
EXTREMES(int64_t, i64)
EXTREMES(float, f32)
EXTREMES(double, f64)

#define PAIR(name)             \
    {                          \
        name##_f32, name##_f64 \
    }

const tp__scan_table TP__NAME(scan_table) = {
    .cumsum = PAIR(cumsum),
    .cumprod = PAIR(cumprod),
    .logcumsumexp = PAIR(logcumsumexp),
    .logcumsumexp_rows = PAIR(logcumsumexp_rows),
    .recurrence = PAIR(recurrence),
    .power_norm = PAIR(power_norm),
    .extreme = {{amax_b8, amax_u8, amax_i32, amax_i64, amax_f32, amax_f64},
                {amin_b8, amin_u8, amin_i32, amin_i64, amin_f32, amin_f64}},
};

/* Transposed copies of small pieces: plain loops, and squares of four elements of four bytes where the
 * compiler has shuffles of vectors. */
#include "backend/cpu/transpose.h"

#include <string.h>

enum { LONG = TP__TILE_COLUMNS };

/* All but what the squares have done. */
#define PLAIN(T)                                                              \
    {                                                                         \
        const T *in = x;                                                      \
        T *to = out;                                                          \
        for (int64_t c = 0; c < columns; c++)                                 \
            for (int64_t r = c < done_columns ? done_rows : 0; r < rows; r++) \
                to[r * LONG + c] = in[r * row + c * column];                  \
    }

/* Loads, shuffles and stores move bits: every NaN stays as it is. */
#ifdef __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define HAS_SHUFFLES 1
typedef float four __attribute__((vector_size(16)));

static inline four load(const float *p)
{
    four v;
    memcpy(&v, p, sizeof v);
    return v;
}

static void squares(int64_t rows, int64_t columns, const float *x, int64_t column, float *out)
{
    for (int64_t c = 0; c < columns; c += 4)
        for (int64_t r = 0; r < rows; r += 4) {
            const float *in = x + c * column + r;
            const four a = load(in), b = load(in + column), p = load(in + 2 * column),
                       q = load(in + 3 * column);
            const four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5),
                       ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7),
                       pq_low = __builtin_shufflevector(p, q, 0, 4, 1, 5),
                       pq_high = __builtin_shufflevector(p, q, 2, 6, 3, 7);
            const four turned[4] = {__builtin_shufflevector(ab_low, pq_low, 0, 1, 4, 5),
                                    __builtin_shufflevector(ab_low, pq_low, 2, 3, 6, 7),
                                    __builtin_shufflevector(ab_high, pq_high, 0, 1, 4, 5),
                                    __builtin_shufflevector(ab_high, pq_high, 2, 3, 6, 7)};
            for (int k = 0; k < 4; k++)
                memcpy(out + (r + k) * LONG + c, &turned[k], sizeof turned[k]);
        }
}
#endif
#endif
#ifndef HAS_SHUFFLES
#define HAS_SHUFFLES 0
static void squares(int64_t rows, int64_t columns, const float *x, int64_t column, float *out)
{
    (void)rows, (void)columns, (void)x, (void)column, (void)out;
}
#endif

void tp__transpose(size_t size, int64_t rows, int64_t columns, const void *x, int64_t row, int64_t column,
                   void *out)
{
    int64_t done_rows = 0, done_columns = 0;
    if (HAS_SHUFFLES && size == 4 && row == 1) {
        done_rows = rows - rows % 4;
        done_columns = columns - columns % 4;
        squares(done_rows, done_columns, x, column, out);
    }
    if (size == 1)
        PLAIN(uint8_t)
    else if (size == 2)
        PLAIN(uint16_t)
    else if (size == 4)
        PLAIN(uint32_t)
    else
        PLAIN(uint64_t)
}

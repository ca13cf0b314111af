/* Cascade sums over V, which is T itself or a vector of WIDTH of them: PyTorch's order (SumKernel.cpp).
 *
 * Rows are added into a first accumulator; after each 2^p rows that is carried on into a second one, after
 * each 2^(2p) into a third, after each 2^(3p) into a fourth. Short sums of rounding errors, and one fixed
 * order. */
#define LEVELS 4
#define COLUMNS 4

static inline void SUM(load)(const T *x, V *v)
{
    memcpy(v, x, sizeof *v);
}

/* sums[k] = the sum over i < n of the V at x[i * row + k * column]. */
static inline void SUM(four_columns)(int64_t n, const T *x, int64_t row, int64_t column, V sums[COLUMNS])
{
    const int power = level_power(n);
    const int64_t step = (int64_t)1 << power, mask = step - 1;
    if (n <= step) { /* nothing to carry: the same sums without the levels */
        V a = (V){0}, b = a, c = a, d = a, v;
        for (int64_t i = 0; i < n; i++, x += row) {
            SUM(load)(x, &v);
            a += v;
            SUM(load)(x + column, &v);
            b += v;
            SUM(load)(x + 2 * column, &v);
            c += v;
            SUM(load)(x + 3 * column, &v);
            d += v;
        }
        sums[0] = a, sums[1] = b, sums[2] = c, sums[3] = d;
        return;
    }
    V levels[LEVELS][COLUMNS];
    memset(levels, 0, sizeof levels);
    int64_t i = 0;
    while (i + step <= n) {
        V a = levels[0][0], b = levels[0][1], c = levels[0][2], d = levels[0][3], v;
        for (const int64_t end = i + step; i < end; i++, x += row) {
            SUM(load)(x, &v);
            a += v;
            SUM(load)(x + column, &v);
            b += v;
            SUM(load)(x + 2 * column, &v);
            c += v;
            SUM(load)(x + 3 * column, &v);
            d += v;
        }
        levels[0][0] = a, levels[0][1] = b, levels[0][2] = c, levels[0][3] = d;
        for (int j = 1; j < LEVELS; j++) {
            for (int k = 0; k < COLUMNS; k++) {
                levels[j][k] += levels[j - 1][k];
                levels[j - 1][k] = (V){0};
            }
            if (i & (mask << (j * power)))
                break;
        }
    }
    for (; i < n; i++, x += row)
        for (int k = 0; k < COLUMNS; k++) {
            V v;
            SUM(load)(x + k * column, &v);
            levels[0][k] += v;
        }
    for (int k = 0; k < COLUMNS; k++)
        sums[k] = ((levels[0][k] + levels[1][k]) + levels[2][k]) + levels[3][k];
}

/* *sum = the sum of the Vs at x[i * stride], as four interleaved columns. */
static inline void SUM(one_column)(int64_t n, const T *x, int64_t stride, V *sum)
{
    V sums[COLUMNS], v;
    memset(sums, 0, sizeof sums);
    const int64_t rows = n / COLUMNS;
    if (rows)
        SUM(four_columns)(rows, x, COLUMNS * stride, stride, sums);
    for (int64_t i = rows * COLUMNS; i < n; i++) {
        SUM(load)(x + i * stride, &v);
        sums[0] += v;
    }
    *sum = ((sums[0] + sums[1]) + sums[2]) + sums[3];
}

#undef LEVELS
#undef COLUMNS
#undef SUM
#undef V

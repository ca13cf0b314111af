/* The kernels of one type T, from what gemm_kernels.c defines for it: vectors V of VN elements, tiles of MR
 * rows by NV vectors, the LANES of a vector product, and where there is one a transpose of SQUARE by SQUARE
 * elements. */
enum { TYPED(MR) = MR, TYPED(VN) = VN, TYPED(COLUMNS) = NV * VN };

#ifndef V_LOAD
/* Without intrinsics: fused operations element by element, which compilers turn to the processor's where it
 * has them. */
INLINE V TYPED(v_load)(const T *p)
{
    V v;
    memcpy(&v, p, sizeof v);
    return v;
}
INLINE void TYPED(v_store)(T *p, V v)
{
    memcpy(p, &v, sizeof v);
}
INLINE V TYPED(v_set1)(T x)
{
    V v;
    for (int i = 0; i < VN; i++)
        v.lane[i] = x;
    return v;
}
INLINE V TYPED(v_fma)(V a, V b, V c)
{
    for (int i = 0; i < VN; i++)
        c.lane[i] = FMA_SCALAR(a.lane[i], b.lane[i], c.lane[i]);
    return c;
}
INLINE V TYPED(v_add)(V a, V b)
{
    for (int i = 0; i < VN; i++)
        a.lane[i] += b.lane[i];
    return a;
}
#define V_LOAD TYPED(v_load)
#define V_STORE TYPED(v_store)
#define V_SET1 TYPED(v_set1)
#define V_FMA TYPED(v_fma)
#define V_ADD TYPED(v_add)
#define V_ADD_PRODUCT(sum, a, b) ((sum) = V_FMA(a, b, sum))
#endif

/* R rows by W vectors, and steps of k between counting up: constants of the call. Rows of A are reached in
 * threes from a pointer: base, base plus stride, base plus twice the stride are addresses that need no
 * instruction of their own. Where a_k is a constant, neither do steps together. */
INLINE void TYPED(tile_of)(const int R, const int W, const int TOGETHER, int columns, int64_t k, const T *a,
                           int64_t a_row, int64_t a_k, const T *b, int64_t b_k, T *c, int64_t c_row, bool add)
{
    V sum[MR][NV];
    const char *group[(MR + 2) / 3];
    const int64_t row_bytes = a_row * (int64_t)sizeof(T), step_bytes = a_k * (int64_t)sizeof(T);
    UNROLLED
    for (int i = 0; i < R; i++)
        UNROLLED
    for (int v = 0; v < W; v++)
        sum[i][v] = V_SET1(0);
    UNROLLED
    for (int g = 0; g < (R + 2) / 3; g++)
        group[g] = (const char *)a + 3 * g * row_bytes;

#define STEPS(count)                                                                                   \
    UNROLLED                                                                                           \
    for (int u = 0; u < (count); u++) {                                                                \
        V right[NV];                                                                                   \
        UNROLLED                                                                                       \
        for (int v = 0; v < W; v++)                                                                    \
            right[v] = V_LOAD(b + v * VN);                                                             \
        UNROLLED                                                                                       \
        for (int i = 0; i < R; i++) {                                                                  \
            const V left =                                                                             \
                V_SET1(*(const T *)(const void *)(group[i / 3] + i % 3 * row_bytes + u * step_bytes)); \
            UNROLLED                                                                                   \
            for (int v = 0; v < W; v++)                                                                \
                V_ADD_PRODUCT(sum[i][v], left, right[v]);                                              \
        }                                                                                              \
        b += b_k;                                                                                      \
    }                                                                                                  \
    UNROLLED                                                                                           \
    for (int g = 0; g < (R + 2) / 3; g++)                                                              \
        group[g] += (count)*step_bytes;
    /* C is fetched a row with each of the first steps: all at once would hold up the loads of B. */
    int64_t p = 0;
    for (const T *row = c; p < R && p < k; p++, row += c_row) {
        UNROLLED
        for (int v = 0; v < W; v++)
            __builtin_prefetch(row + v * VN, 1);
        __builtin_prefetch(row + columns - 1, 1);
        STEPS(1)
    }
    for (; p + TOGETHER <= k; p += TOGETHER) {
        STEPS(TOGETHER)
    }
    if (TOGETHER > 1)
        for (; p < k; p++) {
            STEPS(1)
        }
#undef STEPS

    if (columns == W * VN) {
        UNROLLED
        for (int i = 0; i < R; i++)
            UNROLLED
        for (int v = 0; v < W; v++) {
            T *const out = c + i * c_row + v * VN;
            V_STORE(out, add ? V_ADD(V_LOAD(out), sum[i][v]) : sum[i][v]);
        }
        return;
    }
    T whole[MR][NV * VN];
    UNROLLED
    for (int i = 0; i < R; i++)
        UNROLLED
    for (int v = 0; v < W; v++)
        V_STORE(&whole[i][v * VN], sum[i][v]);
    for (int i = 0; i < R; i++) {
        T *const out = c + i * c_row;
        for (int j = 0; j < columns && j < W * VN; j++)
            out[j] = add ? out[j] + whole[i][j] : whole[i][j];
    }
}

static void TYPED(tile)(int rows, int columns, int64_t k, const void *a, int64_t a_row, int64_t a_k,
                        const void *b, int64_t b_k, void *c, int64_t c_row, bool add)
{
    const int vectors = (columns + VN - 1) / VN;
    if (rows == MR && vectors == NV && a_row == 1 && a_k == MR) { /* of a packed A */
        TYPED(tile_of)(MR, NV, 4, columns, k, a, 1, MR, b, b_k, c, c_row, add);
        return;
    }
#define TILE(r, w)                                                                 \
    case (w - 1) * MR + r:                                                         \
        TYPED(tile_of)(r, w, 1, columns, k, a, a_row, a_k, b, b_k, c, c_row, add); \
        break;
#if NV > 2
#define ROWS(r) TILE(r, 1) TILE(r, 2) TILE(r, 3)
#else
#define ROWS(r) TILE(r, 1) TILE(r, 2)
#endif
    switch ((vectors - 1) * MR + rows) {
        ROWS(1)
        ROWS(2)
        ROWS(3)
        ROWS(4)
#if MR > 4
        ROWS(5)
        ROWS(6)
        ROWS(7)
        ROWS(8)
#endif
    }
#undef ROWS
#undef TILE
}

static void TYPED(pack)(int count, int width, int64_t k, const void *from, int64_t x_i, int64_t x_k, void *to)
{
    const T *const x = from;
    T *const out = to;
    int64_t done = 0;
#ifdef SQUARE
    /* A cache line of some rows at a time, some lines of these before the next rows, which are asked for
     * meanwhile: they may be far apart. What is written stays in the first-level cache until it is whole. */
    enum { LINE = 64 / (int)sizeof(T), LINES = 8 };
    if (x_k == 1 && count >= SQUARE) {
        const int64_t end = k / LINE * LINE;
        while (done < end) {
            const int64_t limit = end - done < LINES * LINE ? end : done + LINES * LINE;
            for (int i = 0; i < count; i += SQUARE) {
                /* The last square may overlap the one before. */
                const int row = i + SQUARE <= count ? i : count - SQUARE;
                for (int64_t p = done; p < limit; p += LINE) {
                    const T *const square = x + row * x_i + p;
                    UNROLLED
                    for (int r = 0; r < SQUARE; r++)
                        __builtin_prefetch(square + (SQUARE + r) * x_i);
                    UNROLLED
                    for (int q = 0; q < LINE; q += SQUARE)
                        TYPED(transpose)(square + q, x_i, out + (p + q) * width + row, width);
                }
            }
            for (int64_t p = done; p < limit && count < width; p++)
                memset(out + p * width + count, 0, (size_t)(width - count) * sizeof(T));
            done = limit;
        }
    }
#endif
    for (int64_t p = done; p < k; p++) {
        const T *const column = x + p * x_k;
        T *const line = out + p * width;
        if (x_i == 1 && count == NV * VN) {
            UNROLLED
            for (int v = 0; v < NV; v++)
                V_STORE(line + v * VN, V_LOAD(column + v * VN));
        } else if (x_i == 1 && count == MR) {
            memcpy(line, column, MR * sizeof(T));
        } else if (x_i == 1) {
            memcpy(line, column, (size_t)count * sizeof(T));
        } else {
            for (int i = 0; i < count; i++)
                line[i] = column[i * x_i];
        }
        if (count < width)
            memset(line + count, 0, (size_t)(width - count) * sizeof(T));
    }
}

enum { TYPED(LANE_VECTORS) = LANES / VN };

INLINE T TYPED(add_lanes)(T *lane)
{
    for (int w = LANES / 2; w; w /= 2)
        for (int l = 0; l < w; l++)
            lane[l] += lane[l + w];
    return lane[0];
}

/* Rows at a time: as many chains as keep two units with a latency of four busy. */
enum { TYPED(DOT_ROWS) = 8 * VN / LANES };

/* R rows whose elements are adjacent. */
INLINE void TYPED(dots)(const int R, int64_t k, const T *a, int64_t a_row, const T *x, T *y, int64_t y_i,
                        bool add)
{
    V sum[TYPED(DOT_ROWS)][LANES / VN];
    UNROLLED
    for (int i = 0; i < R; i++)
        UNROLLED
    for (int v = 0; v < LANES / VN; v++)
        sum[i][v] = V_SET1(0);
    int64_t p = 0;
    for (; p + LANES <= k; p += LANES)
        UNROLLED
    for (int i = 0; i < R; i++)
        UNROLLED
    for (int v = 0; v < LANES / VN; v++)
        sum[i][v] = V_FMA(V_LOAD(a + i * a_row + p + v * VN), V_LOAD(x + p + v * VN), sum[i][v]);
    if (p < k) {
        T right[LANES] = {0};
        memcpy(right, x + p, (size_t)(k - p) * sizeof(T));
        for (int i = 0; i < R; i++) {
            T left[LANES] = {0};
            memcpy(left, a + i * a_row + p, (size_t)(k - p) * sizeof(T));
            UNROLLED
            for (int v = 0; v < LANES / VN; v++)
                sum[i][v] = V_FMA(V_LOAD(left + v * VN), V_LOAD(right + v * VN), sum[i][v]);
        }
    }
    for (int i = 0; i < R; i++) {
        T lane[LANES];
        UNROLLED
        for (int v = 0; v < LANES / VN; v++)
            V_STORE(lane + v * VN, sum[i][v]);
        const T total = TYPED(add_lanes)(lane);
        y[i * y_i] = add ? y[i * y_i] + total : total;
    }
}

/* Two vectors of rows whose elements with the same p are adjacent: a line of the caches. The lanes are
 * computed one after the other, in the order in which the tree of additions wants them, so that few are held
 * at a time. For few p: `groups` whole LANES of them, a constant of the call, and `rest` more. */
typedef struct TYPED(pair) {
    V first, second;
} TYPED(pair);

INLINE TYPED(pair)
    TYPED(lane_of)(const int lane, const int groups, int64_t rest, const T *a, int64_t a_k, const T *x)
{
    TYPED(pair) sum = {V_SET1(0), V_SET1(0)};
    UNROLLED
    for (int q = 0; q < groups; q++) {
        const T *const line = a + (lane + q * LANES) * a_k;
        const V factor = V_SET1(x[lane + q * LANES]);
        sum.first = V_FMA(V_LOAD(line), factor, sum.first);
        sum.second = V_FMA(V_LOAD(line + VN), factor, sum.second);
    }
    if (lane < rest) {
        const T *const line = a + (lane + groups * LANES) * a_k;
        const V factor = V_SET1(x[lane + groups * LANES]);
        sum.first = V_FMA(V_LOAD(line), factor, sum.first);
        sum.second = V_FMA(V_LOAD(line + VN), factor, sum.second);
    } else if (rest) { /* the zeros that fill the last group turn a lane's -0 to 0 */
        sum.first = V_ADD(sum.first, V_SET1(0));
        sum.second = V_ADD(sum.second, V_SET1(0));
    }
    return sum;
}

/* The sum of lanes `lane`, lane + w, lane + 2w and so on, as add_lanes adds them. */
#define TREE(w, below)                                                                                       \
    INLINE TYPED(pair)                                                                                       \
        TYPED(tree_##w)(const int lane, const int groups, int64_t rest, const T *a, int64_t a_k, const T *x) \
    {                                                                                                        \
        if (w >= LANES)                                                                                      \
            return TYPED(lane_of)(lane, groups, rest, a, a_k, x);                                            \
        const TYPED(pair) low = TYPED(below)(lane, groups, rest, a, a_k, x),                                 \
                          high = TYPED(below)(lane + w, groups, rest, a, a_k, x);                            \
        return (TYPED(pair)){V_ADD(low.first, high.first), V_ADD(low.second, high.second)};                  \
    }
TREE(8, lane_of)
TREE(4, tree_8)
TREE(2, tree_4)
TREE(1, tree_2)
#undef TREE

/* Returns how many rows it has done. */
INLINE int64_t TYPED(short_product)(int64_t rows, const int groups, int64_t rest, const T *a, int64_t a_k,
                                    const T *x, T *y, bool add)
{
    int64_t i = 0;
    for (; i + 2 * VN <= rows; i += 2 * VN) {
        const TYPED(pair) sum = TYPED(tree_1)(0, groups, rest, a + i, a_k, x);
        V_STORE(y + i, add ? V_ADD(V_LOAD(y + i), sum.first) : sum.first);
        V_STORE(y + i + VN, add ? V_ADD(V_LOAD(y + i + VN), sum.second) : sum.second);
    }
    return i;
}

/* Up to STRIP rows of which the elements with the same p are adjacent: the lanes are kept beside each other
 * in memory, so that A is read in its order. */
enum { TYPED(STRIP) = 512 / (int)sizeof(T) };

static void TYPED(columns_product)(int rows, int64_t k, const T *a, int64_t a_k, const T *x, T *y,
                                   int64_t y_i, bool add)
{
    enum { WIDTH = TYPED(STRIP) };
    T lane[LANES][WIDTH];
    memset(lane, 0, sizeof lane);
    const int whole = rows / VN * VN;
    int64_t p = 0;
    /* Four of a lane's elements at a time, so that its sums are read and written once for them. */
    for (; p + 4 * LANES <= k; p += 4 * LANES)
        for (int l = 0; l < LANES; l++) {
            const T *const from = a + (p + l) * a_k, *const factor = x + p + l;
            const int64_t step = LANES * a_k;
            for (int j = 0; j < whole; j += VN) {
                V sum = V_LOAD(&lane[l][j]);
                UNROLLED
                for (int q = 0; q < 4; q++)
                    sum = V_FMA(V_LOAD(from + q * step + j), V_SET1(factor[q * LANES]), sum);
                V_STORE(&lane[l][j], sum);
            }
            for (int j = whole; j < rows; j++)
                for (int q = 0; q < 4; q++)
                    lane[l][j] = FMA_SCALAR(from[q * step + j], factor[q * LANES], lane[l][j]);
        }
    for (; p < k; p++) {
        T *const sum = lane[p % LANES];
        const T *const from = a + p * a_k;
        const V factor = V_SET1(x[p]);
        for (int j = 0; j < whole; j += VN)
            V_STORE(sum + j, V_FMA(V_LOAD(from + j), factor, V_LOAD(sum + j)));
        for (int j = whole; j < rows; j++)
            sum[j] = FMA_SCALAR(from[j], x[p], sum[j]);
    }
    /* The zeros that fill the last group turn a lane's -0 to 0. */
    for (int64_t l = k % LANES; l && l < LANES; l++)
        for (int j = 0; j < rows; j++)
            lane[l][j] += 0;
    for (int w = LANES / 2; w; w /= 2)
        for (int l = 0; l < w; l++)
            for (int j = 0; j < rows; j++)
                lane[l][j] += lane[l + w][j];
    for (int j = 0; j < rows; j++)
        y[j * y_i] = add ? y[j * y_i] + lane[0][j] : lane[0][j];
}

static void TYPED(vector_product)(int64_t rows, int64_t k, const void *matrix, int64_t a_row, int64_t a_k,
                                  const void *vector, void *result, int64_t y_i, bool add)
{
    const T *const a = matrix, *const x = vector;
    T *const y = result;
    int64_t i = 0;
    if (a_k == 1) {
        for (; i + TYPED(DOT_ROWS) <= rows; i += TYPED(DOT_ROWS))
            TYPED(dots)(TYPED(DOT_ROWS), k, a + i * a_row, a_row, x, y + i * y_i, y_i, add);
        for (; i < rows; i++)
            TYPED(dots)(1, k, a + i * a_row, a_row, x, y + i * y_i, y_i, add);
    } else if (a_row == 1) {
        if (y_i == 1)
            switch (k / LANES) {
#define GROUPS(count)                                                                \
    case count:                                                                      \
        i = TYPED(short_product)(rows, count, k - (count)*LANES, a, a_k, x, y, add); \
        break;
                GROUPS(0)
                GROUPS(1)
                GROUPS(2)
                GROUPS(3)
#undef GROUPS
            }
        for (; i < rows; i += TYPED(STRIP)) {
            const int count = rows - i < TYPED(STRIP) ? (int)(rows - i) : TYPED(STRIP);
            TYPED(columns_product)(count, k, a + i, a_k, x, y + i * y_i, y_i, add);
        }
    } else {
        for (; i < rows; i++) {
            T row[TP__GEMV_BLOCK];
            for (int64_t p = 0; p < k; p++)
                row[p] = a[i * a_row + p * a_k];
            TYPED(dots)(1, k, row, 0, x, y + i * y_i, y_i, add);
        }
    }
}

#undef T
#undef TYPED
#undef LANES
#undef FMA_SCALAR
#undef V
#undef VN
#undef MR
#undef NV
#undef V_LOAD
#undef V_STORE
#undef V_SET1
#undef V_FMA
#undef V_ADD_PRODUCT
#undef V_ADD
#undef SQUARE

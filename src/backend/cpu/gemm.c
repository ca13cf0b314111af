/* Matrix products: how a product is cut into pieces for the threads, and pieces into tiles for the kernels.
 * The element type is known here by its size alone. Nothing in this file changes a bit of the result (see
 * gemm.h).
 *
 * With many rows B is packed in blocks that stay in a second-level cache. The threads claim some rows of C
 * after the other, for one block at a time, and pack the next one when there are no more; so they wait for
 * each other once a block. A tile reads its rows of A from the first-level cache. With few rows the pieces
 * are columns, and B is read where it is, or packed just before its tiles. */
#include "backend/cpu/gemm.h"

#include "base/memory.h"
#include "base/threads.h"

#include <stdatomic.h>
#include <string.h>

/* What is packed of A by one thread, and what of B is used at a time: together they fit into a second-level
 * cache. */
#define PACKED_A (192 * 1024)
#define BLOCK_BYTES (600 * 1024)
/* A block of B has TP__GEMM_BLOCK rows; the last of a column has fewer than this. */
#define DEEP (TP__GEMM_BLOCK + TP__GEMM_BLOCK / 2)
/* Rows of B, and columns of A, that are packed in one go. */
#define PACKED_ROWS 32
/* Multiply-adds of the smallest piece of a product (some microseconds), and of the smallest product that is
 * cut. */
#define PIECE 200000
#define WORTH_CUTTING 1500000
#define PIECES_PER_THREAD 8
#define PIECE_ROWS 64
/* Tiles above each other that are few. */
#define FEW 3

/* Rows p0 to p1 and columns j0 to j1 of B, packed tile beside tile, for chain below chain. */
typedef struct block {
    int64_t p0, p1, j0, j1;
    char *packed;
} block;

typedef struct product {
    const tp__gemm_kernels *kernels;
    int64_t size; /* of an element */
    int64_t m, n, k;
    const char *a;
    int64_t a_row, a_col;
    const char *b;
    int64_t b_row, b_col;
    char *c;
    int64_t c_row;
    bool accumulate;

    int64_t threads;
    int64_t piece;  /* rows, or columns, of a piece */
    int64_t pieces; /* how many there are in a job, which threads claim one after the other */
    atomic_llong next_piece;
    char *packed_a;     /* PACKED_A for each thread; NULL: A is read where it is */
    char *packed_tiles; /* with few rows: a tile of B for each thread */
    block now, next;    /* with many rows: blocks that are multiplied and packed, of at most `step` columns */
    int64_t step, multiplying; /* pieces that multiply; the others pack */
} product;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t round_up(int64_t a, int64_t b)
{
    return divide_up(a, b) * b;
}

/* `columns` in whole vectors: what a row of a packed tile of B holds. Tiles are small, and a division takes
 * as long as a tenth of one. */
static int64_t whole(const product *p, int64_t columns)
{
    return columns == p->kernels->columns ? columns : round_up(columns, p->kernels->vector_columns);
}

static const char *at_a(const product *p, int64_t i, int64_t k)
{
    return p->a + (i * p->a_row + k * p->a_col) * p->size;
}

static const char *at_b(const product *p, int64_t k, int64_t j)
{
    return p->b + (k * p->b_row + j * p->b_col) * p->size;
}

static char *at_c(const product *p, int64_t i, int64_t j)
{
    return p->c + (i * p->c_row + j) * p->size;
}

/* Rows of C in tiles of nearly the same height: tile t begins at rows * t / tiles. */
typedef struct strip {
    int64_t i0, rows, tiles, p0, k;
    const char *packed; /* A's block, tile after tile; NULL: in its place */
} strip;

/* One of its tiles: `rows` rows from `first` on. */
typedef struct strip_tile {
    int64_t first, rows;
} strip_tile;

static strip_tile tile_of(const strip *s, int64_t t)
{
    const int64_t first = s->rows * t / s->tiles;
    return (strip_tile){first, s->rows * (t + 1) / s->tiles - first};
}

static strip make_strip(const product *p, int64_t i0, int64_t i1, int64_t p0, char *packed)
{
    const strip s = {
        i0, i1 - i0, divide_up(i1 - i0, p->kernels->rows), p0, least(p->k - p0, TP__GEMM_BLOCK), packed};
    for (int64_t q = 0; packed && q < s.k; q += PACKED_ROWS)
        for (int64_t t = 0; t < s.tiles; t++) {
            const strip_tile of = tile_of(&s, t);
            p->kernels->pack((int)of.rows, (int)of.rows, least(s.k - q, PACKED_ROWS),
                             at_a(p, i0 + of.first, p0 + q), p->a_row, p->a_col,
                             packed + (of.first * s.k + q * of.rows) * p->size);
        }
    return s;
}

static void run_tile(const product *p, const strip *s, strip_tile of, int64_t j, int64_t columns,
                     const char *b, int64_t b_k)
{
    char *const c = at_c(p, s->i0 + of.first, j);
    const bool add = p->accumulate || s->p0;
    if (s->packed)
        p->kernels->tile((int)of.rows, (int)columns, s->k, s->packed + of.first * s->k * p->size, 1, of.rows,
                         b, b_k, c, p->c_row, add);
    else
        p->kernels->tile((int)of.rows, (int)columns, s->k, at_a(p, s->i0 + of.first, s->p0), p->a_row,
                         p->a_col, b, b_k, c, p->c_row, add);
}

/* ---- Many rows ---- */

/* Where the tile of a block from row p0 (of k until the next) and column j on is packed. */
static char *packed_tile(const product *p, const block *b, int64_t p0, int64_t k, int64_t j)
{
    return b->packed + ((p0 - b->p0) * whole(p, b->j1 - b->j0) + (j - b->j0) * k) * p->size;
}

/* Some rows of a block, of its columns from j0 to j1; p0 + k is where a chain of sums ends, or before. */
static void pack_part(const product *p, const block *b, int64_t p0, int64_t rows, int64_t j0, int64_t j1)
{
    const int64_t chain = p0 / TP__GEMM_BLOCK * TP__GEMM_BLOCK, k = least(p->k - chain, TP__GEMM_BLOCK);
    for (int64_t j = j0; j < j1; j += p->kernels->columns) {
        const int64_t count = least(j1 - j, p->kernels->columns), width = whole(p, count);
        p->kernels->pack((int)count, (int)width, least(b->p1 - p0, rows), at_b(p, p0, j), p->b_col, p->b_row,
                         packed_tile(p, b, chain, k, j) + (p0 - chain) * width * p->size);
    }
}

/* Packing goes along the rows of B, or down its columns where those are what is adjacent, and so visits a
 * page of memory once. */
static int64_t packing_pieces(const product *p, const block *b)
{
    return p->b_col == 1 ? divide_up(b->p1 - b->p0, PACKED_ROWS)
                         : divide_up(b->j1 - b->j0, p->kernels->columns);
}

static void pack_piece(const product *p, const block *b, int64_t piece)
{
    if (p->b_col == 1) {
        pack_part(p, b, b->p0 + piece * PACKED_ROWS, PACKED_ROWS, b->j0, b->j1);
    } else {
        const int64_t j = b->j0 + piece * p->kernels->columns;
        for (int64_t p0 = b->p0; p0 < b->p1; p0 += TP__GEMM_BLOCK)
            pack_part(p, b, p0, TP__GEMM_BLOCK, j, least(j + p->kernels->columns, b->j1));
    }
}

static void multiply_piece(const product *p, const block *b, int64_t piece, char *packed_a)
{
    const int64_t i0 = piece * p->piece, i1 = least(i0 + p->piece, p->m);
    for (int64_t p0 = b->p0; p0 < b->p1; p0 += TP__GEMM_BLOCK) {
        const strip s = make_strip(p, i0, i1, p0, packed_a);
        const char *const packed = packed_tile(p, b, p0, s.k, b->j0);
        for (int64_t t = 0; t < s.tiles; t++) {
            const strip_tile of = tile_of(&s, t);
            for (int64_t j = b->j0; j < b->j1; j += p->kernels->columns) {
                const int64_t columns = least(b->j1 - j, p->kernels->columns);
                run_tile(p, &s, of, j, columns, packed + (j - b->j0) * s.k * p->size, whole(p, columns));
            }
        }
    }
}

/* The product with one block of B, and packing of the next one: its pieces are small, and come last. */
static void run_block(void *context, int64_t thread)
{
    product *const p = context;
    char *const packed_a = p->packed_a ? p->packed_a + thread * PACKED_A : NULL;
    int64_t piece;
    while ((piece = atomic_fetch_add_explicit(&p->next_piece, 1, memory_order_relaxed)) < p->pieces)
        if (piece < p->multiplying)
            multiply_piece(p, &p->now, piece, packed_a);
        else
            pack_piece(p, &p->next, piece - p->multiplying);
}

/* The block after b: down the columns, then along the rows. What would be left over below is taken along. */
static block block_after(const product *p, block b, char *packed)
{
    if (b.p1 == p->k)
        b = (block){.j0 = b.j1, .j1 = least(b.j1 + p->step, p->n)};
    b.p0 = b.p1;
    b.p1 = p->k - b.p0 < DEEP ? p->k : b.p0 + TP__GEMM_BLOCK;
    b.packed = packed;
    return b;
}

static tp_status many_rows(product *p)
{
    const int64_t rows = p->kernels->rows, columns = p->kernels->columns,
                  block_row = TP__GEMM_BLOCK * p->size;
    const bool packs_a = p->n >= 3 * columns && p->a_col != 1;
    /* Blocks of nearly the same width. */
    p->step = round_up(divide_up(p->n, divide_up(p->n, BLOCK_BYTES / block_row)), columns);
    p->piece =
        least(round_up(divide_up(p->m, p->threads * PIECES_PER_THREAD), rows), PIECE_ROWS / rows * rows);
    const int64_t pieces = divide_up(p->m, p->piece);
    p->threads = least(p->threads, pieces);

    size_t granted = 0;
    const int64_t b_bytes = p->step * least(p->k, DEEP) * p->size;
    char *const packed =
        tp__raw_alloc((size_t)(2 * b_bytes + (packs_a ? p->threads * PACKED_A : 0)), &granted);
    if (!packed)
        return TP_ERROR_MEMORY;
    p->packed_a = packs_a ? packed + 2 * b_bytes : NULL;
    p->next = (block){.p1 = p->k};
    p->multiplying = 0;
    for (int64_t i = 0; p->next.j0 < p->n; i++) {
        p->now = p->next;
        p->next = block_after(p, p->now, packed + i % 2 * b_bytes);
        p->multiplying = i ? pieces : 0;
        p->pieces = p->multiplying + (p->next.j0 < p->n ? packing_pieces(p, &p->next) : 0);
        atomic_store_explicit(&p->next_piece, 0, memory_order_relaxed);
        tp__parallel_for(p->threads, run_block, p);
    }
    tp__raw_free(packed, granted);
    return TP_OK;
}

/* ---- Few rows ---- */

static void run_columns(void *context, int64_t thread)
{
    product *const p = context;
    const tp__gemm_kernels *const kernels = p->kernels;
    char *const packed = p->packed_tiles + thread * kernels->columns * TP__GEMM_BLOCK * p->size;
    int64_t piece;
    while ((piece = atomic_fetch_add_explicit(&p->next_piece, 1, memory_order_relaxed)) < p->pieces) {
        const int64_t j0 = piece * p->piece, j1 = least(j0 + p->piece, p->n);
        for (int64_t p0 = 0; p0 < p->k; p0 += TP__GEMM_BLOCK) {
            const strip s = make_strip(p, 0, p->m, p0, NULL);
            for (int64_t j = j0; j < j1; j += kernels->columns) {
                const int64_t columns = least(j1 - j, kernels->columns), width = whole(p, columns);
                const char *b = at_b(p, p0, j);
                int64_t b_k = p->b_row;
                if (p->b_col != 1 || columns != width) {
                    kernels->pack((int)columns, (int)width, s.k, b, p->b_col, p->b_row, packed);
                    b = packed;
                    b_k = width;
                }
                for (int64_t t = 0; t < s.tiles; t++)
                    run_tile(p, &s, tile_of(&s, t), j, columns, b, b_k);
            }
        }
    }
}

static tp_status few_rows(product *p)
{
    const int64_t columns = p->kernels->columns;
    const double all = (double)p->m * (double)p->n * (double)p->k;
    const int64_t pieces =
        p->threads == 1 ? 1 : (int64_t)least((int64_t)(all / PIECE), p->threads * PIECES_PER_THREAD);
    p->piece = round_up(divide_up(p->n, pieces ? pieces : 1), columns);
    p->pieces = divide_up(p->n, p->piece);
    p->threads = least(p->threads, p->pieces);
    size_t granted = 0;
    p->packed_tiles = tp__raw_alloc((size_t)(p->threads * columns * TP__GEMM_BLOCK * p->size), &granted);
    if (!p->packed_tiles)
        return TP_ERROR_MEMORY;
    atomic_store_explicit(&p->next_piece, 0, memory_order_relaxed);
    tp__parallel_for(p->threads, run_columns, p);
    tp__raw_free(p->packed_tiles, granted);
    return TP_OK;
}

static tp_status matrix_product(product *p)
{
    p->threads = (double)p->m * (double)p->n * (double)p->k < WORTH_CUTTING ? 1 : tp__parallel_width();
    return p->m <= FEW * p->kernels->rows ? few_rows(p) : many_rows(p);
}

/* A product with a vector: y = A x, in pieces of rows. */
typedef struct vector_product {
    const tp__gemm_kernels *kernels;
    int64_t size, rows, k, piece;
    const char *a;
    int64_t a_row, a_k;
    const char *x;
    int64_t x_k;
    char *y;
    int64_t y_i;
    bool accumulate;
} vector_product;

static void run_vector(void *context, int64_t piece)
{
    const vector_product *const p = context;
    const int64_t first = piece * p->piece, rows = least(p->piece, p->rows - first), size = p->size;
    _Alignas(64) char adjacent[TP__GEMV_BLOCK * sizeof(double)];
    for (int64_t p0 = 0; p0 < p->k; p0 += TP__GEMV_BLOCK) {
        const int64_t k = least(p->k - p0, TP__GEMV_BLOCK);
        const char *x = p->x + p0 * p->x_k * size;
        if (p->x_k != 1) {
            p->kernels->pack(1, 1, k, x, 1, p->x_k, adjacent);
            x = adjacent;
        }
        p->kernels->vector(rows, k, p->a + (first * p->a_row + p0 * p->a_k) * size, p->a_row, p->a_k, x,
                           p->y + first * p->y_i * size, p->y_i, p->accumulate || p0);
    }
}

static void times_vector(vector_product *p)
{
    /* These read each element of A once, and memory is slower than arithmetic. */
    p->piece = divide_up(divide_up(PIECE / 4, p->k), 128) * 128;
    if ((double)p->rows * (double)p->k < WORTH_CUTTING / 4)
        p->piece = p->rows;
    tp__parallel_for(divide_up(p->rows, p->piece), run_vector, p);
}

static const tp__gemm_kernels *kernels_of(tp__isa_kind isa, int element_size)
{
    const tp__gemm_table *table = &tp__baseline_gemm;
#ifdef TP_X86_KERNELS
    if (isa == TP__AVX512)
        table = &tp__avx512_gemm;
    else if (isa == TP__AVX2)
        table = &tp__avx2_gemm;
#else
    (void)isa;
#endif
    return element_size == 4 ? &table->f32 : &table->f64;
}

tp_status tp__gemm_on(tp__isa_kind isa, int element_size, int64_t m, int64_t n, int64_t k, const void *a,
                      int64_t a_row, int64_t a_col, const void *b, int64_t b_row, int64_t b_col, void *c,
                      int64_t c_row, bool accumulate)
{
    if (m <= 0 || n <= 0)
        return TP_OK;
    if (k <= 0) {
        for (int64_t i = 0; i < m && !accumulate; i++)
            memset((char *)c + i * c_row * element_size, 0, (size_t)(n * element_size));
        return TP_OK;
    }
    const tp__gemm_kernels *const kernels = kernels_of(isa, element_size);
    if (n == 1) {
        times_vector(&(vector_product){kernels, element_size, m, k, 0, a, a_row, a_col, b, b_row, c, c_row,
                                       accumulate});
        return TP_OK;
    }
    if (m == 1) {
        times_vector(
            &(vector_product){kernels, element_size, n, k, 0, b, b_col, b_row, a, a_col, c, 1, accumulate});
        return TP_OK;
    }
    product p = {.kernels = kernels,
                 .size = element_size,
                 .m = m,
                 .n = n,
                 .k = k,
                 .a = a,
                 .a_row = a_row,
                 .a_col = a_col,
                 .b = b,
                 .b_row = b_row,
                 .b_col = b_col,
                 .c = c,
                 .c_row = c_row,
                 .accumulate = accumulate};
    return matrix_product(&p);
}

tp_status tp__gemm_f32(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_col,
                       const float *b, int64_t b_row, int64_t b_col, float *c, int64_t c_row, bool accumulate)
{
    return tp__gemm_on(tp__isa(), 4, m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, accumulate);
}

tp_status tp__gemm_f64(int64_t m, int64_t n, int64_t k, const double *a, int64_t a_row, int64_t a_col,
                       const double *b, int64_t b_row, int64_t b_col, double *c, int64_t c_row,
                       bool accumulate)
{
    return tp__gemm_on(tp__isa(), 8, m, n, k, a, a_row, a_col, b, b_row, b_col, c, c_row, accumulate);
}

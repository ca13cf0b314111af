/* Matrix products: how C is cut into panels for the threads, and panels into tiles for the kernels. The
 * element type is known here by its size alone. Nothing in this file changes a bit of the result (see
 * gemm.h). */
#include "backend/cpu/gemm.h"

#include "base/memory.h"
#include "base/threads.h"

#include <stdatomic.h>
#include <string.h>

/* What is packed of A at a time: a good part of a second-level cache. */
#define PACKED_BYTES (768 * 1024)
/* Bytes of one packed row of a B tile, at the most. */
#define TILE_ROW_BYTES 128
/* Multiply-adds of the smallest piece of a product (some microseconds), and of the smallest product that is
 * cut. */
#define PIECE 200000
#define WORTH_CUTTING 1500000
#define PIECES_PER_THREAD 4

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

    int64_t panel_m, panel_n, across, panels; /* sizes of a panel; panels beside each other, and in all */
    atomic_llong next;
    char *packed; /* packed_rows by TP__GEMM_BLOCK of A for each thread; NULL: A is read where it is */
} product;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Rows of A that are packed at a time: whole tiles of any kernel's height. */
static int64_t packed_rows(int64_t size)
{
    return PACKED_BYTES / (TP__GEMM_BLOCK * size) / 42 * 42;
}

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

/* Whether a tile of B is read where it is: its rows must be whole and adjacent, and copying must not pay. */
static bool reads_b_in_place(const product *p, int64_t rows, int64_t columns)
{
    return p->b_col == 1 && columns == p->kernels->columns && rows <= 3 * p->kernels->rows;
}

/* Rows [i0, i1) and columns [j0, j1) of C, for the block of A's columns from p0 on. */
static void run_block(const product *p, int64_t i0, int64_t i1, int64_t j0, int64_t j1, int64_t p0,
                      char *packed)
{
    _Alignas(64) char tile[TP__GEMM_BLOCK * TILE_ROW_BYTES];
    const tp__gemm_kernels *const kernels = p->kernels;
    const int64_t size = p->size, k = least(p->k - p0, TP__GEMM_BLOCK), rows = i1 - i0;
    const int64_t tiles = divide_up(rows, kernels->rows); /* of nearly the same height */
    const char *const a = p->a + (i0 * p->a_row + p0 * p->a_col) * size;
    const bool add = p->accumulate || p0;

    for (int64_t t = 0; packed && t < tiles; t++) {
        const int64_t first = rows * t / tiles, count = rows * (t + 1) / tiles - first;
        kernels->pack((int)count, (int)count, k, a + first * p->a_row * size, p->a_row, p->a_col,
                      packed + first * k * size);
    }
    for (int64_t j = j0; j < j1; j += kernels->columns) {
        const int64_t columns = least(j1 - j, kernels->columns);
        const char *b = p->b + (p0 * p->b_row + j * p->b_col) * size;
        int64_t b_k = p->b_row;
        if (!reads_b_in_place(p, rows, columns)) {
            kernels->pack((int)columns, kernels->columns, k, b, p->b_col, p->b_row, tile);
            b = tile;
            b_k = kernels->columns;
        }
        for (int64_t t = 0; t < tiles; t++) {
            const int64_t first = rows * t / tiles, count = rows * (t + 1) / tiles - first;
            char *const c = p->c + ((i0 + first) * p->c_row + j) * size;
            if (packed)
                kernels->tile((int)count, (int)columns, k, packed + first * k * size, 1, count, b, b_k, c,
                              p->c_row, add);
            else
                kernels->tile((int)count, (int)columns, k, a + first * p->a_row * size, p->a_row, p->a_col, b,
                              b_k, c, p->c_row, add);
        }
    }
}

static void run_panel(const product *p, int64_t panel, char *packed)
{
    const int64_t i0 = panel / p->across * p->panel_m, i1 = least(i0 + p->panel_m, p->m);
    const int64_t j0 = panel % p->across * p->panel_n, j1 = least(j0 + p->panel_n, p->n);
    const int64_t slabs = packed ? divide_up(i1 - i0, packed_rows(p->size)) : 1;
    for (int64_t p0 = 0; p0 < p->k; p0 += TP__GEMM_BLOCK)
        for (int64_t s = 0; s < slabs; s++)
            run_block(p, i0 + (i1 - i0) * s / slabs, i0 + (i1 - i0) * (s + 1) / slabs, j0, j1, p0, packed);
}

/* What one thread does, with its own part of the scratch memory: panels as long as there are any. */
static void run_panels(void *context, int64_t thread)
{
    product *const p = context;
    char *const packed =
        p->packed ? p->packed + thread * packed_rows(p->size) * TP__GEMM_BLOCK * p->size : NULL;
    int64_t panel;
    while ((panel = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->panels)
        run_panel(p, panel, packed);
}

/* Panels of C for `threads` threads: a few for each, if they are large enough to be worth it, and not flat,
 * so that little is packed twice. */
static void cut(product *p, int64_t threads)
{
    const int64_t rows = p->kernels->rows, columns = p->kernels->columns;
    p->panel_m = p->m;
    p->panel_n = p->n;
    if ((double)p->m * (double)p->n * (double)p->k < WORTH_CUTTING)
        threads = 1;
    while (threads > 1 &&
           divide_up(p->m, p->panel_m) * divide_up(p->n, p->panel_n) < PIECES_PER_THREAD * threads &&
           (double)p->panel_m * (double)p->panel_n * (double)p->k > 2.0 * PIECE) {
        const int64_t m = divide_up(divide_up(p->panel_m, 2), rows) * rows;
        const int64_t n = divide_up(divide_up(p->panel_n, 2), columns) * columns;
        if (n < p->panel_n && (p->panel_n >= p->panel_m || m >= p->panel_m))
            p->panel_n = n;
        else if (m < p->panel_m)
            p->panel_m = m;
        else
            break;
    }
    p->across = divide_up(p->n, p->panel_n);
    p->panels = p->across * divide_up(p->m, p->panel_m);
}

/* Packing A pays when many tiles read it, and it does not all stay in the first-level cache. */
static bool packs_a(const product *p)
{
    return p->n >= 6 * p->kernels->columns && p->m > p->kernels->rows && p->k * p->m > 8192;
}

static tp_status matrix_product(product *p)
{
    const int64_t width = tp__parallel_width();
    cut(p, width);
    const int64_t threads = least(width, p->panels);
    size_t granted = 0;
    p->packed = NULL;
    if (packs_a(p)) {
        p->packed =
            tp__raw_alloc((size_t)(threads * packed_rows(p->size) * TP__GEMM_BLOCK * p->size), &granted);
        if (!p->packed)
            return TP_ERROR_MEMORY;
    }
    atomic_init(&p->next, 0);
    tp__parallel_for(threads, run_panels, p);
    if (p->packed)
        tp__raw_free(p->packed, granted);
    return TP_OK;
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

static void run_rows(void *context, int64_t piece)
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
    tp__parallel_for(divide_up(p->rows, p->piece), run_rows, p);
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

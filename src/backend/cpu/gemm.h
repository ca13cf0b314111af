/* Matrix products: C (+)= A B for float32 and float64.
 *
 * The arithmetic depends on shapes alone, not on strides, instruction set or number of threads:
 * - m > 1 and n > 1: k is cut in blocks of TP__GEMM_BLOCK. In a block an element of C is one chain of fused
 *   multiply-adds from 0 over increasing k; the first block's sum is stored (or added to C when
 * accumulating), each later one is added. A row of C therefore does not depend on how many rows there are.
 * - m = 1 or n = 1: k is cut in blocks of TP__GEMV_BLOCK; a block has 16 (float64: 8) lanes, lane l a chain
 * over the elements l, l + 16, ..., the last group filled with zeros. The upper half of the lanes is added to
 * the lower until one is left. Zeros are not skipped: 0 * infinity is NaN. */
#ifndef TAPER_BACKEND_CPU_GEMM_H
#define TAPER_BACKEND_CPU_GEMM_H

#include "backend/cpu/isa.h"
#include "taper/status.h"

#define TP__GEMM_BLOCK 384
#define TP__GEMV_BLOCK 1024

/* C[i * c_row + j] = (accumulate ? C : 0) + sum over p of A[i * a_row + p * a_col] * B[p * b_row + j *
 * b_col], for 0 <= i < m, 0 <= j < n, 0 <= p < k. Strides are in elements; those of A and B may be 0 or
 * negative. C overlaps neither. With k = 0 the sum is 0. TP_ERROR_MEMORY leaves C as it was. */
tp_status tp__gemm_f32(int64_t m, int64_t n, int64_t k, const float *a, int64_t a_row, int64_t a_col,
                       const float *b, int64_t b_row, int64_t b_col, float *c, int64_t c_row,
                       bool accumulate);
tp_status tp__gemm_f64(int64_t m, int64_t n, int64_t k, const double *a, int64_t a_row, int64_t a_col,
                       const double *b, int64_t b_row, int64_t b_col, double *c, int64_t c_row,
                       bool accumulate);

/* What an instruction set fills in for a type. Pointers are to that type; strides are in elements. */
typedef struct tp__gemm_kernels {
    int rows, columns;  /* of the largest tile */
    int vector_columns; /* of one vector */

    /* `rows` by `columns` elements of C from one block: A's rows are a_row apart and its columns a_k, B's
     * rows are `b_k` apart and hold at least so many elements as whole vectors that cover `columns` have. */
    void (*tile)(int rows, int columns, int64_t k, const void *a, int64_t a_row, int64_t a_k, const void *b,
                 int64_t b_k, void *c, int64_t c_row, bool add);

    /* out[p * width + i] = x[i * x_i + p * x_k] for i < count, 0 for the rest of the width. */
    void (*pack)(int count, int width, int64_t k, const void *x, int64_t x_i, int64_t x_k, void *out);

    /* y[i * y_i] (+)= sum over p of a[i * a_row + p * a_k] * x[p], k up to TP__GEMV_BLOCK. */
    void (*vector)(int64_t rows, int64_t k, const void *a, int64_t a_row, int64_t a_k, const void *x, void *y,
                   int64_t y_i, bool add);
} tp__gemm_kernels;

typedef struct tp__gemm_table {
    tp__gemm_kernels f32, f64;
} tp__gemm_table;

extern const tp__gemm_table tp__baseline_gemm;
#ifdef TP_X86_KERNELS
extern const tp__gemm_table tp__avx2_gemm, tp__avx512_gemm;
#endif

/* The product with given kernels, for the element size 4 or 8. For tests, which compare instruction sets. */
tp_status tp__gemm_on(tp__isa_kind isa, int element_size, int64_t m, int64_t n, int64_t k, const void *a,
                      int64_t a_row, int64_t a_col, const void *b, int64_t b_row, int64_t b_col, void *c,
                      int64_t c_row, bool accumulate);

#endif

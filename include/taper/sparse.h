/* CSR matrices whose stored values have gradients. tensor.h makes, reads and prints CSR matrices; tp_matmul
 * and tp_f_linear take them as constants.
 *
 * A CSR matrix is a pattern, which is constant, and a vector of values. tp_csr_from_values puts a vector with
 * history into a pattern; every function here hands the gradient of its result on to the values of its
 * operands, and has gradients of every order, without forming that of a matrix. (So does tp_matmul;
 * tp_f_linear forms the gradient of such a matrix as a dense one.) The results' columns are in ascending
 * order in each row, unless said otherwise.
 */
#ifndef TAPER_SPARSE_H
#define TAPER_SPARSE_H

#include "taper/autograd.h"

TP_BEGIN

/* The CSR matrix with `pattern`'s places and `values` (a vector, one for each, shared, in the pattern's
 * order). */
TP_API tp_tensor *tp_csr_from_values(tp_tensor *pattern, tp_tensor *values);
/* Its values, with their history; tp_csr_values gives them without. */
TP_API tp_tensor *tp_csr_entries(tp_tensor *csr);

/* From triplets: values[i] at row[i], column[i] (int64 or int32 vectors). What meets in one place is added,
 * in order. TP_ERROR_INDEX names the first place outside of [rows, columns]. */
TP_API tp_tensor *tp_csr_from_coo(int64_t rows, int64_t columns, tp_tensor *row, tp_tensor *column,
                                  tp_tensor *values);
/* The entries other than 0 of a dense matrix; and back. Like tp_to_csr and tp_to_dense, but recorded. */
TP_API tp_tensor *tp_csr_from_dense(tp_tensor *dense);
TP_API tp_tensor *tp_csr_to_dense(tp_tensor *csr);

/* S x for a dense matrix or vector x, and transpose(S) x. They form no matrix for the gradient of S: each
 * value gets its own. */
TP_API tp_tensor *tp_csr_matmul(tp_tensor *csr, tp_tensor *x);
TP_API tp_tensor *tp_csr_transposed_matmul(tp_tensor *csr, tp_tensor *x);

/* Times a number; times a dense tensor that broadcasts to its shape, or a CSR matrix with the same places in
 * the same order (TP_ERROR_SHAPE otherwise): the result has the same pattern. The sum of two. A function of a
 * vector, such as tp_sqrt, of all values: for functions that keep 0. */
TP_API tp_tensor *tp_csr_scale(tp_tensor *csr, double factor);
TP_API tp_tensor *tp_csr_mul(tp_tensor *csr, tp_tensor *other);
TP_API tp_tensor *tp_csr_add(tp_tensor *a, tp_tensor *b);
TP_API tp_tensor *tp_csr_map(tp_tensor *csr, tp_tensor *(*function)(tp_tensor *));

/* Rows start to end - 1, negatives counted from the end; rows by an index vector, repeats allowed. Columns
 * keep their order. */
TP_API tp_tensor *tp_csr_row_slice(tp_tensor *csr, int64_t start, int64_t end);
TP_API tp_tensor *tp_csr_row_select(tp_tensor *csr, tp_tensor *index);

/* One below, or beside, the other. */
TP_API tp_tensor *tp_csr_vstack(tp_tensor *const *matrices, int n);
TP_API tp_tensor *tp_csr_hstack(tp_tensor *const *matrices, int n);
TP_API tp_tensor *tp_csr_transpose(tp_tensor *csr);

/* Summed over the rows (dim 0, a dense vector with one number for each column) or the columns (dim 1). */
TP_API tp_tensor *tp_csr_sum(tp_tensor *csr, int dim);

TP_CLOSE

#endif

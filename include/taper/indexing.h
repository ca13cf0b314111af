/* Choosing and writing by index tensors and masks. tp_index_select, tp_gather and tp_where stand in ops.h.
 *
 * Names and meanings are PyTorch's; see ops.h for what holds of every operation. Index tensors are int64 or
 * int32. An index out of range is a TP_ERROR_INDEX that names the first one, its place, and the bound.
 * x itself is not changed, but for the forms at the end, which write into it. Where several values meet in
 * one place they are taken in row-major order of the index, whatever the number of threads: the last one
 * stays, or they are added one after the other. Where a vector can stand, a scalar counts as one of one
 * element. */
#ifndef TAPER_INDEXING_H
#define TAPER_INDEXING_H

#include "taper/autograd.h"

TP_BEGIN

/* ---- In any positions ---- */

/* x[indices[0], indices[1], ...]: an entry is an index tensor, which broadcast with each other and count
 * negatives from the end; a bool mask over as many dimensions as it has; or NULL, which stands for a whole
 * dimension. Their common shape comes where they stand if they stand side by side, else in front. A mask
 * counts as its places. */
TP_API tp_tensor *tp_index(tp_tensor *x, int n, tp_tensor *const *indices);

/* x with `values` (broadcast to the shape of tp_index(x, n, indices), of x's dtype) written, or added, there.
 */
TP_API tp_tensor *tp_index_put(tp_tensor *x, int n, tp_tensor *const *indices, tp_tensor *values,
                               bool accumulate);

/* The same of x's elements in row-major order, in the shape of `index`. tp_put: `source` has as many elements
 * as `index`. */
TP_API tp_tensor *tp_take(tp_tensor *x, tp_tensor *index);
TP_API tp_tensor *tp_put(tp_tensor *x, tp_tensor *index, tp_tensor *source, bool accumulate);

/* ---- Whole places of one dimension, by a vector ---- */

/* x with place i of `source` added, times alpha, to place index[i]; written there; or x with `value` in the
 * places index[i], which may be negative here. `source` has x's shape but for `dim`, where it is as long as
 * `index`. */
TP_API tp_tensor *tp_index_add(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, double alpha);
TP_API tp_tensor *tp_index_copy(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source);
TP_API tp_tensor *tp_index_fill(tp_tensor *x, int dim, tp_tensor *index, double value);

/* ---- Single elements along one dimension ---- */

/* tp_gather with x and `indices` broadcast to each other in the other dimensions; negative indices count from
 * the end. */
TP_API tp_tensor *tp_take_along_dim(tp_tensor *x, tp_tensor *indices, int dim);

/* x with out[index[i][j]][j] = source[i][j] for dim 0, and so on. `index` is nowhere larger than `source`,
 * and not than x but along `dim`. tp_scatter_value writes a number, tp_scatter_add adds. */
TP_API tp_tensor *tp_scatter(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source);
TP_API tp_tensor *tp_scatter_value(tp_tensor *x, int dim, tp_tensor *index, double value);
TP_API tp_tensor *tp_scatter_add(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source);

typedef enum tp_scatter_mode {
    TP_SCATTER_SUM = 0,
    TP_SCATTER_MEAN = 1, /* of integers: rounded down */
    TP_SCATTER_PROD = 2,
    TP_SCATTER_AMAX = 3,
    TP_SCATTER_AMIN = 4
} tp_scatter_mode;

/* The elements that meet in a place become one number; with `include_self` x's own is among them. Equal
 * extremes share the gradient. */
TP_API tp_tensor *tp_scatter_reduce(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source,
                                    tp_scatter_mode mode, bool include_self);

/* ---- Masks ---- */

/* The elements of x where the bool `mask` holds, in row-major order; both broadcast. */
TP_API tp_tensor *tp_masked_select(tp_tensor *x, tp_tensor *mask);
/* x with the elements of `source`, in row-major order, where the bool `mask` holds, which broadcasts to x. */
TP_API tp_tensor *tp_masked_scatter(tp_tensor *x, tp_tensor *mask, tp_tensor *source);
/* The places of the elements other than 0, in row-major order: int64 [count, dimensions], or one int64 vector
 * for each dimension, as an array in the current region with their number in *n. */
TP_API tp_tensor *tp_nonzero(tp_tensor *x);
TP_API tp_tensor **tp_nonzero_tuple(tp_tensor *x, int *n);
/* int64 zeros with a 1 at the class's place of a new last dimension; `classes` -1: the largest class and one.
 */
TP_API tp_tensor *tp_one_hot(tp_tensor *x, int64_t classes);
/* For each element of x whether it stands in `among`, or with `invert` whether not. NaN is nowhere. */
TP_API tp_tensor *tp_isin(tp_tensor *x, tp_tensor *among, bool invert);

/* ---- In place ----
 *
 * The same into x, in the time and memory of the operation of that name. They are not recorded, and refuse
 * what tp_assign refuses, and a source that requires a gradient while operations are recorded. Nothing is
 * changed after an error. */

TP_API tp_status tp_masked_fill_(tp_tensor *x, tp_tensor *mask, double value);
TP_API tp_status tp_masked_scatter_(tp_tensor *x, tp_tensor *mask, tp_tensor *source);
TP_API tp_status tp_index_put_(tp_tensor *x, int n, tp_tensor *const *indices, tp_tensor *values,
                               bool accumulate);
TP_API tp_status tp_index_add_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source, double alpha);
TP_API tp_status tp_index_copy_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source);
TP_API tp_status tp_index_fill_(tp_tensor *x, int dim, tp_tensor *index, double value);
TP_API tp_status tp_scatter_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source);
TP_API tp_status tp_scatter_value_(tp_tensor *x, int dim, tp_tensor *index, double value);
TP_API tp_status tp_scatter_add_(tp_tensor *x, int dim, tp_tensor *index, tp_tensor *source);

TP_CLOSE

#endif

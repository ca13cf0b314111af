/* More reductions, cumulative operations, sorting and counting; the commonest reductions stand in ops.h.
 *
 * NAME(x) goes over all elements, NAME_n(x, n, dims, keepdim) over the dimensions dims[0 .. n-1] (n = 0:
 * all), NAME_dim over one. With `keepdim` they stay with size 1. Names, dtypes, gradients and what happens to
 * NaN and to empty tensors are PyTorch's; results depend neither on threads nor on the instruction set. Where
 * an operation finds places, `indices` gets them (int64, not differentiable), and may be NULL. */
#ifndef TAPER_REDUCE_H
#define TAPER_REDUCE_H

#include "taper/autograd.h"

TP_BEGIN

/* ---- Sums and products ---- */

/* The product; integers and bool give int64. PyTorch takes one dimension here. */
TP_API tp_tensor *tp_prod_n(tp_tensor *x, int n, const int *dims, bool keepdim);
TP_API tp_tensor *tp_prod_dim(tp_tensor *x, int dim, bool keepdim);
/* Sum and mean of what is not NaN. The mean takes floating types, and is NaN where nothing is left. */
TP_API tp_tensor *tp_nansum(tp_tensor *x);
TP_API tp_tensor *tp_nansum_n(tp_tensor *x, int n, const int *dims, bool keepdim);
TP_API tp_tensor *tp_nansum_dim(tp_tensor *x, int dim, bool keepdim);
TP_API tp_tensor *tp_nanmean(tp_tensor *x);
TP_API tp_tensor *tp_nanmean_n(tp_tensor *x, int n, const int *dims, bool keepdim);
TP_API tp_tensor *tp_nanmean_dim(tp_tensor *x, int dim, bool keepdim);
TP_API tp_tensor *tp_logsumexp_dim(tp_tensor *x, int dim, bool keepdim);
/* (sum of |x|^p)^(1/p) for any p: 0 counts what is not 0, INFINITY and -INFINITY give the largest and the
 * smallest |x|. The gradient at 0 is 0. Floating types; the smallest and negative p need an element. */
TP_API tp_tensor *tp_norm_n(tp_tensor *x, double p, int n, const int *dims, bool keepdim);
TP_API tp_tensor *tp_norm_dim(tp_tensor *x, double p, int dim, bool keepdim);

/* ---- Moments: floating types ---- */

/* With Bessel's correction. */
TP_API tp_tensor *tp_var(tp_tensor *x);
TP_API tp_tensor *tp_std(tp_tensor *x);
TP_API tp_tensor *tp_var_dim(tp_tensor *x, int dim, double correction, bool keepdim);
TP_API tp_tensor *tp_std_dim(tp_tensor *x, int dim, double correction, bool keepdim);
/* Together with the mean, which *mean gets. */
TP_API tp_tensor *tp_var_mean_n(tp_tensor *x, int n, const int *dims, double correction, bool keepdim,
                                tp_tensor **mean);
TP_API tp_tensor *tp_std_mean_n(tp_tensor *x, int n, const int *dims, double correction, bool keepdim,
                                tp_tensor **mean);
/* The covariances [rows, rows] of the rows of a matrix, each a variable, whose columns are observations, by
 * columns - correction; of a vector, its variance. Integers become float32. */
TP_API tp_tensor *tp_cov(tp_tensor *x, int64_t correction);
/* The correlations, likewise, limited to [-1, 1]. */
TP_API tp_tensor *tp_corrcoef(tp_tensor *x);

/* ---- The largest, the smallest, truth ---- */

/* Like max and min, but over any dimensions, and equals share the gradient evenly. An empty tensor needs dims
 * that have elements. */
TP_API tp_tensor *tp_amax(tp_tensor *x);
TP_API tp_tensor *tp_amax_n(tp_tensor *x, int n, const int *dims, bool keepdim);
TP_API tp_tensor *tp_amax_dim(tp_tensor *x, int dim, bool keepdim);
TP_API tp_tensor *tp_amin(tp_tensor *x);
TP_API tp_tensor *tp_amin_n(tp_tensor *x, int n, const int *dims, bool keepdim);
TP_API tp_tensor *tp_amin_dim(tp_tensor *x, int dim, bool keepdim);
/* The smallest, and the largest in *largest. */
TP_API tp_tensor *tp_aminmax(tp_tensor *x, tp_tensor **largest);
TP_API tp_tensor *tp_aminmax_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **largest);
/* The place of the first extreme element in x, read row by row: a scalar of int64. */
TP_API tp_tensor *tp_argmax_all(tp_tensor *x);
TP_API tp_tensor *tp_argmin_all(tp_tensor *x);
/* Whether one is, or all are, other than 0 (NaN is). Gives bool; uint8 for uint8. */
TP_API tp_tensor *tp_any_n(tp_tensor *x, int n, const int *dims, bool keepdim);
TP_API tp_tensor *tp_any_dim(tp_tensor *x, int dim, bool keepdim);
TP_API tp_tensor *tp_all_n(tp_tensor *x, int n, const int *dims, bool keepdim);
TP_API tp_tensor *tp_all_dim(tp_tensor *x, int dim, bool keepdim);

/* ---- Cumulative: result i is of elements 0 to i along `dim` ---- */

/* Sum and product; integers and bool give int64. One after the other, in double, as PyTorch does. */
TP_API tp_tensor *tp_cumsum(tp_tensor *x, int dim);
TP_API tp_tensor *tp_cumprod(tp_tensor *x, int dim);
/* log(cumsum(exp(x))). Floating types. */
TP_API tp_tensor *tp_logcumsumexp(tp_tensor *x, int dim);
/* The extreme so far and its place, the last of equals; from the first NaN on, NaN. */
TP_API tp_tensor *tp_cummax(tp_tensor *x, int dim, tp_tensor **indices);
TP_API tp_tensor *tp_cummin(tp_tensor *x, int dim, tp_tensor **indices);
/* x[i + 1] - x[i] along `dim`: one less of them. For bool: whether they differ. */
TP_API tp_tensor *tp_diff(tp_tensor *x, int dim);
/* softmax(-x). */
TP_API tp_tensor *tp_softmin(tp_tensor *x, int dim);

/* ---- Order: NaN counts as larger than all numbers, and -0 equals 0 ---- */

/* Sorted along `dim`; equals keep their order, also when descending. Any dtype. */
TP_API tp_tensor *tp_sort(tp_tensor *x, int dim, bool descending, tp_tensor **indices);
TP_API tp_tensor *tp_argsort(tp_tensor *x, int dim, bool descending);
/* The k largest (or smallest) along `dim`, from the most extreme on; of equals, the first ones, in their
 * order (PyTorch's is not specified). Not for bool. TP_ERROR_VALUE unless 0 <= k <= size. */
TP_API tp_tensor *tp_topk(tp_tensor *x, int64_t k, int dim, bool largest, tp_tensor **indices);
/* The k-th smallest along `dim`, from 1 on, and the first place of its value. Not for bool. */
TP_API tp_tensor *tp_kthvalue(tp_tensor *x, int64_t k, int dim, bool keepdim, tp_tensor **indices);
/* The element in the middle, the lower one of two, and the first place of its value. NaN if there is a NaN;
 * nanmedian leaves those out. Over all elements, equals share the gradient. Not for bool. */
TP_API tp_tensor *tp_median(tp_tensor *x);
TP_API tp_tensor *tp_median_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices);
TP_API tp_tensor *tp_nanmedian(tp_tensor *x);
TP_API tp_tensor *tp_nanmedian_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices);
/* The most frequent element, the smallest one of those, and its last place. */
TP_API tp_tensor *tp_mode(tp_tensor *x, int dim, bool keepdim, tp_tensor **indices);
/* What a share q, 0 to 1, lies below; between two elements on the straight line. NaN if there is a NaN.
 * Floating types, not empty. */
TP_API tp_tensor *tp_quantile(tp_tensor *x, double q);
TP_API tp_tensor *tp_quantile_dim(tp_tensor *x, double q, int dim, bool keepdim);

/* Between two elements: on the line, the lower, the higher, the middle, or the nearer one (of two as near,
 * that of the even place). */
typedef enum tp_interpolation {
    TP_LINEAR = 0,
    TP_LOWER = 1,
    TP_HIGHER = 2,
    TP_MIDPOINT = 3,
    TP_NEAREST = 4
} tp_interpolation;

/* Several shares at once: `q` of x's dtype is a vector, which gives a first dimension for the shares, or a
 * scalar, which gives none. tp_nanquantiles leaves NaN out; where there is nothing else, it is NaN. Over all
 * elements: of tp_reshape(x, -1) along 0. */
TP_API tp_tensor *tp_quantiles(tp_tensor *x, tp_tensor *q, int dim, bool keepdim,
                               tp_interpolation interpolation);
TP_API tp_tensor *tp_nanquantiles(tp_tensor *x, tp_tensor *q, int dim, bool keepdim,
                                  tp_interpolation interpolation);

/* The elements without repetitions, sorted: a vector. *inverse (x's shape) gets where each element of x went,
 * *counts how often each occurs; both int64, may be NULL. NaN equals nothing. No history is recorded. */
TP_API tp_tensor *tp_unique(tp_tensor *x, tp_tensor **inverse, tp_tensor **counts);
/* The same of neighbours only, in x's order. */
TP_API tp_tensor *tp_unique_consecutive(tp_tensor *x, tp_tensor **inverse, tp_tensor **counts);
/* The slices of dimension `dim` without repetitions, in the order of their first elements, then of the next
 * ones and so on: x's shape with fewer places along `dim`. *inverse and *counts are vectors over the slices.
 * A slice with a NaN equals none, and the order is then not specified. Not of slices without elements. */
TP_API tp_tensor *tp_unique_dim(tp_tensor *x, int dim, tp_tensor **inverse, tp_tensor **counts);
TP_API tp_tensor *tp_unique_consecutive_dim(tp_tensor *x, int dim, tp_tensor **inverse, tp_tensor **counts);

/* For each of `values`, where it would be put into the ascending `sorted` before (`right`: behind) its
 * equals: int64. `sorted` is a vector, or agrees with `values` in all dimensions but the last one. One dtype.
 */
TP_API tp_tensor *tp_searchsorted(tp_tensor *sorted, tp_tensor *values, bool right);
/* tp_searchsorted with a vector of boundaries. */
TP_API tp_tensor *tp_bucketize(tp_tensor *values, tp_tensor *boundaries, bool right);

/* ---- Counting ---- */

/* How many elements are other than 0 (NaN is): int64. */
TP_API tp_tensor *tp_count_nonzero(tp_tensor *x);
TP_API tp_tensor *tp_count_nonzero_n(tp_tensor *x, int n, const int *dims, bool keepdim);
TP_API tp_tensor *tp_count_nonzero_dim(tp_tensor *x, int dim, bool keepdim);
/* How often each of 0 to max(x) occurs in a vector of integers, none of them negative; at least `minlength`
 * entries. int64, or with `weights` (NULL: none) the sums of those: float32 for float32, else float64. No
 * history is recorded. */
TP_API tp_tensor *tp_bincount(tp_tensor *x, tp_tensor *weights, int64_t minlength);
/* How many elements lie in each of `bins` even pieces of [low, high], the last of which includes `high`;
 * low = high stands for the smallest and largest element. In x's dtype, a floating one. */
TP_API tp_tensor *tp_histc(tp_tensor *x, int64_t bins, double low, double high);

TP_CLOSE

#endif

/* What the operations along one dimension share: rows out of it, and places found in each row. */
#ifndef TAPER_OPS_ALONG_H
#define TAPER_OPS_ALONG_H

#include "heart/heart.h"
#include "ops/reduce.h"

/* A contiguous tensor as [before][n][after] around dimension `dim`; all 1 for one of no dimensions. */
typedef struct tp__around {
    int64_t before, n, after;
} tp__around;
tp__around tp__around_of(const tp_tensor *x, int dim);

/* x over the same elements, with dimension `dim` in the last place. */
tp_tensor tp__moved_last(const tp_tensor *x, int dim);

/* Finds places in rows. */
typedef struct tp__finder {
    /* Writes m places of the row of n elements. */
    void (*find)(const struct tp__finder *f, const void *row, int64_t *places, void *scratch);
    size_t scratch; /* bytes that `find` needs, aligned to 8 */
    tp_dtype dtype; /* set by tp__find_along, as is n */
    int64_t n, m;
    int64_t k;   /* for `find` */
    bool option; /* likewise */
} tp__finder;

/* Runs `f` for each row of x along `dim`. `indices` gets the places and `values` (or NULL) the elements
 * there: both contiguous, with m in the place of dimension `dim`, or without it for m = 1. */
tp_status tp__find_along(const tp_tensor *x, int dim, tp__finder *f, tp_tensor *values, tp_tensor *indices);

/* The first of the sorted elements along `dim`, as many as `indices` has room for, and their places. */
tp_status tp__sort_along(const tp_tensor *x, int dim, bool descending, tp_tensor *values, tp_tensor *indices);

/* The gradient of the elements that were found: g in the places `indices` along `dim` of zeros like x. */
tp_tensor *tp__give_back(tp_tensor *g, int dim, tp_tensor *indices, const tp_tensor *x);

/* The gradient g of y over the dimensions of `r`, shared by those elements of x that equal it (in NaN, too).
 */
tp_tensor *tp__shared_among_equals(tp_tensor *g, tp_tensor *y, tp_tensor *x, const tp__reduction *r);

/* The dimensions of `mask` that x has, as a list; returns how many. */
int tp__dims_of(const tp_tensor *x, unsigned mask, int dims[TP_MAX_DIMS]);

/* tp__one_dimension for a public function of that name: -1 after an error. */
int tp__checked_dimension(const char *name, const tp_tensor *x, int dim);

/* tp__reduction_of likewise. */
tp_status tp__checked_reduction(const char *name, const tp_tensor *x, int n, const int *dims, bool keepdim,
                                tp__reduction *r);

/* The products of all other elements over the dimensions `mask`: right where there are zeros, of every order
 * of gradients, and linear in the number of elements. */
tp_tensor *tp__products_of_others(tp_tensor *x, unsigned mask);

/* y[i] = a[i] + b[i] * y[i - 1] along `dim`, or from the end with y[i + 1]. */
tp_tensor *tp__recurrence(tp_tensor *a, tp_tensor *b, int dim, bool reverse);

/* Cumulative products from the start or from the end. */
tp_tensor *tp__cumprod(tp_tensor *x, int dim, bool reverse);

/* x one place further along `dim` (back, if `back`), with `filling` in the place that is left. */
tp_tensor *tp__shifted(tp_tensor *x, int dim, bool back, double filling);

#endif

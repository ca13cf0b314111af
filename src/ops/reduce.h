/* What the operations over whole dimensions share. */
#ifndef TAPER_OPS_REDUCE_H
#define TAPER_OPS_REDUCE_H

#include "heart/heart.h"

/* Which dimensions go, bit by bit; attributes of the reductions. */
typedef struct tp__reduction {
    unsigned dims;
    bool keepdim;
    bool root;         /* std rather than var */
    double correction; /* of var and std */
} tp__reduction;

#define TP__ALL_DIMS ((1u << TP_MAX_DIMS) - 1)

/* Sets `r` for the dimensions dims[0 .. n-1] of x (all for n = 0), or fails. A tensor of no dimensions takes
 * 0 and -1. */
tp_status tp__reduction_of(const tp_tensor *x, int n, const int *dims, bool keepdim, tp__reduction *r);

/* Like tp__dimension, but 0 and -1 are dimensions of a tensor that has none. */
int tp__one_dimension(int dim, const tp_tensor *x);

/* Fills the result's dtype and shape. */
void tp__reduced(tp_result *result, tp_dtype dtype, const tp_tensor *x, const tp__reduction *r);

/* How many elements of x go into one of the result. */
int64_t tp__reduced_count(const tp_tensor *x, unsigned dims);

/* A reduction's result, or the gradient of it, with the dimensions that went back as dimensions of size 1. */
tp_tensor *tp__restored(tp_tensor *t, const tp_tensor *x, const tp__reduction *r);

/* Elements in the order that a kernel wants: a tensor's own, or those of a copy to be given back with
 * tp_release. */
typedef struct tp__array {
    const void *data;
    tp_tensor *scratch;
} tp__array;

/* x as a contiguous matrix whose columns are the dimensions `dims`. */
tp_status tp__as_rows(const tp_tensor *x, unsigned dims, tp__array *array);

/* All elements of x, in the order of its memory where they lie there without gaps, else row by row. */
tp_status tp__in_memory_order(const tp_tensor *x, tp__array *array);

/* x broadcast to the shape of `like`, converted to its dtype and contiguous. NULL gives NULL. */
tp_status tp__spread_slow(const tp_tensor *x, const tp_tensor *like, tp__array *array);

static inline tp_status tp__spread(const tp_tensor *x, const tp_tensor *like, tp__array *array)
{
    array->data = x ? x->data : NULL;
    array->scratch = NULL;
    if (!x || (x->contiguous && x->dtype == like->dtype && x->numel == like->numel))
        return TP_OK;
    return tp__spread_slow(x, like, array);
}

/* Adds up the dimensions `dims` of the floating x into `out`, which is contiguous. */
void tp__sum_into(const tp_tensor *x, unsigned dims, tp_tensor *out);

/* The sum of n elements (float32 or float64) into *out. */
void tp__sum_array(tp_dtype dtype, int64_t n, const void *x, void *out);

/* values[i] /= by, in the dtype's precision. */
void tp__divide(tp_dtype dtype, int64_t n, void *values, double by);

#endif

/* The places that index tensors name in a tensor, and writing to places. */
#ifndef TAPER_OPS_PLACES_H
#define TAPER_OPS_PLACES_H

#include "heart/heart.h"

/* A tensor seen through index tensors: the element for (b, i, a) lies `before[b] + at[i] + after[a]` elements
 * behind the first one. `at` goes over the index tensors' common shape, the others over the dimensions
 * without an index. */
typedef struct tp__places {
    int64_t n_before, n_at, n_after;
    const int64_t *before, *at, *after;
    bool even; /* after[a] = a */
    int64_t *memory;
} tp__places;

/* How index tensors choose: those of a call stand for the dimensions `dims`, in order. */
typedef struct tp__choice {
    unsigned dims;
    bool from_end; /* negative indices count from the end */
} tp__choice;

/* Fills the result's shape: `of` with the chosen dimensions replaced by the index tensors' common shape.
 * Refuses a choice that is none of dimensions of `of`, one for each index tensor. */
tp_status tp__places_shape(const tp_tensor *of, const tp__choice *choice, int n, tp_tensor *const *indices,
                           tp_result *result);

/* Finds the places of int64 index tensors, or names the first index that is out of range. */
tp_status tp__places_find(const tp_tensor *in, const tp__choice *choice, int n, tp_tensor *const *indices,
                          tp__places *places);
void tp__places_free(tp__places *places);

/* What happens where a value meets what is there. */
typedef enum tp__meeting { TP__SET, TP__ADD, TP__MULTIPLY, TP__LARGER, TP__SMALLER } tp__meeting;

/* out[offsets[i]], or out[i] where `offsets` is NULL, meets values[i * step] for i < n, in this order. */
void tp__meet(tp__meeting how, tp_dtype dtype, int64_t n, const int64_t *offsets, const void *values,
              int64_t step, void *out);

/* out[i] = x[offsets[i]] for elements of that size. */
void tp__take(size_t size, int64_t n, const void *x, const int64_t *offsets, void *out);

/* The values, contiguous and in the order (b, i, a), meet the places of `out`. */
void tp__meet_places(tp__meeting how, const tp__places *places, const void *values, tp_tensor *out);

/* The vector or scalar `index` as int64; NULL after an error, or for another dtype. */
tp_tensor *tp__as_index(tp_tensor *index);

/* Finds the elements of `in` that `index` (int64) names along `dim`, and hands their offsets to `use`, in
 * order and some at a time: those of the index's elements begin to begin + n - 1. Ends at an index that is
 * out of range, with its error. */
tp_status tp__each_element(const tp_tensor *index, int dim, const tp_tensor *in,
                           void (*use)(void *context, int64_t begin, int64_t n, const int64_t *offsets),
                           void *context);

/* The elements of `out` so named meet values[i * step]. */
tp_status tp__meet_elements(tp__meeting how, const tp_tensor *index, int dim, const void *values,
                            int64_t step, tp_tensor *out);

/* The error of an index; `place` says where it stands. */
tp_status tp__refuse_index(int64_t index, const char *place, int dim, int64_t size);

#endif

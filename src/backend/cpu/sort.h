/* Sorting and selecting within one contiguous row of any dtype. Ascending order has NaN last and -0 equal to
 * 0; descending order is the reverse of that; equals stay in the order of their indices in both. No
 * recursion, and never more than a constant number of passes (selecting) or n log n steps. */
#ifndef TAPER_BACKEND_CPU_SORT_H
#define TAPER_BACKEND_CPU_SORT_H

#include "taper/dtype.h"

/* The longest row, and the bytes of scratch memory, aligned to 8, that a row of n needs. */
#define TP__SORT_MOST ((int64_t)UINT32_MAX)
size_t tp__sort_scratch(tp_dtype dtype, int64_t n);

/* indices[0 .. n-1] in the order of their elements. */
void tp__sort_row(tp_dtype dtype, int64_t n, const void *x, bool descending, int64_t *indices, void *scratch);

/* The first k of what tp__sort_row gives. */
void tp__sort_first(tp_dtype dtype, int64_t n, const void *x, bool descending, int64_t k, int64_t *indices,
                    void *scratch);

/* The first index of the element that stands at place k (from 0) of the ascending order. */
int64_t tp__sort_select(tp_dtype dtype, int64_t n, const void *x, int64_t k, void *scratch);

#endif

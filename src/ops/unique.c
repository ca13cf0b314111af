/* Elements without repetitions: of all, sorted, or of neighbours. Sizes depend on the elements, so that these
 * are no records. */
#include "backend/cpu/sort.h"
#include "ops/along.h"
#include "ops/ops.h"

#include <string.h>

/* Whether elements i and j are different; a NaN differs from itself. */
static bool differs(tp_dtype dtype, const void *x, int64_t i, int64_t j)
{
    if (dtype == TP_F32)
        return !(((const float *)x)[i] == ((const float *)x)[j]);
    if (dtype == TP_F64)
        return !(((const double *)x)[i] == ((const double *)x)[j]);
    const size_t size = tp_dtype_size(dtype);
    return memcmp((const char *)x + (size_t)i * size, (const char *)x + (size_t)j * size, size) != 0;
}

/* The groups of equal neighbours in x[order[0]], x[order[1]], ... (order NULL: x[0], x[1], ...), of which
 * there are n_groups. */
static tp_tensor *gather_groups(const tp_tensor *x, const void *data, const int64_t *order, int64_t n_groups,
                                tp_tensor **inverse, tp_tensor **counts)
{
    tp_region *region = tp__region_current();
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const size_t size = tp_dtype_size(dtype);
    tp_tensor *values = region ? tp__tensor_new(region, dtype, 1, &n_groups) : NULL;
    tp_tensor *groups = values && inverse ? tp__tensor_new(region, TP_I64, x->ndim, x->shape) : NULL;
    tp_tensor *sizes = values && counts ? tp__tensor_new(region, TP_I64, 1, &n_groups) : NULL;
    if (!values || (inverse && !groups) || (counts && !sizes))
        return NULL;
    int64_t group = -1, before = 0;
    for (int64_t i = 0; i < x->numel; i++) {
        const int64_t at = order ? order[i] : i;
        if (group < 0 || differs(dtype, data, before, at)) {
            memcpy(values->data + (size_t)++group * size, (const char *)data + (size_t)at * size, size);
            if (sizes)
                ((int64_t *)(void *)sizes->data)[group] = 0;
        }
        if (groups)
            ((int64_t *)(void *)groups->data)[at] = group;
        if (sizes)
            ((int64_t *)(void *)sizes->data)[group]++;
        before = at;
    }
    if (inverse)
        *inverse = groups;
    if (counts)
        *counts = sizes;
    return values;
}

static tp_tensor *unique(const tp_tensor *x, bool sorted, tp_tensor **inverse, tp_tensor **counts)
{
    const tp_dtype dtype = (tp_dtype)x->dtype;
    if (x->layout != TP__DENSE)
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "a CSR matrix is not taken");
    if (x->numel > TP__SORT_MOST)
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "%lld elements are too many to sort", (long long)x->numel);
    tp_region *region = tp__region_current();
    const int64_t words = (int64_t)(tp__sort_scratch(dtype, x->numel) / sizeof(int64_t));
    tp__array from;
    tp_tensor *scratch = NULL, *places = NULL;
    if (!region || tp__spread(x, x, &from) != TP_OK)
        return NULL;
    if (sorted) {
        if (!(scratch = tp__tensor_new(region, TP_I64, 1, &words)) ||
            !(places = tp__tensor_new(region, TP_I64, 1, &x->numel)))
            return NULL;
        if (x->numel)
            tp__sort_row(dtype, x->numel, from.data, false, (int64_t *)(void *)places->data, scratch->data);
    }
    const int64_t *order = places ? (const int64_t *)(const void *)places->data : NULL;
    int64_t n_groups = x->numel > 0;
    for (int64_t i = 1; i < x->numel; i++)
        n_groups += differs(dtype, from.data, order ? order[i - 1] : i - 1, order ? order[i] : i);
    tp_tensor *values = gather_groups(x, from.data, order, n_groups, inverse, counts);
    tp_release(scratch);
    tp_release(places);
    tp_release(from.scratch);
    return values;
}

static tp_tensor *checked(const tp_tensor *x, bool sorted, tp_tensor **inverse, tp_tensor **counts)
{
    if (inverse)
        *inverse = NULL;
    if (counts)
        *counts = NULL;
    return x ? unique(x, sorted, inverse, counts) : NULL;
}

tp_tensor *tp_unique(tp_tensor *x, tp_tensor **inverse, tp_tensor **counts)
{
    TP_FRAME("unique");
    return checked(x, true, inverse, counts);
}

tp_tensor *tp_unique_consecutive(tp_tensor *x, tp_tensor **inverse, tp_tensor **counts)
{
    TP_FRAME("unique_consecutive");
    return checked(x, false, inverse, counts);
}

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

/* The groups of equal neighbours in `data`, x's elements in the order of `order` (NULL: in their own). */
static tp_tensor *gather_groups(const tp_tensor *x, const void *data, const int64_t *order,
                                tp_tensor **inverse, tp_tensor **counts)
{
    tp_region *region = tp__region_current();
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const size_t size = tp_dtype_size(dtype);
    int64_t n_groups = x->numel > 0, group = -1;
    for (int64_t i = 1; i < x->numel; i++)
        n_groups += differs(dtype, data, i - 1, i);
    tp_tensor *values = region ? tp__tensor_new(region, dtype, 1, &n_groups) : NULL;
    tp_tensor *groups = values && inverse ? tp__tensor_new(region, TP_I64, x->ndim, x->shape) : NULL;
    tp_tensor *sizes = values && counts ? tp__tensor_new(region, TP_I64, 1, &n_groups) : NULL;
    if (!values || (inverse && !groups) || (counts && !sizes))
        return NULL;
    for (int64_t i = 0; i < x->numel; i++) {
        if (i == 0 || differs(dtype, data, i - 1, i)) {
            memcpy(values->data + (size_t)++group * size, (const char *)data + (size_t)i * size, size);
            if (sizes)
                ((int64_t *)(void *)sizes->data)[group] = 0;
        }
        if (groups)
            ((int64_t *)(void *)groups->data)[order ? order[i] : i] = group;
        if (sizes)
            ((int64_t *)(void *)sizes->data)[group]++;
    }
    if (inverse)
        *inverse = groups;
    if (counts)
        *counts = sizes;
    return values;
}

static tp_tensor *unique(const tp_tensor *x, bool sort, tp_tensor **inverse, tp_tensor **counts)
{
    if (x->layout != TP__DENSE)
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "a CSR matrix is not taken");
    if (x->numel > TP__SORT_MOST)
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "%lld elements are too many to sort", (long long)x->numel);
    tp__array from;
    if (!tp__region_current() || tp__spread(x, x, &from) != TP_OK)
        return NULL;
    tp_tensor *values = NULL;
    if (!sort || !x->numel) {
        values = gather_groups(x, from.data, NULL, inverse, counts);
    } else {
        tp_tensor *sorted = tp__tensor_new(tp__region_current(), (tp_dtype)x->dtype, 1, &x->numel);
        tp_tensor *order = sorted ? tp__tensor_new(tp__region_current(), TP_I64, 1, &x->numel) : NULL;
        tp_tensor row = *x;
        row.ndim = 1;
        row.shape[0] = x->numel;
        row.strides[0] = 1;
        row.contiguous = true;
        row.data = (char *)(uintptr_t)from.data;
        if (order && tp__sort_along(&row, 0, false, sorted, order) == TP_OK)
            values =
                gather_groups(x, sorted->data, (const int64_t *)(const void *)order->data, inverse, counts);
        tp_release(sorted);
        tp_release(order);
    }
    tp_release(from.scratch);
    return values;
}

static tp_tensor *checked(const tp_tensor *x, bool sorted, tp_tensor **inverse, tp_tensor **counts)
{
    if (inverse)
        *inverse = NULL;
    if (counts)
        *counts = NULL;
    return x ? unique(x, sorted, inverse, counts) : tp__null_operand("unique");
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

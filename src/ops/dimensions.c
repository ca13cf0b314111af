/* What goes and what stays in a reduction, and elements in the order that a kernel wants. */
#include "ops/ops.h"
#include "ops/reduce.h"

/* ---- Which dimensions ---- */

int tp__one_dimension(int dim, const tp_tensor *x)
{
    return tp__dimension(dim, x->ndim ? x->ndim : 1);
}

tp_status tp__reduction_of(const tp_tensor *x, int n, const int *dims, bool keepdim, tp__reduction *r)
{
    *r = (tp__reduction){.dims = n ? 0 : TP__ALL_DIMS, .keepdim = keepdim};
    if (n < 0 || (n && !dims))
        return tp_fail(TP_ERROR_ARGUMENT, "the list of dimensions has %d entries, or is NULL", n);
    for (int i = 0; i < n; i++) {
        const int dim = tp__one_dimension(dims[i], x);
        if (dim < 0)
            return TP_ERROR_INDEX;
        if (r->dims >> dim & 1)
            return tp_fail(TP_ERROR_ARGUMENT, "dim %d appears multiple times in the list of dims", dim);
        r->dims |= 1u << dim;
    }
    return TP_OK;
}

void tp__reduced(tp_result *result, tp_dtype dtype, const tp_tensor *x, const tp__reduction *r)
{
    result->dtype = dtype;
    result->view = false;
    result->ndim = 0;
    for (int d = 0; d < x->ndim; d++) {
        const bool goes = r->dims >> d & 1;
        if (!goes || r->keepdim)
            result->shape[result->ndim++] = goes ? 1 : x->shape[d];
    }
}

int64_t tp__reduced_count(const tp_tensor *x, unsigned dims)
{
    int64_t count = 1;
    for (int d = 0; d < x->ndim; d++)
        if (dims >> d & 1)
            count *= x->shape[d];
    return count;
}

tp_tensor *tp__restored(tp_tensor *t, const tp_tensor *x, const tp__reduction *r)
{
    if (!t || r->keepdim || t->ndim == x->ndim || (r->dims == TP__ALL_DIMS && !t->ndim))
        return t;
    int64_t shape[TP_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++)
        shape[d] = r->dims >> d & 1 ? 1 : x->shape[d];
    return tp_reshape_n(t, x->ndim, shape);
}

/* ---- Arrays out of tensors ---- */

static tp_status pack(const tp_tensor *x, const tp_tensor *strided, tp_dtype dtype, tp__array *array)
{
    *array = (tp__array){x->data, NULL};
    if (strided->contiguous && dtype == x->dtype)
        return TP_OK;
    array->scratch = tp__tensor_new(tp__region_current(), dtype, strided->ndim, strided->shape);
    if (!array->scratch)
        return TP_ERROR_MEMORY;
    tp__copy_elements(strided, array->scratch);
    array->data = array->scratch->data;
    return TP_OK;
}

tp_status tp__as_rows(const tp_tensor *x, unsigned dims, tp__array *array)
{
    tp_tensor moved = *x;
    int n = 0;
    for (unsigned pass = 0; pass < 2; pass++)
        for (int d = 0; d < x->ndim; d++) {
            if ((dims >> d & 1) != pass)
                continue;
            moved.shape[n] = x->shape[d];
            moved.strides[n++] = x->strides[d];
        }
    moved.contiguous = tp__is_contiguous(moved.ndim, moved.shape, moved.strides);
    return pack(x, &moved, (tp_dtype)x->dtype, array);
}

tp_status tp__in_memory_order(const tp_tensor *x, tp__array *array)
{
    tp_tensor sorted = *x;
    for (int i = 1; i < x->ndim; i++)
        for (int d = i; d > 0 && sorted.strides[d] > sorted.strides[d - 1]; d--) {
            const int64_t stride = sorted.strides[d], size = sorted.shape[d];
            sorted.strides[d] = sorted.strides[d - 1];
            sorted.shape[d] = sorted.shape[d - 1];
            sorted.strides[d - 1] = stride;
            sorted.shape[d - 1] = size;
        }
    sorted.contiguous = tp__is_contiguous(sorted.ndim, sorted.shape, sorted.strides);
    return pack(x, sorted.contiguous ? &sorted : x, (tp_dtype)x->dtype, array);
}

tp_status tp__spread_slow(const tp_tensor *x, const tp_tensor *like, tp__array *array)
{
    tp_tensor wide = *x;
    const int extra = like->ndim - x->ndim;
    wide.ndim = like->ndim;
    wide.numel = like->numel;
    for (int d = 0; d < like->ndim; d++) {
        wide.shape[d] = like->shape[d];
        wide.strides[d] = d < extra || x->shape[d - extra] == 1 ? 0 : x->strides[d - extra];
    }
    wide.contiguous = x->numel == like->numel && x->contiguous;
    return pack(x, &wide, (tp_dtype)like->dtype, array);
}

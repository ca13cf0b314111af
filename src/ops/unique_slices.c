/* Slices along a dimension without repetitions: sorted, or of neighbours. Sizes depend on the elements, so
 * that these are no records. */
#include "ops/along.h"
#include "ops/ops.h"

#include <string.h>

/* Slices as rows. */
typedef struct rows {
    const char *data;
    tp_dtype dtype;
    int64_t width;
} rows;

#define COMPARE(T)                                                    \
    {                                                                 \
        const T *a = (const T *)(const void *)r->data + i * r->width; \
        const T *b = (const T *)(const void *)r->data + j * r->width; \
        for (int64_t k = 0; k < r->width; k++)                        \
            if (!(a[k] == b[k]))                                      \
                return a[k] < b[k] ? -1 : 1;                          \
        return 0;                                                     \
    }

/* Below 0, 0 or above 0; the first element that differs decides, and a NaN differs from all. */
static int compare(const rows *r, int64_t i, int64_t j)
{
    switch (r->dtype) {
    case TP_F32:
        COMPARE(float)
    case TP_F64:
        COMPARE(double)
    case TP_I64:
        COMPARE(int64_t)
    case TP_I32:
        COMPARE(int32_t)
    default:
        COMPARE(uint8_t)
    }
}

/* Merges runs of growing length; equal rows keep their order. */
static void sort_rows(const rows *r, int64_t n, int64_t *order, int64_t *other)
{
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    for (int64_t run = 1; run < n; run *= 2) {
        for (int64_t begin = 0; begin < n; begin += 2 * run) {
            const int64_t middle = begin + run < n ? begin + run : n,
                          end = middle + run < n ? middle + run : n;
            for (int64_t a = begin, b = middle, to = begin; to < end; to++)
                other[to] =
                    b == end || (a < middle && compare(r, order[a], order[b]) <= 0) ? order[a++] : order[b++];
        }
        memcpy(order, other, (size_t)n * sizeof *order);
    }
}

static tp_tensor *unique_slices(tp_tensor *x, int dim, bool sorted, tp_tensor **inverse, tp_tensor **counts)
{
    tp_region *region = tp__region_current();
    if (inverse)
        *inverse = NULL;
    if (counts)
        *counts = NULL;
    if (!x)
        return tp__null_operand("unique");
    if (!region || (dim = tp__one_dimension(dim, x)) < 0)
        return NULL;
    if (x->layout != TP__DENSE || tp_dtype_is_half((tp_dtype)x->dtype))
        return tp__fail_null(TP_ERROR_UNSUPPORTED, "a CSR matrix or a half is not taken");
    x = tp_detach(x);
    x = x && !x->ndim ? tp_reshape(x, 1) : x;
    tp_tensor *moved = x ? tp_contiguous(tp_movedim(x, dim, 0)) : NULL;
    if (!moved)
        return NULL;
    const int64_t n = moved->shape[0], room = 2 * n;
    if (n && !moved->numel)
        return tp__fail_null(TP_ERROR_SHAPE, "there are %lld slices without an element", (long long)n);
    const rows r = {moved->data, (tp_dtype)moved->dtype, n ? moved->numel / n : 0};
    tp_tensor *memory = tp__tensor_new(region, TP_I64, 1, &room),
              *groups = tp__tensor_new(region, TP_I64, 1, &n), *sizes = tp__tensor_new(region, TP_I64, 1, &n),
              *first = tp__tensor_new(region, TP_I64, 1, &n);
    if (!memory || !groups || !sizes || !first)
        return NULL;
    int64_t *order = tp_data_i64(memory), found = 0;
    if (sorted)
        sort_rows(&r, n, order, order + n);
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = sorted ? order[i] : i;
        if (!i || compare(&r, sorted ? order[i - 1] : i - 1, at)) {
            tp_data_i64(first)[found] = at;
            tp_data_i64(sizes)[found++] = 0;
        }
        tp_data_i64(groups)[at] = found - 1;
        tp_data_i64(sizes)[found - 1]++;
    }
    first = tp_narrow(first, 0, 0, found);
    sizes = tp_narrow(sizes, 0, 0, found);
    tp_tensor *y = first && sizes ? tp_index_select(x, dim, first) : NULL;
    if (y && inverse)
        *inverse = groups;
    if (y && counts)
        *counts = sizes;
    return y;
}

tp_tensor *tp_unique_dim(tp_tensor *x, int dim, tp_tensor **inverse, tp_tensor **counts)
{
    TP_FRAME("unique");
    return unique_slices(x, dim, true, inverse, counts);
}

tp_tensor *tp_unique_consecutive_dim(tp_tensor *x, int dim, tp_tensor **inverse, tp_tensor **counts)
{
    TP_FRAME("unique_consecutive");
    return unique_slices(x, dim, false, inverse, counts);
}

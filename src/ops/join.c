/* Tensors joined and taken apart, and lists of tensors that fit each other: composites of cat, narrow,
 * select, expand and index_select. */
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "taper/shape.h"

#include <string.h>

/* An array for that many tensors in the current region. */
static tp_tensor **room_for(int64_t count)
{
    tp_region *region = tp__region_current();
    if (count > INT32_MAX)
        return tp__fail_null(TP_ERROR_SHAPE, "%lld tensors are too many", (long long)count);
    return region ? tp_region_alloc(region, ((size_t)count + 1) * sizeof(tp_tensor *)) : NULL;
}

/* What a function that gives an array returns. */
static tp_tensor **given(tp_tensor **tensors, int64_t count, int *n)
{
    for (int64_t i = 0; tensors && i < count; i++)
        if (!tensors[i])
            tensors = NULL;
    if (n)
        *n = tensors ? (int)count : 0;
    return tensors;
}

static bool is_list(tp_tensor *const *tensors, int n)
{
    if (!tensors || n < 1)
        return tp_fail(TP_ERROR_ARGUMENT, "expects a non-empty list of tensors"), false;
    for (int i = 0; i < n; i++)
        if (!tensors[i])
            return tp__null_argument("a tensor"), false;
    return true;
}

/* ---- Joining ---- */

tp_tensor *tp_hstack(tp_tensor *const *tensors, int n)
{
    TP_FRAME("hstack");
    tp_tensor **raised = is_list(tensors, n) ? room_for(n) : NULL;
    for (int i = 0; raised && i < n; i++)
        raised[i] = tensors[i]->ndim ? tensors[i] : tp_reshape(tensors[i], 1);
    return given(raised, n, NULL) ? tp_cat(raised, n, raised[0]->ndim > 1) : NULL;
}

tp_tensor *tp_vstack(tp_tensor *const *tensors, int n)
{
    TP_FRAME("vstack");
    tp_tensor **raised = is_list(tensors, n) ? room_for(n) : NULL;
    for (int i = 0; raised && i < n; i++)
        raised[i] = tensors[i]->ndim > 1 ? tensors[i] : tp_reshape(tensors[i], 1, -1);
    return given(raised, n, NULL) ? tp_cat(raised, n, 0) : NULL;
}

/* ---- Taking apart ---- */

static tp_tensor **pieces(tp_tensor *x, int dim, int64_t count, int64_t size, int *n)
{
    tp_tensor **parts = room_for(count);
    for (int64_t i = 0; parts && i < count; i++) {
        const int64_t left = x->shape[dim] - i * size;
        parts[i] =
            tp_narrow(x, dim, left > 0 ? i * size : x->shape[dim], left < size ? left > 0 ? left : 0 : size);
    }
    return given(parts, count, n);
}

tp_tensor **tp_split(tp_tensor *x, int64_t size, int dim, int *n)
{
    if (!x)
        return given(tp__null_operand(__func__), 0, n);
    TP_FRAME("split");
    dim = tp__dimension(dim, x->ndim);
    if (dim < 0)
        return given(NULL, 0, n);
    const int64_t length = x->shape[dim];
    if (size < 0 || (!size && length)) {
        tp_fail(TP_ERROR_ARGUMENT,
                size ? "expects split_size be non-negative, but got split_size=%lld"
                     : "split_size can only be 0 if dimension size is 0, but got dimension size of %lld",
                (long long)(size ? size : length));
        return given(NULL, 0, n);
    }
    return pieces(x, dim, length ? (length - 1) / size + 1 : 1, size, n);
}

tp_tensor **tp_split_sizes(tp_tensor *x, int n_sizes, const int64_t *sizes, int dim, int *n)
{
    if (!x)
        return given(tp__null_operand(__func__), 0, n);
    TP_FRAME("split");
    dim = tp__dimension(dim, x->ndim);
    if (dim < 0)
        return given(NULL, 0, n);
    int64_t sum = 0;
    bool fit = n_sizes >= 0 && (!n_sizes || sizes);
    for (int i = 0; fit && i < n_sizes; i++)
        fit = sizes[i] >= 0 && !__builtin_add_overflow(sum, sizes[i], &sum);
    if (!fit || sum != x->shape[dim]) {
        tp_fail(
            TP_ERROR_ARGUMENT,
            "split_with_sizes expects split_sizes to sum exactly to %lld (input tensor's size at dimension "
            "%d), and to have no negative one",
            (long long)x->shape[dim], dim);
        return given(NULL, 0, n);
    }
    tp_tensor **parts = room_for(n_sizes);
    int64_t start = 0;
    for (int i = 0; parts && i < n_sizes; start += sizes[i++])
        parts[i] = tp_narrow(x, dim, start, sizes[i]);
    return given(parts, n_sizes, n);
}

tp_tensor **tp_chunk(tp_tensor *x, int64_t chunks, int dim, int *n)
{
    if (!x)
        return given(tp__null_operand(__func__), 0, n);
    TP_FRAME("chunk");
    dim = tp__dimension(dim, x->ndim);
    if (dim < 0)
        return given(NULL, 0, n);
    if (chunks < 1) {
        tp_fail(TP_ERROR_ARGUMENT, "expects `chunks` to be greater than 0, got: %lld", (long long)chunks);
        return given(NULL, 0, n);
    }
    const int64_t length = x->shape[dim], size = length ? (length - 1) / chunks + 1 : 0;
    return pieces(x, dim, length ? (length - 1) / size + 1 : chunks, size, n);
}

tp_tensor **tp_unbind(tp_tensor *x, int dim, int *n)
{
    if (!x)
        return given(tp__null_operand(__func__), 0, n);
    TP_FRAME("unbind");
    dim = tp__dimension(dim, x->ndim);
    tp_tensor **parts = dim < 0 ? NULL : room_for(x->shape[dim]);
    for (int64_t i = 0; parts && i < x->shape[dim]; i++)
        parts[i] = tp_select(x, dim, i);
    return given(parts, dim < 0 ? 0 : x->shape[dim], n);
}

tp_tensor **tp_tensor_split(tp_tensor *x, int64_t sections, int dim, int *n)
{
    if (!x)
        return given(tp__null_operand(__func__), 0, n);
    TP_FRAME("tensor_split");
    dim = tp__dimension(dim, x->ndim);
    if (dim < 0)
        return given(NULL, 0, n);
    if (sections < 1) {
        tp_fail(TP_ERROR_ARGUMENT, "number of sections must be larger than 0, got %lld", (long long)sections);
        return given(NULL, 0, n);
    }
    tp_tensor **parts = room_for(sections);
    const int64_t size = x->shape[dim] / sections, larger = x->shape[dim] % sections;
    for (int64_t i = 0, start = 0; parts && i < sections; i++) {
        const int64_t length = size + (i < larger);
        parts[i] = tp_narrow(x, dim, start, length);
        start += length;
    }
    return given(parts, sections, n);
}

tp_tensor **tp_tensor_split_at(tp_tensor *x, int n_indices, const int64_t *indices, int dim, int *n)
{
    if (!x)
        return given(tp__null_operand(__func__), 0, n);
    TP_FRAME("tensor_split");
    dim = tp__dimension(dim, x->ndim);
    if (dim < 0)
        return given(NULL, 0, n);
    if (n_indices < 0 || (n_indices && !indices)) {
        tp_fail(TP_ERROR_ARGUMENT, "the list of indices has %d entries, or is NULL", n_indices);
        return given(NULL, 0, n);
    }
    tp_tensor **parts = room_for((int64_t)n_indices + 1);
    for (int i = 0; parts && i <= n_indices; i++)
        parts[i] = tp_slice(x, dim, i ? indices[i - 1] : 0, i < n_indices ? indices[i] : INT64_MAX, 1);
    return given(parts, (int64_t)n_indices + 1, n);
}

/* ---- Lists that fit each other ---- */

tp_tensor **tp_broadcast_tensors(tp_tensor *const *tensors, int count, int *n)
{
    TP_FRAME("broadcast_tensors");
    tp_result common;
    tp_tensor **wide = NULL;
    if (is_list(tensors, count) && tp__broadcast(count, tensors, &common) == TP_OK)
        wide = room_for(count);
    for (int i = 0; wide && i < count; i++)
        wide[i] = tp_expand_n(tensors[i], common.ndim, common.shape);
    return given(wide, count, n);
}

tp_tensor **tp_meshgrid(tp_tensor *const *tensors, int count, bool xy, int *n)
{
    TP_FRAME("meshgrid");
    int64_t shape[TP_MAX_DIMS];
    tp_tensor **grid = is_list(tensors, count) ? room_for(count) : NULL;
    if (grid && count > TP_MAX_DIMS) {
        tp_fail(TP_ERROR_SHAPE, "%d tensors make more than %d dimensions", count, TP_MAX_DIMS);
        grid = NULL;
    }
    for (int i = 0; grid && i < count; i++) {
        if (tensors[i]->ndim > 1 || tensors[i]->dtype != tensors[0]->dtype) {
            char text[TP__SHAPE_TEXT_SIZE];
            tp_fail(TP_ERROR_SHAPE,
                    "Expected 0D or 1D tensors of one dtype in the tensor list but tensor %d is %s %s", i,
                    tp_dtype_name((tp_dtype)tensors[i]->dtype),
                    tp__shape_text(text, sizeof text, tensors[i]->ndim, tensors[i]->shape));
            grid = NULL;
        } else {
            shape[i] = tensors[i]->numel;
        }
    }
    for (int i = 0; grid && i < count; i++) {
        int64_t own[TP_MAX_DIMS];
        for (int d = 0; d < count; d++)
            own[d] = d == i ? shape[d] : 1;
        grid[i] = tp_expand_n(tp_reshape_n(tensors[i], count, own), count, shape);
        if (xy && count > 1)
            grid[i] = tp_transpose(grid[i], 0, 1);
    }
    return given(grid, count, n);
}

/* ---- Each place several times ---- */

static tp_tensor *interleaved(tp_tensor *x, int dim, const int64_t *repeats, int64_t distance)
{
    int64_t total = 0;
    for (int64_t i = 0; i < x->shape[dim]; i++) {
        const int64_t n = repeats[i * distance];
        if (n < 0)
            return tp__fail_null(TP_ERROR_VALUE, "repeats can not be negative: entry %lld is %lld",
                                 (long long)(i * distance), (long long)n);
        if (__builtin_add_overflow(total, n, &total))
            return tp__fail_null(TP_ERROR_SHAPE, "the result has more elements than fit");
    }
    tp_tensor *from = tp__tensor_new(tp__region_current(), TP_I64, 1, &total);
    if (!from)
        return NULL;
    int64_t *place = tp_data_i64(from);
    for (int64_t i = 0; i < x->shape[dim]; i++)
        for (int64_t k = 0; k < repeats[i * distance]; k++)
            *place++ = i;
    return tp_index_select(x, dim, from);
}

tp_tensor *tp_repeat_interleave(tp_tensor *x, int64_t repeats, int dim)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("repeat_interleave");
    dim = tp__dimension(dim, x->ndim);
    return dim < 0 ? NULL : tp__named(interleaved(x, dim, &repeats, 0), "ViewBackward0");
}

tp_tensor *tp_repeat_interleave_by(tp_tensor *x, tp_tensor *repeats, int dim)
{
    if (!x || !repeats)
        return tp__null_argument("repeat_interleave: an operand"), NULL;
    TP_FRAME("repeat_interleave");
    dim = tp__dimension(dim, x->ndim);
    if (dim < 0)
        return NULL;
    if (repeats->dtype != TP_I64 && repeats->dtype != TP_I32)
        return tp__fail_null(TP_ERROR_DTYPE, "repeats has to be Long or Int tensor, not %s",
                             tp_dtype_name((tp_dtype)repeats->dtype));
    if (repeats->ndim > 1 || (repeats->numel != 1 && repeats->numel != x->shape[dim]))
        return tp__fail_null(
            TP_ERROR_SHAPE,
            "repeats must have the same size as input along dim, but got repeats.size(0) = %lld "
            "and input.size(%d) = %lld",
            (long long)repeats->numel, dim, (long long)x->shape[dim]);
    repeats = tp_contiguous(tp_to(tp_detach(repeats), TP_I64));
    return repeats ? interleaved(x, dim, tp_data_i64(repeats), repeats->numel != 1) : NULL;
}

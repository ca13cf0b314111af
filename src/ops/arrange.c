/* Views by other names, made of the views in views.c; and unfold, the view of all windows along a dimension.
 */
#include "ops/ops.h"
#include "taper/indexing.h"
#include "taper/shape.h"

#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

/* Bits of the named dimensions, or -1. */
static int bits_of(int n, const int *dims, int ndim)
{
    int bits = 0;
    if (n < 0 || (n && !dims)) {
        tp_fail(TP_ERROR_ARGUMENT, "the list of dimensions has %d entries, or is NULL", n);
        return -1;
    }
    for (int i = 0; i < n; i++) {
        const int d = tp__dimension(dims[i], ndim ? ndim : 1);
        if (d < 0)
            return -1;
        if (bits >> d & 1) {
            tp_fail(TP_ERROR_ARGUMENT, "dim %d appears multiple times in the list of dims", d);
            return -1;
        }
        bits |= 1 << d;
    }
    return bits;
}

tp_tensor *tp_movedim_n(tp_tensor *x, int n, const int *source, const int *destination)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("movedim");
    const int from = bits_of(n, source, x->ndim), to = from < 0 ? -1 : bits_of(n, destination, x->ndim);
    if (to < 0)
        return NULL;
    int64_t order[TP_MAX_DIMS] = {0};
    for (int i = 0; i < n && x->ndim; i++)
        order[tp__dimension(destination[i], x->ndim)] = tp__dimension(source[i], x->ndim);
    for (int d = 0, next = 0; d < x->ndim; d++) {
        if (to >> d & 1)
            continue;
        while (from >> next & 1)
            next++;
        order[d] = next++;
    }
    return tp_permute_n(x, x->ndim, order);
}

tp_tensor *tp_movedim(tp_tensor *x, int source, int destination)
{
    return tp_movedim_n(x, 1, &source, &destination);
}

tp_tensor *tp_swapaxes(tp_tensor *x, int dim0, int dim1)
{
    TP_FRAME("swapaxes");
    return tp_transpose(x, dim0, dim1);
}

tp_tensor *tp_unflatten_n(tp_tensor *x, int dim, int n, const int64_t *sizes)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("unflatten");
    dim = tp__dimension(dim, x->ndim);
    if (dim < 0)
        return NULL;
    if (n < 1 || !sizes || x->ndim - 1 + n > TP_MAX_DIMS)
        return tp__fail_null(TP_ERROR_SHAPE, "sizes must be non-empty, and make no more than %d dimensions",
                             TP_MAX_DIMS);
    int64_t shape[TP_MAX_DIMS], known = 1;
    int open = -1;
    bool fits = true;
    for (int i = 0; i < n; i++) {
        if (sizes[i] == -1 && open < 0)
            open = i;
        else
            fits = fits && sizes[i] >= 0 && !__builtin_mul_overflow(known, sizes[i], &known);
    }
    const int64_t size = x->shape[dim];
    fits = fits && (open < 0 ? known == size : known && size % known == 0);
    char text[TP__SHAPE_TEXT_SIZE];
    if (!fits)
        return tp__fail_null(
            TP_ERROR_SHAPE,
            "Provided sizes %s don't multiply up to the size of dim %d (%lld) in the input tensor",
            tp__shape_text(text, sizeof text, n, sizes), dim, (long long)size);
    for (int d = 0; d < x->ndim - 1 + n; d++)
        shape[d] = d < dim ? x->shape[d] : d >= dim + n ? x->shape[d - n + 1] : sizes[d - dim];
    if (open >= 0)
        shape[dim + open] = size / known;
    return tp_view_n(x, x->ndim - 1 + n, shape);
}

tp_tensor *tp_squeeze_n(tp_tensor *x, int n, const int *dims)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("squeeze");
    const int bits = bits_of(n, dims, x->ndim);
    if (bits < 0)
        return NULL;
    int64_t shape[TP_MAX_DIMS];
    int left = 0;
    for (int d = 0; d < x->ndim; d++)
        if (!(bits >> d & 1) || x->shape[d] != 1)
            shape[left++] = x->shape[d];
    return tp__named(tp_view_n(x, left, shape), "SqueezeBackward2");
}

tp_tensor *tp_expand_as(tp_tensor *x, const tp_tensor *like)
{
    if (!x || !like)
        return tp__null_argument("expand_as: an operand"), NULL;
    TP_FRAME("expand_as");
    return tp_expand_n(x, like->ndim, like->shape);
}

/* ---- unfold ---- */

typedef struct windows {
    int dim;
    int64_t size, step;
} windows;
#define WINDOWS(...) \
    &(const windows) \
    {                \
        __VA_ARGS__  \
    }

static tp_status infer_unfold(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const windows *w = call->attributes;
    tp_result *r = call->results;
    if (x->ndim == TP_MAX_DIMS)
        return tp_fail(TP_ERROR_SHAPE, "a tensor has at most %d dimensions", TP_MAX_DIMS);
    TP__TRY(tp__require_dim(x, w->dim, false));
    if (w->size < 0 || w->size > x->shape[w->dim])
        return tp_fail(TP_ERROR_ARGUMENT, "maximum size for tensor at dimension %d is %lld but size is %lld",
                       w->dim, (long long)x->shape[w->dim], (long long)w->size);
    if (w->step < 1)
        return tp_fail(TP_ERROR_ARGUMENT, "step is %lld but must be > 0", (long long)w->step);
    tp__result_like(r, (tp_dtype)x->dtype, x);
    r->view = true;
    r->offset = 0;
    r->ndim++;
    memcpy(r->strides, x->strides, (size_t)x->ndim * sizeof(int64_t));
    r->shape[x->ndim] = w->size;
    r->strides[x->ndim] = x->strides[w->dim];
    r->shape[w->dim] = (x->shape[w->dim] - w->size) / w->step + 1;
    r->strides[w->dim] = r->shape[w->dim] == 1 ? x->strides[w->dim] : x->strides[w->dim] * w->step;
    return TP_OK;
}

/* Each place of a window is added to where it came from. */
static tp_status backward_unfold(tp_backward_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const windows *w = call->attributes;
    tp_tensor *g = call->grad_outputs[0];
    const int64_t count = g->shape[w->dim], places = count * w->size;
    tp_tensor *at = tp__tensor_new(tp__region_current(), TP_I64, 1, &places);
    tp_tensor *zeros = tp_zeros_n((tp_dtype)g->dtype, x->ndim, x->shape);
    if (!at || !zeros)
        return TP_ERROR_MEMORY;
    for (int64_t i = 0; i < places; i++)
        tp_data_i64(at)[i] = i / w->size * w->step + i % w->size;
    int64_t shape[TP_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++)
        shape[d] = d == w->dim ? places : x->shape[d];
    g = tp_reshape_n(tp_movedim(g, -1, w->dim + 1), x->ndim, shape);
    call->grad_inputs[0] = tp_index_add(zeros, w->dim, at, g, 1);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_unfold = {
    .name = "unfold",
    .moves = true,
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(windows),
    .infer = infer_unfold,
    .backward = backward_unfold,
    .documentation = "All windows along a dimension.",
    .samples =
        SAMPLES({"f64[7,2]", WINDOWS(0, 3, 2), NULL}, {"f64[2,5]", WINDOWS(1, 2, 1), NULL},
                {"f64[3]", WINDOWS(0, 0, 2), NULL},
                {"f64[3]", WINDOWS(0, 4, 1), "maximum size for tensor at dimension 0 is 3 but size is 4"},
                {"f64[3]", WINDOWS(0, 2, 0), "step is 0 but must be > 0"},
                {"f64[3]", WINDOWS(1, 2, 1), "there is no dimension 1 of 1"}),
};

tp_tensor *tp_unfold(tp_tensor *x, int dim, int64_t size, int64_t step)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("unfold");
    const windows w = {tp__dimension(dim, x->ndim), size, step};
    return w.dim < 0 ? NULL : tp_apply(&tp__op_unfold, &x, 1, &w);
}

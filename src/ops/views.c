/* Views: other shapes and strides over the same elements. Each gradient is the opposite view. */
#include "ops/elementwise.h"
#include "ops/ops.h"

#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }
#define ATTRIBUTES(type, ...) \
    &(const type)             \
    {                         \
        __VA_ARGS__           \
    }

typedef struct dims {
    int n;
    int64_t sizes[TP_MAX_DIMS];
} dims;

typedef struct range {
    int dim;
    int64_t start, length, step;
} range;

static void same_strides(tp_result *result, const tp_tensor *x)
{
    result->dtype = (tp_dtype)x->dtype;
    result->view = true;
    result->offset = 0;
    result->ndim = x->ndim;
    memcpy(result->shape, x->shape, (size_t)x->ndim * sizeof(int64_t));
    memcpy(result->strides, x->strides, (size_t)x->ndim * sizeof(int64_t));
}

static tp_tensor *one_gradient(tp_backward_call *call)
{
    return call->grad_outputs[0];
}

static tp_status give(tp_backward_call *call, tp_tensor *gradient)
{
    call->grad_inputs[0] = gradient;
    return gradient ? TP_OK : tp__ctx.error;
}

/* The gradient of everything that only renames places: the same elements in the input's shape. */
static tp_status reshape_back(tp_backward_call *call)
{
    return give(call, tp_reshape_n(one_gradient(call), call->inputs[0]->ndim, call->inputs[0]->shape));
}

/* ---- view and reshape ---- */

/* Fills in a size of -1, and checks the count. */
static tp_status resolve_shape(const tp_tensor *x, const dims *asked, int64_t *shape)
{
    int64_t known = 1;
    int free_dim = -1;
    for (int d = 0; d < asked->n; d++) {
        shape[d] = asked->sizes[d];
        if (shape[d] == -1 && free_dim < 0)
            free_dim = d;
        else if (shape[d] < 0)
            return tp_fail(TP_ERROR_SHAPE, "invalid shape dimension %lld", (long long)shape[d]);
        else if (__builtin_mul_overflow(known, shape[d], &known))
            return tp_fail(TP_ERROR_SHAPE, "the shape has more elements than fit");
    }
    if (free_dim >= 0 && known && x->numel % known == 0) {
        shape[free_dim] = x->numel / known;
        return TP_OK;
    }
    if (free_dim < 0 && known == x->numel)
        return TP_OK;
    char text[TP__SHAPE_TEXT_SIZE];
    return tp_fail(TP_ERROR_SHAPE, "shape '%s' is invalid for input of size %lld",
                   tp__shape_text(text, sizeof text, asked->n, asked->sizes), (long long)x->numel);
}

/* Strides that show x in `shape`, if there are any: each run of x's dimensions that lie evenly in memory is
 * cut anew. */
static bool strides_for(const tp_tensor *x, int ndim, const int64_t *shape, int64_t *strides)
{
    if (x->contiguous || !x->numel) {
        tp__contiguous_strides(ndim, shape, strides);
        return true;
    }
    int to = ndim - 1;
    int64_t run = 1, base = x->ndim ? x->strides[x->ndim - 1] : 1, filled = 1;
    for (int d = x->ndim - 1; d >= 0; d--) {
        run *= x->shape[d];
        const bool ends = d == 0 || (x->shape[d - 1] != 1 && x->strides[d - 1] != run * base);
        if (!ends)
            continue;
        while (to >= 0 && (filled < run || shape[to] == 1)) {
            strides[to] = filled * base;
            filled *= shape[to];
            to--;
        }
        if (filled != run)
            return false;
        if (d > 0) {
            base = x->strides[d - 1];
            run = filled = 1;
        }
    }
    return to == -1;
}

static tp_status infer_view(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const dims *asked = call->attributes;
    tp_result *r = call->results;
    TP__TRY(tp__require_rank(asked->n));
    same_strides(r, x);
    r->ndim = asked->n;
    TP__TRY(resolve_shape(x, asked, r->shape));
    if (strides_for(x, r->ndim, r->shape, r->strides))
        return TP_OK;
    return tp_fail(TP_ERROR_STATE,
                   "view size is not compatible with input tensor's size and stride (at least one "
                   "dimension spans across two contiguous subspaces). Use tp_reshape instead");
}

const tp_op tp__op_view = {
    .name = "view",
    .moves = true,
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(dims),
    .infer = infer_view,
    .backward = reshape_back,
    .documentation = "The same elements in another shape.",
    .samples = SAMPLES({"f64[2,6]", ATTRIBUTES(dims, 3, {3, -1, 2}), NULL},
                       {"f64[2,3]", ATTRIBUTES(dims, 1, {5}), "shape '[5]' is invalid for input of size 6"}),
};

static bool fill_dims(dims *attributes, int n, const int64_t *sizes)
{
    if (n < 0 || n > TP_MAX_DIMS || (n && !sizes)) {
        tp_fail(TP_ERROR_SHAPE, "a tensor has 0 to %d dimensions, not %d", TP_MAX_DIMS, n);
        return false;
    }
    *attributes = (dims){.n = n};
    for (int d = 0; d < n; d++)
        attributes->sizes[d] = sizes[d];
    return true;
}

tp_tensor *tp_view_n(tp_tensor *x, int ndim, const int64_t *shape)
{
    dims attributes;
    if (!x)
        return tp__null_operand(__func__);
    return fill_dims(&attributes, ndim, shape) ? tp_apply(&tp__op_view, &x, 1, &attributes) : NULL;
}

tp_tensor *tp_reshape_n(tp_tensor *x, int ndim, const int64_t *shape)
{
    dims attributes;
    int64_t sizes[TP_MAX_DIMS], strides[TP_MAX_DIMS];
    if (!x)
        return tp__null_operand(__func__);
    if (!fill_dims(&attributes, ndim, shape))
        return NULL;
    TP_FRAME("reshape");
    if (resolve_shape(x, &attributes, sizes) != TP_OK)
        return NULL;
    if (strides_for(x, ndim, sizes, strides))
        return tp_apply(&tp__op_view, &x, 1, &attributes);
    x = tp_clone(x);
    return x ? tp__named(tp_apply(&tp__op_view, &x, 1, &attributes), "UnsafeViewBackward0") : NULL;
}

tp_tensor *tp_flatten(tp_tensor *x, int start, int end)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("flatten");
    const int ndim = x->ndim ? x->ndim : 1; /* a scalar counts as one dimension here */
    start = tp__dimension(start, ndim);
    end = tp__dimension(end, ndim);
    if (start < 0 || end < 0)
        return NULL;
    if (start > end)
        return tp__fail_null(TP_ERROR_INDEX, "start %d is behind end %d", start, end);
    int64_t shape[TP_MAX_DIMS] = {1};
    int n = x->ndim == 0;
    for (int d = 0; d < x->ndim; d++) {
        if (d > start && d <= end)
            shape[n - 1] *= x->shape[d];
        else
            shape[n++] = x->shape[d];
    }
    return tp_reshape_n(x, n, shape);
}

/* ---- permute, transpose, t ---- */

static tp_status infer_permute(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const dims *order = call->attributes;
    tp_result *r = call->results;
    same_strides(r, x);
    if (order->n != x->ndim)
        return tp_fail(TP_ERROR_SHAPE, "%d dimensions are named, and the tensor has %d", order->n, x->ndim);
    unsigned seen = 0;
    for (int d = 0; d < order->n; d++) {
        const int64_t named = order->sizes[d];
        const int from =
            tp__dimension(named < -TP_MAX_DIMS || named > TP_MAX_DIMS ? TP_MAX_DIMS : (int)named, x->ndim);
        if (from < 0)
            return TP_ERROR_INDEX;
        if (seen >> from & 1)
            return tp_fail(TP_ERROR_ARGUMENT, "dimension %d is named twice", from);
        seen |= 1u << from;
        r->shape[d] = x->shape[from];
        r->strides[d] = x->strides[from];
    }
    return TP_OK;
}

static tp_status permute_back(tp_backward_call *call)
{
    const dims *order = call->attributes;
    int64_t inverse[TP_MAX_DIMS] = {0};
    for (int d = 0; d < order->n; d++)
        inverse[order->sizes[d] < 0 ? order->sizes[d] + order->n : order->sizes[d]] = d;
    return give(call, tp_permute_n(one_gradient(call), order->n, inverse));
}

#define PERMUTING(record, its_name, its_documentation, ...)   \
    const tp_op record = {.name = its_name,                   \
                          .moves = true,                      \
                          .n_inputs = 1,                      \
                          .n_outputs = 1,                     \
                          .attributes_size = sizeof(dims),    \
                          .infer = infer_permute,             \
                          .backward = permute_back,           \
                          .documentation = its_documentation, \
                          .samples = SAMPLES(__VA_ARGS__)}

PERMUTING(tp__op_permute, "permute", "Dimensions in another order.",
          {"f64[2,3,4]", ATTRIBUTES(dims, 3, {2, 0, -2}), NULL},
          {"f64[2,3]", ATTRIBUTES(dims, 2, {0, 0}), "dimension 0 is named twice"});
PERMUTING(tp__op_transpose, "transpose", "Two dimensions change places.",
          {"f64[2,3,4]", ATTRIBUTES(dims, 3, {2, 1, 0}), NULL});
PERMUTING(tp__op_t, "t", "The transpose of a matrix.", {"f64[2,3]", ATTRIBUTES(dims, 2, {1, 0}), NULL});

tp_tensor *tp_permute_n(tp_tensor *x, int n, const int64_t *order)
{
    dims attributes;
    if (!x)
        return tp__null_operand(__func__);
    return fill_dims(&attributes, n, order) ? tp_apply(&tp__op_permute, &x, 1, &attributes) : NULL;
}

static tp_tensor *swap(const tp_op *op, tp_tensor *x, int dim0, int dim1)
{
    dims attributes = {.n = x->ndim};
    for (int d = 0; d < x->ndim; d++)
        attributes.sizes[d] = d == dim0 ? dim1 : d == dim1 ? dim0 : d;
    return tp_apply(op, &x, 1, &attributes);
}

tp_tensor *tp_transpose(tp_tensor *x, int dim0, int dim1)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("transpose");
    dim0 = tp__dimension(dim0, x->ndim ? x->ndim : 1);
    dim1 = tp__dimension(dim1, x->ndim ? x->ndim : 1);
    return dim0 < 0 || dim1 < 0 ? NULL : swap(&tp__op_transpose, x, dim0, dim1);
}

tp_tensor *tp_t(tp_tensor *x)
{
    if (!x)
        return tp__null_operand(__func__);
    if (x->ndim > 2)
        return tp__fail_null(TP_ERROR_SHAPE, "t: expects a tensor with <= 2 dimensions, but self is %dD",
                             x->ndim);
    return swap(&tp__op_t, x, x->ndim - 2, x->ndim - 1);
}

/* ---- squeeze and unsqueeze ---- */

/* Attributes of squeeze: the dimension, or none for all of size 1. */
static tp_status infer_squeeze(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const int *dim = call->attributes;
    tp_result *r = call->results;
    same_strides(r, x);
    r->ndim = 0;
    for (int d = 0; d < x->ndim; d++) {
        if (x->shape[d] == 1 && (!dim || *dim == d))
            continue;
        r->shape[r->ndim] = x->shape[d];
        r->strides[r->ndim++] = x->strides[d];
    }
    return TP_OK;
}

const tp_op tp__op_squeeze = {
    .name = "squeeze",
    .moves = true,
    .node_name = "SqueezeBackward1",
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(int),
    .infer = infer_squeeze,
    .backward = reshape_back,
    .documentation = "Without one dimension of size 1.",
    .samples = SAMPLES({"f64[2,1,3]", ATTRIBUTES(int, 1), NULL}, {"f64[2,1]", ATTRIBUTES(int, 0), NULL}),
};

const tp_op tp__op_squeeze_all = {
    .name = "squeeze",
    .moves = true,
    .node_name = "SqueezeBackward0",
    .n_inputs = 1,
    .n_outputs = 1,
    .infer = infer_squeeze,
    .backward = reshape_back,
    .documentation = "Without all dimensions of size 1.",
    .samples = SAMPLES({"f64[1,2,1,3]", NULL, NULL}, {"f64[1]", NULL, NULL}),
};

tp_tensor *tp_squeeze(tp_tensor *x, int dim)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("squeeze");
    dim = x->ndim ? tp__dimension(dim, x->ndim) : tp__dimension(dim, 1);
    return dim < 0 ? NULL : tp_apply(&tp__op_squeeze, &x, 1, &dim);
}

tp_tensor *tp_squeeze_all(tp_tensor *x)
{
    return tp_apply(&tp__op_squeeze_all, &x, 1, NULL);
}

static tp_status infer_unsqueeze(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const int dim = *(const int *)call->attributes;
    tp_result *r = call->results;
    same_strides(r, x);
    if (x->ndim == TP_MAX_DIMS)
        return tp_fail(TP_ERROR_SHAPE, "a tensor has at most %d dimensions", TP_MAX_DIMS);
    if (dim < 0 || dim > x->ndim)
        return tp_fail(TP_ERROR_INDEX, "the new dimension is one of 0 to %d, not %d", x->ndim, dim);
    for (int d = x->ndim; d > dim; d--) {
        r->shape[d] = r->shape[d - 1];
        r->strides[d] = r->strides[d - 1];
    }
    r->strides[dim] = dim < x->ndim ? r->shape[dim + 1] * r->strides[dim + 1] : 1;
    r->shape[dim] = 1;
    r->ndim++;
    return TP_OK;
}

const tp_op tp__op_unsqueeze = {
    .name = "unsqueeze",
    .moves = true,
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(int),
    .infer = infer_unsqueeze,
    .backward = reshape_back,
    .documentation = "With one more dimension, of size 1.",
    .samples = SAMPLES({"f64[2,3]", ATTRIBUTES(int, 1), NULL}, {"f64[]", ATTRIBUTES(int, 0), NULL}),
};

tp_tensor *tp_unsqueeze(tp_tensor *x, int dim)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("unsqueeze");
    dim = tp__dimension(dim, x->ndim + 1);
    return dim < 0 ? NULL : tp_apply(&tp__op_unsqueeze, &x, 1, &dim);
}

/* ---- expand ---- */

static tp_status infer_expand(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const dims *asked = call->attributes;
    tp_result *r = call->results;
    TP__TRY(tp__require_rank(asked->n));
    same_strides(r, x);
    r->ndim = asked->n;
    const int extra = asked->n - x->ndim;
    if (extra < 0)
        return tp_fail(
            TP_ERROR_SHAPE,
            "the number of sizes provided (%d) must be greater or equal to the number of dimensions in the "
            "tensor (%d)",
            asked->n, x->ndim);
    for (int d = 0; d < asked->n; d++) {
        const int64_t own = d < extra ? 1 : x->shape[d - extra];
        const int64_t size = asked->sizes[d] == -1 && d >= extra ? own : asked->sizes[d];
        char to[TP__SHAPE_TEXT_SIZE], from[TP__SHAPE_TEXT_SIZE];
        if (size < 0 || (own != 1 && own != size))
            return tp_fail(TP_ERROR_SHAPE,
                           "The expanded size of the tensor (%lld) must match the existing size (%lld) at "
                           "non-singleton dimension %d.  Target sizes: %s.  Tensor sizes: %s",
                           (long long)size, (long long)own, d,
                           tp__shape_text(to, sizeof to, asked->n, asked->sizes),
                           tp__shape_text(from, sizeof from, x->ndim, x->shape));
        r->shape[d] = size;
        r->strides[d] = d < extra || (own == 1 && size != 1) ? 0 : x->strides[d - extra];
    }
    return TP_OK;
}

static tp_status expand_back(tp_backward_call *call)
{
    return give(call, tp__reduce_to(one_gradient(call), call->inputs[0]));
}

const tp_op tp__op_expand = {
    .name = "expand",
    .moves = true,
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(dims),
    .infer = infer_expand,
    .backward = expand_back,
    .documentation = "Dimensions of size 1 repeated without a copy.",
    .samples = SAMPLES({"f64[2,1]", ATTRIBUTES(dims, 3, {4, -1, 3}), NULL},
                       {"f64[2,3]", ATTRIBUTES(dims, 2, {4, 3}),
                        "The expanded size of the tensor (4) must match the existing size (2)"}),
};

tp_tensor *tp_expand_n(tp_tensor *x, int ndim, const int64_t *shape)
{
    dims attributes;
    if (!x)
        return tp__null_operand(__func__);
    return fill_dims(&attributes, ndim, shape) ? tp_apply(&tp__op_expand, &x, 1, &attributes) : NULL;
}

/* ---- slice, narrow, select ---- */

/* Whether the places of `a` are within `size`. */
static tp_status check_range(const range *a, int64_t size)
{
    if (a->start >= 0 && a->length >= 0 && a->step >= 1 &&
        (!a->length || (a->start < size && a->length - 1 <= (size - 1 - a->start) / a->step)))
        return TP_OK;
    return tp_fail(TP_ERROR_INDEX, "%lld places from %lld in steps of %lld are not within a size of %lld",
                   (long long)a->length, (long long)a->start, (long long)a->step, (long long)size);
}

static tp_status infer_slice(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const range *a = call->attributes;
    tp_result *r = call->results;
    TP__TRY(tp__require_dim(x, a->dim, false));
    TP__TRY(check_range(a, x->shape[a->dim]));
    same_strides(r, x);
    r->shape[a->dim] = a->length;
    r->offset = a->length ? a->start * x->strides[a->dim] : 0;
    if (a->length > 1)
        r->strides[a->dim] *= a->step;
    return TP_OK;
}

static tp_status slice_back(tp_backward_call *call)
{
    const range *a = call->attributes;
    return give(
        call, tp__slice_back(one_gradient(call), a->dim, call->inputs[0]->shape[a->dim], a->start, a->step));
}

const tp_op tp__op_slice = {
    .name = "slice",
    .moves = true,
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(range),
    .infer = infer_slice,
    .backward = slice_back,
    .documentation = "Places of one dimension at even distances.",
    .samples = SAMPLES({"f64[5,3]", ATTRIBUTES(range, 0, 1, 2, 2), NULL},
                       {"f64[2,4]", ATTRIBUTES(range, 1, 1, 3, 1), NULL}),
};

tp_tensor *tp_slice(tp_tensor *x, int dim, int64_t start, int64_t end, int64_t step)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("slice");
    dim = tp__dimension(dim, x->ndim);
    if (dim < 0)
        return NULL;
    if (step < 1)
        return tp__fail_null(TP_ERROR_ARGUMENT, "step must be positive, not %lld", (long long)step);
    const int64_t size = x->shape[dim];
    start = start < 0 ? start + size : start;
    end = end < 0 ? end + size : end;
    start = start < 0 ? 0 : start > size ? size : start;
    end = end < start ? start : end > size ? size : end;
    return tp_apply(&tp__op_slice, &x, 1,
                    &(range){dim, start, end == start ? 0 : (end - start - 1) / step + 1, step});
}

tp_tensor *tp_narrow(tp_tensor *x, int dim, int64_t start, int64_t length)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("narrow");
    dim = tp__dimension(dim, x->ndim);
    if (dim < 0)
        return NULL;
    if (start < 0)
        start += x->shape[dim];
    if (length < 0 || start < 0 || start > x->shape[dim] || length > x->shape[dim] - start)
        return tp__fail_null(TP_ERROR_INDEX, "start (%lld) + length (%lld) exceeds dimension size (%lld)",
                             (long long)start, (long long)length, (long long)x->shape[dim]);
    return tp_apply(&tp__op_slice, &x, 1, &(range){dim, start, length, 1});
}

static tp_status infer_select(tp_call *call)
{
    const range *a = call->attributes;
    tp_result *r = call->results;
    TP__TRY(infer_slice(call));
    if (a->length != 1)
        return tp_fail(TP_ERROR_ARGUMENT, "is of one place, not of %lld", (long long)a->length);
    r->ndim--;
    for (int d = a->dim; d < r->ndim; d++) {
        r->shape[d] = r->shape[d + 1];
        r->strides[d] = r->strides[d + 1];
    }
    return TP_OK;
}

static tp_status select_back(tp_backward_call *call)
{
    const range *a = call->attributes;
    return give(call, tp__slice_back(tp_unsqueeze(one_gradient(call), a->dim), a->dim,
                                     call->inputs[0]->shape[a->dim], a->start, 1));
}

const tp_op tp__op_select = {
    .name = "select",
    .moves = true,
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(range),
    .infer = infer_select,
    .backward = select_back,
    .documentation = "One place of one dimension.",
    .samples = SAMPLES({"f64[2,3,4]", ATTRIBUTES(range, 1, 2, 1, 1), NULL},
                       {"f64[3]", ATTRIBUTES(range, 0, 0, 1, 1), NULL}),
};

tp_tensor *tp_select(tp_tensor *x, int dim, int64_t index)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("select");
    if (!x->ndim)
        return tp__fail_null(TP_ERROR_INDEX, "cannot be applied to a 0-dim tensor");
    dim = tp__dimension(dim, x->ndim);
    if (dim < 0)
        return NULL;
    const int64_t place = index < 0 ? index + x->shape[dim] : index;
    if (place < 0 || place >= x->shape[dim])
        return tp__fail_null(TP_ERROR_INDEX, "index %lld is out of bounds for dimension %d with size %lld",
                             (long long)index, dim, (long long)x->shape[dim]);
    return tp_apply(&tp__op_select, &x, 1, &(range){dim, place, 1, 1});
}

/* ---- the inverse of slice ---- */

/* Attributes: length is the size of the dimension that comes out. */
static tp_status infer_slice_back(tp_call *call)
{
    const range *a = call->attributes;
    const tp_tensor *x = call->inputs[0];
    tp_result *r = call->results;
    TP__TRY(tp__require_dim(x, a->dim, false));
    TP__TRY(check_range(&(range){a->dim, a->start, x->shape[a->dim], a->step}, a->length));
    same_strides(r, x);
    r->view = false;
    r->shape[a->dim] = a->length;
    return TP_OK;
}

static tp_status forward_slice_back(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const range *a = call->attributes;
    tp_tensor *out = call->outputs[0];
    memset(out->data, 0, (size_t)out->numel * tp_dtype_size((tp_dtype)out->dtype));
    int64_t strides[TP_MAX_DIMS];
    memcpy(strides, out->strides, sizeof strides);
    if (x->shape[a->dim] > 1)
        strides[a->dim] *= a->step;
    if (!x->numel)
        return TP_OK;
    tp_tensor *target = tp__tensor_view(out, x->ndim, x->shape, strides, a->start * out->strides[a->dim]);
    if (!target)
        return TP_ERROR_MEMORY;
    tp__copy_elements(x, target);
    return TP_OK;
}

static tp_status slice_back_back(tp_backward_call *call)
{
    const range *a = call->attributes;
    tp_tensor *g = one_gradient(call);
    return give(call, tp_apply(&tp__op_slice, &g, 1,
                               &(range){a->dim, a->start, call->inputs[0]->shape[a->dim], a->step}));
}

const tp_op tp__op_slice_back = {
    .name = "slice_backward",
    .moves = true,
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(range),
    .infer = infer_slice_back,
    .forward = forward_slice_back,
    .backward = slice_back_back,
    .documentation = "Zeros with a tensor put at even distances along one dimension.",
    .samples = SAMPLES({"f64[2,3]", ATTRIBUTES(range, 0, 1, 5, 2), NULL}),
};

tp_tensor *tp__slice_back(tp_tensor *x, int dim, int64_t size, int64_t start, int64_t step)
{
    return tp_apply(&tp__op_slice_back, &x, 1, &(range){dim, start, size, step});
}

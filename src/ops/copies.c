/* Copies: clone, conversion of the dtype, choosing between tensors, joining them. */
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

void tp__result_like(tp_result *result, tp_dtype dtype, const tp_tensor *like)
{
    result->dtype = dtype;
    result->view = false;
    result->ndim = like->ndim;
    memcpy(result->shape, like->shape, (size_t)like->ndim * sizeof(int64_t));
}

tp_status tp__require_float(const tp_tensor *t, const char *what)
{
    if (tp_dtype_is_float((tp_dtype)t->dtype))
        return TP_OK;
    return tp_fail(TP_ERROR_DTYPE, "%s must have a floating dtype, not %s", what,
                   tp_dtype_name((tp_dtype)t->dtype));
}

tp_status tp__require_dims(const tp_tensor *t, const char *what, int ndim)
{
    if (t->ndim == ndim)
        return TP_OK;
    return tp_fail(TP_ERROR_SHAPE, "%s must have %d dimensions, not %d", what, ndim, t->ndim);
}

tp_status tp__require_dim(const tp_tensor *t, int dim, bool scalar)
{
    if (dim >= 0 && dim < (scalar && !t->ndim ? 1 : t->ndim))
        return TP_OK;
    return tp_fail(TP_ERROR_INDEX, "there is no dimension %d of %d", dim, t->ndim);
}

tp_status tp__require_shape(const tp_tensor *t, const char *what, int ndim, const int64_t *shape)
{
    bool same = t->ndim == ndim;
    for (int d = 0; same && d < ndim; d++)
        same = t->shape[d] == shape[d];
    if (same)
        return TP_OK;
    char is[TP__SHAPE_TEXT_SIZE], should[TP__SHAPE_TEXT_SIZE];
    return tp_fail(TP_ERROR_SHAPE, "%s must have the shape %s, not %s", what,
                   tp__shape_text(should, sizeof should, ndim, shape),
                   tp__shape_text(is, sizeof is, t->ndim, t->shape));
}

tp_status tp__require_rank(int ndim)
{
    return ndim >= 0 && ndim <= TP_MAX_DIMS
               ? TP_OK
               : tp_fail(TP_ERROR_SHAPE, "a tensor has 0 to %d dimensions, not %d", TP_MAX_DIMS, ndim);
}

tp_status tp__require_choice(int value, const char *what, int last)
{
    return value >= 0 && value <= last ? TP_OK : tp_fail(TP_ERROR_ARGUMENT, "%d is no %s", value, what);
}

static tp_status infer_clone(tp_call *call)
{
    tp__result_like(call->results, (tp_dtype)call->inputs[0]->dtype, call->inputs[0]);
    return TP_OK;
}

static tp_status copy(tp_call *call)
{
    tp__copy_elements(call->inputs[0], call->outputs[0]);
    return TP_OK;
}

static tp_status pass_gradient(tp_backward_call *call)
{
    call->grad_inputs[0] = tp_to(call->grad_outputs[0], (tp_dtype)call->inputs[0]->dtype);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_clone = {
    .name = "clone",
    .moves = true,
    .n_inputs = 1,
    .n_outputs = 1,
    .infer = infer_clone,
    .forward = copy,
    .backward = pass_gradient,
    .documentation = "A copy with row-major strides.",
    .samples = SAMPLES({"f64[2,3]", NULL, NULL}, {"f64[]", NULL, NULL}),
};

tp_tensor *tp_clone(tp_tensor *x)
{
    return tp_apply(&tp__op_clone, &x, 1, NULL);
}

tp_tensor *tp_contiguous(tp_tensor *x)
{
    if (!x)
        return tp__null_operand(__func__);
    return x->contiguous || x->layout == TP__CSR ? x : tp_clone(x);
}

static tp_status infer_to(tp_call *call)
{
    const tp_dtype dtype = *(const tp_dtype *)call->attributes;
    TP__TRY(tp__require_choice((int)dtype, "dtype", TP_DTYPES - 1));
    tp__result_like(call->results, dtype, call->inputs[0]);
    return TP_OK;
}

const tp_op tp__op_to = {
    .name = "to",
    .moves = true,
    .node_name = "ToCopyBackward0",
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(tp_dtype),
    .infer = infer_to,
    .forward = copy,
    .backward = pass_gradient,
    .documentation = "The same values in another dtype.",
    .samples = SAMPLES({"f64[2,3]", &(const tp_dtype){TP_F64}, NULL},
                       {"f64[2,3]", &(const tp_dtype){TP_DTYPES}, "is no dtype"}),
};

const tp_op *const tp__op_convert = &tp__op_to;

static tp_tensor *csr_to(tp_tensor *x, tp_dtype dtype)
{
    if (tp__refuse_half(dtype, "to: a CSR matrix") != TP_OK)
        return NULL;
    tp_tensor *old = tp_csr_values(x);
    tp_tensor *values = tp_to(old, dtype);
    return values ? tp__tensor_csr(tp__region_current(), dtype, x->shape[0], x->shape[1], x->stored,
                                   x->csr->row_starts, x->csr->columns, values->data)
                  : NULL;
}

tp_tensor *tp_to(tp_tensor *x, tp_dtype dtype)
{
    if (!x)
        return tp__null_operand(__func__);
    if (x->dtype == dtype)
        return x;
    if ((unsigned)dtype >= TP_DTYPES)
        return tp__fail_null(TP_ERROR_DTYPE, "to: %d is no dtype", (int)dtype);
    return x->layout == TP__CSR ? csr_to(x, dtype) : tp_apply(&tp__op_to, &x, 1, &dtype);
}

/* ---- where ---- */

static tp_status infer_where(tp_call *call)
{
    if (call->inputs[0]->dtype != TP_BOOL)
        return tp_fail(TP_ERROR_DTYPE,
                       "expected condition to be a boolean tensor, but got a tensor with dtype %s",
                       tp_dtype_name((tp_dtype)call->inputs[0]->dtype));
    call->results->dtype = tp__result_type(2, call->inputs + 1);
    return tp__broadcast(3, call->inputs, call->results);
}

static tp_status forward_where(tp_call *call)
{
    const tp_dtype dtype = (tp_dtype)call->outputs[0]->dtype;
    const tp_dtype dtypes[3] = {TP_BOOL, dtype, dtype};
    tp__elementwise_run(tp__elementwise()->where[dtype], 3, (const tp_tensor *const *)call->inputs, dtype,
                        dtypes, call->outputs[0]);
    return TP_OK;
}

static tp_status backward_where(tp_backward_call *call)
{
    tp_tensor *g = call->grad_outputs[0], *condition = call->inputs[0], *zero = tp__number_f64(0);
    if (call->needed[1])
        call->grad_inputs[1] = tp__reduce_to(tp_where(condition, g, zero), call->inputs[1]);
    if (call->needed[2])
        call->grad_inputs[2] = tp__reduce_to(tp_where(condition, zero, g), call->inputs[2]);
    return tp__ctx.error;
}

const tp_op tp__op_where = {
    .name = "where",
    .moves = true,
    .n_inputs = 3,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0),
    .infer = infer_where,
    .forward = forward_where,
    .backward = backward_where,
    .documentation = "One of two tensors, element by element.",
    .samples = SAMPLES({"bool[2,3] f64[2,3] f64[3]", NULL, NULL}, {"bool[3] f64[2,3] f64[]", NULL, NULL},
                       {"f64[3] f64[3] f64[3]", NULL, "expected condition to be a boolean tensor"}),
};

tp_tensor *tp_where(tp_tensor *condition, tp_tensor *a, tp_tensor *b)
{
    tp_tensor *const inputs[3] = {condition, a, b};
    return tp_apply(&tp__op_where, inputs, 3, NULL);
}

tp_tensor *tp_masked_fill(tp_tensor *x, tp_tensor *mask, double value)
{
    TP_FRAME("masked_fill");
    return x ? tp__named(tp_where(mask, tp_scalar((tp_dtype)x->dtype, value), x), "MaskedFillBackward0")
             : tp__null_operand(__func__);
}

/* ---- cat and stack ---- */

/* A vector without elements joins anything, as it always has in PyTorch. */
static bool is_skipped(const tp_tensor *t)
{
    return t->ndim == 1 && !t->numel;
}

static tp_status infer_cat(tp_call *call)
{
    const int dim = *(const int *)call->attributes;
    int of = 0;
    while (of + 1 < call->n_inputs && is_skipped(call->inputs[of]))
        of++;
    const tp_tensor *first = call->inputs[of];
    tp_result *r = call->results;
    TP__TRY(tp__require_dim(first, dim, false));
    tp__result_like(r, tp__result_type(call->n_inputs, call->inputs), first);
    for (int i = of + 1; i < call->n_inputs; i++) {
        const tp_tensor *t = call->inputs[i];
        if (is_skipped(t))
            continue;
        if (t->ndim != first->ndim)
            return tp_fail(TP_ERROR_SHAPE, "Tensors must have same number of dimensions: got %d and %d",
                           first->ndim, t->ndim);
        for (int d = 0; d < t->ndim; d++)
            if (d != dim && t->shape[d] != first->shape[d])
                return tp_fail(
                    TP_ERROR_SHAPE,
                    "Sizes of tensors must match except in dimension %d. Expected size %lld but got size "
                    "%lld for tensor number %d in the list.",
                    dim, (long long)first->shape[d], (long long)t->shape[d], i);
        r->shape[dim] += t->shape[dim];
    }
    return TP_OK;
}

static tp_status forward_cat(tp_call *call)
{
    const int dim = *(const int *)call->attributes;
    tp_tensor *out = call->outputs[0];
    int64_t at = 0;
    for (int i = 0; i < call->n_inputs; i++) {
        const tp_tensor *t = call->inputs[i];
        if (t->numel) {
            tp_tensor *part = tp__tensor_view(out, t->ndim, t->shape, out->strides, at * out->strides[dim]);
            if (!part)
                return TP_ERROR_MEMORY;
            tp__copy_elements(t, part);
        }
        at += is_skipped(t) ? 0 : t->shape[dim];
    }
    return TP_OK;
}

static tp_status backward_cat(tp_backward_call *call)
{
    const int dim = *(const int *)call->attributes;
    int64_t at = 0;
    for (int i = 0; i < call->n_inputs; i++) {
        tp_tensor *input = call->inputs[i];
        if (is_skipped(input)) {
            if (call->needed[i] && !(call->grad_inputs[i] = tp_zeros_like(input)))
                return TP_ERROR_MEMORY;
            continue;
        }
        if (call->needed[i]) {
            tp_tensor *part = tp_narrow(call->grad_outputs[0], dim, at, input->shape[dim]);
            call->grad_inputs[i] = tp_to(part, (tp_dtype)input->dtype);
            if (!call->grad_inputs[i])
                return tp__ctx.error;
        }
        at += input->shape[dim];
    }
    return TP_OK;
}

const tp_op tp__op_cat = {
    .name = "cat",
    .moves = true,
    .n_inputs = -1,
    .n_outputs = 1,
    .attributes_size = sizeof(int),
    .infer = infer_cat,
    .forward = forward_cat,
    .backward = backward_cat,
    .documentation = "Tensors joined along a dimension.",
    .samples =
        SAMPLES({"f64[2,3] f64[2,1] f64[2,0]", &(const int){1}, NULL},
                {"f64[2] f64[3]", &(const int){0}, NULL}, {"f64[0] f64[2,3] f64[0]", &(const int){1}, NULL},
                {"f64[2,3] f64[3,2]", &(const int){0},
                 "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 2"}),
};

tp_tensor *tp_cat(tp_tensor *const *tensors, int n, int dim)
{
    TP_FRAME("cat");
    if (!tensors || n < 1)
        return tp__fail_null(TP_ERROR_ARGUMENT, "expected a non-empty list of Tensors");
    int first = 0;
    while (first + 1 < n && tensors[first] && is_skipped(tensors[first]))
        first++;
    if (!tensors[first])
        return tp__null_argument("a tensor"), NULL;
    dim = tp__dimension(dim, tensors[first]->ndim);
    return dim < 0 ? NULL : tp_apply(&tp__op_cat, tensors, n, &dim);
}

tp_tensor *tp_stack(tp_tensor *const *tensors, int n, int dim)
{
    TP_FRAME("stack");
    if (!tensors || n < 1)
        return tp__fail_null(TP_ERROR_ARGUMENT, "expected a non-empty list of Tensors");
    tp_region *region = tp__region_current();
    tp_tensor **raised = region ? tp_region_alloc(region, (size_t)n * sizeof *raised) : NULL;
    if (!raised)
        return NULL;
    for (int i = 0; i < n; i++) {
        if (!tensors[i])
            return tp__null_argument("a tensor"), NULL;
        if (tensors[i]->ndim != tensors[0]->ndim ||
            memcmp(tensors[i]->shape, tensors[0]->shape, (size_t)tensors[0]->ndim * sizeof(int64_t))) {
            char first[TP__SHAPE_TEXT_SIZE], other[TP__SHAPE_TEXT_SIZE];
            return tp__fail_null(
                TP_ERROR_SHAPE,
                "expects each tensor to be equal size, but got %s at entry 0 and %s at entry %d",
                tp__shape_text(first, sizeof first, tensors[0]->ndim, tensors[0]->shape),
                tp__shape_text(other, sizeof other, tensors[i]->ndim, tensors[i]->shape), i);
        }
        raised[i] = tp_unsqueeze(tensors[i], dim);
        if (!raised[i])
            return NULL;
    }
    return tp__named(tp_cat(raised, n, dim < 0 ? dim + raised[0]->ndim : dim), "StackBackward0");
}

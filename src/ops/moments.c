/* Reductions to one number of each row by other means than sums: product, variance, deviation, norm. */
#include "backend/cpu/table.h"
#include "ops/along.h"
#include "ops/ops.h"
#include "ops/reduce.h"

#include <math.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }
#define OVER(...)           \
    &(const tp__reduction)  \
    {                       \
        .dims = __VA_ARGS__ \
    }

static tp_status give(tp_backward_call *call, tp_tensor *gradient)
{
    call->grad_inputs[0] = gradient;
    return gradient ? TP_OK : tp__ctx.error;
}

/* ---- prod ---- */

static tp_status infer_prod(tp_call *call)
{
    const tp_dtype dtype = (tp_dtype)call->inputs[0]->dtype;
    *call->results = (tp_result){.dtype = tp_dtype_is_float(dtype) ? dtype : TP_I64};
    return TP_OK;
}

static tp_status forward_prod(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    tp_tensor *out = call->outputs[0];
    tp_tensor like = *x;
    like.dtype = out->dtype;
    tp__array from;
    const bool is_float = tp_dtype_is_float((tp_dtype)out->dtype);
    TP__TRY(is_float ? tp__in_memory_order(x, &from) : tp__spread(x, &like, &from));
    if (is_float) {
        tp__reduce()->prod[out->dtype == TP_F64](x->numel, from.data, out->data);
    } else {
        uint64_t product = 1;
        for (int64_t i = 0; i < x->numel; i++)
            product *= ((const uint64_t *)from.data)[i];
        *(uint64_t *)(void *)out->data = product;
    }
    tp_release(from.scratch);
    return TP_OK;
}

/* g y / x; with zeros, the product of the others. */
static tp_status backward_prod(tp_backward_call *call)
{
    tp_tensor *x = call->inputs[0], *y = call->outputs[0], *g = call->grad_outputs[0];
    if (!x->ndim)
        return give(call, g);
    if (!x->numel)
        return give(call, tp_zeros_like(x));
    const bool was = tp_set_grad_enabled(false);
    tp_tensor *zeros = tp_sum(tp_eq(x, 0.0));
    tp_set_grad_enabled(was);
    if (!zeros)
        return tp__ctx.error;
    const int64_t n_zeros = tp_item_i64(zeros);
    if (!n_zeros)
        return give(call, tp_div(tp_mul(g, y), x));
    if (n_zeros > 1 && !call->recording)
        return give(call, tp_zeros_like(x));
    return give(call, tp_mul(tp__products_of_others(x, TP__ALL_DIMS), g));
}

const tp_op tp__op_prod = {
    .name = "prod",
    .n_inputs = 1,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_OUTPUT(0),
    .infer = infer_prod,
    .forward = forward_prod,
    .backward = backward_prod,
    .documentation = "The product of all elements.",
    .samples = SAMPLES({"f64[2,3]<0.5,2>", NULL, NULL}, {"f64[3]<0,0>", NULL, NULL}, {"f64[]", NULL, NULL},
                       {"f64[0]", NULL, NULL}),
};

tp_tensor *tp_prod(tp_tensor *x)
{
    return tp_apply(&tp__op_prod, &x, 1, NULL);
}

/* ---- var and std ---- */

static tp_status infer_variance(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    if (!tp_dtype_is_float((tp_dtype)x->dtype))
        return tp_fail(TP_ERROR_DTYPE, "std and var only support floating point dtypes, not %s",
                       tp_dtype_name((tp_dtype)x->dtype));
    tp__reduced(call->results, (tp_dtype)x->dtype, x, call->attributes);
    return TP_OK;
}

static tp_status forward_variance(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const tp__reduction *r = call->attributes;
    tp_tensor *out = call->outputs[0];
    const int64_t n = tp__reduced_count(x, r->dims);
    const size_t size = tp_dtype_size((tp_dtype)x->dtype);
    tp__array rows;
    TP__TRY(tp__as_rows(x, r->dims, &rows));
    for (int64_t i = 0; i < out->numel; i++)
        tp__reduce()->variance[x->dtype == TP_F64](n, (const char *)rows.data + (size_t)(i * n) * size,
                                                   r->correction, r->root, out->data + (size_t)i * size);
    tp_release(rows.scratch);
    return TP_OK;
}

/* 2 / (n - correction) (x - mean) g, where for std g is first divided by 2 y (and 0 where y is). Over all
 * elements, with none of n left by the correction, infinity g, and NaN where x is the mean. */
static tp_status backward_variance(tp_backward_call *call)
{
    tp_tensor *x = call->inputs[0], *y = call->outputs[0], *g = call->grad_outputs[0];
    const tp__reduction *r = call->attributes;
    const double count = (double)tp__reduced_count(x, r->dims) - r->correction;
    if (r->root)
        g = tp_masked_fill(tp_div(g, tp_mul(y, 2.0)), tp_eq(y, 0.0), 0);
    int dims[TP_MAX_DIMS], n = 0;
    for (int d = 0; d < x->ndim; d++)
        if (r->dims >> d & 1)
            dims[n++] = d;
    tp_tensor *mean = n ? tp_mean_n(x, n, dims, true) : x;
    if (count <= 0 && (r->dims == TP__ALL_DIMS || !x->ndim)) {
        tp_tensor *infinite = tp_full_like(x, INFINITY);
        return give(call, tp_mul(tp__restored(g, x, r), tp_masked_fill(infinite, tp_eq(x, mean), NAN)));
    }
    tp_tensor *factor = tp_mul(tp__restored(g, x, r), 2 / count);
    return give(call, tp_mul(factor, tp_sub(x, mean)));
}

#define VARIANCE(record, its_name, its_documentation, is_root)                                \
    const tp_op record = {                                                                    \
        .name = its_name,                                                                     \
        .n_inputs = 1,                                                                        \
        .n_outputs = 1,                                                                       \
        .saves = TP_SAVES_INPUT(0) | ((is_root) ? TP_SAVES_OUTPUT(0) : 0u),                   \
        .attributes_size = sizeof(tp__reduction),                                             \
        .infer = infer_variance,                                                              \
        .forward = forward_variance,                                                          \
        .backward = backward_variance,                                                        \
        .documentation = its_documentation,                                                   \
        .samples =                                                                            \
            SAMPLES({"f64[2,3]", OVER(TP__ALL_DIMS, .correction = 1, .root = is_root), NULL}, \
                    {"f64[2,3,4]", OVER(2, .keepdim = true, .root = is_root), NULL},          \
                    {"f64[3,2,2]", OVER(5, .correction = 1, .root = is_root), NULL},          \
                    {"i64[3]", OVER(1, .root = is_root), "std and var only support floating point dtypes"})}
VARIANCE(tp__op_var, "var", "The mean squared distance from the mean, by n - correction.", false);
VARIANCE(tp__op_std, "std", "The root of var.", true);

static tp_tensor *variance(const tp_op *op, tp_tensor *x, int n, const int *dims, double correction,
                           bool keepdim)
{
    if (!x)
        return tp__null_operand(op->name);
    tp__reduction r;
    tp_frame frame = {op->name, NULL, NULL};
    tp_frame_enter(&frame);
    const tp_status status = tp__reduction_of(x, n, dims, keepdim, &r);
    tp_frame_leave(&frame);
    r.correction = correction;
    r.root = op == &tp__op_std;
    return status == TP_OK ? tp_apply(op, &x, 1, &r) : NULL;
}

tp_tensor *tp_var_n(tp_tensor *x, int n, const int *dims, double correction, bool keepdim)
{
    return variance(&tp__op_var, x, n, dims, correction, keepdim);
}

tp_tensor *tp_std_n(tp_tensor *x, int n, const int *dims, double correction, bool keepdim)
{
    return variance(&tp__op_std, x, n, dims, correction, keepdim);
}

/* ---- norm ---- */

static tp_status infer_norm(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    if (!tp_dtype_is_float((tp_dtype)x->dtype))
        return tp_fail(TP_ERROR_DTYPE, "Expected a floating point tensor as input. Got %s",
                       tp_dtype_name((tp_dtype)x->dtype));
    *call->results = (tp_result){.dtype = (tp_dtype)x->dtype};
    return TP_OK;
}

static tp_status forward_norm(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    tp__array from;
    TP__TRY(tp__in_memory_order(x, &from));
    tp__reduce()->norm[x->dtype == TP_F64](x->numel, from.data, call->outputs[0]->data);
    tp_release(from.scratch);
    return TP_OK;
}

/* x g / y, and 0 where y is. */
static tp_status backward_norm(tp_backward_call *call)
{
    tp_tensor *x = call->inputs[0], *y = call->outputs[0], *g = call->grad_outputs[0];
    return give(call, tp_mul(x, tp_masked_fill(tp_div(g, y), tp_eq(y, 0.0), 0)));
}

const tp_op tp__op_norm = {
    .name = "norm",
    .node_name = "LinalgVectorNormBackward0",
    .n_inputs = 1,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_OUTPUT(0),
    .infer = infer_norm,
    .forward = forward_norm,
    .backward = backward_norm,
    .documentation = "The root of the sum of squares.",
    .samples = SAMPLES({"f64[2,3]<0.5,2>", NULL, NULL}, {"f64[]<0.5,2>", NULL, NULL}, {"f64[0]", NULL, NULL},
                       {"i64[3]", NULL, "Expected a floating point tensor as input. Got int64"}),
};

tp_tensor *tp_norm(tp_tensor *x)
{
    return tp_apply(&tp__op_norm, &x, 1, NULL);
}

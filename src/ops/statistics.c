/* Sums and means without NaN, and composites: variances with their means, covariances, quantiles. */
#include "ops/along.h"
#include "ops/ops.h"

#include <math.h>

tp_tensor *tp_logsumexp_dim(tp_tensor *x, int dim, bool keepdim)
{
    return tp_logsumexp_n(x, 1, &dim, keepdim);
}

/* ---- Without NaN ---- */

static tp_tensor *sum_over(tp_tensor *x, int n, const int *dims, bool keepdim)
{
    return n || keepdim ? tp_sum_n(x, n, dims, keepdim) : tp_sum(x);
}

static tp_status infer_nansum(tp_call *call)
{
    TP__TRY(tp__require_float(call->inputs[0], "the input"));
    tp__reduced(call->results, (tp_dtype)call->inputs[0]->dtype, call->inputs[0], call->attributes);
    return TP_OK;
}

#define FOR_EACH(T, statement)                  \
    for (int64_t i = 0; i < rest->numel; i++) { \
        T *v = (T *)(void *)rest->data + i;     \
        statement;                              \
    }

static tp_status forward_nansum(tp_call *call)
{
    tp_tensor *rest = call->inputs[0], *scratch = NULL;
    const unsigned dims = ((const tp__reduction *)call->attributes)->dims;
    int64_t odd = !rest->contiguous;
    if (rest->dtype == TP_F32 && !odd)
        FOR_EACH(float, odd += *v != *v)
    else if (!odd)
        FOR_EACH(double, odd += *v != *v)
    if (odd) {
        rest = scratch = tp__tensor_new(tp__region_current(), (tp_dtype)rest->dtype, rest->ndim, rest->shape);
        if (!rest)
            return TP_ERROR_MEMORY;
        tp__copy_elements(call->inputs[0], rest);
        if (rest->dtype == TP_F32)
            FOR_EACH(float, *v = *v == *v ? *v : 0)
        else
            FOR_EACH(double, *v = *v == *v ? *v : 0)
    }
    tp__sum_into(rest, dims, call->outputs[0]);
    tp_release(scratch);
    return TP_OK;
}

static tp_status backward_nansum(tp_backward_call *call)
{
    tp_tensor *x = call->inputs[0], *g = tp__restored(call->grad_outputs[0], x, call->attributes);
    call->grad_inputs[0] = tp_mul(g, tp_logical_not(tp_isnan(x)));
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_nansum = {
    .name = "nansum",
    .n_inputs = 1,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0),
    .attributes_size = sizeof(tp__reduction),
    .infer = infer_nansum,
    .forward = forward_nansum,
    .backward = backward_nansum,
    .documentation = "The sum over some dimensions of what is not NaN.",
    .samples = (const tp_sample[]){{"f64[2,3]", &(const tp__reduction){.dims = TP__ALL_DIMS}, NULL},
                                   {"f64[2,3,2]", &(const tp__reduction){.dims = 5, .keepdim = true}, NULL},
                                   {"f64[0,3]", &(const tp__reduction){.dims = 1}, NULL},
                                   {"i64[3]", &(const tp__reduction){.dims = 1},
                                    "the input must have a floating dtype, not int64"},
                                   {NULL, NULL, NULL}},
};

tp_tensor *tp_nansum_n(tp_tensor *x, int n, const int *dims, bool keepdim)
{
    if (x && !tp_dtype_is_float((tp_dtype)x->dtype))
        return sum_over(x, n, dims, keepdim);
    tp__reduction r;
    return tp__checked_reduction("nansum", x, n, dims, keepdim, &r) == TP_OK
               ? tp_apply(&tp__op_nansum, &x, 1, &r)
               : NULL;
}

tp_tensor *tp_nansum_dim(tp_tensor *x, int dim, bool keepdim)
{
    return tp_nansum_n(x, 1, &dim, keepdim);
}

tp_tensor *tp_nansum(tp_tensor *x)
{
    return tp_nansum_n(x, 0, NULL, false);
}

tp_tensor *tp_nanmean_n(tp_tensor *x, int n, const int *dims, bool keepdim)
{
    TP_FRAME("nanmean");
    if (!x)
        return tp__null_operand(__func__);
    if (!tp_dtype_is_float((tp_dtype)x->dtype))
        return tp__fail_null(TP_ERROR_DTYPE, "expected input to have floating point dtype but got %s",
                             tp_dtype_name((tp_dtype)x->dtype));
    tp_tensor *counts = sum_over(tp_logical_not(tp_isnan(x)), n, dims, keepdim);
    return tp_div(tp_nansum_n(x, n, dims, keepdim), counts);
}

tp_tensor *tp_nanmean_dim(tp_tensor *x, int dim, bool keepdim)
{
    return tp_nanmean_n(x, 1, &dim, keepdim);
}

tp_tensor *tp_nanmean(tp_tensor *x)
{
    return tp_nanmean_n(x, 0, NULL, false);
}

/* ---- Moments ---- */

tp_tensor *tp_var(tp_tensor *x)
{
    return tp_var_n(x, 0, NULL, 1, false);
}

tp_tensor *tp_std(tp_tensor *x)
{
    return tp_std_n(x, 0, NULL, 1, false);
}

tp_tensor *tp_var_dim(tp_tensor *x, int dim, double correction, bool keepdim)
{
    return tp_var_n(x, 1, &dim, correction, keepdim);
}

tp_tensor *tp_std_dim(tp_tensor *x, int dim, double correction, bool keepdim)
{
    return tp_std_n(x, 1, &dim, correction, keepdim);
}

static tp_tensor *with_mean(tp_tensor *spread, tp_tensor *x, int n, const int *dims, bool keepdim,
                            const char *node, tp_tensor **mean)
{
    tp_tensor *middle = spread ? tp_mean_n(x, n, dims, keepdim) : NULL;
    if (mean)
        *mean = tp__named(middle, node);
    return middle ? tp__named(spread, node) : NULL;
}

tp_tensor *tp_var_mean_n(tp_tensor *x, int n, const int *dims, double correction, bool keepdim,
                         tp_tensor **mean)
{
    TP_FRAME("var_mean");
    return with_mean(tp_var_n(x, n, dims, correction, keepdim), x, n, dims, keepdim, "VarMeanBackward0",
                     mean);
}

tp_tensor *tp_std_mean_n(tp_tensor *x, int n, const int *dims, double correction, bool keepdim,
                         tp_tensor **mean)
{
    TP_FRAME("std_mean");
    return with_mean(tp_std_n(x, n, dims, correction, keepdim), x, n, dims, keepdim, "StdMeanBackward0",
                     mean);
}

/* ---- Covariance ---- */

static tp_tensor *covariance(tp_tensor *x, int64_t correction)
{
    if (!x)
        return tp__null_argument("an operand"), NULL;
    if (x->ndim > 2)
        return tp__fail_null(
            TP_ERROR_SHAPE,
            "expected input to have two or fewer dimensions but got an input with %d dimensions", x->ndim);
    if (!tp_dtype_is_float((tp_dtype)x->dtype))
        x = tp_to(x, TP_F32);
    if (x && x->ndim < 2)
        x = tp_reshape(x, 1, x->numel);
    if (!x)
        return NULL;
    tp_tensor *centred = tp_sub(x, tp_mean_dim(x, 1, true));
    const int64_t freedom = x->shape[1] > correction ? x->shape[1] - correction : 0;
    return tp_squeeze_all(tp_div(tp_matmul(centred, tp_t(centred)), (double)freedom));
}

tp_tensor *tp_cov(tp_tensor *x, int64_t correction)
{
    TP_FRAME("cov");
    return covariance(x, correction);
}

tp_tensor *tp_corrcoef(tp_tensor *x)
{
    TP_FRAME("corrcoef");
    tp_tensor *c = covariance(x, 1);
    if (!c)
        return NULL;
    if (!c->ndim)
        return tp_div(c, c);
    const int64_t n = c->shape[0], steps = n + 1;
    tp_tensor *deviations = tp_sqrt(tp_slice(tp_reshape(c, -1), 0, 0, n * n, steps));
    c = tp_div(tp_div(c, tp_unsqueeze(deviations, 1)), tp_unsqueeze(deviations, 0));
    return tp_clamp(c, -1, 1);
}

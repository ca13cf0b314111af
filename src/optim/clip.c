/* Limits on gradients. */
#include "optim/optimizer.h"

#include <math.h>

typedef double (*element_function)(double x, double y);

/* Replaces every x of `grad` by function(x, y), in the gradient's dtype and whatever its strides are. */
static void change(tp_tensor *grad, element_function function, double y)
{
    const tp_dtype dtype = (tp_dtype)grad->dtype;
    const size_t size = tp_dtype_size(dtype);
    for (int64_t i = 0; i < grad->numel; i++) {
        int64_t at = i, rest = i;
        if (!grad->contiguous) {
            at = 0;
            for (int d = grad->ndim - 1; d >= 0; d--) {
                at += rest % grad->shape[d] * grad->strides[d];
                rest /= grad->shape[d];
            }
        }
        char *p = grad->data + at * (int64_t)size;
        tp__store_f64(dtype, p, function(tp__load_f64(dtype, p), y));
    }
    tp__changed(grad);
}

/* The product of two float32 numbers is exact in double, and rounded once when it is stored. */
static double product(double x, double y)
{
    return x * y;
}

static double limited(double x, double limit)
{
    return x > limit ? limit : x < -limit ? -limit : x;
}

static tp_status check_list(const tp_parameter_list *parameters)
{
    if (!parameters)
        return tp__null_argument("the parameter list");
    for (int64_t i = 0; i < parameters->count; i++)
        if (!parameters->tensors[i])
            return tp__null_argument("a parameter");
    return TP_OK;
}

/* As PyTorch's vector_norm. */
static tp_tensor *vector_norm(tp_tensor *x, double p)
{
    if (p == 2)
        return tp_norm(x);
    if (p == 0)
        return tp_sum(tp_to(tp_ne(x, 0), tp_dtype_of(x)));
    tp_tensor *size = tp_abs(x);
    if (isinf(p))
        return p > 0 ? tp_max(size) : tp_min(size);
    return p == 1 ? tp_sum(size) : tp_pow(tp_sum(tp_pow(size, p)), 1 / p);
}

/* The norm of the gradients' norms, as a tensor of one element; NULL without gradients, or after an error. */
static tp_tensor *total_norm(const tp_parameter_list *parameters, double p)
{
    tp_region *region = tp__region_current();
    tp_tensor **norms = tp_region_alloc(region, (size_t)parameters->count * sizeof *norms);
    if (!norms)
        return NULL;
    tp_dtype dtype = TP_F32;
    int n = 0;
    for (int64_t i = 0; i < parameters->count; i++) {
        tp_tensor *grad = tp_grad(parameters->tensors[i]);
        if (!grad || (isinf(p) && !grad->numel))
            continue;
        if (!(norms[n] = vector_norm(grad, p)))
            return NULL;
        dtype = tp_promote_types(dtype, (tp_dtype)grad->dtype);
        n++;
    }
    if (!n)
        return NULL;
    for (int i = 0; i < n; i++)
        if (!(norms[i] = tp_to(norms[i], dtype)))
            return NULL;
    return vector_norm(tp_stack(norms, n, 0), p);
}

/* max_norm times the reciprocal of norm + 1e-6, each rounded to the norm's type. */
static double coefficient(const tp_tensor *norm, double max_norm)
{
    double factor;
    if (norm->dtype == TP_F32) {
        const float inverse = 1 / ((float)tp__load_f64(TP_F32, norm->data) + (float)1e-6);
        factor = (double)(inverse * (float)max_norm);
    } else {
        factor = 1 / (tp__load_f64(TP_F64, norm->data) + 1e-6) * max_norm;
    }
    return factor > 1 ? 1 : factor;
}

double tp_clip_grad_norm_with(const tp_clip_grad_norm_options *options)
{
    if (!options)
        return tp__null_argument("clip_grad_norm: options"), (double)NAN;
    const tp_parameter_list *parameters = options->parameters;
    TP_FRAME("clip_grad_norm");
    if (check_list(parameters) != TP_OK)
        return NAN;
    if (!(options->max_norm >= 0) || isnan(options->norm_type)) {
        tp_fail(TP_ERROR_ARGUMENT, isnan(options->norm_type) ? "norm_type is %g" : "max_norm is %g, below 0",
                isnan(options->norm_type) ? options->norm_type : options->max_norm);
        return NAN;
    }
    int64_t elements = 0;
    for (int64_t i = 0; i < parameters->count; i++) {
        const tp_tensor *grad = tp_grad(parameters->tensors[i]);
        elements += grad ? grad->numel : 0;
    }
    if (!elements)
        return 0;
    TP_SCOPE(clip);
    TP_SCOPE_NO_GRAD(clip);
    const tp_tensor *norm = total_norm(parameters, options->norm_type);
    if (!norm)
        return NAN;
    const double value = tp__load_f64((tp_dtype)norm->dtype, norm->data);
    if (options->error_if_nonfinite && !isfinite(value)) {
        tp_fail(TP_ERROR_VALUE,
                "The total norm of order %g for gradients from `parameters` is non-finite, so it cannot be "
                "clipped",
                options->norm_type);
        return NAN;
    }
    const double factor = coefficient(norm, options->max_norm);
    for (int64_t i = 0; i < parameters->count; i++) {
        tp_tensor *grad = tp_grad(parameters->tensors[i]);
        if (!grad)
            continue;
        /* Zeros that were never touched may become NaN, and have to be cleared with the others. */
        if (!isfinite(factor))
            parameters->tensors[i]->leaf->sparse = false;
        change(grad, product, factor);
    }
    return value;
}

tp_status tp_clip_grad_value(const tp_parameter_list *parameters, double limit)
{
    TP_FRAME("clip_grad_value");
    TP__TRY(check_list(parameters));
    if (!(limit >= 0))
        return tp_fail(TP_ERROR_ARGUMENT, "the limit is %g, below 0", limit);
    for (int64_t i = 0; i < parameters->count; i++) {
        tp_tensor *grad = tp_grad(parameters->tensors[i]);
        if (grad)
            change(grad, limited, grad->dtype == TP_F32 ? (double)(float)limit : limit);
    }
    return TP_OK;
}

/* Activations with a second operand: prelu's slopes are a tensor, rrelu's are drawn. */
#include "ops/ops.h"

#include <math.h>

tp_tensor *tp_prelu(tp_tensor *x, tp_tensor *weight)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("prelu");
    if (!weight)
        return tp__null_argument("weight"), NULL;
    if (tp__require_float(x, "the input") != TP_OK)
        return NULL;
    if (weight->dtype != x->dtype)
        return tp__fail_null(TP_ERROR_DTYPE, "Type promoting not supported: the input is %s, the weight %s",
                             tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)weight->dtype));
    const int64_t channels = x->ndim > 1 ? x->shape[1] : 1;
    if (weight->ndim > 1 || (weight->numel != 1 && weight->numel != channels))
        return tp__fail_null(
            TP_ERROR_SHAPE,
            "a weight of 1 or of %lld elements (one for each channel of the input) is needed, not one of "
            "%d dimensions and %lld elements",
            (long long)channels, weight->ndim, (long long)weight->numel);
    if (x->ndim > 1 && weight->ndim == 1) {
        int64_t shape[TP_MAX_DIMS];
        for (int d = 0; d < x->ndim; d++)
            shape[d] = d == 1 ? weight->numel : 1;
        weight = tp_reshape_n(weight, x->ndim, shape);
    } else if (!x->ndim) {
        weight = tp_reshape_n(weight, 0, NULL);
    }
    return tp__named(tp_where(tp_gt(x, 0), x, tp_mul(weight, x)), "PreluKernelBackward0");
}

/* A slope for each element of x: 1 where it is positive, else drawn, in row-major order. */
static tp_tensor *draw_slopes(tp_tensor *x, double lower, double upper, tp_generator *generator)
{
    tp_tensor *negative = tp_contiguous(tp_le(x, 0));
    tp_tensor *slopes = negative ? tp_ones_n((tp_dtype)x->dtype, x->ndim, x->shape) : NULL;
    if (!slopes)
        return NULL;
    const bool *is_negative = tp_data_bool(negative);
    const size_t size = tp_dtype_size((tp_dtype)x->dtype);
    int64_t count = 0;
    for (int64_t i = 0; i < slopes->numel; i++)
        count += is_negative[i];
    tp_tensor *draws = tp_rand_n(TP_F64, generator, 1, &count);
    if (!draws)
        return NULL;
    if (x->dtype == TP_F32) { /* PyTorch's bounds are of the dtype, its draws of double precision */
        lower = (double)(float)lower;
        upper = (double)(float)upper;
    }
    const double *draw = tp_data_f64(draws);
    for (int64_t i = 0; i < slopes->numel; i++)
        if (is_negative[i])
            tp__store_f64((tp_dtype)x->dtype, slopes->data + (size_t)i * size,
                          *draw++ * (upper - lower) + lower);
    return slopes;
}

tp_tensor *tp_rrelu(tp_tensor *x, double lower, double upper, bool training, tp_generator *generator)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("rrelu");
    static const char node[] = "RreluWithNoiseBackward0";
    if (tp__require_float(x, "the input") != TP_OK)
        return NULL;
    if (!(lower <= upper && isfinite(lower) && isfinite(upper)))
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "Lower bound should be less than or equal to the upper bound, both finite; they "
                             "are %g and %g",
                             lower, upper);
    if (!training)
        return tp__named(tp_where(tp_gt(x, 0), x, tp_mul(x, (lower + upper) / 2)), node);
    tp_tensor *slopes = draw_slopes(x, lower, upper, generator);
    return slopes ? tp__named(tp_mul(x, slopes), node) : NULL;
}

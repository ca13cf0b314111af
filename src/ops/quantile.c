/* Quantiles: what shares of the elements along a dimension lie below. */
#include "ops/along.h"
#include "ops/ops.h"

#include <math.h>

static bool check(const tp_tensor *x, const tp_tensor *q, tp_interpolation how)
{
    if (!tp_dtype_is_float((tp_dtype)x->dtype))
        tp_fail(TP_ERROR_DTYPE, "input tensor must be either float or double dtype, not %s",
                tp_dtype_name((tp_dtype)x->dtype));
    else if (q->dtype != x->dtype)
        tp_fail(TP_ERROR_DTYPE, "q tensor must be same dtype as the input tensor, %s, and is %s",
                tp_dtype_name((tp_dtype)x->dtype), tp_dtype_name((tp_dtype)q->dtype));
    else if (q->ndim > 1)
        tp_fail(TP_ERROR_SHAPE, "q must be a scalar or 1D tensor, and has %d dimensions", q->ndim);
    else if ((unsigned)how > TP_NEAREST)
        tp_fail(TP_ERROR_ARGUMENT, "%d is no interpolation", (int)how);
    else if (!x->numel)
        tp_fail(TP_ERROR_SHAPE, "input tensor must be non-empty");
    else
        return true;
    return false;
}

/* The shares as a vector of their own; NULL after an error. */
static tp_tensor *shares(const tp_tensor *q)
{
    tp_tensor *own = tp_contiguous(tp_reshape(tp_detach(q), -1));
    for (int64_t i = 0; own && i < own->numel; i++) {
        const double share = own->dtype == TP_F32 ? (double)tp_data_f32(own)[i] : tp_data_f64(own)[i];
        if (!(share >= 0 && share <= 1))
            return tp__fail_null(TP_ERROR_VALUE, "q must be in the range [0, 1] but got %g", share);
    }
    return own;
}

/* The places among sorted numbers, [..., shares], with fractions. Rows with a NaN have the last place. */
static tp_tensor *places_of(tp_tensor *sorted, tp_tensor *q, bool skip_nan)
{
    const double last = (double)(sorted->shape[sorted->ndim - 1] - 1);
    tp_tensor *nan = tp_isnan(tp_detach(sorted));
    if (skip_nan) {
        tp_tensor *numbers = tp_rsub(tp_to(tp_sum_dim(nan, -1, true), (tp_dtype)q->dtype), last);
        return tp_clamp(tp_mul(numbers, q), 0, (double)INFINITY);
    }
    return tp_where(tp_any_dim(nan, -1, true), tp_scalar((tp_dtype)q->dtype, last), tp_mul(q, last));
}

/* PyTorch's: the elements on both sides of the place, and the line between them. */
static tp_tensor *quantiles(tp_tensor *x, tp_tensor *q, int dim, bool keepdim, tp_interpolation how,
                            bool skip_nan)
{
    if (!x || !q)
        return x ? (tp__null_argument("q"), NULL) : tp__null_operand("quantile");
    if ((dim = tp__one_dimension(dim, x)) < 0 || !check(x, q, how))
        return NULL;
    tp_tensor *share = shares(q);
    tp_tensor *sorted = x->ndim ? tp_sort(tp_movedim(x, dim, -1), -1, false, NULL) : tp_reshape(x, 1);
    if (!share || !sorted)
        return NULL;
    tp_tensor *place = places_of(sorted, share, skip_nan);
    place = how == TP_LOWER     ? tp_floor(place)
            : how == TP_HIGHER  ? tp_ceil(place)
            : how == TP_NEAREST ? tp_round(place)
                                : place;
    tp_tensor *below = tp_to(place, TP_I64), *y = below ? tp_gather(sorted, -1, below) : NULL;
    if (y && (how == TP_LINEAR || how == TP_MIDPOINT)) {
        tp_tensor *above = tp_gather(sorted, -1, tp_to(tp_ceil(place), TP_I64));
        tp_tensor *weight = how == TP_LINEAR ? tp_sub(place, below) : tp_full_like(place, 0.5);
        y = above && weight ? tp_lerp(y, above, weight) : NULL;
    }
    if (!y)
        return NULL;
    if (keepdim && x->ndim)
        y = tp_movedim(tp_unsqueeze(y, dim), -1, 0); /* [shares, ..., 1, ...] */
    else
        y = tp_movedim(y, -1, 0);
    return y && !q->ndim ? tp__named(tp_squeeze(y, 0), "SqueezeBackward4") : y;
}

tp_tensor *tp_quantiles(tp_tensor *x, tp_tensor *q, int dim, bool keepdim, tp_interpolation interpolation)
{
    TP_FRAME("quantile");
    return quantiles(x, q, dim, keepdim, interpolation, false);
}

tp_tensor *tp_nanquantiles(tp_tensor *x, tp_tensor *q, int dim, bool keepdim, tp_interpolation interpolation)
{
    TP_FRAME("nanquantile");
    return quantiles(x, q, dim, keepdim, interpolation, true);
}

/* A share in x's dtype. */
static tp_tensor *scalar_for(const tp_tensor *x, double q)
{
    return tp_scalar(x->dtype == TP_F64 ? TP_F64 : TP_F32, q);
}

tp_tensor *tp_quantile_dim(tp_tensor *x, double q, int dim, bool keepdim)
{
    TP_FRAME("quantile");
    return x ? quantiles(x, scalar_for(x, q), dim, keepdim, TP_LINEAR, false) : tp__null_operand("quantile");
}

tp_tensor *tp_quantile(tp_tensor *x, double q)
{
    TP_FRAME("quantile");
    x = tp_reshape(x, -1);
    return x ? quantiles(x, scalar_for(x, q), 0, false, TP_LINEAR, false) : NULL;
}

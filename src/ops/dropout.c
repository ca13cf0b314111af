/* Dropout: a random mask times the input; of elements or of whole channels, to zeros or to selu's limit. */
#include "ops/ops.h"

#include <math.h>

/* Whether `p` is a probability. */
static tp_status check(double p)
{
    if (!(p >= 0 && p <= 1))
        return tp_fail(TP_ERROR_ARGUMENT, "dropout probability has to be between 0 and 1, but got %g", p);
    return TP_OK;
}

/* A mask of ones and zeros for the elements of x, or for its first two dimensions. */
static tp_tensor *draw_mask(const tp_tensor *x, bool channels, double p, tp_generator *generator)
{
    int64_t shape[TP_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++)
        shape[d] = channels && d >= 2 ? 1 : x->shape[d];
    tp_tensor *mask = tp_zeros_n((tp_dtype)x->dtype, x->ndim, shape);
    return mask && tp_bernoulli_(mask, 1 - p, generator) == TP_OK ? mask : NULL;
}

static tp_tensor *dropped(tp_tensor *x, bool channels, double p, tp_generator *generator)
{
    if (tp__require_float(x, "the input") != TP_OK)
        return NULL;
    if (p == 1) /* then nothing is drawn */
        return tp_mul(x, tp_zeros_n((tp_dtype)x->dtype, x->ndim, x->shape));
    return tp_mul(x, tp_div(draw_mask(x, channels, p, generator), 1 - p));
}

tp_tensor *tp_f_dropout(tp_tensor *x, double p, bool training, tp_generator *generator)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("dropout");
    if (check(p) != TP_OK)
        return NULL;
    return p == 0 || !training ? x : dropped(x, false, p, generator);
}

/* ---- Of channels ---- */

tp_tensor *tp_f_dropout1d(tp_tensor *x, double p, bool training, tp_generator *generator)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("dropout1d");
    if (check(p) != TP_OK)
        return NULL;
    if (x->ndim != 2 && x->ndim != 3)
        return tp__fail_null(TP_ERROR_SHAPE, "Expected 2D or 3D input, but received a %dD input", x->ndim);
    if (p == 0 || !training)
        return x;
    if (x->ndim == 3)
        return dropped(x, true, p, generator);
    x = tp_unsqueeze(x, 0);
    return x ? tp_squeeze(dropped(x, true, p, generator), 0) : NULL;
}

tp_tensor *tp_f_dropout2d(tp_tensor *x, double p, bool training, tp_generator *generator)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("dropout2d");
    if (check(p) != TP_OK)
        return NULL;
    if (x->ndim != 3 && x->ndim != 4)
        return tp__fail_null(TP_ERROR_SHAPE, "Expected 3D or 4D input, but received a %dD input", x->ndim);
    return p == 0 || !training ? x : dropped(x, true, p, generator);
}

/* ---- To selu's limit ---- */

/* x where the mask is 1 and -alpha elsewhere, scaled and shifted to the mean and the variance of before. */
static tp_tensor *saturated(tp_tensor *x, bool channels, double p, tp_generator *generator)
{
    if (tp__require_float(x, "the input") != TP_OK)
        return NULL;
    if (!x->numel)
        return x;
    if (p == 1)
        return tp_mul(x, tp_zeros_n((tp_dtype)x->dtype, 0, NULL));
    const double alpha = 1.7580993408473766; /* selu's scale times its alpha */
    const double a = 1 / sqrt((alpha * alpha * p + 1) * (1 - p));
    tp_tensor *mask = draw_mask(x, channels, p, generator);
    tp_tensor *shift = tp_add(tp_mul(tp_add(mask, -1), alpha * a), alpha * a * p);
    return tp_add(tp_mul(x, tp_mul(mask, a)), shift);
}

tp_tensor *tp_f_alpha_dropout(tp_tensor *x, double p, bool training, tp_generator *generator)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("alpha_dropout");
    if (check(p) != TP_OK)
        return NULL;
    return p == 0 || !training ? x : saturated(x, false, p, generator);
}

tp_tensor *tp_f_feature_alpha_dropout(tp_tensor *x, double p, bool training, tp_generator *generator)
{
    if (!x)
        return tp__null_operand(__func__);
    TP_FRAME("feature_alpha_dropout");
    if (check(p) != TP_OK)
        return NULL;
    if (p == 0 || !training)
        return x;
    if (x->ndim < 2)
        return tp__fail_null(TP_ERROR_SHAPE,
                             "Feature dropout requires at least 2 dimensions in the input, not %d", x->ndim);
    return saturated(x, true, p, generator);
}

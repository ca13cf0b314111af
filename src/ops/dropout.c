/* Dropout: a random mask times the input. */
#include "ops/ops.h"

tp_tensor *tp_f_dropout(tp_tensor *x, double p, bool training, tp_generator *generator)
{
    if (!x)
        return NULL;
    TP_FRAME("dropout");
    if (!(p >= 0 && p <= 1))
        return tp__fail_null(TP_ERROR_ARGUMENT, "dropout probability has to be between 0 and 1, but got %g",
                             p);
    if (p == 0 || !training)
        return x;
    if (tp__require_float(x, "the input") != TP_OK)
        return NULL;
    tp_tensor *mask = tp_zeros_n((tp_dtype)x->dtype, x->ndim, x->shape);
    if (p < 1) { /* with p = 1 nothing is drawn */
        if (!mask || tp_bernoulli_(mask, 1 - p, generator) != TP_OK)
            return NULL;
        mask = tp_div(mask, 1 - p);
    }
    return tp_mul(x, mask);
}

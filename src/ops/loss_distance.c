/* Distances and likelihoods, composed of other operations. */
#include "ops/loss_parts.h"
#include "taper/losses.h"

#include <math.h>
#include <string.h>

bool tp__check_loss_operands(int n, tp_tensor *const *tensors, tp_reduction reduction)
{
    for (int i = 0; i < n; i++) {
        const tp_tensor *t = tensors[i], *first = tensors[0];
        if (!t)
            return tp__null_argument("an operand"), false;
        if (t->layout != TP__DENSE)
            return tp_fail(TP_ERROR_UNSUPPORTED, "operand %d is a CSR matrix, which a loss does not take",
                           i) == TP_OK;
        if (tp__require_float(t, "an operand") != TP_OK)
            return false;
        if (t->dtype != first->dtype)
            return tp_fail(TP_ERROR_DTYPE, "Found dtype %s but expected %s",
                           tp_dtype_name((tp_dtype)t->dtype), tp_dtype_name((tp_dtype)first->dtype)) == TP_OK;
        char is[TP__SHAPE_TEXT_SIZE], should[TP__SHAPE_TEXT_SIZE];
        if (t->ndim != first->ndim || memcmp(t->shape, first->shape, (size_t)t->ndim * sizeof *t->shape))
            return tp_fail(TP_ERROR_SHAPE,
                           "operand %d has shape %s, which must be the same as the first one's %s", i,
                           tp__shape_text(is, sizeof is, t->ndim, t->shape),
                           tp__shape_text(should, sizeof should, first->ndim, first->shape)) == TP_OK;
    }
    if ((unsigned)reduction > TP_NONE)
        return tp_fail(TP_ERROR_ARGUMENT, "%d is no reduction", (int)reduction) == TP_OK;
    return true;
}

tp_tensor *tp__reduce_loss(tp_tensor *losses, tp_reduction reduction)
{
    return reduction == TP_NONE ? losses : reduction == TP_SUM ? tp_sum(losses) : tp_mean(losses);
}

tp_tensor *tp__positive_part(tp_tensor *x)
{
    return tp_clamp(x, 0, INFINITY);
}

static bool check_pair(tp_tensor *input, tp_tensor *target, tp_reduction reduction)
{
    tp_tensor *const tensors[2] = {input, target};
    return tp__check_loss_operands(2, tensors, reduction);
}

tp_tensor *tp_l1_loss_with(const tp_distance_loss_options *o)
{
    if (!o)
        return tp__null_argument("l1_loss: options"), NULL;
    TP_FRAME("l1_loss");
    if (!o || !check_pair(o->input, o->target, o->reduction))
        return NULL;
    return tp__reduce_loss(tp_abs(tp_sub(o->input, o->target)), o->reduction);
}

tp_tensor *tp_kl_div_with(const tp_kl_div_options *o)
{
    if (!o)
        return tp__null_argument("kl_div: options"), NULL;
    TP_FRAME("kl_div");
    if (!o || !check_pair(o->input, o->target, o->reduction))
        return NULL;
    tp_tensor *x = o->input, *y = o->target, *losses;
    if (o->log_target)
        losses = tp_mul(tp_exp(y), tp_sub(y, x));
    else
        losses = tp_sub(tp_xlogy(y, y), tp_mul(y, x));
    if (!o->batch_mean)
        return tp__reduce_loss(losses, o->reduction);
    if (!x->ndim || !x->shape[0])
        return tp__fail_null(TP_ERROR_SHAPE, "the mean over a batch needs a first dimension with elements");
    return tp_div(tp_sum(losses), (double)x->shape[0]);
}

static const double two_pi = 6.283185307179586;

tp_tensor *tp_poisson_nll_loss_with(const tp_poisson_nll_options *o)
{
    if (!o)
        return tp__null_argument("poisson_nll_loss: options"), NULL;
    TP_FRAME("poisson_nll_loss");
    if (!o || !check_pair(o->input, o->target, o->reduction))
        return NULL;
    tp_tensor *x = o->input, *y = o->target;
    tp_tensor *losses =
        o->log_input ? tp_sub(tp_exp(x), tp_mul(y, x)) : tp_sub(x, tp_mul(y, tp_log(tp_add(x, o->eps))));
    if (o->full) {
        tp_tensor *one = tp_scalar((tp_dtype)y->dtype, 1), *large = tp_gt(y, 1);
        tp_tensor *counted = tp_where(large, y, one);
        tp_tensor *stirling = tp_add(tp_sub(tp_mul(counted, tp_log(counted)), counted),
                                     tp_mul(tp_log(tp_mul(counted, two_pi)), 0.5));
        losses = tp_add(losses, tp_where(large, stirling, tp_scalar((tp_dtype)y->dtype, 0)));
    }
    return tp__reduce_loss(losses, o->reduction);
}

/* The variance in a shape that broadcasts to x's, or NULL. */
static tp_tensor *fit_variance(tp_tensor *var, const tp_tensor *x)
{
    const int ndim = x->ndim;
    bool fits = var->ndim == ndim || var->ndim == ndim - 1;
    for (int d = 0; fits && d < var->ndim; d++)
        fits = var->shape[d] == x->shape[d] || (d == ndim - 1 && var->shape[d] == 1);
    char is[TP__SHAPE_TEXT_SIZE], should[TP__SHAPE_TEXT_SIZE];
    if (!fits)
        return tp__fail_null(TP_ERROR_SHAPE, "var is of incorrect size: %s for input %s",
                             tp__shape_text(is, sizeof is, var->ndim, var->shape),
                             tp__shape_text(should, sizeof should, ndim, x->shape));
    return var->ndim == ndim ? var : tp_unsqueeze(var, -1);
}

tp_tensor *tp_gaussian_nll_loss_with(const tp_gaussian_nll_options *o)
{
    if (!o)
        return tp__null_argument("gaussian_nll_loss: options"), NULL;
    TP_FRAME("gaussian_nll_loss");
    if (!o || !check_pair(o->input, o->target, o->reduction))
        return NULL;
    if (!o->var)
        return tp__null_argument("var"), NULL;
    tp_tensor *const pair[1] = {o->var};
    tp_tensor *var = tp__check_loss_operands(1, pair, o->reduction) ? fit_variance(o->var, o->input) : NULL;
    if (!var)
        return NULL;
    if (tp_item(tp_any(tp_lt(tp_detach(var), 0))) != 0)
        return tp__fail_null(TP_ERROR_VALUE, "var has negative entry/entries");
    /* var + (limited - var): the value is the limited one, the gradient that of var. */
    tp_tensor *plain = tp_detach(var);
    var = tp_add(var, tp_sub(tp_clamp(plain, o->eps, INFINITY), plain));
    tp_tensor *d = tp_sub(o->input, o->target);
    tp_tensor *losses = tp_mul(tp_add(tp_log(var), tp_div(tp_mul(d, d), var)), 0.5);
    if (o->full)
        losses = tp_add(losses, 0.5 * log(two_pi));
    return tp__reduce_loss(losses, o->reduction);
}

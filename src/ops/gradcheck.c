/* Analytic gradients against central differences. */
#include "ops/ops.h"

#include <math.h>

typedef struct check {
    const tp_gradcheck_options *options;
    bool second; /* the function under test is the gradient of the given one */
} check;

/* A weighted sum of the outputs, so that one number depends on all of them with different weights. */
static tp_tensor *weigh(tp_tensor *y)
{
    if (!y)
        return NULL;
    tp_tensor *weights = tp_zeros_like(y);
    if (!weights)
        return NULL;
    double *w = tp_data_f64(weights);
    if (!w && y->numel)
        return NULL;
    for (int64_t i = 0; w && i < y->numel; i++)
        w[i] = 1 + 0.5 * sin(1.7 * (double)i + 0.3);
    return tp_sum(tp_mul(y, weights));
}

static tp_tensor *objective(const check *c)
{
    const tp_gradcheck_options *o = c->options;
    tp_tensor *y = weigh(o->function(o->inputs, o->n_inputs, o->argument));
    if (!y || !c->second)
        return y;
    tp_tensor *total = NULL;
    for (int i = 0; i < o->n_inputs; i++) {
        if (!o->inputs[i]->requires_grad)
            continue;
        tp_tensor *gradient = NULL, *input = o->inputs[i];
        if (!y->requires_grad || tp_gradients(&y, 1, &input, 1, NULL,
                                              &(tp_gradients_options){true, true, true}, &gradient) != TP_OK)
            continue;
        if (!gradient)
            continue;
        tp_tensor *part = weigh(gradient);
        total = total ? tp_add(total, part) : part;
    }
    return total ? total : tp_scalar(TP_F64, 0);
}

static double value(const check *c)
{
    TP_SCOPE(gradcheck_value);
    TP_SCOPE_NO_GRAD(gradcheck_value);
    /* The gradient as a function needs a tape of its own. */
    if (c->second)
        tp_set_grad_enabled(true);
    const double result = tp_item(objective(c));
    return result;
}

static tp_status compare(const check *c)
{
    const tp_gradcheck_options *o = c->options;
    TP_SCOPE(gradcheck);
    tp_tensor *y = objective(c);
    if (!y)
        return tp__ctx.error;
    for (int i = 0; i < o->n_inputs; i++) {
        tp_tensor *input = o->inputs[i], *analytic = NULL;
        if (!input->requires_grad)
            continue;
        if (y->requires_grad)
            TP__TRY(
                tp_gradients(&y, 1, &input, 1, NULL, &(tp_gradients_options){true, false, true}, &analytic));
        analytic = analytic ? tp_contiguous(analytic) : NULL;
        double *x = (double *)(void *)input->data;
        for (int64_t k = 0; k < input->numel; k++) {
            const double kept = x[k];
            x[k] = kept + o->eps;
            const double above = value(c);
            x[k] = kept - o->eps;
            const double below = value(c);
            x[k] = kept;
            if (tp__ctx.error != TP_OK)
                return tp__ctx.error;
            const double numeric = (above - below) / (2 * o->eps);
            const double got = analytic ? ((const double *)(const void *)analytic->data)[k] : 0;
            if (!(fabs(got - numeric) <= o->atol + o->rtol * fabs(numeric)))
                return tp_fail(TP_ERROR_VALUE,
                               "%sgradient of input %d at element %lld is %.10g, differences give %.10g",
                               c->second ? "second " : "", i, (long long)k, got, numeric);
        }
    }
    return TP_OK;
}

tp_status tp_gradcheck_with(const tp_gradcheck_options *options)
{
    if (!options)
        return tp__null_argument("gradcheck: options");
    TP_FRAME("gradcheck");
    if (!options->function || !options->inputs || options->n_inputs < 1)
        return tp_fail(TP_ERROR_ARGUMENT, "needs a function and at least one input");
    for (int i = 0; i < options->n_inputs; i++) {
        const tp_tensor *input = options->inputs[i];
        if (!input)
            return tp__null_argument("an input");
        if (input->requires_grad && (input->dtype != TP_F64 || input->history || !input->contiguous))
            return tp_fail(TP_ERROR_ARGUMENT, "input %d must be a contiguous float64 leaf", i);
    }
    check first = {options, false};
    TP__TRY(compare(&first));
    if (!options->second_order)
        return TP_OK;
    check second = {options, true};
    return compare(&second);
}

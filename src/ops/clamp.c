/* clamp: elements limited to a range. */
#include "ops/elementwise.h"
#include "ops/ops.h"

#include <math.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

typedef struct limits {
    double low, high;
} limits;
#define LIMITS(...) \
    &(const limits) \
    {               \
        __VA_ARGS__ \
    }

static bool fits_integer(double limit)
{
    return isinf(limit) || (limit == floor(limit) && fabs(limit) < 0x1p63);
}

/* Integers stay integers between whole limits. */
static tp_status infer_clamp(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const limits *l = call->attributes;
    tp_dtype dtype = (tp_dtype)x->dtype;
    if (!tp_dtype_is_float(dtype))
        dtype = !fits_integer(l->low) || !fits_integer(l->high) ? TP_F32 : dtype == TP_BOOL ? TP_I64 : dtype;
    tp__result_like(call->results, dtype, x);
    return TP_OK;
}

static void limit(int kernel, const tp_tensor *x, double value, tp_tensor *out)
{
    tp__number number;
    const tp_dtype dtype = (tp_dtype)out->dtype;
    /* The second one of equals is the result, so that -0 between 0 and 1 stays -0. */
    const tp_tensor *const operands[2] = {tp_dtype_is_float(dtype) || isinf(value)
                                              ? tp__number_init_f64(&number, value)
                                              : tp__number_init_i64(&number, (int64_t)value),
                                          x};
    tp__elementwise_run(tp__elementwise()->forward[kernel][dtype], 2, operands, dtype, NULL, out);
}

static tp_status forward_clamp(tp_call *call)
{
    const limits *l = call->attributes;
    tp_tensor *out = call->outputs[0];
    const tp_tensor *x = call->inputs[0];
    if (tp_dtype_is_float((tp_dtype)out->dtype) && l->low <= l->high) {
        const tp__numbers numbers = {{l->low, l->high}};
        tp__elementwise_run_with(tp__elementwise()->forward[TP__EW_hardtanh][out->dtype], 1, &x, &numbers,
                                 (tp_dtype)out->dtype, out);
        return TP_OK;
    }
    if (l->low > -(double)INFINITY || isnan(l->low)) {
        limit(TP__EW_maximum, x, l->low, out);
        x = out;
    }
    if (l->high < (double)INFINITY || isnan(l->high)) {
        limit(TP__EW_minimum, x, l->high, out);
        x = out;
    }
    if (x != out)
        tp__copy_elements(x, out);
    return TP_OK;
}

static tp_status backward_clamp(tp_backward_call *call)
{
    const limits *l = call->attributes;
    tp_tensor *x = call->inputs[0], *g = call->grad_outputs[0];
    tp_tensor *inside = tp_logical_and(tp_ge(x, l->low), tp_le(x, l->high));
    call->grad_inputs[0] = tp_where(inside, g, tp__number_f64(0));
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_clamp = {
    .name = "clamp",
    .node_name = "ClampBackward1",
    .n_inputs = 1,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0),
    .attributes_size = sizeof(limits),
    .infer = infer_clamp,
    .forward = forward_clamp,
    .backward = backward_clamp,
    .documentation = "min(max(x, low), high); NaN stays NaN; the gradient is 0 outside.",
    .samples = SAMPLES({"f64[2,3]<-3,3>", LIMITS(-1, 1.5), NULL},
                       {"f64[2,3]", LIMITS(0, (double)INFINITY), NULL}, {"f64[]", LIMITS(-5, 5), NULL}),
};

tp_tensor *tp_clamp(tp_tensor *x, double low, double high)
{
    return tp_apply(&tp__op_clamp, &x, 1, &(limits){low, high});
}

tp_status tp_clamp_(tp_tensor *x, double low, double high)
{
    return tp__in_place(&tp__op_clamp, "clamp_", &x, 1, &(limits){low, high});
}

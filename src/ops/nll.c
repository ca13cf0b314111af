/* The loss of log-probabilities against class numbers: nll_loss. */
#include "ops/nll.h"
#include "ops/ops.h"
#include "ops/reduce.h"

#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

#define NLL(...)                 \
    &(const tp__nll)             \
    {                            \
        .reduction = __VA_ARGS__ \
    }

/* x or its gradient as [before][classes][after], of which `before` times `after` places have a target. */
typedef struct layout {
    int64_t before, classes, after;
} layout;

static layout layout_of(const tp_tensor *target, int64_t classes)
{
    layout l = {1, classes, 1};
    for (int d = 0; d < target->ndim; d++)
        *(d ? &l.after : &l.before) *= target->shape[d];
    return l;
}

tp__cascade tp__cascade_of(int64_t n)
{
    tp__cascade c = {.power = 0};
    int bits = 0;
    while (bits < 62 && (INT64_C(1) << bits) < n)
        bits++;
    c.power = bits / TP__LEVELS > 4 ? bits / TP__LEVELS : 4;
    return c;
}

void tp__cascade_add(tp__cascade *c, int64_t i, double value)
{
    const int64_t mask = (INT64_C(1) << c->power) - 1;
    c->f64[0] += value;
    c->f32[0] += (float)value;
    for (int j = 0; j + 1 < TP__LEVELS && !(i & (mask << (j * c->power))); j++) {
        c->f64[j + 1] += c->f64[j];
        c->f32[j + 1] += c->f32[j];
        c->f64[j] = 0;
        c->f32[j] = 0;
    }
}

double tp__cascade_total(const tp__cascade *c, tp_dtype dtype)
{
    double sum = 0;
    float sum_f32 = 0;
    for (int j = 0; j < TP__LEVELS; j++) {
        sum += c->f64[j];
        sum_f32 += c->f32[j];
    }
    return dtype == TP_F32 ? (double)sum_f32 : sum;
}

tp_status tp__check_class_target(const tp_tensor *target, const int64_t *class_of, int64_t classes,
                                 int64_t ignore_index)
{
    for (int64_t i = 0; i < target->numel; i++) {
        if (class_of[i] == ignore_index || (class_of[i] >= 0 && class_of[i] < classes))
            continue;
        int64_t index[TP_MAX_DIMS], rest = i;
        for (int d = target->ndim - 1; d >= 0; d--) {
            index[d] = rest % target->shape[d];
            rest /= target->shape[d];
        }
        char place[TP__SHAPE_TEXT_SIZE];
        return tp_fail(TP_ERROR_INDEX,
                       "Target %lld is out of bounds. It stands at %s, and there are %lld classes",
                       (long long)class_of[i], tp__shape_text(place, sizeof place, target->ndim, index),
                       (long long)classes);
    }
    return TP_OK;
}

tp_status tp__check_weight(const tp_tensor *weight, tp_dtype dtype, int64_t classes)
{
    char shape[TP__SHAPE_TEXT_SIZE];
    if (weight->ndim != 1 || weight->shape[0] != classes)
        return tp_fail(TP_ERROR_SHAPE,
                       "weight tensor should be defined either for all %lld classes or no classes but got "
                       "weight tensor of shape: %s",
                       (long long)classes, tp__shape_text(shape, sizeof shape, weight->ndim, weight->shape));
    if ((tp_dtype)weight->dtype != dtype)
        return tp_fail(TP_ERROR_DTYPE, "expected a weight of type %s but found %s", tp_dtype_name(dtype),
                       tp_dtype_name((tp_dtype)weight->dtype));
    if (weight->requires_grad && tp_is_grad_enabled())
        return tp_fail(
            TP_ERROR_UNSUPPORTED,
            "the function 'nll_loss' is not differentiable with respect to argument 'weight'. This "
            "input cannot have requires_grad true");
    return TP_OK;
}

static tp_status check_target_type(const tp_tensor *target)
{
    if (target->dtype == TP_I64)
        return TP_OK;
    return tp_fail(TP_ERROR_DTYPE, "expected target dtype to be int64, but got %s",
                   tp_dtype_name((tp_dtype)target->dtype));
}

static tp_status check_count(const tp_call *call)
{
    if (call->n_inputs == 2 || call->n_inputs == 3)
        return TP_OK;
    return tp_fail(TP_ERROR_ARGUMENT, "takes 2 or 3 operands, not %d", call->n_inputs);
}

tp_status tp__infer_nll(tp_call *call)
{
    TP__TRY(check_count(call));
    const tp_tensor *x = call->inputs[0], *target = call->inputs[1];
    const tp__nll *a = call->attributes;
    TP__TRY(tp__require_float(x, "the input"));
    TP__TRY(check_target_type(target));
    TP__TRY(tp__require_choice((int)a->reduction, "reduction", TP_NONE));
    if (!x->ndim)
        return tp_fail(TP_ERROR_SHAPE, "the input must have at least 1 dimension");
    bool fits = target->ndim == x->ndim - 1;
    if (fits && x->ndim > 1 && target->shape[0] != x->shape[0])
        return tp_fail(TP_ERROR_SHAPE, "Expected input batch_size (%lld) to match target batch_size (%lld).",
                       (long long)x->shape[0], (long long)target->shape[0]);
    for (int d = 1; fits && d < target->ndim; d++)
        fits = target->shape[d] == x->shape[d + 1];
    if (!fits) {
        char is[TP__SHAPE_TEXT_SIZE], of[TP__SHAPE_TEXT_SIZE];
        return tp_fail(TP_ERROR_SHAPE, "a target of shape %s does not fit an input of shape %s",
                       tp__shape_text(is, sizeof is, target->ndim, target->shape),
                       tp__shape_text(of, sizeof of, x->ndim, x->shape));
    }
    if (call->n_inputs > 2)
        TP__TRY(tp__check_weight(call->inputs[2], (tp_dtype)x->dtype, x->shape[tp__class_dim(x)]));
    if (a->reduction == TP_NONE)
        tp__result_like(call->results, (tp_dtype)x->dtype, target);
    else
        *call->results = (tp_result){.dtype = (tp_dtype)x->dtype};
    return TP_OK;
}

double tp__weight_at(const tp_tensor *weight, int64_t class)
{
    if (!weight)
        return 1;
    return tp__load_f64((tp_dtype)weight->dtype,
                        weight->data +
                            class * weight->strides[0] * (int64_t)tp_dtype_size((tp_dtype)weight->dtype));
}

double tp__total_weight(const tp_tensor *weight, const int64_t *class_of, int64_t n, int64_t ignore_index,
                        tp_dtype dtype)
{
    tp__cascade weights = tp__cascade_of(n);
    int64_t counted = 0;
    for (int64_t i = 0; i < n; i++) {
        if (class_of[i] == ignore_index)
            continue;
        counted++;
        if (weight)
            tp__cascade_add(&weights, i, tp__weight_at(weight, class_of[i]));
    }
    return weight ? tp__cascade_total(&weights, dtype) : (double)counted;
}

static tp_status forward_nll(tp_call *call)
{
    const tp_tensor *x = call->inputs[0], *target = call->inputs[1],
                    *weight = call->n_inputs > 2 ? call->inputs[2] : NULL;
    const tp__nll *a = call->attributes;
    tp_tensor *out = call->outputs[0];
    const tp_dtype dtype = (tp_dtype)x->dtype;
    const int64_t classes = x->shape[tp__class_dim(x)];
    tp__array from, to;
    TP__TRY(tp__spread(target, target, &to));
    TP__TRY(tp__spread(x, x, &from));
    const int64_t *class_of = to.data;
    TP__TRY(tp__check_class_target(target, class_of, classes, a->ignore_index));
    const layout l = layout_of(target, classes);
    tp__cascade losses = tp__cascade_of(target->numel);
    const size_t size = tp_dtype_size(dtype);
    for (int64_t i = 0; i < target->numel; i++) {
        double value = 0;
        if (class_of[i] != a->ignore_index) {
            const int64_t at = (i / l.after * classes + class_of[i]) * l.after + i % l.after;
            value = tp__load_f64(dtype, (const char *)from.data + (size_t)at * size);
            value *= tp__weight_at(weight, class_of[i]);
            value = tp__rounded(dtype, value);
        }
        if (a->reduction == TP_NONE) {
            tp__store_f64(dtype, out->data + (size_t)i * size, value == 0 ? 0 : -value);
        } else if (class_of[i] != a->ignore_index) {
            tp__cascade_add(&losses, i, -value);
        }
    }
    if (a->reduction != TP_NONE)
        tp__store_f64(dtype, out->data, tp__cascade_total(&losses, dtype));
    if (a->reduction == TP_MEAN)
        tp__divide(dtype, 1, out->data,
                   tp__total_weight(weight, class_of, target->numel, a->ignore_index, dtype));
    tp_release(from.scratch);
    tp_release(to.scratch);
    return TP_OK;
}

static tp_status backward_nll(tp_backward_call *call)
{
    if (!call->needed[0])
        return TP_OK;
    tp__nll attributes = *(const tp__nll *)call->attributes;
    attributes.classes = call->inputs[0]->shape[tp__class_dim(call->inputs[0])];
    tp_tensor *inputs[3] = {call->grad_outputs[0], call->inputs[1]};
    if (call->n_inputs > 2)
        inputs[2] = call->inputs[2];
    call->grad_inputs[0] = tp_apply(&tp__op_nll_loss_backward, inputs, call->n_inputs, &attributes);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_nll_loss = {
    .name = "nll_loss",
    .n_inputs = -1,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1) | TP_SAVES_INPUT(2),
    .attributes_size = sizeof(tp__nll),
    .infer = tp__infer_nll,
    .forward = forward_nll,
    .backward = backward_nll,
    .documentation = "-x at the target's class, weighted.",
    .samples =
        SAMPLES({"f64[4,3] i64[4]<0,3>", NLL(TP_MEAN, .ignore_index = -100), NULL},
                {"f64[3] i64[]<0,3>", NLL(TP_MEAN, .ignore_index = -100), NULL},
                {"f64[4,3] i64[4]<0,3>", NLL(TP_NONE, .ignore_index = -100), NULL},
                {"f64[4,3] i64[4]<3,4>", NLL(TP_MEAN, .ignore_index = -100), "Target 3 is out of bounds."},
                {"f64[4,3] i64[2]<0,3>", NLL(TP_MEAN, .ignore_index = -100),
                 "Expected input batch_size (4) to match target batch_size (2)."},
                {"f64[4,3] f64[4]", NLL(TP_MEAN, .ignore_index = -100), "expected target dtype to be int64"}),
};

const tp_op tp__op_nll_loss2d = {
    .name = "nll_loss",
    .node_name = "NllLoss2DBackward0",
    .n_inputs = -1,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1) | TP_SAVES_INPUT(2),
    .attributes_size = sizeof(tp__nll),
    .infer = tp__infer_nll,
    .forward = forward_nll,
    .backward = backward_nll,
    .documentation = "-x at the target's class, weighted.",
    .samples = SAMPLES({"f64[2,3,2] i64[2,2]<0,3>", NLL(TP_SUM, .ignore_index = 1), NULL},
                       {"f64[2,3,2,1] i64[2,2,1]<0,3>", NLL(TP_NONE, .ignore_index = 1), NULL},
                       {"f64[2,3,2] i64[2,3]<0,3>", NLL(TP_SUM), "does not fit an input of shape [2, 3, 2]"}),
};

/* The gradient: linear in g, so that its own gradient is nll_loss again. Inputs: g, target, weight. */
static tp_status infer_nll_backward(tp_call *call)
{
    TP__TRY(check_count(call));
    const tp_tensor *g = call->inputs[0], *target = call->inputs[1];
    const tp__nll *a = call->attributes;
    TP__TRY(tp__require_float(g, "the gradient"));
    TP__TRY(check_target_type(target));
    TP__TRY(tp__require_choice((int)a->reduction, "reduction", TP_NONE));
    if (target->ndim == TP_MAX_DIMS)
        return tp_fail(TP_ERROR_SHAPE, "the target has %d dimensions, and with classes it would have more",
                       target->ndim);
    TP__TRY(tp__require_shape(g, "the gradient", a->reduction == TP_NONE ? target->ndim : 0, target->shape));
    if (call->n_inputs > 2)
        TP__TRY(tp__check_weight(call->inputs[2], (tp_dtype)g->dtype, a->classes));
    tp_result *r = call->results;
    *r = (tp_result){.dtype = (tp_dtype)g->dtype};
    if (target->ndim)
        r->shape[r->ndim++] = target->shape[0];
    r->shape[r->ndim++] = a->classes;
    for (int d = 1; d < target->ndim; d++)
        r->shape[r->ndim++] = target->shape[d];
    return TP_OK;
}

static tp_status forward_nll_backward(tp_call *call)
{
    const tp_tensor *g = call->inputs[0], *target = call->inputs[1],
                    *weight = call->n_inputs > 2 ? call->inputs[2] : NULL;
    const tp__nll *a = call->attributes;
    tp_tensor *out = call->outputs[0];
    const tp_dtype dtype = (tp_dtype)out->dtype;
    const size_t size = tp_dtype_size(dtype);
    const layout l = layout_of(target, a->classes);
    tp__array from = {g->data, NULL}, to;
    TP__TRY(tp__spread(target, target, &to));
    if (a->reduction == TP_NONE)
        TP__TRY(tp__spread(g, g, &from));
    const int64_t *class_of = to.data;
    TP__TRY(tp__check_class_target(target, class_of, a->classes, a->ignore_index));
    double divided = 1;
    if (a->reduction == TP_MEAN)
        divided = tp__total_weight(weight, class_of, target->numel, a->ignore_index, dtype);
    memset(out->data, 0, (size_t)out->numel * size);
    for (int64_t i = 0; i < target->numel; i++) {
        if (class_of[i] == a->ignore_index)
            continue;
        double value =
            tp__load_f64(dtype, (const char *)from.data + (a->reduction == TP_NONE ? (size_t)i * size : 0));
        value = -value / divided;
        value = tp__rounded(dtype, value) * tp__weight_at(weight, class_of[i]);
        const int64_t at = (i / l.after * a->classes + class_of[i]) * l.after + i % l.after;
        tp__store_f64(dtype, out->data + (size_t)at * size, value);
    }
    tp_release(from.scratch);
    tp_release(to.scratch);
    return TP_OK;
}

static const tp_op *record_for(const tp_tensor *x)
{
    return x->ndim > 2 ? &tp__op_nll_loss2d : &tp__op_nll_loss;
}

static tp_status backward_nll_backward(tp_backward_call *call)
{
    if (!call->needed[0])
        return TP_OK;
    tp_tensor *inputs[3] = {call->grad_outputs[0], call->inputs[1]};
    if (call->n_inputs > 2)
        inputs[2] = call->inputs[2];
    call->grad_inputs[0] = tp_apply(record_for(call->outputs[0]), inputs, call->n_inputs, call->attributes);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_nll_loss_backward = {
    .name = "nll_loss_backward",
    .n_inputs = -1,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1) | TP_SAVES_INPUT(2),
    .attributes_size = sizeof(tp__nll),
    .infer = infer_nll_backward,
    .forward = forward_nll_backward,
    .backward = backward_nll_backward,
    .documentation = "The gradient of nll_loss.",
    .samples = SAMPLES(
        {"f64[] i64[4]<0,3>", NLL(TP_MEAN, .ignore_index = -100, .classes = 3), NULL},
        {"f64[2,2] i64[2,2]<0,3>", NLL(TP_NONE, .ignore_index = -100, .classes = 3), NULL},
        {"f64[1] i64[4]<0,3>", NLL(TP_MEAN, .classes = 3), "the gradient must have the shape [], not [1]"},
        {"f64[4] i64[2,2]<0,3>", NLL(TP_NONE, .classes = 3),
         "the gradient must have the shape [2, 2], not [4]"},
        {"f64[] i64[4]<3,4>", NLL(TP_MEAN, .classes = 3), "Target 3 is out of bounds."}),
};

tp_status tp__check_nll_options(const tp_loss_options *options)
{
    if (!options->input || !options->target)
        return tp__null_argument(options->input ? "target" : "input");
    if ((unsigned)options->reduction > TP_NONE)
        return tp_fail(TP_ERROR_ARGUMENT, "%d is no reduction", (int)options->reduction);
    if (options->pos_weight)
        return tp_fail(TP_ERROR_ARGUMENT, "takes no pos_weight");
    if (!(options->label_smoothing >= 0 && options->label_smoothing <= 1))
        return tp_fail(TP_ERROR_ARGUMENT, "label_smoothing must be between 0.0 and 1.0. Got: %g",
                       options->label_smoothing);
    return TP_OK;
}

tp_tensor *tp_nll_loss_with(const tp_loss_options *options)
{
    if (!options)
        return tp__null_argument("nll_loss: options"), NULL;
    tp_frame frame = {"nll_loss", NULL, NULL};
    tp_frame_enter(&frame);
    tp_status status = tp__check_nll_options(options);
    if (status == TP_OK && options->label_smoothing != 0)
        status = tp_fail(TP_ERROR_ARGUMENT, "takes no label_smoothing; tp_cross_entropy does");
    tp_frame_leave(&frame);
    if (status != TP_OK)
        return NULL;
    tp_tensor *const inputs[3] = {options->input, options->target, options->weight};
    return tp_apply(record_for(inputs[0]), inputs, options->weight ? 3 : 2,
                    &(tp__nll){options->reduction, options->ignore_index, 0, 0});
}

/* Losses of each element against a target of the same shape: binary cross-entropy, squared error, and what
 * is squared near 0 and straight beyond. */
#include "backend/cpu/table.h"
#include "ops/elementwise.h"
#include "ops/loss_parts.h"
#include "ops/ops.h"
#include "ops/reduce.h"
#include "taper/losses.h"

#include <math.h>
#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

/* Attributes of the records here. Their inputs are x, the target, and those weights that there are. */
typedef struct loss {
    tp_reduction reduction;
    bool has_weight, has_pos_weight;
    /* smooth_l1 and huber: where the square ends, what it is divided by, and the slope beyond */
    double width, curve, slope;
} loss;
#define LOSS(...)                \
    &(const loss)                \
    {                            \
        .reduction = __VA_ARGS__ \
    }

static tp_tensor *weight_of(const loss *l, tp_tensor *const *inputs)
{
    return l->has_weight ? inputs[2] : NULL;
}

static tp_tensor *pos_weight_of(const loss *l, tp_tensor *const *inputs)
{
    return l->has_pos_weight ? inputs[2 + l->has_weight] : NULL;
}

static bool same_shape(const tp_tensor *a, const tp_tensor *b)
{
    return a->ndim == b->ndim && !memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof(int64_t));
}

static tp_status check_reduction(const tp_loss_options *options)
{
    if (!options->input || !options->target)
        return tp__null_argument(options->input ? "target" : "input");
    if ((unsigned)options->reduction > TP_NONE)
        return tp_fail(TP_ERROR_ARGUMENT, "%d is no reduction", (int)options->reduction);
    return TP_OK;
}

static tp_status refuse_shapes(const char *sentence, const tp_tensor *target, const tp_tensor *x)
{
    char is[TP__SHAPE_TEXT_SIZE], should[TP__SHAPE_TEXT_SIZE];
    return tp_fail(TP_ERROR_SHAPE, sentence, tp__shape_text(is, sizeof is, target->ndim, target->shape),
                   tp__shape_text(should, sizeof should, x->ndim, x->shape));
}

/* ---- What the records share ---- */

/* Checks types and weights, and says what comes out. */
static tp_status infer_loss(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const loss *l = call->attributes;
    if (call->n_inputs != 2 + l->has_weight + l->has_pos_weight)
        return tp_fail(TP_ERROR_ARGUMENT, "takes %d operands, not %d", 2 + l->has_weight + l->has_pos_weight,
                       call->n_inputs);
    TP__TRY(tp__require_float(x, "the input"));
    TP__TRY(tp__require_choice((int)l->reduction, "reduction", TP_NONE));
    for (int i = 1; i < call->n_inputs; i++) {
        const tp_tensor *other = call->inputs[i];
        if (other->dtype != x->dtype)
            return tp_fail(TP_ERROR_DTYPE, "Found dtype %s but expected %s",
                           tp_dtype_name((tp_dtype)other->dtype), tp_dtype_name((tp_dtype)x->dtype));
        bool fits = i == 1 ? same_shape(other, x) : other->ndim <= x->ndim;
        for (int d = 0; i > 1 && fits && d < other->ndim; d++)
            fits = other->shape[d] == 1 || other->shape[d] == x->shape[x->ndim - other->ndim + d];
        if (!fits)
            return refuse_shapes(i == 1 ? "Target size (%s) must be the same as input size (%s)"
                                        : "the weight's shape %s does not broadcast to the input's %s",
                                 other, x);
    }
    tp__result_like(call->results, (tp_dtype)x->dtype, x);
    if (l->reduction != TP_NONE)
        call->results->ndim = 0;
    return TP_OK;
}

typedef struct arrays {
    tp__array x, y, weight, pos_weight, g;
} arrays;

static tp_status open_arrays(const loss *l, tp_tensor *const *inputs, const tp_tensor *g, arrays *a)
{
    const tp_tensor *x = inputs[0];
    TP__TRY(tp__spread(x, x, &a->x));
    TP__TRY(tp__spread(inputs[1], x, &a->y));
    TP__TRY(tp__spread(weight_of(l, inputs), x, &a->weight));
    TP__TRY(tp__spread(pos_weight_of(l, inputs), x, &a->pos_weight));
    a->g = (tp__array){g ? g->data : NULL, NULL};
    return g && l->reduction == TP_NONE ? tp__spread(g, x, &a->g) : TP_OK;
}

static void close_arrays(arrays *a)
{
    tp_release(a->x.scratch);
    tp_release(a->y.scratch);
    tp_release(a->weight.scratch);
    tp_release(a->pos_weight.scratch);
    tp_release(a->g.scratch);
}

typedef void (*loss_kernel)(const loss *l, const arrays *a, bool is_f64, int64_t n, void *out);

/* The losses of the elements, then their sum or mean: of a few in a buffer here, of many in scratch. */
static tp_status compute_loss(tp_call *call, const arrays *a, loss_kernel kernel)
{
    enum { FEW = 512 };
    double few[FEW];
    const loss *l = call->attributes;
    const tp_tensor *x = call->inputs[0];
    tp_tensor *out = call->outputs[0], *scratch = NULL;
    const tp_dtype dtype = (tp_dtype)x->dtype;
    void *losses = l->reduction == TP_NONE ? (void *)out->data : few;
    if (l->reduction != TP_NONE && x->numel > FEW) {
        scratch = tp__tensor_new(tp__region_current(), dtype, x->ndim, x->shape);
        if (!scratch)
            return TP_ERROR_MEMORY;
        losses = scratch->data;
    }
    kernel(l, a, dtype == TP_F64, x->numel, losses);
    if (l->reduction != TP_NONE)
        tp__sum_array(dtype, x->numel, losses, out->data);
    if (l->reduction == TP_MEAN)
        tp__divide(dtype, 1, out->data, (double)x->numel);
    tp_release(scratch);
    return TP_OK;
}

static tp_status forward_loss(tp_call *call, loss_kernel kernel)
{
    arrays a;
    TP__TRY(open_arrays(call->attributes, call->inputs, NULL, &a));
    TP__TRY(compute_loss(call, &a, kernel));
    close_arrays(&a);
    return TP_OK;
}

/* What the sum of the losses is divided by. */
static double divisor_of(const loss *l, const tp_tensor *x)
{
    return l->reduction == TP_MEAN ? (double)x->numel : 1;
}

static tp_tensor *gradient_place(const tp_tensor *x)
{
    tp_tensor *place = tp__tensor_new(tp__region_current(), (tp_dtype)x->dtype, x->ndim, x->shape);
    if (place)
        place->temporary = true;
    return place;
}

/* A recorded gradient of each element's loss, times what stands before it: weight, and 1 / n for a mean. */
static tp_tensor *scaled(tp_tensor *gradient, tp_tensor *weight, const loss *l, const tp_tensor *x)
{
    if (weight)
        gradient = tp_mul(gradient, weight);
    return l->reduction == TP_MEAN ? tp_div_scalar(gradient, (double)x->numel) : gradient;
}

/* ---- Binary cross-entropy of probabilities ---- */

static tp_status check_unit(const char *what, const tp_tensor *x, const void *data)
{
    const int64_t at = tp__reduce()->outside_unit[x->dtype == TP_F64](x->numel, data);
    if (at < 0)
        return TP_OK;
    int64_t index[TP_MAX_DIMS], rest = at;
    for (int d = x->ndim - 1; d >= 0; d--) {
        index[d] = rest % x->shape[d];
        rest /= x->shape[d];
    }
    char place[TP__SHAPE_TEXT_SIZE];
    return tp_fail(TP_ERROR_VALUE, "all elements of %s should be between 0 and 1, and the one at %s is %g",
                   what, tp__shape_text(place, sizeof place, x->ndim, index),
                   tp__load_f64((tp_dtype)x->dtype,
                                (const char *)data + (size_t)at * tp_dtype_size((tp_dtype)x->dtype)));
}

static void bce(const loss *l, const arrays *a, bool is_f64, int64_t n, void *out)
{
    (void)l;
    tp__reduce()->bce[is_f64](n, a->x.data, a->y.data, a->weight.data, out);
}

static tp_status forward_bce(tp_call *call)
{
    arrays a;
    TP__TRY(open_arrays(call->attributes, call->inputs, NULL, &a));
    TP__TRY(check_unit("input", call->inputs[0], a.x.data));
    TP__TRY(check_unit("target", call->inputs[0], a.y.data));
    TP__TRY(compute_loss(call, &a, bce));
    close_arrays(&a);
    return TP_OK;
}

/* g (x - y) / max((1 - x) x, 1e-12), that last number rounded to float32 as PyTorch has it. */
static tp_tensor *bce_gradient(tp_tensor *g, tp_tensor *x, tp_tensor *y)
{
    tp_tensor *under = tp_clamp(tp_mul(tp_rsub(x, 1), x), (double)1e-12f, INFINITY);
    return tp_div(tp_mul(g, tp_sub(x, y)), under);
}

static tp_status backward_bce(tp_backward_call *call)
{
    const loss *l = call->attributes;
    tp_tensor *g = call->grad_outputs[0], *x = call->inputs[0], *y = call->inputs[1];
    tp_tensor *weight = weight_of(l, call->inputs);
    if (call->needed[0] && call->recording) {
        call->grad_inputs[0] = scaled(bce_gradient(g, x, y), weight, l, x);
    } else if (call->needed[0]) {
        arrays a;
        tp_tensor *out = call->grad_inputs[0] = gradient_place(x);
        if (!out)
            return TP_ERROR_MEMORY;
        TP__TRY(open_arrays(l, call->inputs, g, &a));
        tp__reduce()->bce_gradient[x->dtype == TP_F64](x->numel, a.g.data, l->reduction != TP_NONE, a.x.data,
                                                       a.y.data, a.weight.data, divisor_of(l, x), out->data);
        close_arrays(&a);
    }
    if (call->needed[1]) {
        tp_tensor *difference = tp_sub(tp_log1p(tp_neg(x)), tp_log(x));
        call->grad_inputs[1] = scaled(tp_mul(difference, g), weight, l, x);
    }
    if (weight && call->needed[2]) {
        tp_tensor *losses = tp_binary_cross_entropy(x, y, .reduction = TP_NONE);
        call->grad_inputs[2] = tp__reduce_to(scaled(tp_mul(losses, g), NULL, l, x), weight);
    }
    return tp__ctx.error;
}

const tp_op tp__op_binary_cross_entropy = {
    .name = "binary_cross_entropy",
    .n_inputs = -1,
    .n_outputs = 1,
    .saves = TP_SAVES_ALL_INPUTS,
    .attributes_size = sizeof(loss),
    .infer = infer_loss,
    .forward = forward_bce,
    .backward = backward_bce,
    .documentation = "-(y log x + (1 - y) log(1 - x)), logarithms no lower than -100.",
    .samples = SAMPLES(
        {"f64[2,3]<0.1,0.9> f64[2,3]<0.1,0.9>", LOSS(TP_MEAN), NULL},
        {"f64[4]<0.1,0.9> f64[4]<0.1,0.9>", LOSS(TP_SUM), NULL},
        {"f64[2,3]<0.1,0.9> f64[2,3]<0.1,0.9>", LOSS(TP_NONE), NULL},
        {"f64[2,3]<0.1,0.9> f64[2,3]<0.1,0.9> f64[3]<0.1,2>", LOSS(TP_MEAN, .has_weight = true), NULL},
        {"f64[]<0.1,0.9> f64[]<0.1,0.9>", LOSS(TP_MEAN), NULL},
        {"f64[3]<2,3> f64[3]<0,1>", LOSS(TP_MEAN), "all elements of input should be between 0 and 1"},
        {"f64[3]<0,1> f64[3]<2,3>", LOSS(TP_MEAN), "all elements of target should be between 0 and 1"},
        {"f64[3]<0,1> i64[3]<0,1>", LOSS(TP_MEAN), "Found dtype int64 but expected float64"},
        {"f64[2,3]<0,1> f64[2,3]<0,1> f64[2]<0,1>", LOSS(TP_MEAN, .has_weight = true), "does not broadcast"}),
};

tp_tensor *tp_binary_cross_entropy_with(const tp_loss_options *options)
{
    if (!options)
        return tp__null_argument("binary_cross_entropy: options"), NULL;
    tp_tensor *const inputs[3] = {options->input, options->target, options->weight};
    tp_frame frame = {"binary_cross_entropy", NULL, NULL};
    tp_frame_enter(&frame);
    tp_status status = check_reduction(options);
    if (status == TP_OK && !same_shape(inputs[0], inputs[1]))
        status = refuse_shapes("Using a target size (%s) that is different to the input size (%s); please "
                               "ensure they have the same size",
                               inputs[1], inputs[0]);
    tp_frame_leave(&frame);
    return status == TP_OK
               ? tp_apply(&tp__op_binary_cross_entropy, inputs, inputs[2] ? 3 : 2,
                          &(loss){.reduction = options->reduction, .has_weight = inputs[2] != NULL})
               : NULL;
}

/* ---- Binary cross-entropy of logits ---- */

static void bce_logits(const loss *l, const arrays *a, bool is_f64, int64_t n, void *out)
{
    (void)l;
    tp__reduce()->bce_logits[is_f64](n, a->x.data, a->y.data, a->weight.data, a->pos_weight.data, out);
}

static tp_status forward_bce_logits(tp_call *call)
{
    return forward_loss(call, bce_logits);
}

/* (sigmoid(x) - y) g, or ((t + 1 - y) sigmoid(x) - t) g with t = pos_weight y. */
static tp_tensor *bce_logits_gradient(tp_tensor *g, tp_tensor *x, tp_tensor *y, tp_tensor *pos_weight)
{
    tp_tensor *s = tp_sigmoid(x);
    if (!pos_weight)
        return tp_mul(tp_sub(s, y), g);
    tp_tensor *t = tp_mul(pos_weight, y);
    return tp_mul(tp_sub(tp_mul(tp_sub(tp_add(t, 1.0), y), s), t), g);
}

static tp_status backward_bce_logits(tp_backward_call *call)
{
    const loss *l = call->attributes;
    tp_tensor *g = call->grad_outputs[0], *x = call->inputs[0], *y = call->inputs[1];
    tp_tensor *weight = weight_of(l, call->inputs), *pos_weight = pos_weight_of(l, call->inputs);
    if (call->needed[0] && call->recording) {
        call->grad_inputs[0] = scaled(bce_logits_gradient(g, x, y, pos_weight), weight, l, x);
    } else if (call->needed[0]) {
        arrays a;
        tp_tensor *out = call->grad_inputs[0] = gradient_place(x);
        if (!out)
            return TP_ERROR_MEMORY;
        TP__TRY(open_arrays(l, call->inputs, g, &a));
        tp__reduce()->bce_logits_gradient[x->dtype == TP_F64](x->numel, a.g.data, l->reduction != TP_NONE,
                                                              a.x.data, a.y.data, a.weight.data,
                                                              a.pos_weight.data, divisor_of(l, x), out->data);
        close_arrays(&a);
    }
    if (call->needed[1]) {
        tp_tensor *by_y = tp_neg(x);
        if (pos_weight)
            by_y = tp_sub(tp_logsigmoid(by_y), tp_mul(pos_weight, tp_logsigmoid(x)));
        call->grad_inputs[1] = scaled(tp_mul(by_y, g), weight, l, x);
    }
    if (weight && call->needed[2]) {
        tp_tensor *losses =
            tp_binary_cross_entropy_with_logits(x, y, .pos_weight = pos_weight, .reduction = TP_NONE);
        call->grad_inputs[2] = tp__reduce_to(scaled(tp_mul(losses, g), NULL, l, x), weight);
    }
    if (pos_weight && call->needed[2 + l->has_weight]) {
        tp_tensor *by_weight = tp_mul(tp_mul(tp_neg(y), tp_logsigmoid(x)), g);
        call->grad_inputs[2 + l->has_weight] = tp__reduce_to(scaled(by_weight, weight, l, x), pos_weight);
    }
    return tp__ctx.error;
}

const tp_op tp__op_binary_cross_entropy_with_logits = {
    .name = "binary_cross_entropy_with_logits",
    .n_inputs = -1,
    .n_outputs = 1,
    .saves = TP_SAVES_ALL_INPUTS,
    .attributes_size = sizeof(loss),
    .infer = infer_loss,
    .forward = forward_bce_logits,
    .backward = backward_bce_logits,
    .documentation = "(1 - y) x - w logsigmoid(x), w = (pos_weight - 1) y + 1.",
    .samples = SAMPLES(
        {"f64[2,3] f64[2,3]<0,1>", LOSS(TP_MEAN), NULL}, {"f64[4] f64[4]<0,1>", LOSS(TP_SUM), NULL},
        {"f64[2,3] f64[2,3]<0,1>", LOSS(TP_NONE), NULL},
        {"f64[2,3] f64[2,3]<0,1> f64[2,1]<0.1,2>", LOSS(TP_MEAN, .has_weight = true), NULL},
        {"f64[2,3] f64[2,3]<0,1> f64[3]<0.1,2>", LOSS(TP_MEAN, .has_pos_weight = true), NULL},
        {"f64[2,3] f64[2,3]<0,1> f64[2,3]<0.1,2> f64[3]<0.1,2>",
         LOSS(TP_MEAN, .has_weight = true, .has_pos_weight = true), NULL},
        {"f64[2,3] f64[3]<0,1>", LOSS(TP_MEAN), "Target size ([3]) must be the same as input size ([2, 3])"}),
};

tp_tensor *tp_binary_cross_entropy_with_logits_with(const tp_loss_options *options)
{
    if (!options)
        return tp__null_argument("binary_cross_entropy_with_logits: options"), NULL;
    tp_tensor *inputs[4] = {options->input, options->target};
    int n = 2;
    tp_frame frame = {"binary_cross_entropy_with_logits", NULL, NULL};
    tp_frame_enter(&frame);
    const tp_status status = check_reduction(options);
    tp_frame_leave(&frame);
    if (status != TP_OK)
        return NULL;
    if (options->weight)
        inputs[n++] = options->weight;
    if (options->pos_weight)
        inputs[n++] = options->pos_weight;
    return tp_apply(&tp__op_binary_cross_entropy_with_logits, inputs, n,
                    &(loss){.reduction = options->reduction,
                            .has_weight = options->weight != NULL,
                            .has_pos_weight = options->pos_weight != NULL});
}

/* ---- Squared error ---- */

static void mse(const loss *l, const arrays *a, bool is_f64, int64_t n, void *out)
{
    (void)l;
    tp__reduce()->mse[is_f64](n, a->x.data, a->y.data, out);
}

static tp_status forward_mse(tp_call *call)
{
    return forward_loss(call, mse);
}

static tp_status backward_mse(tp_backward_call *call)
{
    const loss *l = call->attributes;
    tp_tensor *g = call->grad_outputs[0], *x = call->inputs[0], *y = call->inputs[1], *gradient;
    if (call->recording) {
        gradient = tp_mul(tp_mul(tp_sub(x, y), 2 / divisor_of(l, x)), g);
    } else {
        arrays a;
        gradient = gradient_place(x);
        if (!gradient)
            return TP_ERROR_MEMORY;
        TP__TRY(open_arrays(l, call->inputs, g, &a));
        tp__reduce()->mse_gradient[x->dtype == TP_F64](x->numel, a.g.data, l->reduction != TP_NONE, a.x.data,
                                                       a.y.data, divisor_of(l, x), gradient->data);
        close_arrays(&a);
    }
    if (call->needed[0])
        call->grad_inputs[0] = gradient;
    if (call->needed[1])
        call->grad_inputs[1] = tp_neg(gradient);
    return tp__ctx.error;
}

const tp_op tp__op_mse_loss = {
    .name = "mse_loss",
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_ALL_INPUTS,
    .attributes_size = sizeof(loss),
    .infer = infer_loss,
    .forward = forward_mse,
    .backward = backward_mse,
    .documentation = "(x - y)^2.",
    .samples = SAMPLES(
        {"f64[2,3] f64[2,3]", LOSS(TP_MEAN), NULL}, {"f64[4] f64[4]", LOSS(TP_SUM), NULL},
        {"f64[2,3] f64[2,3]", LOSS(TP_NONE), NULL}, {"f64[] f64[]", LOSS(TP_MEAN), NULL},
        {"f64[2,3] f64[3]", LOSS(TP_MEAN), "Target size ([3]) must be the same as input size ([2, 3])"}),
};

tp_tensor *tp_mse_loss_with(const tp_loss_options *options)
{
    if (!options)
        return tp__null_argument("mse_loss: options"), NULL;
    tp_frame frame = {"mse_loss", NULL, NULL};
    tp_tensor *inputs[2] = {options->input, options->target};
    tp_frame_enter(&frame);
    tp_status status = check_reduction(options);
    if (status == TP_OK && (options->weight || options->pos_weight))
        status = tp_fail(TP_ERROR_ARGUMENT, "takes no weight");
    tp_frame_leave(&frame);
    if (status != TP_OK)
        return NULL;
    if (inputs[0]->dtype != inputs[1]->dtype) {
        const tp_dtype dtype = tp__result_type(2, inputs);
        inputs[0] = tp_to(inputs[0], dtype);
        inputs[1] = tp_to(inputs[1], dtype);
    }
    return tp_apply(&tp__op_mse_loss, inputs, 2, &(loss){.reduction = options->reduction});
}

/* ---- Squares up to a distance, and lines beyond: smooth_l1 and huber ---- */

static tp_status infer_bent(tp_call *call)
{
    const loss *l = call->attributes;
    return l->width > 0 ? infer_loss(call)
                        : tp_fail(TP_ERROR_ARGUMENT, "the square must end above 0, and not at %g", l->width);
}

static void bent(const loss *l, const arrays *a, bool is_f64, int64_t n, void *out)
{
    tp__reduce()->huber[is_f64](n, a->x.data, a->y.data, l->width, l->curve, l->slope, out);
}

static tp_status forward_bent(tp_call *call)
{
    return forward_loss(call, bent);
}

/* The line's where d is no less than the width, so that NaN stays. */
static tp_tensor *bent_gradient(tp_tensor *g, tp_tensor *x, tp_tensor *y, const loss *l)
{
    tp_tensor *d = tp_sub(x, y);
    tp_tensor *line = tp_mul(tp_sign(d), l->slope), *curve = tp_div(d, l->curve);
    return scaled(tp_mul(tp_where(tp_ge(tp_abs(d), l->width), line, curve), g), NULL, l, x);
}

static tp_status backward_bent(tp_backward_call *call)
{
    const loss *l = call->attributes;
    tp_tensor *g = call->grad_outputs[0], *x = call->inputs[0], *y = call->inputs[1], *gradient;
    if (call->recording) {
        gradient = bent_gradient(g, x, y, l);
    } else {
        arrays a;
        gradient = gradient_place(x);
        if (!gradient)
            return TP_ERROR_MEMORY;
        TP__TRY(open_arrays(l, call->inputs, g, &a));
        tp__reduce()->huber_gradient[x->dtype == TP_F64](x->numel, a.g.data, l->reduction != TP_NONE,
                                                         a.x.data, a.y.data, l->width, l->curve, l->slope,
                                                         divisor_of(l, x), gradient->data);
        close_arrays(&a);
    }
    if (call->needed[0])
        call->grad_inputs[0] = gradient;
    if (call->needed[1])
        call->grad_inputs[1] = tp_neg(gradient);
    return tp__ctx.error;
}

#define BENT(width_, curve_, slope_) .width = width_, .curve = curve_, .slope = slope_
#define BENT_RECORD(record, its_name, its_documentation, bend)                                            \
    const tp_op record = {                                                                                \
        .name = its_name,                                                                                 \
        .n_inputs = 2,                                                                                    \
        .n_outputs = 1,                                                                                   \
        .saves = TP_SAVES_ALL_INPUTS,                                                                     \
        .attributes_size = sizeof(loss),                                                                  \
        .infer = infer_bent,                                                                              \
        .forward = forward_bent,                                                                          \
        .backward = backward_bent,                                                                        \
        .documentation = its_documentation,                                                               \
        .samples = SAMPLES({"f64[4,3] f64[4,3]", LOSS(TP_MEAN, bend), NULL},                              \
                           {"f64[5] f64[5]", LOSS(TP_SUM, bend), NULL},                                   \
                           {"f64[4,3] f64[4,3]", LOSS(TP_NONE, bend), NULL},                              \
                           {"f64[] f64[]", LOSS(TP_MEAN, BENT(9, 9, 1)), NULL},                           \
                           {"f64[2] f64[2]", LOSS(TP_SUM, BENT(0, 1, 1)), "the square must end above 0"}, \
                           {"f64[2,3] f64[3]", LOSS(TP_MEAN, bend),                                       \
                            "Target size ([3]) must be the same as input size ([2, 3])"}),                \
    }
BENT_RECORD(tp__op_smooth_l1_loss, "smooth_l1_loss",
            "d^2 / (2 beta) where d = |x - y| is below beta, else d - beta / 2.", BENT(0.7, 0.7, 1));
BENT_RECORD(tp__op_huber_loss, "huber_loss",
            "d^2 / 2 where d = |x - y| is below delta, else delta (d - delta / 2).", BENT(0.7, 1, 0.7));

/* Refuses what a loss of distances does not take; `fits` says whether its own option is one of those. */
static bool check_distance(const char *name, const tp_distance_loss_options *o, bool fits,
                           const char *refused, double is)
{
    TP_FRAME(name);
    tp_tensor *const tensors[2] = {o->input, o->target};
    if (!tp__check_loss_operands(2, tensors, o->reduction))
        return false;
    if (!fits)
        tp_fail(TP_ERROR_ARGUMENT, "%s does not support %s, and it is %g", name, refused, is);
    return fits;
}

tp_tensor *tp_smooth_l1_loss_with(const tp_distance_loss_options *o)
{
    if (!o)
        return tp__null_argument("smooth_l1_loss: options"), NULL;
    if (!check_distance("smooth_l1_loss", o, o->beta >= 0, "negative values for beta", o->beta))
        return NULL;
    if (o->beta == 0)
        return tp_l1_loss_with(o);
    tp_tensor *const inputs[2] = {o->input, o->target};
    return tp_apply(&tp__op_smooth_l1_loss, inputs, 2,
                    &(loss){.reduction = o->reduction, .width = o->beta, .curve = o->beta, .slope = 1});
}

tp_tensor *tp_huber_loss_with(const tp_distance_loss_options *o)
{
    if (!o)
        return tp__null_argument("huber_loss: options"), NULL;
    if (!check_distance("huber_loss", o, o->delta > 0, "non-positive values for delta", o->delta))
        return NULL;
    tp_tensor *const inputs[2] = {o->input, o->target};
    return tp_apply(&tp__op_huber_loss, inputs, 2,
                    &(loss){.reduction = o->reduction, .width = o->delta, .curve = 1, .slope = o->delta});
}

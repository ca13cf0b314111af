/* Batch norm (Ioffe and Szegedy 2015): channels, each normalised by the moments of a batch, or by given ones.
 * Where a sample has one number for each channel, the channels are computed side by side as they lie there;
 * otherwise each is a row.
 *
 * With h = (x - mean) / sqrt(variance + eps) and n values in a channel, y = h w + b. The gradient of x is
 * w (g - mean(g) - h mean(g h)) / sqrt(variance + eps) in training, and its first term otherwise. */
#include "backend/cpu/table.h"
#include "base/threads.h"
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "ops/reduce.h"

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

typedef struct norm {
    double eps;
    bool training; /* by the batch's moments; otherwise by the operands MEAN and VARIANCE */
} norm;
#define TRAINING                      \
    &(const norm)                     \
    {                                 \
        .eps = 1e-5, .training = true \
    }
#define EVALUATION  \
    &(const norm)   \
    {               \
        .eps = 1e-5 \
    }

enum { X, WEIGHT, BIAS, MEAN, VARIANCE, OPERANDS };
static const char *const operand_names[OPERANDS] = {"input", "weight", "bias", "running_mean", "running_var"};

/* What is kept of a channel. */
typedef struct moments {
    double mean, scale, variance;
} moments;

static unsigned reduced_dims(const tp_tensor *x)
{
    return ((1u << x->ndim) - 1) & ~2u;
}

/* x [n, channels, ...] as a view [channels, n, ...] of the same elements. */
static tp_tensor channels_first(const tp_tensor *x)
{
    tp_tensor t = *x;
    t.shape[0] = x->shape[1];
    t.shape[1] = x->shape[0];
    t.strides[0] = x->strides[1];
    t.strides[1] = x->strides[0];
    t.contiguous = tp__is_contiguous(t.ndim, t.shape, t.strides);
    return t;
}

typedef struct job {
    tp_tensor *const *operands;
    const norm *attributes;
    const char *x, *g; /* a row for each channel */
    char *out;
    moments *moments;
    tp_tensor *weight_gradient, *bias_gradient;
    int64_t n, channels;
    size_t size;
    bool is_f64;
} job;

/* The number of channel c in an operand; `otherwise` if there is none. */
static double number_at(const tp_tensor *t, int64_t c, double otherwise)
{
    if (!t)
        return otherwise;
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)t->dtype);
    return tp__load_f64((tp_dtype)t->dtype, t->data + c * t->strides[0] * size);
}

static double scale_of(const job *j, double variance)
{
    return 1 / sqrt((variance < 0 && j->attributes->training ? 0 : variance) + j->attributes->eps);
}

static void forward_channel(void *context, int64_t c)
{
    const job *j = context;
    const size_t at = (size_t)(c * j->n) * j->size;
    moments *m = &j->moments[c];
    m->mean = number_at(j->operands[MEAN], c, 0);
    m->variance = number_at(j->operands[VARIANCE], c, 0);
    if (j->attributes->training)
        tp__normalize()->moments[j->is_f64](j->n, j->x + at, true, &m->mean, &m->variance);
    m->scale = scale_of(j, m->variance);
    tp__normalize()->apply_one[j->is_f64](j->n, j->x + at, m->mean, m->scale,
                                          number_at(j->operands[WEIGHT], c, 1),
                                          number_at(j->operands[BIAS], c, 0), j->out + at);
}

static void store_sums(const job *j, int64_t c, double plain, double with)
{
    const tp_dtype dtype = j->is_f64 ? TP_F64 : TP_F32;
    if (j->weight_gradient)
        tp__store_f64(dtype, j->weight_gradient->data + (size_t)c * j->size, with);
    if (j->bias_gradient)
        tp__store_f64(dtype, j->bias_gradient->data + (size_t)c * j->size, plain);
}

/* What the sums are multiplied by in the gradient of x. */
static double share(const job *j)
{
    return j->attributes->training ? 1 / (double)j->n : 0;
}

static void backward_channel(void *context, int64_t c)
{
    const job *j = context;
    const size_t at = (size_t)(c * j->n) * j->size;
    const moments *m = &j->moments[c];
    double sums[2];
    tp__normalize()->sums_one[j->is_f64](j->n, j->x + at, j->g + at, m->mean, m->scale, sums);
    store_sums(j, c, sums[0], sums[1]);
    if (!j->out)
        return;
    const double by = share(j);
    tp__normalize()->gradient_one[j->is_f64](j->n, j->x + at, j->g + at, m->mean, m->scale,
                                             number_at(j->operands[WEIGHT], c, 1), sums[0] * by, sums[1] * by,
                                             j->out + at);
}

/* ---- Channels side by side ---- */

/* The channels of a piece, from `first` on. */
static int channels_of(const job *j, int64_t first)
{
    return (int)(j->channels - first < TP__CHANNELS ? j->channels - first : TP__CHANNELS);
}

static void forward_side(void *context, int64_t piece)
{
    const job *j = context;
    const int64_t first = piece * TP__CHANNELS;
    const int channels = channels_of(j, first);
    const size_t at = (size_t)first * j->size;
    double variance[TP__CHANNELS];
    tp__channels k;
    for (int c = 0; c < channels; c++) {
        k.mean[c] = number_at(j->operands[MEAN], first + c, 0);
        variance[c] = number_at(j->operands[VARIANCE], first + c, 0);
        k.weight[c] = number_at(j->operands[WEIGHT], first + c, 1);
        k.bias[c] = number_at(j->operands[BIAS], first + c, 0);
    }
    if (j->attributes->training)
        tp__batch_norm()->moments[j->is_f64](j->n, channels, j->x + at, j->channels, k.mean, variance);
    for (int c = 0; c < channels; c++) {
        k.scale[c] = scale_of(j, variance[c]);
        j->moments[first + c] = (moments){k.mean[c], k.scale[c], variance[c]};
    }
    tp__batch_norm()->apply[j->is_f64](j->n, channels, j->x + at, j->channels, &k, j->out + at);
}

static void backward_side(void *context, int64_t piece)
{
    const job *j = context;
    const int64_t first = piece * TP__CHANNELS;
    const int channels = channels_of(j, first);
    const size_t at = (size_t)first * j->size;
    double plain[TP__CHANNELS], with[TP__CHANNELS];
    tp__channels k;
    for (int c = 0; c < channels; c++) {
        k.mean[c] = j->moments[first + c].mean;
        k.scale[c] = j->moments[first + c].scale;
        k.weight[c] = number_at(j->operands[WEIGHT], first + c, 1);
    }
    tp__batch_norm()->sums[j->is_f64](j->n, channels, j->x + at, j->g + at, j->channels, &k, plain, with);
    for (int c = 0; c < channels; c++) {
        store_sums(j, first + c, plain[c], with[c]);
        plain[c] *= share(j);
        with[c] *= share(j);
    }
    if (j->out)
        tp__batch_norm()->gradient[j->is_f64](j->n, channels, j->x + at, j->g + at, j->channels, &k, plain,
                                              with, j->out + at);
}

/* ---- A job over all channels ---- */

static bool side_by_side(const tp_tensor *x)
{
    return x->numel == x->shape[0] * x->shape[1];
}

/* x as the job wants it, without gaps. */
static tp_status lay_out(const tp_tensor *x, tp__array *array)
{
    return side_by_side(x) ? tp__spread(x, x, array) : tp__as_rows(x, reduced_dims(x), array);
}

static void run_job(job *j, bool side, void (*on_side)(void *, int64_t), void (*on_rows)(void *, int64_t))
{
    if (side)
        tp__parallel_for((j->channels + TP__CHANNELS - 1) / TP__CHANNELS, on_side, j);
    else
        tp__parallel_for(j->channels, on_rows, j);
}

/* Begins a job over the channels of x; `out` is in the shape of x, or NULL. */
static tp_status open_job(job *j, tp_tensor *const *operands, tp_tensor *out, tp__array *x, tp_tensor **rows)
{
    const tp_tensor *input = operands[X];
    j->operands = operands;
    j->is_f64 = input->dtype == TP_F64;
    j->size = tp_dtype_size((tp_dtype)input->dtype);
    j->n = tp__reduced_count(input, reduced_dims(input));
    j->channels = input->shape[1];
    *rows = NULL;
    TP__TRY(lay_out(input, x));
    j->x = x->data;
    if (!out)
        return TP_OK;
    const tp_tensor to = channels_first(out);
    j->out = out->data;
    if (side_by_side(input) || to.contiguous)
        return TP_OK;
    *rows = tp__tensor_new(tp__region_current(), (tp_dtype)to.dtype, to.ndim, to.shape);
    j->out = *rows ? (*rows)->data : NULL;
    return *rows ? TP_OK : TP_ERROR_MEMORY;
}

static void close_job(tp_tensor *out, tp__array *x, tp_tensor *rows)
{
    if (rows) {
        tp_tensor to = channels_first(out);
        tp__copy_elements(rows, &to);
    }
    tp_release(rows);
    tp_release(x->scratch);
}

static tp_status forward_batch_norm(tp_call *call)
{
    tp_tensor *out = call->outputs[0], *rows;
    job j = {.attributes = call->attributes, .moments = (moments *)(void *)call->outputs[1]->data};
    tp__array x;
    if (!out->numel)
        return TP_OK;
    TP__TRY(open_job(&j, call->inputs, out, &x, &rows));
    run_job(&j, side_by_side(out), forward_side, forward_channel);
    close_job(out, &x, rows);
    return TP_OK;
}

/* ---- Backward ---- */

static tp_tensor *place_for(const tp_tensor *x, bool wanted)
{
    tp_tensor *out =
        wanted ? tp__tensor_new(tp__region_current(), (tp_dtype)x->dtype, x->ndim, x->shape) : NULL;
    if (!out)
        return NULL;
    out->temporary = true;
    if (!x->numel || x->ndim == 1)
        memset(out->data, 0, (size_t)out->numel * tp_dtype_size((tp_dtype)out->dtype));
    return out;
}

static tp_status fused_gradient(tp_backward_call *call)
{
    tp_tensor *const *in = call->inputs, **grads = call->grad_inputs, *rows;
    tp__array x, g;
    for (int i = X; i <= BIAS; i++) {
        const bool wanted = in[i] && call->needed[i];
        grads[i] = place_for(in[i], wanted);
        if (wanted && !grads[i])
            return TP_ERROR_MEMORY;
    }
    if (!in[X]->numel)
        return TP_OK;
    job j = {.attributes = call->attributes,
             .moments = (moments *)(void *)call->outputs[1]->data,
             .weight_gradient = grads[WEIGHT],
             .bias_gradient = grads[BIAS]};
    TP__TRY(open_job(&j, in, grads[X], &x, &rows));
    TP__TRY(lay_out(call->grad_outputs[0], &g));
    j.g = g.data;
    run_job(&j, side_by_side(in[X]), backward_side, backward_channel);
    tp_release(g.scratch);
    close_job(grads[X], &x, rows);
    return TP_OK;
}

/* A number for each channel in a shape that broadcasts to x. */
static tp_tensor *along_channels(tp_tensor *t, const tp_tensor *x)
{
    int64_t shape[TP_MAX_DIMS];
    if (!t)
        return NULL;
    shape[0] = x->shape[1];
    for (int d = 1; d < x->ndim - 1; d++)
        shape[d] = 1;
    return tp_reshape_n(t, x->ndim - 1, shape);
}

static tp_tensor *mean_of_channels(tp_tensor *t)
{
    int dims[TP_MAX_DIMS], n = 0;
    for (int d = 0; t && d < t->ndim; d++)
        if (d != 1)
            dims[n++] = d;
    return tp_mean_n(t, n, dims, true);
}

static tp_tensor *sum_of_channels(tp_tensor *t)
{
    int dims[TP_MAX_DIMS], n = 0;
    for (int d = 0; t && d < t->ndim; d++)
        if (d != 1)
            dims[n++] = d;
    return tp_sum_n(t, n, dims, false);
}

/* The gradients of given moments, and of everything where the gradient is itself recorded. */
static tp_status recorded_gradient(tp_backward_call *call)
{
    const norm *a = call->attributes;
    tp_tensor *const *in = call->inputs, **grads = call->grad_inputs, *x = in[X], *g = call->grad_outputs[0];
    const bool *needed = call->needed;
    tp_tensor *mean = a->training ? mean_of_channels(x) : along_channels(in[MEAN], x);
    tp_tensor *distance = tp_sub(x, mean);
    tp_tensor *variance =
        a->training ? mean_of_channels(tp_mul(distance, distance)) : along_channels(in[VARIANCE], x);
    tp_tensor *scale = tp_rsqrt(tp_add(variance, a->eps)), *h = tp_mul(distance, scale);
    tp_tensor *gw = in[WEIGHT] ? tp_mul(g, along_channels(in[WEIGHT], x)) : g;
    if (needed[X]) {
        tp_tensor *inner = gw;
        if (a->training)
            inner = tp_sub(tp_sub(gw, mean_of_channels(gw)), tp_mul(h, mean_of_channels(tp_mul(gw, h))));
        grads[X] = tp_mul(inner, scale);
    }
    if (in[WEIGHT] && needed[WEIGHT])
        grads[WEIGHT] = sum_of_channels(tp_mul(g, h));
    if (in[BIAS] && needed[BIAS])
        grads[BIAS] = sum_of_channels(g);
    if (in[MEAN] && needed[MEAN])
        grads[MEAN] = tp_neg(sum_of_channels(tp_mul(gw, scale)));
    if (in[VARIANCE] && needed[VARIANCE])
        grads[VARIANCE] = tp_mul(sum_of_channels(tp_mul(tp_mul(gw, h), tp_mul(scale, scale))), -0.5);
    return tp__ctx.error;
}

static tp_status backward_batch_norm(tp_backward_call *call)
{
    if (!call->grad_outputs[0])
        return TP_OK;
    if (call->recording || call->needed[MEAN] || call->needed[VARIANCE])
        return recorded_gradient(call);
    return fused_gradient(call);
}

/* ---- The record ---- */

static tp_status infer_batch_norm(tp_call *call)
{
    const norm *a = call->attributes;
    const tp_tensor *x = call->inputs[X];
    char of[TP__SHAPE_TEXT_SIZE];
    TP__TRY(tp__require_float(x, "the input"));
    tp__shape_text(of, sizeof of, x->ndim, x->shape);
    if (x->ndim < 2)
        return tp_fail(TP_ERROR_SHAPE,
                       "expected at least 2 dimensions, a batch of channels, got input size %s", of);
    if (a->training && x->numel == x->shape[1] && x->shape[0])
        return tp_fail(TP_ERROR_VALUE,
                       "Expected more than 1 value per channel when training, got input size %s", of);
    for (int i = WEIGHT; i < OPERANDS; i++) {
        const tp_tensor *t = call->inputs[i];
        if (!t && i >= MEAN && !a->training)
            return tp_fail(TP_ERROR_ARGUMENT, "%s must be defined in evaluation mode", operand_names[i]);
        if (!t)
            continue;
        if (t->dtype != x->dtype)
            return tp_fail(
                TP_ERROR_DTYPE, "all inputs must share same datatype, and the input is %s, but %s is %s",
                tp_dtype_name((tp_dtype)x->dtype), operand_names[i], tp_dtype_name((tp_dtype)t->dtype));
        if (t->ndim != 1 || t->shape[0] != x->shape[1])
            return tp_fail(TP_ERROR_SHAPE, "%s should contain %lld elements not %lld", operand_names[i],
                           (long long)x->shape[1], (long long)t->numel);
    }
    tp__result_like(call->results, (tp_dtype)x->dtype, x);
    call->results[1] = (tp_result){.dtype = TP_U8, .ndim = 2};
    call->results[1].shape[0] = x->shape[1];
    call->results[1].shape[1] = (int64_t)sizeof(moments);
    return TP_OK;
}

/* The second result is the channels' moments: as bytes, so that they are nothing that has a gradient. */
const tp_op tp__op_batch_norm = {
    .name = "batch_norm",
    .node_name = "NativeBatchNormBackward0",
    .n_inputs = OPERANDS,
    .n_outputs = 2,
    .optional = 1u << WEIGHT | 1u << BIAS | 1u << MEAN | 1u << VARIANCE,
    .saves = TP_SAVES_INPUT(X) | TP_SAVES_INPUT(WEIGHT) | TP_SAVES_INPUT(MEAN) | TP_SAVES_INPUT(VARIANCE) |
             TP_SAVES_OUTPUT(1),
    .attributes_size = sizeof(norm),
    .infer = infer_batch_norm,
    .forward = forward_batch_norm,
    .backward = backward_batch_norm,
    .documentation = "(x - mean) / sqrt(variance + eps) of each channel, times weight, plus bias.",
    .samples =
        SAMPLES({"f64[5,3] f64[3] f64[3]", TRAINING, NULL}, {"f64[2,3,4] f64[3] f64[3]", TRAINING, NULL},
                {"f64[1,2,40] - f64[2]", TRAINING, NULL}, {"f64[2,3,2,2]", TRAINING, NULL},
                {"f64[0,3] f64[3] f64[3]", TRAINING, NULL},
                {"f64[2,3] f64[3] f64[3] f64[3] f64[3]<0.5,2>", EVALUATION, NULL},
                {"f64[2,3,4] f64[3] f64[3] f64[3] f64[3]<0.5,2>", EVALUATION, NULL},
                {"f64[2,3] - - f64[3] f64[3]<0.5,2>", EVALUATION, NULL},
                {"f64[2,3]", EVALUATION, "running_mean must be defined in evaluation mode"},
                {"f64[2,3] - - f64[3]", EVALUATION, "running_var must be defined in evaluation mode"},
                {"f64[2,3] f64[2]", TRAINING, "weight should contain 3 elements not 2"},
                {"f64[2,3] - f64[2]", TRAINING, "bias should contain 3 elements not 2"},
                {"f64[2,3] - - f64[2] f64[3]", EVALUATION, "running_mean should contain 3 elements not 2"},
                {"f64[2,3] f32[3]", TRAINING, "all inputs must share same datatype"},
                {"f64[1,3]", TRAINING, "Expected more than 1 value per channel when training"},
                {"f64[3]", TRAINING, "expected at least 2 dimensions"},
                {"i64[2,3]", TRAINING, "must have a floating dtype, not int64"}),
};

/* running = momentum * batch's + (1 - momentum) * running, the variance being the unbiased one. */
static void update(tp_tensor *running, const tp_tensor *x, const moments *m, double momentum,
                   bool is_variance)
{
    const double n = (double)tp__reduced_count(x, reduced_dims(x));
    const int64_t size = (int64_t)tp_dtype_size((tp_dtype)running->dtype);
    for (int64_t c = 0; c < running->numel; c++) {
        const double of_batch = is_variance ? m[c].variance * (n / (n - 1)) : m[c].mean;
        char *at = running->data + c * running->strides[0] * size;
        const double before = tp__load_f64((tp_dtype)running->dtype, at);
        tp__store_f64((tp_dtype)running->dtype, at, momentum * of_batch + (1 - momentum) * before);
    }
    tp__changed(running);
}

static tp_status check_running(const tp_batch_norm_options *o)
{
    if (!o->input)
        return tp__null_argument("input");
    if (!o->training)
        return TP_OK;
    const tp_tensor *const running[2] = {o->running_mean, o->running_var};
    for (int i = 0; i < 2; i++) {
        if (!running[i])
            continue;
        if (running[i]->requires_grad)
            return tp_fail(TP_ERROR_STATE, "%s requires a gradient, and training writes to it",
                           operand_names[MEAN + i]);
        if (running[i]->ndim != 1 || (o->input->ndim > 1 && running[i]->shape[0] != o->input->shape[1]))
            return tp_fail(TP_ERROR_SHAPE, "%s should contain %lld elements not %lld",
                           operand_names[MEAN + i], o->input->ndim > 1 ? (long long)o->input->shape[1] : 0LL,
                           (long long)running[i]->numel);
        if (running[i]->dtype != o->input->dtype)
            return tp_fail(TP_ERROR_DTYPE,
                           "all inputs must share same datatype, and the input is %s, but %s is %s",
                           tp_dtype_name((tp_dtype)o->input->dtype), operand_names[MEAN + i],
                           tp_dtype_name((tp_dtype)running[i]->dtype));
    }
    return TP_OK;
}

tp_tensor *tp_f_batch_norm_with(const tp_batch_norm_options *o)
{
    if (!o)
        return tp__null_argument("f_batch_norm: options"), NULL;
    tp_frame frame = {"batch_norm", NULL, NULL};
    tp_frame_enter(&frame);
    const tp_status status = check_running(o);
    tp_frame_leave(&frame);
    if (status != TP_OK)
        return NULL;
    tp_tensor *const inputs[OPERANDS] = {o->input, o->weight, o->bias, o->training ? NULL : o->running_mean,
                                         o->training ? NULL : o->running_var};
    tp_tensor *outputs[TP_MAX_OUTPUTS];
    if (tp_apply_n(&tp__op_batch_norm, inputs, OPERANDS, &(norm){o->eps, o->training}, outputs) != TP_OK)
        return NULL;
    const moments *m = (const moments *)(const void *)outputs[1]->data;
    if (o->training && o->input->numel) {
        if (o->running_mean)
            update(o->running_mean, o->input, m, o->momentum, false);
        if (o->running_var)
            update(o->running_var, o->input, m, o->momentum, true);
    }
    return outputs[0];
}

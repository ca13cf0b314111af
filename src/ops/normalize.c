/* Layer, root-mean-square and group norm: rows of elements, each normalised by its own moments.
 *
 * Ba et al. 2016, Zhang and Sennrich 2019, Wu and He 2018. With h = (x - mean) / sqrt(variance + eps) and
 * n elements in a row, y = h w + b, and the gradient of x is
 * (g w - mean(g w) - h mean(g w h)) / sqrt(variance + eps); without mean, the second term is missing. */
#include "backend/cpu/caches.h"
#include "backend/cpu/table.h"
#include "base/threads.h"
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "ops/reduce.h"

#include <float.h>
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
    int64_t groups; /* of group norm; 0 for the others, which have the normalised shape */
    int ndim;
    int64_t shape[TP_MAX_DIMS];
} norm;
#define OVER(...)                \
    &(const norm)                \
    {                            \
        .eps = 1e-5, __VA_ARGS__ \
    }

enum { X, WEIGHT, BIAS };

/* Rows that one thread takes at a time hold about this many elements, and there are at most so many pieces:
 * each has sums of its own for the gradients of weight and bias. */
#define PIECE 32768
#define MOST_PIECES 64
#define FEWEST_ROWS 8

/* ---- The rows ---- */

/* x as rows; rows of weights repeat after `period` rows. */
typedef struct plan {
    tp_dtype dtype;
    size_t size;
    int64_t n, rows, period, repeat; /* repeat: how many elements side by side share a weight */
    bool centred;
} plan;

static plan plan_of(const tp_op *op, const norm *a, const tp_tensor *x)
{
    plan p = {
        .dtype = (tp_dtype)x->dtype, .n = 1, .period = 1, .repeat = 1, .centred = op != &tp__op_rms_norm};
    p.size = tp_dtype_size(p.dtype);
    if (a->groups) {
        p.period = a->groups;
        for (int d = 2; d < x->ndim; d++)
            p.repeat *= x->shape[d];
        p.n = x->shape[1] / a->groups * p.repeat;
        p.rows = x->shape[0] * a->groups;
    } else {
        p.rows = 1;
        for (int d = 0; d < x->ndim; d++)
            *(d < x->ndim - a->ndim ? &p.rows : &p.n) *= x->shape[d];
    }
    return p;
}

/* Weights with one for each element of `period` rows. */
static tp_status open_weights(const plan *p, const tp_tensor *weights, tp__array *array)
{
    TP__TRY(tp__spread(weights, weights, array));
    if (!weights || p->repeat == 1)
        return TP_OK;
    const int64_t n = weights->numel * p->repeat;
    tp_tensor *wide = tp__tensor_new(tp__region_current(), p->dtype, 1, &n);
    if (!wide)
        return TP_ERROR_MEMORY;
    for (int64_t i = 0; i < n; i++)
        memcpy(wide->data + (size_t)i * p->size,
               (const char *)array->data + (size_t)(i / p->repeat) * p->size, p->size);
    tp_release(array->scratch);
    *array = (tp__array){wide->data, wide};
    return TP_OK;
}

typedef struct moments {
    double mean, scale;
} moments;

typedef struct job {
    const plan *plan;
    double eps;
    const char *x, *g, *weight, *bias;
    char *out, *sums; /* sums: of weights and then of biases, for each piece */
    bool has_weight_sums, has_bias_sums, past_caches;
    moments *moments;
    int64_t rows_of_piece;
} job;

static const char *weights_of_row(const plan *p, const char *weights, int64_t row)
{
    return weights ? weights + (size_t)(row % p->period * p->n) * p->size : NULL;
}

static int64_t last_row(const job *j, int64_t piece)
{
    const int64_t end = (piece + 1) * j->rows_of_piece;
    return end < j->plan->rows ? end : j->plan->rows;
}

static void forward_piece(void *context, int64_t piece)
{
    const job *j = context;
    const plan *p = j->plan;
    const bool is_f64 = p->dtype == TP_F64;
    for (int64_t r = piece * j->rows_of_piece; r < last_row(j, piece); r++) {
        const size_t at = (size_t)(r * p->n) * p->size;
        double mean, variance;
        tp__normalize()->moments[is_f64](p->n, j->x + at, p->centred, &mean, &variance);
        j->moments[r] = (moments){mean, 1 / sqrt((variance < 0 ? 0 : variance) + j->eps)};
        tp__normalize()->apply[is_f64](p->n, j->x + at, mean, j->moments[r].scale,
                                       weights_of_row(p, j->weight, r), weights_of_row(p, j->bias, r),
                                       j->past_caches, j->out + at);
    }
    if (j->past_caches)
        tp__end_of_stores();
}

static tp_status forward_norm(tp_call *call)
{
    const norm *a = call->attributes;
    const plan p = plan_of(call->op, a, call->inputs[X]);
    tp__array x, weight, bias;
    TP__TRY(tp__spread(call->inputs[X], call->inputs[X], &x));
    TP__TRY(open_weights(&p, call->inputs[WEIGHT], &weight));
    TP__TRY(open_weights(&p, call->inputs[BIAS], &bias));
    job j = {.plan = &p,
             .eps = a->eps,
             .x = x.data,
             .weight = weight.data,
             .bias = bias.data,
             .out = call->outputs[0]->data,
             .past_caches = tp__is_beyond_caches((size_t)call->inputs[X]->numel * p.size),
             .moments = (moments *)(void *)call->outputs[1]->data,
             .rows_of_piece = p.n < PIECE ? PIECE / (p.n ? p.n : 1) : 1};
    tp__parallel_for((p.rows + j.rows_of_piece - 1) / j.rows_of_piece, forward_piece, &j);
    tp_release(x.scratch);
    tp_release(weight.scratch);
    tp_release(bias.scratch);
    return TP_OK;
}

/* ---- Backward ---- */

static void backward_piece(void *context, int64_t piece)
{
    const job *j = context;
    const plan *p = j->plan;
    const size_t width = (size_t)(p->period * p->n) * p->size;
    char *sums = j->sums ? j->sums + (size_t)piece * 2 * width : NULL;
    if (sums)
        memset(sums, 0, 2 * width);
    for (int64_t r = piece * j->rows_of_piece; r < last_row(j, piece); r++) {
        const size_t at = (size_t)(r * p->n) * p->size, at_weights = (size_t)(r % p->period * p->n) * p->size;
        tp__normalize()->gradient[p->dtype == TP_F64](
            p->n, j->x + at, j->g + at, j->moments[r].mean, j->moments[r].scale, p->centred,
            weights_of_row(p, j->weight, r), j->past_caches, j->out ? j->out + at : NULL,
            j->has_weight_sums ? sums + at_weights : NULL,
            j->has_bias_sums ? sums + width + at_weights : NULL);
    }
    if (j->past_caches)
        tp__end_of_stores();
}

/* Adds up the pieces' sums, `which` being 0 for weights and 1 for biases. */
static tp_tensor *gathered(const job *j, int64_t pieces, int which, const tp_tensor *like)
{
    const plan *p = j->plan;
    const int64_t width = p->period * p->n;
    tp_tensor *out = tp__tensor_new(tp__region_current(), p->dtype, like->ndim, like->shape);
    tp_tensor *wide = out;
    if (p->repeat != 1)
        wide = tp__tensor_new(tp__region_current(), p->dtype, 1, &width);
    if (!out || !wide)
        return NULL;
    memset(wide->data, 0, (size_t)width * p->size);
    tp__reduce()->sum[p->dtype == TP_F64](pieces, width, j->sums + (size_t)(which * width) * p->size,
                                          2 * width, 1, wide->data, 1);
    if (wide != out) {
        const int64_t shape[2] = {like->numel, p->repeat};
        tp_tensor *square = tp_reshape_n(wide, 2, shape);
        if (!square)
            return NULL;
        tp__sum_into(square, 2, out);
        tp_release(square);
        tp_release(wide);
    }
    out->temporary = true;
    return out;
}

static tp_tensor *place_for(const tp_tensor *x)
{
    tp_tensor *out = tp__tensor_new(tp__region_current(), (tp_dtype)x->dtype, x->ndim, x->shape);
    if (out)
        out->temporary = true;
    return out;
}

static tp_status fused_gradient(tp_backward_call *call)
{
    const tp_tensor *x = call->inputs[X], *weight = call->inputs[WEIGHT], *bias = call->inputs[BIAS];
    const plan p = plan_of(call->op, call->attributes, x);
    job j = {.plan = &p,
             .has_weight_sums = weight && call->needed[WEIGHT],
             .has_bias_sums = bias && call->needed[BIAS],
             .moments = (moments *)(void *)call->outputs[1]->data};
    int64_t samples = PIECE / (x->numel ? p.n * p.period : 1);
    const int64_t fair = (p.rows / p.period + MOST_PIECES - 1) / MOST_PIECES;
    samples = samples > fair ? samples : fair;
    j.rows_of_piece = p.period * (samples > FEWEST_ROWS ? samples : FEWEST_ROWS);
    const int64_t pieces = (p.rows + j.rows_of_piece - 1) / j.rows_of_piece;
    tp__array from, gradient, weights;
    tp_tensor *sums = NULL, *out = NULL;
    TP__TRY(tp__spread(x, x, &from));
    TP__TRY(tp__spread(call->grad_outputs[0], x, &gradient));
    TP__TRY(open_weights(&p, weight, &weights));
    if (j.has_weight_sums || j.has_bias_sums) {
        const int64_t shape[2] = {pieces, 2 * p.period * p.n};
        sums = tp__tensor_new(tp__region_current(), p.dtype, 2, shape);
    }
    if (call->needed[X])
        out = call->grad_inputs[X] = place_for(x);
    if ((call->needed[X] && !out) || ((j.has_weight_sums || j.has_bias_sums) && !sums))
        return TP_ERROR_MEMORY;
    j.x = from.data;
    j.g = gradient.data;
    j.weight = weights.data;
    j.out = out ? out->data : NULL;
    j.past_caches = out && tp__is_beyond_caches((size_t)out->numel * p.size);
    j.sums = sums ? sums->data : NULL;
    tp__parallel_for(pieces, backward_piece, &j);
    if (j.has_weight_sums && !(call->grad_inputs[WEIGHT] = gathered(&j, pieces, 0, weight)))
        return tp__ctx.error;
    if (j.has_bias_sums && !(call->grad_inputs[BIAS] = gathered(&j, pieces, 1, bias)))
        return tp__ctx.error;
    tp_release(sums);
    tp_release(from.scratch);
    tp_release(gradient.scratch);
    tp_release(weights.scratch);
    return TP_OK;
}

/* Weights in a shape that broadcasts to x. */
static tp_tensor *broadcastable(const plan *p, const tp_tensor *x, tp_tensor *weights, bool grouped)
{
    int64_t shape[TP_MAX_DIMS];
    (void)p;
    if (!weights || !grouped)
        return weights;
    shape[0] = x->shape[1];
    for (int d = 1; d < x->ndim - 1; d++)
        shape[d] = 1;
    return tp_reshape_n(weights, x->ndim - 1, shape);
}

static tp_tensor *row_mean(tp_tensor *x)
{
    return tp_mean_dim(x, 1, true);
}

static tp_status recorded_gradient(tp_backward_call *call)
{
    const norm *a = call->attributes;
    tp_tensor *x = call->inputs[X], *g = call->grad_outputs[0];
    const plan p = plan_of(call->op, a, x);
    const int64_t rows[2] = {p.rows, p.n};
    tp_tensor *weight = broadcastable(&p, x, call->inputs[WEIGHT], a->groups != 0);
    tp_tensor *bias = broadcastable(&p, x, call->inputs[BIAS], a->groups != 0);
    tp_tensor *distance = tp_reshape_n(x, 2, rows);
    if (p.centred)
        distance = tp_sub(distance, row_mean(distance));
    tp_tensor *scale = tp_rsqrt(tp_add(row_mean(tp_mul(distance, distance)), a->eps));
    tp_tensor *h = tp_mul(distance, scale);
    tp_tensor *gw = tp_reshape_n(weight ? tp_mul(g, weight) : g, 2, rows);
    if (call->needed[X]) {
        tp_tensor *inner = tp_sub(gw, tp_mul(h, row_mean(tp_mul(gw, h))));
        if (p.centred)
            inner = tp_sub(inner, row_mean(gw));
        call->grad_inputs[X] = tp_reshape_n(tp_mul(inner, scale), x->ndim, x->shape);
    }
    if (weight && call->needed[WEIGHT]) {
        tp_tensor *sums = tp__reduce_to(tp_mul(g, tp_reshape_n(h, x->ndim, x->shape)), weight);
        call->grad_inputs[WEIGHT] =
            tp_reshape_n(sums, call->inputs[WEIGHT]->ndim, call->inputs[WEIGHT]->shape);
    }
    if (bias && call->needed[BIAS])
        call->grad_inputs[BIAS] =
            tp_reshape_n(tp__reduce_to(g, bias), call->inputs[BIAS]->ndim, call->inputs[BIAS]->shape);
    return tp__ctx.error;
}

static tp_status backward_norm(tp_backward_call *call)
{
    if (!call->grad_outputs[0])
        return TP_OK;
    return call->recording ? recorded_gradient(call) : fused_gradient(call);
}

/* ---- Rules ---- */

static tp_status check_types(const tp_call *call)
{
    TP__TRY(tp__require_float(call->inputs[X], "the input"));
    for (int i = WEIGHT; i <= BIAS; i++)
        if (call->inputs[i] && call->inputs[i]->dtype != call->inputs[X]->dtype)
            return tp_fail(TP_ERROR_DTYPE,
                           "all inputs must share same datatype, and the input is %s, but %s is %s",
                           tp_dtype_name((tp_dtype)call->inputs[X]->dtype), i == WEIGHT ? "weight" : "bias",
                           tp_dtype_name((tp_dtype)call->inputs[i]->dtype));
    return TP_OK;
}

/* The result, and the moments of the rows: as bytes, so that they are nothing that has a gradient. */
static void set_results(tp_call *call)
{
    const tp_tensor *x = call->inputs[X];
    const plan p = plan_of(call->op, call->attributes, x);
    tp__result_like(call->results, (tp_dtype)x->dtype, x);
    call->results[1] = (tp_result){.dtype = TP_U8, .ndim = 2};
    call->results[1].shape[0] = p.rows;
    call->results[1].shape[1] = (int64_t)sizeof(moments);
}

static tp_status infer_over_shape(tp_call *call)
{
    const norm *a = call->attributes;
    const tp_tensor *x = call->inputs[X];
    char is[TP__SHAPE_TEXT_SIZE], of[TP__SHAPE_TEXT_SIZE];
    TP__TRY(check_types(call));
    TP__TRY(tp__require_rank(a->ndim));
    if (a->groups)
        return tp_fail(TP_ERROR_ARGUMENT, "takes no groups");
    if (a->ndim < 1)
        return tp_fail(TP_ERROR_SHAPE, "Expected normalized_shape to be at least 1-dimensional, i.e., "
                                       "containing at least one element, but got normalized_shape = []");
    tp__shape_text(is, sizeof is, a->ndim, a->shape);
    if (x->ndim < a->ndim ||
        memcmp(x->shape + x->ndim - a->ndim, a->shape, (size_t)a->ndim * sizeof(int64_t)))
        return tp_fail(TP_ERROR_SHAPE,
                       "Given normalized_shape=%s, expected input with shape [*, %s, but got input of size%s",
                       is, is + 1, tp__shape_text(of, sizeof of, x->ndim, x->shape));
    for (int i = WEIGHT; i <= BIAS; i++) {
        const tp_tensor *t = call->inputs[i];
        if (t && (t->ndim != a->ndim || memcmp(t->shape, a->shape, (size_t)a->ndim * sizeof(int64_t))))
            return tp_fail(TP_ERROR_SHAPE,
                           "Expected %s to be of same shape as normalized_shape, but got %s of shape %s and "
                           "normalized_shape = %s",
                           i == WEIGHT ? "weight" : "bias", i == WEIGHT ? "weight" : "bias",
                           tp__shape_text(of, sizeof of, t->ndim, t->shape), is);
    }
    set_results(call);
    return TP_OK;
}

static tp_status infer_group(tp_call *call)
{
    const norm *a = call->attributes;
    const tp_tensor *x = call->inputs[X];
    char of[TP__SHAPE_TEXT_SIZE], is[TP__SHAPE_TEXT_SIZE];
    TP__TRY(check_types(call));
    if (x->ndim < 2)
        return tp_fail(TP_ERROR_SHAPE, "Expected at least 2 dimensions for input tensor but received %d",
                       x->ndim);
    tp__shape_text(of, sizeof of, x->ndim, x->shape);
    if (a->groups < 1)
        return tp_fail(TP_ERROR_ARGUMENT, "Expected num groups to be greater than 0, got %lld",
                       (long long)a->groups);
    if (x->shape[1] % a->groups)
        return tp_fail(TP_ERROR_SHAPE,
                       "Expected number of channels in input to be divisible by num_groups, but got input of "
                       "shape %s and num_groups=%lld",
                       of, (long long)a->groups);
    for (int i = WEIGHT; i <= BIAS; i++) {
        const tp_tensor *t = call->inputs[i];
        if (t && (t->ndim != 1 || t->shape[0] != x->shape[1]))
            return tp_fail(TP_ERROR_SHAPE,
                           "Expected %s to be a vector of size equal to the number of channels in input, but "
                           "got %s of shape %s and input of shape %s",
                           i == WEIGHT ? "weight" : "bias", i == WEIGHT ? "weight" : "bias",
                           tp__shape_text(is, sizeof is, t->ndim, t->shape), of);
    }
    int64_t rows;
    if (__builtin_mul_overflow(x->shape[0], a->groups, &rows))
        return tp_fail(TP_ERROR_SHAPE, "%lld groups are too many", (long long)a->groups);
    const plan p = plan_of(call->op, a, x);
    if (x->shape[0] * p.n == 1)
        return tp_fail(TP_ERROR_VALUE,
                       "Expected more than 1 value per channel when training, got input size %s", of);
    set_results(call);
    return TP_OK;
}

/* ---- The records ---- */

#define NORM(record, its_name, printed, rule, its_documentation, ...)                               \
    const tp_op record = {.name = its_name,                                                         \
                          .node_name = printed,                                                     \
                          .n_inputs = 3,                                                            \
                          .n_outputs = 2,                                                           \
                          .optional = 1u << WEIGHT | 1u << BIAS,                                    \
                          .saves = TP_SAVES_INPUT(X) | TP_SAVES_INPUT(WEIGHT) | TP_SAVES_OUTPUT(1), \
                          .attributes_size = sizeof(norm),                                          \
                          .infer = rule,                                                            \
                          .forward = forward_norm,                                                  \
                          .backward = backward_norm,                                                \
                          .documentation = its_documentation,                                       \
                          .samples = SAMPLES(__VA_ARGS__)}

NORM(tp__op_layer_norm, "layer_norm", "NativeLayerNormBackward0", infer_over_shape,
     "(x - mean) / sqrt(variance + eps) over the last dimensions, times weight, plus bias.",
     {"f64[4,6] f64[6] f64[6]", OVER(.ndim = 1, .shape = {6}), NULL},
     {"f64[2,3,4] f64[3,4] f64[3,4]", OVER(.ndim = 2, .shape = {3, 4}), NULL},
     {"f64[3,70] f64[70]", OVER(.ndim = 1, .shape = {70}), NULL},
     {"f64[3,5] - f64[5]", OVER(.ndim = 1, .shape = {5}), NULL},
     {"f64[5]", OVER(.ndim = 1, .shape = {5}), NULL},
     {"f64[0,5] f64[5] f64[5]", OVER(.ndim = 1, .shape = {5}), NULL},
     {"f64[2,6]", OVER(.ndim = 1, .shape = {5}),
      "Given normalized_shape=[5], expected input with shape [*, 5], but got input of size[2, 6]"},
     {"f64[2,6] f64[5]", OVER(.ndim = 1, .shape = {6}), "Expected weight to be of same shape"},
     {"f64[2,6] - f64[5]", OVER(.ndim = 1, .shape = {6}), "Expected bias to be of same shape"},
     {"f64[2,6] i64[6]", OVER(.ndim = 1, .shape = {6}), "all inputs must share same datatype"},
     {"f64[2,6]", OVER(.ndim = 0), "Expected normalized_shape to be at least 1-dimensional"},
     {"i64[2,6]", OVER(.ndim = 1, .shape = {6}), "must have a floating dtype, not int64"});
NORM(tp__op_rms_norm, "rms_norm", "MulBackward0", infer_over_shape,
     "x / sqrt(mean(x^2) + eps) over the last dimensions, times weight.",
     {"f64[4,6] f64[6]", OVER(.ndim = 1, .shape = {6}), NULL},
     {"f64[4,6]", OVER(.ndim = 1, .shape = {6}), NULL},
     {"f64[2,3,4] f64[3,4] f64[3,4]", OVER(.ndim = 2, .shape = {3, 4}), NULL},
     {"f64[2,6] f64[5]", OVER(.ndim = 1, .shape = {6}), "Expected weight to be of same shape"});
NORM(tp__op_group_norm, "group_norm", "NativeGroupNormBackward0", infer_group,
     "(x - mean) / sqrt(variance + eps) over groups of channels, times weight, plus bias.",
     {"f64[2,4,3] f64[4] f64[4]", OVER(.groups = 2), NULL},
     {"f64[3,4] f64[4] f64[4]", OVER(.groups = 2), NULL}, {"f64[2,4,3,2] - f64[4]", OVER(.groups = 1), NULL},
     {"f64[2,4,2]", OVER(.groups = 4), NULL}, {"f64[0,4,2] f64[4] f64[4]", OVER(.groups = 4), NULL},
     {"f64[2,6]", OVER(.groups = 4), "Expected number of channels in input to be divisible by num_groups"},
     {"f64[6]", OVER(.groups = 2), "Expected at least 2 dimensions for input tensor but received 1"},
     {"f64[2,6]", OVER(.groups = -1), "Expected num groups to be greater than 0"},
     {"f64[2,6] f64[5]", OVER(.groups = 2), "Expected weight to be a vector of size"},
     {"f64[1,6]", OVER(.groups = 6), "Expected more than 1 value per channel when training"});

static tp_tensor *over_shape(const tp_op *op, tp_tensor *x, int ndim, const int64_t *shape, tp_tensor *weight,
                             tp_tensor *bias, double eps)
{
    tp_tensor *const inputs[3] = {x, weight, bias};
    norm a = {.eps = eps, .ndim = ndim};
    if (!x)
        return tp__null_operand(op->name);
    if (ndim > TP_MAX_DIMS || (ndim > 0 && !shape)) {
        tp_frame frame = {op->name, NULL, NULL};
        tp_frame_enter(&frame);
        tp_fail(TP_ERROR_ARGUMENT,
                ndim > TP_MAX_DIMS ? "a normalized_shape of %d dimensions"
                                   : "the normalized_shape of %d dimensions is NULL",
                ndim);
        tp_frame_leave(&frame);
        return NULL;
    }
    for (int d = 0; d < ndim; d++)
        a.shape[d] = shape[d];
    return tp_apply(op, inputs, 3, &a);
}

tp_tensor *tp_f_layer_norm(tp_tensor *x, int ndim, const int64_t *shape, tp_tensor *weight, tp_tensor *bias,
                           double eps)
{
    return over_shape(&tp__op_layer_norm, x, ndim, shape, weight, bias, eps);
}

tp_tensor *tp_f_rms_norm(tp_tensor *x, int ndim, const int64_t *shape, tp_tensor *weight, double eps)
{
    if (eps < 0)
        eps = x && x->dtype == TP_F64 ? DBL_EPSILON : (double)FLT_EPSILON;
    return over_shape(&tp__op_rms_norm, x, ndim, shape, weight, NULL, eps);
}

tp_tensor *tp_f_group_norm(tp_tensor *x, int64_t groups, tp_tensor *weight, tp_tensor *bias, double eps)
{
    tp_tensor *const inputs[3] = {x, weight, bias};
    /* 0 groups are as wrong as -1, which the record can tell from no groups. */
    return x ? tp_apply(&tp__op_group_norm, inputs, 3, &(norm){.eps = eps, .groups = groups ? groups : -1})
             : tp__null_operand("group_norm");
}

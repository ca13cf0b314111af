/* Softmax cross-entropy. Against class numbers it is one operation: forward reads x once and keeps two
 * numbers of each row, its largest element and the logarithm of the sum of exp(x - largest); backward reads x
 * once more and writes the gradient. Log-probabilities are not stored. Against probabilities it is composed.
 */
#include "backend/cpu/caches.h"
#include "backend/cpu/table.h"
#include "base/threads.h"
#include "ops/elementwise.h"
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

/* Rows that one thread takes at a time hold about this many elements. */
#define PIECE 32768

/* The numbers kept of a row: those two, and, for label smoothing, the sum of its weighted log-probabilities.
 * They are the second result, as bytes, so that it is nothing that has a gradient. */
static int64_t numbers_of_row(const tp__nll *a)
{
    return a->smoothing > 0 ? 3 : 2;
}

/* x with a row for each target, the elements of a row being the classes; and the operands' elements. */
typedef struct rows {
    tp_dtype dtype;
    size_t size;
    int64_t n, classes;
    tp__array x, target, weight;
} rows;

static tp_status open_rows(const tp_tensor *x, const tp_tensor *target, const tp_tensor *weight, rows *r)
{
    *r = (rows){.dtype = (tp_dtype)x->dtype, .n = target->numel};
    r->size = tp_dtype_size(r->dtype);
    r->classes = x->shape[tp__class_dim(x)];
    TP__TRY(tp__as_rows(x, 1u << tp__class_dim(x), &r->x));
    TP__TRY(tp__spread(target, target, &r->target));
    return weight ? tp__spread(weight, weight, &r->weight) : TP_OK;
}

static void close_rows(rows *r)
{
    tp_release(r->x.scratch);
    tp_release(r->target.scratch);
    tp_release(r->weight.scratch);
}

static const char *row_of(const rows *r, const void *data, int64_t i)
{
    return (const char *)data + (size_t)(i * r->classes) * r->size;
}

static tp_status infer_cross_entropy(tp_call *call)
{
    const double smoothing = ((const tp__nll *)call->attributes)->smoothing;
    TP__TRY(tp__infer_nll(call));
    if (!(smoothing >= 0 && smoothing <= 1))
        return tp_fail(TP_ERROR_ARGUMENT, "label_smoothing must be between 0.0 and 1.0. Got: %g", smoothing);
    const tp_tensor *x = call->inputs[0];
    call->results[1] = (tp_result){.dtype = TP_U8, .ndim = 2};
    call->results[1].shape[0] = call->inputs[1]->numel;
    call->results[1].shape[1] = numbers_of_row(call->attributes) * (int64_t)tp_dtype_size((tp_dtype)x->dtype);
    return TP_OK;
}

/* ---- Forward ---- */

typedef struct forward_job {
    const rows *rows;
    char *numbers;
    size_t size; /* of a row's numbers */
    bool smooth;
    int64_t rows_of_chunk;
} forward_job;

static void forward_chunk(void *context, int64_t chunk)
{
    const forward_job *job = context;
    const rows *r = job->rows;
    const int64_t begin = chunk * job->rows_of_chunk;
    const int64_t end = begin + job->rows_of_chunk < r->n ? begin + job->rows_of_chunk : r->n;
    for (int64_t i = begin; i < end; i++)
        tp__cross_entropy()->statistics[r->dtype == TP_F64](
            r->classes, row_of(r, r->x.data, i), (r->n - i - 1) * r->classes, r->weight.data, job->smooth,
            job->numbers + (size_t)i * job->size);
}

static int64_t rows_of_chunk(const rows *r)
{
    const int64_t few = r->n >= 64 ? 4 : 1; /* so that rows can be fetched ahead */
    const int64_t many = PIECE / (r->classes ? r->classes : 1);
    return many > few ? many : few;
}

/* (1 - smoothing) nll + smoothing / classes * smooth, in steps of the dtype. */
static double mixed(const rows *r, const tp__nll *a, double nll, double smooth)
{
    const double one = tp__rounded(r->dtype, nll * tp__rounded(r->dtype, 1 - a->smoothing));
    return one + tp__rounded(r->dtype, smooth * tp__rounded(r->dtype, a->smoothing / (double)r->classes));
}

/* The losses of the rows, one by one or added up. */
static void add_up(const rows *r, const tp__nll *a, const tp_tensor *weight, const char *numbers,
                   tp_tensor *out)
{
    const int64_t *class_of = r->target.data;
    const size_t stride = (size_t)numbers_of_row(a) * r->size;
    tp__cascade losses = tp__cascade_of(r->n), smooth_losses = losses;
    for (int64_t i = 0; i < r->n; i++) {
        double loss = 0, smooth = 0;
        if (class_of[i] != a->ignore_index) {
            const char *of_row = numbers + (size_t)i * stride;
            const char *x = row_of(r, r->x.data, i) + (size_t)class_of[i] * r->size;
            const double top = tp__load_f64(r->dtype, of_row), sum = tp__load_f64(r->dtype, of_row + r->size);
            loss = tp__rounded(r->dtype, tp__rounded(r->dtype, tp__load_f64(r->dtype, x) - top) - sum);
            loss = -tp__rounded(r->dtype, loss * tp__weight_at(weight, class_of[i]));
            if (a->smoothing > 0)
                smooth = -tp__load_f64(r->dtype, of_row + 2 * r->size);
        }
        if (a->reduction == TP_NONE) {
            loss = a->smoothing > 0 ? mixed(r, a, loss, smooth) : loss;
            tp__store_f64(r->dtype, out->data + (size_t)i * r->size, loss == 0 ? 0 : loss);
        } else if (class_of[i] != a->ignore_index) {
            tp__cascade_add(&losses, i, loss);
            tp__cascade_add(&smooth_losses, i, smooth);
        }
    }
    if (a->reduction == TP_NONE)
        return;
    double loss = tp__cascade_total(&losses, r->dtype), smooth = tp__cascade_total(&smooth_losses, r->dtype);
    if (a->reduction == TP_MEAN) {
        const double count = tp__total_weight(weight, class_of, r->n, a->ignore_index, r->dtype);
        loss = tp__rounded(r->dtype, loss / count);
        smooth = tp__rounded(r->dtype, smooth / count);
    }
    tp__store_f64(r->dtype, out->data, a->smoothing > 0 ? mixed(r, a, loss, smooth) : loss);
}

static const tp_tensor *weight_among(tp_tensor *const *inputs, int n)
{
    return n > 2 ? inputs[2] : NULL;
}

static tp_status forward_cross_entropy(tp_call *call)
{
    const tp__nll *a = call->attributes;
    const tp_tensor *weight = weight_among(call->inputs, call->n_inputs);
    rows r;
    TP__TRY(open_rows(call->inputs[0], call->inputs[1], weight, &r));
    TP__TRY(tp__check_class_target(call->inputs[1], r.target.data, r.classes, a->ignore_index));
    forward_job job = {.rows = &r,
                       .numbers = call->outputs[1]->data,
                       .size = (size_t)numbers_of_row(a) * r.size,
                       .smooth = a->smoothing > 0,
                       .rows_of_chunk = rows_of_chunk(&r)};
    tp__parallel_for((r.n + job.rows_of_chunk - 1) / job.rows_of_chunk, forward_chunk, &job);
    add_up(&r, a, weight, job.numbers, call->outputs[0]);
    close_rows(&r);
    return TP_OK;
}

/* ---- Backward ---- */

typedef struct backward_job {
    const rows *rows;
    const tp__nll *attributes;
    const tp_tensor *weight;
    const char *numbers, *g;
    char *out;
    double count;          /* what a mean divides by, or 1 */
    double sum_of_weights; /* of all classes */
    bool past_caches;
    int64_t rows_of_chunk;
} backward_job;

/* The gradient of a row's loss with respect to its log-probabilities is one number for each class (times its
 * weight) and another one for the target's; softmax takes off their sum. */
static void backward_chunk(void *context, int64_t chunk)
{
    const backward_job *job = context;
    const rows *r = job->rows;
    const tp__nll *a = job->attributes;
    const tp_dtype dtype = r->dtype;
    const size_t stride = (size_t)numbers_of_row(a) * r->size;
    const int64_t begin = chunk * job->rows_of_chunk;
    const int64_t end = begin + job->rows_of_chunk < r->n ? begin + job->rows_of_chunk : r->n;
    for (int64_t i = begin; i < end; i++) {
        const int64_t class = ((const int64_t *)r->target.data)[i];
        const double g = tp__load_f64(dtype, job->g + (a->reduction == TP_NONE ? (size_t)i * r->size : 0));
        double single = 0, each = 0;
        if (class != a->ignore_index) {
            single = a->smoothing > 0 ? tp__rounded(dtype, g * tp__rounded(dtype, 1 - a->smoothing)) : g;
            single = tp__rounded(dtype, -single / job->count) * tp__weight_at(job->weight, class);
            single = tp__rounded(dtype, single);
            each = tp__rounded(dtype, g * tp__rounded(dtype, a->smoothing / (double)r->classes));
            each = tp__rounded(dtype, -each / job->count);
        }
        char *out = job->out + (size_t)(i * r->classes) * r->size;
        tp__cross_entropy()->gradient[dtype == TP_F64](
            r->classes, row_of(r, r->x.data, i), job->numbers + (size_t)i * stride, r->weight.data, each,
            single + (each != 0 ? each * job->sum_of_weights : 0), job->past_caches, out);
        if (class == a->ignore_index)
            continue;
        out += (size_t) class * r->size;
        tp__store_f64(dtype, out, single + tp__load_f64(dtype, out));
    }
    if (job->past_caches)
        tp__end_of_stores();
}

/* A contiguous [targets, classes], of which only a view in the shape of x stays. */
static tp_tensor *in_shape_of(const tp_tensor *x, tp_tensor *gradient)
{
    int64_t shape[TP_MAX_DIMS], order[TP_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++) {
        shape[d] = d == x->ndim - 1 ? x->shape[1] : x->shape[d ? d + 1 : 0];
        order[d] = d == 0 ? 0 : d == 1 ? x->ndim - 1 : d - 1;
    }
    tp_tensor *apart = tp_reshape_n(gradient, x->ndim, shape);
    tp_tensor *view = tp_permute_n(apart, x->ndim, order);
    tp_release(apart);
    tp_release(gradient);
    return view;
}

static tp_status fused_gradient(tp_backward_call *call)
{
    const tp__nll *a = call->attributes;
    tp_tensor *x = call->inputs[0], *g = call->grad_outputs[0];
    const tp_tensor *weight = weight_among(call->inputs, call->n_inputs);
    rows r;
    tp__array from = {g->data, NULL};
    TP__TRY(open_rows(x, call->inputs[1], weight, &r));
    TP__TRY(tp__check_class_target(call->inputs[1], r.target.data, r.classes, a->ignore_index));
    if (a->reduction == TP_NONE)
        TP__TRY(tp__spread(g, g, &from));
    const int64_t shape[2] = {r.n, r.classes};
    tp_tensor *out = x->ndim < 3 ? tp__tensor_new(tp__region_current(), r.dtype, x->ndim, x->shape)
                                 : tp__tensor_new(tp__region_current(), r.dtype, 2, shape);
    if (!out)
        return TP_ERROR_MEMORY;
    out->temporary = true;
    backward_job job = {.rows = &r,
                        .attributes = a,
                        .weight = weight,
                        .numbers = call->outputs[1]->data,
                        .g = from.data,
                        .out = out->data,
                        .count = 1,
                        .sum_of_weights = (double)r.classes,
                        .past_caches = tp__is_beyond_caches((size_t)out->numel * r.size),
                        .rows_of_chunk = rows_of_chunk(&r)};
    if (a->reduction == TP_MEAN)
        job.count = tp__total_weight(weight, r.target.data, r.n, a->ignore_index, r.dtype);
    if (weight) {
        char sum[8];
        tp__sum_array(r.dtype, r.classes, r.weight.data, sum);
        job.sum_of_weights = tp__load_f64(r.dtype, sum);
    }
    tp__parallel_for((r.n + job.rows_of_chunk - 1) / job.rows_of_chunk, backward_chunk, &job);
    close_rows(&r);
    tp_release(from.scratch);
    call->grad_inputs[0] = x->ndim < 3 ? out : in_shape_of(x, out);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

/* A weight of the classes in a shape that broadcasts to x. */
static tp_tensor *weight_along(tp_tensor *weight, const tp_tensor *x)
{
    int64_t shape[TP_MAX_DIMS];
    for (int d = 0; d < x->ndim; d++)
        shape[d] = 1;
    shape[tp__class_dim(x)] = x->shape[tp__class_dim(x)];
    if (tp__check_weight(weight, (tp_dtype)x->dtype, shape[tp__class_dim(x)]) != TP_OK)
        return NULL;
    return tp_reshape_n(weight, x->ndim, shape);
}

/* The part of the gradient that goes to all classes alike, for each target. */
static tp_tensor *recorded_smoothing(tp_backward_call *call)
{
    const tp__nll *a = call->attributes;
    tp_tensor *x = call->inputs[0], *target = call->inputs[1];
    const tp_tensor *weight = weight_among(call->inputs, call->n_inputs);
    tp_tensor *each = tp_mul(call->grad_outputs[0], -(a->smoothing / (double)x->shape[tp__class_dim(x)]));
    if (a->reduction == TP_MEAN) {
        tp__array to;
        if (tp__spread(target, target, &to) != TP_OK)
            return NULL;
        each = tp_div(each,
                      tp__total_weight(weight, to.data, target->numel, a->ignore_index, (tp_dtype)x->dtype));
        tp_release(to.scratch);
    }
    return tp_masked_fill(each, tp_eq(target, a->ignore_index), 0);
}

static tp_status recorded_gradient(tp_backward_call *call)
{
    tp__nll a = *(const tp__nll *)call->attributes;
    tp_tensor *x = call->inputs[0], *weight = call->n_inputs > 2 ? call->inputs[2] : NULL;
    const int dim = tp__class_dim(x);
    a.classes = x->shape[dim];
    tp_tensor *g = call->grad_outputs[0];
    if (a.smoothing > 0)
        g = tp_mul(g, 1 - a.smoothing);
    tp_tensor *const inputs[3] = {g, call->inputs[1], weight};
    tp_tensor *by_log = g ? tp_apply(&tp__op_nll_loss_backward, inputs, call->n_inputs, &a) : NULL;
    if (a.smoothing > 0) {
        tp_tensor *each = tp_unsqueeze(recorded_smoothing(call), dim);
        by_log = tp_add(by_log, weight ? tp_mul(each, weight_along(weight, x)) : each);
    }
    tp_tensor *softmax = tp_mul(tp_exp(tp_log_softmax(x, dim)), tp_sum_dim(by_log, dim, true));
    call->grad_inputs[0] = tp_sub(by_log, softmax);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

static tp_status backward_cross_entropy(tp_backward_call *call)
{
    if (!call->needed[0] || !call->grad_outputs[0])
        return TP_OK;
    return call->recording ? recorded_gradient(call) : fused_gradient(call);
}

/* ---- The records: one for each name that PyTorch prints ---- */

#define CROSS_ENTROPY(record, printed, ...)                                                                  \
    const tp_op record = {.name = "cross_entropy",                                                           \
                          .node_name = printed,                                                              \
                          .n_inputs = -1,                                                                    \
                          .n_outputs = 2,                                                                    \
                          .saves = TP_SAVES_INPUT(0) | TP_SAVES_INPUT(1) | TP_SAVES_INPUT(2) |               \
                                   TP_SAVES_OUTPUT(1),                                                       \
                          .attributes_size = sizeof(tp__nll),                                                \
                          .infer = infer_cross_entropy,                                                      \
                          .forward = forward_cross_entropy,                                                  \
                          .backward = backward_cross_entropy,                                                \
                          .documentation = "-log(softmax(x)) at the target's class, weighted and smoothed.", \
                          .samples = SAMPLES(__VA_ARGS__)}

CROSS_ENTROPY(tp__op_cross_entropy, "NllLossBackward0",
              {"f64[4,3] i64[4]<0,3>", NLL(TP_MEAN, .ignore_index = -100), NULL},
              {"f64[3] i64[]<0,3>", NLL(TP_MEAN, .ignore_index = -100), NULL},
              {"f64[4,3] i64[4]<0,3>", NLL(TP_NONE, .ignore_index = 1), NULL},
              {"f64[4,3] i64[4]<0,3>", NLL(TP_SUM, .ignore_index = -100), NULL},
              {"f64[4,3] i64[4]<3,4>", NLL(TP_MEAN, .ignore_index = -100), "Target 3 is out of bounds."},
              {"f64[4,3] i64[2]<0,3>", NLL(TP_MEAN, .ignore_index = -100),
               "Expected input batch_size (4) to match target batch_size (2)."},
              {"f64[4,3] f64[4]", NLL(TP_MEAN, .ignore_index = -100), "expected target dtype to be int64"},
              {"i64[4,3] i64[4]<0,3>", NLL(TP_MEAN, .ignore_index = -100),
               "must have a floating dtype, not int64"});
CROSS_ENTROPY(tp__op_cross_entropy2d, "NllLoss2DBackward0",
              {"f64[2,3,2] i64[2,2]<0,3>", NLL(TP_SUM, .ignore_index = 1), NULL},
              {"f64[2,3,2,1] i64[2,2,1]<0,3>", NLL(TP_NONE, .ignore_index = -100), NULL},
              {"f64[2,3,2] i64[2,2]<0,3>", NLL(TP_MEAN, .ignore_index = -100), NULL},
              {"f64[2,3,2] i64[2,3]<0,3>", NLL(TP_SUM), "does not fit an input of shape [2, 3, 2]"});
CROSS_ENTROPY(tp__op_cross_entropy_smooth, "AddBackward0",
              {"f64[4,3] i64[4]<0,3>", NLL(TP_MEAN, .ignore_index = 1, .smoothing = 0.2), NULL},
              {"f64[4,3] i64[4]<0,3>", NLL(TP_NONE, .ignore_index = 1, .smoothing = 0.2), NULL},
              {"f64[3] i64[]<0,3>", NLL(TP_SUM, .ignore_index = -100, .smoothing = 1), NULL},
              {"f64[2,3,2] i64[2,2]<0,3>", NLL(TP_MEAN, .ignore_index = -100, .smoothing = 0.1), NULL},
              {"f64[4] i64[1]<0,3>", NLL(TP_MEAN, .smoothing = 0.1), "does not fit an input of shape [4]"},
              {"f64[4,3] i64[4]<0,3>", NLL(TP_MEAN, .smoothing = 2), "must be between 0.0 and 1.0. Got: 2"});

/* ---- Against probabilities ---- */

static tp_tensor *with_probabilities(tp_tensor *x, const tp_loss_options *options)
{
    tp_tensor *target = options->target;
    const int dim = tp__class_dim(x);
    const double classes = (double)x->shape[dim];
    if (options->label_smoothing > 0)
        target = tp_add(tp_mul(target, 1 - options->label_smoothing), options->label_smoothing / classes);
    tp_tensor *product = tp_mul(x, target);
    if (options->weight)
        product = tp_mul(product, weight_along(options->weight, x));
    if (options->reduction == TP_NONE)
        return tp_neg(tp_sum_dim(product, dim, false));
    tp_tensor *total = tp_neg(tp_sum(product));
    return options->reduction == TP_MEAN
               ? tp__named(tp_div(total, (double)x->numel / classes), "DivBackward1")
               : total;
}

/* Whether the target is probabilities; otherwise it has to be classes. */
static tp_status look_at_target(const tp_loss_options *options, bool *probabilities)
{
    TP__TRY(tp__check_nll_options(options));
    const tp_tensor *input = options->input, *target = options->target;
    if (!input->ndim)
        return tp_fail(TP_ERROR_SHAPE, "the input must have at least 1 dimension");
    *probabilities = tp_dtype_is_float((tp_dtype)target->dtype);
    if (!*probabilities || (target->ndim == input->ndim &&
                            !memcmp(target->shape, input->shape, (size_t)input->ndim * sizeof(int64_t))))
        return TP_OK;
    char is[TP__SHAPE_TEXT_SIZE], of[TP__SHAPE_TEXT_SIZE];
    return tp_fail(TP_ERROR_SHAPE,
                   "a target of probabilities has the input's shape, and its shape is %s, not %s",
                   tp__shape_text(is, sizeof is, target->ndim, target->shape),
                   tp__shape_text(of, sizeof of, input->ndim, input->shape));
}

static tp_tensor *composed(const tp_loss_options *options)
{
    TP_FRAME("cross_entropy");
    tp_tensor *x = tp_log_softmax(options->input, tp__class_dim(options->input));
    return x ? with_probabilities(x, options) : NULL;
}

tp_tensor *tp_cross_entropy_with(const tp_loss_options *options)
{
    if (!options)
        return tp__null_argument("cross_entropy: options"), NULL;
    bool probabilities;
    tp_frame frame = {"cross_entropy", NULL, NULL};
    tp_frame_enter(&frame);
    const tp_status status = look_at_target(options, &probabilities);
    tp_frame_leave(&frame);
    if (status != TP_OK)
        return NULL;
    if (probabilities)
        return composed(options);
    tp_tensor *const inputs[3] = {options->input, options->target, options->weight};
    const tp_op *op = options->label_smoothing > 0 ? &tp__op_cross_entropy_smooth
                      : options->input->ndim > 2   ? &tp__op_cross_entropy2d
                                                   : &tp__op_cross_entropy;
    return tp_apply(op, inputs, options->weight ? 3 : 2,
                    &(tp__nll){options->reduction, options->ignore_index, 0, options->label_smoothing});
}

/* softmax, log_softmax and logsumexp. */
#include "backend/cpu/table.h"
#include "base/threads.h"
#include "ops/ops.h"
#include "ops/reduce.h"

#include <math.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }

/* Rows that one thread takes at a time hold about this many elements. */
#define PIECE 32768

typedef struct rows_job {
    void (*one)(int64_t n, const void *x, void *out);
    void (*two)(int64_t n, const void *y, const void *g, void *out);
    const char *x, *g;
    char *out;
    int64_t rows, n, rows_of_chunk, out_n;
    size_t size;
} rows_job;

static void run_rows(void *context, int64_t chunk)
{
    const rows_job *job = context;
    const int64_t begin = chunk * job->rows_of_chunk;
    const int64_t end = begin + job->rows_of_chunk < job->rows ? begin + job->rows_of_chunk : job->rows;
    for (int64_t r = begin; r < end; r++) {
        const size_t at = (size_t)(r * job->n) * job->size;
        char *out = job->out + (size_t)(r * job->out_n) * job->size;
        if (job->one)
            job->one(job->n, job->x + at, out);
        else
            job->two(job->n, job->x + at, job->g + at, out);
    }
}

static void for_rows(rows_job *job)
{
    job->rows_of_chunk = job->n < PIECE ? PIECE / (job->n ? job->n : 1) : 1;
    tp__parallel_for((job->rows + job->rows_of_chunk - 1) / job->rows_of_chunk, run_rows, job);
}

/* x with dimension `dim` in the last place; over the same elements. */
static tp_tensor moved(const tp_tensor *x, int dim)
{
    tp_tensor result = *x;
    for (int d = dim; d + 1 < x->ndim; d++) {
        result.shape[d] = x->shape[d + 1];
        result.strides[d] = x->strides[d + 1];
    }
    if (x->ndim) {
        result.shape[x->ndim - 1] = x->shape[dim];
        result.strides[x->ndim - 1] = x->strides[dim];
    }
    result.contiguous = tp__is_contiguous(result.ndim, result.shape, result.strides);
    return result;
}

/* Runs a kernel over all rows along `dim`: from x (and g) to `out`, which is contiguous. */
static tp_status along(int dim, rows_job *job, const tp_tensor *x, const tp_tensor *g, tp_tensor *out)
{
    if (!out->numel)
        return TP_OK;
    tp__array from, gradient = {NULL, NULL};
    const unsigned bit = 1u << dim;
    job->size = tp_dtype_size((tp_dtype)x->dtype);
    job->n = job->out_n = x->ndim ? x->shape[dim] : 1;
    job->rows = x->numel / job->n;
    if (dim + 1 >= x->ndim && x->contiguous && (!g || g->contiguous)) { /* rows as they lie */
        job->x = x->data;
        job->g = g ? g->data : NULL;
        job->out = out->data;
        for_rows(job);
        return TP_OK;
    }
    TP__TRY(tp__as_rows(x, bit, &from));
    if (g)
        TP__TRY(tp__as_rows(g, bit, &gradient));
    job->x = from.data;
    job->g = gradient.data;
    tp_tensor to = moved(out, dim), *rows = NULL;
    if (!to.contiguous &&
        !(rows = tp__tensor_new(tp__region_current(), (tp_dtype)out->dtype, to.ndim, to.shape)))
        return TP_ERROR_MEMORY;
    job->out = rows ? rows->data : out->data;
    for_rows(job);
    if (rows)
        tp__copy_elements(rows, &to);
    tp_release(rows);
    tp_release(from.scratch);
    tp_release(gradient.scratch);
    return TP_OK;
}

static tp_status infer_softmax(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    TP__TRY(tp__require_float(x, "the input"));
    TP__TRY(tp__require_dim(x, *(const int *)call->attributes, true));
    tp__result_like(call->results, (tp_dtype)x->dtype, x);
    return TP_OK;
}

static tp_status forward_softmax(tp_call *call)
{
    const bool is_f64 = call->inputs[0]->dtype == TP_F64;
    rows_job job = {.one = tp__reduce()->softmax[is_f64]};
    return along(*(const int *)call->attributes, &job, call->inputs[0], NULL, call->outputs[0]);
}

static tp_status forward_log_softmax(tp_call *call)
{
    const bool is_f64 = call->inputs[0]->dtype == TP_F64;
    rows_job job = {.one = tp__reduce()->log_softmax[is_f64]};
    return along(*(const int *)call->attributes, &job, call->inputs[0], NULL, call->outputs[0]);
}

static tp_status give_gradient(tp_backward_call *call,
                               void (*kernel)(int64_t n, const void *y, const void *g, void *out))
{
    const tp_tensor *y = call->outputs[0];
    tp_tensor *out = tp__tensor_new(tp__region_current(), (tp_dtype)y->dtype, y->ndim, y->shape);
    if (!out)
        return TP_ERROR_MEMORY;
    out->temporary = true;
    rows_job job = {.two = kernel};
    call->grad_inputs[0] = out;
    return along(*(const int *)call->attributes, &job, y, call->grad_outputs[0], out);
}

static tp_status backward_softmax(tp_backward_call *call)
{
    tp_tensor *g = call->grad_outputs[0], *y = call->outputs[0];
    if (!call->recording)
        return give_gradient(call, tp__reduce()->softmax_gradient[y->dtype == TP_F64]);
    tp_tensor *total = tp_sum_dim(tp_mul(g, y), *(const int *)call->attributes, true);
    call->grad_inputs[0] = tp_mul(tp_sub(g, total), y);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

static tp_status backward_log_softmax(tp_backward_call *call)
{
    tp_tensor *g = call->grad_outputs[0], *y = call->outputs[0];
    if (!call->recording)
        return give_gradient(call, tp__reduce()->log_softmax_gradient[y->dtype == TP_F64]);
    tp_tensor *total = tp_sum_dim(g, *(const int *)call->attributes, true);
    call->grad_inputs[0] = tp_sub(g, tp_mul(tp_exp(y), total));
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_softmax = {
    .name = "softmax",
    .n_inputs = 1,
    .n_outputs = 1,
    .saves = TP_SAVES_OUTPUT(0),
    .attributes_size = sizeof(int),
    .infer = infer_softmax,
    .forward = forward_softmax,
    .backward = backward_softmax,
    .documentation = "exp(x) / sum(exp(x)) along a dimension, shifted by the largest element.",
    .samples = SAMPLES({"f64[2,3]", &(const int){1}, NULL}, {"f64[2,3,2]", &(const int){1}, NULL},
                       {"f64[]", &(const int){0}, NULL}, {"f64[0,3]", &(const int){0}, NULL},
                       {"i64[3]", &(const int){0}, "must have a floating dtype, not int64"}),
};

const tp_op tp__op_log_softmax = {
    .name = "log_softmax",
    .n_inputs = 1,
    .n_outputs = 1,
    .saves = TP_SAVES_OUTPUT(0),
    .attributes_size = sizeof(int),
    .infer = infer_softmax,
    .forward = forward_log_softmax,
    .backward = backward_log_softmax,
    .documentation = "log(softmax(x)), without its loss of precision.",
    .samples = SAMPLES({"f64[2,3]", &(const int){1}, NULL}, {"f64[2,3,2]", &(const int){0}, NULL},
                       {"f64[]", &(const int){0}, NULL},
                       {"bool[3]", &(const int){0}, "must have a floating dtype, not bool"}),
};

static tp_tensor *softmax(const tp_op *op, tp_tensor *x, int dim)
{
    if (!x)
        return tp__null_operand(op->name);
    tp_frame frame = {op->name, NULL, NULL};
    tp_frame_enter(&frame);
    dim = tp__one_dimension(dim, x);
    tp_frame_leave(&frame);
    return dim < 0 ? NULL : tp_apply(op, &x, 1, &dim);
}

tp_tensor *tp_softmax(tp_tensor *x, int dim)
{
    return softmax(&tp__op_softmax, x, dim);
}

tp_tensor *tp_log_softmax(tp_tensor *x, int dim)
{
    return softmax(&tp__op_log_softmax, x, dim);
}

/* ---- logsumexp ---- */

static tp_status infer_logsumexp(tp_call *call)
{
    TP__TRY(tp__require_float(call->inputs[0], "the input"));
    tp__reduced(call->results, (tp_dtype)call->inputs[0]->dtype, call->inputs[0], call->attributes);
    return TP_OK;
}

static tp_status forward_logsumexp(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const tp__reduction *r = call->attributes;
    tp_tensor *out = call->outputs[0];
    tp__array rows;
    TP__TRY(tp__as_rows(x, r->dims, &rows));
    rows_job job = {.one = tp__reduce()->logsumexp[x->dtype == TP_F64],
                    .x = rows.data,
                    .out = out->data,
                    .rows = out->numel,
                    .n = tp__reduced_count(x, r->dims),
                    .out_n = 1,
                    .size = tp_dtype_size((tp_dtype)x->dtype)};
    for_rows(&job);
    tp_release(rows.scratch);
    return TP_OK;
}

static tp_status backward_logsumexp(tp_backward_call *call)
{
    tp_tensor *x = call->inputs[0];
    tp_tensor *g = tp__restored(call->grad_outputs[0], x, call->attributes),
              *y = tp__restored(call->outputs[0], x, call->attributes);
    call->grad_inputs[0] = tp_mul(tp_exp(tp_sub(x, y)), g);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_logsumexp = {
    .name = "logsumexp",
    .n_inputs = 1,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_OUTPUT(0),
    .attributes_size = sizeof(tp__reduction),
    .infer = infer_logsumexp,
    .forward = forward_logsumexp,
    .backward = backward_logsumexp,
    .documentation = "log(sum(exp(x))) over some dimensions, shifted by the largest element.",
    .samples = SAMPLES({"f64[2,3]", &(const tp__reduction){.dims = 2}, NULL},
                       {"f64[2,3,2]", &(const tp__reduction){.dims = 5, .keepdim = true}, NULL},
                       {"f64[]", &(const tp__reduction){.dims = 1}, NULL}),
};

tp_tensor *tp_logsumexp_n(tp_tensor *x, int n, const int *dims, bool keepdim)
{
    if (!x)
        return tp__null_operand(__func__);
    if (!tp_dtype_is_float((tp_dtype)x->dtype))
        x = tp_to(x, TP_F32);
    tp__reduction r;
    tp_frame frame = {"logsumexp", NULL, NULL};
    tp_frame_enter(&frame);
    const tp_status status = x ? tp__reduction_of(x, n, dims, keepdim, &r) : tp__ctx.error;
    tp_frame_leave(&frame);
    return status == TP_OK ? tp_apply(&tp__op_logsumexp, &x, 1, &r) : NULL;
}

/* Sums and means. */
#include "ops/reduce.h"
#include "backend/cpu/table.h"
#include "base/threads.h"
#include "ops/elementwise.h"
#include "ops/ops.h"

#include <string.h>

#define SAMPLES(...)         \
    (const tp_sample[])      \
    {                        \
        __VA_ARGS__,         \
        {                    \
            NULL, NULL, NULL \
        }                    \
    }
#define OVER(...)           \
    &(const tp__reduction)  \
    {                       \
        .dims = __VA_ARGS__ \
    }

/* ---- What losses need of it ---- */

void tp__divide(tp_dtype dtype, int64_t n, void *values, double by)
{
    if (dtype == TP_F32) {
        float *v = values;
        for (int64_t i = 0; i < n; i++)
            v[i] /= (float)by;
    } else {
        double *v = values;
        for (int64_t i = 0; i < n; i++)
            v[i] /= by;
    }
}

void tp__sum_array(tp_dtype dtype, int64_t n, const void *x, void *out)
{
    memset(out, 0, tp_dtype_size(dtype));
    tp__reduce()->sum[dtype == TP_F64](n, 1, x, 1, 0, out, 0);
}

/* ---- The plan of a sum ----
 *
 * PyTorch's order of additions depends on the order in which it visits dimensions: those that go first, then
 * those that stay, each by ascending stride; neighbours that lie evenly in memory become one. The first two
 * are then one call of the kernel. */

typedef struct plan {
    int n;
    int64_t shape[TP_MAX_DIMS + 2], in[TP_MAX_DIMS + 2], out[TP_MAX_DIMS + 2];
} plan;

/* Whether dimension a of the plan has to come after b: 1, before it: -1, or either way: 0. */
static int order(const plan *p, int a, int b)
{
    if ((p->out[a] == 0) != (p->out[b] == 0))
        return p->out[b] == 0 ? 1 : -1;
    const int64_t *const operands[2] = {p->out, p->in};
    for (int k = 0; k < 2; k++) {
        const int64_t *strides = operands[k];
        if (!strides[a] || !strides[b])
            continue;
        if (strides[a] != strides[b])
            return strides[a] < strides[b] ? -1 : 1;
        if (p->shape[a] > p->shape[b])
            return 1;
    }
    return 0;
}

static void exchange(plan *p, int a, int b)
{
    int64_t *const rows[3] = {p->shape, p->in, p->out};
    for (int k = 0; k < 3; k++) {
        const int64_t kept = rows[k][a];
        rows[k][a] = rows[k][b];
        rows[k][b] = kept;
    }
}

static void join(plan *p)
{
    int last = 0;
    for (int d = 1; d < p->n; d++) {
        const bool joins =
            p->shape[last] == 1 || p->shape[d] == 1 ||
            (p->shape[last] * p->in[last] == p->in[d] && p->shape[last] * p->out[last] == p->out[d]);
        if (!joins) {
            last++;
            p->shape[last] = p->shape[d];
        } else if (p->shape[last] != 1) {
            p->shape[last] *= p->shape[d];
            continue;
        } else {
            p->shape[last] = p->shape[d];
        }
        p->in[last] = p->in[d];
        p->out[last] = p->out[d];
    }
    p->n = last + 1;
}

static plan plan_of(const tp_tensor *x, unsigned dims)
{
    plan p = {.n = x->ndim};
    int64_t out_stride = 1;
    for (int i = 0; i < x->ndim; i++) { /* the last dimension first */
        const int d = x->ndim - 1 - i;
        p.shape[i] = x->shape[d];
        p.in[i] = x->strides[d];
        if (dims >> d & 1)
            continue;
        p.out[i] = out_stride;
        out_stride *= x->shape[d];
    }
    for (int i = 1; i < p.n; i++)
        for (int b = i, a = i - 1; a >= 0; a--) {
            const int comparison = order(&p, a, b);
            if (comparison < 0)
                break;
            if (comparison > 0) {
                exchange(&p, a, b);
                b = a;
            }
        }
    if (p.n)
        join(&p);
    if (!p.n || p.out[0]) { /* nothing goes: sums of one element */
        for (int d = p.n++; d > 0; d--) {
            p.shape[d] = p.shape[d - 1];
            p.in[d] = p.in[d - 1];
            p.out[d] = p.out[d - 1];
        }
        p.shape[0] = 1;
        p.in[0] = p.out[0] = 0;
    }
    if (p.n < 2)
        p.shape[p.n++] = 1;
    return p;
}

typedef struct sum_job {
    const plan *plan;
    size_t size;
    bool is_f64;
    const char *x;
    char *out;
    int64_t columns; /* of a chunk; the last one takes the rest */
    int64_t chunks;
} sum_job;

/* A chunk of columns: a multiple of 32, so that it is summed as if it were not cut. */
static void sum_chunk(void *context, int64_t chunk)
{
    const sum_job *job = context;
    const plan *p = job->plan;
    const int64_t begin = chunk * job->columns,
                  m = chunk == job->chunks - 1 ? p->shape[1] - begin : job->columns;
    const int64_t size = (int64_t)job->size;
    tp__reduce()->sum[job->is_f64](p->shape[0], m, job->x + begin * p->in[1] * size, p->in[0], p->in[1],
                                   job->out + begin * p->out[1] * size, p->out[1]);
}

void tp__sum_into(const tp_tensor *x, unsigned dims, tp_tensor *out)
{
    enum { PIECE = 65536, ALIGNED = 32 };
    const size_t size = tp_dtype_size((tp_dtype)x->dtype);
    memset(out->data, 0, (size_t)out->numel * size);
    if (!x->numel)
        return;
    if (x->contiguous && out->numel == 1) {
        tp__reduce()->sum[x->dtype == TP_F64](x->numel, 1, x->data, 1, 0, out->data, 0);
        return;
    }
    const plan p = plan_of(x, dims);
    sum_job job = {.plan = &p, .size = size, .is_f64 = x->dtype == TP_F64};
    job.columns = p.shape[1];
    if (p.out[1] && p.shape[0] * p.shape[1] > 2 * PIECE) {
        job.columns = PIECE / p.shape[0] / ALIGNED * ALIGNED;
        if (job.columns < ALIGNED)
            job.columns = ALIGNED;
    }
    job.chunks = p.shape[1] > job.columns ? p.shape[1] / job.columns : 1;
    int64_t index[TP_MAX_DIMS + 2] = {0};
    job.x = x->data;
    job.out = out->data;
    for (;;) {
        if (job.chunks == 1)
            sum_chunk(&job, 0);
        else
            tp__parallel_for(job.chunks, sum_chunk, &job);
        int d = 2;
        for (; d < p.n; d++) {
            job.x += p.in[d] * (int64_t)size;
            job.out += p.out[d] * (int64_t)size;
            if (++index[d] < p.shape[d])
                break;
            job.x -= index[d] * p.in[d] * (int64_t)size;
            job.out -= index[d] * p.out[d] * (int64_t)size;
            index[d] = 0;
        }
        if (d >= p.n)
            return;
    }
}

/* ---- sum ---- */

static tp_status infer_sum(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const bool is_float = tp_dtype_is_float((tp_dtype)x->dtype);
    tp__reduced(call->results, is_float ? (tp_dtype)x->dtype : TP_I64, x, call->attributes);
    return TP_OK;
}

#define COUNT_UP(T)                                       \
    for (int64_t r = 0; r < out->numel; r++) {            \
        const T *row = (const T *)rows.data + r * n;      \
        uint64_t sum = 0;                                 \
        for (int64_t i = 0; i < n; i++)                   \
            sum += (uint64_t)row[i];                      \
        ((int64_t *)(void *)out->data)[r] = (int64_t)sum; \
    }

static tp_status sum_integers(const tp_tensor *x, unsigned dims, tp_tensor *out)
{
    tp__array rows;
    TP__TRY(tp__as_rows(x, dims, &rows));
    const int64_t n = tp__reduced_count(x, dims);
    switch (x->dtype) {
    case TP_BOOL:
        COUNT_UP(bool) break;
    case TP_U8:
        COUNT_UP(uint8_t) break;
    case TP_I32:
        COUNT_UP(int32_t) break;
    default:
        COUNT_UP(int64_t) break;
    }
    tp_release(rows.scratch);
    return TP_OK;
}

static tp_status forward_sum(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const tp__reduction *r = call->attributes;
    if (!tp_dtype_is_float((tp_dtype)x->dtype))
        return sum_integers(x, r->dims, call->outputs[0]);
    tp__sum_into(x, r->dims, call->outputs[0]);
    return TP_OK;
}

static tp_tensor *spread_gradient(tp_backward_call *call, tp_tensor *g)
{
    const tp_tensor *x = call->inputs[0];
    return tp_expand_n(tp__restored(g, x, call->attributes), x->ndim, x->shape);
}

static tp_status backward_sum(tp_backward_call *call)
{
    call->grad_inputs[0] = spread_gradient(call, call->grad_outputs[0]);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_sum = {
    .name = "sum",
    .node_name = "SumBackward0",
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(tp__reduction),
    .infer = infer_sum,
    .forward = forward_sum,
    .backward = backward_sum,
    .documentation = "The sum of all elements.",
    .samples = SAMPLES({"f64[2,3]", OVER(TP__ALL_DIMS), NULL}, {"f64[]", OVER(TP__ALL_DIMS), NULL},
                       {"f64[0,3]", OVER(TP__ALL_DIMS), NULL}),
};

const tp_op tp__op_sum_dims = {
    .name = "sum",
    .node_name = "SumBackward1",
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(tp__reduction),
    .infer = infer_sum,
    .forward = forward_sum,
    .backward = backward_sum,
    .documentation = "The sum over some dimensions.",
    .samples = SAMPLES({"f64[2,3]", OVER(1), NULL}, {"f64[2,3]", OVER(2, .keepdim = true), NULL},
                       {"f64[2,3,4]", OVER(5), NULL}, {"f64[0,3]", OVER(1), NULL}, {"f64[]", OVER(1), NULL}),
};

static tp_tensor *reduce(const tp_op *op, tp_tensor *x, int n, const int *dims, bool keepdim)
{
    if (!x)
        return tp__null_operand(op->name);
    tp__reduction r;
    tp_frame frame = {op->name, NULL, NULL};
    tp_frame_enter(&frame);
    const tp_status status = tp__reduction_of(x, n, dims, keepdim, &r);
    tp_frame_leave(&frame);
    return status == TP_OK ? tp_apply(op, &x, 1, &r) : NULL;
}

tp_tensor *tp_sum(tp_tensor *x)
{
    return tp_apply(&tp__op_sum, &x, 1, &(tp__reduction){.dims = TP__ALL_DIMS});
}

tp_tensor *tp_sum_n(tp_tensor *x, int n, const int *dims, bool keepdim)
{
    return reduce(&tp__op_sum_dims, x, n, dims, keepdim);
}

tp_tensor *tp_sum_dim(tp_tensor *x, int dim, bool keepdim)
{
    return reduce(&tp__op_sum_dims, x, 1, &dim, keepdim);
}

/* ---- mean ---- */

static tp_status infer_mean(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    if (!tp_dtype_is_float((tp_dtype)x->dtype))
        return tp_fail(TP_ERROR_DTYPE,
                       "could not infer output dtype. Input dtype must be a floating point dtype. Got: %s",
                       tp_dtype_name((tp_dtype)x->dtype));
    tp__reduced(call->results, (tp_dtype)x->dtype, x, call->attributes);
    return TP_OK;
}

static tp_status forward_mean(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const tp__reduction *r = call->attributes;
    tp_tensor *out = call->outputs[0];
    tp__sum_into(x, r->dims, out);
    tp__divide((tp_dtype)x->dtype, out->numel, out->data, (double)tp__reduced_count(x, r->dims));
    return TP_OK;
}

static tp_status backward_mean(tp_backward_call *call)
{
    const tp__reduction *r = call->attributes;
    const double count = (double)tp__reduced_count(call->inputs[0], r->dims);
    call->grad_inputs[0] = spread_gradient(call, tp_div_scalar(call->grad_outputs[0], count));
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_mean = {
    .name = "mean",
    .node_name = "MeanBackward0",
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(tp__reduction),
    .infer = infer_mean,
    .forward = forward_mean,
    .backward = backward_mean,
    .documentation = "The mean of all elements.",
    .samples =
        SAMPLES({"f64[2,3]", OVER(TP__ALL_DIMS), NULL}, {"f64[]", OVER(TP__ALL_DIMS), NULL},
                {"i64[3]", OVER(TP__ALL_DIMS), "Input dtype must be a floating point dtype. Got: int64"}),
};

const tp_op tp__op_mean_dims = {
    .name = "mean",
    .node_name = "MeanBackward1",
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(tp__reduction),
    .infer = infer_mean,
    .forward = forward_mean,
    .backward = backward_mean,
    .documentation = "The mean over some dimensions.",
    .samples = SAMPLES({"f64[2,3]", OVER(1), NULL}, {"f64[2,3]", OVER(2, .keepdim = true), NULL},
                       {"f64[2,3,4]", OVER(6), NULL}, {"f64[0,3]", OVER(2), NULL}),
};

tp_tensor *tp_mean(tp_tensor *x)
{
    return tp_apply(&tp__op_mean, &x, 1, &(tp__reduction){.dims = TP__ALL_DIMS});
}

tp_tensor *tp_mean_n(tp_tensor *x, int n, const int *dims, bool keepdim)
{
    return reduce(&tp__op_mean_dims, x, n, dims, keepdim);
}

tp_tensor *tp_mean_dim(tp_tensor *x, int dim, bool keepdim)
{
    return reduce(&tp__op_mean_dims, x, 1, &dim, keepdim);
}

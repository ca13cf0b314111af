/* Norms of any power over any set of dimensions. */
#include "backend/cpu/table.h"
#include "base/threads.h"
#include "ops/along.h"
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

/* Attributes. */
typedef struct power {
    tp__reduction over;
    double p;
} power;
#define POWER(p_, ...)                         \
    &(const power)                             \
    {                                          \
        .over = {.dims = __VA_ARGS__}, .p = p_ \
    }

static tp_status infer_norm(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const power *a = call->attributes;
    if (!tp_dtype_is_float((tp_dtype)x->dtype))
        return tp_fail(TP_ERROR_DTYPE, "Expected a floating point tensor as input. Got %s",
                       tp_dtype_name((tp_dtype)x->dtype));
    if (isnan(a->p))
        return tp_fail(TP_ERROR_VALUE, "the power is NaN");
    /* A sum of nothing is 0; the largest or smallest of nothing is not there. */
    for (int d = 0; d < x->ndim && (a->p < 0 || isinf(a->p)); d++)
        if (a->over.dims >> d & 1 && !x->shape[d])
            return tp_fail(TP_ERROR_SHAPE,
                           "cannot compute the %g norm on dimension %d, because this dimension is empty and "
                           "the operation does not have an identity",
                           a->p, d);
    tp__reduced(call->results, (tp_dtype)x->dtype, x, &a->over);
    return TP_OK;
}

typedef struct norm_job {
    void (*kernel)(int64_t n, const void *x, double p, void *out);
    const char *x;
    char *out;
    int64_t rows, rows_of_chunk, n;
    size_t size;
    double p;
} norm_job;

static void norm_chunk(void *context, int64_t chunk)
{
    const norm_job *job = context;
    const int64_t begin = chunk * job->rows_of_chunk, last = begin + job->rows_of_chunk;
    for (int64_t r = begin; r < last && r < job->rows; r++)
        job->kernel(job->n, job->x + (size_t)(r * job->n) * job->size, job->p,
                    job->out + (size_t)r * job->size);
}

static tp_status forward_norm(tp_call *call)
{
    enum { PIECE = 16384 };
    const tp_tensor *x = call->inputs[0];
    const power *a = call->attributes;
    tp_tensor *out = call->outputs[0];
    tp__array rows;
    TP__TRY(tp__as_rows(x, a->over.dims, &rows));
    norm_job job = {.kernel = tp__scan()->power_norm[x->dtype == TP_F64],
                    .x = rows.data,
                    .out = out->data,
                    .rows = out->numel,
                    .n = tp__reduced_count(x, a->over.dims),
                    .size = tp_dtype_size((tp_dtype)x->dtype),
                    .p = a->p};
    job.rows_of_chunk = job.n < PIECE ? PIECE / (job.n ? job.n : 1) : 1;
    tp__parallel_for((job.rows + job.rows_of_chunk - 1) / job.rows_of_chunk, norm_chunk, &job);
    tp_release(rows.scratch);
    return TP_OK;
}

/* PyTorch's cases (linalg_vector_norm_backward): in each, what would be infinite at 0 is 0 instead. */
static tp_tensor *gradient(tp_tensor *x, tp_tensor *y, tp_tensor *g, double p, const tp__reduction *r)
{
    int dims[TP_MAX_DIMS];
    const int n = tp__dims_of(x, r->dims, dims);
    if (p == 0)
        return tp_zeros_like(x);
    if (p == 1)
        return tp_mul(tp_sign(x), g);
    if (p == 2)
        return tp_mul(g, tp_masked_fill(tp_div(x, y), tp_eq(y, 0.0), 0));
    tp_tensor *size = tp_abs(x);
    if (isinf(p)) {
        tp_tensor *mask = tp_logical_or(tp_eq(size, y), tp_isnan(size));
        tp_tensor *count = n ? tp_sum_n(mask, n, dims, true) : mask;
        return tp_mul(tp_sign(x), tp_mul(tp_div(g, count), mask));
    }
    if (p < 1) {
        tp_tensor *scaled = tp_mul(tp_sign(x), tp_pow(size, p - 1));
        return tp_mul(tp_mul(tp_masked_fill(scaled, tp_eq(x, 0.0), 0), g), tp_pow(y, 1 - p));
    }
    tp_tensor *scaled = p < 2 ? tp_mul(tp_sign(x), tp_pow(size, p - 1)) : tp_mul(x, tp_pow(size, p - 2));
    return tp_mul(scaled, tp_masked_fill(tp_div(g, tp_pow(y, p - 1)), tp_eq(y, 0.0), 0));
}

static tp_status backward_norm(tp_backward_call *call)
{
    const power *a = call->attributes;
    tp_tensor *x = call->inputs[0], *g = tp__restored(call->grad_outputs[0], x, &a->over);
    tp_tensor *y = tp__restored(call->outputs[0], x, &a->over);
    call->grad_inputs[0] = gradient(x, y, g, a->p, &a->over);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

const tp_op tp__op_power_norm = {
    .name = "norm",
    .node_name = "LinalgVectorNormBackward0",
    .n_inputs = 1,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_OUTPUT(0),
    .attributes_size = sizeof(power),
    .infer = infer_norm,
    .forward = forward_norm,
    .backward = backward_norm,
    .documentation = "(sum of |x|^p)^(1/p) over some dimensions.",
    .samples = SAMPLES({"f64[2,3]<0.5,2>", POWER(2, 2), NULL},
                       {"f64[2,3]", POWER(1, 1, .keepdim = true), NULL}, {"f64[3,2,2]", POWER(3, 5), NULL},
                       {"f64[2,3]", POWER(1.5, TP__ALL_DIMS), NULL}, {"f64[2,3]<0.5,2>", POWER(0.5, 2), NULL},
                       {"f64[2,3]<0.5,2>", POWER(-1, 1), NULL}, {"f64[2,3]", POWER(INFINITY, 2), NULL},
                       {"f64[2,3]", POWER(-INFINITY, 1), NULL}, {"f64[2,3]", POWER(0, 2), NULL},
                       {"f64[]<0.5,2>", POWER(4, 1), NULL}, {"f64[0,3]", POWER(2, 1), NULL},
                       {"i64[3]", POWER(2, 1), "Expected a floating point tensor as input. Got int64"},
                       {"f64[3]", POWER(NAN, 1), "the power is NaN"},
                       {"f64[0,3]", POWER(INFINITY, 1), "cannot compute the inf norm on dimension 0"}),
};

tp_tensor *tp_norm_n(tp_tensor *x, double p, int n, const int *dims, bool keepdim)
{
    power a = {.p = p};
    return tp__checked_reduction("norm", x, n, dims, keepdim, &a.over) == TP_OK
               ? tp_apply(&tp__op_power_norm, &x, 1, &a)
               : NULL;
}

tp_tensor *tp_norm_dim(tp_tensor *x, double p, int dim, bool keepdim)
{
    return tp_norm_n(x, p, 1, &dim, keepdim);
}

/* The extreme over any set of dimensions, whose equals share the gradient; the places of extremes of all. */
#include "backend/cpu/table.h"
#include "base/threads.h"
#include "ops/along.h"
#include "ops/ops.h"

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

static tp_status infer_amax(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    const tp__reduction *r = call->attributes;
    if (!x->numel && r->dims == TP__ALL_DIMS)
        return tp_fail(TP_ERROR_SHAPE,
                       "Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
                       "dim with tp_%s_dim.",
                       call->op->name);
    for (int d = 0; d < x->ndim; d++)
        if (r->dims >> d & 1 && !x->shape[d])
            return tp_fail(TP_ERROR_INDEX, "Expected reduction dim %d to have non-zero size.", d);
    tp__reduced(call->results, (tp_dtype)x->dtype, x, r);
    return TP_OK;
}

typedef struct amax_job {
    void (*kernel)(int64_t n, int64_t columns, int64_t row, const void *x, void *out);
    const char *x;
    char *out;
    int64_t blocks, blocks_of_chunk; /* of n rows of `after` */
    int64_t n, after;
    size_t size;
} amax_job;

static void amax_chunk(void *context, int64_t chunk)
{
    const amax_job *job = context;
    const int64_t begin = chunk * job->blocks_of_chunk, last = begin + job->blocks_of_chunk;
    for (int64_t b = begin; b < last && b < job->blocks; b++)
        job->kernel(job->n, job->after, job->after, job->x + (size_t)(b * job->n * job->after) * job->size,
                    job->out + (size_t)(b * job->after) * job->size);
}

/* Whether the dimensions of `mask` stand side by side; then *a is x around them. */
static bool side_by_side(const tp_tensor *x, unsigned mask, tp__around *a)
{
    int d = 0;
    *a = (tp__around){1, 1, 1};
    for (; d < x->ndim && !(mask >> d & 1); d++)
        a->before *= x->shape[d];
    for (; d < x->ndim && mask >> d & 1; d++)
        a->n *= x->shape[d];
    for (; d < x->ndim && !(mask >> d & 1); d++)
        a->after *= x->shape[d];
    return d == x->ndim;
}

static tp_status forward_amax(tp_call *call)
{
    enum { PIECE = 32768 };
    const tp_tensor *x = call->inputs[0];
    const tp__reduction *r = call->attributes;
    tp_tensor *out = call->outputs[0];
    if (!out->numel)
        return TP_OK;
    tp__around a;
    tp__array from;
    if (x->contiguous && side_by_side(x, r->dims, &a)) {
        from = (tp__array){x->data, NULL};
    } else {
        a = (tp__around){out->numel, tp__reduced_count(x, r->dims), 1};
        TP__TRY(tp__as_rows(x, r->dims, &from));
    }
    amax_job job = {.kernel = tp__scan()->extreme[call->op == &tp__op_amin][x->dtype],
                    .x = from.data,
                    .out = out->data,
                    .blocks = a.before,
                    .n = a.n,
                    .after = a.after,
                    .size = tp_dtype_size((tp_dtype)x->dtype)};
    job.blocks_of_chunk = a.n * a.after < PIECE ? PIECE / (a.n * a.after) : 1;
    tp__parallel_for((a.before + job.blocks_of_chunk - 1) / job.blocks_of_chunk, amax_chunk, &job);
    tp_release(from.scratch);
    return TP_OK;
}

static tp_status backward_amax(tp_backward_call *call)
{
    const tp__reduction *r = call->attributes;
    tp_tensor *x = call->inputs[0];
    int dims[TP_MAX_DIMS];
    const int n = tp__dims_of(x, r->dims, dims);
    tp_tensor *mask = tp_eq(tp__restored(call->outputs[0], x, r), x);
    tp_tensor *g = tp_mul(tp__restored(call->grad_outputs[0], x, r), mask);
    call->grad_inputs[0] = tp_div(g, n ? tp_sum_n(mask, n, dims, true) : mask);
    return call->grad_inputs[0] ? TP_OK : tp__ctx.error;
}

#define AMAX(record, its_name)                                                                       \
    const tp_op record = {                                                                           \
        .name = its_name,                                                                            \
        .n_inputs = 1,                                                                               \
        .n_outputs = 1,                                                                              \
        .saves = TP_SAVES_INPUT(0) | TP_SAVES_OUTPUT(0),                                             \
        .attributes_size = sizeof(tp__reduction),                                                    \
        .infer = infer_amax,                                                                         \
        .forward = forward_amax,                                                                     \
        .backward = backward_amax,                                                                   \
        .documentation = "The extreme over some dimensions; NaN if there is one.",                   \
        .samples = SAMPLES({"f64[2,3]", OVER(TP__ALL_DIMS), NULL}, {"f64[2,3,2]", OVER(2), NULL},    \
                           {"f64[3,2,2]", OVER(5, .keepdim = true), NULL}, {"f64[]", OVER(1), NULL}, \
                           {"i64[3,40]<0,90>", OVER(2), NULL}, {"f64[0,3]", OVER(2), NULL},          \
                           {"f64[0,3]", OVER(1), "Expected reduction dim 0 to have non-zero size."}, \
                           {"f64[0,3]", OVER(TP__ALL_DIMS), "Expected reduction dim to be specified for"})}
AMAX(tp__op_amax, "amax");
AMAX(tp__op_amin, "amin");

static tp_tensor *amax(const tp_op *op, tp_tensor *x, int n, const int *dims, bool keepdim)
{
    tp__reduction r;
    return tp__checked_reduction(op->name, x, n, dims, keepdim, &r) == TP_OK ? tp_apply(op, &x, 1, &r) : NULL;
}

tp_tensor *tp_amax_n(tp_tensor *x, int n, const int *dims, bool keepdim)
{
    return amax(&tp__op_amax, x, n, dims, keepdim);
}

tp_tensor *tp_amax_dim(tp_tensor *x, int dim, bool keepdim)
{
    return amax(&tp__op_amax, x, 1, &dim, keepdim);
}

tp_tensor *tp_amax(tp_tensor *x)
{
    return amax(&tp__op_amax, x, 0, NULL, false);
}

tp_tensor *tp_amin_n(tp_tensor *x, int n, const int *dims, bool keepdim)
{
    return amax(&tp__op_amin, x, n, dims, keepdim);
}

tp_tensor *tp_amin_dim(tp_tensor *x, int dim, bool keepdim)
{
    return amax(&tp__op_amin, x, 1, &dim, keepdim);
}

tp_tensor *tp_amin(tp_tensor *x)
{
    return amax(&tp__op_amin, x, 0, NULL, false);
}

static tp_tensor *both(tp_tensor *x, int n, const int *dims, bool keepdim, tp_tensor **largest)
{
    TP_FRAME("aminmax");
    static const char node[] = "AminmaxBackward0";
    tp_tensor *high = tp_amax_n(x, n, dims, keepdim), *low = high ? tp_amin_n(x, n, dims, keepdim) : NULL;
    if (largest)
        *largest = low ? tp__named(high, node) : NULL;
    return tp__named(low, node);
}

tp_tensor *tp_aminmax(tp_tensor *x, tp_tensor **largest)
{
    return both(x, 0, NULL, false, largest);
}

tp_tensor *tp_aminmax_dim(tp_tensor *x, int dim, bool keepdim, tp_tensor **largest)
{
    return both(x, 1, &dim, keepdim, largest);
}

static tp_tensor *place_in_all(const char *name, tp_tensor *x, tp_tensor *(*find)(tp_tensor *, int, bool))
{
    if (!x)
        return tp__null_operand(name);
    if (x->numel)
        return find(tp_reshape(tp_detach(x), -1), 0, false);
    TP_FRAME(name);
    return tp__fail_null(TP_ERROR_INDEX, "Expected reduction dim to be specified for input.numel() == 0.");
}

tp_tensor *tp_argmax_all(tp_tensor *x)
{
    return place_in_all("argmax", x, tp_argmax);
}

tp_tensor *tp_argmin_all(tp_tensor *x)
{
    return place_in_all("argmin", x, tp_argmin);
}

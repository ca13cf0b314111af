/* Cumulative operations along one dimension: sum, product, log-sum, largest and smallest so far. */
#include "backend/cpu/table.h"
#include "base/threads.h"
#include "ops/along.h"
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

/* Attributes. */
typedef struct scan {
    int dim;
    bool reverse; /* from the last element to the first */
} scan;
#define ALONG(...)         \
    &(const scan)          \
    {                      \
        .dim = __VA_ARGS__ \
    }

static tp_status give(tp_backward_call *call, int input, tp_tensor *gradient)
{
    call->grad_inputs[input] = gradient;
    return gradient ? TP_OK : tp__ctx.error;
}

/* ---- Running a kernel over all columns ---- */

typedef struct scan_job {
    void (*one)(int64_t n, int64_t columns, int64_t row, const void *x, void *out);
    void (*rows)(int64_t n, int64_t rows, int64_t row, int64_t step, const void *x, void *out); /* or NULL */
    void (*two)(int64_t n, int64_t columns, int64_t row, const void *a, const void *b, void *out);
    const char *x, *b;
    char *out;
    int64_t n, after, columns; /* of a chunk */
    int64_t chunks_across;
    int64_t before, rows_of_chunk; /* along rows */
    bool reverse;
    size_t size;
} scan_job;

static void scan_chunk(void *context, int64_t chunk)
{
    const scan_job *job = context;
    const int64_t begin = chunk % job->chunks_across * job->columns;
    const int64_t columns = job->after - begin < job->columns ? job->after - begin : job->columns;
    const int64_t first = chunk / job->chunks_across * job->n * job->after + begin +
                          (job->reverse ? (job->n - 1) * job->after : 0);
    const int64_t row = job->reverse ? -job->after : job->after;
    const size_t at = (size_t)first * job->size;
    if (job->one)
        job->one(job->n, columns, row, job->x + at, job->out + at);
    else
        job->two(job->n, columns, row, job->x + at, job->b + at, job->out + at);
}

static void run_chunks(int64_t n, bool few, void (*run)(void *context, int64_t chunk), scan_job *job)
{
    if (!few)
        tp__parallel_for(n, run, job);
    for (int64_t chunk = 0; few && chunk < n; chunk++)
        run(job, chunk);
}

static void scan_rows(void *context, int64_t chunk)
{
    const scan_job *job = context;
    const int64_t first = chunk * job->rows_of_chunk, left = job->before - first;
    const size_t at = (size_t)(first * job->n + (job->reverse ? job->n - 1 : 0)) * job->size;
    job->rows(job->n, left < job->rows_of_chunk ? left : job->rows_of_chunk, job->n, job->reverse ? -1 : 1,
              job->x + at, job->out + at);
}

/* From x (and b), of out's dtype, to `out`: each column is a chunk or part of one. */
static tp_status scan_all(scan_job *job, const scan *s, const tp_tensor *x, const tp_tensor *b,
                          tp_tensor *out)
{
    enum { PIECE = 32768 };
    if (!out->numel)
        return TP_OK;
    tp__array from, other;
    TP__TRY(tp__spread(x, out, &from));
    TP__TRY(tp__spread(b, out, &other));
    const tp__around a = tp__around_of(out, s->dim);
    job->x = from.data;
    job->b = other.data;
    job->out = out->data;
    job->n = a.n;
    job->after = a.after;
    job->reverse = s->reverse;
    job->size = tp_dtype_size((tp_dtype)out->dtype);
    job->columns = PIECE / a.n < 64 ? 64 : PIECE / a.n;
    job->chunks_across = (a.after + job->columns - 1) / job->columns;
    job->before = a.before;
    job->rows_of_chunk = PIECE / a.n < 16 ? 16 : PIECE / a.n / 16 * 16;
    const bool by_rows = job->rows && a.after == 1 && a.before > 1, few = out->numel <= PIECE;
    if (!out->ndim) /* a single number is taken as it is, -0 included */
        memcpy(out->data, from.data, job->size);
    else if (by_rows)
        run_chunks((a.before + job->rows_of_chunk - 1) / job->rows_of_chunk, few, scan_rows, job);
    else
        run_chunks(a.before * job->chunks_across, few, scan_chunk, job);
    tp_release(from.scratch);
    tp_release(other.scratch);
    return TP_OK;
}

/* ---- cumsum and cumprod ---- */

static tp_status infer_cumulative(tp_call *call)
{
    const tp_dtype dtype = (tp_dtype)call->inputs[0]->dtype;
    TP__TRY(tp__require_dim(call->inputs[0], ((const scan *)call->attributes)->dim, true));
    tp__result_like(call->results, tp_dtype_is_float(dtype) ? dtype : TP_I64, call->inputs[0]);
    return TP_OK;
}

#define WHOLE(name, OPERATION)                                                                           \
    static void name(int64_t n, int64_t columns, int64_t row, const void *from, void *to)                \
    {                                                                                                    \
        const uint64_t *x = from;                                                                        \
        uint64_t *out = to;                                                                              \
        for (int64_t i = 0; i < n; i++)                                                                  \
            for (int64_t c = 0; c < columns; c++)                                                        \
                out[i * row + c] = i ? out[(i - 1) * row + c] OPERATION x[i * row + c] : x[i * row + c]; \
    }
WHOLE(cumsum_whole, +)
WHOLE(cumprod_whole, *)

static tp_status forward_cumsum(tp_call *call)
{
    tp_tensor *out = call->outputs[0];
    scan_job job = {.one = out->dtype == TP_I64 ? cumsum_whole : tp__scan()->cumsum[out->dtype == TP_F64]};
    return scan_all(&job, call->attributes, call->inputs[0], NULL, out);
}

static tp_status forward_cumprod(tp_call *call)
{
    tp_tensor *out = call->outputs[0];
    scan_job job = {.one = out->dtype == TP_I64 ? cumprod_whole : tp__scan()->cumprod[out->dtype == TP_F64]};
    return scan_all(&job, call->attributes, call->inputs[0], NULL, out);
}

/* Each element is in all sums from its place on. */
static tp_status backward_cumsum(tp_backward_call *call)
{
    scan back = *(const scan *)call->attributes;
    back.reverse = !back.reverse;
    return give(call, 0, tp_apply(&tp__op_cumsum, &call->grad_outputs[0], 1, &back));
}

tp_tensor *tp__shifted(tp_tensor *x, int dim, bool back, double filling)
{
    if (!x)
        return NULL;
    int64_t shape[TP_MAX_DIMS];
    memcpy(shape, x->shape, sizeof shape);
    shape[dim] = 1;
    tp_tensor *edge = tp_full_n((tp_dtype)x->dtype, filling, x->ndim, shape);
    tp_tensor *rest = tp_narrow(x, dim, back, x->shape[dim] - 1);
    return tp_cat(back ? (tp_tensor *const[]){rest, edge} : (tp_tensor *const[]){edge, rest}, 2, dim);
}

static bool is_single(const tp_tensor *x, int dim)
{
    return !x->numel || !x->ndim || x->shape[dim] == 1;
}

/* The sum over k >= i of g[k] times the product of the x[j], j <= k, but for x[i]: the product of what stands
 * before i, times S[i] = g[i] + x[i + 1] S[i + 1]. Nothing is divided, so that zeros are no special case. */
static tp_status backward_cumprod(tp_backward_call *call)
{
    const scan *s = call->attributes;
    tp_tensor *x = call->inputs[0], *y = call->outputs[0], *g = call->grad_outputs[0];
    if (is_single(x, s->dim))
        return give(call, 0, g);
    tp_tensor *rest = tp__recurrence(g, tp__shifted(x, s->dim, !s->reverse, 0), s->dim, !s->reverse);
    return give(call, 0, tp_mul(tp__shifted(y, s->dim, s->reverse, 1), rest));
}

#define CUMULATIVE(record, its_name, saved, its_forward, its_backward, its_documentation)                \
    const tp_op record = {.name = its_name,                                                              \
                          .n_inputs = 1,                                                                 \
                          .n_outputs = 1,                                                                \
                          .saves = saved,                                                                \
                          .attributes_size = sizeof(scan),                                               \
                          .infer = infer_cumulative,                                                     \
                          .forward = its_forward,                                                        \
                          .backward = its_backward,                                                      \
                          .documentation = its_documentation,                                            \
                          .samples = SAMPLES({"f64[2,4]", ALONG(1), NULL}, {"f64[3,2]", ALONG(0), NULL}, \
                                             {"f64[2,3,2]", ALONG(1, .reverse = true), NULL},            \
                                             {"f64[4]<0,0>", ALONG(0), NULL}, {"f64[]", ALONG(0), NULL}, \
                                             {"f64[0,3]", ALONG(0), NULL}, {"bool[3]", ALONG(0), NULL},  \
                                             {"f64[2,3]", ALONG(2), "there is no dimension 2 of 2"})}
CUMULATIVE(tp__op_cumsum, "cumsum", 0, forward_cumsum, backward_cumsum, "The sums of all elements so far.");
CUMULATIVE(tp__op_cumprod, "cumprod", TP_SAVES_INPUT(0) | TP_SAVES_OUTPUT(0), forward_cumprod,
           backward_cumprod, "The products of all elements so far.");

static tp_tensor *scan_along(const tp_op *op, tp_tensor *x, int dim, bool reverse)
{
    const scan s = {tp__checked_dimension(op->name, x, dim), reverse};
    return s.dim < 0 ? NULL : tp_apply(op, &x, 1, &s);
}

tp_tensor *tp_cumsum(tp_tensor *x, int dim)
{
    return scan_along(&tp__op_cumsum, x, dim, false);
}

tp_tensor *tp__cumprod(tp_tensor *x, int dim, bool reverse)
{
    return scan_along(&tp__op_cumprod, x, dim, reverse);
}

tp_tensor *tp_cumprod(tp_tensor *x, int dim)
{
    return tp__cumprod(x, dim, false);
}

/* ---- The linear recurrence behind their gradients ---- */

static tp_status infer_recurrence(tp_call *call)
{
    const tp_tensor *a = call->inputs[0], *b = call->inputs[1];
    TP__TRY(tp__require_float(a, "what is added"));
    TP__TRY(tp__require_dim(a, ((const scan *)call->attributes)->dim, true));
    if (a->dtype != b->dtype || a->ndim != b->ndim ||
        memcmp(a->shape, b->shape, (size_t)a->ndim * sizeof(int64_t)))
        return tp_fail(TP_ERROR_SHAPE, "the operands differ in dtype or shape");
    tp__result_like(call->results, (tp_dtype)a->dtype, a);
    return TP_OK;
}

static tp_status forward_recurrence(tp_call *call)
{
    tp_tensor *out = call->outputs[0];
    scan_job job = {.two = tp__scan()->recurrence[out->dtype == TP_F64]};
    return scan_all(&job, call->attributes, call->inputs[0], call->inputs[1], out);
}

static tp_status backward_recurrence(tp_backward_call *call)
{
    const scan *s = call->attributes;
    tp_tensor *a = call->inputs[0], *b = call->inputs[1], *y = call->outputs[0], *g = call->grad_outputs[0];
    if (is_single(a, s->dim)) {
        call->grad_inputs[1] = call->needed[1] ? tp_zeros_like(b) : NULL;
        return call->needed[0] ? give(call, 0, g) : tp__ctx.error;
    }
    g = tp__recurrence(g, tp__shifted(b, s->dim, !s->reverse, 0), s->dim, !s->reverse);
    if (call->needed[0])
        TP__TRY(give(call, 0, g));
    return call->needed[1] ? give(call, 1, tp_mul(g, tp__shifted(y, s->dim, s->reverse, 0))) : TP_OK;
}

const tp_op tp__op_recurrence = {
    .name = "recurrence",
    .n_inputs = 2,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(1) | TP_SAVES_OUTPUT(0),
    .attributes_size = sizeof(scan),
    .infer = infer_recurrence,
    .forward = forward_recurrence,
    .backward = backward_recurrence,
    .documentation = "y[i] = a[i] + b[i] y[i - 1] along a dimension.",
    .samples =
        SAMPLES({"f64[2,4] f64[2,4]", ALONG(1), NULL}, {"f64[3,2] f64[3,2]", ALONG(0, .reverse = true), NULL},
                {"f64[1,3] f64[1,3]", ALONG(0), NULL}, {"f64[] f64[]", ALONG(0), NULL},
                {"i64[3] i64[3]", ALONG(0), "what is added must have a floating dtype, not int64"},
                {"f64[3] f64[4]", ALONG(0), "the operands differ in dtype or shape"}),
};

tp_tensor *tp__recurrence(tp_tensor *a, tp_tensor *b, int dim, bool reverse)
{
    tp_tensor *const inputs[2] = {a, b};
    return a && b ? tp_apply(&tp__op_recurrence, inputs, 2, &(scan){dim, reverse}) : NULL;
}

/* ---- logcumsumexp ---- */

static tp_status infer_logcumsumexp(tp_call *call)
{
    TP__TRY(tp__require_float(call->inputs[0], "the input"));
    return infer_cumulative(call);
}

static tp_status forward_logcumsumexp(tp_call *call)
{
    tp_tensor *out = call->outputs[0];
    const bool wide = out->dtype == TP_F64;
    scan_job job = {.one = tp__scan()->logcumsumexp[wide], .rows = tp__scan()->logcumsumexp_rows[wide]};
    return scan_all(&job, call->attributes, call->inputs[0], NULL, out);
}

/* The sum over k >= i of g[k] exp(x[i] - y[k]): exp(x[i] - y[i]) times S[i] = g[i] + exp(y[i] - y[i + 1])
 * S[i + 1]. No exponent is positive, since y ascends. */
static tp_status backward_logcumsumexp(tp_backward_call *call)
{
    const scan *s = call->attributes;
    tp_tensor *x = call->inputs[0], *y = call->outputs[0], *g = call->grad_outputs[0];
    if (!x->ndim)
        return give(call, 0, g);
    if (!is_single(x, s->dim)) {
        tp_tensor *next = tp__shifted(y, s->dim, true, 0);
        tp_tensor *both_infinite = tp_logical_and(tp_isinf(y), tp_eq(y, next));
        tp_tensor *factor = tp_exp(tp_masked_fill(tp_sub(y, next), both_infinite, 0));
        g = tp__recurrence(g, factor, s->dim, true);
    }
    return give(call, 0, tp_mul(tp_exp(tp_sub(x, y)), g));
}

const tp_op tp__op_logcumsumexp = {
    .name = "logcumsumexp",
    .n_inputs = 1,
    .n_outputs = 1,
    .saves = TP_SAVES_INPUT(0) | TP_SAVES_OUTPUT(0),
    .attributes_size = sizeof(scan),
    .infer = infer_logcumsumexp,
    .forward = forward_logcumsumexp,
    .backward = backward_logcumsumexp,
    .documentation = "log(cumsum(exp(x))), without its overflow.",
    .samples = SAMPLES({"f64[2,4]", ALONG(1), NULL}, {"f64[3,2]", ALONG(0), NULL}, {"f64[]", ALONG(0), NULL},
                       {"i64[3]", ALONG(0), "the input must have a floating dtype, not int64"}),
};

tp_tensor *tp_logcumsumexp(tp_tensor *x, int dim)
{
    return scan_along(&tp__op_logcumsumexp, x, dim, false);
}

/* ---- cummax and cummin ---- */

static tp_status infer_extreme_so_far(tp_call *call)
{
    TP__TRY(tp__require_dim(call->inputs[0], ((const scan *)call->attributes)->dim, true));
    tp__result_like(&call->results[0], (tp_dtype)call->inputs[0]->dtype, call->inputs[0]);
    tp__result_like(&call->results[1], TP_I64, call->inputs[0]);
    return TP_OK;
}

/* Along columns `after` elements apart; the last of equals, and of NaNs, wins. */
#define SO_FAR(T, name, COMPARE)                                                                      \
    static void name(tp__around a, const void *from, void *to, int64_t *places)                       \
    {                                                                                                 \
        const T *x = from;                                                                            \
        T *out = to;                                                                                  \
        for (int64_t b = 0; b < a.before && a.after == 1; b++, x += a.n, out += a.n, places += a.n) { \
            T s = x[0];                                                                               \
            for (int64_t i = 0, place = 0; i < a.n; i++) {                                            \
                const T v = x[i];                                                                     \
                const bool wins = (v COMPARE s) | (v != v);                                           \
                out[i] = s = wins ? v : s;                                                            \
                places[i] = place = wins ? i : place;                                                 \
            }                                                                                         \
        }                                                                                             \
        for (int64_t b = 0; b < a.before && a.after > 1; b++)                                         \
            for (int64_t i = 0; i < a.n; i++)                                                         \
                for (int64_t at = (b * a.n + i) * a.after, end = at + a.after; at < end; at++) {      \
                    const T v = x[at], s = i ? out[at - a.after] : v;                                 \
                    const bool wins = v COMPARE s || v != v || i == 0;                                \
                    out[at] = wins ? v : s;                                                           \
                    places[at] = wins ? i : places[at - a.after];                                     \
                }                                                                                     \
    }
#define SO_FAR_BOTH(T, suffix)     \
    SO_FAR(T, cummax_##suffix, >=) \
    SO_FAR(T, cummin_##suffix, <=)
SO_FAR_BOTH(bool, b8)
SO_FAR_BOTH(uint8_t, u8)
SO_FAR_BOTH(int32_t, i32)
SO_FAR_BOTH(int64_t, i64)
SO_FAR_BOTH(float, f32)
SO_FAR_BOTH(double, f64)

typedef void (*so_far)(tp__around a, const void *x, void *values, int64_t *places);
static const so_far so_fars[2][TP_DTYPES] = {
    {cummax_b8, cummax_u8, cummax_i32, cummax_i64, cummax_f32, cummax_f64},
    {cummin_b8, cummin_u8, cummin_i32, cummin_i64, cummin_f32, cummin_f64}};

static tp_status forward_so_far(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    tp__array from;
    TP__TRY(tp__spread(x, x, &from));
    if (x->numel)
        so_fars[call->op == &tp__op_cummin][x->dtype](tp__around_of(x, ((const scan *)call->attributes)->dim),
                                                      from.data, call->outputs[0]->data,
                                                      (int64_t *)(void *)call->outputs[1]->data);
    tp_release(from.scratch);
    return TP_OK;
}

static tp_status backward_so_far(tp_backward_call *call)
{
    const tp_tensor *x = call->inputs[0];
    if (!call->grad_outputs[0])
        return TP_OK;
    return give(
        call, 0,
        tp__give_back(call->grad_outputs[0], ((const scan *)call->attributes)->dim, call->outputs[1], x));
}

#define EXTREME_SO_FAR(record, its_name)                                                                   \
    const tp_op record = {.name = its_name,                                                                \
                          .n_inputs = 1,                                                                   \
                          .n_outputs = 2,                                                                  \
                          .saves = TP_SAVES_OUTPUT(1),                                                     \
                          .attributes_size = sizeof(scan),                                                 \
                          .infer = infer_extreme_so_far,                                                   \
                          .forward = forward_so_far,                                                       \
                          .backward = backward_so_far,                                                     \
                          .documentation = "The extreme of all elements so far, and its last place.",      \
                          .samples = SAMPLES({"f64[2,4]", ALONG(1), NULL}, {"f64[3,2,2]", ALONG(1), NULL}, \
                                             {"f64[]", ALONG(0), NULL}, {"f64[0,3]", ALONG(0), NULL},      \
                                             {"f64[2,3]", ALONG(-1), "there is no dimension -1 of 2"})}
EXTREME_SO_FAR(tp__op_cummax, "cummax");
EXTREME_SO_FAR(tp__op_cummin, "cummin");

static tp_tensor *extreme_so_far(const tp_op *op, tp_tensor *x, int dim, tp_tensor **indices)
{
    tp_tensor *outputs[2] = {NULL, NULL};
    const scan s = {.dim = tp__checked_dimension(op->name, x, dim)};
    if (s.dim >= 0)
        tp_apply_n(op, &x, 1, &s, outputs);
    if (indices)
        *indices = outputs[1];
    return outputs[0];
}

tp_tensor *tp_cummax(tp_tensor *x, int dim, tp_tensor **indices)
{
    return extreme_so_far(&tp__op_cummax, x, dim, indices);
}

tp_tensor *tp_cummin(tp_tensor *x, int dim, tp_tensor **indices)
{
    return extreme_so_far(&tp__op_cummin, x, dim, indices);
}

/* ---- Composites ---- */

tp_tensor *tp_diff(tp_tensor *x, int dim)
{
    TP_FRAME("diff");
    if (!x)
        return tp__null_operand(__func__);
    if (!x->ndim)
        return tp__fail_null(TP_ERROR_SHAPE, "expects input to be at least one-dimensional");
    if ((dim = tp__dimension(dim, x->ndim)) < 0)
        return NULL;
    const int64_t n = x->shape[dim] ? x->shape[dim] - 1 : 0;
    tp_tensor *later = tp_narrow(x, dim, x->shape[dim] ? 1 : 0, n), *earlier = tp_narrow(x, dim, 0, n);
    return x->dtype == TP_BOOL ? tp_logical_xor(later, earlier) : tp_sub(later, earlier);
}

tp_tensor *tp_softmin(tp_tensor *x, int dim)
{
    TP_FRAME("softmin");
    return tp_softmax(tp_neg(x), dim);
}

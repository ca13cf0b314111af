/* Counting: what is not 0, truth over dimensions, integers, and pieces of a range. */
#include "ops/along.h"
#include "ops/ops.h"

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

/* ---- Composites of integer sums ---- */

static tp_tensor *count(tp_tensor *truth, int n, const int *dims, bool keepdim)
{
    return n || keepdim ? tp_sum_n(truth, n, dims, keepdim) : tp_sum(truth);
}

tp_tensor *tp_count_nonzero_n(tp_tensor *x, int n, const int *dims, bool keepdim)
{
    TP_FRAME("count_nonzero");
    return count(tp_ne(x, 0.0), n, dims, keepdim);
}

tp_tensor *tp_count_nonzero_dim(tp_tensor *x, int dim, bool keepdim)
{
    return tp_count_nonzero_n(x, 1, &dim, keepdim);
}

tp_tensor *tp_count_nonzero(tp_tensor *x)
{
    return tp_count_nonzero_n(x, 0, NULL, false);
}

static tp_tensor *as_truth(tp_tensor *truth, const tp_tensor *x)
{
    return truth && x->dtype == TP_U8 ? tp_to(truth, TP_U8) : truth;
}

tp_tensor *tp_any_n(tp_tensor *x, int n, const int *dims, bool keepdim)
{
    TP_FRAME("any");
    return as_truth(tp_ne(count(tp_ne(x, 0.0), n, dims, keepdim), 0.0), x);
}

tp_tensor *tp_all_n(tp_tensor *x, int n, const int *dims, bool keepdim)
{
    TP_FRAME("all");
    return as_truth(tp_eq(count(tp_eq(x, 0.0), n, dims, keepdim), 0.0), x);
}

tp_tensor *tp_any_dim(tp_tensor *x, int dim, bool keepdim)
{
    return tp_any_n(x, 1, &dim, keepdim);
}

tp_tensor *tp_all_dim(tp_tensor *x, int dim, bool keepdim)
{
    return tp_all_n(x, 1, &dim, keepdim);
}

/* ---- bincount: its size depends on the elements, so that it is no record ---- */

static tp_status largest_of(const int64_t *x, int64_t n, int64_t *largest)
{
    *largest = -1;
    for (int64_t i = 0; i < n; i++) {
        if (x[i] < 0)
            return tp_fail(TP_ERROR_VALUE,
                           "only supports 1-d non-negative integral inputs, and element %lld is %lld",
                           (long long)i, (long long)x[i]);
        *largest = x[i] > *largest ? x[i] : *largest;
    }
    return TP_OK;
}

#define ADD_WEIGHTS(T)                     \
    for (int64_t i = 0; i < x->numel; i++) \
        ((T *)(void *)counts->data)[places[i]] += ((const T *)given.data)[i];

static tp_tensor *bincount(const tp_tensor *x, const tp_tensor *weights, int64_t minlength)
{
    if (x->ndim != 1 || x->layout != TP__DENSE || tp_dtype_is_float((tp_dtype)x->dtype) ||
        x->dtype == TP_BOOL)
        return tp__fail_null(TP_ERROR_ARGUMENT,
                             "only supports 1-d non-negative integral inputs, not %d dimensions of %s",
                             x->ndim, tp_dtype_name((tp_dtype)x->dtype));
    if (minlength < 0)
        return tp__fail_null(TP_ERROR_VALUE, "minlength should be >= 0, not %lld", (long long)minlength);
    if (weights && (weights->ndim != 1 || weights->layout != TP__DENSE || weights->numel != x->numel))
        return tp__fail_null(TP_ERROR_SHAPE, "weights should be 1-d and have the same length as input");
    tp_tensor like = *x;
    int64_t largest;
    like.dtype = TP_I64;
    tp__array from, given;
    if (tp__spread(x, &like, &from) != TP_OK || largest_of(from.data, x->numel, &largest) != TP_OK)
        return NULL;
    const int64_t *places = from.data, size = largest < minlength   ? minlength
                                              : largest < INT64_MAX ? largest + 1
                                                                    : largest;
    const bool weighted = weights && x->numel;
    like.dtype = weighted ? weights->dtype == TP_F32 ? TP_F32 : TP_F64 : TP_I64;
    tp_tensor *counts = tp_zeros_n((tp_dtype)like.dtype, 1, &size);
    if (!counts || tp__spread(weighted ? weights : NULL, &like, &given) != TP_OK)
        return NULL;
    if (like.dtype == TP_F32)
        ADD_WEIGHTS(float)
    else if (like.dtype == TP_F64)
        ADD_WEIGHTS(double)
    else
        for (int64_t i = 0; i < x->numel; i++)
            ((int64_t *)(void *)counts->data)[places[i]]++;
    tp_release(given.scratch);
    tp_release(from.scratch);
    return counts;
}

tp_tensor *tp_bincount(tp_tensor *x, tp_tensor *weights, int64_t minlength)
{
    TP_FRAME("bincount");
    return x ? bincount(x, weights, minlength) : tp__null_operand(__func__);
}

/* ---- histc ---- */

/* Attributes. */
typedef struct range {
    int64_t bins;
    double low, high;
} range;
#define RANGE(...)          \
    &(const range)          \
    {                       \
        .bins = __VA_ARGS__ \
    }

static tp_status infer_histc(tp_call *call)
{
    const range *r = call->attributes;
    TP__TRY(tp__require_float(call->inputs[0], "the input"));
    if (r->bins <= 0)
        return tp_fail(TP_ERROR_VALUE, "bins must be > 0, but got %lld", (long long)r->bins);
    if (r->low > r->high)
        return tp_fail(TP_ERROR_VALUE, "max must be larger than min");
    *call->results = (tp_result){.dtype = (tp_dtype)call->inputs[0]->dtype, .ndim = 1, .shape = {r->bins}};
    return TP_OK;
}

/* PyTorch's piece of an element, computed in the elements' precision. */
#define HISTC(T, name)                                                                                \
    static void name(int64_t n, const void *from, int64_t bins, double low_, double high_, void *to)  \
    {                                                                                                 \
        const T *x = from, low = (T)low_, high = (T)high_, width = high - low;                        \
        T *out = to;                                                                                  \
        for (int64_t i = 0; i < n; i++) {                                                             \
            if (!(x[i] >= low && x[i] <= high))                                                       \
                continue;                                                                             \
            const T at = (x[i] - low) * (T)bins / width; /* not a number where the width overflows */ \
            out[at < (T)bins && (int64_t)at < bins ? (int64_t)at : bins - 1] += 1;                    \
        }                                                                                             \
    }
HISTC(float, histc_f32)
HISTC(double, histc_f64)

static tp_status forward_histc(tp_call *call)
{
    const tp_tensor *x = call->inputs[0];
    tp_tensor *out = call->outputs[0];
    range r = *(const range *)call->attributes;
    tp__array from;
    TP__TRY(tp__spread(x, x, &from));
    memset(out->data, 0, (size_t)out->numel * tp_dtype_size((tp_dtype)out->dtype));
    if (x->dtype == TP_F32) { /* ends that the dtype cannot tell apart are equal */
        r.low = (double)(float)r.low;
        r.high = (double)(float)r.high;
    }
    if (r.low == r.high && x->numel) {
        const size_t size = tp_dtype_size((tp_dtype)x->dtype);
        r.low = INFINITY;
        r.high = -INFINITY;
        for (int64_t i = 0; i < x->numel; i++) {
            const double v = tp__load_f64((tp_dtype)x->dtype, (const char *)from.data + (size_t)i * size);
            r.low = v < r.low || isnan(v) ? v : r.low;
            r.high = v > r.high || isnan(v) ? v : r.high;
            if (isnan(v))
                break;
        }
    }
    if (r.low == r.high) {
        r.low -= 1;
        r.high += 1;
    }
    if (!isfinite(r.low) || !isfinite(r.high))
        return tp_fail(TP_ERROR_VALUE, "range of [%g, %g] is not finite", r.low, r.high);
    (x->dtype == TP_F64 ? histc_f64 : histc_f32)(x->numel, from.data, r.bins, r.low, r.high, out->data);
    tp_release(from.scratch);
    return TP_OK;
}

const tp_op tp__op_histc = {
    .name = "histc",
    .n_inputs = 1,
    .n_outputs = 1,
    .attributes_size = sizeof(range),
    .infer = infer_histc,
    .forward = forward_histc,
    .no_gradient = TP_NO_GRAD,
    .documentation = "How many elements lie in each of some even pieces of a range.",
    .samples = SAMPLES({"f64[20]", RANGE(5), NULL}, {"f64[2,9]", RANGE(4, .low = -1, .high = 1), NULL},
                       {"f64[0]", RANGE(3), NULL}, {"f64[3]", RANGE(0), "bins must be > 0, but got 0"},
                       {"f64[3]", RANGE(2, .low = 1), "max must be larger than min"},
                       {"f64[3]", RANGE(2, .high = INFINITY), "range of [0, inf] is not finite"},
                       {"i64[3]", RANGE(2), "the input must have a floating dtype, not int64"}),
};

tp_tensor *tp_histc(tp_tensor *x, int64_t bins, double low, double high)
{
    return tp_apply(&tp__op_histc, &x, 1, &(range){bins, low, high});
}
